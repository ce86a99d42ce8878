"""What was read and measured → how healthy it is. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.manifest.carriers import unmatched
from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.abilities import Measured, Metrics
from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.spec import references
from reconciler.core.model.units import format_age
from reconciler.core.text.phrases import counted
from reconciler.core.verdicts.arrivals import Arrivals
from reconciler.core.verdicts.health import (
    DestinationHealth,
    HealthLimits,
    ObjectHealth,
    Presence,
    QueueHealth,
    Status,
    SubscriptionHealth,
    SubscriptionState,
)
from reconciler.core.world.remote import RemoteReferences
from reconciler.core.world.unread import Unread, by_cause
from reconciler.operate.arrivals import Arrived, rejecting, senders_by_target
from reconciler.operate.live_references import LiveReferences


@dataclass(frozen=True, slots=True)
class Seen:
    """What the services reported: `live` hold handles, `consents` are of parts not read.

    `remote` knows what remote values lead to, `now` are Unix seconds. `arrived` is None where
    nobody asked; `quiet_matters`: what is quieter than usual needs attention. `warnings` are what
    reading told beside.
    """

    declared: Declarations
    live: Sequence[Live]
    unread: Sequence[Unread]
    consents: Mapping[tuple[str, str], bool | None]
    measured: Measured
    remote: RemoteReferences
    now: float
    warnings: Sequence[Finding] = ()
    arrived: Arrived | None = None
    quiet_matters: bool = False


def judge(seen: Seen, accounts: Iterable[str], limits: HealthLimits) -> Status:
    """Return the health of everything declared in `accounts`, sorted by address."""
    shown = frozenset(accounts)
    judges = _Judges(seen, limits)
    items: dict[str, list[Desired]] = {"queue": [], "destination": [], "subscription": []}
    others: list[Desired] = []
    for item in sorted(seen.declared.desired, key=lambda item: item.address):
        if item.account in shown:
            items.get(item.spec.kind, others).append(item)
    unread, shut = _reasons(seen, shown)
    lacking = seen.arrived.lacking if seen.arrived else ()
    status = Status(
        stack=seen.declared.stack,
        complete=not unread,
        queues=tuple(judges.queue(item) for item in items["queue"]),
        destinations=tuple(judges.destination(item) for item in items["destination"]),
        subscriptions=tuple(judges.subscription(item) for item in items["subscription"]),
        others=tuple(judges.other(item) for item in others),
        unread=unread,
        notes=(
            *shut,
            *_beyond(seen, shown),
            *_remarks(seen, shown),
            *(seen.measured.lacking or "").splitlines(),
            *lacking,
        ),
    )
    return status.judged()


def _reasons(seen: Seen, shown: frozenset[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return why parts could not be read, and which sellers shut us out, which is an answer."""
    unread: list[Finding] = []
    shut: set[str] = set()
    for item in seen.unread:
        if item.scope.account in shown:
            if seen.consents.get((item.scope.account, item.scope.part or "")) is False:
                shut.add(item.reason)
            else:
                unread.append(item.finding())
    causes = by_cause(sorted(unread, key=lambda item: (item.address, item.message)))
    return tuple(map(_sentence, causes)), tuple(sorted(shut))


def _sentence(cause: Finding) -> str:
    account = cause.address.partition("/")[0]
    return f"{cause.address}: {cause.message.removeprefix(f'{account}: ')}"


def _beyond(seen: Seen, shown: frozenset[str]) -> Iterator[str]:
    """Yield what is declared by its remote value and cannot be seen from here."""
    for item in sorted(seen.declared.desired, key=lambda item: item.address):
        for path, sighting in seen.remote.of(item.spec, item.references):
            if item.account in shown and sighting.state in ("undeclared", "unexamined"):
                yield f"{item.address}: {path}: {sighting.sentence}"


def _remarks(seen: Seen, shown: frozenset[str]) -> Iterator[str]:
    """Yield what reading told of the accounts, and what is to be carried on and never sent."""
    for item in seen.warnings:
        if item.address in shown:
            yield _sentence(item)
    carriers = {
        item.address
        for item in seen.declared.desired
        if item.account in shown and item.spec.delivery.carrying
    }
    for finding in unmatched(seen.declared.desired):
        if finding.address in carriers:
            yield f"{finding.address}: {finding.message}"


class _Judges:
    """Judges one object at a time."""

    def __init__(self, seen: Seen, limits: HealthLimits) -> None:
        self._seen = seen
        self._limits = limits
        self._references = LiveReferences(
            seen.declared.desired, seen.live, seen.unread, seen.remote
        )
        self._live = {item.live_address: item for item in seen.live}
        self._declared = {item.address: item for item in seen.declared.desired}
        self._unmatched = {it.address: it.message for it in unmatched(seen.declared.desired)}
        self._dead_letter_queues = rejecting(seen.declared.desired)
        self._senders = senders_by_target(seen.declared.desired) if seen.arrived else {}
        self._alone_at = {
            senders[0]: self._declared[address]
            for address, senders in self._senders.items()
            if len(senders) == 1 and self._arrivals(self._declared[address])
        }

    def queue(self, item: Desired) -> QueueHealth:
        """Judge a queue."""
        live = self._met(item)
        backlog = live.backlog if live else None
        metrics = self._metrics(item) or Metrics()
        found = QueueHealth(
            address=item.address,
            account=item.account,
            state=self._presence(item),
            visible=backlog.visible if backlog else None,
            in_flight=backlog.in_flight if backlog else None,
            delayed=backlog.delayed if backlog else None,
            oldest_seconds=metrics.oldest_seconds,
            dead_letters=self._dead_letters(live) if live else None,
            arrivals=self._arrivals(item),
        )
        gone = self._gone(item) if live else ()
        quiet = self._too_quiet(item)
        problems = (*self._absent(item), *gone, *self._queue_problems(found), *quiet)
        unknown = tuple(self._unknown(item, live)) if live else ()
        return found.model_copy(update={"problems": problems, "unknown": unknown})

    def destination(self, item: Desired) -> DestinationHealth:
        """Judge a destination: does it exist, and does what it leads to?"""
        live, state = self._met(item), self._presence(item)
        onward = (it for it in references(item.spec) if not it[1].source)
        target = next(onward, None)
        name = self._references.name(target[1].kind, target[2]) if target else None
        alive = False if state == "missing" else None
        problems = [*self._absent(item)]
        if live is not None:
            alive = self._references.leads_somewhere(live)
            problems += self._gone(item)
            gone = self._references.missing(live)
            problems += [f"{gone} does not exist"] if gone and not problems else []
            problems += self._obstacles(live)
        return DestinationHealth(
            address=item.address,
            account=item.account,
            problems=tuple(problems),
            unknown=tuple(self._references.unseen(live)) if live else (),
            state=state,
            alive=alive,
            leads_to=name,
        )

    def other(self, item: Desired) -> ObjectHealth:
        """Judge an object of a further kind, of which only presence and references are known."""
        found, metrics, live = self.destination(item), self._metrics(item), self._met(item)
        dead_letters = self._dead_letters(live) if live else None
        problems = [*found.problems, *self._push_problems(metrics)]
        alive = found.alive
        if live is not None:
            impediments = list(live.spec.delivery.impediments(live.spec, self._seen.now))
            problems += [*impediments, *self._idle(live)]
            alive = False if impediments else alive
        problems += [*self._dead_letter_problems(dead_letters), *self._too_quiet(item)]
        unknown = tuple(self._unknown(item, live)) if live else ()
        fields = {**found.model_dump(by_alias=False), "alive": alive, "unknown": unknown}
        fields |= {"problems": tuple(problems)}
        fields |= {"arrivals": self._arrivals(item), "dead_letters": dead_letters}
        return ObjectHealth(kind=item.spec.kind, health=metrics, **fields)

    def subscription(self, item: Desired) -> SubscriptionHealth:
        """Judge a subscription: is it there, switched on, permitted, and does it lead anywhere?"""
        live, consent = self._met(item), self._consent(item)
        state = self._state(item, consent)
        alive = self._destination_alive(live) if live else None
        metrics = self._metrics(item)
        problems = [*self._state_problems(item, state), *self._push_problems(metrics)]
        if alive is False:
            problems.append("its destination is dead, so that nothing arrives")
        if item.address in self._unmatched:
            problems.append(self._unmatched[item.address])
        return SubscriptionHealth(
            address=item.address,
            account=item.account,
            problems=tuple(problems),
            unknown=tuple(self._unknown(item, live)) if live else (),
            state=state,
            health=metrics,
            destination_alive=alive,
            consent=consent,
            arrivals=self._alone(item),
        )

    def _met(self, item: Desired) -> Live | None:
        return self._live.get(item.live_address)

    def _arrivals(self, item: Desired) -> Arrivals | None:
        arrived = self._seen.arrived
        found = arrived.found.get(item.live_address) if arrived else None
        senders = tuple(self._senders.get(item.address, ()))
        return found and found.model_copy(update={"senders": senders})

    def _alone(self, item: Desired) -> Arrivals | None:
        """Return what arrived where nothing else that is declared sends."""
        target = self._alone_at.get(item.address)
        return self._arrivals(target) if target else None

    def _too_quiet(self, item: Desired) -> Iterator[str]:
        found = self._arrivals(item) if self._seen.quiet_matters else None
        if found is not None and found.silence is not None:
            yield found.silence

    def _metrics(self, item: Desired) -> Metrics | None:
        return self._seen.measured.metrics.get(item.live_address)

    def _unknown(self, item: Desired, live: Live) -> Iterator[str]:
        """Yield what is to be judged of a live object and could not be told."""
        yield from self._references.unseen(live)
        lies_there = item.address in self._dead_letter_queues
        what = self._seen.measured.unknown.get(item.live_address)
        if what is not None and not lies_there:
            yield what
        rejecting_to = [name for _, name, _ in references(live.spec) if name.rejects]
        if rejecting_to and self._dead_letters(live) is None:
            yield "how many messages wait in its dead-letter queue"
        arrived = self._arrivals(item) if self._seen.quiet_matters else None
        if arrived is not None and arrived.state == "unknown":
            yield "what arrived"

    def _presence(self, item: Desired) -> Presence:
        if self._met(item) is not None:
            return "present"
        return "unknown" if self._references.unread(item) else "missing"

    def _absent(self, item: Desired) -> Iterator[str]:
        if self._presence(item) == "missing":
            gone = list(self._gone(item))
            yield from gone or ["declared, but not there: apply creates it"]

    def _gone(self, item: Desired) -> Iterator[str]:
        """Yield what is declared by its remote value and is not there."""
        for path, sighting in self._seen.remote.of(item.spec, item.references):
            if sighting.state == "gone":
                yield f"{path}: {sighting.sentence}"

    def _dead_letters(self, live: Live) -> int | None:
        """Count what waits in the live dead-letter queue."""
        for _, reference, handle in references(live.spec):
            target = self._references.referred(live.account, reference, handle)
            if reference.rejects and target and target.backlog:
                return target.backlog.visible
        return None

    def _queue_problems(self, found: QueueHealth) -> Iterator[str]:
        yield from self._dead_letter_problems(found.dead_letters)
        if found.address in self._dead_letter_queues:
            return  # what lies there is told of the queue it comes from, and is meant to lie
        if (found.visible or 0) > self._limits.waiting:
            yield f"{_messages(found.visible)} waiting, more than {self._limits.waiting:,}"
        yield from self._too_old(found.oldest_seconds)

    def _dead_letter_problems(self, number: int | None) -> Iterator[str]:
        if (number or 0) > self._limits.dead_letters:
            yield f"{_messages(number)} in its dead-letter queue"

    def _idle(self, live: Live) -> Iterator[str]:
        """Yield that nothing live takes on what arrives at an object, where nothing does."""
        by = live.spec.delivery.carried_on_by
        if by and not any(
            reference.source and self._references.referred(item.account, reference, handle) is live
            for item in self._seen.live
            if item.spec.kind == by
            for _, reference, handle in references(item.spec)
        ):
            yield f"what arrives goes nowhere: no {by} takes it on"

    def _too_old(self, seconds: int | None) -> Iterator[str]:
        if (seconds or 0) > self._limits.age:
            oldest, limit = format_age(seconds or 0), format_age(self._limits.age)
            yield f"the oldest message waits for {oldest}, longer than {limit}"

    def _push_problems(self, metrics: Metrics | None) -> Iterator[str]:
        if metrics is None:
            return
        if (metrics.undelivered or 0) > self._limits.undelivered:
            yield (
                f"{_messages(metrics.undelivered)} not acknowledged by its callBackUri, more than "
                f"{self._limits.undelivered:,}"
            )
        if metrics.failed:
            yield f"{_messages(metrics.failed)} could not be delivered in the last 24 hours"
        if metrics.lost:
            yield f"{_messages(metrics.lost)} of these are lost: its dead-letter queue took none"
        yield from self._too_old(metrics.oldest_seconds)

    def _destination_alive(self, live: Live) -> bool | None:
        for _, reference, handle in references(live.spec):
            target = self._references.referred(live.account, reference, handle)
            if target is not None:
                return self._references.leads_somewhere(target)
            return self._references.there(live.account, reference, handle)
        return None

    def _obstacles(self, live: Live) -> Iterator[str]:
        """Yield why nothing gets to where a live destination leads."""
        sender = live.sender
        for _, reference, handle in references(live.spec):
            target = self._references.referred(live.account, reference, handle)
            if target is not None and target.detailed and sender is not None:
                name = self._references.name(reference.kind, handle)
                declared = self._references.declared(reference.kind, handle)
                healed = declared is not None and not any(
                    declared.spec.delivery.obstacles(declared.spec, sender)
                )
                silence = "what fails is lost" if reference.rejects else "nothing is delivered"
                for reason in target.spec.delivery.obstacles(target.spec, sender):
                    yield f"{silence}: {name} {_remedied(reason, healed=healed)}"

    def _consent(self, item: Desired) -> bool | None:
        part = item.spec.partition()
        if part is None:
            return None
        return self._seen.consents.get(
            (item.account, part), not self._references.unread(item) or None
        )

    def _state(self, item: Desired, consent: bool | None) -> SubscriptionState:
        if consent is False:
            return "unauthorised"
        live = self._met(item)
        if live is None:
            return "unknown" if self._references.unread(item) else "missing"
        return "enabled" if live.spec.delivery.active(live.spec) else "disabled"

    def _state_problems(self, item: Desired, state: SubscriptionState) -> Iterator[str]:
        yield from self._absent(item)
        if state == "disabled" and item.spec.delivery.active(item.spec):
            yield "it is switched off, though declared as enabled: apply switches it on"
        if state == "unauthorised":
            yield (
                f"seller {item.spec.partition()} has withdrawn consent, or the refresh token is "
                "wrong: have the seller authorise the application again"
            )


def _remedied(reason: str, *, healed: bool) -> str:
    """Replace an obstacle's advice where what is declared has no such obstacle."""
    return f"{reason.partition(': ')[0]}: apply, which brings it back" if healed else reason


def _messages(number: int | None) -> str:
    return counted(number or 0, "message")
