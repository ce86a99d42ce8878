"""Runs `graph` and `report`."""

import os
from datetime import UTC, datetime
from pathlib import Path

from reconciler.cli import exits
from reconciler.cli.request import RunRequest
from reconciler.cli.session import planning, watched
from reconciler.cli.state import State
from reconciler.core.model.plan import Plan
from reconciler.core.verdicts.drift import drift_of
from reconciler.core.verdicts.health import Status
from reconciler.core.verdicts.topology import (
    Topology,
    declared_topology,
    differences_only,
    planned_topology,
)
from reconciler.operate.status import status as status_of
from reconciler.reports import discretion
from reconciler.reports.graph import dot, mermaid, svg
from reconciler.reports.graph.folding import folded, without_names_of_others
from reconciler.reports.graph.looks import Wording
from reconciler.reports.page.material import Material
from reconciler.run import Planned, Session
from reconciler.run import plan as plan_of

_NO_COUNTS = "Not measured: a snapshot tells what there is, and no counts."
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
        with planning(state, request) as session:
            planned = _planned(state, session, drifted=drifted)
        topology, code = pictured(planned, drifted=drifted), code_of(planned.plan)
    small = folded(topology).small.scrubbed(state.secrets.scrub_result)
    _write(state, _WRITERS[form](small, Wording(drifted)), out, "picture")
    return code


def write_page(state: State, request: RunRequest, out: Path | None, *, drifted: bool) -> int:
    """Write the page of a plan, or of drift; return the exit code."""
    with planning(state, request) as session:
        planned = _planned(state, session, drifted=drifted)
        status = _measured(state, session, planned) if session.live is None else None
    topology = pictured(planned, drifted=drifted)
    material = _material(session, planned.plan, topology, drifted, status or _NO_COUNTS)
    _write(state, _page(state, material), out, "page")
    return code_of(planned.plan)


def _planned(state: State, session: Session, *, drifted: bool) -> Planned:
    with watched(state) as ticker:
        return plan_of(session, unasked="all" if drifted else None, progress=ticker)


def page_of(state: State, session: Session, planned: Planned, *, drifted: bool) -> str:
    """Return the page that a run keeps beside its result.

    In a job of GitHub Actions it names nothing of others, since artifacts may be read by many.
    """
    topology, plan = pictured(planned, drifted=drifted), planned.plan
    if os.environ.get("GITHUB_ACTIONS"):
        topology, plan = without_names_of_others(topology), discretion.discreet(plan)
    unmeasured = "Not measured by this run: `reconciler report` and `status` do."
    return _page(state, _material(session, plan, topology, drifted, unmeasured))


def _page(state: State, material: Material) -> str:
    from reconciler.reports.page.render import render  # loads the templates' library

    return render(material, state.secrets.scrub_result)


def _material(
    session: Session, plan: Plan, topology: Topology, drifted: bool, health: Status | str
) -> Material:
    """Return what a page of a run is made of; `health` may say why there is none."""
    return Material(
        plan=plan,
        topology=topology,
        picture=folded(topology),
        made_at=datetime.now(UTC),
        drift=drift_of(plan) if drifted else None,
        status=None if isinstance(health, str) else health,
        unmeasured=health if isinstance(health, str) else "",
        taken_at=session.live.taken_at if session.live else None,
    )


def _measured(state: State, session: Session, planned: Planned) -> Status:
    with watched(state) as ticker:
        return status_of(session, planned=planned, progress=ticker)


def _write(state: State, text: str, out: Path | None, what: str) -> None:
    if out is None:
        state.result(text)
    else:
        state.save(out, text)
        state.say(f"{what} written to {out}")


def pictured(planned: Planned, *, drifted: bool) -> Topology:
    """Return what a plan is about, marked by actions or by differences."""
    topology = planned_topology(planned.prepared)
    return differences_only(topology, drift_of(planned.plan)) if drifted else topology


def code_of(plan: Plan) -> int:
    """Return the exit code of a run that only tells: 1 where not everything could be told."""
    return exits.DONE if plan.complete and not plan.problems else exits.ERROR


def mermaid_of(state: State, planned: Planned, *, drifted: bool) -> str:
    """Return a picture of a run for where many read: nothing of others is named in it."""
    small = folded(pictured(planned, drifted=drifted), discreet=True).small
    return mermaid.render(small.scrubbed(state.secrets.scrub), Wording(drifted))
