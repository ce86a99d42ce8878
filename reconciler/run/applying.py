"""Apply: what may be carried out, and carrying it out, independent steps side by side."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Literal

from reconciler.core.model.errors import PlanRefused, WrongUsage
from reconciler.core.model.pacing import STEPS_AT_ONCE
from reconciler.core.model.steps import Outcome, Step, StepId
from reconciler.core.planning.guards import short_list
from reconciler.core.planning.plan import Prepared
from reconciler.core.planning.succession import held_back
from reconciler.core.planning.waves import Wave
from reconciler.core.provider import Provider
from reconciler.run.halting import INTERRUPTED, Halt, TimeLimit
from reconciler.run.other_shards import Elsewhere, ShardWait
from reconciler.run.planning import Planned
from reconciler.run.session import Session
from reconciler.run.steps import LOOK, End, Recorder, Worker, cut_short, outcomes, undone
from reconciler.run.threads import Progress, silent
from reconciler.run.turns import Turns
from reconciler.run.underway import Underway
from reconciler.run.wave_gate import ProveWave, WaveGate
from reconciler.transport.patience import on_errand

ELSEWHERE_EVERY = 5.0
"""Seconds after which other runs are looked at while something is under way here."""
NO_SHARD_WAIT = ShardWait()


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of each action of a plan, in the plan's order.

    `cut_short`: some were left, and nothing is known to be wrong: the run was to end (a time
    limit), or could not wait any longer for others.
    """

    outcomes: tuple[Outcome, ...]
    interrupted: bool = False
    cut_short: bool = False

    @property
    def done(self) -> bool:
        """Say whether every action was done."""
        return all(outcome.outcome == "done" for outcome in self.outcomes)


def apply(
    session: Session,
    planned: Planned,
    *,
    wait: float = 0.0,
    limit: TimeLimit | None = None,
    recorder: Recorder | None = None,
    stop: threading.Event | None = None,
    progress: Progress = silent,
) -> Applied:
    """Carry out a plan of this session, as far as it is agreed to and its guards let it pass.

    What failed is among the outcomes, with its reason. `wait` are the seconds that other shards are
    waited for, `recorder` is told of every write, and once `stop` is set or `limit` reached nothing
    more is begun.

    Raises:
        PlanRefused: a guard refuses, or it is not what was agreed to; nothing was changed.
        WrongUsage: it was planned against a snapshot.
    """
    if session.live is not None:
        raise WrongUsage("a plan against a snapshot cannot be applied: plan against the services")
    refused = [guard.message for guard in planned.plan.refused()]
    if against := [*session.agreement.objections(planned.plan), *refused]:
        raise PlanRefused("; ".join(against))
    return carry_out(
        planned.prepared,
        session.connected(),
        progress=progress,
        recorder=recorder,
        stop=stop,
        shard_wait=ShardWait(wait, session.tell),
        limit=limit,
        prove=_proving(session),
    )


def _proving(session: Session) -> ProveWave | None:
    """Return what proves a wave, None where the policy does not ask for it."""
    if not session.declarations.policy.verify or session.terms.destroying:
        return None
    return partial(session.prove, session)


def carry_out(
    prepared: Prepared,
    providers: Mapping[str, Provider],
    *,
    progress: Progress = silent,
    recorder: Recorder | None = None,
    stop: threading.Event | None = None,
    shard_wait: ShardWait = NO_SHARD_WAIT,
    limit: TimeLimit | None = None,
    prove: ProveWave | None = None,
) -> Applied:
    """Carry out a plan's steps, independent ones side by side.

    Before an object is updated or deleted it is read once more: it has to be what the plan saw. A
    failure stops exactly what depends on it, and all later waves. Steps that prune wait until all
    others have ended, and are held back where what may take over from theirs is not there. What
    other runs make at the same time is waited for, as long as `shard_wait` lasts. With `prove` a
    wave begins only when those before it deliver.
    Once `stop` is set or `limit` reached, calls under way finish, none waits to be made or tried
    again (but those that complete a replace), and nothing more is begun. So it
    is with the first KeyboardInterrupt, which may come between any two lines, though; a second one
    escapes.
    """
    with ThreadPoolExecutor(STEPS_AT_ONCE, thread_name_prefix="apply") as pool:
        halt = Halt(stop or threading.Event(), limit)
        worker = Worker(prepared, providers, recorder, halt)
        elsewhere = Elsewhere(prepared, providers, shard_wait)
        gate = WaveGate(prepared, prove, progress)
        run = _Run(prepared, worker, Underway(pool), progress, halt, elsewhere, gate)
        try:
            with on_errand(halt):
                ends = run.to_the_end()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    short = gate.shut is None and cut_short(ends.values())
    return Applied(outcomes(prepared.plan, ends), run.interrupted, short)


class _Run:
    """One apply under way; only the main thread touches its state."""

    def __init__(
        self,
        prepared: Prepared,
        worker: Worker,
        underway: Underway,
        progress: Progress,
        halt: Halt,
        elsewhere: Elsewhere,
        gate: WaveGate,
    ) -> None:
        self._steps = prepared.steps
        self._waves = prepared.waves
        self._last = max((n for n, it in enumerate(prepared.waves) if it.steps), default=0)
        self._handles = prepared.handles
        self._worker = worker
        self._underway = underway
        self._progress = progress
        self._ends: dict[StepId, End] = {}
        self._ended = 0
        self._waiting: dict[StepId, set[StepId]] = {}
        self._dependants: dict[StepId, list[Step]] = {}
        self._begun: set[StepId] = set()
        self._waiting_for = prepared.waiting
        self._held_back: Mapping[StepId, str] = {}
        self._halt = halt
        self._stop = halt.stop
        self._elsewhere = elsewhere
        self._gate = gate
        self._needed: set[StepId] = set()
        self._turns = Turns()

    def to_the_end(self) -> dict[StepId, End]:
        """Run every step that can be run; return how each ended."""
        for prune in (False, True):
            for number, wave in enumerate(self._waves):
                self._carry_out(number, wave, prune=prune)
        if self._stop.is_set():
            self._account_for_all()
        return self._ends

    def _carry_out(self, number: int, wave: Wave, *, prune: bool) -> None:
        """Run the steps of a wave that prune, or those that do not."""
        steps = [
            step
            for step in self._steps
            if step.id in wave.steps and (step.phase == "prune") == prune
        ]
        if not steps:
            return
        # What a wave takes away is taken when it delivers, too, as long as others are to follow.
        proven = min(number, self._last - 1) if prune else number - 1
        reason = self._gate.shut or self._not_on(number) or self._silence(proven)
        if reason is not None:
            for step in steps:
                self._finish(self._skipped(step, reason))
            return
        self._interruptible(partial(self._wait_for, self._heirs(steps) if prune else ()))
        self._interruptible(partial(self._start, steps))
        while self._underway or self._needed:
            self._interruptible(self._go_on)

    def _not_on(self, number: int) -> str | None:
        """Say why a wave is not begun: one before it was not done whole, None if all were.

        What prunes may be held back without anything being wrong.
        """
        for wave in self._waves[:number]:
            ends = [end for step, end in self._ends.items() if step in wave.steps]
            failed = sorted({end.step.address for end in ends if end.result == "failed"})
            skipped = sorted(
                {
                    end.step.address
                    for end in ends
                    if end.result == "skipped" and end.step.phase != "prune"
                }
            )
            if failed:
                return f"wave {wave.name} ended with failures: {short_list(failed)}; apply again"
            if skipped and self._halt.reason() is None:
                return f"wave {wave.name} was not done whole: {short_list(skipped)}; apply again"
        return None

    def _silence(self, number: int) -> str | None:
        """Say why nothing more is begun after the waves up to `number`, None if they deliver."""
        if self._halt.reason() is None:
            made = [end.live for end in self._ends.values() if end.live is not None]
            self._interruptible(partial(self._gate.look, number, made, self._halt.seconds()))
        return self._halt.reason() or self._gate.shut

    def _account_for_all(self) -> None:
        """Say of each step how it ended, even if an interrupt came while it was being begun."""
        for step in self._steps:
            if step.id in self._ends:
                continue
            if step.id in self._begun:
                lost = End(
                    step, "failed", error=f"interrupted while it was begun: {LOOK}", cut=True
                )
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
            self._underway.have_all_told_again()
            self._progress("stopping after what is under way", self._ended, len(self._steps))

    def _awaited(self) -> list[Step]:
        """Return the steps of other runs that something here waits for."""
        return [self._elsewhere.steps[need] for need in sorted(self._needed)]

    def _heirs(self, steps: Sequence[Step]) -> list[Step]:
        """Return the steps of other runs that make what takes over from what these delete."""
        coming = {
            address
            for step in steps
            if (wanted := self._waiting_for.get(step.address)) is not None
            for address in wanted.coming
        }
        return [
            step
            for step in self._elsewhere.steps.values()
            if step.address in coming and step.verb != "delete" and step.id not in self._ends
        ]

    def _wait_for(self, awaited: Sequence[Step]) -> None:
        """Wait until these steps of other runs have ended."""
        while left := [step for step in awaited if step.id not in self._ends]:
            self._look(left)

    def _go_on(self) -> None:
        if self._underway:
            self._collect(ELSEWHERE_EVERY if self._needed else None)
        else:
            self._look(self._awaited())

    def _look(self, awaited: Sequence[Step]) -> None:
        """Look once what of these is done; with no patience left, or no will, it is not."""
        for step, live in self._elsewhere.done(awaited):
            self._finish(End(step, "done", live))
        left = [step for step in awaited if step.id not in self._ends]
        if not left:
            return
        self._elsewhere.tell(left)
        seconds = min(self._elsewhere.pause(), self._halt.seconds())
        if seconds and not self._stop.wait(seconds):
            return
        for step in left:
            self._finish(End(step, "skipped", error=self._elsewhere.late(step)))

    def _collect(self, within: float | None) -> None:
        future = self._underway.next_end(within)
        if future is not None:
            # It counts as under way until all about its end is written down.
            self._finish(future.result())
            self._underway.settle(future)
            return
        # What others made meanwhile lets more begin beside what is under way.
        for step, live in self._elsewhere.done(self._awaited()):
            self._finish(End(step, "done", live))

    @property
    def interrupted(self) -> bool:
        """Say whether the run was told to stop early."""
        return self._stop.is_set()

    def _start(self, steps: Sequence[Step]) -> None:
        self._progress("applying", self._ended, len(self._steps))
        undone = {step for step, end in self._ends.items() if end.result != "done"}
        every = (*self._steps, *self._elsewhere.steps.values())
        self._held_back = held_back(every, self._waiting_for, undone)
        for step in steps:
            self._waiting[step.id] = {need for need in step.needs if need not in self._ends}
            self._needed |= self._waiting[step.id] & self._elsewhere.steps.keys()
            for need in self._waiting[step.id]:
                self._dependants.setdefault(need, []).append(step)
        for step in steps:
            if not self._waiting[step.id]:
                self._begin(step)

    def _begin(self, step: Step) -> None:
        if step.id in self._begun:
            return
        self._begun.add(step.id)
        # The second half of a replace is still under way: without it nothing would be there.
        cleared = self._cleared(step)
        halted = None if cleared else self._halt.reason()
        if halted is not None:
            self._finish(self._skipped(step, halted))
            return
        if step.id in self._held_back:
            self._finish(self._skipped(step, self._held_back[step.id]))
            return
        reason = self._broken(step)
        if reason is not None:
            self._finish(self._skipped(step, reason))
            return
        if self._turns.take(step):
            self._underway.begin(partial(self._carried_out, step, cleared=cleared))

    def _carried_out(self, step: Step, *, cleared: bool) -> End:
        """Carry a step out, in a thread of the pool, where it may have waited for its turn."""
        halted = None if cleared else self._halt.reason()
        if halted is not None:
            return End(step, "skipped", error=undone(halted, cleared=False))
        return self._worker.carry_out(step, cleared=cleared)

    def _broken(self, step: Step) -> str | None:
        """Say which of the steps that it needs did not succeed, None if all did."""
        broken = {need for need in step.needs if self._ends[need].result != "done"}
        late = [
            self._ends[need].error or "" for need in sorted(broken & self._elsewhere.steps.keys())
        ]
        own = sorted({address for address, _ in broken - self._elsewhere.steps.keys()})
        if own:
            return f"it needs {', '.join(own)}, which did not succeed"
        return f"it needs what other shards do: {'; '.join(late)}; apply again" if late else None

    def _skipped(self, step: Step, reason: str) -> End:
        cleared = self._cleared(step)
        result: Literal["failed", "skipped"] = "failed" if cleared else "skipped"
        return End(step, result, error=undone(reason, cleared=cleared))

    def _cleared(self, step: Step) -> bool:
        """Say whether the first half of the replace of which `step` is the second half was done."""
        deleted = self._ends.get((step.address, "delete")) if step.verb == "create" else None
        return deleted is not None and deleted.result == "done"

    def _finish(self, end: End) -> None:
        self._needed.discard(end.step.id)
        self._ends[end.step.id] = end
        self._ended += end.step.id not in self._elsewhere.steps
        if end.live is not None and end.step.change.desired is not None:
            self._handles.learn(end.step.change.desired, end.live.outputs)
        self._progress("applying", self._ended, len(self._steps))
        for step in self._dependants.get(end.step.id, ()):
            self._waiting[step.id].discard(end.step.id)
            if not self._waiting[step.id]:
                self._begin(step)
        if (following := self._turns.pop(end.step)) is not None:
            # Whether the run is to stop by now is asked where it is carried out.
            cleared = self._cleared(following)
            self._underway.begin(partial(self._carried_out, following, cleared=cleared))
