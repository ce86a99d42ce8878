"""Pictures of a topology: signs, folding, the same bytes, and names that mean nothing there."""

import random
import re
from xml.etree import ElementTree as ET

import pydot
import pytest

from reconciler.core.verdicts.topology import Edge, GraphNode, Topology
from reconciler.reports.graph import dot, mermaid, svg
from reconciler.reports.graph.boxes import NARROWEST, WIDEST, fitting, lines_of, width_of
from reconciler.reports.graph.folding import MOST_EDGES, MOST_NODES, folded
from reconciler.reports.graph.layout import laid_out
from reconciler.reports.graph.looks import Wording
from reconciler.reports.pages import MOST_MERMAID

PLAN = Wording()
READ_BY_PYDOT = pytest.mark.filterwarnings("ignore::DeprecationWarning:pydot")
FORMATS = pytest.mark.parametrize("render", [mermaid.render, dot.render, svg.render])
HOSTILE = (
    "\"]; end <script>alert(1)</script> `x` 'y' \\ %%{init: {}}%% #35; &amp;\n\u202ertl \x00 -->"
)


def node(key, kind="queue", state="in sync", account="aws", **more):
    return GraphNode(key, kind, more.pop("name", key), state, account, "aws-like", **more)


def chain(**more):
    nodes = (
        node("a.sub", "subscription", "create", "app", party="de"),
        node("b.dest", "destination", "update", "app"),
        node("c.q", state="delete"),
        node("d.dlq"),
    )
    edges = (
        Edge("a.sub", "b.dest", "", "comes"),
        Edge("b.dest", "c.q", "", "goes"),
        Edge("c.q", "d.dlq", "dead letter", "stays"),
    )
    return Topology("acme", nodes, edges, **more)


def texts(picture):
    return [found.text for found in ET.fromstring(picture).iter() if found.text]


@FORMATS
def test_signs_and_words_tell_what_colours_tell(render):
    picture = render(chain(), PLAN)
    for told in ("(+) create", "(~) update", "(-) delete", "dead letter", "a.sub"):
        assert told in picture


@FORMATS
def test_drift_is_told_in_its_own_words(render):
    picture = render(chain(), Wording(drifted=True))
    for told in ("(+) missing", "(~) changed", "(-) undeclared"):
        assert told in picture


@FORMATS
def test_the_order_of_what_is_drawn_does_not_matter_to_a_byte(render):
    topology = fleet(sellers=3, each=4)
    dice = random.Random(1)
    nodes, edges = list(topology.nodes), list(topology.edges)
    dice.shuffle(nodes)
    dice.shuffle(edges)
    again = Topology("acme", tuple(sorted(nodes, key=lambda it: it.key)), tuple(sorted(edges)))
    assert render(folded(topology).small, PLAN) == render(folded(again).small, PLAN)


def fleet(sellers, each, state="in sync"):
    nodes = [node("destination.d", "destination", account="app"), node("queue.q")]
    edges = [Edge("destination.d", "queue.q", "", "stays")]
    for seller in range(sellers):
        for number in range(each):
            key = f"subscription.t{number}[s{seller:03}]"
            party = f"s{seller:03}"
            nodes.append(node(key, "subscription", state, "app", party=party))
            edges.append(Edge(key, "destination.d", "", "stays"))
    return Topology("acme", tuple(sorted(nodes, key=lambda it: it.key)), tuple(sorted(edges)))


def test_up_to_sixty_nodes_each_is_shown():
    topology = fleet(sellers=2, each=29)
    assert len(topology.nodes) == MOST_NODES
    assert folded(topology).small == topology


def test_beyond_that_what_is_for_one_seller_is_told_as_one():
    small = folded(fleet(sellers=20, each=5)).small
    assert len(small.nodes) == 22
    assert "s003: 5 subscriptions" in mermaid.render(small, PLAN)
    assert len(small.edges) == 21


def test_of_a_fleet_the_account_is_told_as_one():
    small = folded(fleet(sellers=400, each=5)).small
    assert [it.number for it in small.nodes if it.kind == "subscription"] == [2000]
    assert "2,000 subscriptions" in mermaid.render(small, PLAN)


def test_dead_letters_stay_apart_from_the_queues_they_are_of():
    queues = [node(f"q{at:02}") for at in range(40)]
    dead = [node(f"q{at:02}-dlq") for at in range(40)]
    edges = [
        Edge(one.key, other.key, "dead letter", "stays")
        for one, other in zip(queues, dead, strict=True)
    ]
    nodes = tuple(sorted([*queues, *dead], key=lambda it: it.key))
    small = folded(Topology("acme", nodes, tuple(edges))).small
    assert sorted((it.name, it.number) for it in small.nodes) == [("", 40), ("dead letter", 40)]
    assert [it.label for it in small.edges] == ["dead letter"]


def test_what_changes_only_within_a_group_is_no_change_of_its_edges():
    topology = fleet(sellers=20, each=5)
    first = topology.edges[1]
    moved = {Edge(first.source, first.target, "", state) for state in ("comes", "goes")}
    edges = tuple(sorted({*topology.edges[2:], topology.edges[0], *moved}))
    small = folded(Topology("acme", topology.nodes, edges)).small
    assert {it.state for it in small.edges} == {"stays"}


def test_what_changes_is_never_told_as_one_with_what_does_not():
    topology = fleet(sellers=20, each=5)
    nodes = list(topology.nodes)
    nodes[7] = node(nodes[7].key, "subscription", "delete", "app", party=nodes[7].party)
    small = folded(Topology("acme", tuple(nodes), topology.edges)).small
    assert [it.name for it in small.nodes if it.state == "delete"] == [nodes[7].key]


def test_many_accounts_are_told_by_service():
    nodes = tuple(node(f"queue.q{at:03}", account=f"aws{at:03}") for at in range(90))
    small = folded(Topology("acme", nodes, ())).small
    assert [(it.number, it.account, it.service) for it in small.nodes] == [(90, "", "aws-like")]


def test_queues_of_others_that_nothing_leads_to_are_one_node():
    theirs = tuple(node(f"queue.aws/t{at}", state="unmanaged") for at in range(9))
    topology = Topology("acme", (*theirs, node("queue.ours")), ())
    assert [it.number for it in folded(topology).small.nodes] == [9, 1]


@pytest.mark.parametrize("state", ["unmanaged", "not known to be ours"])
def test_a_discreet_picture_names_nothing_of_others(state):
    nodes = (node("queue.aws/secret-project", state=state), node("queue.ours"))
    edges = (Edge("queue.aws/secret-project", "queue.ours", "dead letter", "stays"),)
    small = folded(Topology("acme", nodes, edges), discreet=True).small
    for render in (mermaid.render, dot.render, svg.render):
        assert "secret-project" not in render(small, PLAN)
    assert len(small.edges) == 1


def test_what_leads_in_a_circle_is_drawn_all_the_same():
    nodes = (node("a"), node("b"), node("c", "route"))
    edges = tuple(Edge(*way, "", "stays") for way in ("ab", "ba", "ac", "cb"))
    places = laid_out(Topology("acme", nodes, edges), lambda _: 200).places
    assert len(set(places.values())) == 3


def test_columns_follow_what_leads_where():
    places = laid_out(chain(), lambda _: 200).places
    columns = [places[key][0] for key in ("a.sub", "b.dest", "c.q", "d.dlq")]
    assert columns == sorted(set(columns))


def test_a_column_of_dead_letters_is_called_so():
    heads = [text for text in texts(svg.render(chain(), PLAN)) if text.startswith("queues")]
    assert heads == ["queues", "queues (dead letter)"]


def test_uris_that_differ_in_their_middle_are_told_apart_as_nothing_of_them_is_cut():
    uris = [f"https://hooks.example.com/merchant/{it}/PRODUCT_STATUS_CHANGE" for it in (12, 34)]
    called = tuple(node(it, "call back", "elsewhere", account="", name=it) for it in uris)
    told = "".join(texts(svg.render(Topology("acme", called, ()), PLAN)))
    assert "…" not in told
    assert all(f"{it}/PRODUCT_STATUS_CHANGE" in told for it in (12, 34))


def test_a_column_is_as_wide_as_what_stands_in_it_and_no_wider_than_can_be_read():
    widths = laid_out(chain(), lambda it: width_of(it, PLAN)).widths
    assert widths["d.dlq"] == NARROWEST
    long = node("x", name="x" * 60)
    assert width_of(long, PLAN) == WIDEST
    [(name, style)] = lines_of(long, PLAN)
    assert re.fullmatch("x+…x+", fitting((name, style), WIDEST))


@READ_BY_PYDOT
def test_hostile_names_mean_nothing_to_dot():
    picture = dot.render(Topology("acme", (node("k", name=HOSTILE, account=HOSTILE),), ()), PLAN)
    [graph] = pydot.graph_from_dot_data(picture)
    [cluster] = graph.get_subgraphs()
    assert [it.get_name() for it in cluster.get_nodes()] == ["n0"]
    assert not graph.get_edges()


@READ_BY_PYDOT
def test_dot_is_read_by_a_real_parser():
    [graph] = pydot.graph_from_dot_data(dot.render(chain(), PLAN))
    assert [(it.get_source(), it.get_destination()) for it in graph.get_edges()] == [
        ("n0", "n1"),
        ("n1", "n2"),
        ("n2", "n3"),
    ]


def test_hostile_names_mean_nothing_to_svg_which_holds_neither_script_nor_reference():
    hostile = (node("k", name=HOSTILE, account=HOSTILE), *chain().nodes)
    picture = svg.render(Topology("acme", hostile, chain().edges), PLAN)
    root = ET.fromstring(picture)
    tags = {found.tag.rpartition("}")[2] for found in root.iter()}
    assert tags <= {"svg", "style", "rect", "path", "text", "g", "title"}
    names = {name for found in root.iter() for name in found.attrib}
    assert not any("href" in name or name.startswith("on") for name in names)
    assert "url(" not in picture
    assert "@import" not in picture
    assert any("<script>" in text for text in texts(picture))


def test_hostile_names_mean_nothing_to_mermaid():
    picture = mermaid.render(Topology("acme", (node("k", name=HOSTILE),), ()), PLAN)
    [line] = [line for line in picture.splitlines() if line.lstrip().startswith("n0")]
    assert re.fullmatch(r'    n0\["<b>queue</b><br/>[^"<>`%{}\\]*"\]:::in-sync', line)
    assert "%%" not in picture


def test_names_in_any_script_leave_a_flowchart_as_short_as_github_draws_it():
    keys = [f"k{at:02}" for at in range(MOST_NODES)]
    nodes = tuple(node(key, name="価" * 80, account="格" * 50, detail="新" * 90) for key in keys)
    pairs = [(one, other) for one in keys for other in keys if one != other]
    edges = tuple(Edge(*pair, "dead letter", "comes") for pair in pairs[:MOST_EDGES])
    assert len(mermaid.render(folded(Topology("acme", nodes, edges)).small, PLAN)) < MOST_MERMAID
