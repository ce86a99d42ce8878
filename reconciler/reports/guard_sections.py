"""The guards that refuse a plan, and what lets it through, as sections of Markdown pages."""

from collections.abc import Sequence

from reconciler.core.model.plan import Guard
from reconciler.core.text.visible import visible
from reconciler.reports.markdown import plain
from reconciler.reports.pages import Item, Section


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
