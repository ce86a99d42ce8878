"""Live state to a file and back."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler import wiring
from reconciler.cli import exits
from reconciler.cli.session import (
    RunRequest,
    Seen,
    connected,
    declared_for,
    how_far,
    select,
    to_read,
)
from reconciler.cli.state import State
from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.errors import PlanRefused, Problem, SettingsError
from reconciler.core.model.plan import Finding
from reconciler.core.routing import Routing
from reconciler.core.service import Account
from reconciler.core.text.phrases import counted
from reconciler.core.world.discovery import Discovery, left_behind, seen_topics
from reconciler.core.world.merging import merge
from reconciler.core.world.observation import Observation
from reconciler.core.world.snapshot import Outdated, Snapshot, opened, recall, take, unseal
from reconciler.reports import as_json
from reconciler.run import observe

_NOT_COVERED = (
    "the snapshot is not of this account, so that what may point from there at what is removed is "
    "not seen; apply looks for itself"
)


def snapshot_to(state: State, request: RunRequest, out: Path | None) -> int:
    """Observe the accounts that a plan of `request` reads; write them to `out`, or to stdout."""
    declared = declared_for(state, request)
    observed = to_read(declared, select(declared, request))
    accounts = {name: item.target() for name, item in observed.items()}
    discovery = how_far(state, declared, request, unasked="all")
    with connected(state, request, observed) as (providers, ticker):
        scopes = [scope for provider in providers.values() for scope in provider.scopes()]
        observation = observe(
            declared, providers, discovery=discovery, progress=ticker, everything=True
        )
    taken = take(declared, observation, scopes, accounts, datetime.now(UTC), discovery)
    for item in observation.unread:
        state.say(f"not read: {item.reason}")
    _write(state, taken, out)
    return exits.ERROR if observation.unread else exits.DONE


def merge_to(state: State, files: Sequence[Path], declared: Path | None, out: Path | None) -> int:
    """Make one snapshot of several, and write it to `out`, or to stdout.

    Raises:
        PlanRefused: one was damaged, or they do not belong together, or not to what is `declared`.
    """
    from reconciler.wiring import declarations

    found = []
    for file in files:
        try:
            found.append(opened(_read(file)))
        except PlanRefused as error:
            raise type(error)(f"{file}: {error}") from error
    merged = merge(found)
    if declared is not None and (stack := declarations(declared).stack) != merged.stack:
        raise PlanRefused(
            f"the snapshots are of stack {merged.stack!r}, {declared} is of {stack!r}"
        )
    _write(state, merged, out)
    return exits.DONE


class Recalled:
    """A snapshot that stands in for the services."""

    def __init__(
        self, state: State, file: Path, declared: Declarations, strays: Iterable[Problem]
    ) -> None:
        """Read the file and say how old it is; `strays` are told as warnings.

        Raises:
            SettingsError: it cannot be read.
            PlanRefused: it is not a sound snapshot of these declarations' stack.
        """
        self._file, self._declared = file, declared
        self._strays = tuple(_as_finding(problem) for problem in strays)
        self._content = _read(file)
        self._snapshot, _ = self._unseal({})
        age = age_of(self._snapshot.age(datetime.now(UTC)))
        when = self.taken_at.isoformat().replace("+00:00", "Z")
        state.say(f"planning against the snapshot {file}, taken {when}, {age} ago")

    @property
    def taken_at(self) -> datetime:
        """Return when it was taken."""
        return self._snapshot.taken_at

    @property
    def routing(self) -> Mapping[str, Routing]:
        """Return where the accounts led when it was taken."""
        return self._snapshot.routing

    def look(self, accounts: Mapping[str, Account]) -> Seen:
        """Return what was observed of these accounts.

        Raises:
            PlanRefused: it is no snapshot of these declarations.
        """
        targets = {name: account.target() for name, account in accounts.items()}
        told = Observation(warnings=self._strays, accounts=frozenset())
        return {}, self._unseal(targets)[1].beside(told)

    def look_beside(self, accounts: Mapping[str, Account]) -> Seen:
        """Return what was observed of those that it covers; say of the others that it does not.

        A snapshot of one shard is still good for planning, since what is applied is planned live.
        """
        covered = {name: accounts[name] for name in accounts if name in self._snapshot.accounts}
        providers, observation = self.look(covered)
        unseen = tuple(
            Finding(address=name, message=_NOT_COVERED) for name in accounts if name not in covered
        )
        return providers, observation.beside(Observation(warnings=unseen, accounts=frozenset()))

    def _unseal(self, targets: Mapping[str, Any]) -> tuple[Snapshot, Observation]:
        return _unsealed(self._file, self._content, self._declared, targets)


def seen_since(state: State, file: Path, declared: Declarations, *, needed: bool) -> Discovery:
    """Return what the objects that a snapshot saw tell of where to look.

    One that another version made tells nothing: the next one will. Unless it is `needed`, neither
    does one that cannot be used.

    Raises:
        SettingsError: it cannot be read.
        PlanRefused: it is not a sound snapshot of these declarations' stack.
    """
    targets = {name: account.target() for name, account in declared.accounts.items()}
    try:
        snapshot, observation = _unsealed(file, _read(file), declared, targets)
    except (SettingsError, PlanRefused) as error:
        if needed and not isinstance(error, Outdated):
            raise
        state.say(f"{error}; it is left aside (warning)")
        return Discovery()
    renamed = {name for name, it in snapshot.accounts.items() if it in targets.values()}
    then = (
        item
        for item in recall(snapshot, wiring.SERVICES)
        if item.account in declared.accounts or item.account not in renamed
    )
    return Discovery(seen=seen_topics(observation.live), left=left_behind(then, declared.accounts))


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from error


def _unsealed(
    file: Path, content: bytes, declared: Declarations, targets: Mapping[str, Any]
) -> tuple[Snapshot, Observation]:
    try:
        return unseal(content, declared, wiring.SERVICES, targets)
    except PlanRefused as error:
        raise type(error)(f"{file}: {error}") from error


def _write(state: State, snapshot: Snapshot, out: Path | None) -> None:
    text = as_json.render(snapshot)
    scrubbed = state.secrets.scrub_result(text)
    if scrubbed != text:
        # A live object may hold a secret, in a tag; the digest is of what is written.
        text = as_json.render(Snapshot.model_validate_json(scrubbed).sealed())
    if out is None:
        state.result(text)
        return
    state.save(out, text)
    state.say(f"{counted(len(snapshot.live), 'live object')} written to {out}")


def _as_finding(problem: Problem) -> Finding:
    address, _, message = problem.message.partition(": ")
    return Finding(address=address, message=message)


def age_of(seconds: float) -> str:
    """Return a time span as people say it: `3 hours`."""
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= unit:
            number = int(seconds // unit)
            return counted(number, name)
    return "less than a minute"
