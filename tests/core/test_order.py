from itertools import permutations
from types import SimpleNamespace
from typing import ClassVar

import pytest

from reconciler.core.model.delivery import Delivery
from reconciler.core.model.errors import PlanRefused
from reconciler.core.model.plan import FieldChange
from reconciler.core.model.spec import Reference
from reconciler.core.model.steps import Change
from reconciler.core.planning.diff import creation, deletion
from reconciler.core.planning.order import order
from reconciler.core.world.index import Index
from tests.toys import Bell, Pipe, Spill, Tank, Tap, Valve, Well, declare, standing

WELL = declare("x", "depot", Well(name="x"))
TANK = declare("a", "depot", Tank(name="a"))
PIPE = declare("p", "works", Pipe(well="", overflow=""), refs={"well": WELL, "overflow": TANK})
TAP = declare("t", "works", Tap(client="de", use="u", pipe=""), refs={"pipe": PIPE})


class Twin(Tap):
    """A tap with a second target."""

    refs: ClassVar = {**Tap.refs, "other": Reference("pipe", "id")}
    other: str | None = None


def creates(desired):
    return Change("create", desired.address, desired, changes=tuple(creation(desired)))


def updates(desired, live=None, *paths):
    changes = tuple(FieldChange(path=path, before=1, after=2) for path in paths or ("size",))
    return Change("update", desired.address, desired, live or standing(desired), changes)


def replaces(desired, live=None):
    changes = (FieldChange(path="gauge", before=1, after=2),)
    return Change("replace", desired.address, desired, live or standing(desired), changes)


def deletes(live, address=None):
    return Change(
        "delete", address or f"old.{live.outputs['id']}", None, live, tuple(deletion(live))
    )


def steps(*changes, live=(), desired=()):
    """Return the steps as (verb, address, phase)."""
    live = [*live, *(item.live for item in changes if item.live is not None)]
    declared = {item.address: item for item in (*desired, *(c.desired for c in changes)) if item}
    found = order(changes, Index(live), declared.values())
    ended = set()
    for step in found:
        assert set(step.needs) <= ended
        ended.add(step.id)
    return [(step.verb, step.address, step.phase) for step in found]


def needs(*changes, live=(), desired=()):
    live = [*live, *(item.live for item in changes if item.live is not None)]
    declared = {item.address: item for item in (*desired, *(c.desired for c in changes)) if item}
    return {step.id: set(step.needs) for step in order(changes, Index(live), declared.values())}


def tank(name, spill=None, account="depot"):
    """Return a tank as it stands live, with a handle as its reference."""
    spec = Tank(name=name, spill=Spill(tank=f"tank.depot/{spill}") if spill else None)
    return standing(declare(name, account, spec), id=name)


def test_targets_are_created_before_what_refers_to_them():
    assert steps(*map(creates, (TAP, PIPE, WELL, TANK))) == [
        ("create", "tank.a", "prepare"),
        ("create", "well.x", "prepare"),
        ("create", "pipe.p", "prepare"),
        ("create", "tap.t", "prepare"),
    ]


def test_a_create_waits_for_its_targets_and_not_once_more_for_theirs():
    wanted = needs(*map(creates, (TAP, PIPE, WELL, TANK)))
    assert wanted[("tap.t", "create")] == {("pipe.p", "create")}


def test_a_create_waits_for_updates_of_its_targets_so_that_they_let_it_in():
    assert needs(creates(TAP), updates(PIPE))[("tap.t", "create")] == {("pipe.p", "update")}


def test_an_update_waits_only_for_what_is_yet_to_be_created():
    assert needs(updates(TAP), updates(PIPE))[("tap.t", "update")] == set()
    assert needs(updates(TAP), creates(PIPE))[("tap.t", "update")] == {("pipe.p", "create")}


def test_a_create_waits_for_its_targets_through_what_stays_unchanged():
    wanted = needs(creates(TAP), updates(WELL), desired=[PIPE, TANK])
    assert wanted[("tap.t", "create")] == {("well.x", "update")}


def test_a_target_reached_on_two_ways_is_waited_for_once():
    spill = declare("b", "depot", Tank(name="b", spill=Spill(tank="")), refs={"spill.tank": TANK})
    both = declare("c", "works", Pipe(well="", overflow=""), refs={"well": WELL, "overflow": spill})
    direct = declare("d", "depot", Tank(name="d", spill=Spill(tank="")), refs={"spill.tank": TANK})
    wide = declare(
        "w", "works", Twin(client="de", use="u", pipe=""), refs={"pipe": both, "other": direct}
    )
    wanted = needs(creates(wide), creates(TANK), desired=[both, spill, direct, WELL])
    assert wanted[("tap.w", "create")] == {("tank.a", "create")}


def test_what_refers_is_deleted_before_what_it_refers_to():
    well, pipe = standing(WELL, id="w"), standing(PIPE, id="p")
    tap = standing(TAP, id="t")
    assert steps(deletes(well), deletes(pipe), deletes(tap)) == [
        ("delete", "old.t", "prune"),
        ("delete", "old.p", "prune"),
        ("delete", "old.w", "prune"),
    ]


def test_a_delete_waits_until_what_refers_to_it_was_moved_away():
    live = tank("b", spill="a")
    moved = declare("b", "depot", Tank(name="b"))
    wanted = needs(updates(moved, live, "spill"), deletes(tank("a"), "old.a"))
    assert wanted[("old.a", "delete")] == {("tank.b", "update")}


def test_a_delete_does_not_wait_for_an_update_that_leaves_the_reference_alone():
    live = tank("b", spill="a")
    wanted = needs(
        updates(declare("b", "depot", live.spec), live, "spill.after"), deletes(tank("a"))
    )
    assert wanted[("old.a", "delete")] == set()


def test_an_object_that_refers_to_itself_can_be_deleted():
    assert steps(deletes(tank("a", spill="a"))) == [("delete", "old.a", "prune")]


def test_ids_of_two_accounts_that_coincide_make_no_delete_wait():
    pipes = [standing(declare("p", it, Pipe(well="arn:x")), id=it) for it in ("works", "mains")]
    valve = standing(declare("v", "mains", Valve(use="u", pipe="pipe.mains/arn:x")), id="v")
    wanted = needs(*map(deletes, pipes), deletes(valve))
    assert wanted[("old.works", "delete")] == set()
    assert wanted[("old.mains", "delete")] == {("old.v", "delete")}


def test_updates_and_creates_come_before_deletes_that_nothing_waits_for():
    assert steps(deletes(tank("z")), updates(TANK), creates(WELL)) == [
        ("update", "tank.a", "prepare"),
        ("create", "well.x", "prepare"),
        ("delete", "old.z", "prune"),
    ]


def test_what_stands_in_the_way_is_cleared_before_the_rest_is_built():
    every = declare("e", "tower", Bell(event="fire", everyone=True))
    part = standing(declare("s", "tower", Bell(event="fire", target="1")), id="s")
    other = standing(declare("n", "tower", Bell(event="noon", target="1")), id="n")
    assert steps(creates(every), deletes(part), deletes(other), updates(TANK)) == [
        ("update", "tank.a", "prepare"),
        ("delete", "old.s", "clear"),
        ("create", "bell.e", "build"),
        ("delete", "old.n", "prune"),
    ]


def test_only_other_slots_of_the_same_group_and_account_make_room():
    every = declare("e", "tower", Bell(event="fire", everyone=True))
    twin = standing(declare("o", "tower", Bell(event="fire", everyone=True)), id="o")
    away = standing(declare("w", "tower-2", Bell(event="fire", target="1")), id="w")
    assert needs(creates(every), deletes(twin), deletes(away))[("bell.e", "create")] == set()


def test_a_replace_is_a_delete_and_then_a_create():
    assert steps(replaces(PIPE), desired=[WELL, TANK]) == [
        ("delete", "pipe.p", "clear"),
        ("create", "pipe.p", "build"),
    ]


def test_a_replace_takes_nothing_away_before_its_targets_are_there():
    assert steps(replaces(PIPE), creates(TANK), updates(WELL)) == [
        ("create", "tank.a", "prepare"),
        ("update", "well.x", "prepare"),
        ("delete", "pipe.p", "clear"),
        ("create", "pipe.p", "build"),
    ]


def test_a_replaced_target_takes_what_refers_to_it_along_from_the_leaves():
    assert steps(replaces(PIPE), replaces(TAP), desired=[WELL, TANK]) == [
        ("delete", "tap.t", "clear"),
        ("delete", "pipe.p", "clear"),
        ("create", "pipe.p", "build"),
        ("create", "tap.t", "build"),
    ]


def test_what_is_taken_along_still_waits_for_its_other_targets():
    moved = declare("q", "works", Pipe(well="arn:x"))
    spec = Twin(client="de", use="u", pipe="", other="")
    wanted = needs(
        replaces(declare("t", "works", spec, refs={"pipe": PIPE, "other": moved}), standing(TAP)),
        replaces(PIPE),
        creates(moved),
    )
    assert ("pipe.q", "create") in wanted[("tap.t", "delete")]
    assert ("pipe.p", "create") not in wanted[("tap.t", "delete")]


def test_what_moves_to_a_replaced_target_is_not_taken_away_before_that_is_back():
    """Only what refers to the old one has to let go of it first."""
    old = declare("q", "works", Pipe(well="arn:y"))
    spec = Tap(client="fr", use="u", pipe="pipe.works/arn:y")
    before = standing(declare("m", "works", spec))
    moving = declare("m", "works", spec, refs={"pipe": PIPE})
    wanted = needs(replaces(PIPE), replaces(TAP), replaces(moving, before), live=[standing(old)])
    assert ("pipe.p", "create") in wanted[("tap.m", "delete")]
    assert ("pipe.p", "create") not in wanted[("tap.t", "delete")]


def test_a_replace_waits_for_the_room_its_target_needs():
    """Nothing is taken away that could not be put back."""
    every = declare("e", "tower", Bell(event="fire", everyone=True))
    part = standing(declare("s", "tower", Bell(event="fire", target="1")), id="s")
    tap = declare("t", "works", TAP.spec, refs={"pipe": every})
    assert steps(creates(every), deletes(part), replaces(tap, standing(TAP))) == [
        ("delete", "old.s", "clear"),
        ("create", "bell.e", "build"),
        ("delete", "tap.t", "clear"),
        ("create", "tap.t", "build"),
    ]


def test_live_objects_that_refer_to_each_other_in_a_circle_can_be_deleted():
    circle = [
        tank("a", spill="b"),
        tank("b", spill="c"),
        tank("c", spill="a"),
        tank("d", spill="a"),
    ]
    found = [address for _, address, _ in steps(*map(deletes, circle))]
    assert sorted(found) == ["old.a", "old.b", "old.c", "old.d"]
    assert found.index("old.d") < found.index("old.a")


def test_two_circles_of_live_objects_can_be_deleted():
    pairs = [tank("a", "b"), tank("b", "a"), tank("c", "d"), tank("d", "c")]
    assert len(steps(*map(deletes, pairs))) == 4


def circle_of_two():
    """Two tanks swap what they spill into, while both of those are replaced."""
    one, two = (declare(name, "depot", Tank(name=name)) for name in "ab")
    swapped = [
        declare(name, "depot", Tank(name=name, spill=Spill(tank="")), refs={"spill.tank": to})
        for name, to in (("x", two), ("y", one))
    ]
    return [
        replaces(one, tank("a")),
        replaces(two, tank("b")),
        updates(swapped[0], tank("x", spill="a"), "spill.tank"),
        updates(swapped[1], tank("y", spill="b"), "spill.tank"),
    ]


def test_steps_that_need_each_other_are_refused_with_the_circle_spelled_out():
    with pytest.raises(PlanRefused) as refused:
        steps(*circle_of_two())
    assert str(refused.value) == (
        "these steps need each other, so there is no safe order: create tank.a → update tank.y → "
        "delete tank.b → create tank.b → update tank.x → delete tank.a → create tank.a; apply the "
        "change in two parts"
    )


def test_the_same_changes_in_any_order_give_the_same_steps():
    every = declare("e", "tower", Bell(event="fire", everyone=True))
    part = standing(declare("s", "tower", Bell(event="fire", target="1")), id="s")
    changes = [creates(every), deletes(part), replaces(PIPE), replaces(TAP), creates(TANK)]
    found = {tuple(steps(*shuffled, desired=[WELL])) for shuffled in permutations(changes)}
    assert len(found) == 1


def test_a_change_knows_which_sides_it_has():
    create, delete = creates(TANK), deletes(tank("z"))
    assert create.wanted is create.subject is TANK
    assert delete.former is delete.subject
    with pytest.raises(AssertionError, match=r"create tank\.a has no live side"):
        _ = create.former
    with pytest.raises(AssertionError, match=r"delete old\.z has no declared side"):
        _ = delete.wanted


def test_what_carries_on_and_leads_to_what_is_not_there_goes_without_waiting():
    class Channel(Pipe):
        delivery = Delivery(carrying=True)

    live = standing(declare("c", "works", Channel(well="gone", overflow="tank.depot/gone")))
    assert list(needs(deletes(live)).values()) == [set()]


def test_what_makes_room_does_not_wait_for_what_takes_over_and_needs_that_room():
    every = declare("e", "tower", Bell(event="fire", everyone=True))
    part = standing(declare("s", "tower", Bell(event="fire", target="1")), id="s")
    changes = (creates(every), deletes(part))
    heirs = {"old.s": SimpleNamespace(coming=("bell.e",))}
    found = {step.id: step.needs for step in order(changes, Index([part]), [every], waiting=heirs)}
    assert found["old.s", "delete"] == ()
    assert found["bell.e", "create"] == (("old.s", "delete"),)
