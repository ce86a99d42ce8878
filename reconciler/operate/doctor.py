"""What keeps accounts from being reconciled: asks each, harmlessly, and puts it in order."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.abilities import Examination, Impediment, Stage
from reconciler.core.model.errors import ReconcilerError, ServiceError, Transient, Unclear
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.spec import Spec
from reconciler.core.provider import Cannot, Each, Provider
from reconciler.core.verdicts.diagnosis import AccountReport, Complaint, Diagnosis
from reconciler.run import (
    Progress,
    Question,
    Session,
    Unanswered,
    ask,
    select,
    selected,
    silent,
)

_ASK_AGAIN = "look at what the service says, mend it, and run doctor again"
_APPLY = "apply, which brings it back to what is declared"
_BUSY = "the service is busy or in trouble: run doctor again in some minutes"


@dataclass(frozen=True, slots=True)
class _Finding:
    """What one look found."""

    examination: Examination
    impediments: tuple[Impediment, ...]


@dataclass(frozen=True, slots=True)
class _Findings:
    """All that was looked at in one account, and how much was not because of what was found."""

    found: tuple[_Finding, ...]
    skipped: int


def doctor(session: Session, *, progress: Progress = silent) -> Diagnosis:
    """Examine the accounts of a session side by side, and say what to fix; nothing is changed.

    Raises:
        WrongUsage: the session's terms name an account that is not declared.
        PlanRefused: an account leads to a host that is not allowed.
    """
    accounts = selected(session.declarations, select(session.declarations, session.terms))
    return diagnose(session.declarations, session.providers(accounts), progress=progress)


def diagnose(
    declared: Declarations, providers: Mapping[str, Provider], *, progress: Progress = silent
) -> Diagnosis:
    """Examine the accounts of `providers` side by side; nothing is changed."""
    questions = [
        Question(name, partial(_examine, _examinations(declared, name, provider)))
        for name, provider in sorted(providers.items())
    ]
    answers = ask(questions, doing="examining accounts", progress=progress)
    complaints: list[tuple[Stage, Complaint]] = []
    reports: list[AccountReport] = []
    for question, answer in zip(questions, answers, strict=True):
        mine = list(_complaints(question.account, answer))
        complaints += mine
        lacking = _unexamined(providers[question.account], answer)
        reports.append(_report(declared, question.account, answer, mine, lacking))
    complaints.sort(key=lambda item: (item[1].optional, item[0]))
    return Diagnosis(
        stack=declared.stack,
        healthy=bool(reports) and all(report.healthy for report in reports),
        problems=tuple(complaint for _, complaint in complaints),
        accounts=tuple(reports),
    )


def _examinations(declared: Declarations, name: str, provider: Provider) -> Sequence[Examination]:
    mine = [item for item in declared.desired if item.account == name]
    examine = provider.abilities.examinations
    own = () if isinstance(examine, Cannot) else examine(mine)
    looks = (*_deliveries(declared, mine, provider), *_listings(declared, name, provider))
    return sorted([*own, *looks], key=lambda it: it.stage)


def _listings(declared: Declarations, name: str, provider: Provider) -> Iterator[Examination]:
    """Yield a look at what is linked to an account, where declarations leave that to it."""
    linked = provider.abilities.linked
    if any(item.account == name for item in declared.unlisted) and not isinstance(linked, Cannot):
        yield Examination(Stage.account, "linked accounts", partial(_listed, linked))


def _listed(linked: Callable[[], Sequence[str]]) -> Iterator[Impediment]:
    linked()
    yield from ()


def _deliveries(
    declared: Declarations, mine: Iterable[Desired], provider: Provider
) -> Iterator[Examination]:
    """Yield a look at each object of an account that others have something delivered to."""
    senders: dict[str, set[str]] = {}
    for item in declared.desired:
        if item.spec.delivery.sender is not None:
            for address in item.references.values():
                senders.setdefault(address, set()).add(item.spec.delivery.sender)
    for item in mine:
        if item.address in senders:
            look = partial(_delivery, provider, item, sorted(senders[item.address]))
            yield Examination(Stage.delivery, item.address, look)


def _delivery(provider: Provider, item: Desired, senders: Iterable[str]) -> Iterator[Impediment]:
    """Yield why nothing would be delivered: as declared, else as it is live."""
    live = provider.read(Live(item.account, item.spec, item.outputs))
    for sender in senders:
        declared = tuple(item.spec.delivery.obstacles(item.spec, sender))
        for reason in declared:
            yield _undelivered(item, reason)
        if live is not None and not declared:
            yield from _undelivered_live(item, live.spec, sender)


def _undelivered_live(item: Desired, live: Spec, sender: str) -> Iterator[Impediment]:
    """Yield why nothing is delivered to a live object, or might not be (fails nothing)."""
    for reason in live.delivery.obstacles(live, sender):
        problem, _, _ = reason.partition(": ")
        yield Impediment(f"nothing is delivered to {item.address}: live, it {problem}", _APPLY)
    declared_so = any(item.spec.delivery.doubts(item.spec, sender))
    for reason in live.delivery.doubts(live, sender):
        problem, _, remedy = reason.partition(": ")
        yield Impediment(
            f"whether anything is delivered to {item.address} cannot be told: it {problem}",
            remedy if declared_so else _APPLY,
            optional=True,
        )


def _undelivered(item: Desired, reason: str) -> Impediment:
    problem, _, remedy = reason.partition(": ")
    return Impediment(f"nothing will be delivered to {item.address}: it {problem}", remedy)


def _unexamined(provider: Provider, answer: _Findings | Unanswered) -> str | None:
    """Return why an account cannot be called ready, though nothing was found: nobody looked."""
    examine = provider.abilities.examinations
    if isinstance(examine, Cannot):
        return examine.why
    nothing = not isinstance(answer, Unanswered) and not answer.found
    return "there was nothing to look at" if nothing else None


def _examine(examinations: Iterable[Examination], each: Each) -> _Findings:
    """Look at one stage after the other; what rests on something broken is not looked at."""
    found: list[_Finding] = []
    broken: set[str | None] = set()
    skipped = 0
    for stage, group in groupby(examinations, key=lambda item: item.stage):
        here = list(group)
        wanted = [item for item in here if not broken & {None, item.part}]
        skipped += len(here) - len(wanted)
        looked = each(_look, wanted)
        found += looked
        if stage.decisive:
            broken |= {item.examination.part for item in looked if _serious(item.impediments)}
    return _Findings(tuple(found), skipped)


def _serious(impediments: Iterable[Impediment]) -> bool:
    return any(not item.optional for item in impediments)


def _look(examination: Examination) -> _Finding:
    try:
        return _Finding(examination, tuple(examination.look()))
    except ReconcilerError as error:
        return _Finding(examination, (_impediment(error),))


def _impediment(error: ReconcilerError) -> Impediment:
    """Take an error's sentence apart: what is wrong; what to do about it."""
    text = str(error)
    if isinstance(error, ServiceError):
        text = f"{error.operation}: {error.message}"
    problem, _, remedy = text.partition("; ")
    busy = isinstance(error, Transient | Unclear)
    return Impediment(problem, remedy or (_BUSY if busy else _ASK_AGAIN))


def _complaints(account: str, answer: _Findings | Unanswered) -> Iterator[tuple[Stage, Complaint]]:
    if isinstance(answer, Unanswered):
        yield (
            Stage.reaching,
            _complaint(account, "examining", Impediment(answer.reason, _ASK_AGAIN)),
        )
        return
    for finding in answer.found:
        stage, subject = finding.examination.stage, finding.examination.subject
        for impediment in finding.impediments:
            yield stage, _complaint(account, subject, impediment, stage.name)


def _complaint(account: str, check: str, impediment: Impediment, stage: str = "") -> Complaint:
    # Sentences of errors name the account themselves.
    problem = impediment.problem.removeprefix("accounts.").removeprefix(f"{account}: ")
    return Complaint(
        account=account,
        stage=stage,
        check=check,
        problem=problem,
        remedy=impediment.remedy,
        optional=impediment.optional,
    )


def _report(
    declared: Declarations,
    account: str,
    answer: _Findings | Unanswered,
    complaints: Iterable[tuple[Stage, Complaint]],
    unexamined: str | None,
) -> AccountReport:
    return AccountReport(
        account=account,
        service=declared.accounts[account].service,
        healthy=unexamined is None and all(complaint.optional for _, complaint in complaints),
        unexamined=unexamined,
        checks=0 if isinstance(answer, Unanswered) else len(answer.found),
        skipped=0 if isinstance(answer, Unanswered) else answer.skipped,
    )
