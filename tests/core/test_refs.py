from reconciler.core.model.spec import get, live_address, put, references
from reconciler.core.world.refs import internalise, levels
from tests.toys import (
    Bell,
    Pipe,
    Spill,
    Tank,
    Tap,
    Valve,
    Well,
    declare,
    standing,
)


def inside(*live, desired=()):
    """Return the live specs with handles, by live address."""
    known, _ = internalise(live, desired)
    return {live_address(item.spec, item.account): item.spec for item in known}


def test_a_path_leads_into_a_spec_or_to_nothing_on_the_way():
    spilling = Tank(name="a", spill=Spill(tank="t-1"))
    assert get(spilling, "spill.tank") == "t-1"
    assert get(Tank(name="a"), "spill.tank") is None


def test_putting_a_value_leaves_the_original_and_all_else_as_it_is():
    before = Tank(name="a", spill=Spill(tank="t-1", after=7))
    after = put(before, "spill.tank", "t-2")
    assert (after.spill, before.spill) == (Spill(tank="t-2", after=7), Spill(tank="t-1", after=7))


def test_a_spec_holds_the_references_that_have_a_value():
    pipe = Pipe(well="arn:x")
    assert [(path, value) for path, _, value in references(pipe)] == [("well", "arn:x")]


def test_remote_values_become_the_handles_of_what_they_stand_for():
    well = standing(declare("x", "depot", Well(name="x")))
    tank = standing(declare("a", "depot", Tank(name="a")), id="t-1")
    pipe = standing(declare("p", "works", Pipe(well="arn:x", overflow="t-1")), id="p-1")
    tap = standing(declare("t", "works", Tap(client="de", use="u", pipe="p-1")))
    found = inside(tap, pipe, tank, well)
    assert found["pipe.works/arn:x"].overflow == "tank.depot/a"
    assert found["tap.works/de/u"].pipe == "pipe.works/arn:x"


def test_objects_of_one_kind_may_refer_to_each_other_in_a_circle():
    one, two = (
        standing(declare(name, "depot", Tank(name=name, spill=Spill(tank=to))), id=name * 2)
        for name, to in (("a", "bb"), ("b", "aa"))
    )
    found = inside(one, two)
    assert found["tank.depot/a"].spill.tank == "tank.depot/b"
    assert found["tank.depot/b"].spill.tank == "tank.depot/a"


def test_a_remote_value_of_nothing_known_stays_as_it_is():
    tap = standing(declare("t", "works", Tap(client="de", use="u", pipe="p-9")))
    assert inside(tap)["tap.works/de/u"].pipe == "p-9"


def test_ids_of_two_accounts_that_coincide_are_not_mixed():
    pipes = [
        standing(declare("p", account, Pipe(well=f"arn:{account}")), id="p-1")
        for account in ("works", "mains")
    ]
    taps = [
        standing(declare("t", "works", Tap(client="de", use="u", pipe="p-1"))),
        standing(declare("v", "mains", Valve(use="u", pipe="p-1"))),
    ]
    found = inside(*pipes, *taps)
    assert found["tap.works/de/u"].pipe == "pipe.works/arn:works"
    assert found["tap.mains/u"].pipe == "pipe.mains/arn:mains"


def test_a_reference_to_something_gone_still_finds_its_declaration():
    """As far as its remote values are known before it exists."""
    declared = declare("a", "depot", Tank(name="a"), outputs={"id": "t-1"})
    pipe = standing(declare("p", "works", Pipe(well="arn:x", overflow="t-1")))
    assert inside(pipe, desired=[declared])["pipe.works/arn:x"].overflow == "tank.depot/a"


def test_handles_become_the_remote_values_of_what_exists():
    well = declare("x", "depot", Well(name="x"))
    pipe = declare("p", "works", Pipe(well=""), refs={"well": well})
    tap = declare("t", "works", Tap(client="de", use="u", pipe=""), refs={"pipe": pipe})
    _, handles = internalise([standing(well), standing(pipe, id="p-1")], [well, pipe, tap])
    assert handles.outside(tap).pipe == "p-1"


def test_what_is_created_during_a_run_is_known_from_then_on():
    well = declare("x", "depot", Well(name="x"))
    pipe = declare("p", "works", Pipe(well=""), refs={"well": well})
    tap = declare("t", "works", Tap(client="de", use="u", pipe=""), refs={"pipe": pipe})
    _, handles = internalise([standing(well), standing(pipe, id="old")], [well, pipe, tap])
    handles.learn(pipe, {"id": "new"})
    assert handles.outside(tap).pipe == "new"


def test_a_handle_of_nothing_known_is_handed_out_as_it_is():
    pipe = declare("p", "works", Pipe(well="arn:elsewhere"))
    _, handles = internalise([], [pipe])
    assert handles.outside(pipe).well == "arn:elsewhere"


def test_of_two_objects_with_one_identity_the_first_is_meant_whatever_was_read_first():
    twins = [
        standing(declare("p", "works", Pipe(well="arn:x")), id=number) for number in ("p-1", "p-2")
    ]
    tap = declare("t", "works", Tap(client="de", use="u", pipe="pipe.works/arn:x"))
    for order in (twins, twins[::-1]):
        known, handles = internalise(order, [])
        assert handles.outside(tap).pipe == "p-1"
        assert [item.outputs["id"] for item in known] == ["p-1", "p-2"]


def test_kinds_that_are_referred_to_come_before_those_that_refer_to_them():
    assert levels([Tap, Bell, Pipe, Valve, Tank, Well]) == [
        ["bell", "tank", "well"],
        ["pipe"],
        ["tap"],
    ]


def test_a_kind_whose_target_is_not_there_does_not_wait_for_it():
    assert levels([Tap]) == [["tap"]]
