"""Nothing of ours goes before what may take its place is there.

A renamed queue, or one that moved to another account, is a create and a delete, and nothing in them
says that they belong together. What may take over from what is a fact of the kinds (`Spec.role` and
`Spec.party`); here it is asked whether it is there.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.core.model.addresses import Address
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.spec import Spec
from reconciler.core.model.steps import Change, Step, StepId
from reconciler.core.planning.guards import short_list
from reconciler.core.world.matching import World

_Family = tuple[str, str]
"""Kind and role: among these one object may take over from another."""


@dataclass(frozen=True, slots=True)
class Wait:
    """What a delete waits for: addresses of declared objects that have to be there first.

    `coming` are those that the plan brings about. `lacking` are those that it does not, each with
    the reason: because of one of these the delete is not made in this run.
    """

    coming: tuple[Address, ...] = ()
    lacking: tuple[tuple[Address, str], ...] = ()

    @property
    def addresses(self) -> tuple[Address, ...]:
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
    """A declared object that is not there; `why` the plan does not bring it about, if so.

    `shown_in` are other accounts that may show this very object, under another name of its party:
    one that is none of `parties`, the names that its own account knows.
    """

    item: Desired
    why: str | None
    examined: bool
    shown_in: Collection[str] = ()
    parties: Collection[str | None] = ()


def waits(world: World) -> dict[Address, Wait]:
    """Return by address what each delete among the changes waits for, if anything."""
    heirs: dict[_Family, list[_Heir]] = {}
    for heir in _not_there(world):
        heirs.setdefault(_family(heir.item.spec), []).append(heir)
    carriers = _carriers(world)
    found: dict[Address, Wait] = {}
    same: dict[tuple[_Family, str, str, str | None], Wait] = {}
    for address, change in world.all_changes().items():
        if change.action != "delete":
            continue
        spec = change.former.spec
        key = (_family(spec), spec.service, change.former.account, spec.succession.party(spec))
        wait = same.get(key)
        if wait is None:
            wait = same[key] = _wait(change.former, heirs.get(key[0], ()))
        carried = Wait(lacking=_carried(world, change.former, carriers))
        found[address] = wait.and_for(carried)
    return _with_what_they_carry(world, found)


def _with_what_they_carry(world: World, found: Mapping[Address, Wait]) -> dict[Address, Wait]:
    """Let each delete also wait for what those wait for that still rest on the object."""
    changes = world.all_changes()
    by_live = {id(changes[address].former): address for address in found}
    whole: dict[Address, Wait] = {}

    def wait_of(address: Address, above: frozenset[Address]) -> Wait:
        if address not in whole and address not in above:
            wait = found[address]
            for referrer, _ in world.index.referring(changes[address].former):
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
    steps: Sequence[Step], waiting: Mapping[Address, Wait], undone: Collection[StepId]
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
    return spec.kind, spec.succession.role(spec)


def _not_there(world: World) -> Iterator[_Heir]:
    """Yield each declared object that is not there, or does not do its work."""
    entries = _Entries(world)
    for item in world.declarations.desired:
        change = world.changes.get(item.address) or world.elsewhere.get(item.address)
        examined = world.examined is None or item.account in world.examined
        if change is not None:
            if _brings_about(change):
                yield _Heir(item, None, examined)
        elif item.address in world.stuck:
            yield _Heir(item, "cannot be brought about", examined)
        elif item.address in world.unknown:
            shown_in = entries.showing(item)
            parties = entries.parties(item) if shown_in else ()
            yield _Heir(item, "was not read", examined, shown_in, parties)
        elif world.met(item) is None:
            why = "is not there and no part of this run" if examined else "was not examined"
            yield _Heir(item, why, examined)


def _brings_about(change: Change) -> bool:
    if change.action == "update":
        return change.wanted.spec.delivery.active(
            change.wanted.spec
        ) and not change.former.spec.delivery.active(change.former.spec)
    return change.action in ("create", "replace")


class _Entries:
    """Which account entries may show one object, each under a party's name of its own."""

    def __init__(self, world: World) -> None:
        self._world = world
        everything = (*world.live, *world.sights.others)
        self._seen = {item.account for item in everything}
        self._found: dict[str, frozenset[str]] = {}
        self._parties: dict[str, frozenset[str | None]] = {}

    def parties(self, item: Desired) -> frozenset[str | None]:
        """Return the names that this object's account has for parties."""
        name = item.account
        if name not in self._parties:
            declared = self._world.declarations
            account = declared.accounts.get(name)
            self._parties[name] = frozenset(
                (
                    *(account.parts(item.spec.kind) if account is not None else ()),
                    *(each.spec.partition() for each in declared.desired if each.account == name),
                )
            )
        return self._parties[name]

    def showing(self, item: Desired) -> frozenset[str]:
        """Return the other accounts that may show what was not read of this object's account.

        Those known to lead to the same real one; all, where nothing at all was seen of it.
        """
        if (
            item.spec.partition() is None
            or item.spec.succession.party(item.spec) != item.spec.partition()
        ):
            return frozenset()  # the service's own names of parties are the same in every entry
        if item.account not in self._found:
            realm = self._world.sights.realm
            self._found[item.account] = frozenset(
                name
                for name in self._seen - {item.account}
                if item.account not in self._seen or realm(name) == realm(item.account)
            )
        return self._found[item.account]


def _wait(former: Live, heirs: Sequence[_Heir]) -> Wait:
    mine = [heir for heir in heirs if _takes_over(heir, former)]
    coming = (heir.item.address for heir in mine if heir.why is None)
    lacking = ((heir.item.address, heir.why) for heir in mine if heir.why is not None)
    return Wait(tuple(sorted(coming)), tuple(sorted(lacking)))


def _takes_over(heir: _Heir, former: Live) -> bool:
    """Say whether an heir of the same family may take over: within a service for one party only.

    Of an account that was not looked at, names of parties tell nothing: it may be the same account.
    Neither do they of what was not read, if another entry may show the very same object.
    """
    spec, party = heir.item.spec, former.spec.succession.party(former.spec)
    if (
        spec.service != former.spec.service
        or spec.succession.party(spec) == party
        or not heir.examined
    ):
        return True
    return former.account in heir.shown_in and party not in heir.parties


def _carriers(world: World) -> dict[int, Desired]:
    """Return the declared objects whose live side stays as it is although it should not."""
    items = (world.desired[address] for address in {*world.stuck, *world.unknown})
    return {id(live): item for item in items if (live := world.met(item)) is not None}


def _carried(
    world: World, former: Live, carriers: Mapping[int, Desired]
) -> tuple[tuple[Address, str], ...]:
    """Return the declared objects that still rest on `former`, since they cannot be moved away."""
    if not carriers:
        return ()
    found = (carriers.get(id(referrer)) for referrer, _ in world.index.referring(former))
    return tuple((item.address, "still rests on it") for item in found if item is not None)


def _after_failures(failed: Sequence[str]) -> str:
    return f"held back: {short_list(failed)} did not succeed, and {_may(failed)}; apply again"


def _may(what: Sequence[object]) -> str:
    which = "it" if len(what) == 1 else "one of them"
    return f"{which} may be what takes its place"
