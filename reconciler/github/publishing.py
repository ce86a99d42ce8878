"""Tells GitHub what a run found and did: where each report goes, and what if it cannot.

Failing to report never hides a result and never undoes one. The rules:

- The exit code stays the run's own, and the trouble becomes a warning annotation, where the job is
  not to blame: the API does not answer, limits the rate or refuses a text; a pull request from a
  fork or of Dependabot, whose token may only read; a workflow that passes no GITHUB_TOKEN.
- Where the workflow is misconfigured (the token lacks a permission that this job could have; the
  step's files cannot be written), it is an error annotation, and a run that would have ended with 0
  or 2 ends with 1: nobody would notice otherwise that reviewers see no plan and that drift raises
  no alarm. What an apply did stands all the same, and its summary says so.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from reconciler.core.model.errors import (
    DeclarationError,
    Denied,
    Misdirected,
    PlanRefused,
    ReconcilerError,
    ServiceError,
    SettingsError,
)
from reconciler.core.model.plan import Plan
from reconciler.core.verdicts.drift import Drift
from reconciler.github import annotations
from reconciler.github.annotations import Annotation, DeclaredPlaces
from reconciler.github.comment import CommentContent
from reconciler.github.issue import Alarm
from reconciler.github.job import Job, add_summary, set_outputs, summary_room
from reconciler.github.marker import BODY_BYTES, Marker
from reconciler.github.posting import (
    concerned,
    post_alarm,
    post_all_clear,
    post_comment,
    post_outcome,
    post_outdated,
)
from reconciler.reports.discretion import discreet, discreet_application
from reconciler.reports.model import ApplyResult
from reconciler.reports.outcome_pages import application_page, failure_page, validation_page
from reconciler.reports.pages import Page, fitted, size
from reconciler.reports.review_pages import Background, drift_page, plan_page
from reconciler.reports.validation import Validation

_FRAME = 450
"""Bytes for what else stands around a text: line ends, digest, seal, what is outdated."""


class Telling:
    """Tells one run's result to the job it runs in.

    `folder` is where the declarations are, seen from the workspace. `speak` writes one workflow
    command to the log; `scrub` masks secrets; `remark` is to be warned of, if there is any. Each
    method returns whether everything was told as the workflow asks for (see the module).
    """

    def __init__(
        self,
        job: Job,
        folder: str,
        *,
        speak: Callable[[str], None],
        scrub: Callable[[str], str],
        remark: str = "",
    ) -> None:
        self._job = job
        self._folder = folder
        self._speak = speak
        self._scrub = scrub
        self._troubles: list[Annotation] = []
        self._warn(remark)

    def validated(
        self, validation: Validation, places: DeclaredPlaces, *, annotate: bool = True
    ) -> bool:
        """Tell what validate found; `annotate` is False if the result itself is annotations.

        Where it is given a token, no comment goes on showing the plan of a commit before the error.
        """
        self._outputs({"valid": validation.valid})
        page = validation_page(validation)
        self._summarise(page, "Validated", Background())
        if not validation.valid and self._job.token:
            self._comment(page, None, Background(), "Validated", failed=True)
        found = annotations.of_validation(validation, places) if annotate else []
        return self._done(found)

    def planned(self, plan: Plan, places: DeclaredPlaces, background: Background) -> bool:
        """Tell a plan: outputs, summary, annotations, and the comment on the pull request."""
        plan, concern = discreet(plan), self._concern()
        self._outputs(
            {
                "changes": len(plan.actions),
                "fingerprint": plan.fingerprint,
                "refused": bool(plan.refused()),
                "complete": plan.complete,
                **concern,
            }
        )
        page = plan_page(plan, background)
        self._summarise(page, "Planned", background)
        marker = Marker("plan", plan.stack, background.limits)
        self._comment(page, marker, background, "Planned", concern=concern)
        return self._done(_if_concerned(annotations.of_plan(plan, places), concern))

    def applied(
        self, application: ApplyResult, plan: Plan, places: DeclaredPlaces, background: Background
    ) -> bool:
        """Tell what an apply did: outputs, summary, annotations."""
        application = discreet_application(application, plan)
        self._outputs(
            {
                "changes": application.summary["done"],
                "fingerprint": plan.fingerprint,
                "refused": application.result == "refused",
                "complete": plan.complete,
            }
        )
        self._summarise(application_page(application, plan.stack), "Applied", background)
        return self._done(annotations.of_application(application, places))

    def drifted(
        self, drift: Drift, plan: Plan, places: DeclaredPlaces, background: Background
    ) -> bool:
        """Tell drift: outputs, summary, annotations, and the drift issue."""
        drift = discreet(drift)
        self._outputs(
            {
                "drifted": drift.drifted,
                "changes": len(drift.resources),
                "fingerprint": plan.fingerprint,
                "complete": drift.complete,
            }
        )
        self._summarise(drift_page(drift, background), "Compared", background)
        # An issue is there only where the stack was applied once: then all of it is gone.
        gone = drift.model_copy(update={"unapplied": False})
        self._alarm(drift_page(gone, background), drift, background)
        return self._done(annotations.of_drift(drift, places))

    def posted(self, marker: Marker, page: Page, background: Background, in_sync: str) -> bool:
        """Tell what a merge led to: the comment on its pull request, and drift that is gone.

        `in_sync` says how everything came to be as declared, and is empty where it is not.
        """
        byline = self._byline("Applied", background)
        first = marker.line(commit=self._job.commit, path=self._folder)
        text = self._body(page, first, byline)
        content = CommentContent(text, byline, self._folder, self._job.commit, latest=True)
        with self._reporting():
            self._note(post_outcome(self._job, marker, content))
        with self._reporting():
            if in_sync:
                alarm = Marker("drift", marker.stack, marker.limits)
                post_all_clear(self._job, alarm, in_sync)
        return self._done([])

    def failed(
        self,
        command: str,
        error: ReconcilerError,
        places: DeclaredPlaces,
        stack: str,
        background: Background,
    ) -> bool:
        """Tell why a command has no result.

        A plan's comment is told too, where the stack is known: it would go on showing a former
        plan; where it is not, all comments about these declarations are. The drift issue is left
        alone: nothing is known about drift.
        """
        concern = self._concern() if command == "plan" else {}
        outputs = {"refused": isinstance(error, PlanRefused), "complete": False}
        self._outputs({**outputs, **concern})
        reasons = error.problems if isinstance(error, DeclarationError | Misdirected) else [error]
        page = failure_page(command, [str(reason) for reason in reasons], stack)
        self._summarise(page, "Tried", background)
        if command == "plan":
            marker = Marker("plan", stack, background.limits) if stack else None
            self._comment(page, marker, background, "Planned", concern=concern, failed=True)
        return self._done(_if_concerned(annotations.of_failure(error, places), concern))

    def _concern(self) -> dict[str, bool]:
        """Return an output: whether the pull request, if any, concerns the declarations."""
        number = self._job.pull_request
        if number is None or not self._job.token:
            return {}
        return {"concerned": concerned(self._job, number, self._folder)}

    def _outputs(self, values: Mapping[str, str | int | bool]) -> None:
        with self._reporting():
            set_outputs(self._job.output, values)

    def _summarise(self, page: Page, what: str, background: Background) -> None:
        with self._reporting():
            byline = f"\n{self._byline(what, background)}\n\n"
            room = summary_room(self._job.summary) - size(byline)
            text, _ = fitted(page, room, self._scrub)
            if size(text) <= room:
                add_summary(self._job.summary, text + byline)
            else:
                self._warn("this step's job summary is full: nothing was added to it")

    def _comment(
        self,
        page: Page,
        marker: Marker | None,
        background: Background,
        what: str,
        *,
        concern: Mapping[str, bool] | None = None,
        failed: bool = False,
    ) -> None:
        """Write about a stack; without its marker, over whatever was written of this folder.

        Where the pull request is not concerned, only what was written before is brought up to date.
        """
        job, number = self._job, self._job.pull_request
        if number is not None and self._has_token(f"no comment was written on #{number}"):
            byline = self._byline(what, background)
            first = (marker or Marker("plan", "")).line(commit=job.commit, path=self._folder)
            text = self._body(page, first, byline)
            content = CommentContent(text, byline, self._folder, job.commit, failed=failed)
            with self._reporting():
                if marker is None:
                    post_outdated(job, number, content)
                else:
                    new = (concern or {}).get("concerned", True)
                    post_comment(job, number, marker, content, new=new)

    def _alarm(self, page: Page, drift: Drift, background: Background) -> None:
        if self._has_token("the drift issue was left as it is"):
            marker = Marker("drift", drift.stack, background.limits)
            byline = self._byline("Found", background)
            alarm = Alarm(marker, self._body(page, marker.line(), byline), byline)
            with self._reporting():
                post_alarm(self._job, drift, alarm)

    def _body(self, page: Page, first: str, byline: str) -> str:
        frame = size(first) + size(byline) + _FRAME
        text, _ = fitted(page, BODY_BYTES - frame, self._scrub)
        return text

    def _byline(self, what: str, background: Background) -> str:
        return background.byline(what, self._job.run_url, self._job.commit)

    def _has_token(self, without: str) -> bool:
        if not self._job.token:
            message = f"GITHUB_TOKEN is not set, so {without}: pass it to the step's env"
            self._warn(message)
        return bool(self._job.token)

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """Take note of what cannot be told, and go on."""
        try:
            yield
        except Denied as error:
            if self._job.restricted:
                reason = "a pull request from a fork or of Dependabot gets a token that only reads"
                self._warn(f"{error}; {reason}: see the job summary instead")
            else:
                self._troubles.append(Annotation("error", str(error)))
        except ServiceError as error:
            self._warn(f"{error}: see the job summary instead")
        except SettingsError as error:
            self._troubles.append(Annotation("error", str(error)))

    def _warn(self, message: str) -> None:
        if message:
            self._troubles.append(Annotation("warning", message))

    def _note(self, message: str) -> None:
        if message:
            self._troubles.append(Annotation("notice", message))

    def _done(self, found: Sequence[Annotation]) -> bool:
        for annotation in annotations.within_limits([*self._troubles, *found]):
            self._speak(str(annotation))
        return not any(item.level == "error" for item in self._troubles)


def _if_concerned(found: Sequence[Annotation], concern: Mapping[str, bool]) -> Sequence[Annotation]:
    """Return remarks on a plan, or one remark where they are not the pull request's doing."""
    if concern.get("concerned", True):
        return found
    message = (
        "this pull request changes neither the declarations nor the workflows: no comment is due, "
        "and what is planned stands in the job summary alone"
    )
    return [Annotation("notice", message)]
