"""Plans as values: contract section 3, same input same bytes, JSON and back, fingerprints."""

import json
import random
import sys

import pytest

from reconciler.core.model.finding import Finding
from reconciler.core.model.plan import Plan
from reconciler.core.planning.plan import prepare
from reconciler.core.provider import Scope
from reconciler.core.world.matching import Selection
from reconciler.core.world.unread import Unread
from reconciler.reports import as_json
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
TANK = declare("a", "depot", Tank(name="a", size="2m"))
PIPE = declare("p", "works", Pipe(well=""), refs={"well": WELL})
TAP = declare("t", "works", Tap(client="de", use="u", pipe=""), refs={"pipe": PIPE}, member="de")


def plan(*desired, live=(), selection=None, targets=None, **more):
    observed = seen(*live, warnings=more.pop("warnings", ()))
    return prepare(
        world(*desired, **more), observed, selection=selection or Selection(), identities=targets
    ).plan


def deeds(found):
    return [(action.action, action.address) for action in found.actions]


def parsed(found):
    return json.loads(as_json.render(found))


# the contract, section 3


def test_a_plan_has_the_fields_of_the_contract():
    """Contract section 3, `plan --format json`, literally."""
    stray = standing(declare("s", "tower", Bell(event="noon", uri="https://x.example/")))
    found = parsed(plan(TANK, live=[standing(TANK, spec=Tank(name="a")), stray]))
    assert {
        "formatVersion",
        "stack",
        "declarationsDigest",
        "fingerprint",
        "complete",
        "summary",
        "guards",
        "estimate",
        "actions",
        "unmanaged",
    } <= found.keys()
    assert found["formatVersion"] == 1
    assert found["stack"] == "acme"
    assert found["declarationsDigest"] == "sha256:0"
    assert found["fingerprint"].startswith("sha256:")
    assert found["complete"] is True
    assert found["summary"] == {
        "create": 0,
        "update": 1,
        "replace": 0,
        "delete": 0,
        "unchanged": 0,
        "unmanaged": 1,
    }
    reading = {"readingCalls": 0, "readingSeconds": 0.0}
    assert found["estimate"] == {"calls": 2, "seconds": 0.2, **reading}
    assert found["unmanaged"] == [
        {"kind": "bell", "account": "tower", "identity": {"event": "noon"}}
    ]


def test_a_guard_has_the_fields_of_the_contract():
    for guard in parsed(plan(TANK))["guards"]:
        assert guard.keys() >= {"guard", "refused", "message"}
        assert isinstance(guard["refused"], bool)


def test_an_action_has_the_fields_of_the_contract():
    """Contract section 3, the example's action but for its kind."""
    [action] = parsed(plan(TANK, live=[standing(TANK, spec=Tank(name="a"))]))["actions"]
    wanted = {
        "action": "update",
        "address": "tank.a",
        "account": "depot",
        "identity": {"name": "a"},
        "adopts": False,
        "changes": [{"path": "size", "before": 30, "after": 120}],
        "dependsOn": [],
        "causedBy": None,
    }
    assert {name: action[name] for name in wanted} == wanted


def test_a_create_lists_all_declared_fields_and_a_delete_all_live_ones():
    stale = standing(declare("b", "depot", Tank(name="b", size=7)))
    create, delete = parsed(plan(TANK, live=[stale]))["actions"]
    assert create["changes"] == [
        {"path": "name", "before": None, "after": "a"},
        {"path": "size", "before": None, "after": 120},
    ]
    assert delete["changes"] == [
        {"path": "metal", "before": "iron", "after": None},
        {"path": "name", "before": "b", "after": None},
        {"path": "size", "before": 7, "after": None},
    ]


def test_an_undeclared_object_is_addressed_by_kind_account_and_identity():
    live = [standing(it) for it in (WELL, PIPE, TAP)]
    found = plan(TANK, live=live)
    assert {address for deed, address in deeds(found) if deed == "delete"} == {
        "well.depot/x",
        "pipe.works/arn:x",
        "tap.works/de/u",
    }


def test_actions_stand_in_the_order_of_execution_and_name_what_they_depend_on():
    found = plan(WELL, PIPE, TAP)
    assert deeds(found) == [("create", "well.x"), ("create", "pipe.p"), ("create", "tap.t[de]")]
    assert [action.depends_on for action in found.actions] == [(), ("well.x",), ("pipe.p",)]


def test_what_follows_a_replaced_object_names_it_as_its_cause():
    wider = declare("p", "works", Pipe(well="", gauge=2), refs={"well": WELL})
    live = [
        standing(WELL),
        standing(wider, spec=Pipe(well="arn:x"), id="p-1"),
        standing(TAP, spec=Tap(client="de", use="u", pipe="p-1")),
    ]
    found = plan(WELL, wider, TAP, live=live)
    assert {action.address: action.caused_by for action in found.actions} == {
        "pipe.p": None,
        "tap.t[de]": "pipe.p",
    }
    assert [action.action for action in found.actions] == ["replace", "replace"]


def test_references_are_shown_by_the_addresses_people_know():
    other = declare("q", "works", Pipe(well="arn:y", name="acme--q"))
    live = [standing(WELL), standing(PIPE, id="p-1"), standing(other, id="p-2")]
    live.append(standing(TAP, spec=Tap(client="de", use="u", pipe="p-2")))
    found = plan(WELL, PIPE, other, TAP, live=live)
    assert [(it.path, it.before, it.after) for it in found.actions[0].changes] == [
        ("pipe", "pipe.q", "pipe.p")
    ]


def test_units_are_told_beside_the_plain_numbers():
    found = plan(TANK, live=[standing(TANK, spec=Tank(name="a"))])
    assert found.actions[0].units == {"size": "seconds"}


# same input, same bytes


def crowd():
    """Return declared and live objects in which every kind of action occurs."""
    wider = declare("p", "works", Pipe(well="", gauge=2), refs={"well": WELL})
    extra = declare("e", "works", Tap(client="fr", use="u", pipe=""), refs={"pipe": wider})
    every = declare("b", "tower", Bell(event="fire", everyone=True))
    spill = declare("s", "depot", Tank(name="s", spill=Spill(tank="")), refs={"spill.tank": TANK})
    live = [
        standing(WELL),
        standing(TANK, spec=Tank(name="a"), id="t-1"),
        standing(wider, spec=Pipe(well="arn:x", name="other"), id="p-1"),
        standing(TAP, spec=Tap(client="de", use="u", pipe="p-1")),
        *(standing(declare(it, "tower", Bell(event="fire", target=it)), id=it) for it in "12"),
        *(
            standing(declare("n", "depot", Tank(name="n"), stack="other"), id=f"n{it}")
            for it in "12"
        ),
        *(standing(declare("m", "depot", Tank(name="m")), id=f"m{it}") for it in "12"),
    ]
    return [WELL, TANK, wider, TAP, extra, every, spill], live


def test_the_same_world_in_any_order_gives_the_same_bytes():
    desired, live = crowd()
    told = [Finding(address="works", message=text) for text in ("one", "two")]
    found = set()
    for seed in range(20):
        dice = random.Random(seed)
        for items in (desired, live, told):
            dice.shuffle(items)
        declared = world(*desired)
        declared = declared._replace(desired=tuple(desired))
        observed = seen(*live, warnings=tuple(told))
        found.add(as_json.render(prepare(declared, observed).plan))
    assert len(found) == 1
    actions = {action["action"] for action in json.loads(found.pop())["actions"]}
    assert actions == {"create", "update", "replace", "delete"}


def test_a_plan_read_back_from_its_json_is_equal():
    desired, live = crowd()
    found = plan(*desired, live=live)
    again = Plan.model_validate_json(as_json.render(found))
    assert again == found
    assert as_json.render(again) == as_json.render(found)


# the fingerprint


def fingerprint(*desired, live=None, **more):
    live = [standing(TANK, spec=Tank(name="a"))] if live is None else live
    return plan(*(desired or [TANK]), live=live, **more).fingerprint


def test_the_fingerprint_covers_actions_declarations_and_the_real_accounts():
    same = fingerprint()
    assert fingerprint() == same
    assert fingerprint(live=[standing(TANK, spec=Tank(name="a", size=31))]) != same
    assert fingerprint(live=[standing(TANK, spec=Tank(name="a"), owner=None)]) != same
    assert fingerprint(digest="sha256:1") != same
    assert fingerprint(targets={"depot": {"accountId": "1"}}) != same


def test_a_plan_names_the_real_accounts_that_were_looked_at():
    targets = {"depot": {"accountId": "1"}, "works": {"accountId": "2"}}
    found = plan(TANK, WELL, live=[standing(WELL)], targets=targets)
    assert parsed(found)["accounts"] == targets


def test_the_fingerprint_does_not_cover_counts_warnings_and_what_is_not_ours():
    same = fingerprint()
    before = Tank(name="a")
    assert fingerprint(live=[standing(TANK, spec=before, waiting=7)]) == same
    stray = standing(declare("z", "depot", Tank(name="z")), owner=None)
    assert fingerprint(live=[standing(TANK, spec=before), stray]) == same
    warned = [Finding(address="depot", message="careful")]
    assert fingerprint(warnings=tuple(warned)) == same


# notes, summary, estimate


def test_a_replace_says_that_nothing_is_delivered_in_between():
    live = [standing(TANK, spec=Tank(name="a", size=120, metal="zinc"))]
    assert plan(TANK, live=live).actions[0].notes == (
        "it is deleted and created again: nothing is delivered for about 1 s",
    )


def test_a_create_that_needs_room_says_what_goes_first():
    every = declare("b", "tower", Bell(event="fire", everyone=True))
    parts = [standing(declare(it, "tower", Bell(event="fire", target=it))) for it in "21"]
    found = plan(every, live=parts)
    both = "bell.tower/fire/1, bell.tower/fire/2"
    first = f"{both} have to go first: nothing is delivered in between"
    assert found.actions[-1].notes == (first,)
    assert found.actions[-1].depends_on == ("bell.tower/fire/1", "bell.tower/fire/2")


def test_the_summary_counts_what_takes_part():
    desired, live = crowd()
    found = plan(*desired, live=live).summary
    # Of the two tanks with one identity, one is looked at.
    assert found == {
        "create": 3,
        "update": 1,
        "replace": 2,
        "delete": 3,
        "unchanged": 1,
        "unmanaged": 2,
    }


def test_what_is_not_targeted_is_not_counted_as_unchanged():
    found = plan(WELL, TANK, live=[standing(WELL)], selection=Selection(targets=("tank.*",)))
    assert (found.summary["unchanged"], found.summary["create"]) == (0, 1)


def test_the_estimate_counts_calls_and_the_slowest_limit_and_the_network():
    """Taps allow five at once and then one a second; calls take a tenth each."""
    names = [f"u{it}" for it in range(25)]
    taps = [
        declare(it, "works", Tap(client="de", use=it, pipe=""), refs={"pipe": PIPE}) for it in names
    ]
    found = plan(WELL, PIPE, *taps, live=[standing(WELL), standing(PIPE)]).estimate
    assert (found.calls, found.seconds) == (25, 20.1)


def test_a_replace_is_estimated_as_a_look_and_two_writes_and_nothing_as_none():
    live = [standing(TANK, spec=Tank(name="a", size=120, metal="zinc"))]
    assert plan(TANK, live=live).estimate.calls == 3
    empty = plan(TANK, live=[standing(TANK)]).estimate
    assert (empty.calls, empty.seconds) == (0, 0.0)


# size


def work(function) -> int:
    """Return how many calls of Python functions something takes: its work, on any machine."""
    calls = 0

    def count(_frame, kind, _argument):
        nonlocal calls
        calls += kind in ("call", "c_call")

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls


def thousands(number):
    """Return a world with objects in every state: replaced, taken along, created, deleted."""
    wider = declare("p", "works", Pipe(well="", gauge=2), refs={"well": WELL})
    bells = [declare(f"{it}", "tower", Bell(event="fire", target=str(it))) for it in range(number)]
    taps = [
        declare(f"t{it}", "works", Tap(client="de", use=f"u{it}", pipe=""), refs={"pipe": wider})
        for it in range(number)
    ]
    old = (Tap(client="de", use=f"u{it}", pipe="p-1") for it in range(number))
    valves = (declare(f"v{it}", "mains", Valve(use=f"v{it}", pipe="p-2")) for it in range(number))
    live = [
        standing(WELL),
        standing(wider, spec=Pipe(well="arn:x"), id="p-1"),
        standing(declare("q", "mains", Pipe(well="arn:x")), id="p-2"),
        *(standing(tap, spec=spec) for tap, spec in zip(taps, old, strict=True)),
        *(standing(it) for it in bells[::2]),
        *(standing(it) for it in valves),
    ]
    return [WELL, wider, *taps, *bells], live


def unread(number):
    return [
        Unread(Scope("works", (Tap,), f"client-{it}"), "works: ListTaps: busy")
        for it in range(number)
    ]


@pytest.mark.parametrize("troubled", [False, True])
def test_the_work_of_planning_grows_no_faster_than_the_world(troubled):
    def planning(number):
        desired, live = thousands(number)
        declared = world(*desired)
        observed = seen(*live, unread=tuple(unread(number if troubled else 0)))
        return work(lambda: prepare(declared, observed))

    planning(10)  # fills what is remembered for good
    assert planning(400) < 2.5 * planning(200)
