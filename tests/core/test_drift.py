from reconciler.core.planning.plan import prepare
from reconciler.core.provider import Scope
from reconciler.core.verdicts.drift import drift_of
from reconciler.core.world.unread import Unread
from tests.toys import KINDS, Pipe, Spill, Tank, declare, seen, standing, world

TANK = declare("a", "depot", Tank(name="a"))


def drift(*desired, live=(), unread=()):
    return drift_of(prepare(world(*desired), seen(*live, unread=unread)).plan)


def told(found):
    return [(it.address, it.status) for it in found.resources]


def test_live_as_declared_is_no_drift():
    found = drift(TANK, live=[standing(TANK)])
    assert (found.drifted, found.resources, found.complete) == (False, (), True)


def test_what_is_not_there_is_missing():
    found = drift(TANK)
    assert found.drifted
    assert told(found) == [("tank.a", "missing")]


def test_what_differs_is_changed_with_live_before_and_declared_after():
    found = drift(TANK, live=[standing(TANK, spec=Tank(name="a", size=99))])
    assert told(found) == [("tank.a", "changed")]
    change = found.resources[0].changes[0]
    assert (change.path, change.before, change.after) == ("size", 99, 30)
    assert found.resources[0].units == {"size": "seconds"}


def test_what_has_to_be_replaced_is_changed_too():
    found = drift(TANK, live=[standing(TANK, spec=Tank(name="a", metal="zinc"))])
    assert told(found) == [("tank.a", "changed")]


def test_what_is_ours_and_not_declared_is_undeclared():
    other = declare("b", "depot", Tank(name="b"))
    found = drift(TANK, live=[standing(TANK), standing(other)])
    assert told(found) == [("tank.depot/b", "undeclared")]


def test_what_is_not_ours_is_unmanaged_and_no_drift():
    other = declare("b", "depot", Tank(name="b"))
    found = drift(TANK, live=[standing(TANK), standing(other, owner=None)])
    assert not found.drifted
    assert [it.identity for it in found.unmanaged] == [{"name": "b"}]


def test_what_only_follows_a_replaced_object_does_not_differ_itself():
    spill = declare("b", "depot", Tank(name="b", spill=Spill(tank="")), refs={"spill.tank": TANK})
    live = [
        standing(TANK, spec=Tank(name="a", metal="zinc"), id="t-1"),
        standing(spill, spec=Tank(name="b", spill=Spill(tank="t-1"))),
    ]
    assert told(drift(TANK, spill, live=live)) == [("tank.a", "changed")]


def test_resources_are_sorted_by_address_not_by_what_would_be_done_first():
    pipe = declare("p", "works", Pipe(well="arn:x"))
    other = declare("b", "depot", Tank(name="b"))
    found = drift(TANK, pipe, live=[standing(other)])
    assert told(found) == [
        ("pipe.p", "missing"),
        ("tank.a", "missing"),
        ("tank.depot/b", "undeclared"),
    ]


def test_what_could_not_be_read_is_told_as_a_problem_not_as_drift():
    unread = Unread(Scope("depot", KINDS["depot"]), "depot: ListTanks: the service is busy")
    found = drift(TANK, unread=[unread])
    assert (found.drifted, found.complete, found.unknown) == (False, False, ("tank.a",))
    assert [it.message for it in found.problems] == [unread.reason]
