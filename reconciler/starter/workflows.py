"""This project's own workflows, made those of another repository."""

import re
from collections.abc import Mapping, Sequence

WORKFLOWS = ".github/workflows/"
READ_ENVIRONMENT = "production-read"
WRITE_ENVIRONMENT = "production"
"""The environments whose jobs take the read role and the write role."""
READ_ROLE, WRITE_ROLE = "RECONCILER_AWS_READ_ROLE", "RECONCILER_AWS_WRITE_ROLE"
REGION = "RECONCILER_AWS_REGION"
GOOGLE_PROVIDER = "RECONCILER_GOOGLE_PROVIDER"
GOOGLE_ACCOUNT = "RECONCILER_GOOGLE_SERVICE_ACCOUNT"
MODE = "RECONCILER_MODE"
"""Variables of the repository that the workflows read."""
CREDENTIALS = "RECONCILER_CREDENTIALS"
"""The one secret that holds what would be too many: lines of NAME=value."""
MOST_SECRETS = 99
"""GitHub keeps 100 secrets in an environment, and one of them is `CREDENTIALS`."""

_BLOCK = re.compile(
    r"^(?P<indent> *)# credentials: begin\n.*?^(?P=indent)# credentials: end\n",
    re.MULTILINE | re.DOTALL,
)


def with_credentials(workflow: str, names: Sequence[str]) -> str:
    """Return the text of a workflow whose steps get the secrets `names` as variables.

    More than `MOST_SECRETS` have to come through `CREDENTIALS`, so none is mapped then.
    """
    mapped = names if len(names) <= MOST_SECRETS else ()

    def block(found: re.Match[str]) -> str:
        indent = found["indent"]
        lines = [f"{name}: ${{{{ secrets.{name} }}}}" for name in mapped]
        marked = ["# credentials: begin", *lines, "# credentials: end"]
        return "".join(f"{indent}{line}\n" for line in marked)

    return _BLOCK.sub(block, workflow)


def unmapped(workflow: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return those of `names` that a workflow with credentials does not pass on to its steps."""
    if not _BLOCK.search(workflow) or len(names) > MOST_SECRETS:
        return ()
    return tuple(name for name in names if f"secrets.{name} " not in workflow)


def workflows_for(templates: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """Return the files that GitHub runs, by path, for declarations that refer to `names`."""
    return {path: with_credentials(text, names) for path, text in templates.items()}
