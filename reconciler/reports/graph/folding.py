"""Large pictures told smaller: what is alike becomes one node, so that a picture can be read."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.core.verdicts.topology import (
    CALL_BACK,
    OTHERS,
    Edge,
    EdgeState,
    GraphNode,
    Topology,
)

MOST_NODES = 60
MOST_EDGES = 400
"""Mermaid draws 500, and neither does a reader see more."""
_LEVELS = 3
_LOOSE = 4
"""So many objects of others that nothing leads to are still shown one by one."""

Group = Callable[[GraphNode], tuple[str, ...]]
"""Says what is told as one: nodes with the same words, of which the last is its name."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A topology told smaller, and by the key of each node of the whole one which one tells it."""

    small: Topology
    shown_by: Mapping[str, str]


def folded(topology: Topology, *, discreet: bool = False) -> Folded:
    """Return a topology of at most 60 nodes, or as few as accounts, kinds and states allow.

    Objects of others that nothing leads to are one node for each account. Beyond 60 nodes, what is
    for one seller or target is told as one, then what is of one account, then of one service.
    With `discreet` no object of others is named.
    """
    found = _merged(_whole(topology), _others(topology, discreet=discreet))
    for level in range(_LEVELS):
        if len(found.small.nodes) <= MOST_NODES and len(found.small.edges) <= MOST_EDGES:
            break
        # Nodes of one level are told anew at the next: keys and edges are others by then.
        found = _merged(found, list(_levels(found.small))[level])
    return found


def without_names_of_others(topology: Topology) -> Topology:
    """Return a topology that names no object of others: all of an account and kind are one node."""
    return _merged(_whole(topology), _others(topology, discreet=True)).small


def _whole(topology: Topology) -> Folded:
    return Folded(topology, {node.key: node.key for node in topology.nodes})


def _others(topology: Topology, *, discreet: bool) -> Group:
    """Group what is not ours; each group holds what nothing leads to or from, unless discreet."""
    theirs = {node.key for node in topology.nodes if node.state in OTHERS}
    ours = {edge for edge in topology.edges if edge.source not in theirs}
    if discreet:
        # Where only theirs leads to is theirs, too.
        reached = {key for edge in ours for key in (edge.source, edge.target)}
        beyond = {node.key for node in topology.nodes if node.state == "elsewhere"}
        loose = theirs | (beyond - reached)
    else:
        wired = {key for edge in topology.edges for key in (edge.source, edge.target)}
        loose = theirs - wired
    numbers = Counter((node.kind, node.account) for node in topology.nodes if node.key in loose)
    most = 0 if discreet else _LOOSE

    def group(node: GraphNode) -> tuple[str, ...]:
        if node.key in loose and numbers[node.kind, node.account] > most:
            return node.kind, node.account, node.service, node.state, "not ours"
        return (node.key,)

    return group


def _levels(topology: Topology) -> Iterator[Group]:
    """Yield what is told as one, step by step: of a seller or target, an account, a service.

    What takes over from others of its kind (dead letters) stays apart from these.
    """
    kinds = {node.key: node.kind for node in topology.nodes}
    labels = {
        edge.target: edge.label
        for edge in topology.edges
        if kinds[edge.source] == kinds[edge.target]
    }

    def by_account(node: GraphNode) -> tuple[str, ...]:
        return node.kind, node.account, node.service, node.state, labels.get(node.key, "")

    def by_party(node: GraphNode) -> tuple[str, ...]:
        # Nobody asks which URI each of many pushes to.
        if node.kind == CALL_BACK:
            return by_account(node)
        if not node.party:
            return (node.key,)
        return node.kind, node.account, node.service, node.state, node.party

    def by_service(node: GraphNode) -> tuple[str, ...]:
        return node.kind, "", node.service, node.state, labels.get(node.key, "")

    yield from (by_party, by_account, by_service)


def _merged(former: Folded, group: Group) -> Folded:
    topology = former.small
    groups: dict[tuple[str, ...], list[GraphNode]] = {}
    for node in topology.nodes:
        groups.setdefault(group(node), []).append(node)
    named = {
        node.key: one
        for words, nodes in groups.items()
        for one in [_together(words, nodes)]
        for node in nodes
    }
    nodes = {node.key: node for node in named.values()}
    edges = {
        replace(edge, source=named[edge.source].key, target=named[edge.target].key)
        for edge in topology.edges
    }
    small = Topology(
        topology.stack, tuple(nodes[key] for key in sorted(nodes)), tuple(_loudest(edges))
    )
    return Folded(small, {key: named[old].key for key, old in former.shown_by.items()})


def _together(words: tuple[str, ...], nodes: list[GraphNode]) -> GraphNode:
    """Return one node for several; a group of one thing that may be named stays that thing."""
    first = nodes[0]
    if len(words) == 1 or (len(nodes) == 1 and words[-1] != "not ours"):
        return first
    kind, account, service, _, name = words
    return GraphNode(
        key=" ".join(["all of", *filter(None, words)]),
        kind=kind,
        name=name,
        state=first.state,
        account=account,
        service=service,
        party=first.party if len({node.party for node in nodes}) == 1 else "",
        number=sum(node.number for node in nodes),
    )


def _loudest(edges: set[Edge]) -> list[Edge]:
    """Return edges without those that run within a group, one for each pair of nodes.

    Where some come and others go, all that changed is within the groups.
    """
    states: dict[tuple[str, str, str], set[EdgeState]] = {}
    for edge in edges:
        if edge.source != edge.target:
            states.setdefault((edge.source, edge.target, edge.label), set()).add(edge.state)
    return sorted(Edge(*way, _together_state(found - {"stays"})) for way, found in states.items())


def _together_state(changes: set[EdgeState]) -> EdgeState:
    return changes.pop() if len(changes) == 1 else "stays"
