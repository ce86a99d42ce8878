"""Runs `graph`."""

from pathlib import Path

from reconciler.cli import exits
from reconciler.cli.session import RunRequest, Session, planned
from reconciler.cli.state import State
from reconciler.core.verdicts.drift import drift_of
from reconciler.core.verdicts.topology import (
    Topology,
    declared_topology,
    differences_only,
    planned_topology,
)
from reconciler.reports.graph import dot, mermaid, svg
from reconciler.reports.graph.folding import folded
from reconciler.reports.graph.looks import Wording

_WRITERS = {"mermaid": mermaid.render, "dot": dot.render, "svg": svg.render}


def draw(
    state: State,
    request: RunRequest,
    form: str,
    out: Path | None,
    *,
    declared: bool,
    drifted: bool,
) -> int:
    """Write a picture of the declarations, or of what is live too; return the exit code."""
    if declared:
        from reconciler.wiring import declarations

        topology, code = declared_topology(declarations(request.path)), exits.DONE
    else:
        with planned(state, request, unasked="all" if drifted else None) as session:
            topology, code = pictured(session, drifted=drifted), code_of(session)
    text = _WRITERS[form](folded(topology), Wording(drifted))
    if out is None:
        state.result(text)
    else:
        state.save(out, text)
        state.say(f"picture written to {out}")
    return code


def pictured(session: Session, *, drifted: bool) -> Topology:
    """Return what a run is about, marked by deeds or by differences."""
    topology = planned_topology(session.prepared)
    return differences_only(topology, drift_of(session.plan)) if drifted else topology


def code_of(session: Session) -> int:
    """Return the exit code of a run that only tells: 1 where not everything could be told."""
    plan = session.plan
    return exits.DONE if plan.complete and not plan.problems else exits.ERROR
