"""What an apply takes by the rate limits: calls, seconds, and how long what is replaced is gone."""

from collections.abc import Sequence

from reconciler.core.model.addresses import Address
from reconciler.core.model.plan import Estimate
from reconciler.core.model.steps import Step
from reconciler.core.planning.rehearsal import at_once, calls_beside, rehearse, trail_of
from reconciler.core.planning.waves import Wave
from reconciler.core.world.effort import Effort


def estimate_of(steps: Sequence[Step], waves: Sequence[Wave], reading: Effort) -> Estimate:
    """Count calls, and the seconds until the last of them is answered."""
    beside = sum(more for _, more in calls_beside(steps).values())
    ends = rehearse(steps, waves, reading.drawn)
    return Estimate(
        calls=sum(len(trail_of(step)) for step in steps) + beside,
        seconds=round(max(ends.values(), default=0.0), 1),
        reading_calls=reading.total,
        reading_seconds=reading.seconds,
    )


def downtimes(steps: Sequence[Step]) -> dict[Address, float]:
    """Return the seconds from the delete to the create of each replace, by address."""
    replaced = {step.address for step in steps if step.verb == "create"} & {
        step.address for step in steps if step.verb == "delete"
    }
    ends = at_once(steps) if replaced else {}
    return {
        address: round(ends[(address, "create")] - ends[(address, "delete")], 1)
        for address in sorted(replaced)
    }
