"""A topology as a Mermaid flowchart, which GitHub draws in comments, issues and summaries."""

from collections.abc import Iterator

from reconciler.core.verdicts.topology import GraphNode, Topology
from reconciler.reports.graph.looks import (
    EDGE_SIGNS,
    LOOKS,
    Look,
    Wording,
    account_title,
    remark,
    title,
)

_ARROWS = {"stays": "-->", "comes": "==>", "goes": "-.->"}
_HARMLESS = frozenset(" -_./:@,()[]=~?!+…·±'")
"""Not the percent sign and braces, which make directives wherever they stand."""
_SHAPES = {"stays": '["{}"]', "elsewhere": '(["{}"])'}


def render(topology: Topology, wording: Wording) -> str:
    """Return the flowchart, from left to right, ending in a newline."""
    return "".join(f"{line}\n" for line in _lines(topology, wording))


def _lines(topology: Topology, wording: Wording) -> Iterator[str]:
    names = {node.key: f"n{number}" for number, node in enumerate(topology.nodes)}
    yield "flowchart LR"
    yield f"  accTitle: Stack {_label(topology.stack)}"
    yield "  accDescr: What leads where, from subscriptions to the queues or URIs they end in"
    frames = framed(topology)
    for number, (frame, nodes) in enumerate(frames):
        if frame:
            yield f'  subgraph f{number}["{_label(frame)}"]'
        for node in nodes:
            yield f"    {names[node.key]}{_node(node, wording)}"
        if frame:
            yield "  end"
    for edge in topology.edges:
        word = " ".join(filter(None, [EDGE_SIGNS[edge.state], edge.label]))
        label = f'|"{_label(word)}"|' if word else ""
        yield f"  {names[edge.source]} {_ARROWS[edge.state]}{label} {names[edge.target]}"
    for state in sorted({node.state for node in topology.nodes}):
        yield f"  classDef {_class(state)} {_style(LOOKS[state])}"
    yield "  classDef frame fill:none,stroke:#768390"
    for number, (frame, _) in enumerate(frames):
        if frame:
            yield f"  class f{number} frame"


def framed(topology: Topology) -> list[tuple[str, list[GraphNode]]]:
    """Return nodes by the title of the account they are in, which is empty for none."""
    frames: dict[str, list[GraphNode]] = {}
    for node in topology.nodes:
        frames.setdefault(account_title(node.account, node.service), []).append(node)
    return sorted(frames.items())


def _node(node: GraphNode, wording: Wording) -> str:
    lines = [_label(title(node)), _label(remark(node, wording))]
    if node.number == 1:
        lines.insert(0, f"<b>{_label(node.kind)}</b>")
    text = "<br/>".join(filter(None, lines))
    shape = _SHAPES["elsewhere" if node.state == "elsewhere" else "stays"]
    return f"{shape.format(text)}:::{_class(node.state)}"


def _label(text: str) -> str:
    """Return a text in which Mermaid sees neither syntax nor Markdown nor HTML."""
    return "".join(
        character if character.isalnum() or character in _HARMLESS else f"#{ord(character)};"
        for character in text
    )


def _class(state: str) -> str:
    return state.replace(" ", "-")


def _style(look: Look) -> str:
    dashes = ",stroke-dasharray:5 4" if look.dashed else ""
    return f"fill:{look.fill},stroke:{look.line},color:{look.ink}{dashes}"
