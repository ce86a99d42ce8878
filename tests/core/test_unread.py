"""What was not read is unknown, and so is all that refers to it; the rest goes on."""

import pytest

from reconciler.core.planning.plan import prepare
from reconciler.core.provider import Scope
from reconciler.core.world.unread import Unread, by_cause
from tests.toys import (
    KINDS,
    Bell,
    Pipe,
    Spill,
    Tank,
    Tap,
    Valve,
    Well,
    declare,
    seen,
    standing,
    world,
)

DEPOT = Unread(Scope("depot", KINDS["depot"]), "depot: ListTanks: the service is busy")
PIPES = Unread(Scope("works", (Pipe,)), "works: ListPipes: the service is busy")
TAPS_DE = Unread(Scope("works", (Tap,), "de"), "works/de: ListTaps: consent withdrawn")
MAINS = Unread(Scope("mains", KINDS["mains"]), "mains: ListPipes: the service is busy")
TOWER = Unread(Scope("tower", (Bell,)), "tower: ListBells: the service is busy")

WELL = declare("x", "depot", Well(name="x"))
PIPE = declare("p", "works", Pipe(well=""), refs={"well": WELL})
DE, FR = (
    declare("t", "works", Tap(client=client, use="u", pipe=""), refs={"pipe": PIPE}, member=client)
    for client in ("de", "fr")
)
BELL = declare("b", "tower", Bell(event="fire", target="1"))


def plan(*desired, live=(), unread=()):
    return prepare(world(*desired), seen(*live, unread=unread)).plan


def deeds(found):
    return [(action.action, action.address) for action in found.actions]


def test_a_read_that_failed_is_a_problem_told_with_its_reason():
    found = plan(BELL, unread=[DEPOT])
    assert not found.complete
    assert [(it.address, it.message) for it in found.problems] == [("depot", DEPOT.reason)]


def test_nothing_is_created_where_nothing_was_read_nor_what_depends_on_it():
    found = plan(WELL, PIPE, DE, FR, BELL, unread=[DEPOT])
    assert deeds(found) == [("create", "bell.b")]
    assert found.unknown == ("pipe.p", "tap.t[de]", "tap.t[fr]", "well.x")
    assert found.summary["unchanged"] == 0


def test_one_client_that_cannot_be_read_leaves_the_others_their_changes():
    live = [standing(WELL), standing(PIPE, id="p-1")]
    found = plan(WELL, PIPE, DE, FR, live=live, unread=[TAPS_DE])
    assert deeds(found) == [("create", "tap.t[fr]")]
    assert found.unknown == ("tap.t[de]",)


def test_what_refers_to_the_unread_is_not_updated_either():
    tank = declare("a", "depot", Tank(name="a"))
    pipe = declare("p", "works", Pipe(well="arn:e", overflow=""), refs={"overflow": tank})
    changed = standing(pipe, spec=Pipe(well="arn:e", overflow=None))
    assert deeds(plan(tank, pipe, live=[changed], unread=[DEPOT])) == []


def test_nothing_is_deleted_that_the_unread_may_refer_to():
    other = declare("o", "depot", Well(name="o"))
    live = [standing(WELL), standing(other), standing(BELL)]
    assert deeds(plan(other, live=live, unread=[MAINS])) == [("delete", "bell.tower/fire/1")]


def test_nothing_is_deleted_that_something_left_alone_refers_to():
    """The taps of one client are unread, so the pipe stays, and with it well and tank."""
    tank = declare("a", "depot", Tank(name="a"))
    other = declare("o", "depot", Tank(name="o"))
    live = [
        standing(tank, id="t-1"),
        standing(WELL),
        standing(PIPE, spec=Pipe(well="arn:x", overflow="t-1")),
    ]
    found = plan(other, live=live, unread=[TAPS_DE])
    assert deeds(found) == [("create", "tank.o")]
    assert not found.refused()
    assert "3 deletes are left out" in str(found.guards)


def test_nothing_is_deleted_that_the_unknown_still_refers_to():
    """The pipe waits for an unread well, so what it spills into now stays as well."""
    tank = declare("a", "depot-2", Tank(name="a"))
    pipe = declare("p", "works", Pipe(well=""), refs={"well": WELL})
    live = [standing(tank, id="t-1"), standing(pipe, spec=Pipe(well="arn:x", overflow="t-1"))]
    found = plan(WELL, pipe, BELL, live=live, unread=[DEPOT])
    assert deeds(found) == [("create", "bell.b")]
    assert not found.refused()


def test_nothing_is_deleted_that_the_unknown_refers_to_for_lack_of_its_new_target():
    """The valve is to move to a pipe that has to wait, so it keeps the one it has."""
    new = declare("n", "mains", Pipe(well=""), refs={"well": WELL})
    valve = declare("v", "mains", Valve(use="u", pipe=""), refs={"pipe": new})
    live = [
        standing(declare("y", "depot-2", Well(name="y")), owner=None),
        standing(declare("o", "mains", Pipe(well="arn:y", name="acme--o")), id="p-1"),
        standing(valve, spec=Valve(use="u", pipe="p-1")),
    ]
    found = plan(WELL, new, valve, live=live, unread=[DEPOT])
    assert deeds(found) == []
    assert not found.refused()


def test_what_refers_to_something_seen_may_be_deleted_whatever_else_is_unread():
    well = standing(declare("y", "depot-2", Well(name="y")), owner=None)
    pipe = standing(declare("o", "works", Pipe(well="arn:y", name="acme--o")))
    assert deeds(plan(BELL, live=[well, pipe, standing(BELL)], unread=[DEPOT])) == [
        ("delete", "pipe.works/arn:y")
    ]


def test_what_is_ours_by_name_only_is_not_deleted_while_its_target_is_unread():
    """What it refers to, and whether that is ours, was not seen."""
    pipe = standing(declare("p", "works", Pipe(well="arn:x", name="acme--p")))
    assert deeds(plan(BELL, live=[pipe, standing(BELL)], unread=[DEPOT])) == []
    assert deeds(plan(BELL, live=[pipe, standing(BELL)], unread=[MAINS])) == [
        ("delete", "pipe.works/arn:x")
    ]


def test_ids_of_another_account_cannot_be_meant_by_what_is_unread_here():
    """Taps point at pipes of their own account only."""
    well = standing(WELL)
    pipe = standing(declare("p", "mains", Pipe(well="arn:x")))
    found = plan(WELL, live=[well, pipe], unread=[TAPS_DE])
    assert deeds(found) == [("delete", "pipe.mains/arn:x")]


def test_nothing_is_replaced_that_the_unread_may_refer_to():
    wider = declare("p", "works", Pipe(well="", gauge=2), refs={"well": WELL})
    live = [standing(WELL), standing(PIPE, id="p-1")]
    found = plan(WELL, wider, FR, live=live, unread=[TAPS_DE])
    assert deeds(found) == []
    assert [it.message for it in found.problems if it.address == "pipe.p"] == [
        "it has to be replaced, and something that was not read may refer to it"
    ]
    assert [it.message for it in found.problems if it.address == "tap.t[fr]"] == [
        "it depends on pipe.p, which this run cannot bring about"
    ]


def test_nothing_is_replaced_whose_referrers_the_unread_may_refer_to():
    """The tank would take the pipe along, and the pipe the unread taps."""
    tank = declare("a", "depot", Tank(name="a", metal="zinc"))
    pipe = declare("p", "works", Pipe(well="arn:x", overflow=""), refs={"overflow": tank})
    live = [
        standing(tank, spec=Tank(name="a"), id="t-1"),
        standing(pipe, spec=Pipe(well="arn:x", overflow="t-1")),
    ]
    found = plan(tank, pipe, BELL, live=live, unread=[TAPS_DE])
    assert deeds(found) == [("create", "bell.b")]
    assert not found.refused()


def test_an_update_is_made_whatever_else_is_unread():
    changed = declare("a", "depot", Tank(name="a", size=99))
    live = [standing(changed, spec=Tank(name="a"))]
    assert deeds(plan(changed, live=live, unread=[MAINS])) == [("update", "tank.a")]


def test_what_would_stand_in_the_way_and_is_left_alone_stops_only_its_rival():
    class Gong(Bell):
        """A bell that taps might be tied to."""

        kind = "pipe"

    every = declare("e", "works", Gong(event="fire", everyone=True))
    part = standing(declare("s", "works", Gong(event="fire", target="1")))
    found = plan(every, WELL, live=[part], unread=[TAPS_DE])
    assert deeds(found) == [("create", "well.x")]
    assert [it.message for it in found.problems if it.address == "pipe.e"] == [
        "pipe.works/fire/1 stands in its way and is not deleted by this run (one or the other)"
    ]


def test_everything_is_left_alone_where_nothing_at_all_was_read():
    everything = [DEPOT, PIPES, TAPS_DE, MAINS, TOWER]
    found = plan(WELL, PIPE, DE, BELL, unread=everything)
    assert deeds(found) == []
    assert len(found.problems) == 5


@pytest.mark.parametrize("unread", [[], [TOWER]])
def test_a_circle_of_references_is_left_alone_or_deleted_as_a_whole(unread):
    one, two = (
        standing(declare(name, "depot", Tank(name=name, spill=Spill(tank=to))), id=name * 2)
        for name, to in (("a", "bb"), ("b", "aa"))
    )
    assert len(deeds(plan(WELL, live=[one, two, standing(WELL)], unread=unread))) == 2
    assert deeds(plan(BELL, live=[one, two, standing(BELL)], unread=[MAINS])) == []


def test_a_cause_that_many_parts_of_an_account_share_is_told_once():
    parts = [None, *(f"s-{number}" for number in range(1, 6))]
    scopes = [Scope("works", (Tap,), part) for part in parts]
    found = [Unread(scope, "works: token: refused").finding() for scope in scopes]
    other = Unread(Scope("works", (Tap,), "s-9"), "works: consent withdrawn").finding()
    [cause, alone] = by_cause([*found, other])
    assert cause.address == "works, works/s-1, works/s-2 and 3 more"
    assert (cause.message, alone) == ("token: refused", other)
    assert by_cause([DEPOT.finding(), MAINS.finding()]) == (DEPOT.finding(), MAINS.finding())
