"""Runs `status` and `doctor`."""

from reconciler.cli import exits
from reconciler.cli.options import ApplyFormat
from reconciler.cli.session import RunRequest, connected, declared_for, select, to_read
from reconciler.cli.state import State
from reconciler.core.verdicts.diagnosis import Diagnosis
from reconciler.core.verdicts.health import HealthLimits, Status
from reconciler.operate.doctor import diagnose
from reconciler.operate.status import read_status
from reconciler.reports import as_json


def show_status(
    state: State, request: RunRequest, limits: HealthLimits, form: ApplyFormat, *, check: bool
) -> int:
    """Read and show how what is declared fares; with `check`, exit with 2 if something is ill."""
    declared = declared_for(state, request)
    selected = select(declared, request)
    shown = frozenset(declared.accounts) if selected is None else selected
    with connected(state, request, to_read(declared, selected)) as (providers, ticker):
        status = read_status(declared, providers, accounts=shown, limits=limits, progress=ticker)
    for reason in status.unread:
        state.say(f"not read: {reason}")
    for note in status.notes:
        state.say(f"note: {note}")
    _write(state, status, form)
    if not status.complete:
        return exits.ERROR
    return exits.DIFFERENT if check and not status.healthy else exits.DONE


def show_diagnosis(state: State, request: RunRequest, form: ApplyFormat) -> int:
    """Examine the accounts and show what to fix."""
    declared = declared_for(state, request)
    selected = select(declared, request)
    names = declared.accounts if selected is None else selected
    accounts = {name: declared.accounts[name] for name in sorted(names)}
    with connected(state, request, accounts) as (providers, ticker):
        diagnosis = diagnose(declared, providers, progress=ticker)
    _write(state, diagnosis, form)
    return exits.DONE if diagnosis.healthy else exits.ERROR


def _write(state: State, report: Status | Diagnosis, form: ApplyFormat) -> None:
    if form is ApplyFormat.json:
        state.result(as_json.render(report))
    else:
        state.report(report)
