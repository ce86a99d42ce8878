"""Who is wired to what, and what would change: declared and live objects as nodes and edges.

What leads where follows from the references of specs alone: from what notifications are sent for to
where they end, and from there to what takes those that nobody could read.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.addresses import Handle
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.pacing import ActionName
from reconciler.core.model.spec import Reference, Spec, pushed_to, references
from reconciler.core.planning.plan import Prepared
from reconciler.core.verdicts.drift import Drift
from reconciler.core.world.index import Index
from reconciler.core.world.matching import World
from reconciler.core.world.unread import hidden

NodeState = Literal[
    "create",
    "update",
    "replace",
    "delete",
    "problem",
    "unknown",
    "in sync",
    "declared",
    "left alone",
    "not known to be ours",
    "unmanaged",
    "elsewhere",
]
"""What becomes of an object, the loudest first.

declared: nothing was asked about what is live. left alone: ours and not declared, and still not
deleted by this plan. not known to be ours: whose it is may hang on what was not read. elsewhere:
outside of all accounts that are declared.
"""
NODE_STATES: tuple[NodeState, ...] = get_args(NodeState)
OTHERS: frozenset[NodeState] = frozenset({"not known to be ours", "unmanaged"})
"""Those of objects that nobody here declared or is known to own."""
EdgeState = Literal["stays", "comes", "goes"]
Way = tuple[str, str, str]
"""From where, to where, and what to write beside it."""
CALL_BACK = "call back"
"""The kind of a node that stands for a URI notifications are posted to."""


@dataclass(frozen=True, slots=True)
class GraphNode:
    """One object, or `number` alike ones that are told as one.

    `key` is its address, declared or live; `name` what of it tells it from others of its kind, and
    `detail` what its identity says beyond that. `account` and `service` are empty for what lies
    elsewhere. `party` is the seller or target it is for. `identity` and `outputs` are its own names
    for itself at the service, as far as they are known.
    """

    key: str
    kind: str
    name: str
    state: NodeState
    account: str = ""
    service: str = ""
    party: str = ""
    detail: str = ""
    identity: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    number: int = 1


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """What leads from one node to another, by their keys; `label` is empty on the usual way."""

    source: str
    target: str
    label: str
    state: EdgeState


@dataclass(frozen=True, slots=True)
class Topology:
    """Nodes by key and the edges between them, both sorted."""

    stack: str
    nodes: tuple[GraphNode, ...]
    edges: tuple[Edge, ...]

    def scrubbed(self, scrub: Callable[[str], str]) -> "Topology":
        """Return it without secrets, which could not be found any more once they are escaped."""
        nodes = (
            replace(node, name=scrub(node.name), detail=scrub(node.detail)) for node in self.nodes
        )
        return replace(self, nodes=tuple(nodes))


def declared_topology(declarations: Declarations) -> Topology:
    """Return what is declared, without a look at what is live."""
    return _Drawing(declarations, None).topology()


def planned_topology(prepared: Prepared) -> Topology:
    """Return what is declared and live, with what a plan does to it."""
    return _Drawing(prepared.world.declarations, prepared).topology()


def differences_only(topology: Topology, drift: Drift) -> Topology:
    """Return it with what differs marked alone, however it is mended.

    What would be written only because of something else is in sync.
    """
    differing = {item.address for item in drift.resources}
    nodes = tuple(
        replace(node, state="update" if node.key in differing else "in sync")
        if node.state in ("update", "replace")
        else node
        for node in topology.nodes
    )
    return replace(topology, nodes=nodes)


class _Drawing:
    """Nodes and edges while they are found; references are looked up by what they hold."""

    def __init__(self, declarations: Declarations, prepared: Prepared | None) -> None:
        self._declarations = declarations
        self._world: World | None = prepared.world if prepared else None
        self._hidden = hidden(self._world.unread) if self._world else frozenset()
        actions = prepared.plan.actions if prepared else ()
        self._verbs: dict[str, ActionName] = {item.address: item.action for item in actions}
        self._met = {it.live_address: it for it in declarations.desired}
        self._index = Index[Desired | Live](
            declarations.desired,
            self._world.live if self._world else (),
            self._world.sights.aliases if self._world else {},
        )
        self._nodes: dict[str, GraphNode] = {}
        self._edges: set[Edge] = set()

    def topology(self) -> Topology:
        """Draw everything."""
        live = self._world.live if self._world else []
        for item in self._declarations.desired:
            self._add(_node(item, item.address, self._declared_state(item), self._outputs(item)))
        for each in self._declarations.unlisted:
            unseen: NodeState = "declared" if self._world is None else "unknown"
            node = GraphNode(each.address, each.specimen.spec.kind, each.address, unseen)
            detail = "one for each that the service lists"
            self._add(replace(node, account=each.account, detail=detail))
        undeclared: list[tuple[str, Live]] = []
        for thing in live:
            address = thing.live_address
            met = self._met.get(thing.live_address)
            if met is None:
                undeclared.append((address, thing))
                self._add(_node(thing, address, self._live_state(thing, address), thing.outputs))
        for item in self._declarations.desired:
            self._edges.update(self._of_declared(item))
        for key, thing in undeclared:
            state: EdgeState = "goes" if key in self._verbs else "stays"
            self._edges.update(Edge(*way, state) for way in self._ways(thing, key))
        self._draw_local()
        nodes = tuple(self._nodes[key] for key in sorted(self._nodes))
        return Topology(self._declarations.stack, nodes, tuple(sorted(self._edges)))

    def _draw_local(self) -> None:
        """Draw what our own commands are told: it takes what the call backs of its account get."""
        call_backs = {
            (self._nodes[edge.source].account, edge.target)
            for edge in self._edges
            if self._nodes[edge.target].kind == CALL_BACK and edge.state != "goes"
        }
        for item in self._declarations.local:
            self._add(_node(item, item.address, "declared", item.outputs))
            posted = [key for account, key in call_backs if account == item.account]
            self._edges.update(Edge(key, item.address, "", "stays") for key in posted)
            self._edges.update(Edge(*way, "stays") for way in self._ways(item, item.address))

    def _add(self, node: GraphNode) -> str:
        self._nodes.setdefault(node.key, node)
        return node.key

    def _outputs(self, item: Desired) -> Mapping[str, str]:
        live = self._world.met(item) if self._world else None
        return live.outputs if live else item.outputs

    def _declared_state(self, item: Desired) -> NodeState:
        world = self._world
        if world is None or not world.selection.takes(item):
            return "declared"
        if item.address in self._verbs:
            return self._verbs[item.address]
        if item.address in world.unknown:
            return "unknown"
        return "problem" if item.address in world.stuck else "in sync"

    def _live_state(self, item: Live, address: str) -> NodeState:
        if address in self._verbs:
            return self._verbs[address]
        if self._world and self._world.owned(item):
            return "left alone"
        return "not known to be ours" if self._hidden else "unmanaged"

    def _of_declared(self, item: Desired) -> Iterator[Edge]:
        """Yield where a declared object leads, and from where it is led away."""
        live = (self._world.met(item) if self._world else None) or item
        verb, wanted = self._verbs.get(item.address), set[Way]()
        # Nothing else is looked for: what nobody knows becomes a node.
        match verb:
            case "delete":
                actual = set(self._ways(live, item.address))
            case "update" | "replace":
                wanted = set(self._ways(item, item.address))
                actual = set(self._ways(live, item.address))
            case None if self._declared_state(item) == "in sync":
                wanted = actual = set(self._ways(live, item.address))
            case _:
                wanted = actual = set(self._ways(item, item.address))
        comes = verb == "create"
        for way in wanted | actual:
            stays = way in actual and way in wanted and not comes
            yield Edge(*way, "stays" if stays else "comes" if way in wanted else "goes")

    def _ways(self, item: Desired | Live, key: str) -> Iterator[Way]:
        """Yield where notifications go on from the object `key`, or come to it from."""
        named = item.references if isinstance(item, Desired) else {}
        for path, reference, handle in references(item.spec):
            other = named.get(path) or self._found(item, reference, handle)
            if reference.source:
                yield other, key, ""
            else:
                yield key, other, _beside(path, reference)
        if (uri := pushed_to(item.spec)) is not None:
            yield key, self._add(GraphNode(f"{CALL_BACK} {uri}", CALL_BACK, uri, "elsewhere")), ""

    def _found(self, item: Desired | Live, reference: Reference, handle: Handle) -> str:
        """Return the key of what a handle names; what nobody knows becomes a node of its own."""
        known = self._index.named(reference.key(item.account, handle))
        if known is None:
            return self._add(self._stranger(item, reference, handle))
        met = known if isinstance(known, Desired) else self._met.get(known.live_address)
        return met.address if met else known.live_address

    def _stranger(self, item: Desired | Live, reference: Reference, handle: Handle) -> GraphNode:
        kind = reference.kind
        sighting = self._world.remote.sight(kind, handle).state if self._world else ""
        if reference.remote is None and reference.key(item.account, handle)[:2] in self._hidden:
            sighting = "unexamined"
        states: dict[str, NodeState] = {"gone": "problem", "unexamined": "unknown"}
        return GraphNode(f"{kind} {handle}", kind, handle, states.get(sighting, "elsewhere"))


def _node(
    item: Desired | Live, key: str, state: NodeState, outputs: Mapping[str, str]
) -> GraphNode:
    spec = item.spec
    name = key.removeprefix(f"{spec.kind}.").removeprefix(f"{item.account}/")
    return GraphNode(
        key=key,
        kind=spec.kind,
        name=name,
        state=state,
        account=item.account,
        service=spec.service,
        party=spec.succession.party(spec) or "",
        detail=" ".join(_distinguishing(spec, name)),
        identity=spec.identity_values(),
        outputs=dict(sorted(outputs.items())),
    )


def _distinguishing(spec: Spec, name: str) -> Iterator[str]:
    """Yield what of an identity neither the name tells nor an edge."""
    values: Iterable[tuple[str, Any]] = spec.identity_values().items()
    leads = {spec.identity_names.get(path, path) for path in spec.refs}
    for shown, value in values:
        inner = value.values() if isinstance(value, dict) else (shown if value is True else value,)
        if shown not in leads:
            yield from (text for text in map(str, inner) if text not in re.split(r"[/\[\]]", name))


def _beside(path: str, reference: Reference) -> str:
    """Return the head of a YAML path in words, `deadLetter.queue` → `dead letter`.

    Empty on the usual way, where the field is called like the kind it leads to.
    """
    head = path.partition(".")[0]
    return "" if head == reference.kind else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", head).lower()
