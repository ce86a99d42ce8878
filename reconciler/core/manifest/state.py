"""What the reading of a declaration looks at, and what was found so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from reconciler.core.manifest.explain import keys_of_any, problem_at
from reconciler.core.manifest.nodes import Node
from reconciler.core.model.addresses import DeclaredAddress, Handle
from reconciler.core.model.errors import Problem
from reconciler.core.model.objects import Position
from reconciler.core.model.spec import Reference
from reconciler.core.service import Account, Context, Declaration, Service


class DeclaredEntry(NamedTuple):
    """One named declaration: where its name stands, and its body."""

    name: str
    at: Position
    node: Node

    def of(self, node: Node) -> "DeclaredEntry":
        """Return the entry with another body, where it is another one."""
        return self if node is self.node else DeclaredEntry(self.name, self.at, node)


class Declared(NamedTuple):
    """What a declared name stands for when something refers to it."""

    address: DeclaredAddress
    account: str
    handle: Handle


class AccountChoice(NamedTuple):
    """What a declaration belongs to, as far as that is sure.

    `account` is the name of a declared account, which may be defective itself; None where it cannot
    be told, which was taken down. `services` are those in whose shape the declaration may be meant.
    """

    account: str | None
    services: tuple[str, ...]


@dataclass(slots=True)
class Reader:
    """Everything the reading of a declaration looks at, and what was found so far.

    `entries` holds declarations by section, sections in reference order. `known_accounts` names all
    accounts in YAML, of which some may have failed validation and so be missing in `accounts`;
    `account_services` names the services of those that name one.
    `unread` names sections that may hold more than could be read, so that nothing is said to be
    missing there. `choices` are by section and declared name. `targets` are by kind and declared
    name, `handles` the same by kind and handle.
    """

    entries: Mapping[str, Mapping[str, DeclaredEntry]]
    services: Sequence[Service]
    accounts: Mapping[str, Account]
    known_accounts: frozenset[str]
    account_services: Mapping[str, str]
    stack: str
    problems: list[Problem]
    unread: frozenset[str] = frozenset()
    defaults: dict[str, Node] = field(default_factory=dict)
    choices: dict[str, dict[str, AccountChoice]] = field(default_factory=dict)
    targets: dict[str, dict[str, Declared]] = field(default_factory=dict)
    handles: dict[str, dict[str, Declared]] = field(default_factory=dict)
    listing: dict[str, tuple[Declaration, Context]] = field(default_factory=dict)
    """By address, declarations whose members only the service can name."""
    unsound: frozenset[str] = field(init=False)
    """Names of accounts that failed validation."""
    _shapes: dict[str, Mapping[str, type[Declaration]]] = field(default_factory=dict)
    _sections: dict[str, str] = field(default_factory=dict)
    _remedies: dict[str, str | None] = field(default_factory=dict)
    _accounts_of: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Note what is the same for every declaration."""
        self.unsound = self.known_accounts - self.accounts.keys()

    def fail(self, at: Position, message: str) -> None:
        """Take down a defect."""
        self.problems.append(problem_at(at, message))

    def shapes(self, section: str) -> Mapping[str, type[Declaration]]:
        """Return the section's declaration shapes by service name."""
        if section not in self._shapes:
            self._shapes[section] = {
                service.name: service.declarations[section]
                for service in self.services
                if section in service.declarations
            }
        return self._shapes[section]

    def keys(self, section: str) -> tuple[str, ...]:
        """Return the fields that declarations of a section may have, of whichever service."""
        return keys_of_any(*self.shapes(section).values())

    def accounts_of(self, services: tuple[str, ...]) -> tuple[str, ...]:
        """Return the names of all accounts of some services, in order."""
        if services not in self._accounts_of:
            named = self.account_services.items()
            found = sorted(name for name, service in named if service in services)
            self._accounts_of[services] = tuple(found)
        return self._accounts_of[services]

    def target(self, reference: Reference, value: str) -> Declared | None:
        """Return the declared object that a reference names, or means by its remote value."""
        named = self.targets.get(reference.kind, {}).get(value)
        if named is not None or reference.remote is None:
            return named
        return self.handles.get(reference.kind, {}).get(value)

    def section_of(self, kind: str) -> str:
        """Return the section in which objects of `kind` are declared, by themselves or not."""
        if kind not in self._sections:
            self._sections[kind] = next(
                section
                for section in self.entries
                if any(
                    kind == shape.spec_type.kind or kind in shape.implies
                    for shape in self.shapes(section).values()
                )
            )
        return self._sections[kind]

    def choice_of(self, kind: str, name: str) -> AccountChoice | None:
        """Return what the object of a kind belongs to that is declared under a name."""
        if self.remedy(kind) is None:
            return self.choices.get(self.section_of(kind), {}).get(name)
        found = self.targets.get(kind, {}).get(name)
        if found is None:
            return None
        return AccountChoice(found.account, (self.account_services[found.account],))

    def remedy(self, kind: str) -> str | None:
        """Return what makes a declaration imply an object of a kind; None: it stands for itself."""
        if kind not in self._remedies:
            shapes = self.shapes(self.section_of(kind)).values()
            said = (shape.implies[kind] for shape in shapes if kind in shape.implies)
            self._remedies[kind] = next(said, None)
        return self._remedies[kind]


def agreed(findings: Sequence[Sequence[Problem]]) -> list[Problem]:
    """Return what was found in every reading: all that is sure where it is open which one is right.

    There is at least one reading.
    """
    first, *others = findings
    return [problem for problem in first if all(problem in other for other in others)]
