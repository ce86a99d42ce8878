"""Findings and refusals in sentences that name once what they are about; what was not looked at."""

from collections.abc import Callable, Mapping, Sequence

from reconciler.core.model.finding import Finding
from reconciler.core.model.pacing import ACTIONS
from reconciler.core.model.plan import Guard
from reconciler.core.text.phrases import counted
from reconciler.core.text.visible import visible
from reconciler.reports.markdown import code, plain
from reconciler.reports.pages import Item, Section

NOTHING_COMPARED = "Nothing to compare: this run is about no account of the stack."
"""What is said where nothing differs since there is nothing, as in a shard without accounts."""


def sentence(finding: Finding) -> str:
    """Return a finding as text; messages of services name their account themselves."""
    rest = _rest(finding)
    return rest if _names_it(rest, finding) else f"{finding.address}: {rest}"


def item(finding: Finding) -> str:
    """Return a finding as one item of a Markdown list."""
    rest = _rest(finding)
    if _names_it(rest, finding):
        return f"- {plain(rest)}"
    return f"- {code(finding.address)}: {plain(rest)}"


def _rest(finding: Finding) -> str:
    """Return the message without what it is about: the address, or of `app/seller` the account."""
    rest = finding.message.removeprefix(f"{finding.address}: ")
    return rest.removeprefix(f"{finding.address.partition('/')[0]}: ")


def _names_it(rest: str, finding: Finding) -> bool:
    return rest.startswith(finding.address)


def others(*, complete: bool) -> str:
    """Return what objects are called that are not ours, which may hang on what was not read."""
    return "unmanaged" if complete else "not known to be ours"


def verb_counts(summary: Mapping[str, int]) -> str:
    """Return what a plan does in words, such as `3 creates and 1 delete`."""
    parts = [counted(summary[verb], verb) for verb in ACTIONS if summary.get(verb)]
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


_NAMED = 3


def only(limits: Sequence[str], write: Callable[[str], str] = visible) -> str:
    """Return what a run was limited to, in brackets: nothing where it was about everything."""
    return f" ({limited(limits, write)})" if limits else ""


def limited(limits: Sequence[str], write: Callable[[str], str] = visible) -> str:
    """Return the options that a run was limited by, the first ones by name."""
    more = [f"and {len(limits) - _NAMED} more"] if len(limits) > _NAMED else []
    return f"{', '.join([*map(write, limits[:_NAMED]), *more])} only"


def not_looked(
    findings: Sequence[Finding],
    name: Callable[[str], str] = visible,
    text: Callable[[str], str] = visible,
) -> str:
    """Return what was not looked for; `name` and `text` write an account and what is said of it."""
    named = [f"{name(item.address)}: {text(item.message)}" for item in findings[:_NAMED]]
    more = len(findings) - len(named)
    return "; ".join(named) + (f"; and {more} more" if more else "")


def guard_sections(refused: Sequence[Guard]) -> list[Section]:
    """Return who refuses and why, then the lines of YAML that would let it through, to paste."""
    reasons = [f"- **{plain(guard.guard)}**: {plain(guard.message)}" for guard in refused]
    lines = [visible(line) for guard in refused for line in guard.allow]
    return [
        Section("Refused by guards", _items(reasons), 0.3, folded=False),
        Section(
            "To let this through once, add to `policy.allow`",
            _items(lines),
            0.3,
            folded=False,
            language="yaml",
        ),
    ]


def _items(lines: Sequence[str]) -> list[Item]:
    return [Item(line, line) for line in lines]
