"""References between declarations: what their names lead to, and what is wrong with them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache

from reconciler.core.manifest.explain import problem_at
from reconciler.core.manifest.nodes import Node
from reconciler.core.manifest.state import AccountChoice, Declared, DeclaredEntry, Reader
from reconciler.core.model.addresses import DeclaredAddress
from reconciler.core.model.errors import Problem
from reconciler.core.model.objects import Desired
from reconciler.core.model.spec import Reference, put, references, to_snake
from reconciler.core.service import Declaration
from reconciler.core.text.phrases import label, near, quoted


def offer(reader: Reader, found: Iterable[tuple[DeclaredEntry, Desired]]) -> None:
    """Let later declarations refer to these by their YAML name."""
    for entry, item in found:
        kind, handle = item.spec.kind, item.handle
        target = Declared(item.address, item.account, handle)
        reader.targets.setdefault(kind, {})[entry.name] = target
        reader.handles.setdefault(kind, {})[handle] = target


def resolve(reader: Reader, item: Desired) -> Desired | None:
    """Return the object with handles in its references, None if one of them leads nowhere."""
    spec, links = item.spec, dict[str, DeclaredAddress]()
    for path, reference, value in references(item.spec):
        target = reader.target(reference, value)
        if target is not None and (not reference.same_account or target.account == item.account):
            spec = put(spec, path, target.handle)
            links[path] = target.address
        elif not _is_remote(reference, value):
            return None  # misdirected() says why
    for path, reference in spec.mentions.items():
        given = getattr(spec, to_snake(path))
        if not isinstance(given, tuple):
            continue  # a word that stands for a list
        listed = _mentioned(reader, reference, given, item.account)
        if listed is None:
            return None  # likewise
        spec = spec.model_copy(update={to_snake(path): listed})
    return item if spec is item.spec else replace(item, spec=spec, references=links)


def _mentioned(
    reader: Reader, reference: Reference, listed: Iterable[str], account: str
) -> tuple[str, ...] | None:
    """Return names and remote values as remote values, None if one leads nowhere."""
    found = set[str]()
    for value in listed:
        target = reader.target(reference, value)
        if target is not None and (not reference.same_account or target.account == account):
            found.add(target.handle)
        elif _is_remote(reference, value):
            found.add(value)
        else:
            return None
    return tuple(sorted(found))


def misdirected(
    reader: Reader, node: Node, shape: type[Declaration], choice: AccountChoice, title: str
) -> Iterator[Problem]:
    """Yield what is wrong with the names a declaration refers to, sound otherwise or not."""
    for path, steps, reference in _paths(shape):
        found, taken = node.find(steps)
        if taken == len(steps):
            yield from _misdirected(reader, reference, found, choice, f"{title}.{path}")
    for path, reference in shape.spec_type.mentions.items():
        listed, _ = node.find((path,))
        for number, found in enumerate(listed.value if isinstance(listed.value, list) else ()):
            yield from _misdirected(reader, reference, found, choice, f"{title}.{path}.{number}")


@cache
def _paths(shape: type[Declaration]) -> tuple[tuple[str, tuple[str, ...], Reference], ...]:
    """Return where the names stand in YAML that a declaration refers to, in one and in steps."""
    named = ((shape.yaml_name(field), it) for field, it in shape.spec_type.refs.items())
    return tuple((path, tuple(path.split(".")), reference) for path, reference in named)


def _misdirected(
    reader: Reader, reference: Reference, given: Node, choice: AccountChoice, title: str
) -> Iterator[Problem]:
    """Yield what is wrong with one name or remote value."""
    value = given.value
    # What is no text the declaration's shape has complained about.
    if not isinstance(value, str) or _is_remote(reference, value):
        return
    fault = _dangling(reader, reference, value) or _elsewhere(reader, reference, value, choice)
    if fault:
        yield problem_at(given.at, f"{title}: {fault}")


def _is_remote(reference: Reference, value: str) -> bool:
    """Say whether a reference gives a remote value instead of a declared name."""
    return reference.remote is not None and _compiled(reference.remote).fullmatch(value) is not None


_compiled = cache(re.compile)
"""Every reference asks for its pattern; there are a few."""


def _dangling(reader: Reader, reference: Reference, value: str) -> str | None:
    """Return the complaint about a name that leads nowhere, None if there is one already."""
    section = reader.section_of(reference.kind)
    if section in reader.unread:
        return None  # what could not be read is reported there
    if value in reader.entries[section]:
        return _without(reader, reference.kind, value)
    hint = near(value, reader.entries[section])
    arn = f", and it is not the ARN of a {reference.kind}" if reference.remote else ""
    # What another declaration implies is named by that one, of whatever kind it is.
    implied = reader.remedy(reference.kind) is not None
    lacking = f"{quoted(value)} in {section}" if implied else f"{reference.kind} {quoted(value)}"
    return f"there is no {lacking}{arn}{hint}"


def _without(reader: Reader, kind: str, name: str) -> str | None:
    """Return the complaint about a sound declaration that stands for no object of a kind."""
    remedy, section = reader.remedy(kind), reader.section_of(kind)
    if remedy is None or name in reader.targets.get(kind, {}):
        return None
    kinds = {shape.spec_type.kind for shape in reader.shapes(section).values()}
    if not any(name in reader.targets.get(each, {}) for each in kinds):
        return None  # what is defective is reported there
    return f"{section}.{label(name)} has no {kind}: {remedy} there"


def _elsewhere(
    reader: Reader, reference: Reference, value: str, choice: AccountChoice
) -> str | None:
    """Return the complaint about an object of another account where that is not allowed."""
    there = reader.choice_of(reference.kind, value)
    if not reference.same_account or there is None or choice.account is None:
        return None
    if there.account in (None, choice.account):
        return None
    return f"{value!r} belongs to account {there.account!r}, not to {choice.account!r}"
