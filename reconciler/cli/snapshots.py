"""Live state to a file and back."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.cli import exits
from reconciler.cli.interrupts import at_once
from reconciler.cli.progress import Ticker
from reconciler.cli.session import Request, select, to_read
from reconciler.cli.state import State, save_result
from reconciler.core.decide import Observation
from reconciler.core.errors import PlanRefused, SettingsError
from reconciler.core.manifest.reader import Declarations
from reconciler.core.snapshot import Snapshot, take, unseal
from reconciler.engine import observe
from reconciler.reports import as_json
from reconciler.wiring import SERVICES, Providers, declarations


def snapshot_to(state: State, request: Request, out: Path | None) -> int:
    """Observe the accounts that a plan of `request` reads; write them to `out`, or to stdout."""
    declared = declarations(request.path, sandbox=request.sandbox)
    for warning in declared.warnings:
        state.say(f"{warning} (warning)")
    observed = to_read(declared, select(declared, request))
    accounts = {name: item.target() for name, item in observed.items()}
    sandbox = request.sandbox is not None
    with Providers(observed, secrets=state.secrets, sandbox=sandbox) as providers:
        scopes = [scope for provider in providers.values() for scope in provider.scopes()]
        with at_once(), Ticker() as ticker:
            observation = observe(declared, providers, progress=ticker, everything=True)
    taken = take(declared, observation, scopes, accounts, datetime.now(UTC))
    for item in observation.unread:
        state.say(f"not read: {item.reason}")
    _write(state, taken, out)
    return exits.ERROR if observation.unread else exits.DONE


def restored(
    state: State, file: Path, declared: Declarations, accounts: Mapping[str, Any]
) -> tuple[Snapshot, Observation]:
    """Return a snapshot and what it observed, and say how old it is.

    Raises:
        SettingsError: the file cannot be read.
        PlanRefused: it is not a sound snapshot of these accounts.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from error
    try:
        snapshot, observation = unseal(content, declared, SERVICES, accounts)
    except PlanRefused as error:
        raise PlanRefused(f"{file}: {error}") from error
    age = age_of(snapshot.age(datetime.now(UTC)))
    when = snapshot.taken_at.isoformat().replace("+00:00", "Z")
    state.say(f"planning against the snapshot {file}, taken {when}, {age} ago")
    return snapshot, observation


def _write(state: State, snapshot: Snapshot, out: Path | None) -> None:
    text = as_json.render(snapshot)
    if out is None:
        state.result(text)
        return
    save_result(out, text)
    state.say(f"{len(snapshot.live)} live objects written to {out}")


def age_of(seconds: float) -> str:
    """Return a time span as people say it: `3 hours`."""
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= unit:
            number = int(seconds // unit)
            return f"{number} {name}{'s' * (number != 1)}"
    return "less than a minute"
