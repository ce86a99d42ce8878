"""What a run is about, as a picture and as a page."""

import os
from datetime import UTC, datetime

from reconciler.cli.state import State
from reconciler.core.model.plan import Plan
from reconciler.core.verdicts.drift import drift_of
from reconciler.core.verdicts.health import Status
from reconciler.core.verdicts.topology import Topology, differences_only, planned_topology
from reconciler.reports import discretion
from reconciler.reports.graph import mermaid
from reconciler.reports.graph.folding import folded, without_names_of_others
from reconciler.reports.graph.looks import Wording
from reconciler.reports.page.material import Material
from reconciler.run import Planned, Session


def page_of(
    state: State, session: Session, planned: Planned, health: Status | str, *, drifted: bool
) -> str:
    """Return the page of a plan, or of drift; `health` may say why there is none."""
    topology = pictured(planned, drifted=drifted)
    return _page(state, session, planned.plan, topology, health, drifted=drifted)


def page_beside(state: State, session: Session, planned: Planned, *, drifted: bool) -> str:
    """Return the page that a run keeps beside its result.

    In a job of GitHub Actions it names nothing of others, since artifacts may be read by many.
    """
    topology, plan = pictured(planned, drifted=drifted), planned.plan
    if os.environ.get("GITHUB_ACTIONS"):
        topology, plan = without_names_of_others(topology), discretion.discreet(plan)
    unmeasured = "Not measured by this run: `reconciler report` and `status` do."
    return _page(state, session, plan, topology, unmeasured, drifted=drifted)


def _page(
    state: State,
    session: Session,
    plan: Plan,
    topology: Topology,
    health: Status | str,
    *,
    drifted: bool,
) -> str:
    from reconciler.reports.page.render import render  # loads the templates' library

    material = Material(
        plan=plan,
        topology=topology,
        picture=folded(topology),
        made_at=datetime.now(UTC),
        drift=drift_of(plan) if drifted else None,
        status=None if isinstance(health, str) else health,
        unmeasured=health if isinstance(health, str) else "",
        taken_at=session.live.taken_at if session.live else None,
    )
    return render(material, state.secrets.scrub_result)


def pictured(planned: Planned, *, drifted: bool) -> Topology:
    """Return what a plan is about, marked by actions or by differences."""
    topology = planned_topology(planned.prepared)
    return differences_only(topology, drift_of(planned.plan)) if drifted else topology


def mermaid_of(state: State, planned: Planned, *, drifted: bool) -> str:
    """Return a picture of a run for where many read: nothing of others is named in it."""
    small = folded(pictured(planned, drifted=drifted), discreet=True).small
    return mermaid.render(small.scrubbed(state.secrets.scrub), Wording(drifted))
