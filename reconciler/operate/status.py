"""How what is declared fares live: reads it, measures it, and has it judged."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.abilities import Measured
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.spec import references
from reconciler.core.provider import Cannot, Each, Provider
from reconciler.core.verdicts.health import HealthLimits, Status
from reconciler.core.world.discovery import DECLARED
from reconciler.core.world.observation import Observation
from reconciler.core.world.refs import internalise
from reconciler.core.world.remote import RemoteReferences
from reconciler.operate.arrivals import ArrivalWish, ask_arrivals, rejecting
from reconciler.operate.judge_health import Seen, judge
from reconciler.run import (
    Planned,
    Progress,
    Question,
    Session,
    Unanswered,
    ask,
    observe,
    select,
    selected,
    silent,
    to_read,
)

USUAL = HealthLimits()


def status(
    session: Session,
    *,
    limits: HealthLimits = USUAL,
    arrivals: ArrivalWish | None = None,
    planned: Planned | None = None,
    progress: Progress = silent,
) -> Status:
    """Read, measure and judge how everything fares that is declared in the session's accounts.

    `arrivals` asks what arrived, too. `planned` is a plan that was just made of it, so that nothing
    is read twice; None: it is read.

    Raises:
        WrongUsage: the session's terms name an account that is not declared.
        PlanRefused: an account is not the declared one.
    """
    declared = session.declarations
    selection = select(declared, session.terms)
    if planned is not None:
        seen, providers = planned.observation, session.connected()
    else:
        providers = session.providers(to_read(declared, selection, session.services))
        # Nobody asked for what is not declared, which would cost SP-API a call for each known type.
        seen = observe(declared, providers, discovery=DECLARED, progress=progress)
    shown = frozenset(selected(declared, selection))
    found = _judged(declared, seen, providers, shown, limits, arrivals, progress)
    return found.model_copy(update={"limits": session.terms.limits})


def _judged(
    declared: Declarations,
    observation: Observation,
    providers: Mapping[str, Provider],
    shown: frozenset[str],
    limits: HealthLimits,
    wish: ArrivalWish | None,
    progress: Progress,
) -> Status:
    declared = observation.complete(declared)
    live, _ = internalise(observation.live, declared.desired)
    live = _detailed(live, declared.desired, providers, progress)
    wanted = [item for item in declared.desired if item.account in shown]
    measured = _measure(wanted, live, providers, progress)
    remote = RemoteReferences(declared, live, observation)
    consents = _consents(observation, providers)
    asked = _asked(declared.desired, wanted, live)
    arrived = ask_arrivals(asked, providers, wish, progress) if wish else None
    matters = wish is not None and wish.max_quiet is not None
    seen = Seen(
        declared,
        live,
        observation.unread,
        consents,
        measured,
        remote,
        time.time(),
        observation.warnings,
        arrived,
        quiet_matters=matters,
    )
    return judge(seen, shown, limits)


def _asked(
    desired: Iterable[Desired], wanted: Sequence[Desired], live: Iterable[Live]
) -> list[Live]:
    """Return of what it is asked what arrived: all that is wanted but dead-letter queues.

    Of these depth tells: what SQS moves there counts nowhere as sent, and silence is as it should.
    """
    aside = rejecting(desired)
    addresses = {item.live_address for item in wanted if item.address not in aside}
    return [item for item in live if item.live_address in addresses]


def _detailed(
    live: Sequence[Live],
    desired: Sequence[Desired],
    providers: Mapping[str, Provider],
    progress: Progress,
) -> list[Live]:
    """Read the counts of undeclared objects where declared ones leave what they cannot deliver.

    Those are dead-letter queues of others, of which observing reads the names only.
    """
    named = {handle for item in desired for handle in _rejecting(item)}
    questions = [
        Question(item.account, partial(_read, providers[item.account], item))
        for item in live
        if not item.detailed and item.handle in named
    ]
    answers = ask(questions, doing="reading dead-letter queues", progress=progress)
    known = {item.live_address: item for item in answers if isinstance(item, Live)}
    return [known.get(item.live_address, item) for item in live]


def _read(provider: Provider, item: Live, _each: Each) -> Live | None:
    return provider.read(item)


def _rejecting(item: Desired) -> Iterator[str]:
    """Yield the handles of where an object leaves what could not be delivered."""
    for _, reference, handle in references(item.spec):
        if reference.rejects:
            yield handle


def _measure(
    wanted: Sequence[Desired],
    live: Iterable[Live],
    providers: Mapping[str, Provider],
    progress: Progress,
) -> Measured:
    """Return the metrics of all live objects that are declared, and what is lacking, in lines."""
    addresses = {item.live_address for item in wanted}
    by_account: dict[str, list[Live]] = {}
    for item in live:
        if item.live_address in addresses:
            by_account.setdefault(item.account, []).append(item)
    questions = [
        Question(name, partial(_figures, name, provider, by_account[name]))
        for name, provider in sorted(providers.items())
        if name in by_account
    ]
    answers = ask(questions, doing="measuring", progress=progress)
    found = [
        _nothing(answer.reason, by_account[answer.account])
        if isinstance(answer, Unanswered)
        else answer
        for answer in answers
    ]
    return Measured(
        {address: item for each in found for address, item in each.metrics.items()},
        "\n".join(filter(None, (each.lacking for each in found))) or None,
        {address: what for each in found for address, what in each.unknown.items()},
    )


def _figures(account: str, provider: Provider, live: Sequence[Live], each: Each) -> Measured:
    measure = provider.abilities.measure
    if isinstance(measure, Cannot):
        return _nothing(f"{account}: not measured, {measure.why}", live)
    return measure(live, each)


def _nothing(why: str, live: Iterable[Live]) -> Measured:
    return Measured(lacking=why, unknown={item.live_address: "its figures" for item in live})


def _consents(
    observation: Observation, providers: Mapping[str, Provider]
) -> Mapping[tuple[str, str], bool | None]:
    """Return by account and part whether what could not be read was shut to us."""
    found: dict[tuple[str, str], bool | None] = {}
    for unread in observation.unread:
        account, part = unread.scope.account, unread.scope.part
        consents = providers[account].abilities.consents
        if part is not None and not isinstance(consents, Cannot):
            found[account, part] = consents(part)
    return found
