"""Who is wired to what, of kinds that no service has."""

from dataclasses import replace
from typing import ClassVar

from reconciler.core.model.delivery import Delivery
from reconciler.core.model.spec import Reference
from reconciler.core.planning.plan import prepare
from reconciler.core.planning.terms import DestroyTerms
from reconciler.core.provider import Scope
from reconciler.core.verdicts.drift import drift_of
from reconciler.core.verdicts.topology import (
    Edge,
    declared_topology,
    differences_only,
    planned_topology,
)
from reconciler.core.world.observation import Observation
from reconciler.core.world.unread import Unread
from tests.toys import Bell, Cloud, Pipe, Spill, Tank, Tap, Well, declare, standing, world

WELL = declare("w", "depot", Well(name="w"))
PIPE = declare("p", "works", Pipe(well=""), refs={"well": WELL})
TAP = declare("t", "works", Tap(client="de", use="tea", pipe=""), refs={"pipe": PIPE}, member="de")


class Ringing(Bell):
    delivery = Delivery(pushes_to="uri")


def stand(*items):
    return [standing(item) for item in items]


def drawn(declarations, live, **more):
    prepared = prepare(declarations, Observation(tuple(live), **more))
    return planned_topology(prepared)


def states(topology):
    return {node.key: node.state for node in topology.nodes}


def test_what_is_declared_is_wired_by_its_references_alone():
    topology = declared_topology(world(WELL, PIPE, TAP))
    assert states(topology) == dict.fromkeys(["pipe.p", "tap.t[de]", "well.w"], "declared")
    assert topology.edges == (
        Edge("pipe.p", "well.w", "", "stays"),
        Edge("tap.t[de]", "pipe.p", "", "stays"),
    )
    tap = topology.nodes[1]
    assert (tap.name, tap.detail, tap.party, tap.account) == ("t[de]", "tea", "de", "works")


def test_what_is_to_be_created_comes_with_what_it_leads_to():
    topology = drawn(world(WELL, PIPE), [])
    assert set(states(topology).values()) == {"create"}
    assert topology.edges == (Edge("pipe.p", "well.w", "", "comes"),)


def test_what_is_live_as_declared_is_in_sync_and_known_by_its_remote_values():
    topology = drawn(world(WELL, PIPE), stand(WELL, PIPE))
    assert set(states(topology).values()) == {"in sync"}
    assert topology.edges == (Edge("pipe.p", "well.w", "", "stays"),)
    assert topology.nodes[1].outputs["arn"] == "arn:w"


def test_a_reference_that_is_led_elsewhere_shows_both_ways():
    old, new = declare("old", "depot", Tank(name="old")), declare("new", "depot", Tank(name="new"))
    before = declare("p", "works", Pipe(well=""), refs={"well": WELL, "overflow": old})
    after = declare("p", "works", Pipe(well=""), refs={"well": WELL, "overflow": new})
    topology = drawn(world(WELL, old, new, after), stand(WELL, old, new, before))
    assert states(topology)["pipe.p"] == "update"
    assert topology.edges == (
        Edge("pipe.p", "tank.new", "overflow", "comes"),
        Edge("pipe.p", "tank.old", "overflow", "goes"),
        Edge("pipe.p", "well.w", "", "stays"),
    )


def test_what_is_ours_and_undeclared_goes_with_its_edges():
    topology = drawn(world(WELL), stand(WELL, PIPE))
    gone = "pipe.works/arn:w"
    assert states(topology) == {gone: "delete", "well.w": "in sync"}
    assert topology.edges == (Edge(gone, "well.w", "", "goes"),)


def test_what_is_not_ours_stays_and_what_it_is_wired_to_shows():
    cloud = Cloud()
    cloud.put("depot", Well(name="theirs"))
    topology = drawn(world(WELL), [*stand(WELL), *cloud.live("depot")])
    assert states(topology) == {"well.depot/theirs": "unmanaged", "well.w": "in sync"}


def test_an_edge_within_a_kind_says_what_it_is_for():
    target = declare("b", "depot", Tank(name="b"))
    spilling = Tank(name="a", spill=Spill(tank=""))
    source = declare("a", "depot", spilling, refs={"spill.tank": target})
    topology = declared_topology(world(source, target))
    assert topology.edges == (Edge("tank.a", "tank.b", "spill", "stays"),)


def test_an_object_stands_behind_what_it_takes_notifications_from():
    class Sluice(Pipe):
        kind = "sluice"
        refs: ClassVar = {**Pipe.refs, "well": Pipe.refs["well"]._replace(source=True)}

    tank = declare("a", "depot", Tank(name="a"))
    sluice = declare("s", "works", Sluice(well=""), refs={"well": WELL, "overflow": tank})
    topology = declared_topology(world(WELL, tank, sluice))
    assert topology.edges == (
        Edge("sluice.s", "tank.a", "overflow", "stays"),
        Edge("well.w", "sluice.s", "", "stays"),
    )


def test_what_lies_elsewhere_is_a_node_of_its_own():
    pipe = declare("p", "works", Pipe(well="arn:far"))
    topology = declared_topology(world(pipe))
    assert states(topology) == {"pipe.p": "declared", "well arn:far": "elsewhere"}
    assert topology.edges == (Edge("pipe.p", "well arn:far", "", "stays"),)


def test_what_was_not_read_is_unknown_and_its_wires_are_those_declared():
    unread = Unread(Scope("works", (Pipe, Tap)), "it did not answer")
    topology = drawn(world(WELL, PIPE), stand(WELL), unread=(unread,))
    assert states(topology) == {"pipe.p": "unknown", "well.w": "in sync"}
    assert topology.edges == (Edge("pipe.p", "well.w", "", "stays"),)


def test_whose_an_object_is_and_where_it_leads_may_hang_on_what_was_not_read():
    cloud = Cloud()
    cloud.put("depot", Well(name="theirs"))
    cloud.put("works", Tap(client="de", use="tea", pipe="pipe-9"))
    live = [*stand(WELL), *cloud.live("depot"), *cloud.live("works")]
    unread = Unread(Scope("works", (Pipe,)), "it did not answer")
    seen, part = drawn(world(WELL), live), drawn(world(WELL), live, unread=(unread,))
    tap, well, pipe = "tap.works/de/tea", "well.depot/theirs", "pipe pipe-9"
    assert (states(seen)[tap], states(seen)[pipe]) == ("unmanaged", "elsewhere")
    assert states(part) == {
        "well.w": "in sync",
        **dict.fromkeys([tap, well], "not known to be ours"),
        pipe: "unknown",
    }


def test_what_is_not_drawn_as_a_wire_is_no_node_either():
    well, pipe = stand(WELL, PIPE)
    spilling = pipe.spec.model_copy(update={"overflow": "tank-9"})
    live = [well, replace(pipe, spec=spilling)]
    unread = Unread(Scope("works", (Pipe, Tap)), "it did not answer")
    topology = drawn(world(WELL, PIPE), live, unread=(unread,))
    assert states(topology) == {"pipe.p": "unknown", "well.w": "in sync"}


def test_call_backs_are_where_several_subscriptions_meet():
    bells = [declare(name, "tower", Ringing(event=name)) for name in ("a", "b")]
    topology = declared_topology(world(*bells))
    uri = "https://hooks.example.com/bell"
    assert [edge.target for edge in topology.edges] == [f"call back {uri}"] * 2
    assert [(node.kind, node.name) for node in topology.nodes if not node.account] == [
        ("call back", uri)
    ]


def test_what_is_declared_for_our_own_commands_stands_behind_its_accounts_call_backs():
    class Ear(Bell):
        kind = "ear"
        local = True
        refs: ClassVar = {"target": Reference("tank", "id")}

    tank = declare("a", "depot", Tank(name="a"))
    bell = declare("b", "tower", Ringing(event="a"))
    ear = declare("e", "tower", Ear(event="", target=""), refs={"target": tank})
    topology = declared_topology(world(tank, bell, local=(ear,)))
    uri = "call back https://hooks.example.com/bell"
    assert states(topology)["ear.e"] == "declared"
    assert topology.edges == (
        Edge("bell.b", uri, "", "stays"),
        Edge(uri, "ear.e", "", "stays"),
        Edge("ear.e", "tank.a", "target", "stays"),
    )


def test_the_order_of_reading_does_not_matter():
    live = [*stand(WELL, PIPE), *stand(TAP)]
    assert drawn(world(WELL, TAP, PIPE), live) == drawn(world(TAP, PIPE, WELL), live[::-1])


def test_where_differences_are_told_what_only_follows_from_them_is_in_sync():
    # The tank is made anew, and with it goes what leads to it: only the tank differs.
    tank = declare("a", "depot", Tank(name="a", metal="gold"))
    before = standing(declare("a", "depot", Tank(name="a", metal="iron")))
    pipe = declare("p", "works", Pipe(well=""), refs={"well": WELL, "overflow": tank})
    wired = pipe.spec.model_copy(update={"overflow": "id of tank.a"})
    live = [before, *stand(WELL), standing(pipe, spec=wired)]
    prepared = prepare(world(WELL, tank, pipe), Observation(tuple(live)))
    planned = states(planned_topology(prepared))
    drifted = states(differences_only(planned_topology(prepared), drift_of(prepared.plan)))
    assert (planned["tank.a"], drifted["tank.a"]) == ("replace", "update")
    assert planned["pipe.p"] != "in sync"
    assert (drifted["pipe.p"], drifted["well.w"]) == ("in sync", "in sync")


def test_to_destroy_takes_every_way_away():
    prepared = prepare(
        world(WELL, PIPE), Observation(tuple(stand(WELL, PIPE))), terms=DestroyTerms()
    )
    edges = planned_topology(prepared).edges
    assert edges
    assert {edge.state for edge in edges} == {"goes"}
