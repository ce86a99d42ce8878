"""Observe and apply: the only loops and the only threads.

The engine knows providers by their interface and plans by their steps; it decides nothing.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, as_completed, wait
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, Protocol, TypeVar

from reconciler.core.decide import Observation
from reconciler.core.errors import (
    PlanRefused,
    ReconcilerError,
    ServiceError,
    SettingsError,
    Unclear,
)
from reconciler.core.manifest.reader import Declarations
from reconciler.core.model import Desired, Finding, Live, Outcome
from reconciler.core.order import Step, StepId
from reconciler.core.plan import Prepared
from reconciler.core.precondition import objection
from reconciler.core.provider import Interest, Provider, Scope
from reconciler.core.refs import Index
from reconciler.core.unread import Unread

A = TypeVar("A")
B = TypeVar("B")

Side = TypeVar("Side", Desired, Live)

SIDE_BY_SIDE = 64
# Reading a scope is mostly waiting for its own rate limit; providers bound the calls under way.
SCOPES_SIDE_BY_SIDE = 512
INTERRUPTED = "interrupted before it was begun"
LOOK = "plan again to see"
NOTHING_THERE = "nothing is there now: run apply again once the cause is mended"

log = logging.getLogger(__name__)


class Progress(Protocol):
    """Hears how far a run has come, on the thread that runs it."""

    def __call__(self, doing: str, done: int, total: int, /) -> None:
        """Take up that `done` of `total` parts of `doing` have ended."""
        ...


def silent(_doing: str, _done: int, _total: int, /) -> None:
    """Be a Progress that tells nobody."""


def observe(
    declarations: Declarations,
    providers: Mapping[str, Provider],
    *,
    progress: Progress = silent,
    everything: bool = False,
) -> Observation:
    """Read every scope of every provider, side by side; with `everything`, details of all objects.

    A scope that fails is reported as unread, with the reason; the others go on.

    Raises:
        PlanRefused: an account is not the declared one.
    """
    with (
        ThreadPoolExecutor(SCOPES_SIDE_BY_SIDE, thread_name_prefix="observe") as pool,
        ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="detail") as details,
    ):
        reader = _Reader(declarations, details, everything=everything)
        scopes = [
            (provider, scope) for provider in providers.values() for scope in provider.scopes()
        ]
        futures = [pool.submit(reader.read, provider, scope) for provider, scope in scopes]
        try:
            _watch(futures, "reading", progress)
            results = [future.result() for future in futures]
        except BaseException:
            # After a refusal nothing more is begun; calls under way end by themselves.
            pool.shutdown(wait=False, cancel_futures=True)
            details.shutdown(wait=False, cancel_futures=True)
            raise
    return Observation(
        live=tuple(item for found in results if not isinstance(found, Unread) for item in found),
        unread=tuple(found for found in results if isinstance(found, Unread)),
        warnings=tuple(sorted(reader.warnings, key=lambda item: (item.address, item.message))),
    )


def _watch(futures: Sequence[Future[A]], doing: str, progress: Progress) -> None:
    progress(doing, 0, len(futures))
    for done, future in enumerate(as_completed(futures), start=1):
        future.result()
        progress(doing, done, len(futures))


class _Reader:
    """Reads one scope at a time, from many threads."""

    def __init__(
        self, declarations: Declarations, details: ThreadPoolExecutor, *, everything: bool
    ) -> None:
        self._everything = everything
        self.warnings: set[Finding] = set()
        self._details = details
        self._discover_all = declarations.policy.discover == "all"
        self._stack = declarations.stack
        self._declared: dict[tuple[str, type, str | None], list[Desired]] = {}
        for item in declarations.desired:
            key = (item.account, type(item.spec), item.spec.partition())
            self._declared.setdefault(key, []).append(item)
        self._topics = declarations.topics()

    def read(self, provider: Provider, scope: Scope) -> list[Live] | Unread:
        """Return everything in the scope, or why it could not be read whole."""
        interest = Interest(
            stack=self._stack,
            declared=tuple(item.spec for item in self._within(scope)),
            discover_all=self._discover_all,
            warn=lambda text: self.warnings.add(Finding(address=scope.account, message=text)),
            each=self._each,
            everything=self._everything,
            topics=self._topics.get(scope.account, frozenset()),
        )
        try:
            # Collected before it is believed: half a listing is no listing.
            return list(provider.observe(scope, interest))
        except (ServiceError, SettingsError) as error:
            return Unread(scope, _sentence(scope.account, error))
        except PlanRefused:
            raise
        except Exception as error:  # noqa: BLE001 - a defect in one provider must not hide the rest
            return Unread(scope, _defect(scope.account, error))

    def _within(self, scope: Scope) -> Iterable[Desired]:
        for kind in scope.kinds:
            if scope.part is not None:
                yield from self._declared.get((scope.account, kind, scope.part), ())
                continue
            for (account, other, _), items in self._declared.items():
                if (account, other) == (scope.account, kind):
                    yield from items

    def _each(self, function: Callable[[A], B], items: Iterable[A], /) -> list[B]:
        futures = [self._details.submit(function, item) for item in items]
        try:
            return [future.result() for future in futures]
        except BaseException:
            for future in futures:
                future.cancel()
            raise


def _defect(account: str, error: Exception) -> str:
    log.debug("unexpected error in account %s", account, exc_info=error)
    return (
        f"{account}: unexpected {type(error).__name__}: this is a defect of the reconciler; run "
        "again with --debug and report it"
    )


def _sentence(account: str, error: ReconcilerError) -> str:
    """Name the account unless the error does so itself."""
    return str(error) if isinstance(error, ServiceError) else f"{account}: {error}"


@dataclass(frozen=True, slots=True)
class _End:
    """How a step ended; `live` is what it left behind."""

    step: Step
    result: Literal["done", "failed", "skipped"]
    live: Live | None = None
    error: str | None = None


class Recorder(Protocol):
    """Takes down every write before and after it is made, from many threads."""

    def begin(self, step: Step) -> None:
        """Take down that a write is about to be made."""
        ...

    def end(self, step: Step, outcome: str, error: str | None) -> None:
        """Take down how it ended."""
        ...


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of each action of a plan, in the plan's order."""

    outcomes: tuple[Outcome, ...]
    interrupted: bool = False


def apply(
    prepared: Prepared,
    providers: Mapping[str, Provider],
    *,
    progress: Progress = silent,
    recorder: Recorder | None = None,
    stop: threading.Event | None = None,
) -> Applied:
    """Carry out a plan's steps, independent ones side by side.

    Before an object is updated or deleted it is read once more: it has to be what the plan saw. A
    failure stops exactly what depends on it. Steps that prune wait until all others have ended.
    Once `stop` is set, calls under way finish and nothing more is begun. So it is with the first
    KeyboardInterrupt, which may come between any two lines, though; a second one escapes.
    """
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="apply") as pool:
        run = _Run(prepared, providers, pool, progress, recorder, stop or threading.Event())
        try:
            ends = run.to_the_end()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return Applied(_outcomes(prepared, ends), run.interrupted)


class _Run:
    """One apply under way; only the main thread touches its state."""

    def __init__(
        self,
        prepared: Prepared,
        providers: Mapping[str, Provider],
        pool: ThreadPoolExecutor,
        progress: Progress,
        recorder: Recorder | None,
        stop: threading.Event,
    ) -> None:
        self._steps = prepared.steps
        self._index: Index = prepared.index
        self._rules = prepared.rules
        self._recorder = recorder
        self._providers = providers
        self._pool = pool
        self._progress = progress
        self._ends: dict[StepId, _End] = {}
        self._running: dict[Future[_End], Step] = {}
        self._waiting: dict[StepId, set[StepId]] = {}
        self._dependants: dict[StepId, list[Step]] = {}
        self._begun: set[StepId] = set()
        self._stop = stop

    def to_the_end(self) -> dict[StepId, _End]:
        """Run every step that can be run; return how each ended."""
        for prune in (False, True):
            steps = [step for step in self._steps if (step.phase == "prune") == prune]
            self._interruptible(partial(self._start, steps))
            while self._running:
                self._interruptible(self._collect)
        if self._stop.is_set():
            self._account_for_all()
        return self._ends

    def _account_for_all(self) -> None:
        """Say of each step how it ended, even if an interrupt came while it was being begun."""
        for step in self._steps:
            if step.id in self._ends:
                continue
            if step.id in self._begun:
                lost = _End(step, "failed", error=f"interrupted while it was begun: {LOOK}")
                self._ends[step.id] = lost
            else:
                self._ends[step.id] = self._skipped(step, INTERRUPTED)

    def _interruptible(self, part: Callable[[], None]) -> None:
        """Let a first interrupt end `part` and begin no more steps; a second one escapes."""
        try:
            part()
        except KeyboardInterrupt:
            if self._stop.is_set():
                raise
            self._stop.set()
            self._progress("stopping after what is under way", len(self._ends), len(self._steps))

    def _collect(self) -> None:
        done, _ = wait(self._running, return_when=FIRST_COMPLETED)
        for future in done:
            # It counts as running until all about its end is written down.
            self._finish(future.result())
            self._running.pop(future)

    @property
    def interrupted(self) -> bool:
        """Say whether the run was told to stop early."""
        return self._stop.is_set()

    def _start(self, steps: Sequence[Step]) -> None:
        self._progress("applying", len(self._ends), len(self._steps))
        for step in steps:
            self._waiting[step.id] = {need for need in step.needs if need not in self._ends}
            for need in self._waiting[step.id]:
                self._dependants.setdefault(need, []).append(step)
        for step in steps:
            if not self._waiting[step.id]:
                self._begin(step)

    def _begin(self, step: Step) -> None:
        if step.id in self._begun:
            return
        self._begun.add(step.id)
        if self._stop.is_set():
            self._finish(self._skipped(step, INTERRUPTED))
            return
        broken = {need[0] for need in step.needs if self._ends[need].result != "done"}
        if broken:
            reason = f"it needs {', '.join(sorted(broken))}, which did not succeed"
            self._finish(self._skipped(step, reason))
            return
        self._running[self._pool.submit(self._carry_out, step)] = step

    def _skipped(self, step: Step, reason: str) -> _End:
        """Say why a step is not begun, and what that leaves behind."""
        deleted = self._ends.get((step.address, "delete")) if step.verb == "create" else None
        if deleted is not None and deleted.result == "done":
            reason = f"{reason}; its former self is deleted already, so {NOTHING_THERE}"
        return _End(step, "skipped", error=reason)

    def _finish(self, end: _End) -> None:
        self._ends[end.step.id] = end
        if end.live is not None and end.step.change.desired is not None:
            item = end.step.change.desired
            self._index.learn(item.spec, item.account, end.live.outputs)
        self._progress("applying", len(self._ends), len(self._steps))
        for step in self._dependants.get(end.step.id, ()):
            self._waiting[step.id].discard(end.step.id)
            if not self._waiting[step.id]:
                self._begin(step)

    def _carry_out(self, step: Step) -> _End:
        untold = self._untold(step)
        end = untold or self._attempt(step)
        if untold is None:
            self._tell(end)
        return end

    def _untold(self, step: Step) -> _End | None:
        """Take down that a step begins; what cannot be taken down is not done."""
        try:
            if self._recorder is not None:
                self._recorder.begin(step)
        except ReconcilerError as error:
            return replace(self._skipped(step, str(error)), result="failed")
        return None

    def _tell(self, end: _End) -> None:
        """Take down how a step ended; it ended so even if that cannot be taken down."""
        try:
            if self._recorder is not None:
                self._recorder.end(end.step, end.result, end.error)
        except ReconcilerError as error:
            log.warning("%s: %s, but not taken down: %s", end.step.address, end.result, error)

    def _attempt(self, step: Step) -> _End:
        account = step.change.subject.account
        provider = self._providers[account]
        try:
            why_not = self._objection(provider, step)
            if why_not is not None:
                return _End(step, "failed", error=why_not)
            return _End(step, "done", self._write(provider, step))
        except Unclear as error:
            # Nothing may be put in the place of what is perhaps there.
            return _End(step, "failed", error=f"{error}; it may have been done: {LOOK}")
        except ReconcilerError as error:
            message = _sentence(account, error)
        except Exception as error:  # noqa: BLE001 - the other steps' outcomes must still be told
            message = _defect(account, error)
        if step.change.action == "replace" and step.verb == "create":
            message = f"{message}; {self._put_back(provider, step)}"
        return _End(step, "failed", error=message)

    def _objection(self, provider: Provider, step: Step) -> str | None:
        """Read once more what is to be changed, and say why it must be left alone, if it must.

        A create looks for itself: its provider adopts an equal object and refuses another.
        """
        if step.verb == "create":
            return None
        former = step.change.former
        # Only what is deleted can lose messages.
        thorough = step.verb == "delete" and not self._rules.allow_non_empty
        now = provider.read(self._outside(former), thorough=thorough)
        if now is not None:
            now = replace(now, spec=self._index.inside(now.spec, now.account))
        return objection(step.verb, former, now, self._rules)

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
        return replace(item, spec=self._index.outside(item))

    def _put_back(self, provider: Provider, step: Step) -> str:
        """Restore what a replace deleted before its second half failed; say how that went."""
        change = step.change
        try:
            provider.create(replace(change.wanted, spec=self._index.outside(change.former)))
        except ReconcilerError as error:
            reason = _sentence(change.wanted.account, error)
        except Exception as error:  # noqa: BLE001 - the first failure must still be told
            reason = _defect(change.wanted.account, error)
        else:
            return "the former one was put back"
        return f"putting the former one back failed too ({reason}), so {NOTHING_THERE}"


def _outcomes(prepared: Prepared, ends: Mapping[StepId, _End]) -> tuple[Outcome, ...]:
    by_address: dict[str, list[_End]] = {}
    for (address, _), end in ends.items():
        by_address.setdefault(address, []).append(end)
    found: list[Outcome] = []
    for action in prepared.plan.actions:
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
