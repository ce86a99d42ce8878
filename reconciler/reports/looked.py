"""What was not looked for, in the one line of a summary that says so."""

from collections.abc import Callable, Sequence

from reconciler.core.model.plan import Finding
from reconciler.core.text.visible import visible

_NAMED = 3


def sentence(
    findings: Sequence[Finding],
    name: Callable[[str], str] = visible,
    text: Callable[[str], str] = visible,
) -> str:
    """Return what was not looked for; `name` and `text` write an account and what is said of it."""
    told = [f"{name(item.address)}: {text(item.message)}" for item in findings[:_NAMED]]
    more = len(findings) - len(told)
    return "; ".join(told) + (f"; and {more} more" if more else "")
