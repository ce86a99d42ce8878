"""The bundled sample is what people copy: no command has anything to say against it."""

import json
import shutil
from pathlib import Path

import pytest

from reconciler.cli.main import invoke
from reconciler.sandbox import Sandbox

SAMPLE = Path(__file__).parents[1] / "subscriptions"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample") / "subscriptions"
    shutil.copytree(SAMPLE, folder)
    with Sandbox() as sandbox:
        assert invoke(["apply", str(folder), "--yes", "--sandbox", sandbox.url]) == 0
        yield str(folder), ["--sandbox", sandbox.url]


@pytest.fixture
def told(capsys):
    def run(*arguments):
        code = invoke([*arguments, "--format", "json"])
        said = capsys.readouterr()
        return code, json.loads(said.out), said.err

    return run


def test_validate_warns_of_nothing_in_the_sample(told):
    code, validation, err = told("validate", str(SAMPLE))
    assert (code, validation["warnings"], err) == (0, [], "")


def test_a_plan_of_the_applied_sample_has_nothing_to_do_and_nothing_to_say(told, served):
    folder, sandbox = served
    code, plan, err = told("plan", folder, *sandbox)
    assert (code, plan["actions"], plan.get("warnings", []), err) == (0, [], [], "")


def test_doctor_has_nothing_to_mend_in_the_sample(told, served):
    folder, sandbox = served
    code, diagnosis, _ = told("doctor", folder, *sandbox)
    assert (code, diagnosis["problems"]) == (0, [])


def test_no_link_of_the_sample_is_broken(told, served):
    folder, sandbox = served
    code, delivery, _ = told("verify", folder, "--static", *sandbox)
    verdicts = {item["verdict"] for item in delivery["subscriptions"]}
    assert (code, "unproven" in verdicts) == (0, False)
