"""Reads declarations: files → one document → accounts and desired objects, with all errors at once.

Errors are collected, never raised one by one: what cannot be understood is left out and the rest
is still checked, so that one run tells its author everything.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import ValidationError

from reconciler.core.manifest.accounts import read_accounts, services_named
from reconciler.core.manifest.carriers import begun_last, unmatched
from reconciler.core.manifest.checks import check_objects, completed, obstacles
from reconciler.core.manifest.digest import digest_of
from reconciler.core.manifest.explain import explain, problem_at, unknown_key
from reconciler.core.manifest.nodes import Node, parse
from reconciler.core.manifest.objects import read_objects
from reconciler.core.manifest.settings import SHARE, Head, Owns, Policy
from reconciler.core.manifest.state import DeclaredEntry, Reader
from reconciler.core.manifest.tables import Expansion, OpenTable, no_tables
from reconciler.core.manifest.unlisted import Unlisted
from reconciler.core.model.addresses import matches
from reconciler.core.model.errors import DeclarationError, Problem
from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Desired, Position
from reconciler.core.routing import Routing, routing_of
from reconciler.core.service import Account, Service, sections_of
from reconciler.core.text.expressions import Expression
from reconciler.core.text.phrases import brief, comma, nearest, quoted, step

ONCE = ("stack", "owns", "policy", "defaults")
_OF_NUMBERS = Expression(r"[0-9*?]+")

_NO_PRUNE = (
    "policy.prune is missing: choose true (delete what this stack owns and no longer declares) or "
    "false"
)
_HEAD_SENTENCES = {
    "'stack' is missing": "'stack' is missing: give a name that marks what these declarations own",
    "'policy' is missing": _NO_PRUNE,
    "policy: 'prune' is missing": _NO_PRUNE,
}


class Source(NamedTuple):
    """One file of declarations, as bytes; `name` is shown in messages."""

    name: str
    content: bytes


class Declarations(NamedTuple):
    """Everything declared, understood and checked. `digest` identifies it, comments aside.

    `today` is the day they were read on, in UTC; of `policy.allow` only what counts on it is left.
    `defaults` are by section, as they stand in YAML. `warnings` are about accounts and concern
    every run; `hints` are about single objects, for the author. `routing` tells where the accounts
    lead as they are declared, whatever stands in their place; `entries` is where they stand.
    `tables` are the files of tables that fields refer to. `local` is declared for our own commands.
    `unlisted` stand for objects that are not among `desired` before their service has named them.
    """

    stack: str
    owns: Owns
    policy: Policy
    accounts: Mapping[str, Account]
    desired: tuple[Desired, ...]
    digest: str
    today: date
    defaults: Mapping[str, Any] = MappingProxyType({})
    warnings: tuple[Problem, ...] = ()
    hints: tuple[Problem, ...] = ()
    routing: Mapping[str, Routing] = MappingProxyType({})
    entries: Mapping[str, DeclaredEntry] = MappingProxyType({})
    tables: tuple[Source, ...] = ()
    local: tuple[Desired, ...] = ()
    unlisted: tuple[Unlisted, ...] = ()

    def place(self, account: str, path: str = "") -> Position | None:
        """Return where a field of an account stands, or what is there around it."""
        entry = self.entries.get(account)
        if entry is None:
            return None
        node, at = entry.node, entry.at
        while path and isinstance(node.value, dict):
            # Names of sellers may hold dots themselves.
            names = [name for name in node.value if f"{path}.".startswith(f"{name}.")]
            if not names:
                break
            name = max(names, key=len)
            node, at, path = node.value[name], node.keys[name], path[len(name) + 1 :]
        return at if path or isinstance(node.value, dict) else node.at

    @property
    def look_for_all(self) -> bool:
        """Say whether nothing of any account escapes a plan, whatever is declared."""
        topical = any(account.by_topic for account in self.accounts.values())
        return self.policy.discover == "all" or not topical

    def listed(self, members: Mapping[str, Iterable[str]]) -> "Declarations":
        """Return these with the objects of what was unlisted, for `members` by account."""
        if not any(item.account in members for item in self.unlisted):
            return self
        declared = {item.live_address for item in self.desired}
        more = (
            each
            for item in self.unlisted
            for each in item.desired(members.get(item.account, ()), declared)
        )
        desired = sorted((*self.desired, *more), key=lambda item: item.address)
        left = tuple(item for item in self.unlisted if item.account not in members)
        return self._replace(desired=tuple(desired), unlisted=left)

    def topics(self) -> dict[str, frozenset[str]]:
        """Return by account what services have to be asked about to list what is declared there."""
        found: dict[str, set[str]] = {}
        for item in self.desired:
            if item.spec.topical:
                found.setdefault(item.account, set()).add(item.spec.topic())
        return {account: frozenset(topics) for account, topics in found.items()}


@dataclass(slots=True)
class _Document:
    """The merged files: single keys, and named entries by section.

    `keys` are all that may stand at the top; `unread` names those of them that may hold more than
    was understood.
    """

    keys: tuple[str, ...]
    once: dict[str, Node] = field(default_factory=dict)
    places: dict[str, Position] = field(default_factory=dict)
    entries: dict[str, dict[str, DeclaredEntry]] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)


def keys_of(services: Iterable[Service]) -> tuple[str, ...]:
    """Return the top-level keys of declarations."""
    return (*ONCE, "accounts", *sections_of(services))


def as_declared(_name: str, account: Account) -> Account:
    """Leave an account as it is."""
    return account


def read(
    sources: Sequence[Source],
    services: Sequence[Service],
    *,
    where: str,
    today: date,
    adapt: Callable[[str, Account], Account] = as_declared,
    open_table: OpenTable = no_tables,
    digested: bool = True,
) -> Declarations:
    """Read all `sources` as one set of declarations; `where` names the place they came from.

    `today` is in UTC. `open_table` reads the tables that fields refer to. `adapt` may put another
    account in the place of a declared one (a sandbox for the real one). Without `digested` they are
    only checked: their digest, which plans and snapshots bear, is left empty.

    Raises:
        DeclarationError: with everything that is wrong, in file order.
    """
    problems: list[Problem] = []
    document = _merge(sources, keys_of(services), problems)
    origin = Position(sources[0].name, 1, 1) if sources else Position(where, 0, 0)
    if not sources:
        problems.append(
            problem_at(origin, "no *.yaml or *.yml file here: give the directory that holds them")
        )
        raise DeclarationError(problems)
    head = _head(document, origin, today, problems)
    tables = Expansion(services, open_table, problems)
    entries, declared = _accounts(document, services, tables, problems)
    accounts = {name: adapt(name, account) for name, account in declared.items()}
    reader = Reader(
        entries={section: document.entries.get(section, {}) for section in sections_of(services)},
        services=services,
        accounts=accounts,
        known_accounts=frozenset(entries),
        account_services=services_named(entries, services),
        stack=head.stack if head else "unknown",
        problems=problems,
        unread=frozenset(document.unread),
    )
    found = completed(read_objects(reader, document.once.get("defaults")), services, accounts)
    problems += check_objects(found, services, accounts)
    desired = sorted(begun_last(found), key=lambda item: item.address)
    if problems or head is None:
        raise DeclarationError(problems, head.stack if head else "")
    return Declarations(
        stack=head.stack,
        owns=head.owns,
        policy=head.policy.on(today),
        accounts=accounts,
        desired=tuple(it for it in desired if not (it.spec.local or it.address in reader.listing)),
        local=tuple(item for item in desired if item.spec.local),
        unlisted=tuple(
            Unlisted(item, *reader.listing[item.address])
            for item in desired
            if item.address in reader.listing
        ),
        digest=digest_of(document.once, document.entries) if digested else "",
        today=today,
        defaults=_defaults(document),
        warnings=tuple(_account_warnings(document, accounts)),
        hints=tuple(
            sorted({*_hints(desired), *_of_policy(document, head.policy, today, reader, desired)})
        ),
        routing={name: routing_of(account) for name, account in declared.items()},
        entries=entries,
        tables=tuple(Source(name, content) for name, content in tables.files.items()),
    )


def _accounts(
    document: _Document, services: Sequence[Service], tables: Expansion, problems: list[Problem]
) -> tuple[dict[str, DeclaredEntry], dict[str, Account]]:
    """Expand all tables; return the entries of accounts, and those that are sound."""
    for section, named in list(document.entries.items()):
        document.entries[section] = tables.expanded(section, named)
    document.unread.update(section for section, _ in tables.failed)
    entries = document.entries.get("accounts", {})
    sound = read_accounts(entries, services, problems)
    failed = {name for section, name in tables.failed if section == "accounts"}
    return entries, {name: account for name, account in sound.items() if name not in failed}


def _merge(sources: Sequence[Source], keys: tuple[str, ...], problems: list[Problem]) -> _Document:
    document = _Document(keys)
    for source in sources:
        parsed = parse(source.name, source.content)
        problems += parsed.problems
        document.unread.update(parsed.cut if parsed.whole else keys)
        for node in parsed.documents:
            if isinstance(node.value, dict):
                _add(document, node, problems)
            elif node.value is not None and parsed.whole:
                document.unread.update(keys)
                given = brief(node.value)
                message = f"expected a mapping with some of the keys {comma(keys)}, not {given}"
                problems.append(problem_at(node.at, message))
    return document


def _add(document: _Document, root: Node, problems: list[Problem]) -> None:
    for key, node in root.value.items():
        at = root.keys[key]
        if key not in document.keys:
            document.unread.add(nearest(key, document.keys) or "")
            problems.append(problem_at(at, unknown_key(key, document.keys)))
        elif key in ONCE:
            if key in document.once:
                first = document.places[key]
                problems.append(
                    problem_at(
                        at, f"{key} stands once in all files, first at {_place(first)}: keep one"
                    )
                )
            else:
                document.once[key], document.places[key] = node, at
        elif isinstance(node.value, dict):
            _add_entries(document.entries.setdefault(key, {}), key, node, problems)
        elif node.value is not None:
            document.unread.add(key)
            message = f"{key}: expected a mapping (name: declaration), not {brief(node.value)}"
            problems.append(problem_at(node.at, message))


def _add_entries(
    entries: dict[str, DeclaredEntry], section: str, node: Node, problems: list[Problem]
) -> None:
    for name, child in node.value.items():
        at = node.keys[name]
        if name in entries:
            first, title = _place(entries[name].at), f"{section}.{step(name)}"
            problems.append(
                problem_at(at, f"{title} is declared twice, first at {first}: keep one")
            )
        else:
            entries[name] = DeclaredEntry(name, at, child)


def _place(at: Position) -> str:
    return f"{at.file}:{at.line}:{at.column}"


def _head(
    document: _Document, origin: Position, today: date, problems: list[Problem]
) -> Head | None:
    given = {key: document.once[key] for key in ("stack", "owns", "policy") if key in document.once}
    node = Node(given, origin, {key: document.places[key] for key in given})
    values = {key: child.plain() for key, child in given.items()}
    absent = {f"declarations: {key!r} is missing" for key in document.unread}
    try:
        context = {"today": today}
        return Head.model_validate(values, by_alias=True, by_name=False, context=context)
    except ValidationError as error:
        found = explain(error, node, "declarations", Head)
        problems += [_head_sentence(item) for item in found if item.message not in absent]
        return None


def _head_sentence(problem: Problem) -> Problem:
    message = problem.message.removeprefix("declarations").removeprefix(": ").removeprefix(".")
    message = _HEAD_SENTENCES.get(message, message)
    return Problem(problem.file, problem.line, problem.column, message)


def _account_warnings(document: _Document, accounts: Mapping[str, Account]) -> Iterable[Problem]:
    entries = document.entries.get("accounts", {})
    for name, account in accounts.items():
        for warning in account.warnings():
            yield problem_at(entries[name].at, f"accounts.{name}: {warning}")


def _hints(desired: Sequence[Desired]) -> set[Problem]:
    by_address: dict[str, Desired] = {item.address: item for item in desired}
    found = [
        Finding(address=item.address, message=note)
        for item in desired
        for note in item.spec.notes(None)
    ]
    found += [*obstacles(desired), *unmatched(desired)]
    # What is said of every member of a list is said once, of the list.
    return {
        problem_at(
            by_address[hint.address].position, f"{hint.address.partition('[')[0]}: {hint.message}"
        )
        for hint in found
    }


def _of_policy(
    document: _Document, policy: Policy, today: date, reader: Reader, desired: Sequence[Desired]
) -> Iterable[Problem]:
    yield from _ended(document, policy, today)
    if policy.verify and not policy.waves:
        node, _ = document.once["policy"].find(("verify",))
        message = (
            "policy.verify: nothing is verified, since it is done between waves: name `waves`, or "
            "run `reconciler verify` after apply"
        )
        yield problem_at(node.at, message)
    yield from _idle_waves(document, policy, desired, listing=bool(reader.listing))


def _ended(document: _Document, policy: Policy, today: date) -> Iterable[Problem]:
    for number, item in enumerate(policy.allow):
        if not item.counts_on(today):
            node, _ = document.once["policy"].find(("allow", number, "until"))
            message = (
                f"policy.allow.{number}: this ended on {item.until} (UTC) and lets {item.guard} "
                "through no more: remove it"
            )
            yield problem_at(node.at, message)


def _idle_waves(
    document: _Document, policy: Policy, desired: Sequence[Desired], *, listing: bool
) -> Iterable[Problem]:
    members = {item.spec.succession.party(item.spec) for item in desired} - {None}
    most = 0
    for number, name in enumerate(policy.waves):
        named = (member for member in members if member is not None and matches(name, member))
        share = int(it[1]) if (it := SHARE.fullmatch(name)) else 0
        # What is not listed yet has numbers, any of which may be among them.
        unknown = listing and _OF_NUMBERS.fullmatch(name)
        why = None
        if share and share <= most:
            why = f"shares count earlier ones in: {name} is no more than {most}% before it"
        elif not (share or unknown) and next(named, None) is None:
            why = f"no declared seller or target is called {quoted(name)}"
        if why is not None:
            node, _ = document.once["policy"].find(("waves", number))
            message = f"policy.waves.{number}: {why}, so nobody goes first there"
            yield problem_at(node.at, message)
        most = max(most, share)


def _defaults(document: _Document) -> dict[str, Any]:
    node = document.once.get("defaults")
    given = node.plain() if node is not None else {}
    return {section: fields for section, fields in given.items() if fields}
