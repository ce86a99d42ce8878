"""What every workflow of this repository holds to, whatever else changes in it."""

import json
import re
from importlib import resources

import jsonschema
import pytest
import yaml

from tests.github.workflows import (
    ACTION,
    REUSABLE,
    ROOT,
    WORKFLOWS,
    credential_blocks,
    jobs,
    load,
    steps,
)

FILES = {**WORKFLOWS, "action": ACTION}
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in FILES.items()}
DOCS = (ROOT / "docs/github-actions.md").read_text(encoding="utf-8")
every_workflow = pytest.mark.parametrize("name", WORKFLOWS)
every_reusable = pytest.mark.parametrize("name", REUSABLE)


def inputs_of(name, trigger="workflow_call"):
    return load(WORKFLOWS[name])["on"][trigger]["inputs"]


# who may run what


@every_workflow
def test_no_workflow_runs_the_code_of_a_pull_request_with_the_rights_of_the_base(name):
    risky = {"pull_request_target", "workflow_run", "issue_comment"}
    assert not risky & set(load(WORKFLOWS[name])["on"])


@every_workflow
def test_a_workflow_has_no_permissions_and_its_jobs_say_what_each_of_theirs_is_for(name):
    workflow = load(WORKFLOWS[name])
    assert workflow["permissions"] == {}
    granted = [grant for job in workflow["jobs"].values() for grant in job["permissions"].items()]
    explained = re.findall(r"^      ([a-z-]+): (read|write) # \w.+$", TEXTS[name], re.MULTILINE)
    assert explained == granted


def test_pull_requests_get_no_secret_and_no_token_for_a_cloud():
    assert "secrets." not in TEXTS["plan"]
    assert "id-token" not in TEXTS["plan"]
    assert set(re.findall(r"vars\.(\w+)", TEXTS["plan"])) == {"RECONCILER_ALLOWED_HOSTS"}


def test_a_fork_gets_validation_and_nothing_that_writes():
    workflow = load(WORKFLOWS["plan"])["jobs"]
    assert workflow["validate"]["permissions"] == {"contents": "read"}
    assert "if" not in workflow["validate"]
    same = "github.event.pull_request.head.repo.full_name == github.repository"
    assert [job["if"] for name, job in workflow.items() if name != "validate"] == [same]


@pytest.mark.parametrize(
    ("workflow", "job_name", "job"), [item for item in jobs() if item[0] in REUSABLE]
)
def test_a_job_that_holds_credentials_runs_in_an_environment_on_the_default_branch(
    workflow, job_name, job
):
    text = json.dumps(job)
    if "secrets." not in text and "id-token" not in job["permissions"]:
        assert not re.search(r"reconciler (apply|destroy)", text)
        return
    writes = re.search(r"reconciler (apply|destroy)", text) is not None
    expected = "inputs.environment || 'production'" if writes else "inputs.read-environment"
    assert expected in job["environment"]["name"]
    assert writes == ("aws-write-role" in text)
    assert writes != (job["environment"].get("deployment") is False)
    first = load(WORKFLOWS[workflow])["jobs"][job.get("needs", job_name)]
    assert "github.event.repository.default_branch" in first["if"]
    assert "vars.RECONCILER_MODE != 'off'" in first["if"]


def test_what_writes_on_the_merged_pull_request_holds_no_credential_of_a_service():
    apply = load(WORKFLOWS["apply"])["jobs"]
    report = apply["report"]
    wanted = {"contents": "read", "pull-requests": "write", "issues": "write"}
    assert report["permissions"] == wanted
    assert not re.search(r"secrets\.|role|google", json.dumps(report))
    assert "environment" not in report
    assert all("issues" not in job["permissions"] for job in (apply["plan"], apply["apply"]))


# what runs


def test_actions_are_pinned_by_hash_with_their_version_beside_it():
    pins = {}
    for name, text in TEXTS.items():
        for used in re.findall(r"uses: (.+)$", text, re.MULTILINE):
            if used == "$/.github/actions/reconcile":
                continue
            match = re.fullmatch(r"([\w-]+/[\w-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", used)
            assert match, f"{name}: {used}"
            pins.setdefault(match[1], set()).add(match.groups())
    assert all(len(pin) == 1 for pin in pins.values()), pins
    assert "actions/checkout" in pins


@pytest.mark.parametrize(("where", "step"), steps())
def test_no_expression_is_pasted_into_a_script(where, step):
    assert "${{" not in step.get("run", ""), where


@pytest.mark.parametrize(("where", "step"), steps())
def test_a_checkout_leaves_no_token_behind(where, step):
    if step.get("uses", "").startswith("actions/checkout@"):
        assert step["with"]["persist-credentials"] is False, where


@pytest.mark.parametrize(("where", "step"), steps())
def test_every_step_has_a_name_and_our_action_gets_only_inputs_it_has(where, step):
    assert step.get("name"), where
    if step.get("uses", "").startswith("$/"):
        assert set(step.get("with", {})) <= set(load(ACTION)["inputs"]), where


@pytest.mark.parametrize(("workflow", "job_name", "job"), jobs())
def test_every_job_ends_by_itself(workflow, job_name, job):
    assert 0 < job["timeout-minutes"] <= 360, f"{workflow}.{job_name}"


# concurrency


@pytest.mark.parametrize("name", ["apply", "drift"])
def test_what_talks_to_the_services_is_never_cut_off(name):
    assert load(WORKFLOWS[name])["concurrency"]["cancel-in-progress"] is False


def test_every_merge_is_applied_and_in_order():
    assert load(WORKFLOWS["apply"])["concurrency"]["queue"] == "max"


@every_reusable
def test_a_called_workflow_waits_for_nobody_but_its_own_stack_and_shard(name):
    group = load(WORKFLOWS[name])["concurrency"]["group"]
    assert group.startswith(f"reconciler-{name}-")
    assert "${{ inputs.path }}-${{ inputs.shard }}" in group
    # In a called workflow this is the caller's name, whose own group it would then wait for.
    assert "github.workflow" not in group


# one interface


@every_reusable
def test_the_same_input_means_the_same_in_every_workflow(name):
    for key, value in inputs_of(name).items():
        for other in REUSABLE:
            assert key not in inputs_of(other) or inputs_of(other)[key]["type"] == value["type"]
        for default in re.findall(rf"inputs\.{key} \|\| '([^']*)'", TEXTS[name]):
            assert value["default"] == default
        assert f"inputs.{key}" in TEXTS[name]


def test_a_plan_can_be_approved_by_hand_and_by_callers_alike():
    assert inputs_of("apply", "workflow_dispatch").keys() == {"fingerprint"}
    by_hand = inputs_of("apply", "workflow_dispatch")["fingerprint"]
    assert by_hand == inputs_of("apply")["fingerprint"]


def test_credentials_stand_between_their_marks_and_are_those_the_declarations_name():
    declared = "".join(path.read_text() for path in (ROOT / "subscriptions").glob("*.yaml"))
    names = sorted(set(re.findall(r"env:(\w+)", declared)))
    assert names
    for name in ("apply", "drift"):
        assert all(block == names for block in credential_blocks(TEXTS[name])), name
        commands = TEXTS[name].replace("\\\n", "")
        calling = re.findall(
            r"reconciler (?:plan|apply|drift|snapshot|status)\b(?!.*--(?:latest|live))", commands
        )
        assert len(credential_blocks(TEXTS[name])) == len(calling)
        given = re.findall(r"\$\{\{ secrets\.(\w+) \}\}", TEXTS[name])
        assert set(given) == {*names, "RECONCILER_CREDENTIALS"}


def test_the_token_reaches_only_steps_that_speak_to_the_api():
    for where, step in steps():
        outdating = step.get("name", "").startswith("Outdate the comment")
        needs = outdating or re.search(
            r"--latest|(plan|drift)[^\n]*(\\\n[^\n]*){0,2}--github", step.get("run", "")
        )
        # An apply asks what the default branch declares by now.
        needs = needs or re.search(r"--newest|reconciler post", step.get("run", ""))
        assert ("GITHUB_TOKEN" in step.get("env", {})) == bool(needs), where


def test_every_step_that_reads_declarations_knows_which_hosts_the_repository_allows():
    for where, step in steps():
        script = step.get("run", "").replace("\\\n", "")
        reads = re.search(
            r"reconciler (validate|plan|apply|drift|snapshot|status)\b(?!.*--latest)", script
        )
        given = step.get("env", {}).get("RECONCILER_ALLOWED_HOSTS")
        assert given == ("${{ vars.RECONCILER_ALLOWED_HOSTS }}" if reads else None), where


# the documentation


def callers():
    for text in re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL):
        if "\njobs:" in text:
            loaded = yaml.safe_load(text)
            loaded["on"] = loaded.pop(True)
            yield loaded


def test_the_callers_in_the_documentation_are_valid_workflows():
    schemas = resources.files("check_jsonschema") / "builtin_schemas/vendor"
    schema = json.loads((schemas / "github-workflows.json").read_text(encoding="utf-8"))
    found = list(callers())
    assert len(found) >= len(REUSABLE)
    for caller in found:
        jsonschema.validate(caller, schema)


def test_the_callers_in_the_documentation_grant_what_the_called_jobs_need():
    called = set()
    for caller in callers():
        for job in caller["jobs"].values():
            name = re.search(r"/\.github/workflows/(\w+)\.yml@", job["uses"])[1]
            called.add(name)
            needed = {}
            for inner in load(WORKFLOWS[name])["jobs"].values():
                needed.update(inner["permissions"])
            assert job["permissions"] == needed, name
            assert set(job.get("with", {})) <= set(inputs_of(name))
    assert called == set(REUSABLE)


def test_the_documentation_names_every_variable_and_environment():
    wanted = set(re.findall(r"vars\.(\w+)", "".join(TEXTS.values())))
    wanted |= {"production", "production-read", "RECONCILER_CREDENTIALS"}
    assert not {name for name in wanted if f"`{name}`" not in DOCS}


# the pins


def test_the_oldest_and_the_newest_python_that_the_project_names_are_tested():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    named = re.findall(r"Python :: (3\.\d+)\"", project)
    job = load(WORKFLOWS["check"])["jobs"]["pythons"]
    assert job["strategy"]["matrix"]["python"] == [named[0], named[-1]]
    [oldest] = re.findall(r'^requires-python = ">=(.+)"', project, re.MULTILINE)
    assert named[0] == oldest
    assert named == sorted(named, key=lambda text: int(text.split(".")[1]))


def pins(extra):
    text = (ROOT / f"requirements/{extra}.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)(?:\[[\w,.-]+\])?==([^\s;]+)", text, re.MULTILINE))


def test_what_the_action_installs_is_pinned_and_no_other_than_what_is_tested():
    run = pins("run")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    [block] = re.findall(r"^dependencies = \[\n(.*?)^\]", project, re.DOTALL | re.MULTILINE)
    assert {name.lower() for name in re.findall(r'"([\w.-]+)', block)} <= set(run)
    assert run.items() <= pins("sandbox").items() <= pins("dev").items()
    assert "moto" not in run
    assert "pytest" not in run
