"""The sections of the report page, as plain values that its template writes down."""

from collections import Counter
from collections.abc import Iterator

from reconciler.core.model.plan import Plan
from reconciler.core.text.phrases import counted
from reconciler.core.text.visible import visible
from reconciler.core.verdicts.drift import Drift
from reconciler.core.verdicts.health import Health, HealthVerdict, Status, verdict_of
from reconciler.core.verdicts.topology import NodeState
from reconciler.core.world.unread import by_cause
from reconciler.reports import account_changes, findings, in_waves
from reconciler.reports.differences import SIGNS
from reconciler.reports.findings import sentence
from reconciler.reports.graph.looks import LOOKS
from reconciler.reports.lines import CODE, wrapped
from reconciler.reports.page.material import ORDER, Material, PageChange, Record, healths
from reconciler.reports.status_text import Tally, figures
from reconciler.reports.status_text import verdict as health_verdict

MOST_CHANGES = 200
"""Changes that stand on the page without its script, the loudest first."""
_MOST_HEALTHS = 300
_TONES = {"healthy": "good", "needs attention": "bad", "unknown": "warn", "nothing": ""}
_LOUD = ("delete", "undeclared", "replace")
_STATE_OF = {"missing": "create", "changed": "update", "undeclared": "delete"}


def sections(material: Material, found: list[PageChange]) -> Record:
    """Return what the template needs by name, but for data, style, script and picture."""
    plan = material.plan
    return {
        "stack": plan.stack,
        "what": "drift" if material.drift else "plan",
        "drifted": material.drift is not None,
        "verdict": _verdict(material),
        "tiles": list(_tiles(material)),
        "lines": list(_lines(material)),
        "accounts": list(_accounts(plan)),
        "guards": [] if material.drift else list(_guards(plan)),
        "refused": 0 if material.drift else len(plan.refused()),
        "problems": [visible(sentence(item)) for item in by_cause(plan.problems)],
        "warnings": [visible(sentence(item)) for item in by_cause(plan.warnings)],
        "unknown": [visible(address) for address in plan.unknown],
        "number": len(found),
        "changes": [_entry(entry) for entry in found[:MOST_CHANGES]],
        "unmeasured": material.unmeasured,
        "health": _health(material, material.status) if material.status else {},
        "fingerprint": plan.fingerprint,
        "digest": plan.declarations_digest,
        "made": f"Made {material.made_at:%Y-%m-%d %H:%M} UTC by reconciler.",
    }


def _verdict(material: Material) -> Record:
    tone, text = _drifted(material.drift) if material.drift else _planned(material.plan)
    missing = findings.not_looked(material.plan.not_looked)
    if missing and tone == "good":
        text = f"{text.removesuffix('.')} as far as was looked: {missing}"
    elif missing:
        text = f"{text} Not looked for: {missing}."
    return {"tone": tone, "text": text}


def _planned(plan: Plan) -> tuple[str, str]:
    if plan.refused():
        return "bad", "Apply would refuse this."
    if not plan.complete:
        return "warn", "Not everything could be read."
    if plan.problems:
        return "warn", "Not everything could be planned."
    if plan.account_changes:
        return "warn", "Accounts lead elsewhere, or get in by other references."
    if plan.actions:
        return "", "Ready to apply."
    well = plan.examined or plan.not_looked
    return ("good", "In sync.") if well else ("", findings.NOTHING_COMPARED)


def _drifted(drift: Drift) -> tuple[str, str]:
    if drift.unapplied:
        return "warn", "Not applied yet: nothing of this stack is live."
    if drift.drifted:
        return "warn", "Live differs from declared."
    if not drift.complete or drift.problems:
        which = "compared" if drift.complete else "read"
        return "warn", f"No drift in what could be {which}, which was not everything."
    well = drift.examined or drift.not_looked
    return ("good", "Live is as declared.") if well else ("", findings.NOTHING_COMPARED)


def _tiles(material: Material) -> Iterator[Record]:
    counts: Counter[NodeState] = Counter()
    for node in material.topology.nodes:
        counts[node.state] += node.number
    for state in ORDER:
        if counts[state]:
            yield {
                "state": state,
                "name": state.replace(" ", "-"),
                "number": f"{counts[state]:,}",
                "sign": LOOKS[state].sign,
                "word": material.wording.state(state),
            }


def _lines(material: Material) -> Iterator[str]:
    plan = material.plan
    if plan.limits:
        yield f"About part of what is declared: {findings.limited(plan.limits)}."
    if material.taken_at:
        yield f"Against a snapshot taken {material.taken_at:%Y-%m-%d %H:%M} UTC."
    if plan.actions and not material.drift:
        calls, seconds = plan.estimate.calls, max(1, plan.estimate.seconds)
        yield f"Applying this takes {counted(calls, 'API call')}, about {seconds:,.0f} s."
        missing = [it.gap_seconds for it in plan.actions if it.gap_seconds is not None]
        if missing:
            yield (
                f"Meanwhile {counted(len(missing), 'object')} without delivery, up to "
                f"{max(1, max(missing)):,.0f} s{' each' * (len(missing) > 1)}."
            )
        if plan.waves:
            yield f"{in_waves.title(plan.waves)}: {'; '.join(in_waves.lines(plan.waves))}."
    if plan.estimate.reading_calls:
        yield (
            f"Reading took {counted(plan.estimate.reading_calls, 'API call')}, about "
            f"{max(1, plan.estimate.reading_seconds):,.0f} s."
        )


def _accounts(plan: Plan) -> Iterator[tuple[str, list[str]]]:
    for change in plan.account_changes:
        found = wrapped(account_changes.fields(change, CODE.width), CODE)
        yield f"{change.change} {visible(change.account)}", list(found)


def _guards(plan: Plan) -> Iterator[Record]:
    for guard in sorted(plan.guards, key=lambda item: not item.refused):
        yield {
            "guard": guard.guard,
            "refused": guard.refused,
            "message": visible(guard.message),
            "allow": [visible(line) for line in guard.allow],
        }


def _entry(entry: PageChange) -> Record:
    return {
        "open": entry.verb in _LOUD,
        "name": _STATE_OF.get(entry.verb, entry.verb),
        "sign": SIGNS[entry.verb],
        "verb": entry.verb,
        "address": visible(entry.address),
        "remarks": entry.remarks,
        "lines": list(entry.lines()),
        "notes": entry.notes,
    }


def _health(material: Material, status: Status) -> Record:
    everything = healths(material)
    verdict, tally = verdict_of(everything, complete=status.complete), Tally.of(everything)
    worst_first = sorted(everything, key=lambda item: (not item.problems, not item.unknown))
    shown = worst_first[:_MOST_HEALTHS]
    notes = [f"Not read: {visible(reason)}" for reason in status.unread]
    notes += [visible(note) for note in status.notes]
    if len(everything) > len(shown):
        notes.append(f"and {len(everything) - len(shown):,} more objects.")
    return {
        "tone": _TONES[verdict],
        "ill": bool(tally.ill),
        "unknown": any(item.unknown for item in everything),
        "text": _well(verdict, tally, complete=status.complete),
        "rows": [_row(item) for item in shown],
        "notes": notes,
    }


def _well(verdict: HealthVerdict, tally: Tally, *, complete: bool) -> str:
    if verdict == "nothing":
        return "Nothing to measure: nothing declared was found live."
    said = health_verdict(verdict, tally, complete=complete)
    if not tally.unread or tally.unread == tally.number:
        return said
    return f"{said} {tally.unread:,} of {tally.number:,} were not read."


def _row(item: Health) -> Record:
    return {
        "address": visible(item.address),
        "figures": figures(item),
        "problems": [visible(problem) for problem in item.problems],
        "unknown": [visible(what) for what in item.unknown],
    }
