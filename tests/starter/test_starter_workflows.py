"""The bundled workflows become another repository's, with its own secrets and nothing else."""

import re
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml
from hatchling.build import build_wheel

import reconciler
from reconciler.starter.bundle import FILES, bundled_workflows
from reconciler.starter.workflows import (
    CREDENTIALS,
    GOOGLE_ACCOUNT,
    GOOGLE_PROVIDER,
    MODE,
    MOST_SECRETS,
    READ_ENVIRONMENT,
    READ_ROLE,
    REGION,
    WRITE_ENVIRONMENT,
    WRITE_ROLE,
    unmapped,
    with_credentials,
    workflows_for,
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


def test_the_steps_get_the_secrets_that_are_declared_and_no_others():
    files = workflows_for(bundled_workflows(), NAMES)
    for path in (APPLY, DRIFT):
        assert secrets_in(files[path]) == set(NAMES)
    for path in files.keys() - {APPLY, DRIFT}:
        assert secrets_in(files[path]) == set()


def test_nothing_but_the_credentials_is_changed():
    block = re.compile(
        r"^ *# credentials: begin\n.*?# credentials: end\n", re.MULTILINE | re.DOTALL
    )
    templates = bundled_workflows()
    for path, text in workflows_for(templates, NAMES).items():
        assert block.sub("", text) == block.sub("", templates[path])
        assert len(block.findall(text)) == len(block.findall(templates[path]))


@pytest.mark.parametrize("names", [NAMES, (), tuple(f"N{n}" for n in range(MOST_SECRETS + 1))])
def test_the_result_is_yaml_whose_steps_have_variables(names):
    for path, text in workflows_for(bundled_workflows(), names).items():
        if path.startswith(".github/workflows/"):
            for job in yaml.safe_load(text)["jobs"].values():
                assert all(step.get("env", {}) is not None for step in job["steps"])


def test_more_secrets_than_github_keeps_are_left_to_the_one_that_holds_them_all():
    many = tuple(f"TOKEN_{number}" for number in range(MOST_SECRETS + 1))
    assert secrets_in(with_credentials(bundled_workflows()[APPLY], many)) == set()
    fitting = many[:-1]
    assert secrets_in(with_credentials(bundled_workflows()[APPLY], fitting)) == set(fitting)


def test_a_kept_workflow_tells_which_secrets_it_does_not_pass_on():
    kept = with_credentials(bundled_workflows()[APPLY], ("CLIENT",))
    assert unmapped(kept, ("CLIENT", "CLIENT_ID", "TOKEN")) == ("CLIENT_ID", "TOKEN")
    assert unmapped("jobs: {}\n", NAMES) == ()


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
