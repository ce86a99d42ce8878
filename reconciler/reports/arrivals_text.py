"""What arrived at an object, as parts of its line."""

from collections.abc import Iterator

from reconciler.core.model.units import format_age
from reconciler.core.verdicts.arrivals import Arrivals
from reconciler.core.verdicts.health import Health


def arrivals(item: Health) -> Iterator[str]:
    """Yield what arrived, when something last did, and what is to be thought of that."""
    found = item.arrivals
    if found is None:
        return
    yield _state(found)
    if found.state == "unknown":
        return
    if found.last_arrived is not None:
        yield f"last {found.last_arrived:%Y-%m-%d %H}h UTC"
    if found.quiet_seconds:
        yield f"quiet for {format_age(found.quiet_seconds)}"
    times = f", {found.times_usual:g} times its longest" if found.times_usual else ""
    yield f"{found.quietness}{times}"


def _state(found: Arrivals) -> str:
    if found.state != "arrived":
        return f"arrivals: {found.state}"
    usual = "" if found.usual_per_day is None else f", usually {_figure(found.usual_per_day)}"
    return f"arrived {found.arrived or 0:,} ({_figure(found.per_day or 0)} a day{usual})"


def _figure(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.1f}".removesuffix(".0")
