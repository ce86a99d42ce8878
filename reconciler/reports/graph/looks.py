"""How nodes and edges of a picture look: signs, words and colours, the same in every format."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reconciler.core.text.visible import visible
from reconciler.core.verdicts.topology import NODE_STATES, EdgeState, GraphNode, NodeState, Topology

_LONGEST = 72


@dataclass(frozen=True, slots=True)
class Look:
    """A sign beside the colours, since not everybody sees these: of the box, its line, its text.

    `night` are box and text on a dark page. `dashed` lines are around what does not stay or is not
    ours.
    """

    sign: str
    fill: str
    line: str
    ink: str
    night: tuple[str, str] = ("#212830", "#e6edf3")
    dashed: bool = False


_GREY = ("#f6f8fa", "#656d76", "#1f2328")
_WHITE = ("#ffffff", "#768390", "#57606a", ("#0d1117", "#9da7b1"))
LOOKS: dict[NodeState, Look] = {
    "create": Look("+", "#dafbe1", "#1a7f37", "#0b4a1e", ("#12351d", "#b3f0c3")),
    "update": Look("~", "#fff8c5", "#9a6700", "#4d3800", ("#3a2d05", "#f5dd90")),
    "replace": Look("±", "#fbe3ff", "#8250df", "#4a1f8a", ("#33205c", "#e2ccff")),
    "delete": Look("-", "#ffebe9", "#cf222e", "#82071e", ("#4a1519", "#ffc1ba"), dashed=True),
    "problem": Look("!", "#ffe2d1", "#bc4c00", "#6b2700", ("#472007", "#ffc6a0")),
    "unknown": Look("?", "#ddf4ff", "#0969da", "#053b78", ("#0b2d52", "#b6dcff"), dashed=True),
    "in sync": Look("=", *_GREY),
    "declared": Look("", *_GREY),
    "left alone": Look("=", *_GREY, dashed=True),
    "not known to be ours": Look("?", *_WHITE, dashed=True),
    "unmanaged": Look("·", *_WHITE, dashed=True),
    "elsewhere": Look("", *_WHITE),
}
DRIFTED: dict[NodeState, str] = {
    "create": "missing",
    "update": "changed",
    "delete": "undeclared",
}
"""What the same states are called where differences are told instead of actions."""
EDGE_SIGNS: dict[EdgeState, str] = {"stays": "", "comes": "(+)", "goes": "(-)"}


@dataclass(frozen=True, slots=True)
class Wording:
    """What states are called: as actions of a plan, or `drifted` as differences."""

    drifted: bool = False

    def state(self, state: NodeState) -> str:
        """Return a state in a word or two."""
        return DRIFTED.get(state, state) if self.drifted else state


def title(node: GraphNode) -> str:
    """Return what a node is called."""
    if node.number == 1:
        return shortened(node.name)
    many = f"{node.number:,} {plural(node.kind)}"
    return f"{shortened(node.name)}: {many}" if node.name else many


def remark(node: GraphNode, wording: Wording) -> str:
    """Return the second line of a node: what becomes of it, by sign and word, and its detail."""
    look, word = LOOKS[node.state], wording.state(node.state)
    quiet = node.state in ("in sync", "declared", "elsewhere")
    words = [] if quiet else [f"({look.sign}) {word}"]
    return " · ".join([*words, *filter(None, [shortened(node.detail)])])


def account_title(name: str, service: str) -> str:
    """Return what the frame around an account's objects is called."""
    return shortened(f"{name} · {service}" if service and name else name or service)


def legend(topology: Topology, wording: Wording) -> Iterator[tuple[NodeState, str]]:
    """Yield the states that a picture shows, in words and with their numbers."""
    counts: Counter[NodeState] = Counter()
    for node in topology.nodes:
        counts[node.state] += node.number
    for state in NODE_STATES:
        if counts[state]:
            sign = LOOKS[state].sign
            yield state, f"{f'({sign}) ' if sign else ''}{wording.state(state)}: {counts[state]:,}"


def plural(kind: str) -> str:
    """Return several of a kind: `queues`, `pushes`."""
    return f"{kind}es" if kind.endswith(("s", "sh", "ch", "x")) else f"{kind}s"


def shortened(text: Any) -> str:
    """Return a text in which nothing hides, its middle left out where it is long."""
    shown = visible(str(text))
    if len(shown) <= _LONGEST:
        return shown
    half = (_LONGEST - 1) // 2
    return f"{shown[:half]}…{shown[-half:]}"
