"""Nothing of ours goes before what may take its place is there.

A renamed queue, or one that moved to another account, is a create and a delete, and nothing in them
says that they belong together. What may take over from what is a fact of the kinds (`Spec.role` and
`Spec.party`); here it is asked whether it is there.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.guards import short_list
from reconciler.core.model import Desired, Live, Spec
from reconciler.core.order import Change, Referrers, Step, StepId, referring
from reconciler.core.world import World

_Family = tuple[str, str]
"""Kind and role: among these one object may take over from another."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What a delete waits for: addresses of declared objects that have to be there first.

    `coming` are those that the plan brings about. `lacking` are those that it does not, each with
    the reason: because of one of these the delete is not made in this run.
    """

    coming: tuple[str, ...] = ()
    lacking: tuple[tuple[str, str], ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return all that is waited for."""
        return tuple(sorted({*self.coming, *(address for address, _ in self.lacking)}))

    def and_for(self, other: "Wait") -> "Wait":
        """Return what waits for the same as both."""
        if other == NOTHING:
            return self
        coming = tuple(sorted({*self.coming, *other.coming}))
        return Wait(coming, tuple(sorted({*self.lacking, *other.lacking})))

    def reason(self) -> str | None:
        """Say why the delete is not made in this run, None if it may be."""
        if not self.lacking:
            return None
        named = short_list([f"{address} {why}" for address, why in self.lacking])
        return f"held back: {named}, and {_may(self.lacking)}; a later apply does it"


NOTHING = Wait()


@dataclass(frozen=True, slots=True)
class _Heir:
    """A declared object that is not there; `why` the plan does not bring it about, if so."""

    item: Desired
    why: str | None
    examined: bool


def waits(world: World, known: Referrers) -> dict[str, Wait]:
    """Return by address what each delete among the changes waits for, if anything.

    `known` are the live references.
    """
    heirs: dict[_Family, list[_Heir]] = {}
    for heir in _not_there(world):
        heirs.setdefault(_family(heir.item.spec), []).append(heir)
    carriers = _carriers(world)
    found: dict[str, Wait] = {}
    same: dict[tuple[_Family, str, str | None], Wait] = {}
    for address, change in world.all_changes().items():
        if change.action != "delete":
            continue
        spec = change.former.spec
        key = (_family(spec), spec.service, spec.party())
        wait = same.get(key)
        if wait is None:
            wait = same[key] = _wait(spec, heirs.get(key[0], ()))
        carried = Wait(lacking=_carried(change.former, known, carriers))
        found[address] = wait.and_for(carried)
    return _with_what_they_carry(world, known, found)


def _with_what_they_carry(
    world: World, known: Referrers, found: Mapping[str, Wait]
) -> dict[str, Wait]:
    """Let each delete also wait for what those wait for that still rest on the object."""
    changes = world.all_changes()
    by_live = {id(changes[address].former): address for address in found}
    whole: dict[str, Wait] = {}

    def wait_of(address: str, above: frozenset[str]) -> Wait:
        if address not in whole and address not in above:
            wait = found[address]
            for referrer, _ in referring(changes[address].former, known):
                other = by_live.get(id(referrer))
                if other is not None:
                    wait = wait.and_for(wait_of(other, above | {address}))
            whole[address] = wait
        return whole.get(address, NOTHING)

    return {address: wait for address in found if (wait := wait_of(address, frozenset())).addresses}


def heirs_elsewhere(
    desired: Iterable[Desired], steps: Iterable[Step], read: Collection[str]
) -> set[str]:
    """Return accounts that were not `read` and may hold what takes over from what is deleted.

    Or what is deleted itself: another entry may show the same object.
    """
    going = {_family(step.change.former.spec) for step in steps if step.verb == "delete"}
    return {
        item.account for item in desired if item.account not in read and _family(item.spec) in going
    }


def held_back(
    steps: Sequence[Step], waiting: Mapping[str, Wait], undone: Collection[StepId]
) -> dict[StepId, str]:
    """Return the deletes that are not to be begun, with the reason for each.

    `undone` are the steps that failed or were skipped so far.
    """
    by_address = {step.address: step for step in steps if step.id in undone}
    missing = {
        address: f"{step.change.action} {address}"
        for address, step in by_address.items()
        if step.change.action != "delete"
    }
    found: dict[StepId, str] = {}
    for step in steps:
        wait = waiting.get(step.address) if step.verb == "delete" else None
        if wait is None:
            continue
        failed = [missing[address] for address in wait.coming if address in missing]
        reason = wait.reason() or (_after_failures(failed) if failed else None)
        if reason is not None:
            found[step.id] = reason
    return found


def _family(spec: Spec) -> _Family:
    return spec.kind, spec.role()


def _not_there(world: World) -> Iterator[_Heir]:
    """Yield each declared object that is not there, or does not do its work."""
    for item in world.declarations.desired:
        change = world.changes.get(item.address) or world.elsewhere.get(item.address)
        examined = world.examined is None or item.account in world.examined
        if change is not None:
            if _brings_about(change):
                yield _Heir(item, None, examined)
        elif item.address in world.stuck:
            yield _Heir(item, "cannot be brought about", examined)
        elif item.address in world.unknown:
            yield _Heir(item, "was not read", examined)
        elif world.met(item) is None:
            why = "is not there and no part of this run" if examined else "was not examined"
            yield _Heir(item, why, examined)


def _brings_about(change: Change) -> bool:
    if change.action == "update":
        return change.wanted.spec.active() and not change.former.spec.active()
    return change.action in ("create", "replace")


def _wait(spec: Spec, heirs: Sequence[_Heir]) -> Wait:
    mine = [heir for heir in heirs if _takes_over(heir, spec)]
    coming = (heir.item.address for heir in mine if heir.why is None)
    lacking = ((heir.item.address, heir.why) for heir in mine if heir.why is not None)
    return Wait(tuple(sorted(coming)), tuple(sorted(lacking)))


def _takes_over(heir: _Heir, former: Spec) -> bool:
    """Say whether an heir of the same family may take over: within a service for one party only.

    Of an account that was not looked at, names of parties tell nothing: it may be the same account.
    """
    spec = heir.item.spec
    return spec.service != former.service or spec.party() == former.party() or not heir.examined


def _carriers(world: World) -> dict[int, Desired]:
    """Return the declared objects whose live side stays as it is although it should not."""
    items = (world.desired[address] for address in {*world.stuck, *world.unknown})
    return {id(live): item for item in items if (live := world.met(item)) is not None}


def _carried(
    former: Live, known: Referrers, carriers: Mapping[int, Desired]
) -> tuple[tuple[str, str], ...]:
    """Return the declared objects that still rest on `former`, since they cannot be moved away."""
    if not carriers:
        return ()
    found = (carriers.get(id(referrer)) for referrer, _ in referring(former, known))
    return tuple((item.address, "still rests on it") for item in found if item is not None)


def _after_failures(failed: Sequence[str]) -> str:
    return f"held back: {short_list(failed)} did not succeed, and {_may(failed)}; apply again"


def _may(what: Sequence[object]) -> str:
    which = "it" if len(what) == 1 else "one of them"
    return f"{which} may be what takes its place"
