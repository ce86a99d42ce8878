"""Live objects → the entries of a YAML file, each under a name of its own. Pure."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Any

from reconciler.core.manifest.reader import Declarations
from reconciler.core.manifest.settings import NAME
from reconciler.core.model.addresses import Handle, ReferenceKey, declared_address
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.spec import Reference, Spec, live_address, references
from reconciler.core.service import Declaration, Service, WrittenDeclaration, sections_of
from reconciler.operate.declaration_body import body, refers_to_undeclared

_NOT_IN_NAMES = re.compile(r"[^a-z0-9_.-]+")


def assign(wanted: Mapping[str, Sequence[str]], taken: Collection[str]) -> dict[str, str]:
    """Return a name for each key: the first it wants that no other one wants as well.

    `wanted` are names by key, shortest first; `taken` are not given again. Where all of a key's
    names are wanted by others too, the last one gets a number.
    """
    candidates = {key: [as_name(text) for text in texts] for key, texts in sorted(wanted.items())}
    names: dict[str, str] = {}
    used = set(taken)
    for level in range(max((len(found) for found in candidates.values()), default=0)):
        asked = {
            key: found[min(level, len(found) - 1)]
            for key, found in candidates.items()
            if key not in names
        }
        times = Counter(asked.values())
        fresh = {key: name for key, name in asked.items() if times[name] == 1 and name not in used}
        names |= fresh
        used |= set(fresh.values())
    for key, found in candidates.items():
        if key not in names:
            names[key] = _numbered(found[-1], used)
            used.add(names[key])
    return names


def _numbered(name: str, used: Collection[str]) -> str:
    numbers = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(candidate for candidate in numbers if candidate not in used)


def as_name(text: str) -> str:
    """Return a text as the name of a declaration; what is none already becomes lower-case."""
    if re.fullmatch(NAME, text):
        return text
    return _NOT_IN_NAMES.sub("-", text.lower()).strip("-_.") or "unnamed"


Names = dict[ReferenceKey, str]
"""Names of declarations by what references call what they declare."""


@dataclass(frozen=True, slots=True)
class LiveDeclaration:
    """One declaration to be written, and the live objects it stands for, implied ones last.

    `address` is the live address of the first of them, which tells drafts apart.
    """

    address: str
    section: str
    account: str
    shape: type[Declaration]
    written: WrittenDeclaration
    live: tuple[Live, ...]

    @property
    def kind(self) -> str:
        """Return the kind of the objects."""
        return self.shape.spec_type.kind


@dataclass(slots=True)
class Document:
    """The entries of a file by section and name; `drafts` are by declared address.

    `dangling` are those left out since they refer to what has no declaration.
    """

    sections: dict[str, dict[str, Any]] = field(default_factory=dict)
    composed: dict[str, LiveDeclaration] = field(default_factory=dict)
    dangling: list[LiveDeclaration] = field(default_factory=list)


def declarations_of(
    live: Iterable[Live], declarations: Declarations, services: Sequence[Service]
) -> list[LiveDeclaration]:
    """Return the declarations that stand for live objects, sorted by address."""
    shapes = {
        shape.spec_type: (section, shape)
        for service in services
        for section, shape in service.declarations.items()
    }
    grouped: dict[tuple[str, type[Spec]], dict[str, Live]] = {}
    for item in live:
        address = item.live_address
        grouped.setdefault((item.account, type(item.spec)), {})[address] = item
    implied = [
        item
        for (_, kind), items in grouped.items()
        if kind not in shapes
        for item in items.values()
    ]
    composed: list[LiveDeclaration] = []
    for (account, kind), items in grouped.items():
        if kind not in shapes:
            continue  # is written with what implies it
        section, shape = shapes[kind]
        specs = [item.spec for item in items.values()]
        for written in shape.written(specs, declarations.accounts[account]):
            addresses = [live_address(spec, account) for spec in written.specs]
            members = tuple(items[address] for address in addresses)
            declaration = LiveDeclaration(addresses[0], section, account, shape, written, members)
            composed.append(_with_implied(declaration, implied))
    return sorted(composed, key=lambda declaration: declaration.address)


def _with_implied(declaration: LiveDeclaration, implied: Iterable[Live]) -> LiveDeclaration:
    """Return a declaration together with what lives elsewhere because of it."""
    handles = {(item.spec.kind, item.handle) for item in declaration.live}
    coming = [
        item
        for item in implied
        if item.spec.kind in declaration.shape.implies
        for _, reference, handle in references(item.spec)
        if (reference.kind, handle) in handles
    ]
    if not coming:
        return declaration
    shape, bare = declaration.shape, declaration.written
    written = shape.with_implied(bare, coming[0].account, coming[0].spec)
    return replace(declaration, written=written, live=(*declaration.live, coming[0]))


class Composer:
    """Puts drafts beside what is declared already."""

    def __init__(self, declarations: Declarations, services: Sequence[Service]) -> None:
        self._declarations = declarations
        self._services = services
        self._taken: dict[str, set[str]] = {}
        self._known: Names = {}
        for item in declarations.desired:
            name = item.address.partition(".")[2].partition("[")[0]
            self._taken.setdefault(item.spec.kind, set()).add(name)
            _learn(self._known, item, name)

    def compose(
        self, composed: Sequence[LiveDeclaration], explicit: Mapping[str, frozenset[str]]
    ) -> Document:
        """Return the entries of all drafts, sorted by name.

        `explicit` names by address the fields that have to be written out because the section's
        defaults say something else.
        """
        document, known = Document(), dict(self._known)
        for section in sections_of(self._services):
            here = [declaration for declaration in composed if declaration.section == section]
            names = self._names(here, known)
            here.sort(key=lambda declaration: names[declaration.address])
            for declaration in here:
                for live in declaration.live:
                    _learn(known, live, names[declaration.address])
            for declaration in here:
                if refers_to_undeclared(
                    declaration.written.specs[0], partial(_name, known, declaration.account)
                ):
                    document.dangling.append(declaration)
                    continue
                name = names[declaration.address]
                fields = self._fields(
                    declaration, name, known, explicit.get(declaration.address, frozenset())
                )
                document.sections.setdefault(section, {})[name] = fields
                for live in declaration.live:
                    document.composed[declared_address(live.spec.kind, name)] = declaration
        return document

    def _names(self, composed: Iterable[LiveDeclaration], known: Names) -> dict[str, str]:
        """Return a name for each draft, by its address."""
        wanted, taken = {}, set[str]()
        for declaration in composed:
            taken |= self._taken.get(declaration.kind, set())
            wanted[declaration.address] = list(self._candidates(declaration, known))
        return assign(wanted, taken)

    def _candidates(self, declaration: LiveDeclaration, known: Names) -> Iterator[str]:
        """Yield what a draft may be called: after itself, after what it refers to, ever longer.

        The stack's name, where it goes without saying, is left out.
        """
        implied = declaration.shape.default_name(self._declarations.stack, "") or ""
        first, *longer = (stem.removeprefix(implied) for stem in declaration.written.stems)
        yield first
        for _, reference, handle in references(declaration.written.specs[0]):
            target = _name(known, declaration.account, reference, handle)
            if target is not None and reference.kind != declaration.kind:
                yield f"{first}-{target}"
        yield from longer
        yield f"{first}-{declaration.account}"

    def _fields(
        self, declaration: LiveDeclaration, name: str, known: Names, explicit: frozenset[str]
    ) -> dict[str, Any]:
        fields = body(
            declaration.written,
            declaration.shape,
            declaration.live,
            defaults=self._declarations.defaults.get(declaration.section, {}),
            explicit=explicit,
            names=partial(_name, known, declaration.account),
            ignore_tags=self._declarations.policy.ignore_tags,
        )
        if fields.get("name") == declaration.shape.default_name(self._declarations.stack, name):
            fields.pop("name", None)
        return (
            fields
            if self._account_is_implied(declaration)
            else {"account": declaration.account, **fields}
        )

    def _account_is_implied(self, declaration: LiveDeclaration) -> bool:
        """Say whether the account follows from what is referred to, or is the only one there is."""
        kind = declaration.shape.spec_type
        if any(ref.same_account and ref.kind != kind.kind for ref in kind.refs.values()):
            return True
        services = {
            item.name for item in self._services if declaration.section in item.declarations
        }
        fitting = [it for it in self._declarations.accounts.values() if it.service in services]
        default = self._declarations.defaults.get(declaration.section, {}).get("account")
        return services == {kind.service} and len(fitting) == 1 and default is None


def _learn(known: Names, item: Desired | Live, name: str) -> None:
    for key in item.keys:
        known.setdefault(key, name)


def _name(known: Names, account: str, reference: Reference, handle: Handle) -> str | None:
    return known.get(reference.key(account, handle))
