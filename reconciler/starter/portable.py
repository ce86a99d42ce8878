"""Workflows for GitHub Enterprise Server and other servers that run workflows.

Left out is what github.com alone knows. What each costs stands in docs/github-actions.md.
"""

import re

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
