"""What the report page is made of, and how each object of it is told to the page's script."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reconciler.core.model.plan import Action, FieldChange, Plan
from reconciler.core.text.visible import visible
from reconciler.core.verdicts.drift import Drift
from reconciler.core.verdicts.health import Health, Status
from reconciler.core.verdicts.topology import GraphNode, NodeState, Topology
from reconciler.reports.graph.folding import Folded
from reconciler.reports.graph.looks import LOOKS, Wording, title
from reconciler.reports.status_text import figures, not_known
from reconciler.reports.values import Units, both, change_lines, show

Record = dict[str, Any]
ChangeLines = list[str]
"""Path, value before and after, in words; or a path and lines, where a list or mapping changed."""


@dataclass(frozen=True, slots=True)
class Material:
    """Everything a page tells.

    `drift` where it tells differences instead of deeds. `picture` is the topology told smaller.
    `status` is None where `unmeasured` says why. `taken_at` is
    of the snapshot that was planned against, `made_at` of the page; both are UTC.
    """

    plan: Plan
    topology: Topology
    picture: Folded
    made_at: datetime
    drift: Drift | None = None
    status: Status | None = None
    unmeasured: str = ""
    taken_at: datetime | None = None

    @property
    def wording(self) -> Wording:
        """Return what states are called."""
        return Wording(self.drift is not None)


@dataclass(frozen=True, slots=True)
class PageChange:
    """What becomes of one object: an action of a plan, or a resource that drifted.

    `verb` is the action, or the status in drift; `how` is the action in either case.
    """

    verb: str
    how: str
    address: str
    changes: Sequence[FieldChange]
    units: Units = field(default_factory=dict)
    notes: Sequence[str] = ()
    remarks: Sequence[str] = ()

    def by_path(self) -> Iterator[ChangeLines]:
        """Yield each change by its path."""
        for change in self.changes:
            yield _lines_of(change, self.units, self.how)

    def lines(self) -> Iterator[str]:
        """Yield each change as text."""
        for change in self.changes:
            yield from change_lines(change, self.units, self.how)


_HOW = {"missing": "create", "changed": "update", "undeclared": "delete"}
_LOUDEST = ("delete", "undeclared", "replace", "update", "changed", "create", "missing")


def page_changes(material: Material) -> list[PageChange]:
    """Return what differs, what goes first."""
    found = (
        [_of_action(action) for action in material.plan.actions]
        if material.drift is None
        else [
            PageChange(it.status, _HOW[it.status], it.address, it.changes, it.units)
            for it in material.drift.resources
        ]
    )
    return sorted(found, key=lambda entry: (_LOUDEST.index(entry.verb), entry.address))


def _of_action(action: Action) -> PageChange:
    remarks = [f"because of {visible(action.caused_by)}"] if action.caused_by else []
    remarks += ["adopted"] if action.adopts else []
    return PageChange(
        action.action,
        action.action,
        action.address,
        action.changes,
        action.units,
        [visible(note) for note in action.notes],
        remarks,
    )


ORDER: tuple[NodeState, ...] = (
    "delete",
    "replace",
    "problem",
    "unknown",
    "update",
    "create",
    "left alone",
    "in sync",
    "declared",
    "not known to be ours",
    "unmanaged",
    "elsewhere",
)
"""What a reader looks for first."""


def objects(material: Material, found: Sequence[PageChange]) -> Record:
    """Return all nodes and edges as plain data, texts ready to be shown.

    Edges name nodes by their place in the list, nodes the one of the picture that tells them.
    """
    small = {node.key: place for place, node in enumerate(material.picture.small.nodes)}
    shown_by, nodes = material.picture.shown_by, material.topology.nodes
    places = {node.key: place for place, node in enumerate(nodes)}
    known = {entry.address: entry for entry in found}
    ill = {item.address: item for item in healths(material)}
    return {
        "drifted": material.drift is not None,
        "states": _states(material),
        "nodes": [
            _record(
                node,
                small[shown_by[node.key]],
                known.get(node.key),
                ill.get(node.key),
            )
            for node in nodes
        ],
        "edges": [
            [places[edge.source], places[edge.target], visible(edge.label), edge.state]
            for edge in material.topology.edges
        ],
    }


def _states(material: Material) -> list[list[str]]:
    """Return name, class, sign and word of each state that there is, what to look for first."""
    there = {node.state for node in material.topology.nodes}
    return [
        [state, state.replace(" ", "-"), LOOKS[state].sign, material.wording.state(state)]
        for state in ORDER
        if state in there
    ]


def healths(material: Material) -> list[Health]:
    """Return the health of every object but for those that this plan is about to create."""
    coming = {item.address for item in material.plan.actions if item.action == "create"}
    everything = material.status.everything if material.status else ()
    return [item for item in everything if item.address not in coming]


def _record(node: GraphNode, small: int, entry: PageChange | None, health: Health | None) -> Record:
    record: Record = {
        "key": visible(node.key),
        "name": visible(node.name) if node.number == 1 else title(node),
        "detail": visible(node.detail),
        "kind": node.kind,
        "account": visible(node.account),
        "service": node.service,
        "state": node.state,
        "small": small,
        "identity": _pairs(node.identity),
        "outputs": _pairs(node.outputs),
    }
    if node.party:
        record["party"] = visible(node.party)
    if entry is not None:
        record["changes"] = list(entry.by_path())
        record["notes"] = [*entry.remarks, *entry.notes]
    if health is not None:
        told = "; ".join([figures(health), *not_known(health)])
        record["health"] = [told, *map(visible, health.problems)]
    return record


def _pairs(values: Mapping[str, Any]) -> list[list[str]]:
    return [[visible(name), show(value)] for name, value in values.items() if value is not None]


def _lines_of(change: FieldChange, units: Units, how: str) -> ChangeLines:
    path = visible(change.path)
    lines = list(change_lines(change, units, how))
    if len(lines) > 1:
        return [path, *(line.removeprefix("  ") for line in lines[1:])]
    before, after = both(change.before, change.after, units, change.path)
    return [path, "" if how == "create" else before, "" if how == "delete" else after]
