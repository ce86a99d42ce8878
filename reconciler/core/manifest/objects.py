"""Declarations of queues, destinations and subscriptions → desired objects.

Each declaration is merged over its section's defaults, finds its account, is validated in the shape
of that account's service, fans out into members, and has its references replaced by handles.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import replace

from pydantic import ValidationError

from reconciler.core.manifest.choose import choose_account, dangling, is_remote
from reconciler.core.manifest.explain import explain, keys_within, known_keys, unknown_key
from reconciler.core.manifest.nodes import Node
from reconciler.core.manifest.phrases import label, near, quoted, together
from reconciler.core.manifest.settings import NAME, NAME_RULE
from reconciler.core.manifest.state import Entry, Reader, Target
from reconciler.core.model import Desired, declared_address
from reconciler.core.provider import Context, Declaration
from reconciler.core.refs import put, references


def read_objects(reader: Reader, defaults: Node | None) -> list[Desired]:
    """Return the sound desired objects; defects are added to the reader's problems."""
    if defaults is not None:
        _read_defaults(reader, defaults)
    desired: list[Desired] = []
    for section, declared in reader.entries.items():
        found = [pair for entry in declared.values() for pair in _read(reader, section, entry)]
        # Objects of one section may refer to each other, so they are offered before and after.
        _offer(reader, found)
        resolved = [(entry, _resolve(reader, entry, item)) for entry, item in found]
        whole = [(entry, item) for entry, item in resolved if item is not None]
        _offer(reader, whole)
        desired += [item for _, item in whole]
    return desired


def _read_defaults(reader: Reader, defaults: Node) -> None:
    if not isinstance(defaults.value, dict):
        given = quoted(defaults.value)
        message = f"defaults: expected a mapping with a section's name as key, not {given}"
        reader.fail(defaults.at, message)
        return
    for section, node in defaults.value.items():
        at = defaults.keys[section]
        if section not in reader.entries:
            reader.fail(at, f"defaults: {unknown_key(section, reader.entries)}")
        elif not isinstance(node.value, dict):
            if node.value is not None:
                reader.fail(node.at, f"defaults.{section}: {_no_mapping(node)}")
        else:
            reader.defaults[section] = node
            names = {n for shape in reader.shapes(section).values() for n in known_keys(shape, ())}
            for name in node.value:
                if name not in names:
                    message = f"defaults.{section}: {unknown_key(name, names)}"
                    reader.fail(node.keys[name], message)


def _read(reader: Reader, section: str, entry: Entry) -> list[tuple[Entry, Desired]]:
    title = f"{section}.{label(entry.name)}"
    if not re.fullmatch(NAME, entry.name):
        reader.fail(entry.at, f"{title}: {NAME_RULE}")
        return []
    if entry.node.value is None:
        entry = replace(entry, node=Node({}, entry.node.at))
    if not isinstance(entry.node.value, dict):
        reader.fail(entry.node.at, f"{title}: {_no_mapping(entry.node)}")
        return []
    account = choose_account(reader, section, entry)
    if account is None:
        return []
    shape = reader.service(account).declarations[section]
    node = _over_defaults(entry.node, reader.defaults.get(section), shape)
    if _excluding_each_other(reader, node, shape, title):
        return []
    try:
        declaration = shape.model_validate(node.plain(), by_alias=True, by_name=False)
    except ValidationError as error:
        reader.problems += explain(error, node, title, shape)
        _check_names(reader, node, shape, title, but=error)
        return []
    if account not in reader.accounts:
        _check_names(reader, node, shape, title)
        return []
    return [
        (entry, item)
        for item in _members(reader, replace(entry, node=node), declaration, account, title)
    ]


def _check_names(
    reader: Reader,
    node: Node,
    shape: type[Declaration],
    title: str,
    *,
    but: ValidationError | None = None,
) -> None:
    """Look at the references of a declaration that will not become an object.

    `but` leaves out those that were complained about already.
    """
    told = {detail["loc"] for detail in but.errors(include_url=False)} if but else set()
    for path, reference in shape.spec_type.refs.items():
        steps = tuple(path.split("."))
        found, taken = node.find(steps)
        value = found.value
        if any(loc[: len(steps)] == steps for loc in told):
            continue
        if taken < len(steps) or not isinstance(value, str) or is_remote(reference, value):
            continue
        fault = dangling(reader, reference, value)
        if fault:
            reader.fail(found.at, f"{title}.{path}: {fault}")


def _no_mapping(node: Node) -> str:
    return f"expected a mapping (name: value), not {quoted(node.value)}"


def _excluding_each_other(reader: Reader, node: Node, shape: type[Declaration], title: str) -> bool:
    """Take down fields of which at most one may be given; say whether there were any."""
    found = False
    for group in shape.exclusive:
        given = [
            name for name in node.value if name in group and node.value[name].value is not None
        ]
        if len(given) > 1:
            found = True
            at = max(node.keys[name] for name in given)
            reader.fail(at, f"{title}: {together(given)} exclude each other: keep one")
    return found


def _over_defaults(node: Node, defaults: Node | None, shape: type[Declaration]) -> Node:
    """Merge a declaration over its section's defaults, as far as its shape knows them.

    A given field hides defaults of the fields it excludes.
    """
    if defaults is None:
        return node
    known = set(known_keys(shape, ()))
    hidden = {
        name
        for group in shape.exclusive
        if group & set(node.value)
        for name in group - set(node.value)
    }
    return _over(node, defaults, known - hidden)


def _over(node: Node, under: Node, names: Collection[str]) -> Node:
    value, keys = dict(node.value), dict(node.keys)
    for name, default in under.value.items():
        if name not in names:
            continue
        given = value.get(name)
        if given is None:
            value[name], keys[name] = default, under.keys[name]
        elif isinstance(given.value, dict) and isinstance(default.value, dict):
            value[name] = _over(given, default, default.value)
    return Node(value, node.at, keys, node.size)


def _members(
    reader: Reader, entry: Entry, declaration: Declaration, account: str, title: str
) -> list[Desired]:
    ignored = _ignored(reader, entry, declaration, title)
    context = Context(reader.stack, entry.name, account, reader.accounts[account])
    try:
        members = list(declaration.members(context))
    except ValidationError as error:
        reader.problems += explain(error, entry.node, title, type(declaration))
        return []
    except ValueError as error:
        reader.fail(entry.at, f"{title}: {error}")
        return []
    return [
        Desired(
            address=declared_address(member.spec.kind, entry.name, member.member),
            account=account,
            spec=member.spec,
            stack=reader.stack,
            position=entry.at,
            outputs=member.outputs or {},
            protect=declaration.protect,
            ignore=ignored,
        )
        for member in members
    ]


def _ignored(reader: Reader, entry: Entry, declaration: Declaration, title: str) -> frozenset[str]:
    paths: set[str] = set()
    node = entry.node.value.get("ignoreChanges")
    for number, name in enumerate(declaration.ignore_changes):
        item = node.value[number] if node is not None else entry.node
        path = declaration.renamed.get(name, name)
        fault = _not_ignorable(declaration, name, path)
        if fault:
            reader.fail(item.at, f"{title}.ignoreChanges: {fault}")
        paths.add(path)
    return frozenset(paths)


def _not_ignorable(declaration: Declaration, name: str, path: str) -> str | None:
    """Say why changes at a path cannot be ignored, if they cannot."""
    kind = declaration.spec_type
    fields = {*known_keys(kind, ()), *declaration.renamed} - kind.hidden
    head, _, rest = path.partition(".")
    shown = quoted(name)
    if head in kind.identity:
        return f"{shown} tells which live object is meant, so it cannot be ignored"
    if head not in fields:
        if head in known_keys(type(declaration), ()):
            return f"{shown} is no field of the live object, so there is nothing to ignore"
        return f"unknown field {shown}{near(head, fields - {*kind.identity})}"
    if rest and head in kind.atomic:
        return f"{shown} is compared as a whole: ignore {head!r}"
    inner = keys_within(kind, head)
    first = rest.partition(".")[0]
    if rest and head not in kind.shared and first not in inner:
        return f"unknown field {shown}{near(path, [f'{head}.{item}' for item in inner])}"
    return None


def _offer(reader: Reader, found: Iterable[tuple[Entry, Desired]]) -> None:
    """Let later declarations refer to these by their YAML name."""
    for entry, item in found:
        handle = item.spec.handle(item.account, item.outputs)
        target = Target(item.address, item.account, handle)
        reader.targets.setdefault(item.spec.kind, {})[entry.name] = target
        reader.handles.setdefault(item.spec.kind, {})[handle] = target


def _resolve(reader: Reader, entry: Entry, item: Desired) -> Desired | None:
    """Return the object with handles in its references, None if one of them leads nowhere."""
    spec, links, sound = item.spec, {}, True
    for path, reference, value in references(item.spec):
        target = reader.target(reference, value)
        if target is not None and (not reference.same_account or target.account == item.account):
            spec = put(spec, path, target.handle)
            links[path] = target.address
            continue
        if target is not None and target.handle != value:
            other = f"{value!r} belongs to account {target.account!r}, not to {item.account!r}"
            _fail_at(reader, entry, item, path, other)
            sound = False
        elif not is_remote(reference, value):
            sound = False
            fault = dangling(reader, reference, value)
            if fault:
                _fail_at(reader, entry, item, path, fault)
    return replace(item, spec=spec, references=links) if sound else None


def _fail_at(reader: Reader, entry: Entry, item: Desired, path: str, message: str) -> None:
    node, steps = entry.node.find(tuple(path.split(".")))
    at = node.at if steps else entry.at
    reader.fail(at, f"{reader.section_of(item.spec.kind)}.{entry.name}.{path}: {message}")
