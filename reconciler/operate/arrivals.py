"""What arrived at what is declared: asked of the services, and judged."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from reconciler.core.model.abilities import ArrivalCounts, ArrivalQuestion
from reconciler.core.model.addresses import DeclaredAddress
from reconciler.core.model.objects import Desired, Live
from reconciler.core.provider import Cannot, Each, Provider
from reconciler.core.verdicts.arrivals import QUIETER, Arrivals, ArrivalWindow, judge_arrivals
from reconciler.run import Progress, Question, Unanswered, ask


def _this_moment() -> ArrivalWindow:
    return ArrivalWindow(int(time.time()))


def _nobody(_sentence: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class ArrivalWish:
    """To know what arrived in `window`.

    `max_quiet`: how many times its longest silence before something may be silent and still be
    healthy; None: silence is told, and is no problem. `tell` is told the price before it is paid.
    """

    window: ArrivalWindow = field(default_factory=_this_moment)
    max_quiet: float | None = None
    tell: Callable[[str], None] = _nobody

    @property
    def limit(self) -> float:
        """Return how many times its longest silence is quieter than usual."""
        return QUIETER if self.max_quiet is None else self.max_quiet


@dataclass(frozen=True, slots=True)
class Arrived:
    """What arrived by live address of what could be asked about, and what is lacking, in lines."""

    found: Mapping[str, Arrivals] = field(default_factory=dict)
    lacking: tuple[str, ...] = ()


def ask_arrivals(
    live: Sequence[Live], providers: Mapping[str, Provider], wish: ArrivalWish, progress: Progress
) -> Arrived:
    """Ask what arrived at these objects, account by account, after telling what that costs."""
    by_account: dict[str, list[Live]] = {}
    for item in live:
        by_account.setdefault(item.account, []).append(item)
    questions: dict[str, ArrivalQuestion] = {}
    for name, items in sorted(by_account.items()):
        arrivals = providers[name].abilities.arrivals
        question = None if isinstance(arrivals, Cannot) else arrivals(items)
        if question is not None:
            questions[name] = question
            wish.tell(f"{name}: {question.cost}")
    asked = [Question(name, partial(_look, it, wish)) for name, it in questions.items()]
    answers = ask(asked, doing="counting what arrived", progress=progress)
    lacking = [it.reason if isinstance(it, Unanswered) else it.lacking for it in answers]
    counts: dict[str, Mapping[int, float]] = {}
    for answer in answers:
        counts |= answer.counts if isinstance(answer, ArrivalCounts) else {}
    judged = (item for name in questions for item in by_account[name])
    return Arrived(
        {item.live_address: _judged(item, counts, wish) for item in judged},
        tuple(filter(None, lacking)),
    )


def _look(question: ArrivalQuestion, wish: ArrivalWish, _each: Each) -> ArrivalCounts:
    return question.look(wish.window.asked)


def _judged(item: Live, counts: Mapping[str, Mapping[int, float]], wish: ArrivalWish) -> Arrivals:
    return judge_arrivals(
        counts.get(item.live_address),
        wish.window,
        created=item.created,
        holding=bool(item.waiting),
        limit=wish.limit,
    )


def rejecting(desired: Iterable[Desired]) -> set[DeclaredAddress]:
    """Return the addresses of what is meant to stay empty: dead-letter queues of any kind."""
    return {
        address
        for item in desired
        for path, address in item.references.items()
        if item.spec.refs[path].rejects
    }


def senders_by_target(desired: Sequence[Desired]) -> dict[DeclaredAddress, list[DeclaredAddress]]:
    """Return by declared address what declared objects send there, through others or not.

    Those are what nothing else refers to: subscriptions, as a rule. What an
    object has its notifications from, or leaves what it could not deliver to, it does not send to.
    """
    referring: dict[DeclaredAddress, list[Desired]] = {}
    for item in desired:
        for path, address in item.references.items():
            reference = item.spec.refs[path]
            if not (reference.source or reference.rejects):
                referring.setdefault(address, []).append(item)
    return {address: sorted(_ends(address, referring, set())) for address in referring}


def _ends(
    address: DeclaredAddress,
    referring: Mapping[DeclaredAddress, Sequence[Desired]],
    seen: set[DeclaredAddress],
) -> set[DeclaredAddress]:
    """Return where the ways to an object begin; `seen` keeps circles from going on for ever."""
    found: set[DeclaredAddress] = set()
    for item in referring.get(address, ()):
        if item.address not in seen:
            seen.add(item.address)
            found |= _ends(item.address, referring, seen) or {item.address}
    return found
