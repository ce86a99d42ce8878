"""Plans and drift as Markdown pages, what matters most first.

What is not ours is counted and never named: these pages are read by whoever reads the repository.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from reconciler.core.model.finding import Finding
from reconciler.core.model.pacing import ACTIONS
from reconciler.core.model.plan import Estimate, Plan, PlannedWave
from reconciler.core.text.phrases import counted
from reconciler.core.verdicts.drift import Drift
from reconciler.core.world.unread import by_cause
from reconciler.reports import account_changes, findings, in_waves
from reconciler.reports.differences import SIGNS, Difference, of_action, of_resource
from reconciler.reports.discretion import discreet
from reconciler.reports.findings import guard_sections
from reconciler.reports.markdown import code, count_table, plain
from reconciler.reports.pages import Item, Page, Section, whole
from reconciler.reports.rollup import as_item, rolled_up

STATUSES = ("missing", "changed", "undeclared")
_IN_SYNC = "✅ **In sync.**"
_AS_DECLARED = "✅ **Live is as declared.**"
_NOTHING = f"⚪ **{findings.NOTHING_COMPARED}**"
_AS_FAR = {
    _IN_SYNC: "✅ **In sync as far as was looked:**",
    _AS_DECLARED: "✅ **Live is as declared as far as was looked:**",
}


@dataclass(frozen=True, slots=True)
class Background:
    """What a page says about its run.

    `limits` are the options that limit it (`--shard 1/3`). `taken_at` and `age` (`3 hours`) are of
    the snapshot, if it was planned against one. `commit` is the one that was planned. `picture`
    shows in Mermaid what is wired to what; `paged` says that the run keeps a report page.
    """

    limits: tuple[str, ...] = ()
    taken_at: datetime | None = None
    age: str = ""
    commit: str = ""
    picture: str = ""
    paged: bool = False

    def byline(self, what: str, run_url: str, commit: str) -> str:
        """Return one line on where this comes from: run, commit, snapshot."""
        parts = [f"{what} by [this run]({run_url})"]
        if commit:
            parts.append(f"at {code(commit[:12])}")
        if self.taken_at:
            when = self.taken_at.isoformat().replace("+00:00", "Z")
            parts.append(f"against a snapshot taken {when}, {self.age} before")
        page = f"; [report page]({run_url}#artifacts) among its artifacts" if self.paged else ""
        return f"<sub>{' '.join(parts)}{page}</sub>"


def plan_page(plan: Plan, background: Background) -> Page:
    """Return a plan: verdict, accounts, refused guards, problems, deletes, then the rest."""
    entries = [of_action(action) for action in plan.actions]
    by_verb = {verb: [entry for entry in entries if entry.verb == verb] for verb in ACTIONS}
    sections = [
        Section("Accounts", account_changes.items(plan.account_changes), 0.3, folded=False),
        *guard_sections(plan.refused()),
        Section("Problems", _findings(plan.problems), 0.3),
        *(
            _differing(f"To {verb}", by_verb[verb])
            for verb in ("delete", "replace", "update", "create")
        ),
        *_waves(plan.waves),
        *_others(plan),
    ]
    return Page(
        head="\n".join(
            [
                _title("Plan for", plan) + _commit(background),
                "",
                _heading(_verdict(plan), _counts(plan), plan.not_looked),
                *_table(entries, ACTIONS),
            ]
        ),
        sections=sections,
        foot="\n".join(_plan_foot(plan)),
        picture=background.picture if plan.actions else "",
    )


def drift_page(drift: Drift, background: Background) -> Page:
    """Return drift: what could not be read, what is undeclared, changed, missing."""
    entries = [of_resource(resource) for resource in drift.resources]
    by_status = {
        status: [entry for entry in entries if entry.verb == status] for status in STATUSES
    }
    counts = _statuses({status: len(found) for status, found in by_status.items()}, drift)
    return Page(
        head="\n".join(
            [
                _title("Drift of", drift),
                "",
                _heading(_drift_verdict(drift), counts, drift.not_looked),
                *_table(entries, STATUSES),
            ]
        ),
        sections=[
            Section("Problems", _findings(drift.problems), 0.3),
            Section("Quieter than usual", _findings(drift.quiet), 0.3, folded=False),
            Section("Not known to arrive", _findings(drift.unheard), 0.1, folded=True),
            *(
                _differing(status.capitalize(), found)
                for status, found in reversed(by_status.items())
            ),
            *_others(drift),
        ],
        foot="\nValues read live → declared. `reconciler apply` brings back what is declared.",
        picture=background.picture if drift.drifted else "",
    )


def _counts(plan: Plan) -> str:
    """Return the counts of a plan in a sentence, zeros left out."""
    summary = plan.summary
    figures = ", ".join(f"**{summary[verb]:,}** to {verb}" for verb in ACTIONS if summary[verb])
    words = {"unchanged": "unchanged", "unmanaged": findings.others(complete=plan.complete)}
    rest = [f"{summary[name]:,} {word}" for name, word in words.items() if summary[name]]
    rest += [f"{len(plan.unknown):,} unknown"] if plan.unknown else []
    return _sentence(figures, rest)


def _statuses(counts: Mapping[str, int], drift: Drift) -> str:
    figures = ", ".join(f"**{number:,}** {status}" for status, number in counts.items() if number)
    others = f"{len(drift.unmanaged):,} {findings.others(complete=drift.complete)}"
    unknown = [f"{len(drift.unknown):,} unknown"] if drift.unknown else []
    return _sentence(figures, [*([others] if drift.unmanaged else []), *unknown])


def _sentence(figures: str, rest: Sequence[str]) -> str:
    parts = "; ".join(filter(None, [figures, ", ".join(rest)]))
    return f"{parts}." if parts else ""


def _table(entries: Sequence[Difference], verbs: Sequence[str]) -> list[str]:
    """Return how much is done in which account, as lines of a table."""
    found = ((entry.account, entry.verb) for entry in entries)
    lines = count_table("account", found, verbs, [SIGNS[verb] for verb in verbs])
    return ["", *lines] if lines else []


def _title(what: str, report: Plan | Drift) -> str:
    return f"## {what} stack {code(report.stack)}{findings.only(report.limits, code)}"


def _commit(background: Background) -> str:
    return f" at commit {code(background.commit[:12])}" if background.commit else ""


def _heading(verdict: str, counts: str, not_looked: Sequence[Finding]) -> str:
    """Return verdict and counts; what was not looked for belongs to a verdict that all is well."""
    if not not_looked:
        return f"{verdict} {counts}".rstrip()
    missing = findings.not_looked(not_looked, code, plain)
    if verdict in _AS_FAR:
        return f"{_AS_FAR[verdict]} {missing}. {counts}".rstrip()
    return " ".join(filter(None, [verdict, counts, f"Not looked for: {missing}."]))


def _verdict(plan: Plan) -> str:
    if plan.refused():
        return "⛔ **Apply would refuse this.**"
    if not plan.complete:
        return "⚠️ **Not everything could be read.**"
    if plan.problems:
        return "⚠️ **Not everything could be planned.**"
    if plan.account_changes:
        return "🔑 **Accounts lead elsewhere, or get in by other references.**"
    if plan.actions:
        return "📋 **Ready to apply.**"
    return _IN_SYNC if plan.examined or plan.not_looked else _NOTHING


def _drift_verdict(drift: Drift) -> str:
    if drift.unapplied:
        return "⏳ **Not applied yet.** Nothing of this stack is live."
    if drift.drifted:
        return "⚠️ **Live differs from declared.**"
    if not drift.complete or drift.problems:
        which = "compared" if drift.complete else "read"
        return f"⚠️ **No drift in what could be {which}, which was not everything.**"
    if drift.quiet:
        return "🔇 **No drift, but less arrives than usual.**"
    return _AS_DECLARED if drift.examined or drift.not_looked else _NOTHING


def _plan_foot(plan: Plan) -> Iterator[str]:
    calls = plan.estimate.calls
    yield ""
    if plan.actions:
        yield (
            f"Applying this takes {counted(calls, 'API call')}, about "
            f"{max(1, plan.estimate.seconds):,.0f} s{_reading(plan.estimate)}."
        )
    yield f"Fingerprint {code(plan.fingerprint)}"


def _reading(estimate: Estimate) -> str:
    calls, seconds = estimate.reading_calls, max(1, estimate.reading_seconds)
    return f"; reading before that {calls:,}, about {seconds:,.0f} s" if calls else ""


def _differing(title: str, entries: Sequence[Difference]) -> Section:
    """List what differs, folded away. What goes is not, nor told as one: it is somebody's loss."""
    goes = bool(entries) and entries[0].goes
    rolled = None if goes else partial(rolled_up, entries)
    return Section(title, [as_item(entry) for entry in entries], 0.5, rolled, folded=not goes)


def _waves(waves: Sequence[PlannedWave]) -> list[Section]:
    if not waves:
        return []
    lines = [f"- {each}" for each in in_waves.lines(waves, code)]
    return [Section(in_waves.title(waves), [Item(it, it) for it in lines], 0.3, folded=False)]


def _others(report: Plan | Drift) -> list[Section]:
    unknown = [f"- {code(address)}" for address in report.unknown]
    return [
        Section("Warnings", _findings(report.warnings), 0.5),
        Section("Unknown, left alone", [Item(line, line) for line in unknown], 0.5, folded=True),
    ]


def _findings(found: Sequence[Finding]) -> list[Item]:
    lines = [findings.item(one) for one in by_cause(found)]
    return [Item(line, line) for line in lines]


def review_markdown(report: Plan | Drift) -> str:
    """Return the report as Markdown, ending in a newline."""
    none = Background()
    if isinstance(report, Plan):
        return whole(plan_page(discreet(report), none)) + "\n"
    return whole(drift_page(discreet(report), none)) + "\n"
