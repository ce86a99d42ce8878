"""One run against live services: read the declarations, observe, plan."""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from reconciler.cli.state import State
from reconciler.core.decide import Observation, Selection
from reconciler.core.errors import SettingsError
from reconciler.core.guards import Overrides
from reconciler.core.manifest.reader import Declarations
from reconciler.core.model import Plan
from reconciler.core.plan import Prepared, prepare
from reconciler.core.provider import Provider


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for, beyond the declarations themselves."""

    path: Path
    sandbox: str | None = None
    targets: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    shard: str | None = None
    overrides: Overrides = Overrides()  # noqa: RUF009 - a frozen value, shared safely
    live: Path | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A plan and the providers that can carry it out."""

    declarations: Declarations
    prepared: Prepared
    providers: Mapping[str, Provider]

    @property
    def plan(self) -> Plan:
        """Return the plan."""
        return self.prepared.plan


@contextmanager
def planned(state: State, request: Request) -> Iterator[Session]:
    """Read, observe and plan; connections stay open until the context ends."""
    from reconciler.wiring import declarations

    declared = declarations(request.path, sandbox=request.sandbox)
    for warning in declared.warnings:
        state.say(f"{warning} (warning)")
    selected = select(declared, request)
    make = partial(
        prepare,
        declared,
        selection=Selection(selected, request.targets),
        overrides=request.overrides,
    )
    with _source(state, request, declared) as look:
        read = with_neighbours(declared, selected)
        providers, observation = look(read)
        prepared = make(observation, targets=_targets(declared, read))
        further = _pointing(declared, prepared.plan) - read
        if further:
            more, seen = look(further)
            providers, observation = {**providers, **more}, observation.beside(seen)
            prepared = make(observation, targets=_targets(declared, read | further))
        yield Session(declared, prepared, providers)


Look = Callable[[Iterable[str]], tuple[Mapping[str, Provider], Observation]]
"""Observes some accounts, by name."""


@contextmanager
def _source(state: State, request: Request, declared: Declarations) -> Iterator[Look]:
    """Give what live state is read from: a snapshot, or the services."""
    if request.live is not None:
        from reconciler.cli.snapshots import Recalled

        recalled = Recalled(state, request.live, declared)
        yield lambda names: ({}, recalled.look(_targets(declared, names)))
        return
    sandbox = request.sandbox is not None
    with ExitStack() as kept:
        yield partial(_look, state, declared, kept, sandbox=sandbox)


def _look(
    state: State, declared: Declarations, kept: ExitStack, names: Iterable[str], *, sandbox: bool
) -> tuple[Mapping[str, Provider], Observation]:
    """Observe some accounts; their providers stay open as long as `kept`."""
    from reconciler.cli.interrupts import at_once
    from reconciler.cli.progress import Ticker
    from reconciler.engine import observe
    from reconciler.wiring import Providers

    accounts = {name: declared.accounts[name] for name in sorted(names)}
    providers = kept.enter_context(Providers(accounts, secrets=state.secrets, sandbox=sandbox))
    with at_once(), Ticker() as ticker:
        return providers, observe(declared, providers, progress=ticker)


def _targets(declared: Declarations, names: Iterable[str]) -> dict[str, Any]:
    return {name: declared.accounts[name].target() for name in sorted(names)}


def select(declared: Declarations, request: Request) -> frozenset[str] | None:
    """Return the accounts a run is limited to, None for all.

    Raises:
        SettingsError: an account named on the command line is not declared.
    """
    if not request.accounts and request.shard is None:
        return None
    unknown = sorted(set(request.accounts) - set(declared.accounts))
    if unknown:
        known = ", ".join(sorted(declared.accounts))
        raise SettingsError(f"--account {unknown[0]}: not declared; there are {known}")
    names = set(request.accounts or declared.accounts)
    if request.shard is not None:
        number, total = (int(part) for part in request.shard.split("/"))
        # By name alone, so that adding an account moves no other one to another shard.
        names = {name for name in names if zlib.crc32(name.encode()) % total == number - 1}
    return frozenset(names)


def with_neighbours(declared: Declarations, selected: frozenset[str] | None) -> set[str]:
    """Return the accounts to read: those selected and those they refer to or are referred to by."""
    if selected is None:
        return set(declared.accounts)
    account_of = {item.address: item.account for item in declared.desired}
    links = {
        (item.account, account_of[address])
        for item in declared.desired
        for address in item.references.values()
    }
    beside = {b for a, b in links if a in selected} | {a for a, b in links if b in selected}
    return set(selected) | beside


def _pointing(declared: Declarations, plan: Plan) -> set[str]:
    """Return the accounts whose objects may point at what a plan takes away, declared or not."""
    from reconciler.wiring import SERVICES

    going = {action.kind for action in plan.actions if action.action in ("delete", "replace")}
    services = {
        service.name
        for service in SERVICES
        for shape in service.declarations.values()
        for reference in shape.spec_type.refs.values()
        if reference.kind in going and not reference.same_account
    }
    return {name for name, account in declared.accounts.items() if account.service in services}
