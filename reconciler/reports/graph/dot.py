"""A topology in the DOT language, for Graphviz and what reads it."""

from collections.abc import Iterator

from reconciler.core.verdicts.topology import Edge, GraphNode, Topology
from reconciler.reports.graph.looks import EDGE_SIGNS, LOOKS, Wording, remark, title
from reconciler.reports.graph.mermaid import framed

_STYLES = {"stays": "solid", "comes": "bold", "goes": "dashed"}
_COLORS = {"stays": "#656d76", "comes": "#1a7f37", "goes": "#cf222e"}


def render(topology: Topology, wording: Wording) -> str:
    """Return the graph, from left to right, ending in a newline."""
    return "".join(f"{line}\n" for line in _lines(topology, wording))


def _lines(topology: Topology, wording: Wording) -> Iterator[str]:
    names = {node.key: f"n{number}" for number, node in enumerate(topology.nodes)}
    yield f"digraph {_quoted(topology.stack)} {{"
    yield "  rankdir=LR;"
    yield '  node [shape=box, style="rounded,filled", fontname="sans-serif"];'
    for number, (frame, nodes) in enumerate(framed(topology)):
        if frame:
            yield f"  subgraph cluster_{number} {{"
            yield f"    label={_quoted(frame)};"
        for node in nodes:
            yield f"    {names[node.key]} [{_node(node, wording)}];"
        if frame:
            yield "  }"
    for edge in topology.edges:
        yield f"  {names[edge.source]} -> {names[edge.target]} [{_edge(edge)}];"
    yield "}"


def _node(node: GraphNode, wording: Wording) -> str:
    look = LOOKS[node.state]
    lines = [title(node), remark(node, wording)]
    if node.number == 1:
        lines.insert(0, node.kind)
    style = "rounded,filled,dashed" if look.dashed else "rounded,filled"
    return (
        f"label={_quoted(*filter(None, lines))}, style={_quoted(style)}, "
        f"fillcolor={_quoted(look.fill)}, color={_quoted(look.line)}, "
        f"fontcolor={_quoted(look.ink)}"
    )


def _edge(edge: Edge) -> str:
    word = " ".join(filter(None, [EDGE_SIGNS[edge.state], edge.label]))
    label = f"label={_quoted(word)}, " if word else ""
    return f'{label}style={_STYLES[edge.state]}, color="{_COLORS[edge.state]}"'


def _quoted(*lines: str) -> str:
    """Return lines as one quoted string, in which a backslash or an entity means itself."""
    escaped = (
        line.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") for line in lines
    )
    return '"' + "\\n".join(escaped) + '"'
