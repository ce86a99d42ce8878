"""What is pruned goes only once what may take its place is there.

A renamed queue is a create and a delete, and nothing in them says that they belong together. So
deletes are held back by creates of their account and kind.
"""

from collections.abc import Collection, Sequence

from reconciler.core.guards import short_list
from reconciler.core.order import Step, StepId


def held_back(steps: Sequence[Step], undone: Collection[StepId]) -> dict[StepId, str]:
    """Return the prune steps that are not to be begun, with the reason for each.

    Held back is what is of the same account and kind as a create, or the second half of a replace,
    that is in `undone`: the steps that failed or were skipped.
    """
    missing: dict[tuple[str, str], list[str]] = {}
    for step in steps:
        if step.verb == "create" and step.id in undone:
            missing.setdefault(_family(step), []).append(f"{step.change.action} {step.address}")
    reasons = {family: _reason(sorted(successors)) for family, successors in missing.items()}
    return {
        step.id: reasons[_family(step)]
        for step in steps
        if step.phase == "prune" and _family(step) in reasons
    }


def _family(step: Step) -> tuple[str, str]:
    subject = step.change.subject
    return subject.account, subject.spec.kind


def _reason(successors: Sequence[str]) -> str:
    which = "it" if len(successors) == 1 else "one of them"
    return (
        f"held back: {short_list(successors)} did not succeed, and {which} may be what takes its "
        "place; apply again"
    )
