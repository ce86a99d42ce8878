"""What a command line asks for, as one value."""

from pathlib import Path
from typing import NamedTuple

from reconciler.cli.options import Discover
from reconciler.core.planning.terms import NO_TERMS, Terms


class RunRequest(NamedTuple):
    """What the command line asks for, beyond the declarations themselves.

    `discover` says how far to look, None as the policy does; `since` is a snapshot whose types are
    asked for besides the declared ones. `page` is where a report page is kept beside the result.
    """

    path: Path
    sandbox: str | None = None
    allow_hosts: tuple[str, ...] = ()
    terms: Terms = NO_TERMS
    live: Path | None = None
    discover: Discover | None = None
    since: Path | None = None
    page: Path | None = None
