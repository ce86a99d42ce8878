"""Plan, and what differs: how far to look, and when to look further."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from reconciler.core.model.errors import PlanRefused, ReconcilerError, SettingsError, WrongUsage
from reconciler.core.model.objects import Live
from reconciler.core.model.plan import Plan
from reconciler.core.planning.plan import Prepared, prepare
from reconciler.core.provider import Cannot, Provider
from reconciler.core.service import Account
from reconciler.core.verdicts.drift import Drift, drift_of, is_live
from reconciler.core.world.discovery import Discovery
from reconciler.core.world.observation import Observation
from reconciler.core.world.snapshot import Outdated
from reconciler.core.world.unread import Unread
from reconciler.run.halting import ReadingLimit, TimeLimit
from reconciler.run.observing import look_further, observe
from reconciler.run.reach import bearing, select, to_read
from reconciler.run.session import Discover, Session
from reconciler.run.threads import Progress, Question, Unanswered, ask, silent
from reconciler.transport.patience import errand, on_errand


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan of a session; `prepared` is what carries it out, `observation` what it was made of."""

    prepared: Prepared
    observation: Observation

    @property
    def plan(self) -> Plan:
        """Return the plan itself, which can be shown, saved and compared."""
        return self.prepared.plan


def plan(
    session: Session,
    *,
    unasked: Discover | None = None,
    limit: TimeLimit | None = None,
    progress: Progress = silent,
) -> Planned:
    """Read what is live and plan how to bring it to what is declared; nothing is changed.

    `unasked` says how far to look where the session does not, None as the policy does. A plan is
    made whatever its guards say (`.plan.refused()`); what could not be read makes it incomplete.
    `limit` is the time that an apply of it has, reading included.

    Raises:
        WrongUsage: the session's terms name what is neither declared nor live.
        SettingsError: the snapshot to begin from cannot be read.
        PlanRefused: an account is not the declared one or leads elsewhere than was agreed to, the
            snapshot is not one of this stack, or the steps need each other in a circle.
        OutOfTime: the limit ended before everything was read.
    """
    with on_errand(ReadingLimit(limit)) if limit else nullcontext():
        return _plan(session, unasked, progress)


def _plan(session: Session, unasked: Discover | None, progress: Progress) -> Planned:
    declared = session.declarations
    session.agreement.ensure_routing(declared)
    selection = select(declared, session.terms)
    discovery = Discovery() if session.live else how_far(session, unasked=unasked)
    accounts = to_read(declared, selection, session.services)
    make = partial(
        prepare,
        selection=selection,
        terms=session.terms,
        former=session.live.routing if session.live else None,
    )
    look = _Look(session, discovery, progress)
    seen = look.at(accounts)
    declared = declared.listed(seen.listed)
    make = partial(make, declared)
    select(declared, session.terms)
    prepared = make(seen, identities=_identities(accounts))
    wider = look_further(seen, prepared.steps, declared, look.providers, progress=progress)
    if wider is not seen:
        prepared = make(wider, identities=_identities(accounts))
    # Before anything is taken away, whatever may point at it is looked for.
    if further := bearing(declared, prepared, accounts, session.services):
        accounts = {**accounts, **further}
        wider = wider.beside(look.beside(further))
        prepared = make(wider, identities=_identities(accounts))
    referring = look_for_referrers(wider, prepared, look.providers, progress=progress)
    if referring is not wider:
        prepared = make(referring, identities=_identities(accounts))
    # What was cut may have ended as a failure of its account.
    errand().go_on()
    for sentence in prepared.idle:
        raise WrongUsage(sentence)
    return Planned(prepared, referring)


def plan_alone(
    session: Session, alone: Mapping[str, Account], *, progress: Progress = silent
) -> Planned:
    """Plan what the session's targets are for some members of accounts (sellers), to be shown.

    `alone` has these accounts without their other members. Those are read, too, where the plan does
    more than create: guards count what is owned, and what others have may rest on it.

    Raises:
        ReconcilerError: as `plan`.
    """
    former = session.connect

    def connect(accounts: Mapping[str, Account]) -> AbstractContextManager[Mapping[str, Provider]]:
        return former({name: alone.get(name, it) for name, it in accounts.items()})

    with replace(session, connect=connect) as narrow:
        found = plan(narrow, progress=progress)
    if all(action.action == "create" for action in found.plan.actions):
        return found
    return plan(session, progress=progress)


def drift(
    session: Session, *, planned: Planned | None = None, progress: Progress = silent
) -> Drift:
    """Return how live differs from what is declared; nothing is changed.

    `planned` is a plan of this session that looked for everything, None: one is made. Where
    nothing of the stack is live, the session's former snapshot tells whether there ever was.

    Raises:
        ReconcilerError: as `plan`.
    """
    if planned is None:
        planned = plan(session, unasked="all", progress=progress)
    found = drift_of(planned.plan)
    if found.unapplied and _was_live(session):
        found = found.model_copy(update={"unapplied": False})
    return found


def how_far(session: Session, *, unasked: Discover | None = None) -> Discovery:
    """Return how far a run looks: as asked for, else `unasked`, None as the policy does.

    A former snapshot that another version made tells nothing: the next one will. Unless the policy
    decides, neither does one that cannot be used.

    Raises:
        SettingsError: the snapshot to begin from cannot be read.
        PlanRefused: it is not a sound snapshot of these declarations' stack.
    """
    declared, found = session.declarations, Discovery()
    if session.since is not None:
        try:
            found = session.since.discovery(declared, session.services)
        except (SettingsError, PlanRefused) as error:
            if unasked is None and not isinstance(error, Outdated):
                raise
            session.tell(f"{error}; it is left aside (warning)")
    choice = session.discover or unasked or declared.policy.discover
    # What the stack owns is of any type, and all of it goes.
    return replace(found, everything=session.terms.destroying or choice == "all")


class _Look:
    """Looks at the services, or at the snapshot that stands in for them."""

    def __init__(self, session: Session, discovery: Discovery, progress: Progress) -> None:
        self._session, self._discovery, self._progress = session, discovery, progress
        self.providers: dict[str, Provider] = {}

    def at(self, accounts: Mapping[str, Account]) -> Observation:
        """Observe these accounts."""
        if self._session.live is not None:
            return self._session.live.look(accounts)
        providers = self._session.providers(accounts)
        self.providers |= providers
        return observe(
            self._session.declarations,
            providers,
            discovery=self._discovery,
            progress=self._progress,
        )

    def beside(self, accounts: Mapping[str, Account]) -> Observation:
        """Observe accounts that a run is not about, as far as it can be done."""
        if self._session.live is not None:
            return self._session.live.look_beside(accounts)
        return self.at(accounts)


def _identities(accounts: Mapping[str, Account]) -> dict[str, Any]:
    return {name: accounts[name].identity() for name in sorted(accounts)}


def _was_live(session: Session) -> bool:
    """Say whether the former snapshot holds anything of the stack; an unusable one may have."""
    former = session.since
    if former is None:
        return False
    try:
        recalled = former.open(session.declarations, session.services)
        session.tell(recalled.introduction())
        return is_live(plan(replace(session, live=recalled, since=None)).plan)
    except ReconcilerError as error:
        session.tell(
            f"{former.name} does not tell whether the stack was applied before: {error} (warning)"
        )
        return True


def look_for_referrers(
    observation: Observation,
    prepared: Prepared,
    providers: Mapping[str, Provider],
    *,
    progress: Progress = silent,
) -> Observation:
    """Return the observation with everything that points at what the plan removes.

    It is the same one where there is nothing to add; otherwise a plan has to be made again. What
    could not be asked makes the account unread: nothing is removed there then.
    """
    going: dict[str, list[Live]] = {}
    for step in prepared.steps:
        if step.verb == "delete":
            going.setdefault(step.change.former.account, []).append(step.change.former)
    questions = [
        Question(account, partial(ask_service, tuple(going[account])))
        for account, provider in sorted(providers.items())
        if account in going and not isinstance(ask_service := provider.abilities.referrers, Cannot)
    ]
    for answer in ask(questions, doing="looking for what points at it", progress=progress):
        if isinstance(answer, Unanswered):
            scopes = providers[answer.account].scopes()
            unread = tuple(Unread(scope, answer.reason) for scope in scopes)
            observation = replace(observation, unread=observation.unread + unread)
        else:
            observation = observation.with_details(answer)
    return observation
