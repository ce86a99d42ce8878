"""Where the nodes of a picture go: columns by what leads where, rows so that edges cross little.

Which column a kind stands in follows from the edges between kinds, so that ranking, the hard part
of drawing graphs in layers, is nothing; what remains is the order within columns, for which each
node goes to the mean of those it is wired to, a few times over. All lengths are in pixels.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from reconciler.core.verdicts.topology import GraphNode, Topology

HEIGHT = 46
GAP_X, GAP_Y = 90, 12
HEADER, FRAME = 24, 10
"""Room above the first node of an account in a column, and around all of them."""
MARGIN, TOP = 20, 84
_SWEEPS = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds the nodes of one account in one column."""

    account: str
    service: str
    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Places of nodes (left, top) and their widths by key, frames around them, and columns.

    A column has its left end and the kinds in it; of a kind that stands in an earlier one too, it
    says by what word that leads here (`dead letter`).
    """

    places: Mapping[str, tuple[int, int]]
    widths: Mapping[str, int]
    frames: tuple[Frame, ...]
    columns: tuple[tuple[int, tuple[tuple[str, str], ...]], ...]
    width: int
    height: int


Run = list[GraphNode]
"""Nodes of one account in one column, one below the other."""


def laid_out(topology: Topology, width_of: Callable[[GraphNode], int]) -> Layout:
    """Return where everything goes; equal topologies get equal places.

    A column is as wide as the widest of its nodes.
    """
    order = _ordered(topology, _columns(topology))
    tallest = max((_height(runs) for runs in order), default=0)
    places: dict[str, tuple[int, int]] = {}
    widths: dict[str, int] = {}
    frames: list[Frame] = []
    titles = []
    x = MARGIN + FRAME
    for runs, kinds in zip(order, _titles(topology, order), strict=True):
        wide = max(width_of(node) for run in runs for node in run)
        y = TOP + (tallest - _height(runs)) // 2
        for run in runs:
            top, y = y, y + HEADER
            for node in run:
                places[node.key], widths[node.key] = (x, y), wide
                y += HEIGHT + GAP_Y
            height = y - GAP_Y + FRAME - top
            frames.append(Frame(run[0].account, run[0].service, x, top, wide, height))
            y += HEADER // 2
        titles.append((x, kinds))
        x += wide + GAP_X + 2 * FRAME
    width = max(x - GAP_X - FRAME + MARGIN, 420)
    return Layout(places, widths, tuple(frames), tuple(titles), width, TOP + tallest + MARGIN)


def _height(runs: list[Run]) -> int:
    return sum(HEADER + len(run) * (HEIGHT + GAP_Y) + HEADER // 2 for run in runs)


def _titles(topology: Topology, order: list[list[Run]]) -> list[tuple[tuple[str, str], ...]]:
    kinds = {node.key: node.kind for node in topology.nodes}
    inner = [it for it in topology.edges if kinds[it.source] == kinds[it.target]]
    why = {edge.target: edge.label for edge in inner}
    found, earlier = [], set[str]()
    for runs in order:
        here = [node for run in runs for node in run]
        again = {node.kind: why.get(node.key, "") for node in here if node.kind in earlier}
        names = sorted({node.kind for node in here})
        found.append(tuple((name, again.get(name, "")) for name in names))
        earlier |= {*names}
    return found


def _columns(topology: Topology) -> dict[str, int]:
    """Return the column of each node by key."""
    nodes = {node.key: node for node in topology.nodes}
    pairs = [(nodes[edge.source], nodes[edge.target]) for edge in topology.edges]
    inner = [(one.key, other.key) for one, other in pairs if one.kind == other.kind]
    depth = _ranks({node.key for node in topology.nodes}, inner)
    deepest: dict[str, int] = {}
    for node in topology.nodes:
        deepest[node.kind] = max(deepest.get(node.kind, 0), depth[node.key])
    outer = {(one.kind, other.kind) for one, other in pairs if one.kind != other.kind}
    ranks = _ranks(set(deepest), sorted(outer), deepest)
    found = {node.key: ranks[node.kind] + depth[node.key] for node in topology.nodes}
    # Kinds that are not there leave no empty columns.
    used = {column: number for number, column in enumerate(sorted(set(found.values())))}
    return {key: used[column] for key, column in found.items()}


def _ranks(
    names: set[str], pairs: Iterable[tuple[str, str]], widths: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Return how many columns lie before each name; of a circle, one edge does not count.

    `widths` are further columns that a name takes.
    """
    before: dict[str, list[str]] = {name: [] for name in sorted(names)}
    for source, target in pairs:
        before[target].append(source)
    found: dict[str, int] = {}

    def rank(name: str, path: tuple[str, ...]) -> int:
        if name not in found:
            near = [it for it in before[name] if it not in path]
            taken = (rank(it, (*path, it)) + 1 + (widths or {}).get(it, 0) for it in near)
            found[name] = max(taken, default=0)
        return found[name]

    return {name: rank(name, (name,)) for name in before}


def _ordered(topology: Topology, columns: Mapping[str, int]) -> list[list[Run]]:
    """Return for each column its accounts, and their nodes, from top to bottom."""
    wired: dict[str, list[str]] = {}
    for edge in topology.edges:
        wired.setdefault(edge.source, []).append(edge.target)
        wired.setdefault(edge.target, []).append(edge.source)
    grid: list[list[Run]] = []
    for number in range(max(columns.values(), default=-1) + 1):
        here = [node for node in topology.nodes if columns[node.key] == number]
        grid.append(_runs(sorted(here, key=lambda node: (node.account, node.party, node.key))))
    rows = _rows(grid)
    for sweep in range(_SWEEPS):
        numbers = range(len(grid)) if sweep % 2 == 0 else reversed(range(len(grid)))
        for number in numbers:
            grid[number] = _sorted(grid[number], wired, rows)
            rows = _rows(grid)
    return grid


def _runs(nodes: list[GraphNode]) -> list[Run]:
    runs: dict[tuple[str, str], Run] = {}
    for node in nodes:
        runs.setdefault((node.account, node.service), []).append(node)
    return list(runs.values())


def _rows(grid: list[list[Run]]) -> dict[str, float]:
    """Return how far down each node is, from 0 to 1."""
    found: dict[str, float] = {}
    for runs in grid:
        keys = [node.key for run in runs for node in run]
        found |= {key: (place + 0.5) / len(keys) for place, key in enumerate(keys)}
    return found


def _sorted(
    runs: list[Run], wired: Mapping[str, list[str]], rows: Mapping[str, float]
) -> list[Run]:
    def mean(node: GraphNode) -> float:
        near = [rows[key] for key in wired.get(node.key, ())]
        return round(sum(near) / len(near), 9) if near else rows[node.key]

    def middle(run: Run) -> float:
        return round(sum(map(mean, run)) / len(run), 9)

    return sorted((sorted(run, key=mean) for run in runs), key=middle)
