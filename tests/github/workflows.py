"""The workflows and the composite action of this repository, as data and as text."""

import re
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = {path.stem: path for path in sorted((ROOT / ".github/workflows").glob("*.yml"))}
REUSABLE = ("apply", "drift", "plan")
ACTION = ROOT / ".github/actions/reconcile/action.yml"


@cache
def load(path):
    """Return a workflow or an action; its key `on` stays a word and is not the truth value."""
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    if True in loaded:
        loaded["on"] = loaded.pop(True)
    return loaded


def jobs():
    """Return the name of the workflow, that of the job, and the job, for all of them."""
    return [
        (name, job_name, job)
        for name, path in WORKFLOWS.items()
        for job_name, job in load(path)["jobs"].items()
    ]


def steps():
    """Return where a step stands and the step, for all workflows and the action."""
    found = [(f"{name}.{key}", step) for name, key, job in jobs() for step in job["steps"]]
    found += [("action", step) for step in load(ACTION)["runs"]["steps"]]
    return [(f"{where}: {step.get('name')}", step) for where, step in found]


def credential_blocks(text):
    """Return the names between each pair of the marking comments, in order of appearance."""
    blocks = re.findall(r"# credentials: begin\n(.*?)# credentials: end", text, re.DOTALL)
    return [re.findall(r"^ +(\w+): ", block, re.MULTILINE) for block in blocks]
