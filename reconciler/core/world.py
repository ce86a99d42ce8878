"""Declared and live objects brought together: what meets what, whose it is, what was not seen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.core.diff import matches
from reconciler.core.manifest.reader import Declarations
from reconciler.core.model import Desired, Finding, Live, live_address
from reconciler.core.observation import Observation
from reconciler.core.order import Change
from reconciler.core.ownership import Belonging, owners
from reconciler.core.provider import Scope
from reconciler.core.refs import reading_order
from reconciler.core.unread import Unread


@dataclass(frozen=True, slots=True)
class Selection:
    """What a run is limited to: whole accounts (None: all), and address patterns (none: all)."""

    accounts: frozenset[str] | None = None
    targets: tuple[str, ...] = ()

    def account(self, name: str) -> bool:
        """Say whether an account takes part."""
        return self.accounts is None or name in self.accounts

    def address(self, address: str) -> bool:
        """Say whether a declared object takes part."""
        return not self.targets or any(matches(pattern, address) for pattern in self.targets)


@dataclass(slots=True)
class World:
    """Declared and live objects brought together, and what was decided about them so far.

    `declared` are the live addresses that declarations meet, `claimed` the kinds and handles they
    go by in every account. `changes` is by address. `stuck` are declared objects that cannot be
    brought about, `unknown` those that were not read or refer to such; `held` are live addresses
    of what is not removed because something unread may need it.
    """

    declarations: Declarations
    selection: Selection
    live: list[Live]
    unread: Sequence[Unread]
    by_address: dict[str, Live]
    owner: Mapping[str, Belonging]
    desired: dict[str, Desired]
    declared: frozenset[str]
    claimed: frozenset[tuple[str, str]]
    unknown: set[str]
    changes: dict[str, Change] = field(default_factory=dict)
    problems: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    stuck: set[str] = field(default_factory=set)
    held: frozenset[str] = frozenset()

    def met(self, item: Desired) -> Live | None:
        """Return the live object that a declaration meets."""
        return self.by_address.get(live_address(item.spec, item.account))

    def owned(self, live: Live) -> bool:
        """Say whether a live object is ours."""
        return self.belonging(live).stack == self.declarations.stack

    def belonging(self, live: Live) -> Belonging:
        """Return which stack a live object belongs to."""
        return self.owner[live_address(live.spec, live.account)]

    def stick(self, item: Desired, message: str) -> None:
        """Give up on a declared object for this run."""
        self.stuck.add(item.address)
        self.changes.pop(item.address, None)
        self.problems.append(Finding(address=item.address, message=message))


def meet(
    declarations: Declarations,
    live: Sequence[Live],
    observation: Observation,
    selection: Selection,
) -> World:
    """Bring together what is declared and what was observed; nothing is decided yet."""
    unread = observation.unread
    ordered = sorted(_once(declarations, live), key=reading_order)
    by_address: dict[str, Live] = {}
    warnings: list[Finding] = []
    for item in ordered:
        address = live_address(item.spec, item.account)
        if by_address.setdefault(address, item) is not item:
            message = "there are several live objects with this identity; one is looked at a run"
            warnings.append(Finding(address=address, message=message))
    declared = frozenset(live_address(item.spec, item.account) for item in declarations.desired)
    return World(
        declarations=declarations,
        selection=selection,
        live=ordered,
        unread=unread,
        by_address=by_address,
        owner=owners(
            ordered,
            stack=declarations.stack,
            owned_uris=declarations.owns.call_back_uris,
            missing=[
                item
                for item in declarations.desired
                if live_address(item.spec, item.account) not in by_address
                and observation.absent(item)
            ],
        ),
        desired={item.address: item for item in declarations.desired},
        declared=declared,
        claimed=_claimed(declarations.desired),
        unknown=_unknown(declarations.desired, unread),
        problems=[item.finding() for item in unread],
        warnings=warnings,
    )


def _once(declarations: Declarations, live: Iterable[Live]) -> list[Live]:
    """Return live objects but for those that are declared under another name of their account.

    Two entries may name one real account, and two names in it one seller: what is declared under
    the one name is not undeclared under the other, but the same object, seen twice.
    """
    declared = {live_address(item.spec, item.account) for item in declarations.desired}
    met: list[Live] = []
    others: list[Live] = []
    for item in live:
        (met if live_address(item.spec, item.account) in declared else others).append(item)
    if not others:
        return met
    known: list[Desired | Live] = [*declarations.desired, *met]
    twins = {twin for item in known for twin in _twins(declarations, item)}
    return met + [item for item in others if twins.isdisjoint(_twins(declarations, item))]


def _twins(declarations: Declarations, item: Desired | Live) -> set[tuple[str, ...]]:
    """Return what is the same for an object under every name of its real account.

    That is its identity there, and its remote values, if it has any yet.
    """
    account = declarations.accounts.get(item.account)
    real = (account.real() if account else None) or (item.account,)
    found = {(item.spec.kind, *real, str(item.spec.identity_values()))}
    if isinstance(item, Live) and item.outputs:
        found.add((item.spec.kind, *real, str(sorted(item.outputs.items()))))
    return found


def _claimed(desired: Iterable[Desired]) -> frozenset[tuple[str, str]]:
    """Return the kinds and handles of what is declared under a handle that is a remote value.

    Whatever bears it is declared, even where an account does not tell which real one it is.
    """
    handles = ((item, item.spec.handle(item.account, item.outputs)) for item in desired)
    return frozenset(
        (item.spec.kind, handle) for item, handle in handles if handle in item.outputs.values()
    )


def _unknown(desired: Sequence[Desired], unread: Sequence[Unread]) -> set[str]:
    """Return the addresses of what was not read and of all that refers to it."""
    found: set[str] = set()
    if not unread:
        return found
    scopes: dict[tuple[str, str | None], list[Scope]] = {}
    for each in unread:
        scopes.setdefault((each.scope.account, each.scope.part), []).append(each.scope)
    more = {
        item.address
        for item in desired
        for part in {None, item.spec.partition()}
        for scope in scopes.get((item.account, part), ())
        if scope.covers(item.account, item.spec)
    }
    while more - found:
        found |= more
        more = {item.address for item in desired if found & set(item.references.values())}
    return found
