"""Findings as annotations on the lines of YAML they are about."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reconciler.core.model.errors import DeclarationError, Misdirected, Problem, ReconcilerError
from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Desired, Position
from reconciler.core.model.plan import AccountChange, Guard, Plan
from reconciler.core.text.visible import visible
from reconciler.core.verdicts.drift import Drift
from reconciler.core.world.unread import by_cause
from reconciler.reports.account_changes import sentences
from reconciler.reports.as_github import command
from reconciler.reports.findings import sentence
from reconciler.reports.model import ApplyResult
from reconciler.reports.validation import Located, Validation

Level = Literal["error", "warning", "notice"]
KEPT = 10
"""Errors a step may annotate, and warnings likewise; GitHub drops what goes beyond."""
_DRIFTED = {
    "missing": "is declared, but missing in what is live",
    "changed": "was changed: live differs from declared",
    "undeclared": "is live and ours, but not declared",
}


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark; `file` is relative to the workspace, empty where it is about no line."""

    level: Level
    message: str
    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Give the workflow command."""
        text, file = visible(self.message, keep="\n"), visible(self.file)
        return command(self.level, text, file=file, line=self.line, col=self.column)


class DeclaredPlaces:
    """Where the declared objects and accounts stand, as paths relative to the workspace.

    `here` is the directory that the files' names start from, `accounts` the names and positions of
    accounts and of their fields.
    """

    def __init__(
        self,
        desired: Iterable[Desired],
        workspace: Path,
        here: Path,
        *,
        account: Callable[[str, str], Position | None] = lambda _account, _path: None,
    ) -> None:
        self._account = account
        self._positions: dict[str, Position] = {item.address: item.position for item in desired}
        self._workspace = workspace
        self._here = here

    def about(self, level: Level, address: str, message: str) -> Annotation:
        """Return an annotation about an address; one that is not declared has no line."""
        position = self._positions.get(address)
        return self.at(level, position, message) if position else Annotation(level, message)

    def of_account(self, level: Level, account: str, path: str, message: str) -> Annotation:
        """Return an annotation about a field of an account, or about the account; path "": that."""
        position = self._account(account, path)
        return self.at(level, position, message) if position else Annotation(level, message)

    def at(self, level: Level, place: Position | Problem | Located, message: str) -> Annotation:
        """Return an annotation about a place in the declarations."""
        return Annotation(
            level, message, self._relative(place.file), place.line or 0, place.column or 0
        )

    def named(self, text: str) -> str:
        """Return a declared address that a sentence names, or an empty string."""
        words = (word.strip(",;:()") for word in text.split())
        return next((word for word in words if word in self._positions), "")

    def _relative(self, file: str) -> str:
        path = os.path.normpath(self._here / file)
        inside = os.path.relpath(path, self._workspace)
        return file if inside.startswith("..") else Path(inside).as_posix()


def of_validation(validation: Validation, places: DeclaredPlaces) -> list[Annotation]:
    """Return every error and warning of validate."""
    found = [places.at("error", item, item.message) for item in validation.errors]
    return found + [places.at("warning", item, item.message) for item in validation.warnings]


def of_failure(error: ReconcilerError, places: DeclaredPlaces) -> list[Annotation]:
    """Return why a command could not do its work."""
    if isinstance(error, DeclarationError | Misdirected):
        return [places.at("error", problem, problem.message) for problem in error.problems]
    return [Annotation("error", str(error))]


def of_plan(plan: Plan, places: DeclaredPlaces) -> list[Annotation]:
    """Return accounts that differ, problems, guards that would refuse, and warnings."""
    return [
        *_accounts(plan.account_changes, places),
        *_findings("error", plan.problems, places),
        *_guards("warning", plan.refused(), places),
        *_findings("warning", plan.warnings, places),
    ]


def of_drift(drift: Drift, places: DeclaredPlaces) -> list[Annotation]:
    """Return problems, what differs, and warnings."""
    differing = (
        places.about("warning", item.address, f"{item.address} {_DRIFTED[item.status]}")
        for item in drift.resources
    )
    problems = _findings("error", drift.problems, places)
    return [*problems, *differing, *_findings("warning", drift.warnings, places)]


def of_application(application: ApplyResult, places: DeclaredPlaces) -> list[Annotation]:
    """Return what was refused, what failed and what was not done because of that."""
    found = list(_guards("error", application.guards, places))
    if application.result == "refused" and not found:
        found.append(Annotation("error", application.message or "refused"))
    found += _findings("error", application.problems, places)
    levels: Mapping[str, Level] = {"failed": "error", "skipped": "warning"}
    if application.result == "failed":
        for item in application.actions:
            if item.outcome in levels:
                message = f"{item.action} {item.address} {item.outcome}: {item.error}"
                found.append(places.about(levels[item.outcome], item.address, message))
    return found


def within_limits(annotations: Sequence[Annotation]) -> list[Annotation]:
    """Return errors first, as many of each level as GitHub keeps, and a word about the others."""
    kept: list[Annotation] = []
    left: list[str] = []
    levels: tuple[Level, ...] = ("error", "warning", "notice")
    for level in levels:
        found = [item for item in annotations if item.level == level]
        kept += found[:KEPT]
        if len(found) > KEPT:
            left.append(f"{len(found) - KEPT} more {level}s")
    if left:
        kept.append(Annotation("notice", f"{' and '.join(left)}: see the job summary"))
    return kept


def _accounts(changes: Iterable[AccountChange], places: DeclaredPlaces) -> Iterator[Annotation]:
    for change in changes:
        for path, message in sentences(change):
            yield places.of_account("warning", change.account, path, visible(message))


def _findings(
    level: Level, findings: Iterable[Finding], places: DeclaredPlaces
) -> Iterator[Annotation]:
    for item in by_cause(findings):
        yield places.about(level, item.address, sentence(item))


def _guards(level: Level, guards: Iterable[Guard], places: DeclaredPlaces) -> Iterator[Annotation]:
    for guard in guards:
        message = f"apply refuses this, {guard.guard}: {guard.message}"
        yield places.about(level, places.named(guard.message), message)
