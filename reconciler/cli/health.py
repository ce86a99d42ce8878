"""Runs `status` and `doctor`."""

from reconciler.cli import exits
from reconciler.cli.options import ApplyFormat
from reconciler.cli.session import RunRequest, opened, watched
from reconciler.cli.state import State
from reconciler.core.verdicts.diagnosis import Diagnosis
from reconciler.core.verdicts.health import HealthLimits, Status
from reconciler.operate.doctor import doctor
from reconciler.operate.status import status
from reconciler.reports import as_json


def show_status(
    state: State, request: RunRequest, limits: HealthLimits, form: ApplyFormat, *, check: bool
) -> int:
    """Read and show how what is declared fares; with `check`, exit with 2 if something is ill."""
    with opened(state, request) as session, watched(state) as ticker:
        found = status(session, limits=limits, progress=ticker)
    for reason in found.unread:
        state.say(f"not read: {reason}")
    for note in found.notes:
        state.say(f"note: {note}")
    _write(state, found, form)
    if not found.complete:
        return exits.ERROR
    return exits.DIFFERENT if check and not found.healthy else exits.DONE


def show_diagnosis(state: State, request: RunRequest, form: ApplyFormat) -> int:
    """Examine the accounts and show what to fix."""
    with opened(state, request) as session, watched(state) as ticker:
        diagnosis = doctor(session, progress=ticker)
    _write(state, diagnosis, form)
    return exits.DONE if diagnosis.healthy else exits.ERROR


def _write(state: State, report: Status | Diagnosis, form: ApplyFormat) -> None:
    if form is ApplyFormat.json:
        state.result(as_json.render(report))
    else:
        state.report(report)
