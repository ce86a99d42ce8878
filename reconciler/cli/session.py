"""The session that a command line opens, and how its looking is watched."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler import run
from reconciler.api import open_session
from reconciler.cli.options import Discover
from reconciler.cli.request import RunRequest
from reconciler.cli.state import State
from reconciler.core.model.objects import Desired
from reconciler.core.model.secret_ref import references_in
from reconciler.core.planning.consent import WHATEVER, Agreement
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
_NAMED = 40
"""Variables that are named one by one; a fleet may lack thousands."""


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
        _say_unset(state, session.declarations.desired, accounts)
        return session.connect(accounts)

    return session if request.sandbox else replace(session, connect=connect)


@contextmanager
def watched(state: State) -> Iterator["Ticker"]:
    """Give where progress is told while nothing is changed; an interrupt ends it at once."""
    from reconciler.cli.exits import at_once
    from reconciler.cli.progress import Ticker

    with at_once(), Ticker(quiet=state.wish.quiet) as ticker:
        yield ticker


def _say_unset(state: State, desired: Iterable[Desired], accounts: Mapping[str, Account]) -> None:
    """Say at once which variables these accounts lack: reading them tells one an account."""
    within = (item.spec.secrets() for item in desired if item.account in accounts)
    references = [*references_in(list(accounts.values())), *(it for all_ in within for it in all_)]
    unset = state.secrets.unset(references)
    if len(unset) == 1:
        state.say(
            f"not set: the environment variable {unset[0]}; `reconciler doctor` tells where it "
            "belongs"
        )
    elif unset:
        more = f" and {len(unset) - _NAMED} more" if len(unset) > _NAMED else ""
        state.say(
            f"not set: {', '.join(unset[:_NAMED])}{more}; give these environment variables their "
            "values: `reconciler doctor` tells where each belongs"
        )
