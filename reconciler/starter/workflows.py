"""This project's own workflows, made those of another repository or server, and kept up with it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.starter.credentials import Passing, has_markers, passing_on
from reconciler.starter.surroundings import MAIN
from reconciler.starter.tool import Tool, with_tool

WORKFLOWS = ".github/workflows/"
MODE = "RECONCILER_MODE"
"""The variable of the repository by which the workflows are switched off."""
CREDENTIALS = "RECONCILER_CREDENTIALS"
"""The one secret that holds what would be too many: lines of NAME=value."""
MOST_SECRETS = 99
"""GitHub keeps 100 secrets in an environment, and one of them is `CREDENTIALS`."""

_BRANCH = f"    branches: [{MAIN}]\n"
_CALLER = re.compile(r"^ +uses: *\S+/\.github/workflows/", re.MULTILINE)
_VARIABLE = re.compile(r"^ +([A-Za-z_][A-Za-z0-9_]*): ", re.MULTILINE)
_SECRET = re.compile(r"^ +(\w+): \$\{\{ secrets\.\1 \}\}$", re.MULTILINE)
_PATTERNS = {
    # Without it, a waiting run gives way to a newer one: that applies a commit which holds both.
    "concurrency.queue": (
        r"^# Waiting runs are kept.*\n(concurrency:\n(?: .*\n)*?)  queue: max\n",
        "# None is cut off half-way. The newest of those that wait stays: it has all merges.\n\\1",
    ),
    "environment.deployment": (r"^      deployment: false\n", ""),
    # Its server refuses versions from 4 on. This is the newest before, on Node 20.
    "actions/upload-artifact": (
        r"actions/upload-artifact@\S+ # v\S+$",
        "actions/upload-artifact@c24449f33cd45d4826c6702db7e49f7cdb9b551d # v3.2.1-node20",
    ),
    "actions/download-artifact": (
        r"actions/download-artifact@\S+ # v\S+$",
        "actions/download-artifact@ad191675b41f6a5b46da9a048cb6893812da158b # v3.1.0-node20",
    ),
    # Version 3 does so anyway.
    "overwrite": (r"^          overwrite: true\n", ""),
}
_GITHUB_ONLY = {
    "concurrency.queue": r"^ +queue: ",
    "environment.deployment": r"^ +deployment: ",
    "$/": r"uses: *[\"']?\$/",
}


@dataclass(frozen=True, slots=True)
class Kept:
    """A workflow that is there, as it should go on: `calls` the tool where that is new."""

    passing: Passing
    calls: str | None = None

    @property
    def text(self) -> str:
        """Return the workflow."""
        return self.passing.text


def workflow_for(template: str, names: Sequence[str], tool: Tool, branch: str = MAIN) -> str:
    """Return a workflow for declarations that refer to the variables `names`.

    `branch` is the one whose merges are applied. More than `MOST_SECRETS` have to come through
    `CREDENTIALS`, so none is mapped then.
    """
    mapped = names if len(names) <= MOST_SECRETS else ()
    text = passing_on(template, mapped).text.replace(_BRANCH, f"    branches: [{branch}]\n")
    return with_tool(text, tool)


def kept_workflow(workflow: str, names: Sequence[str], tool: Tool | None) -> Kept:
    """Return a workflow that people may have edited, with their edits, as it should go on.

    Args:
        workflow: its text.
        names: what the declarations refer to; no line is touched where these are more than
            `MOST_SECRETS`.
        tool: what it is to use from now on; None leaves that as it is.

    Raises:
        Unchangeable: its markers do not permit it.
    """
    passing = Passing(workflow)
    if len(names) <= MOST_SECRETS:
        passing = passing_on(workflow, names)
    text = with_tool(passing.text, tool) if tool else passing.text
    calls = tool.action if tool and text != passing.text else None
    return Kept(Passing(text, passing.added, passing.dropped), calls)


def unmapped(template: str, workflow: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return those of `names` that a workflow lost its markers for, and does not pass on.

    One that calls a workflow elsewhere cannot pass them on by name.
    """
    marked = has_markers(workflow) or not has_markers(template)
    if marked or len(names) > MOST_SECRETS or _CALLER.search(workflow):
        return ()
    return tuple(name for name in names if not re.search(rf"\bsecrets\.{name}\b", workflow))


def taken_names(templates: Mapping[str, str]) -> frozenset[str]:
    """Return the variables that steps of the workflows have for themselves."""
    found: set[str] = set()
    for path, text in templates.items():
        if path.startswith(WORKFLOWS):
            secrets = set(_SECRET.findall(text)) - {CREDENTIALS}
            found |= {name for name in _VARIABLE.findall(text) if name.isupper()} - secrets
    return frozenset(found)


def portable(workflow: str) -> str:
    """Return a workflow of ours without what only github.com knows."""
    for pattern, replacement in _PATTERNS.values():
        workflow = re.sub(pattern, replacement, workflow, flags=re.MULTILINE)
    return workflow


def github_only(workflow: str) -> tuple[str, ...]:
    """Return what a workflow holds that only github.com knows."""
    return tuple(
        name for name, pattern in _GITHUB_ONLY.items() if re.search(pattern, workflow, re.MULTILINE)
    )
