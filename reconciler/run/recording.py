"""A snapshot: what is live, written down."""

from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.core.world.discovery import Discovery
from reconciler.core.world.observation import Observation
from reconciler.core.world.snapshot import Snapshot, take
from reconciler.run.observing import observe
from reconciler.run.planning import how_far
from reconciler.run.reach import select, to_read
from reconciler.run.session import Session
from reconciler.run.threads import Progress, silent


@dataclass(frozen=True, slots=True)
class Taken:
    """A snapshot, and what was observed for it: `observation.unread` says what is lacking."""

    snapshot: Snapshot
    observation: Observation


def look_at_everything(session: Session, *, progress: Progress = silent) -> Observation:
    """Observe the accounts that a plan of this session reads, with the details of all objects.

    Raises:
        WrongUsage: the session's terms name what is not declared.
        PlanRefused: an account is not the declared one.
    """
    return _observed(session, how_far(session, unasked="all"), progress)


def _observed(session: Session, discovery: Discovery, progress: Progress) -> Observation:
    declared = session.declarations
    accounts = to_read(declared, select(declared, session.terms), session.services)
    providers = session.providers(accounts)
    return observe(declared, providers, discovery=discovery, progress=progress, everything=True)


def snapshot(session: Session, *, progress: Progress = silent) -> Taken:
    """Write down what is live in the accounts that a plan of this session reads.

    Raises:
        WrongUsage: the session's terms name what is not declared.
        PlanRefused: an account is not the declared one.
    """
    declared = session.declarations
    discovery = how_far(session, unasked="all")
    seen = _observed(session, discovery, progress)
    accounts = {name: declared.accounts[name].identity() for name in sorted(seen.accounts or ())}
    scopes = [scope for item in session.providers(accounts).values() for scope in item.scopes()]
    return Taken(take(declared, seen, scopes, accounts, datetime.now(UTC), discovery), seen)
