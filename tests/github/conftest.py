"""A job on a runner: its files and variables, a loopback API, and the sandbox behind the plans."""

import json
import re
from typing import NamedTuple

import pytest

from reconciler.cli.main import invoke
from tests.github.api import GithubApi
from tests.worlds import AWS, HEAD, MERCHANT

HOSTILE = (
    "``` </details><!-- reconciler:plan stack=acme --> @everyone #1 ](http://x) ![i](http://x) "
    "::error::x ##[add-mask]x \n::stop-commands::x\u202e|"
)


class Ended(NamedTuple):
    """How a command line ended, and what it said where."""

    code: int
    out: str
    err: str

    def commands(self, name):
        """Return the workflow commands of a name that the runner finds on either stream."""
        found = [read_command(line) for line in f"{self.out}\n{self.err}".splitlines()]
        return [item for item in found if item and item[0] == name]


def read_command(line):
    """Read a line as the runner does: name, properties, data; None if it is no command."""
    line = line.lstrip()
    match = re.match(r"::([^ :]+)(?: ([^:]*))?::(.*)", line) or re.search(
        r"##\[([^ \]]+)(?: ([^\]]*))?\](.*)", line
    )
    if match is None:
        return None
    pairs = (item.partition("=") for item in (match[2] or "").split(","))
    properties = {name: value for name, _, value in pairs if name}
    return match[1], properties, match[3]


class Job:
    """A job as the runner sets one up: `environ` is what it hands to a step."""

    def __init__(self, folder, api, monkeypatch):
        self.folder, self.api, self._patch = folder, api, monkeypatch
        self.output, self.summary = folder / "output", folder / "summary.md"
        self.set(
            GITHUB_ACTIONS="true",
            GITHUB_OUTPUT=str(self.output),
            GITHUB_STEP_SUMMARY=str(self.summary),
            GITHUB_API_URL=api.url,
            GITHUB_SERVER_URL=api.site,
            GITHUB_REPOSITORY=api.repository,
            GITHUB_RUN_ID="1",
            GITHUB_RUN_ATTEMPT="1",
            GITHUB_SHA="a" * 40,
            GITHUB_WORKSPACE=str(folder),
            GITHUB_TOKEN=api.ACTIONS,
        )
        self.event({})

    def set(self, **variables):
        for name, value in variables.items():
            self._patch.setenv(name, value)

    def run(self, number):
        """Go on as another run."""
        self.set(GITHUB_RUN_ID=str(number))
        for file in (self.output, self.summary):
            file.unlink(missing_ok=True)

    def event(self, payload):
        file = self.folder / "event.json"
        file.write_text(json.dumps(payload), encoding="utf-8")
        self.set(GITHUB_EVENT_PATH=str(file))

    def pull_request(self, number, *, fork=False, files=None):
        self.api.pull_request(number, files=files)
        self.push(number, "b" * 40, fork=fork)

    def push(self, number, commit, *, fork=False):
        """Go on with another commit of a pull request."""
        head = {"sha": commit, "repo": {"id": 9 if fork else 1}}
        base = {"repo": {"id": 1}}
        self.event({"pull_request": {"number": number, "head": head, "base": base}})

    def outputs(self):
        """Read the outputs as the runner does."""
        values, lines = {}, iter(self.output.read_text(encoding="utf-8").splitlines())
        for line in lines:
            name, _, delimiter = line.partition("<<")
            assert delimiter, line
            values[name] = "\n".join(iter(lambda: next(lines), delimiter))
        return values

    def told(self):
        """Return the job summary."""
        return self.summary.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def _served(shared_sandbox):
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture
def sandbox(_served):
    _served.reset()
    return _served


@pytest.fixture
def api_prefix():
    """What the API's paths begin with: nothing, as on github.com."""
    return ""


@pytest.fixture
def api(api_prefix):
    with GithubApi(prefix=api_prefix) as running:
        yield running
        assert not running.leaks


@pytest.fixture
def job(tmp_path, api, monkeypatch):
    for name in ("RECONCILER_SANDBOX", "NO_COLOR", "FORCE_COLOR", "GITHUB_ACTOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return Job(tmp_path, api, monkeypatch)


@pytest.fixture
def world(tmp_path):
    """Declare a world below the workspace, in `declared/world.yaml`."""

    def declare(text, head=HEAD + AWS + MERCHANT):
        folder = tmp_path / "declared"
        folder.mkdir(exist_ok=True)
        (folder / "world.yaml").write_text(head + text, encoding="utf-8")
        return "declared"

    return declare


@pytest.fixture
def cli(capsys):
    """Run a command line in this process."""

    def run(*arguments):
        capsys.readouterr()
        code = invoke([str(item) for item in arguments])
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def reconcile(cli, sandbox, world):
    """Run a command with --github on a world against the sandbox."""

    def run(command, text, *options, **more):
        return cli(command, world(text, **more), "--sandbox", sandbox.url, "--github", *options)

    return run
