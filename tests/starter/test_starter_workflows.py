"""The bundled workflows become another repository's, with its own secrets and nothing else."""

import re
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml
from hatchling.build import build_wheel

import reconciler
from reconciler.core.model.repository import READ_ENVIRONMENT, WRITE_ENVIRONMENT
from reconciler.services.merchant.access import GOOGLE_ACCOUNT, GOOGLE_PROVIDER
from reconciler.services.sqs.access_text import READ_ROLE, REGION, WRITE_ROLE
from reconciler.starter.bundle import FILES, bundled_workflows
from reconciler.starter.tool import called, vendored
from reconciler.starter.workflows import (
    CREDENTIALS,
    MODE,
    MOST_SECRETS,
    kept_workflow,
    taken_names,
    unmapped,
    workflow_for,
)

ROOT = Path(reconciler.__file__).parents[1]
NAMES = ("CLIENT_ID", "TOKEN")
APPLY, DRIFT = ".github/workflows/apply.yml", ".github/workflows/drift.yml"


def secrets_in(text):
    return set(re.findall(r"secrets\.([A-Za-z_0-9]+)", text)) - {CREDENTIALS, "GITHUB_TOKEN"}


def test_every_bundled_file_is_this_projects_own():
    for path, text in bundled_workflows().items():
        assert (ROOT / FILES[path]).read_text(encoding="utf-8") == text


def test_the_wheel_holds_every_bundled_file(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    with ZipFile(tmp_path / build_wheel(str(tmp_path))) as wheel:
        for path, text in bundled_workflows().items():
            packed = wheel.read(f"reconciler/starter/bundle/{FILES[path]}")
            assert packed.decode("utf-8") == text


def written(names):
    templates = bundled_workflows()
    paths = [path for path in templates if path.startswith(".github/workflows/")]
    return {path: workflow_for(templates[path], names, vendored()) for path in paths}


def test_the_steps_get_the_secrets_that_are_declared_and_no_others():
    files = written(NAMES)
    for path in (APPLY, DRIFT):
        assert secrets_in(files[path]) == set(NAMES)
    for path in files.keys() - {APPLY, DRIFT}:
        assert secrets_in(files[path]) == set()


def test_nothing_but_the_credentials_is_changed():
    block = re.compile(
        r"^ *# credentials: begin\n.*?# credentials: end\n", re.MULTILINE | re.DOTALL
    )
    templates = bundled_workflows()
    for path, text in written(NAMES).items():
        assert block.sub("", text) == block.sub("", templates[path])
        assert len(block.findall(text)) == len(block.findall(templates[path]))


@pytest.mark.parametrize("names", [NAMES, (), tuple(f"N{n}" for n in range(MOST_SECRETS + 1))])
def test_the_result_is_yaml_whose_steps_have_variables(names):
    for text in written(names).values():
        for job in yaml.safe_load(text)["jobs"].values():
            assert all(step.get("env", {}) is not None for step in job["steps"])


def test_more_secrets_than_github_keeps_are_left_to_the_one_that_holds_them_all():
    many = tuple(f"TOKEN_{number}" for number in range(MOST_SECRETS + 1))
    assert secrets_in(written(many)[APPLY]) == set()
    fitting = many[:-1]
    assert secrets_in(written(fitting)[APPLY]) == set(fitting)
    kept = kept_workflow(written(fitting)[APPLY], many, None)
    assert kept.text == written(fitting)[APPLY]


def test_a_kept_workflow_without_markers_tells_what_it_does_not_pass_on():
    template = bundled_workflows()[APPLY]
    text = written(("CLIENT",))[APPLY]
    bare = "".join(line for line in text.splitlines(keepends=True) if "credentials: " not in line)
    assert unmapped(template, text, ("CLIENT", "CLIENT_ID", "TOKEN")) == ()
    assert unmapped(template, bare, ("CLIENT", "CLIENT_ID", "TOKEN")) == ("CLIENT_ID", "TOKEN")
    assert unmapped(bundled_workflows()[".github/workflows/plan.yml"], "jobs: {}\n", NAMES) == ()


def test_every_workflow_gets_the_tool_from_the_place_that_was_chosen():
    place = called(f"acme/tool@{'a' * 40}")
    for path, text in bundled_workflows().items():
        if path.startswith(".github/workflows/"):
            used = re.findall(
                r"uses: (.*actions/reconcile.*)$", workflow_for(text, (), place), re.MULTILINE
            )
            assert used == [place.action] * text.count("$/.github/actions/reconcile")
            assert used


def test_the_variables_of_the_workflows_are_not_free_for_credentials():
    taken = taken_names(bundled_workflows())
    assert {"EXPECT", "SHARD", "DECLARATIONS", "GITHUB_TOKEN", CREDENTIALS} <= taken
    assert not {name for name in taken if name.startswith("ACME")}


@pytest.mark.parametrize(
    "name",
    [
        READ_ENVIRONMENT,
        WRITE_ENVIRONMENT,
        READ_ROLE,
        WRITE_ROLE,
        REGION,
        GOOGLE_PROVIDER,
        GOOGLE_ACCOUNT,
        MODE,
        CREDENTIALS,
    ],
)
def test_what_the_owner_is_told_to_set_is_what_the_workflows_read(name):
    assert re.search(rf"\b{name}\b", bundled_workflows()[APPLY])
