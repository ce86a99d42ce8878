"""A topology as a picture of its own: SVG without scripts, references or fonts from elsewhere."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element, SubElement

from reconciler.core.verdicts.topology import Edge, GraphNode, NodeState, Topology
from reconciler.reports.graph.boxes import PADDING, fitting, lines_of, width_of
from reconciler.reports.graph.layout import (
    FRAME,
    GAP_X,
    HEIGHT,
    MARGIN,
    TOP,
    Frame,
    Layout,
    laid_out,
)
from reconciler.reports.graph.looks import (
    EDGE_SIGNS,
    LOOKS,
    Wording,
    account_title,
    legend,
    plural,
    remark,
    title,
)

_COLORS = {"stays": "#8c959f", "comes": "#1a7f37", "goes": "#cf222e"}
_STYLE = """
text { font: 12px system-ui, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328; }
.head { font-size: 17px; font-weight: 600; } .column { font-weight: 600; fill: #57606a; }
.name { font-weight: 600; } .frame { fill: none; stroke: #d0d7de; } .paper { fill: #ffffff; }
.word { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round; }
"""
_NIGHT = """
.paper { fill: #0d1117; } .frame { stroke: #3d444d; }
.head, .account { fill: #e6edf3; } .column, .word, .legend { fill: #9da7b1; }
.word { stroke: #0d1117; }
"""


def render(topology: Topology, wording: Wording) -> str:
    """Return a document of its own, ending in a newline."""
    root = drawn(topology, wording)
    style = Element("style")
    style.text = (
        f"{_STYLE}{_looks()}@media (prefers-color-scheme: dark) {{{_NIGHT}{_looks(night=True)}}}\n"
    )
    root.insert(0, style)
    ET.indent(root, " ")
    return ET.tostring(root, encoding="unicode") + "\n"


def _class(state: NodeState) -> str:
    return state.replace(" ", "-")


def _looks(*, night: bool = False) -> str:
    """Return what each state's box and text are filled with, by day or by night."""
    colors = {
        _class(state): look.night if night else (look.fill, look.ink)
        for state, look in LOOKS.items()
    }
    return "".join(
        f".{name} rect {{ fill: {fill}; }} .{name} text {{ fill: {ink}; }}\n"
        for name, (fill, ink) in colors.items()
    )


def drawn(topology: Topology, wording: Wording) -> Element:
    """Return the picture without colours of its page; each node tells its place as `data-node`."""
    layout = laid_out(topology, lambda node: width_of(node, wording))
    width, height = layout.width, layout.height
    root = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width} {height}",
            "width": str(width),
            "height": str(height),
            "role": "img",
            "aria-label": f"Stack {topology.stack}: what leads where",
        },
    )
    SubElement(root, "rect", {"class": "paper", "width": str(width), "height": str(height)})
    _text(root, MARGIN, 30, f"Stack {topology.stack}", "head")
    _text(root, MARGIN, 52, "  ·  ".join(text for _, text in legend(topology, wording)), "legend")
    for x, kinds in layout.columns:
        heads = (f"{plural(kind)} ({why})" if why else plural(kind) for kind, why in kinds)
        _text(root, x, TOP - 10, ", ".join(heads), "column")
    for frame in layout.frames:
        _frame(root, frame)
    for edge in topology.edges:
        root.extend(_edge(edge, layout))
    for number, node in enumerate(topology.nodes):
        group = SubElement(root, "g", {"class": _class(node.state), "data-node": str(number)})
        _node(group, node, layout, wording)
    return root


def _frame(root: Element, frame: Frame) -> None:
    if not (frame.account or frame.service):
        return
    SubElement(
        root,
        "rect",
        {
            "class": "frame",
            "x": str(frame.x - FRAME),
            "y": str(frame.y),
            "width": str(frame.width + 2 * FRAME),
            "height": str(frame.height),
            "rx": "8",
        },
    )
    _text(root, frame.x, frame.y + 16, account_title(frame.account, frame.service), "account")


def _node(group: Element, node: GraphNode, layout: Layout, wording: Wording) -> None:
    look, (x, y), width = LOOKS[node.state], layout.places[node.key], layout.widths[node.key]
    SubElement(group, "title").text = f"{node.kind} {title(node)} {remark(node, wording)}".strip()
    box = {
        "x": str(x),
        "y": str(y),
        "width": str(width),
        "height": str(HEIGHT),
        "rx": "22" if node.state == "elsewhere" else "6",
        "stroke": look.line,
    }
    if look.dashed:
        box["stroke-dasharray"] = "5 4"
    SubElement(group, "rect", box)
    lines = lines_of(node, wording)
    for number, line in enumerate(lines):
        down = y + (20 if len(lines) > 1 else 28) + 17 * number
        _text(group, x + PADDING, down, fitting(line, width), line[1])


def _edge(edge: Edge, layout: Layout) -> Iterator[Element]:
    """Yield a curve from the right side of one node to the left side of another, and its tip."""
    (x1, y1), (x2, y2) = layout.places[edge.source], layout.places[edge.target]
    x1, y1, x2, y2 = x1 + layout.widths[edge.source], y1 + HEIGHT // 2, x2 - 7, y2 + HEIGHT // 2
    bend = max(GAP_X // 2, (x2 - x1) // 2)
    color = _COLORS[edge.state]
    line = {
        "d": f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}",
        "fill": "none",
        "stroke": color,
        "stroke-width": "1.5" if edge.state == "stays" else "2",
    }
    if edge.state == "goes":
        line["stroke-dasharray"] = "5 4"
    yield Element("path", line)
    yield Element(
        "path", {"d": f"M{x2 + 7} {y2}L{x2 - 1} {y2 - 4}L{x2 - 1} {y2 + 4}Z", "fill": color}
    )
    word = " ".join(filter(None, [EDGE_SIGNS[edge.state], edge.label]))
    if word:
        style = {"class": "word", "x": str((x1 + x2) // 2), "y": str((y1 + y2) // 2 - 4)}
        label = Element("text", {**style, "text-anchor": "middle"})
        label.text = word
        yield label


def _text(parent: Element, x: int, y: int, text: str, name: str) -> None:
    SubElement(parent, "text", {"class": name, "x": str(x), "y": str(y)}).text = text
