"""What other runs make at the same time (shards): looked for until it is there, or for too long."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.core.model.errors import ReconcilerError
from reconciler.core.model.objects import Live
from reconciler.core.model.plan import FieldChange
from reconciler.core.model.spec import Spec
from reconciler.core.model.steps import Step, StepId
from reconciler.core.model.units import format_age
from reconciler.core.planning.diff import compare
from reconciler.core.planning.guards import short_list
from reconciler.core.planning.plan import Prepared
from reconciler.core.provider import Interest, Provider, Scope

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 10.0
"""Seconds between two looks: they grow, so that a long wait costs few calls."""


@dataclass(frozen=True, slots=True)
class ShardWait:
    """How long to wait for other runs, in seconds, while there is nothing else to do.

    `tell` takes sentences for who runs it.
    """

    seconds: float = 0.0
    tell: Callable[[str], None] = lambda _text: None


class Elsewhere:
    """Tells which steps of other runs are done, by looking at what is live."""

    def __init__(
        self, prepared: Prepared, providers: Mapping[str, Provider], shard_wait: ShardWait
    ) -> None:
        self._handles = prepared.handles
        self._rules = prepared.rules
        self._stack = prepared.plan.stack
        self._providers = providers
        self._shard_wait = shard_wait
        self._pause = FIRST_PAUSE
        self._waited = 0.0
        self._named: tuple[str, ...] = ()
        self._met: set[StepId] = set()
        self.steps: Mapping[StepId, Step] = {step.id: step for step in prepared.elsewhere}

    def pause(self) -> float:
        """Return the seconds to wait until the next look, 0 where it took too long already."""
        left = max(0.0, self._shard_wait.seconds - self._waited)
        seconds = min(self._pause, left)
        self._pause = min(self._pause * 1.5, LONGEST_PAUSE)
        self._waited += seconds
        return seconds

    def tell(self, awaited: Iterable[Step]) -> None:
        """Say what is waited for, whenever that changes."""
        names = tuple(sorted({step.address for step in awaited}))
        if names != self._named:
            self._named = names
            span = format_age(round(self._shard_wait.seconds))
            self._shard_wait.tell(
                f"waiting for other shards, up to {span} in all: {short_list(names)}"
            )

    def late(self, step: Step) -> str:
        """Say that a step was waited for in vain."""
        what = {"delete": "is still there"}.get(step.verb, "is not there as declared")
        return (
            f"{step.address} {what}, which another shard sees to (waited "
            f"{format_age(round(self._waited))})"
        )

    def done(self, awaited: Sequence[Step]) -> Iterator[tuple[Step, Live | None]]:
        """Yield the steps that are done, with what they left behind.

        What cannot be read now counts as not done: the next look may tell.
        """
        for step, found in self._found(self._foundations(awaited)):
            for item in found:
                # What was not there when this run planned is known by its id from here on.
                self._handles.add(item)
                self._met.add(step.id)
        for step, found in self._found(awaited):
            if self._is_done(step, found):
                yield step, next(iter(found), None)

    def _foundations(self, awaited: Sequence[Step]) -> list[Step]:
        """Return what others make for these to refer to, as far as it was not met yet."""
        needs = {need for step in awaited for need in step.needs} - self._met
        steps = [self.steps[need] for need in sorted(needs & self.steps.keys())]
        return [step for step in steps if step.verb == "create"]

    def _found(self, steps: Sequence[Step]) -> Iterator[tuple[Step, list[Live]]]:
        """Yield the steps whose scope can be read, with the live objects that they are about."""
        by_scope: dict[tuple[str, Scope], list[Step]] = {}
        for step in steps:
            subject = step.change.subject
            for scope in self._providers[subject.account].scopes():
                if scope.covers(subject.account, subject.spec):
                    by_scope.setdefault((subject.account, scope), []).append(step)
        for (account, scope), here in by_scope.items():
            try:
                live = list(self._look(account, scope, here))
            except ReconcilerError as error:
                self._shard_wait.tell(f"not read: {error}")
                continue
            for step in here:
                yield step, [it for it in live if it.account == account and _is_of(step, it)]

    def _look(self, account: str, scope: Scope, steps: Sequence[Step]) -> Iterator[Live]:
        specs = tuple(step.change.subject.spec for step in steps)
        beside = None if scope.part is None else tuple(self._wholes(account))
        for item in self._observed(account, scope, specs, beside):
            yield replace(item, spec=self._handles.inside(item.spec, item.account))

    def _wholes(self, account: str) -> Iterator[Live]:
        """Yield what an account holds as one: parts of it may be told by that only."""
        for scope in self._providers[account].scopes():
            if scope.part is None:
                yield from self._observed(account, scope, (), None)

    def _observed(
        self, account: str, scope: Scope, specs: tuple[Spec, ...], beside: tuple[Live, ...] | None
    ) -> Iterable[Live]:
        interest = Interest(
            self._stack,
            specs,
            discover_all=False,
            warn=lambda _text: None,
            topics=frozenset(spec.topic() for spec in specs if spec.topical),
            beside=beside,
        )
        return self._providers[account].observe(scope, interest)

    def _is_done(self, step: Step, found: Sequence[Live]) -> bool:
        change = step.change
        former = change.live.outputs if change.live is not None else None
        if change.action == "delete":
            return not any(item.outputs == former for item in found)
        # What is replaced only for what it refers to was as declared before: its new id tells then.
        differed = change.live is not None and bool(self._differences(step, change.live))
        as_declared = any(
            not self._differences(step, item) and (differed or item.outputs != former)
            for item in found
        )
        if step.verb == "delete":
            return as_declared or not any(item.outputs == former for item in found)
        return as_declared

    def _differences(self, step: Step, live: Live) -> list[FieldChange]:
        return compare(step.change.wanted, live, self._rules.ignore_tags)


def _is_of(step: Step, live: Live) -> bool:
    subject = step.change.subject
    return live.live_address == subject.live_address
