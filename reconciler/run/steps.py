"""One step carried out: look once more, write, take down how it ended."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeVar

from reconciler.core.model.errors import ReconcilerError, ServiceError, Unclear
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.plan import Plan
from reconciler.core.model.steps import Outcome, Step, StepId
from reconciler.core.planning.plan import Prepared
from reconciler.core.planning.recheck import objection, pointed_at
from reconciler.core.provider import Provider
from reconciler.run.halting import Halt, not_begun
from reconciler.run.lookout import Lookout
from reconciler.run.threads import as_sentence
from reconciler.transport.patience import on_errand

Side = TypeVar("Side", Desired, Live)

LOOK = "plan again to see"
NOTHING_THERE = "nothing is there now: run apply again"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class End:
    """How a step ended; `live` is what it left behind.

    `cut`: it failed since the run was to end, and nothing else is known to be wrong.
    """

    step: Step
    result: Literal["done", "failed", "skipped"]
    live: Live | None = None
    error: str | None = None
    cut: bool = False


class Recorder(Protocol):
    """Takes down every write before and after it is made, from many threads."""

    def begin(self, step: Step) -> None:
        """Take down that a write is about to be made."""
        ...

    def end(self, step: Step, outcome: str, error: str | None) -> None:
        """Take down how it ended."""
        ...


class Worker:
    """Carries out steps, from many threads."""

    def __init__(
        self,
        prepared: Prepared,
        providers: Mapping[str, Provider],
        recorder: Recorder | None,
        halt: Halt,
    ) -> None:
        self._halt = halt
        self._handles = prepared.handles
        self._rules = prepared.rules
        self._providers = providers
        self._lookout = Lookout(providers, prepared.handles, prepared.plan.stack)
        self._recorder = recorder

    def carry_out(self, step: Step, *, cleared: bool) -> End:
        """Carry a step out; `cleared`: its former self was deleted to make room for it."""
        try:
            if self._recorder is not None:
                self._recorder.begin(step)
        except ReconcilerError as error:
            # What cannot be taken down is not done.
            return End(step, "failed", error=undone(str(error), cleared=cleared))
        # The second half of a replace is waited for: without it nothing would be there.
        end = self._attempt(step, None if cleared else self._halt)
        self._take_down(end)
        return end

    def _take_down(self, end: End) -> None:
        """Take down how a step ended; it ended so even if that cannot be taken down."""
        try:
            if self._recorder is not None:
                self._recorder.end(end.step, end.result, end.error)
        except ReconcilerError as error:
            log.warning("%s: %s, but not taken down: %s", end.step.address, end.result, error)

    def _attempt(self, step: Step, halt: Halt | None) -> End:
        account = step.change.subject.account
        provider = self._providers[account]
        try:
            with on_errand(halt):
                why_not = self._objection(provider, step)
        except Exception as error:  # noqa: BLE001 - the other steps' outcomes must still be told
            if given_up := _given_up(error):
                return End(step, "skipped", error=not_begun(given_up))
            why_not = (
                f"{as_sentence(account, error)}; what cannot be looked at first is left as it is"
            )
        if why_not is not None:
            return End(step, "failed", error=why_not)
        with on_errand(halt) as errand:
            try:
                return End(step, "done", self._write(provider, step))
            except Unclear as error:
                # Nothing may be put in the place of what is perhaps there.
                return End(step, "failed", error=f"{error}; it may have been done: {LOOK}")
            except Exception as error:  # noqa: BLE001 - the other steps' outcomes must still be told
                message = as_sentence(account, error)
                given_up = _given_up(error)
        if given_up and not errand.answered:
            return End(step, "skipped", error=not_begun(given_up))
        if given_up:
            message = f"{message}; part of it may have been done: {LOOK}"
        elif step.change.action == "replace" and step.verb == "create":
            message = f"{message}; {self._put_back(provider, step)}"
        return End(step, "failed", error=message, cut=bool(given_up))

    def _objection(self, provider: Provider, step: Step) -> str | None:
        """Read once more what is to be changed, and say why it must be left alone, if it must.

        A create looks for itself: its provider adopts an equal object and refuses another.
        """
        if step.verb == "create":
            return None
        former = step.change.former
        # Only what is deleted can lose messages.
        thorough = step.verb == "delete" and not self._rules.may_be_full(step.address)
        now = provider.read(self._outside(former), thorough=thorough)
        if now is not None:
            now = replace(now, spec=self._handles.inside(now.spec, now.account))
        against = objection(step.verb, step.address, former, now, self._rules)
        if against is None and now is not None and step.verb == "delete":
            lasting = step.change.wanted.outputs if step.change.action == "replace" else ()
            found = self._lookout.referrers(former, lasting)
            return pointed_at(step.address, found, self._rules)
        return against

    def _write(self, provider: Provider, step: Step) -> Live | None:
        change = step.change
        if step.verb == "delete":
            provider.delete(self._outside(change.former))
            return None
        if step.verb == "create":
            return provider.create(self._outside(change.wanted))
        return provider.update(
            self._outside(change.wanted), self._outside(change.former), change.changes
        )

    def _outside(self, item: Side) -> Side:
        return replace(item, spec=self._handles.outside(item))

    def _put_back(self, provider: Provider, step: Step) -> str:
        """Restore what a replace deleted before its second half failed; say how that went."""
        change = step.change
        try:
            provider.create(replace(change.wanted, spec=self._handles.outside(change.former)))
        except Exception as error:  # noqa: BLE001 - the first failure must still be told
            reason = as_sentence(change.wanted.account, error)
            failed = f"putting the former one back failed too ({reason})"
            return f"{failed}, so {NOTHING_THERE} once the cause is mended"
        return "the former one was put back"


def _given_up(error: Exception) -> str:
    return error.given_up if isinstance(error, ServiceError) else ""


def undone(reason: str, *, cleared: bool) -> str:
    """Say why a step was not begun, and what that leaves behind."""
    return (
        f"{reason}; its former self is deleted already, so {NOTHING_THERE}" if cleared else reason
    )


def cut_short(ends: Iterable[End]) -> bool:
    """Say whether steps were left, and nothing is known to be wrong with any."""
    left = [end for end in ends if end.result != "done"]
    return bool(left) and all(end.result == "skipped" or end.cut for end in left)


def outcomes(plan: Plan, ends: Mapping[StepId, End]) -> tuple[Outcome, ...]:
    """Return how each action of a plan ended; of two halves of a replace the worse one counts."""
    by_address: dict[str, list[End]] = {}
    for (address, _), end in ends.items():
        by_address.setdefault(address, []).append(end)
    found: list[Outcome] = []
    for action in plan.actions:
        mine = by_address[action.address]
        worst = min(mine, key=lambda end: ("failed", "skipped", "done").index(end.result))
        found.append(
            Outcome(
                address=action.address,
                action=action.action,
                outcome=worst.result,
                error=worst.error,
            )
        )
    return tuple(found)
