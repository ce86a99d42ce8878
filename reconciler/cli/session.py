"""One run against live services: read the declarations, observe, plan."""

import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from reconciler.cli.bearing import bearing, offering
from reconciler.cli.exits import WrongUsage
from reconciler.cli.options import Discover
from reconciler.cli.state import State
from reconciler.cli.unset import say_unset
from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.addresses import did_you_mean, meets
from reconciler.core.model.plan import Plan
from reconciler.core.planning.overrides import Overrides
from reconciler.core.planning.plan import Prepared, prepare
from reconciler.core.planning.terms import Terms
from reconciler.core.provider import Provider
from reconciler.core.routing import Routing
from reconciler.core.service import Account
from reconciler.core.text.phrases import near
from reconciler.core.world.discovery import Discovery
from reconciler.core.world.matching import Selection
from reconciler.core.world.observation import Observation

if TYPE_CHECKING:
    from reconciler.cli.progress import Ticker
    from reconciler.wiring import Providers


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What the command line asks for, beyond the declarations themselves.

    `discover` says how far to look, None as the policy does; `since` is a snapshot whose types are
    asked for besides the declared ones. `page` is where a report page is kept beside the result.
    """

    path: Path
    sandbox: str | None = None
    targets: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    shard: str | None = None
    overrides: Overrides = Overrides()  # noqa: RUF009 - a frozen value, shared safely
    live: Path | None = None
    allow_hosts: tuple[str, ...] = ()
    discover: Discover | None = None
    since: Path | None = None
    page: Path | None = None

    @property
    def terms(self) -> Terms:
        """Return what a plan that is saved keeps of this."""
        return Terms(
            targets=self.targets,
            accounts=self.accounts,
            shard=self.shard,
            max_deletes=self.overrides.max_deletes,
            max_updates=self.overrides.max_updates,
            adopt=self.overrides.adopt,
            unprotect=self.overrides.unprotect,
            allow_non_empty=self.overrides.allow_non_empty,
            allow_referenced=self.overrides.allow_referenced,
        )

    @property
    def limits(self) -> tuple[str, ...]:
        """Return the options that leave part of the declarations out."""
        shard = [f"--shard {self.shard}"] if self.shard else []
        accounts = [f"--account {name}" for name in sorted(self.accounts)]
        return (*shard, *accounts, *(f"--target {item}" for item in sorted(self.targets)))


@dataclass(frozen=True, slots=True)
class Session:
    """A plan and the providers that can carry it out.

    `observation` is what was planned against. `taken_at` is of the snapshot, None if the plan is
    against what is live now. `limits` are the options that leave part of the declarations out.
    """

    declarations: Declarations
    prepared: Prepared
    providers: Mapping[str, Provider]
    observation: Observation
    taken_at: datetime | None = None
    limits: tuple[str, ...] = ()

    @property
    def plan(self) -> Plan:
        """Return the plan."""
        return self.prepared.plan


@contextmanager
def planned(
    state: State,
    request: RunRequest,
    *,
    consider: Callable[[Declarations], None] | None = None,
    unasked: str | None = None,
) -> Iterator[Session]:
    """Read, observe and plan; connections stay open until the context ends.

    `consider` may refuse the declarations before anything is asked of a service. `unasked` is how
    far to look where the command line does not say, None as the policy does.
    """
    from reconciler.run import look_behind, look_further

    declared = declared_for(state, request)
    if consider is not None:
        consider(declared)
    selected = select(declared, request)
    check_targets(declared, request)
    make = partial(
        prepare,
        declared,
        selection=Selection(selected, request.targets, _coming(declared, request, selected)),
        overrides=request.overrides,
    )
    discovery = how_far(state, declared, request, unasked=unasked)
    with _source(state, request, declared, discovery) as source:
        make = partial(make, former=source.routing)
        accounts = to_read(declared, selected)
        providers, observation = source.look(accounts)
        prepared = make(observation, targets=_targets(accounts))
        wider = _watched(
            state, partial(look_further, observation, prepared.steps, declared, providers)
        )
        if wider is not observation:
            observation = wider
            prepared = make(observation, targets=_targets(accounts))
        # Before anything is taken away, whatever may point at it is looked for.
        further = bearing(declared, prepared, accounts)
        if further:
            more, seen = source.look_beside(further)
            accounts, providers = {**accounts, **further}, {**providers, **more}
            observation = observation.beside(seen)
            prepared = make(observation, targets=_targets(accounts))
        behind = _watched(state, partial(look_behind, observation, prepared, providers))
        if behind is not observation:
            prepared = make(behind, targets=_targets(accounts))
        for sentence in prepared.idle:
            raise WrongUsage(sentence)
        yield Session(declared, prepared, providers, behind, source.taken_at, request.limits)


def _watched(state: State, look: Callable[..., Observation]) -> Observation:
    from reconciler.cli.interrupts import at_once
    from reconciler.cli.progress import Ticker

    with at_once(), Ticker(quiet=state.wish.quiet) as ticker:
        return look(progress=ticker)


def how_far(
    state: State, declared: Declarations, request: RunRequest, *, unasked: str | None = None
) -> Discovery:
    """Return how far a run looks: as asked for, else `unasked`, None as the policy does.

    Raises:
        SettingsError: the snapshot to begin from cannot be read.
        PlanRefused: it is not a sound snapshot of these declarations' stack.
    """
    choice = request.discover or unasked or declared.policy.discover
    found = Discovery()
    if request.since is not None:
        from reconciler.cli.snapshots import seen_since

        found = seen_since(state, request.since, declared, needed=unasked is None)
    # What the stack owns is of any type, and all of it goes.
    everything = request.overrides.destroying or choice == Discover.all
    return replace(found, everything=everything)


def declared_for(state: State, request: RunRequest) -> Declarations:
    """Read the declarations of a run and say their warnings.

    Raises:
        DeclarationError: everything that is wrong with them.
        Misdirected: they lead to hosts that are not allowed, and the run would talk to these.
    """
    from reconciler.cli.hosts import ensure_allowed
    from reconciler.wiring import declarations

    declared = declarations(request.path, sandbox=request.sandbox)
    if request.sandbox is None and request.live is None:
        ensure_allowed(declared, request.allow_hosts)
    state.secrets.publish(_names(declared))
    for warning in declared.warnings:
        state.say(f"{warning} (warning)")
    return declared


def _names(declared: Declarations) -> Iterator[str]:
    """Yield what stands in YAML and in every report, and so is no secret."""
    yield declared.stack
    yield from declared.accounts
    for item in declared.desired:
        yield item.address
        yield item.live_address


@contextmanager
def connected(
    state: State, request: RunRequest, accounts: Mapping[str, Account]
) -> Iterator[tuple[dict[str, Provider], "Ticker"]]:
    """Give the providers of some accounts and where progress is told; an interrupt ends it."""
    from reconciler.cli.interrupts import at_once
    from reconciler.cli.progress import Ticker

    with (
        providers_of(state, request, accounts) as providers,
        at_once(),
        Ticker(quiet=state.wish.quiet) as ticker,
    ):
        yield providers, ticker


def providers_of(state: State, request: RunRequest, accounts: Mapping[str, Account]) -> "Providers":
    """Return the providers of some accounts, which talk to the hosts that a request allows."""
    from reconciler.cli.hosts import allowed_hosts
    from reconciler.wiring import Providers

    return Providers(
        accounts,
        secrets=state.secrets,
        sandbox=request.sandbox is not None,
        allowed=allowed_hosts(request.allow_hosts),
    )


def _targets(accounts: Mapping[str, Account]) -> dict[str, Any]:
    return {name: accounts[name].target() for name in sorted(accounts)}


Seen = tuple[Mapping[str, Provider], Observation]
"""What was observed of some accounts, and their providers, if they can be written to."""


class LiveSource(Protocol):
    """Where live state is read from; `taken_at` is when, None for now.

    `routing` is where the accounts led then, None where that is where they lead.
    """

    @property
    def taken_at(self) -> datetime | None:
        """Return when what it tells was so."""
        ...

    @property
    def routing(self) -> Mapping[str, Routing] | None:
        """Return where the accounts led when it was so."""
        ...

    def look(self, accounts: Mapping[str, Account]) -> Seen:
        """Observe these accounts."""
        ...

    def look_beside(self, accounts: Mapping[str, Account]) -> Seen:
        """Observe accounts that a run is not about, as far as it can be done."""
        ...


@contextmanager
def _source(
    state: State, request: RunRequest, declared: Declarations, discovery: Discovery
) -> Iterator[LiveSource]:
    if request.live is not None:
        from reconciler.cli.hosts import strays_of
        from reconciler.cli.snapshots import Recalled

        told = () if request.sandbox else strays_of(declared, request.allow_hosts)
        yield Recalled(state, request.live, declared, told)
        return
    with ExitStack() as kept:
        yield _Services(state, declared, kept, request, discovery)


class _Services:
    """The services themselves; providers stay open as long as `kept`."""

    taken_at = None
    routing = None

    def __init__(
        self,
        state: State,
        declared: Declarations,
        kept: ExitStack,
        request: RunRequest,
        discovery: Discovery,
    ) -> None:
        self._discovery = discovery
        self._state, self._declared, self._kept = state, declared, kept
        self._request = request

    def look(self, accounts: Mapping[str, Account]) -> Seen:
        from reconciler.cli.interrupts import at_once
        from reconciler.cli.progress import Ticker
        from reconciler.run import observe

        made = providers_of(self._state, self._request, accounts)
        providers = self._kept.enter_context(made)
        if self._request.sandbox is None:
            say_unset(self._state, self._declared.desired, accounts)
        with at_once(), Ticker(quiet=self._state.wish.quiet) as ticker:
            return providers, observe(
                self._declared, providers, discovery=self._discovery, progress=ticker
            )

    look_beside = look


def select(declared: Declarations, request: RunRequest) -> frozenset[str] | None:
    """Return the accounts a run is limited to, None for all.

    Raises:
        WrongUsage: an account named on the command line is not declared.
    """
    if not request.accounts and request.shard is None:
        return None
    unknown = sorted(set(request.accounts) - set(declared.accounts))
    if unknown:
        known = ", ".join(sorted(declared.accounts))
        hint = near(unknown[0], declared.accounts)
        raise WrongUsage(f"--account {unknown[0]}: not declared; there are {known}{hint}")
    names = set(request.accounts or declared.accounts)
    if request.shard is not None:
        number, total = (int(part) for part in request.shard.split("/"))
        # By name alone, so that adding an account moves no other one to another shard.
        names = {name for name in names if zlib.crc32(name.encode()) % total == number - 1}
    return frozenset(names)


def _coming(
    declared: Declarations, request: RunRequest, selected: frozenset[str] | None
) -> frozenset[str]:
    """Return the accounts of the other shards, which are applied beside this one."""
    if selected is None or request.shard is None:
        return frozenset()
    return frozenset(request.accounts or declared.accounts) - selected


def check_targets(declared: Declarations, request: RunRequest) -> None:
    """Check that each pattern means something, in the accounts that were named too.

    Raises:
        WrongUsage: nothing declared has such an address, so that nothing would be done.
    """
    addresses = [item.address for item in declared.desired]
    within = [
        item.address
        for item in declared.desired
        if not request.accounts or item.account in request.accounts
    ]
    for pattern in request.targets:
        if not any(meets(pattern, address) for address in addresses):
            hint = did_you_mean(pattern, within or addresses)
            raise WrongUsage(f"--target {pattern}: nothing declared has this address{hint}")
        if not any(meets(pattern, address) for address in within):
            raise WrongUsage(
                f"--target {pattern}: it is in none of the accounts given with --account"
            )


def to_read(declared: Declarations, selected: frozenset[str] | None) -> dict[str, Account]:
    """Return the accounts to read: those selected, and those that bear on them.

    Whose an object is shows at what it refers to, so that every account that may hold such is
    looked at; those that are declared to refer to a selected one are, too.
    """
    if selected is None:
        return dict(sorted(declared.accounts.items()))
    account_of = {item.address: item.account for item in declared.desired}
    referring = {
        item.account
        for item in declared.desired
        if any(account_of[address] in selected for address in item.references.values())
    }
    names = selected | referring | offering(declared, selected)
    return {name: declared.accounts[name] for name in sorted(names)}
