"""What a plan may do. Each guard gives its own verdict and names its own override."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from reconciler.core.manifest.settings import Policy
from reconciler.core.model.addresses import ReferenceKey
from reconciler.core.model.objects import Live
from reconciler.core.model.plan import Guard
from reconciler.core.model.steps import Change
from reconciler.core.planning.order import leaves
from reconciler.core.planning.terms import Terms, allowed, limits, line, passing
from reconciler.core.text.phrases import counted
from reconciler.core.world.index import Index


@dataclass(frozen=True, slots=True)
class Situation:
    """What guards look at besides the changes themselves.

    `owned` counts our live objects; `unread` names scopes whose read failed; `withheld` counts
    deletes that were left out; `targeted` says that a --target filter was given. `live` knows what
    refers to what, `needed` is what declarations refer to. `today` is the day that what a guard
    offers to let through is counted from. `held_back` are addresses of deletes that this run does
    not make. `elsewhere` are the changes of other runs.
    """

    policy: Policy
    terms: Terms
    declared: int
    owned: int
    unread: Sequence[str]
    withheld: int
    targeted: bool
    live: Index[Live]
    elsewhere: Sequence[Change]
    held_back: Collection[str]
    needed: frozenset[ReferenceKey]
    today: date

    def passes(self, guard: str, change: Change) -> bool:
        """Say whether somebody let a change pass a guard that goes by addresses."""
        return allowed(change.address, passing(guard, self.policy, self.terms))

    def lines(self, guard: str, values: Iterable[str | int]) -> tuple[str, ...]:
        """Return the lines of policy.allow that would let these addresses, or numbers, pass."""
        return tuple(line(guard, value, self.today) for value in values)


def verdicts(changes: Sequence[Change], situation: Situation) -> tuple[Guard, ...]:
    """Return every guard's verdict, refused or not, always in the same order."""
    return (
        _prune(changes, situation),
        _limit(changes, situation, "maxDeletes", ("delete", "replace")),
        _limit(changes, situation, "maxUpdates", ("update",)),
        _empty(changes, situation),
        _partial_read(situation),
        _target(situation),
        _adopt(changes, situation),
        _protect(changes, situation),
        _non_empty(changes, situation),
        _referenced(changes, situation),
    )


def _names(changes: Iterable[Change]) -> str:
    return short_list(_addresses(changes))


def short_list(names: Sequence[str]) -> str:
    """Name the first of what may be many, and count the rest."""
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown


def _prune(changes: Sequence[Change], situation: Situation) -> Guard:
    pruned = [change for change in changes if change.action == "delete"]
    if situation.terms.destroying or situation.policy.prune:
        return Guard(guard="prune", refused=False, message="policy.prune is true")
    if not pruned:
        return Guard(guard="prune", refused=False, message="nothing to prune")
    message = (
        f"policy.prune is false, and this stack owns what it no longer declares: {_names(pruned)}; "
        "declare it again, or set policy.prune: true"
    )
    return Guard(guard="prune", refused=True, message=message)


def _limit(
    changes: Sequence[Change], situation: Situation, name: str, actions: Collection[str]
) -> Guard:
    number = sum(change.action in actions for change in changes)
    several = " and ".join(f"{action}s" for action in actions)
    what = f"1 {' or '.join(actions)}" if number == 1 else f"{number:,} {several}"
    chosen = limits(name, situation.policy, situation.terms)
    for limit in chosen:
        if limit.allows(number, situation.owned):
            message = f"{what} of {counted(situation.owned, 'owned object')}, limit {limit}"
            return Guard(guard=name, refused=False, message=message)
    option = "--max-deletes" if name == "maxDeletes" else "--max-updates"
    are = "is" if number == 1 else "are"
    message = (
        f"{what} of {counted(situation.owned, 'owned object')} {are} more than the limit of "
        f"{' or '.join(map(str, chosen))}; if that is meant, allow it with {option} {number}"
    )
    return _refused(name, message, situation.lines(name, [number]))


def _refused(name: str, message: str, lines: Sequence[str]) -> Guard:
    """Refuse, and say which lines of YAML would let it through."""
    more = f" and {len(lines) - 1} more like it" if len(lines) > 1 else ""
    offer = f"{message}, or once by this line of policy.allow: {lines[0]}{more}"
    return Guard(guard=name, refused=True, message=offer, allow=tuple(lines))


def _empty(changes: Sequence[Change], situation: Situation) -> Guard:
    if situation.declared or situation.terms.destroying or not changes:
        message = counted(situation.declared, "declared object")
        return Guard(guard="empty", refused=False, message=message)
    message = (
        f"nothing at all is declared, and {counted(len(changes), 'owned object')} would go; if "
        "that is meant, use `reconciler destroy`"
    )
    return Guard(guard="empty", refused=True, message=message)


def _partial_read(situation: Situation) -> Guard:
    if not situation.unread:
        return Guard(guard="partialRead", refused=False, message="all was read that was asked for")
    message = (
        f"not everything could be read ({short_list(situation.unread)}): nothing is done there or "
        f"with what depends on it, and {counted(situation.withheld, 'delete')} "
        f"{'is' if situation.withheld == 1 else 'are'} left out"
    )
    return Guard(guard="partialRead", refused=False, message=message)


def _target(situation: Situation) -> Guard:
    message = "nothing is deleted with --target" if situation.targeted else "no --target given"
    return Guard(guard="target", refused=False, message=message)


def _adopt(changes: Sequence[Change], situation: Situation) -> Guard:
    wanted = [change for change in changes if change.adopts and _alters(change)]
    open_ = [change for change in wanted if not situation.passes("adopt", change)]
    if not open_:
        message = f"{counted(len(wanted), 'object')} taken over with changes"
        return Guard(guard="adopt", refused=False, message=message)
    message = (
        f"these exist without our mark and would be changed: {_names(open_)}; take them over with "
        f"--adopt {open_[0].address} (or policy.adopt: true)"
    )
    return _refused("adopt", message, situation.lines("adopt", _addresses(open_)))


def _addresses(changes: Iterable[Change]) -> list[str]:
    return [change.address for change in changes]


def _alters(change: Change) -> bool:
    """Say whether more than our own marks is changed: putting those on needs no consent."""
    marks = change.subject.spec.marks
    return any(not item.path.startswith(f"{marks}.reconciler:") for item in change.changes)


def _protect(changes: Sequence[Change], situation: Situation) -> Guard:
    stopped = [
        change
        for change in _removals(changes)
        if _protected(change) and not situation.passes("protect", change)
    ]
    if not stopped:
        return Guard(guard="protect", refused=False, message="nothing protected is removed")
    message = (
        f"these are protected and would be deleted or replaced: {_names(stopped)}; if that is "
        f"meant, allow it with --unprotect {stopped[0].address}"
    )
    return _refused("protect", message, situation.lines("protect", _addresses(stopped)))


def _protected(change: Change) -> bool:
    declared = change.desired is not None and change.desired.protect
    return declared or (change.live is not None and change.live.protected)


def _non_empty(changes: Sequence[Change], situation: Situation) -> Guard:
    full = [change for change in _removals(changes) if change.live and change.live.waiting]
    stopped = [change for change in full if not situation.passes("nonEmpty", change)]
    if not stopped:
        message = f"{counted(len(full), 'object')} removed with messages inside"
        return Guard(guard="nonEmpty", refused=False, message=message)
    counts = [
        f"{c.address} (about {counted(c.live.waiting or 0, 'message')})" for c in stopped if c.live
    ]
    message = (
        f"these still hold messages, which would be lost: {short_list(counts)}; read them first, "
        "or allow it with --allow-non-empty"
    )
    return _refused("nonEmpty", message, situation.lines("nonEmpty", _addresses(stopped)))


def _referenced(changes: Sequence[Change], situation: Situation) -> Guard:
    found = list(_still_referenced(changes, situation))
    stopped = [(one, by) for one, by in found if not situation.passes("referenced", one)]
    if not stopped:
        message = f"{counted(len(found), 'object')} removed though others point there"
        return Guard(guard="referenced", refused=False, message=message)
    named = [f"{change.address} (from {sources})" for change, sources in stopped]
    message = (
        f"others still point at what would go: {short_list(named)}; remove them first, or allow it "
        "with --allow-referenced"
    )
    addresses = _addresses(change for change, _ in stopped)
    return _refused("referenced", message, situation.lines("referenced", addresses))


def _still_referenced(
    changes: Sequence[Change], situation: Situation
) -> Iterator[tuple[Change, str]]:
    """Yield the removal of each object that others point at, and what does."""
    every = (*changes, *situation.elsewhere)
    by_live = {id(change.live): change for change in every if change.live is not None}
    for change in _removals(changes):
        if change.address in situation.held_back:
            continue  # it stays for a declared object that still points at it
        sources: list[str] = [
            other.live_address
            for other, path in situation.live.referring(change.former)
            if _stays(change, other, path, by_live)
        ]
        if change.action == "delete" and not situation.needed.isdisjoint(change.former.keys):
            sources.append("what is declared")
        if sources:
            yield change, short_list(sorted(sources))


def _stays(change: Change, referrer: Live, path: str, by_live: Mapping[int, Change]) -> bool:
    """Say whether a live reference would point at nothing once the change's live side is gone."""
    if change.action == "replace" and referrer.spec.refs[path].output in change.wanted.outputs:
        return False  # what comes in its place has the same remote value
    if not referrer.spec.refs[path].holds:
        return False
    other = by_live.get(id(referrer))
    return other is None or not (other.action in ("delete", "replace") or leaves(other, path))


def _removals(changes: Iterable[Change]) -> Iterator[Change]:
    return (change for change in changes if change.action in ("delete", "replace"))
