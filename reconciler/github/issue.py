"""The one drift issue for each stack: opened, edited, closed, reopened as drift comes and goes."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from reconciler.core.verdicts.drift import Drift
from reconciler.github.marker import BYLINE, Marker, Writer, fact_in
from reconciler.reports.findings import only


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue as it stands; `author` is a login."""

    number: int
    author: str
    body: str
    open: bool

    @property
    def tells_silence(self) -> bool:
        """Say whether it tells that something went quiet, which only who listens can take back."""
        return bool(fact_in(self.body, "quiet"))


@dataclass(frozen=True, slots=True)
class Alarm:
    """What the issue is to say: `text` is compared, `byline` names the run it comes from.

    `quiet`: something went quiet, by this run or by a former one that this one cannot contradict.
    """

    marker: Marker
    text: str
    byline: str
    quiet: bool = False

    @property
    def digest(self) -> str:
        """Return what tells one text from another."""
        return hashlib.sha256(self.text.encode("utf-8", "backslashreplace")).hexdigest()[:16]

    def body(self, writer: Writer, author: str) -> str:
        """Return the issue's whole body, as `author` writes it."""
        seal = writer.seal(self.marker.line(), author)
        quiet = "yes" if self.quiet else ""
        first = self.marker.line(digest=self.digest, quiet=quiet, seal=seal)
        return f"{first}\n{self.text}\n{BYLINE}\n{self.byline}\n"

    @property
    def title(self) -> str:
        """Return the issue's title."""
        return f"Drift of {self.marker.stack}{only(self.marker.limits)}"


@dataclass(frozen=True, slots=True)
class IssueEdit:
    """What to do, to that issue unless a new one is opened."""

    what: Literal["open", "edit", "reopen", "close"]
    issue: Issue | None = None


def current(own: Iterable[Issue]) -> Issue | None:
    """Return which of our issues counts: an open one, else the newest."""
    return max(own, key=lambda item: (item.open, item.number), default=None)


def alarm_after(issue: Issue | None, drift: Drift, alarm: Alarm) -> Alarm:
    """Return the alarm with what a former run told of silence, where this one cannot tell."""
    former = issue is not None and issue.open and issue.tells_silence and not drift.heard_all
    return replace(alarm, quiet=bool(drift.quiet) or former)


def decide(issue: Issue | None, drift: Drift, alarm: Alarm) -> IssueEdit | None:
    """Return what to do about the issue, None if it is as it should be.

    Drift that was found is told even if not everything could be read. That there is none any more
    is believed only if everything was: an incomplete read closes nothing. Where nothing is live, a
    stack that never had an issue was not applied yet, which is no drift. What went quiet is told
    like drift, whether there is some or not, and taken back only by a run that asked for it.
    """
    if drift.drifted or drift.quiet:
        if issue is None:
            return None if drift.unapplied and not drift.quiet else IssueEdit("open")
        if not issue.open:
            return IssueEdit("reopen", issue)
        return None if fact_in(issue.body, "digest") == alarm.digest else IssueEdit("edit", issue)
    clean = drift.complete and not (drift.problems or drift.unknown or drift.unheard)
    if issue is None or not issue.open or not clean or (issue.tells_silence and not drift.listened):
        return None
    return IssueEdit("close", issue)
