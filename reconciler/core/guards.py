"""What a plan may do. Each guard gives its own verdict and names its own override."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.diff import matches
from reconciler.core.manifest.settings import Limit, Policy
from reconciler.core.model import Guard, Live, live_address
from reconciler.core.order import Change, Referrers, leaves, referring


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the one who runs a command allows this once; addresses may be patterns."""

    max_deletes: Limit | None = None
    max_updates: Limit | None = None
    adopt: tuple[str, ...] = ()
    unprotect: tuple[str, ...] = ()
    allow_non_empty: bool = False
    allow_referenced: bool = False
    destroying: bool = False
    """Nothing is declared on purpose."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What guards look at besides the changes themselves.

    `owned` counts our live objects; `unread` names scopes whose read failed; `withheld` counts
    deletes that were left out; `targeted` says that a --target filter was given. `needed` is what
    declarations refer to: kind, account (or none) and handle.
    """

    policy: Policy
    overrides: Overrides
    declared: int
    owned: int
    unread: Sequence[str]
    withheld: int
    targeted: bool
    referrers: Referrers
    needed: Collection[tuple[str, str, str]]


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
    return short_list([change.address for change in changes])


def short_list(names: Sequence[str]) -> str:
    """Name the first of what may be many, and count the rest."""
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown


def _prune(changes: Sequence[Change], situation: Situation) -> Guard:
    pruned = [change for change in changes if change.action == "delete"]
    if situation.overrides.destroying or situation.policy.prune:
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
    deletes = name == "maxDeletes"
    policy, overrides = situation.policy, situation.overrides
    chosen = overrides.max_deletes if deletes else overrides.max_updates
    # To destroy is to delete all: only a limit that is given with it counts.
    default = Limit(percent=100) if overrides.destroying else policy.max_deletes
    limit = chosen or (default if deletes else policy.max_updates)
    number = sum(change.action in actions for change in changes)
    what = f"{number} {' and '.join(f'{action}s' for action in actions)}"
    if limit.allows(number, situation.owned):
        message = f"{what} of {situation.owned} owned objects, limit {limit}"
        return Guard(guard=name, refused=False, message=message)
    option = "--max-deletes" if deletes else "--max-updates"
    message = (
        f"{what} of {situation.owned} owned objects are more than the limit of {limit}; if that is "
        f"meant, allow it with {option} {number}"
    )
    return Guard(guard=name, refused=True, message=message)


def _empty(changes: Sequence[Change], situation: Situation) -> Guard:
    if situation.declared or situation.overrides.destroying or not changes:
        return Guard(guard="empty", refused=False, message=f"{situation.declared} declared objects")
    message = (
        f"nothing at all is declared, and {len(changes)} owned objects would go; if that is meant, "
        "use `reconciler destroy`"
    )
    return Guard(guard="empty", refused=True, message=message)


def _partial_read(situation: Situation) -> Guard:
    if not situation.unread:
        return Guard(guard="partialRead", refused=False, message="everything was read")
    message = (
        f"not everything could be read ({short_list(situation.unread)}): nothing is done there or "
        f"with what depends on it, and {situation.withheld} deletes are left out"
    )
    return Guard(guard="partialRead", refused=False, message=message)


def _target(situation: Situation) -> Guard:
    message = "nothing is deleted with --target" if situation.targeted else "no --target given"
    return Guard(guard="target", refused=False, message=message)


def _adopt(changes: Sequence[Change], situation: Situation) -> Guard:
    wanted = [change for change in changes if change.adopts and _alters(change)]
    open_ = [
        change
        for change in wanted
        if not situation.policy.adopt and not _allowed(change, situation.overrides.adopt)
    ]
    if not open_:
        message = f"{len(wanted)} objects are taken over with changes"
        return Guard(guard="adopt", refused=False, message=message)
    message = (
        f"these exist without our mark and would be changed: {_names(open_)}; take them over with "
        f"--adopt {open_[0].address} (or policy.adopt: true)"
    )
    return Guard(guard="adopt", refused=True, message=message)


def _alters(change: Change) -> bool:
    """Say whether more than our own marks is changed: putting those on needs no consent."""
    marks = change.subject.spec.marks
    return any(not item.path.startswith(f"{marks}.reconciler:") for item in change.changes)


def _protect(changes: Sequence[Change], situation: Situation) -> Guard:
    stopped = [
        change
        for change in _removals(changes)
        if _protected(change) and not _allowed(change, situation.overrides.unprotect)
    ]
    if not stopped:
        return Guard(guard="protect", refused=False, message="nothing protected is removed")
    message = (
        f"these are protected and would be deleted or replaced: {_names(stopped)}; if that is "
        f"meant, allow it with --unprotect {stopped[0].address}"
    )
    return Guard(guard="protect", refused=True, message=message)


def _protected(change: Change) -> bool:
    declared = change.desired is not None and change.desired.protect
    return declared or (change.live is not None and change.live.protected)


def _non_empty(changes: Sequence[Change], situation: Situation) -> Guard:
    full = [change for change in _removals(changes) if change.live and change.live.waiting]
    allowed = situation.overrides.allow_non_empty or not situation.policy.protect_non_empty_queues
    if allowed or not full:
        message = f"{len(full)} objects that hold messages are removed"
        return Guard(guard="nonEmpty", refused=False, message=message)
    counts = [f"{c.address} (about {c.live.waiting} messages)" for c in full if c.live]
    message = (
        f"these still hold messages, which would be lost: {short_list(counts)}; read them first, "
        "or allow it with --allow-non-empty"
    )
    return Guard(guard="nonEmpty", refused=True, message=message)


def _referenced(changes: Sequence[Change], situation: Situation) -> Guard:
    held = list(_held(changes, situation))
    if situation.overrides.allow_referenced or not held:
        message = f"{len(held)} objects that others point at are removed"
        return Guard(guard="referenced", refused=False, message=message)
    message = (
        f"others still point at what would go: {short_list(held)}; remove them first, or allow it "
        "with --allow-referenced"
    )
    return Guard(guard="referenced", refused=True, message=message)


def _held(changes: Sequence[Change], situation: Situation) -> Iterator[str]:
    """Yield the address of each object that others point at, and what does."""
    by_live = {id(change.live): change for change in changes if change.live is not None}
    for change in _removals(changes):
        sources = [
            live_address(other.spec, other.account)
            for other, path in referring(change.former, situation.referrers)
            if _stays(change, other, path, by_live)
        ]
        if change.action == "delete" and _needed(change.former, situation.needed):
            sources.append("what is declared")
        if sources:
            yield f"{change.address} (from {short_list(sorted(sources))})"


def _needed(live: Live, needed: Collection[tuple[str, str, str]]) -> bool:
    handle = live.spec.handle(live.account, live.outputs)
    return any((live.spec.kind, scope, handle) in needed for scope in (live.account, ""))


def _stays(change: Change, referrer: Live, path: str, by_live: Mapping[int, Change]) -> bool:
    """Say whether a live reference would point at nothing once the change's live side is gone."""
    if change.action == "replace" and referrer.spec.refs[path].output in change.wanted.outputs:
        return False  # what comes in its place has the same remote value
    other = by_live.get(id(referrer))
    return other is None or not (other.action in ("delete", "replace") or leaves(other, path))


def _removals(changes: Iterable[Change]) -> Iterator[Change]:
    return (change for change in changes if change.action in ("delete", "replace"))


def _allowed(change: Change, patterns: Iterable[str]) -> bool:
    return any(matches(pattern, change.address) for pattern in patterns)
