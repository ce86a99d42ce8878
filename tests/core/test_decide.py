"""What is decided about each object, and what is left alone with a reason."""

import pytest

from reconciler.core.planning.plan import prepare
from reconciler.core.planning.terms import DestroyTerms
from reconciler.core.world.matching import Selection
from tests.toys import (
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

WELL = declare("x", "depot", Well(name="x"))
TANK = declare("a", "depot", Tank(name="a"))
PIPE = declare("p", "works", Pipe(well=""), refs={"well": WELL})
TAP = declare("t", "works", Tap(client="de", use="u", pipe=""), refs={"pipe": PIPE})
EVERY = declare("e", "tower", Bell(event="fire", everyone=True))
PART = declare("s", "tower", Bell(event="fire", target="1"))


def plan(*desired, live=(), accounts=None, targets=()):
    selection = Selection(None if accounts is None else frozenset(accounts), tuple(targets))
    return prepare(world(*desired), seen(*live), selection=selection).plan


def deeds(found):
    return [(action.action, action.address) for action in found.actions]


def problems(found):
    return {it.address: it.message for it in found.problems}


def built(**ids):
    """Return well, pipe and tap as they stand live."""
    return [
        standing(WELL),
        standing(PIPE, id="p-1"),
        standing(TAP, spec=Tap(client="de", use="u", pipe="p-1")),
    ]


# the four deeds


def test_what_is_live_as_declared_is_left_alone():
    found = plan(WELL, PIPE, TAP, live=built())
    assert deeds(found) == []
    assert found.summary["unchanged"] == 3


def test_a_changed_field_is_an_update_and_a_fixed_one_a_replace():
    live = [standing(TANK)]
    larger = declare("a", "depot", Tank(name="a", size=99))
    harder = declare("a", "depot", Tank(name="a", size=99, metal="zinc"))
    assert deeds(plan(larger, live=live)) == [("update", "tank.a")]
    assert deeds(plan(harder, live=live)) == [("replace", "tank.a")]


def test_renaming_a_yaml_key_changes_nothing_live():
    renamed = declare("other-key", "depot", Tank(name="a"))
    assert deeds(plan(renamed, live=[standing(TANK)])) == []


def test_another_identity_is_another_object():
    renamed = declare("a", "depot", Tank(name="b"))
    found = plan(renamed, live=[standing(TANK)])
    assert deeds(found) == [("create", "tank.a"), ("delete", "tank.depot/a")]


def test_what_is_not_ours_is_never_touched_and_listed():
    live = [standing(TANK, owner=None), standing(WELL, owner="other")]
    found = plan(EVERY, live=live)
    assert deeds(found) == [("create", "bell.e")]
    assert [(it.kind, it.account, it.identity) for it in found.unmanaged] == [
        ("tank", "depot", {"name": "a"}),
        ("well", "depot", {"name": "x"}),
    ]


def test_what_another_stack_has_marked_is_an_error_and_what_needs_it_too():
    """Contract, Ownership: one tagged by another stack is foreign."""
    found = plan(WELL, PIPE, TAP, EVERY, live=[standing(WELL, owner="other")])
    assert deeds(found) == [("create", "bell.e")]
    assert problems(found) == {
        "well.x": "the live object belongs to stack 'other' (its tag reconciler:stack says so): "
        "declare it there only, or have that stack give it up first",
        "pipe.p": "it depends on well.x, which this run cannot bring about",
        "tap.t": "it depends on pipe.p, which this run cannot bring about",
    }


def test_what_needs_a_foreign_object_but_is_in_sync_is_no_error():
    live = built()
    live[0] = standing(WELL, owner="other")
    assert problems(plan(WELL, PIPE, TAP, live=live)).keys() == {"well.x"}


def test_equal_but_without_our_mark_is_an_update_that_adopts():
    [action] = plan(TANK, live=[standing(TANK, owner=None)]).actions
    assert (action.action, action.adopts) == ("update", True)
    assert [change.path for change in action.changes] == ["tags.reconciler:stack"]


def test_equal_and_unable_to_bear_a_mark_is_in_sync_without_evidence():
    pipe = declare("p", "works", Pipe(well="arn:elsewhere"))
    assert deeds(plan(pipe, live=[standing(pipe)])) == []


@pytest.mark.parametrize(("gauge", "deed"), [(1, "update"), (2, "replace")])
def test_different_and_without_evidence_is_a_change_that_adopts(gauge, deed):
    pipe = declare("p", "works", Pipe(well="arn:elsewhere", gauge=gauge))
    live = standing(pipe, spec=Pipe(well="arn:elsewhere", overflow="t-1"))
    [action] = plan(pipe, live=[live]).actions
    assert (action.action, action.adopts) == (deed, True)


def test_a_cosmetic_difference_is_a_warning_and_no_change():
    found = plan(
        WELL, PIPE, live=[standing(WELL), standing(PIPE, spec=Pipe(well="arn:x", name="n"))]
    )
    assert deeds(found) == []
    assert [(it.address, it.message) for it in found.warnings] == [
        ("pipe.p", "name is 'n', declared 'pipe': cosmetic, left as it is")
    ]


# references


def test_what_refers_to_something_recreated_is_connected_anew():
    """The pipe was deleted behind our back, so the tap refers to nothing."""
    live = [built()[0], built()[2]]
    found = plan(WELL, PIPE, TAP, live=live)
    assert deeds(found) == [("create", "pipe.p"), ("replace", "tap.t")]
    assert found.actions[1].changes[0].before == "p-1"
    assert found.actions[1].changes[0].after == "pipe.p"


def test_a_replaced_target_takes_along_what_refers_to_it_even_where_it_could_be_updated():
    """The old target can only go once nothing refers to it, and the new one only comes then."""
    wider = declare("p", "mains", Pipe(well="", gauge=2), refs={"well": WELL})
    valve = declare("v", "mains", Valve(use="u", pipe=""), refs={"pipe": wider})
    live = [
        standing(WELL),
        standing(wider, spec=Pipe(well="arn:x"), id="p-1"),
        standing(valve, spec=Valve(use="u", pipe="p-1")),
    ]
    found = plan(WELL, wider, valve, live=live)
    assert deeds(found) == [("replace", "tap.v"), ("replace", "pipe.p")]
    assert [(action.address, action.caused_by) for action in found.actions] == [
        ("tap.v", "pipe.p"),
        ("pipe.p", None),
    ]


def test_what_was_connected_elsewhere_is_not_taken_along_but_moved():
    wider = declare("p", "mains", Pipe(well="", gauge=2), refs={"well": WELL})
    valve = declare("v", "mains", Valve(use="u", pipe=""), refs={"pipe": wider})
    other = declare("q", "mains", Pipe(well="arn:y"))
    live = [
        standing(WELL),
        standing(wider, spec=Pipe(well="arn:x"), id="p-1"),
        standing(other, id="p-2"),
        standing(valve, spec=Valve(use="u", pipe="p-2")),
    ]
    found = plan(WELL, wider, other, valve, live=live)
    assert deeds(found) == [("replace", "pipe.p"), ("update", "tap.v")]


def test_a_replaced_target_with_a_predictable_address_takes_nothing_along():
    deeper = declare("x", "depot", Well(name="x", depth=2))
    pipe = declare("p", "works", Pipe(well=""), refs={"well": deeper})
    live = [standing(deeper, spec=Well(name="x")), standing(pipe)]
    assert deeds(plan(deeper, pipe, live=live)) == [("replace", "well.x")]


def test_whatever_refers_is_taken_along_though_its_name_sorts_before_its_target():
    tanks = {}
    for name, target in (("c", None), ("b", "c"), ("a", "b")):
        spill = Spill(tank="") if target else None
        tanks[name] = declare(
            name,
            "depot",
            Tank(name=name, metal="zinc" if name == "c" else "iron", spill=spill),
            refs={"spill.tank": tanks[target]} if target else {},
        )
    live = [
        standing(tanks["c"], spec=Tank(name="c"), id="3"),
        standing(tanks["b"], spec=Tank(name="b", spill=Spill(tank="3")), id="2"),
        standing(tanks["a"], spec=Tank(name="a", spill=Spill(tank="2")), id="1"),
    ]
    found = plan(*tanks.values(), live=live)
    assert deeds(found) == [("replace", "tank.a"), ("replace", "tank.b"), ("replace", "tank.c")]
    causes = {action.address: action.caused_by for action in found.actions}
    assert causes == {"tank.a": "tank.b", "tank.b": "tank.c", "tank.c": None}


def test_every_reference_to_a_replaced_target_is_written_anew():
    harder = declare("a", "depot", Tank(name="a", metal="zinc"))
    deeper = declare("b", "depot", Tank(name="b", metal="zinc"))

    class Twin(Tap):
        refs = Pipe.refs | Tap.refs
        well: str | None = None
        overflow: str | None = None

    wide = declare(
        "w",
        "works",
        Twin(client="de", use="u", pipe="p-1", overflow=""),
        refs={"overflow": harder},
    )
    spill = declare("s", "depot", Tank(name="s", spill=Spill(tank="")), refs={"spill.tank": deeper})
    live = [
        standing(harder, spec=Tank(name="a"), id="1"),
        standing(deeper, spec=Tank(name="b"), id="2"),
        standing(wide, spec=Twin(client="de", use="u", pipe="p-1", overflow="1")),
        standing(spill, spec=Tank(name="s", spill=Spill(tank="2"))),
    ]
    found = {
        action.address: action for action in plan(harder, deeper, wide, spill, live=live).actions
    }
    assert [(it.path, it.before, it.after) for it in found["tap.w"].changes] == [
        ("overflow", "tank.a", "tank.a")
    ]
    assert [it.path for it in found["tank.s"].changes] == ["spill.tank"]


def test_the_new_target_of_a_moved_reference_is_its_cause_if_this_plan_makes_it():
    new = declare("n", "depot", Tank(name="z"))
    spill = declare("s", "depot", Tank(name="s", spill=Spill(tank="")), refs={"spill.tank": new})
    found = plan(new, spill, live=[standing(spill, spec=Tank(name="s"))])
    assert [(it.address, it.caused_by) for it in found.actions] == [
        ("tank.n", None),
        ("tank.s", "tank.n"),
    ]


def test_another_change_of_an_object_is_not_caused_by_its_new_target():
    new = declare("n", "depot", Tank(name="n"))
    spill = declare(
        "s",
        "depot",
        Tank(name="s", size=9, spill=Spill(tank="")),
        refs={"spill.tank": new},
        ignore=frozenset({"spill"}),
    )
    found = plan(new, spill, live=[standing(spill, spec=Tank(name="s"))])
    assert {it.address: it.caused_by for it in found.actions} == {"tank.n": None, "tank.s": None}


def test_what_refers_to_a_missing_declared_object_is_deleted_with_the_run_that_makes_it():
    """Else the next plan would find it: a second plan is empty."""
    live = [standing(PIPE, id="p-1")]
    assert deeds(plan(WELL, live=live)) == [("create", "well.x"), ("delete", "pipe.works/arn:x")]


# what excludes each other


def test_what_stands_in_the_way_and_is_ours_goes_first():
    assert deeds(plan(EVERY, live=[standing(PART)])) == [
        ("delete", "bell.tower/fire/1"),
        ("create", "bell.e"),
    ]


def test_what_stands_in_the_way_and_is_not_ours_stops_only_its_rival():
    theirs = standing(PART, spec=Bell(event="fire", target="1", uri="https://x.example/"))
    found = plan(EVERY, TANK, live=[theirs])
    assert deeds(found) == [("create", "tank.a")]
    assert problems(found) == {
        "bell.e": "bell.tower/fire/1 stands in its way and is not deleted by this run "
        "(one or the other)"
    }


def test_what_stands_in_another_account_or_for_another_event_is_in_no_ones_way():
    live = [
        standing(declare("s", "tower-2", Bell(event="fire", target="1", uri="https://x.example/"))),
        standing(declare("n", "tower", Bell(event="noon", target="1", uri="https://x.example/"))),
    ]
    assert deeds(plan(EVERY, live=live)) == [("create", "bell.e")]


def test_its_own_kind_of_slot_is_in_no_ones_way():
    two = declare("two", "tower", Bell(event="fire", target="2"))
    theirs = standing(PART, spec=Bell(event="fire", target="1", uri="https://x.example/"))
    assert deeds(plan(two, live=[theirs])) == [("create", "bell.two")]


def test_what_would_be_deleted_stands_in_the_way_of_a_targeted_run():
    found = plan(EVERY, live=[standing(PART)], targets=["bell.e"])
    assert deeds(found) == []
    assert "stands in its way" in problems(found)["bell.e"]


# selections


def test_a_targeted_run_touches_what_matches_and_deletes_nothing():
    larger = declare("a", "depot", Tank(name="a", size=99))
    other = standing(declare("b", "depot", Tank(name="b")))
    live = [standing(TANK), other]
    assert deeds(plan(larger, WELL, live=live, targets=["tank.*"])) == [("update", "tank.a")]
    assert deeds(plan(larger, WELL, live=live)) == [
        ("update", "tank.a"),
        ("create", "well.x"),
        ("delete", "tank.depot/b"),
    ]


def test_several_targets_are_taken_together():
    found = plan(WELL, TANK, EVERY, targets=["well.x", "bell.*"])
    assert deeds(found) == [("create", "bell.e"), ("create", "well.x")]


def test_a_targeted_object_whose_target_is_not_there_is_a_problem():
    found = plan(WELL, PIPE, targets=["pipe.p"])
    assert deeds(found) == []
    assert problems(found) == {
        "pipe.p": "it depends on well.x, which does not exist and is not part of this run"
    }
    assert deeds(plan(WELL, PIPE, live=[standing(WELL)], targets=["pipe.p"])) == [
        ("create", "pipe.p")
    ]


def test_accounts_that_are_not_selected_are_neither_changed_nor_emptied():
    larger = declare("a", "depot", Tank(name="a", size=99))
    live = [standing(TANK), standing(WELL), standing(EVERY)]
    found = plan(larger, PART, live=live, accounts=["tower"])
    assert deeds(found) == [("delete", "bell.tower/fire/everyone"), ("create", "bell.s")]


def test_a_reference_into_an_account_that_is_not_selected_has_to_be_there_already():
    found = plan(WELL, PIPE, accounts=["works"])
    assert problems(found) == {
        "pipe.p": "it depends on well.x, which does not exist and is not part of this run"
    }
    assert deeds(plan(WELL, PIPE, live=[standing(WELL)], accounts=["works"])) == [
        ("create", "pipe.p")
    ]


def test_selecting_every_account_by_name_is_selecting_all():
    found = plan(WELL, PIPE, TAP, accounts=["depot", "works"])
    assert deeds(found) == deeds(plan(WELL, PIPE, TAP))


# live objects that are hard to tell apart


def test_of_several_live_objects_with_one_identity_one_is_looked_at_and_the_others_told():
    live = [standing(TANK, id=it, spec=Tank(name="a", size=99)) for it in ("1", "2", "3")]
    found = plan(TANK, live=live)
    assert deeds(found) == [("update", "tank.a")]
    assert {(it.address, it.message) for it in found.warnings} == {
        (
            "tank.depot/a",
            "there are several live objects with this identity; one is looked at a run",
        )
    }


@pytest.mark.parametrize("ids", ["12", "21"])
def test_of_several_undeclared_ones_the_first_is_deleted_whatever_was_read_first(ids):
    live = [standing(TANK, id=it) for it in ids]
    [step] = prepare(world(WELL), seen(standing(WELL), *live)).steps
    assert (step.verb, step.change.former.outputs["id"]) == ("delete", "1")


def test_a_twin_that_is_not_ours_keeps_the_first_from_being_taken_for_ours():
    live = [standing(TANK, id="1", owner=None), standing(TANK, id="2")]
    assert deeds(plan(EVERY, live=live)) == [("create", "bell.e")]


def test_one_real_account_under_two_names_does_not_undeclare_what_is_declared_under_the_other():
    """What is declared under `depot` is also seen, undeclared, under `depot-admin`."""
    twin = standing(declare("x", "depot-admin", Well(name="x")))
    assert deeds(plan(WELL, live=[standing(WELL), twin])) == []


# destroying


def destroyed(*desired, live=(), **more):
    terms = DestroyTerms()
    return prepare(world(*desired), seen(*live), terms=terms, **more).plan


def test_to_destroy_is_to_delete_whatever_is_ours_declared_or_not():
    strange = standing(declare("z", "depot", Tank(name="z")), owner="other")
    stray = standing(declare("o", "depot", Tank(name="o")))
    found = destroyed(WELL, PIPE, TAP, TANK, live=[*built(), stray, strange])
    assert deeds(found) == [
        ("delete", "tank.depot/o"),
        ("delete", "tap.t"),
        ("delete", "pipe.p"),
        ("delete", "well.x"),
    ]
    assert not found.refused()


def test_to_destroy_leaves_accounts_alone_that_are_not_selected():
    selection = Selection(accounts=frozenset({"tower"}))
    found = destroyed(TANK, EVERY, live=[standing(TANK), standing(EVERY)], selection=selection)
    assert deeds(found) == [("delete", "bell.e")]


def test_to_destroy_takes_one_of_several_objects_with_one_identity_a_run():
    live = [standing(TANK, id=it) for it in ("1", "2")]
    assert deeds(destroyed(TANK, live=live)) == [("delete", "tank.a")]


def test_what_will_be_another_stacks_by_what_it_leads_to_is_warned_of():
    theirs = declare("p", "works", Pipe(well="", name="plain"), refs={"well": WELL})
    live = [
        standing(WELL),
        standing(theirs, spec=Pipe(well="arn:x", name="other--p"), id="p-1"),
    ]
    tap = declare("t", "works", Tap(client="de", use="u", pipe=""), refs={"pipe": theirs})
    found = plan(WELL, theirs, tap, live=live)
    assert deeds(found) == [("create", "tap.t")]
    assert [it.message for it in found.warnings if it.address == "tap.t"] == [
        (
            "pipe.p is of stack 'other', and so will this be, which that stack's next apply may "
            "delete: declare it there"
        )
    ]


def test_what_changes_though_it_is_another_stacks_by_its_name_is_warned_of():
    theirs = declare("p", "works", Pipe(well=""), refs={"well": WELL, "overflow": TANK})
    before = Pipe(well="arn:x", name="other--p")
    live = [standing(WELL), standing(TANK), standing(theirs, spec=before, id="p-1")]
    found = plan(WELL, TANK, theirs, live=live)
    assert deeds(found) == [("update", "pipe.p")]
    assert "it is of stack 'other', as its name or what it refers to tells" in [
        it.message for it in found.warnings if it.address == "pipe.p"
    ]
