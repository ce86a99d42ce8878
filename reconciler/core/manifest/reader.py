"""Reads declarations: files → one document → accounts and desired objects, with all errors at once.

Errors are collected, never raised one by one: what cannot be understood is left out and the rest
is still checked, so that one run tells its author everything.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from reconciler.core.errors import DeclarationError, Problem
from reconciler.core.manifest.checks import check_objects
from reconciler.core.manifest.explain import explain, near, problem_at
from reconciler.core.manifest.nodes import Node, parse
from reconciler.core.manifest.objects import read_objects
from reconciler.core.manifest.settings import Head, Owns, Policy
from reconciler.core.manifest.state import Entry, Reader
from reconciler.core.model import Desired, Position
from reconciler.core.provider import Account, Service

ONCE = ("stack", "owns", "policy", "defaults")
SECTIONS = ("queues", "destinations", "subscriptions")
KEYS = (*ONCE, "accounts", *SECTIONS)
_HIDDEN_ACCOUNT_FIELDS = {"credentials", "sellers", "endpoint", "tokenEndpoint"}


@dataclass(frozen=True, slots=True)
class Source:
    """One file of declarations, as bytes; `name` is shown in messages."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Declarations:
    """Everything declared, understood and checked. `digest` identifies it, comments aside."""

    stack: str
    owns: Owns
    policy: Policy
    accounts: Mapping[str, Account]
    desired: tuple[Desired, ...]
    digest: str
    warnings: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Document:
    """The merged files: single keys, and named entries by section."""

    once: dict[str, Node] = field(default_factory=dict)
    places: dict[str, Position] = field(default_factory=dict)
    entries: dict[str, dict[str, Entry]] = field(default_factory=dict)


def as_declared(_name: str, account: Account) -> Account:
    """Leave an account as it is."""
    return account


def read(
    sources: Sequence[Source],
    services: Sequence[Service],
    *,
    where: str,
    adapt: Callable[[str, Account], Account] = as_declared,
) -> Declarations:
    """Read all `sources` as one set of declarations; `where` names the place they came from.

    `adapt` may put another account in the place of a declared one (a sandbox for the real one).

    Raises:
        DeclarationError: with everything that is wrong, in file order.
    """
    problems: list[Problem] = []
    document = _merge(sources, problems)
    origin = Position(sources[0].name if sources else where, 1, 1)
    if not sources:
        problems.append(
            problem_at(origin, "no *.yaml or *.yml file here: give the directory that holds them")
        )
        raise DeclarationError(problems)
    head = _head(document, origin, problems)
    declared = _accounts(document, services, problems)
    accounts = {name: adapt(name, account) for name, account in declared.items()}
    reader = Reader(
        entries={section: document.entries.get(section, {}) for section in SECTIONS},
        services=services,
        accounts=accounts,
        known_accounts=frozenset(document.entries.get("accounts", {})),
        stack=head.stack if head else "unknown",
        problems=problems,
    )
    desired = read_objects(reader, document.once.get("defaults"))
    problems += check_objects(desired, services, accounts)
    if problems or head is None:
        raise DeclarationError(problems)
    return Declarations(
        stack=head.stack,
        owns=head.owns,
        policy=head.policy,
        accounts=accounts,
        desired=tuple(sorted(desired, key=lambda item: item.address)),
        digest=_digest(document),
        warnings=tuple(_account_warnings(document, accounts)),
    )


def _merge(sources: Sequence[Source], problems: list[Problem]) -> _Document:
    document = _Document()
    for source in sources:
        nodes, found = parse(source.name, source.content)
        problems += found
        for node in nodes:
            if isinstance(node.value, dict):
                _add(document, node, problems)
            elif node.value is not None:
                problems.append(
                    problem_at(node.at, f"expected a mapping with keys such as {', '.join(KEYS)}")
                )
    return document


def _add(document: _Document, root: Node, problems: list[Problem]) -> None:
    for key, node in root.value.items():
        at = root.keys[key]
        if key not in KEYS:
            problems.append(problem_at(at, f"unknown key {key!r}{near(key, KEYS)}"))
        elif key in ONCE:
            if key in document.once:
                first = document.places[key]
                problems.append(
                    problem_at(at, f"{key} stands once in all files, already at {_place(first)}")
                )
            else:
                document.once[key], document.places[key] = node, at
        elif isinstance(node.value, dict):
            _add_entries(document.entries.setdefault(key, {}), key, node, problems)
        elif node.value is not None:
            problems.append(problem_at(node.at, f"{key}: expected a mapping (name: declaration)"))


def _add_entries(
    entries: dict[str, Entry], section: str, node: Node, problems: list[Problem]
) -> None:
    for name, child in node.value.items():
        at = node.keys[name]
        if name in entries:
            first = _place(entries[name].at)
            problems.append(problem_at(at, f"{section}.{name} is declared twice, first at {first}"))
        else:
            entries[name] = Entry(name, at, child)


def _place(at: Position) -> str:
    return f"{at.file}:{at.line}:{at.column}"


def _head(document: _Document, origin: Position, problems: list[Problem]) -> Head | None:
    given = {key: document.once[key] for key in ("stack", "owns", "policy") if key in document.once}
    node = Node(given, origin, {key: document.places[key] for key in given})
    values = {key: child.plain() for key, child in given.items()}
    if "policy" not in given:
        problems.append(
            problem_at(
                origin,
                "policy.prune is missing: choose true (delete what this stack owns and no longer "
                "declares) or false",
            )
        )
    try:
        return Head.model_validate(values)
    except ValidationError as error:
        found = list(explain(error, node, "declarations", Head))
        problems += [_head_sentence(item) for item in found if "'policy' is" not in item.message]
        return None


def _head_sentence(problem: Problem) -> Problem:
    message = problem.message.removeprefix("declarations").removeprefix(": ").removeprefix(".")
    if message == "'stack' is missing":
        message = "'stack' is missing: give a name that marks what these declarations own"
    if message == "policy: 'prune' is missing":
        message = (
            "policy.prune is missing: choose true (delete what this stack owns and no longer "
            "declares) or false"
        )
    if message.startswith("stack: string should match"):
        message = (
            "stack: expected 2 to 40 of a-z, 0-9 and -, beginning with a letter"
            + (message.partition("'")[2].partition("'")[2])
        )
    return Problem(problem.file, problem.line, problem.column, message)


def _accounts(
    document: _Document, services: Sequence[Service], problems: list[Problem]
) -> dict[str, Account]:
    by_name = {service.name: service for service in services}
    accounts: dict[str, Account] = {}
    for entry in document.entries.get("accounts", {}).values():
        service = _service(entry, by_name, problems)
        if service is None:
            continue
        try:
            accounts[entry.name] = service.account.model_validate(entry.node.plain())
        except ValidationError as error:
            problems += explain(
                error, entry.node, f"accounts.{entry.name}", service.account, secretive=_secretive
            )
    return accounts


def _secretive(path: tuple[str | int, ...]) -> bool:
    return not path or path[0] in _HIDDEN_ACCOUNT_FIELDS


def _service(
    entry: Entry, by_name: Mapping[str, Service], problems: list[Problem]
) -> Service | None:
    title = f"accounts.{entry.name}"
    if not isinstance(entry.node.value, dict):
        problems.append(problem_at(entry.node.at, f"{title}: expected a mapping (name: value)"))
        return None
    named = entry.node.value.get("service")
    known = ", ".join(by_name)
    if named is None:
        problems.append(problem_at(entry.at, f"{title}: 'service' is missing: one of {known}"))
        return None
    if not isinstance(named.value, str) or named.value not in by_name:
        hint = near(str(named.value), by_name)
        problems.append(
            problem_at(
                named.at, f"{title}.service: expected one of {known}, not {named.value!r}{hint}"
            )
        )
        return None
    return by_name[named.value]


def _account_warnings(document: _Document, accounts: Mapping[str, Account]) -> Iterable[Problem]:
    entries = document.entries.get("accounts", {})
    for name, account in accounts.items():
        for warning in account.warnings():
            yield problem_at(entries[name].at, f"accounts.{name}: {warning}")


def _digest(document: _Document) -> str:
    content: dict[str, Any] = {key: node.plain() for key, node in document.once.items()}
    for section, entries in document.entries.items():
        content[section] = {name: entry.node.plain() for name, entry in entries.items()}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(canonical.encode("utf-8")).hexdigest()
