"""What differs, one object after the other, as every report for people tells it."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.core.model.plan import Action, FieldChange
from reconciler.core.text.visible import visible
from reconciler.core.verdicts.drift import Resource
from reconciler.reports.values import Units, both

SIGNS = {
    "create": "+",
    "update": "~",
    "replace": "±",
    "delete": "-",
    "missing": "+",
    "changed": "~",
    "undeclared": "-",
}
CHANGING = ("update", "replace", "changed")
GOING = ("delete", "replace", "undeclared")
TIMES = "\N{MULTIPLICATION SIGN}"
_WIDTH = 160
_REMARKS = 3
_SEPARATORS = "/?&#"


@dataclass(frozen=True, slots=True)
class Difference:
    """One object that differs: an action of a plan or a resource that drifted."""

    verb: str
    address: str
    changes: Sequence[FieldChange]
    units: Units = field(default_factory=dict)
    account: str = ""
    identity: Mapping[str, Any] = field(default_factory=dict)
    caused_by: str | None = None
    adopts: bool = False
    notes: Sequence[str] = ()

    @property
    def kind(self) -> str:
        """Return the kind, which every address begins with."""
        return self.address.partition(".")[0]

    @property
    def goes(self) -> bool:
        """Say whether something live goes, if only to come again."""
        return self.verb in GOING

    def remarks(self, name: Callable[[str], str] = visible) -> Iterator[str]:
        """Yield what belongs behind its address; `name` writes addresses."""
        if self.caused_by:
            yield f"because of {name(self.caused_by)}"
        if self.adopts:
            yield "adopted"


def of_action(action: Action) -> Difference:
    """Take over an action of a plan."""
    return Difference(
        action.action,
        action.address,
        action.changes,
        action.units,
        action.account,
        action.identity,
        action.caused_by,
        action.adopts,
        action.notes,
    )


def of_resource(resource: Resource, *, whole: bool = False) -> Difference:
    """Take over what differs; but for `whole` only of what changed are the fields of interest."""
    changes = resource.changes if whole or resource.status == "changed" else ()
    return Difference(
        resource.status,
        resource.address,
        changes,
        resource.units,
        resource.account,
        resource.identity,
    )


def remarks_on(
    entries: Sequence[Difference], name: Callable[[str], str] = visible
) -> Iterator[str]:
    """Yield what belongs behind several that are told as one, with how many of them if not all."""
    said = Counter(remark for entry in entries for remark in entry.remarks(name))
    for remark, number in list(said.items())[:_REMARKS]:
        yield remark if number == len(entries) else f"{number:,} {remark}"
    if len(said) > _REMARKS:
        yield f"and {len(said) - _REMARKS:,} more remarks"


def essence(change: FieldChange) -> tuple[str, str, str]:
    """Return what is the same where the same is changed: path and values, without shared ends."""
    cut = _shared_end(change.before, change.after)
    before, after = (
        json.dumps(_without(value, cut), sort_keys=True) for value in (change.before, change.after)
    )
    return change.path, before, after


def shown(change: FieldChange, units: Units) -> str:
    """Return one change on a line, as it stands for many."""
    cut = _shared_end(change.before, change.after)
    old, new = (_without(value, cut) for value in (change.before, change.after))
    texts = both(old, new, units, change.path)
    before, after = (_clipped(text + ("…" if cut else "")) for text in texts)
    return f"{visible(change.path)}: {before} → {after}"


def _without(value: Any, cut: int) -> Any:
    return value[:-cut] if cut else value


def _shared_end(before: Any, after: Any) -> int:
    """Return how much both values, if they are texts, share at their ends behind a separator.

    What is the same before and after is no change, and is where targets differ most:
    `https://a.example/1234` → `https://b.example/1234`.
    """
    if not isinstance(before, str) or not isinstance(after, str) or before == after:
        return 0
    pairs = enumerate(zip(reversed(before), reversed(after), strict=False))
    same = next((at for at, (a, b) in pairs if a != b), min(len(before), len(after)))
    end = before[len(before) - same :]
    starts = [at for at, character in enumerate(end) if character in _SEPARATORS]
    return len(end) - starts[0] - 1 if starts else 0


def _clipped(text: str) -> str:
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
