"""What a run prunes is held back where a create of its account and kind did not succeed."""

from reconciler.core.diff import creation, deletion
from reconciler.core.model import FieldChange
from reconciler.core.order import Change, order
from reconciler.core.succession import held_back
from tests.toys import Bell, Pipe, Tank, Well, declare, standing

OLD = standing(declare("old", "depot", Well(name="old")), id="old")


def well(key, account="depot"):
    return declare(key, account, Well(name=key))


def creates(desired):
    return Change("create", desired.address, desired, changes=tuple(creation(desired)))


def replaces(desired):
    changes = (FieldChange(path="depth", before=1, after=2),)
    return Change("replace", desired.address, desired, standing(desired), changes)


def updates(desired):
    changes = (FieldChange(path="depth", before=1, after=2),)
    return Change("update", desired.address, desired, standing(desired), changes)


def deletes(live, address="well.depot/old"):
    return Change("delete", address, None, live, tuple(deletion(live)))


def held(*changes, undone):
    live = [item.live for item in changes if item.live is not None]
    desired = [item.desired for item in changes if item.desired is not None]
    return held_back(order(changes, live, desired), undone)


def test_a_prune_is_held_back_by_a_create_of_its_account_and_kind_that_did_not_succeed():
    found = held(deletes(OLD), creates(well("new")), undone={("well.new", "create")})
    assert found == {
        ("well.depot/old", "delete"): (
            "held back: create well.new did not succeed, and it may be what takes its place; "
            "apply again"
        )
    }


def test_a_prune_is_held_back_by_a_replace_that_was_not_completed():
    found = held(deletes(OLD), replaces(well("new")), undone={("well.new", "create")})
    assert found[("well.depot/old", "delete")].startswith("held back: replace well.new did not")


def test_of_many_that_did_not_succeed_the_first_are_named_and_the_rest_counted():
    names = "abcdefg"
    undone = {(f"well.{name}", "create") for name in names}
    found = held(deletes(OLD), *(creates(well(name)) for name in names), undone=undone)
    assert found[("well.depot/old", "delete")] == (
        "held back: create well.a, create well.b, create well.c, create well.d, create well.e and "
        "2 more did not succeed, and one of them may be what takes its place; apply again"
    )


def test_nothing_is_held_back_where_every_create_succeeded():
    assert held(deletes(OLD), creates(well("new")), undone=set()) == {}


def test_creates_of_another_account_or_kind_hold_nothing_back():
    away, tank = well("new", "depot-2"), declare("t", "depot", Tank(name="t"))
    undone = {(away.address, "create"), (tank.address, "create")}
    assert held(deletes(OLD), creates(away), creates(tank), undone=undone) == {}


def test_an_update_or_a_delete_that_did_not_succeed_holds_nothing_back():
    other = standing(well("other"), id="other")
    undone = {("well.new", "update"), ("well.depot/other", "delete")}
    changes = [deletes(OLD), deletes(other, "well.depot/other"), updates(well("new"))]
    assert held(*changes, undone=undone) == {}


def test_what_clears_the_way_is_never_held_back():
    pipe = declare("p", "works", Pipe(well="arn:x"))
    every = declare("e", "tower", Bell(event="fire", everyone=True))
    part = standing(declare("s", "tower", Bell(event="fire", target="1")), id="s")
    undone = {("bell.e", "create"), ("pipe.p", "create")}
    assert held(creates(every), deletes(part, "bell.s"), creates(pipe), undone=undone) == {}
