"""A job of a workflow, run as GitHub runs it: expressions, conditions, files, bash.

What is left out is what needs GitHub: actions are represented by what they leave behind. Our own
composite action is run, but for its installing and its logins. Whatever expression or action is not
known here fails the test.
"""

import json
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from tests.github.workflows import ACTION, WORKFLOWS, load

CONTEXT = re.compile(r"\b(github|inputs|vars|secrets|needs|steps|env|runner)((?:\.[\w-]+)+)")
STATUS = re.compile(r"\b(always|success|failure|cancelled)\(\)")


@dataclass
class Ran:
    """What became of one step."""

    code: int
    out: str = ""
    err: str = ""
    outputs: dict = field(default_factory=dict)
    summary: str = ""

    @property
    def outcome(self):
        return "success" if self.code == 0 else "failure"


@dataclass
class Job:
    """What became of a job: its steps by name, its outputs, what it uploaded."""

    ran: bool
    ok: bool = True
    steps: dict = field(default_factory=dict)
    outputs: dict = field(default_factory=dict)
    uploads: dict = field(default_factory=dict)
    log: str = ""

    def summary(self):
        return "".join(step.summary for step in self.steps.values())


class Runner:
    """Runs jobs in `workspace`; `environ` is what the machine has, `contexts` what GitHub knows.

    `artifacts` are those of the run: texts of files by name, by the artifact's name.
    """

    def __init__(self, workspace, temporary, environ):
        self.workspace = Path(workspace)
        self.temporary = Path(temporary)
        self.environ = environ
        self.artifacts = {}

    def run(self, workflow, job, **contexts):
        """Run one job and return what became of it.

        Args:
            workflow: name of the file under .github/workflows, without its suffix.
            job: the job's key.
            contexts: github (with `event`), inputs, vars, secrets, needs: nested mappings; what is
                missing is empty, as on GitHub.
        """
        loaded = load(WORKFLOWS[workflow])
        known = {"runner": {"temp": str(self.temporary)}, "steps": {}, "env": {}, **contexts}
        known["env"] = filled(loaded.get("env", {}), known)
        described = loaded["jobs"][job]
        if not evaluated(described.get("if", "success()"), known):
            return Job(ran=False)
        result = Job(ran=True)
        for step in described["steps"]:
            self._step(step, known, result)
        result.outputs = filled(described.get("outputs", {}), known)
        return result

    def _step(self, step, known, result):
        condition = str(step.get("if", "success()"))
        if not STATUS.search(condition):
            condition = f"success() && ({condition})"
        if not evaluated(condition, known, ok=result.ok):
            known["steps"][step.get("id")] = {"outputs": {}, "outcome": "skipped"}
            return
        ran = self._used(step, known, result) if "uses" in step else self._bash(step, known)
        failed = ran.code != 0 and not step.get("continue-on-error")
        known["steps"][step.get("id")] = {"outputs": ran.outputs, "outcome": ran.outcome}
        result.steps[step["name"]] = ran
        result.ok = result.ok and not failed
        result.log += ran.out + ran.err

    def _used(self, step, known, result):
        action, given = step["uses"].partition("@")[0], filled(step.get("with", {}), known)
        match action:
            case "actions/checkout":
                return Ran(0)
            case "actions/upload-artifact":
                return uploaded(given, result)
            case "actions/download-artifact":
                return downloaded(given, self.artifacts)
            case "$/.github/actions/reconcile":
                return self.reconcile(given)
        raise AssertionError(f"no stand-in for {action}")

    def reconcile(self, given):
        """Run our own action but for its installing and its logins."""
        action = load(ACTION)
        inputs = {key: value.get("default", "") for key, value in action["inputs"].items()} | given
        known = {"inputs": inputs, "steps": {}}
        for step in action["runs"]["steps"]:
            if "run" in step and step["id"] != "install":
                ran = self._bash(step, known)
                assert ran.code == 0, ran.err
                known["steps"][step["id"]] = {"outputs": ran.outputs, "outcome": ran.outcome}
        values = {key: output["value"] for key, output in action["outputs"].items()}
        return Ran(0, outputs=filled(values, known))

    def _bash(self, step, known):
        files = {name: self.temporary / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        event = self.temporary / "event.json"
        event.write_text(json.dumps(known.get("github", {}).get("event", {})))
        environ = {
            **self.environ,
            **github_variables(known),
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.temporary),
            **{name: str(file) for name, file in files.items()},
            **known.get("env", {}),
            **filled(step.get("env", {}), known),
        }
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.workspace,
            env=environ,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        outputs = read_outputs(files["GITHUB_OUTPUT"].read_text())
        summary = files["GITHUB_STEP_SUMMARY"].read_text()
        return Ran(ended.returncode, ended.stdout, ended.stderr, outputs, summary)


def uploaded(given, result):
    """Do what actions/upload-artifact does, into the job's result."""
    path = Path(given["path"])
    assert not re.search(r'[":<>|*?\r\n\\/]', given["name"]), given["name"]
    if path.exists():
        assert given["name"] not in result.uploads
        result.uploads[given["name"]] = path.read_text()
    elif given["if-no-files-found"] == "error":
        return Ran(1)
    return Ran(0)


def downloaded(given, artifacts):
    """Do what actions/download-artifact does, with the run's own artifacts."""
    if given["name"] not in artifacts:
        return Ran(1)
    Path(given["path"]).mkdir(exist_ok=True)
    for name, text in artifacts[given["name"]].items():
        (Path(given["path"]) / name).write_text(text)
    return Ran(0)


def github_variables(known):
    """Return the variables that the runner sets from the github context."""
    github = known.get("github", {})
    names = ("repository", "event_name", "ref", "sha", "run_id", "run_attempt", "repository_id")
    given = {f"GITHUB_{name.upper()}": str(github[name]) for name in names if name in github}
    return {"CI": "true", "GITHUB_ACTIONS": "true", **given}


def read_outputs(text):
    """Read a file of step outputs: `name=value` lines and `name<<DELIMITER` blocks."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, assign, value = re.match(r"(.*?)(<<|=)(.*)$", line).groups()
        if assign == "<<":
            block = []
            while (inner := next(lines)) != value:
                block.append(inner)
            value = "\n".join(block)
        found[name] = value
    return found


def filled(mapping, known):
    """Return the mapping with every expression in its values replaced by what it stands for."""

    def fill(value):
        if not isinstance(value, str):
            return json.dumps(value)
        return re.sub(
            r"\$\{\{(.*?)\}\}",
            lambda match: text_of(evaluated(match[1].strip(), known)),
            value,
            flags=re.DOTALL,
        )

    return {key: fill(value) for key, value in mapping.items()}


def text_of(value):
    """Return a value as an expression's text: null is empty, truth is a word."""
    return {None: "", True: "true", False: "false"}.get(value, str(value))


def evaluated(expression, known, *, ok=True):
    """Evaluate an expression. Its operators are Python's under other names.

    Raises:
        AssertionError: it reads a context that was not given.
    """

    def look(path):
        context, *keys = path.split(".")
        assert context in known, f"{expression}: no context {context}"
        value = known[context]
        for key in keys:
            value = value.get(key, "") if isinstance(value, dict) else ""
        return value

    source = CONTEXT.sub(lambda match: f"look({match[0]!r})", expression)
    source = source.replace("&&", " and ").replace("||", " or ").replace("\n", " ")
    functions = {
        "look": look,
        "always": lambda: True,
        "success": lambda: ok,
        "format": lambda text, *values: text.format(*values),
    }
    return eval(source, {"__builtins__": {}}, functions)
