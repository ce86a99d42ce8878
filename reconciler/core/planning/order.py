"""Changes → steps in an order that never breaks a reference.

Four phases: *prepare* what needs nothing cleared (root to leaf), *clear* what must go to make room
(leaf to root, along live references), *build* the rest (root to leaf), *prune* (leaf to root). They
fall out of what each step needs; steps that need nothing of each other may run side by side.
"""

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType
from typing import Protocol

from reconciler.core.model.addresses import Address, DeclaredAddress, within
from reconciler.core.model.errors import PlanRefused
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.spec import references
from reconciler.core.model.steps import PHASES, Change, Phase, Step, StepId, Verb
from reconciler.core.world.index import Index
from reconciler.core.world.sights import NO_OTHERS, Sights


class Successors(Protocol):
    """What may take over from something: `coming` are the addresses that the plan brings about."""

    @property
    def coming(self) -> tuple[Address, ...]:
        """Return the addresses."""
        ...


def order(
    changes: Sequence[Change],
    live: Index[Live],
    desired: Iterable[Desired],
    sights: Sights = NO_OTHERS,
    waiting: Mapping[Address, Successors] = MappingProxyType({}),
) -> tuple[Step, ...]:
    """Return the steps of `changes` in order of execution.

    `live` are all known live objects, `desired` all declared ones; `sights` tells which accounts
    are the same; `waiting` gives by address what a delete waits for.

    Raises:
        PlanRefused: the steps need each other in a circle.
    """
    by_id: dict[StepId, Change] = {
        (change.address, verb): change for change in changes for verb in _verbs(change)
    }
    needs: dict[StepId, set[StepId]] = {step: set() for step in by_id}
    links: dict[Address, list[DeclaredAddress]] = {
        item.address: sorted({*item.references.values(), *item.after}) for item in desired
    }
    _need_dependencies(needs, by_id, links)
    _need_cleared(needs, by_id, live)
    _need_silence(needs, by_id, live)
    _need_room(needs, changes, sights)
    replaced = [change.address for change in changes if change.action == "replace"]
    for address in replaced:
        needs[(address, "create")].add((address, "delete"))
    _break_delete_circles(needs)
    _refuse_circles(needs)
    _need_prepared(needs, replaced)
    _need_heirs(needs, by_id, waiting)
    phases = _phases(needs)
    return tuple(
        Step(step[0], step[1], phases[step], by_id[step], tuple(sorted(needs[step])))
        for step in _sorted(needs, phases)
    )


def _verbs(change: Change) -> tuple[Verb, ...]:
    return ("delete", "create") if change.action == "replace" else (change.action,)


def _need_dependencies(
    needs: dict[StepId, set[StepId]],
    by_id: Mapping[StepId, Change],
    links: Mapping[Address, Sequence[DeclaredAddress]],
) -> None:
    """Let creates wait for what they refer to, directly or through unchanged objects.

    An update waits only for what is yet to be created.
    """
    for step in by_id:
        address, verb = step
        if verb == "delete":
            continue
        wanted: tuple[Verb, ...] = ("create", "update") if verb == "create" else ("create",)
        waiting = list(links.get(address, ()))
        seen: set[Address] = set()
        while waiting:
            dependency = waiting.pop()
            if dependency in seen:
                continue
            seen.add(dependency)
            found = {(dependency, each) for each in wanted} & by_id.keys()
            needs[step] |= found
            if not found:
                waiting += links.get(dependency, ())


def _need_cleared(
    needs: dict[StepId, set[StepId]], by_id: Mapping[StepId, Change], live: Index[Live]
) -> None:
    """Let deletes wait until every live object that refers to theirs is gone or moved away."""
    by_live = {id(change.live): step for step, change in by_id.items() if step[1] != "create"}
    for step, change in by_id.items():
        if step[1] != "delete" or change.live is None:
            continue
        for referrer, path in live.referring(change.live):
            other = by_live.get(id(referrer))
            if other is not None and (other[1] == "delete" or leaves(by_id[other], path)):
                needs[step].add(other)


def _need_silence(
    needs: dict[StepId, set[StepId]], by_id: Mapping[StepId, Change], live: Index[Live]
) -> None:
    """Let deletes of what carries notifications on wait until these are sent no more."""
    going = {id(change.live): step for step, change in by_id.items() if step[1] == "delete"}
    for step, change in by_id.items():
        if step[1] != "delete" or change.live is None or not change.live.spec.delivery.carrying:
            continue
        needs[step] |= {going[id(one)] for one in _carried(change.live, live) if id(one) in going}


def _carried(carrier: Live, live: Index[Live]) -> Iterator[Live]:
    """Yield what begins the notifications that an object carries on."""
    delivery, waiting = carrier.spec.delivery, [carrier]
    while waiting:
        item = waiting.pop()
        for _, reference, handle in references(item.spec):
            target = live.named(reference.key(item.account, handle))
            if target is None:
                continue
            waiting.append(target)
            for one, _ in live.referring(target):
                begins = one.spec.delivery.begins
                if begins and delivery.carries(carrier.spec, one.spec.topic()):
                    yield one


def leaves(change: Change, path: str) -> bool:
    """Say whether a change alters the reference at `path`."""
    return any(within(path, item.path) for item in change.changes)


def _need_room(needs: dict[StepId, set[StepId]], changes: Sequence[Change], sights: Sights) -> None:
    """Let creates wait until what the service does not let stand beside them is gone."""
    leaving: dict[tuple[str, str, str], list[tuple[str, StepId]]] = {}
    for change in changes:
        if change.live is not None and change.action in ("delete", "replace"):
            spec = change.live.spec
            if (slot := spec.succession.exclusion(spec)) is not None:
                key = (spec.kind, sights.realm(change.live.account), slot[0])
                leaving.setdefault(key, []).append((slot[1], (change.address, "delete")))
    for change in changes:
        if change.desired is None or change.action not in ("create", "replace"):
            continue
        spec = change.desired.spec
        if (slot := spec.succession.exclusion(spec)) is not None:
            key = (spec.kind, sights.realm(change.desired.account), slot[0])
            needs[(change.address, "create")] |= {
                step for other, step in leaving.get(key, ()) if other != slot[1]
            }


def _break_delete_circles(needs: dict[StepId, set[StepId]]) -> None:
    """Live objects may refer to each other in a circle, and then no order of deleting is better."""
    deletes = {
        step: {need for need in wanted if need[1] == "delete"}
        for step, wanted in needs.items()
        if step[1] == "delete"
    }
    while circle := _circle(deletes):
        need, step = circle[:2]
        needs[step].discard(need)
        deletes[step].discard(need)


def _refuse_circles(needs: Mapping[StepId, Collection[StepId]]) -> None:
    if circle := _circle(needs):
        path = " → ".join(f"{verb} {address}" for address, verb in circle)
        raise PlanRefused(
            f"these steps need each other, so there is no safe order: {path}; apply the change in "
            "two parts"
        )


def _circle(needs: Mapping[StepId, Collection[StepId]]) -> list[StepId]:
    """Return steps each of which is needed by the next, the last being the first; none if none."""
    try:
        # Sorted, so that of several circles the same one is found every time.
        TopologicalSorter({step: sorted(needs[step]) for step in sorted(needs)}).prepare()
    except CycleError as error:
        found: list[StepId] = error.args[1]
        start = found.index(min(found))
        return [*found[start:-1], *found[:start], found[start]]
    return []


def _need_prepared(needs: dict[StepId, set[StepId]], replaced: Iterable[Address]) -> None:
    """Let the delete half of a replace wait for what its create half needs.

    So the gap stays short, and nothing is taken away that could not be put back. It cannot wait
    for what itself waits for the delete, such as a target that is replaced as well.
    """
    wishes: dict[StepId, set[StepId]] = {
        (address, "delete"): needs[(address, "create")] - {(address, "delete")}
        for address in replaced
    }
    if not any(wishes.values()):
        return
    hoped = {step: wanted | wishes.get(step, set()) for step, wanted in needs.items()}
    tangled = _tangled(hoped)
    for step, wished in wishes.items():
        needs[step] |= wished - tangled if step in tangled else wished


def _tangled(needs: Mapping[StepId, Collection[StepId]]) -> set[StepId]:
    """Return the steps that lie in circles, or between two of them."""
    stuck = _never_ready(needs)
    turned: dict[StepId, set[StepId]] = {step: set() for step in stuck}
    for step in stuck:
        for need in stuck.intersection(needs[step]):
            turned[need].add(step)
    return _never_ready(turned)


def _never_ready(needs: Mapping[StepId, Collection[StepId]]) -> set[StepId]:
    sorter = TopologicalSorter(needs)
    with suppress(CycleError):  # it still gives out what no circle holds up
        sorter.prepare()
    left = set(needs)
    while ready := sorter.get_ready():
        left -= set(ready)
        sorter.done(*ready)
    return left


def _need_heirs(
    needs: dict[StepId, set[StepId]],
    by_id: Mapping[StepId, Change],
    waiting: Mapping[Address, Successors],
) -> None:
    """Let deletes that clear the way wait for what takes over, unless that waits for them.

    Those that prune wait for everything, and are held back one by one.
    """
    heirs = {step[0]: step for step in by_id if step[1] != "delete"}
    clearing = _clearing(needs) if waiting else set()
    for step in sorted(step for step in clearing if step[1] == "delete" and step[0] in waiting):
        for address in waiting[step[0]].coming:
            if not _needed_by(heirs[address], step, needs):
                needs[step].add(heirs[address])


def _needed_by(step: StepId, need: StepId, needs: Mapping[StepId, Collection[StepId]]) -> bool:
    """Say whether a step needs another one, directly or through others."""
    waiting, seen = [step], {step}
    while waiting:
        more = set(needs[waiting.pop()]) - seen
        if need in more:
            return True
        seen |= more
        waiting += more
    return False


def _phases(needs: Mapping[StepId, Collection[StepId]]) -> dict[StepId, Phase]:
    """Tell phases from needs: a delete that something waits for clears, any other prunes."""
    clearing = _clearing(needs)
    phases: dict[StepId, Phase] = {}
    for step in TopologicalSorter(needs).static_order():
        if step[1] == "delete":
            phases[step] = "clear" if step in clearing else "prune"
        else:
            later = any(phases[need] in ("clear", "build") for need in needs[step])
            phases[step] = "build" if later else "prepare"
    return phases


def _clearing(needs: Mapping[StepId, Collection[StepId]]) -> set[StepId]:
    """Return the steps that something other than a delete waits for."""
    clearing: set[StepId] = set()
    waiting = [need for step, wanted in needs.items() if step[1] != "delete" for need in wanted]
    while waiting:
        step = waiting.pop()
        if step not in clearing:
            clearing.add(step)
            waiting += needs[step]
    return clearing


def _sorted(
    needs: Mapping[StepId, Collection[StepId]], phases: Mapping[StepId, Phase]
) -> Iterator[StepId]:
    """Yield each step after its needs; where there is a choice, by phase and address."""
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    heap: list[tuple[int, StepId]] = []
    while sorter.is_active():
        for step in sorter.get_ready():
            heapq.heappush(heap, (PHASES.index(phases[step]), step))
        step = heapq.heappop(heap)[1]
        yield step
        sorter.done(step)
