"""What a command line asks for, and the session that it opens."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler import run
from reconciler.api import open_session
from reconciler.cli.options import Discover
from reconciler.cli.state import State
from reconciler.cli.unset import say_unset
from reconciler.core.planning.consent import WHATEVER, Agreement
from reconciler.core.planning.terms import NO_TERMS, Terms
from reconciler.core.provider import Provider
from reconciler.core.service import Account
from reconciler.run import Session

if TYPE_CHECKING:
    from reconciler.cli.progress import Ticker

_DISCOVER: Mapping[Discover | None, run.Discover | None] = {
    None: None,
    Discover.all: "all",
    Discover.declared: "declared",
}


@dataclass(frozen=True, slots=True)
class RunRequest:
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


def opened(state: State, request: RunRequest, agreement: Agreement = WHATEVER) -> Session:
    """Read the declarations of a run, say their warnings, and return it.

    Raises:
        DeclarationError: everything that is wrong with them.
        Misdirected: they lead to hosts that are not allowed, and the run would talk to these.
    """
    return open_session(
        request.path,
        terms=request.terms,
        agreement=agreement,
        sandbox=request.sandbox,
        allow_hosts=request.allow_hosts,
        discover=_DISCOVER[request.discover],
        since=request.since,
        live=request.live,
        secrets=state.secrets,
        tell=state.say,
    )


def planning(state: State, request: RunRequest, agreement: Agreement = WHATEVER) -> Session:
    """Return a run as `opened` does; before it connects it says at once which variables lack."""
    session = opened(state, request, agreement)

    def connect(accounts: Mapping[str, Account]) -> AbstractContextManager[Mapping[str, Provider]]:
        say_unset(state, session.declarations.desired, accounts)
        return session.connect(accounts)

    return session if request.sandbox else replace(session, connect=connect)


@contextmanager
def watched(state: State) -> Iterator["Ticker"]:
    """Give where progress is told while nothing is changed; an interrupt ends it at once."""
    from reconciler.cli.interrupts import at_once
    from reconciler.cli.progress import Ticker

    with at_once(), Ticker(quiet=state.wish.quiet) as ticker:
        yield ticker
