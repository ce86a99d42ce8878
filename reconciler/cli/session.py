"""One run against live services: read the declarations, observe, plan."""

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from reconciler.cli.state import State
from reconciler.core.decide import Selection
from reconciler.core.errors import SettingsError
from reconciler.core.guards import Overrides
from reconciler.core.manifest.reader import Declarations
from reconciler.core.model import Plan
from reconciler.core.plan import Prepared, prepare
from reconciler.core.provider import Account, Provider


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

    @property
    def limits(self) -> tuple[str, ...]:
        """Return the options that leave part of the declarations out."""
        shard = [f"--shard {self.shard}"] if self.shard else []
        accounts = [f"--account {name}" for name in sorted(self.accounts)]
        return (*shard, *accounts, *(f"--target {item}" for item in sorted(self.targets)))


@dataclass(frozen=True, slots=True)
class Session:
    """A plan and the providers that can carry it out.

    `taken_at` is of the snapshot, None if the plan is against what is live now.
    """

    declarations: Declarations
    prepared: Prepared
    providers: Mapping[str, Provider]
    taken_at: datetime | None = None

    @property
    def plan(self) -> Plan:
        """Return the plan."""
        return self.prepared.plan


@contextmanager
def planned(state: State, request: Request) -> Iterator[Session]:
    """Read, observe and plan; connections stay open until the context ends."""
    from reconciler.cli.interrupts import at_once
    from reconciler.cli.progress import Ticker
    from reconciler.engine import observe
    from reconciler.wiring import Providers, declarations

    declared = declarations(request.path, sandbox=request.sandbox)
    for warning in declared.warnings:
        state.say(f"{warning} (warning)")
    selected = select(declared, request)
    accounts = to_read(declared, selected)
    targets = {name: account.target() for name, account in accounts.items()}
    make = partial(
        prepare,
        declared,
        selection=Selection(selected, request.targets),
        overrides=request.overrides,
        targets=targets,
    )
    if request.live is not None:
        from reconciler.cli.snapshots import restored

        snapshot, observation = restored(state, request.live, declared, targets)
        yield Session(declared, make(observation), {}, snapshot.taken_at)
        return
    sandbox = request.sandbox is not None
    with Providers(accounts, secrets=state.secrets, sandbox=sandbox) as providers:
        with at_once(), Ticker() as ticker:
            observation = observe(declared, providers, progress=ticker)
        yield Session(declared, make(observation), providers)


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


def to_read(declared: Declarations, selected: frozenset[str] | None) -> dict[str, Account]:
    """Return the accounts to read: those selected and those they refer to or are referred to by."""
    if selected is None:
        return dict(sorted(declared.accounts.items()))
    account_of = {item.address: item.account for item in declared.desired}
    links = {
        (item.account, account_of[address])
        for item in declared.desired
        for address in item.references.values()
    }
    beside = {b for a, b in links if a in selected} | {a for a, b in links if b in selected}
    return {name: declared.accounts[name] for name in sorted(selected | beside)}
