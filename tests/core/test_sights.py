"""What has the same remote id is one object, through whichever entry it was seen."""

import pytest

from reconciler.core.planning.plan import prepare
from reconciler.core.planning.terms import DestroyTerms, Terms
from reconciler.core.provider import Scope
from reconciler.core.verdicts.drift import drift_of
from reconciler.core.world.matching import Selection
from reconciler.core.world.unread import Unread
from tests.toys import Bell, Pipe, Tap, Well, declare, seen, standing, world

WELL = declare("x", "depot", Well(name="x"))
PIPE = declare("p", "works", Pipe(well=""), refs={"well": WELL})


def other_sight(item, account, **more):
    """Return a live object as another entry shows it: the same id, in another account."""
    return standing(declare("s", account, item.spec), id=item.outputs["id"], **more)


def plan(*desired, live, **more):
    return prepare(world(*desired), seen(*live), **more).plan


def deeds(found):
    return [(action.action, action.address) for action in found.actions]


def live_pipe(account="works", number="p-1", well="arn:x"):
    return standing(declare("p", account, Pipe(well=well)), id=number)


def test_what_one_entry_declares_no_other_deletes():
    one = live_pipe()
    found = plan(WELL, PIPE, live=[standing(WELL), one, other_sight(one, "works-2")])
    assert deeds(found) == []
    assert found.unmanaged == ()
    assert not drift_of(found).drifted


def test_what_nobody_declares_is_deleted_once_and_counted_once():
    one = live_pipe()
    found = plan(WELL, live=[standing(WELL), other_sight(one, "works-2"), one])
    assert deeds(found) == [("delete", "pipe.works/arn:x")]
    counted = next(guard for guard in found.guards if guard.guard == "maxDeletes")
    assert counted.message.startswith("1 delete or replace of 2 owned objects")


def test_a_run_limited_to_the_other_entry_deletes_it_there():
    one = live_pipe()
    live = [standing(WELL), one, other_sight(one, "works-2")]
    selection = Selection(accounts=frozenset({"works-2"}))
    found = plan(WELL, live=live, selection=selection)
    assert deeds(found) == [("delete", "pipe.works-2/arn:x")]


def test_what_is_not_ours_is_unmanaged_once():
    one = live_pipe(well="arn:theirs")
    found = plan(WELL, live=[standing(WELL), one, other_sight(one, "works-2")])
    assert [item.account for item in found.unmanaged] == ["works"]


def test_what_points_at_it_through_the_other_entry_goes_first():
    """The tap was seen through `works-2` alone, and points at the pipe as it is called there."""
    one = live_pipe()
    tap = standing(declare("t", "works-2", Tap(client="fr", use="u", pipe="p-1")), id="t-1")
    found = plan(WELL, live=[standing(WELL), one, other_sight(one, "works-2"), tap])
    assert deeds(found) == [
        ("delete", "tap.works-2/fr/u"),
        ("delete", "pipe.works/arn:x"),
    ]
    assert found.actions[1].depends_on == ("tap.works-2/fr/u",)


@pytest.mark.parametrize("destroying", [False, True])
@pytest.mark.parametrize("entry", ["works", "works-2"])
def test_it_stays_while_something_that_one_entry_could_not_read_may_refer_to_it(entry, destroying):
    one = live_pipe()
    live = [standing(WELL), one, other_sight(one, "works-2")]
    unread = [Unread(Scope(entry, (Tap,), "fr"), f"{entry}/fr: consent withdrawn")]
    made = prepare(
        world(WELL), seen(*live, unread=unread), terms=DestroyTerms() if destroying else Terms()
    )
    assert "delete pipe.works/arn:x" not in [" ".join(it) for it in deeds(made.plan)]
    assert not made.plan.complete


def test_destroying_deletes_it_once():
    one = live_pipe()
    live = [standing(WELL), one, other_sight(one, "works-2")]
    found = plan(WELL, PIPE, live=live, terms=DestroyTerms())
    assert deeds(found) == [("delete", "pipe.p"), ("delete", "well.x")]


def test_objects_with_ids_of_their_own_are_two_though_they_look_alike():
    there = live_pipe("works-2", "p-2")
    found = plan(WELL, PIPE, live=[standing(WELL), live_pipe(), there])
    assert deeds(found) == [("delete", "pipe.works-2/arn:x")]


def test_what_excludes_another_does_so_through_every_entry():
    """The bell for one target stands in the way of one for all, declared under the other entry."""
    every = declare("e", "tower", Bell(event="fire", everyone=True))
    part = standing(declare("b", "steeple", Bell(event="fire", target="1")), id="b-1")
    found = plan(every, live=[part, other_sight(part, "tower")])
    first, second = found.actions
    assert (first.action, first.kind) == ("delete", "bell")
    assert (second.action, second.depends_on) == ("create", (first.address,))


def test_two_declarations_of_one_object_are_a_problem_of_the_second():
    one = live_pipe()
    again = declare("q", "works-2", Pipe(well="", gauge=2), refs={"well": WELL})
    found = plan(WELL, PIPE, again, live=[standing(WELL), one, other_sight(one, "works-2")])
    assert deeds(found) == []
    assert [(it.address, it.message) for it in found.problems] == [
        (
            "pipe.q",
            "this is the same live object as pipe.p, seen through account 'works': declare it once",
        )
    ]


@pytest.mark.parametrize("names", [("works", "works-2"), ("works-2", "works")])
def test_the_order_of_the_entries_decides_nothing(names):
    declared, admin = names
    pipe = declare("p", declared, Pipe(well=""), refs={"well": WELL})
    one = live_pipe(declared)
    for live in ([one, other_sight(one, admin)], [other_sight(one, admin), one]):
        assert deeds(plan(WELL, pipe, live=[standing(WELL), *live])) == []


def test_what_is_declared_is_not_deleted_where_only_another_entry_shows_it():
    """Its own entry does not show it (yet); the other one shows what has its remote id."""
    found = plan(WELL, live=[other_sight(standing(WELL), "depot-2")])
    assert "delete" not in [action for action, _ in deeds(found)]
    assert found.unmanaged == ()
