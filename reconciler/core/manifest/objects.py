"""Declarations of queues, destinations and subscriptions → desired objects.

Each declaration is merged over its section's defaults, finds its account, is validated in the shape
of that account's service, fans out into members, and has its references replaced by handles.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import replace

from pydantic import ValidationError

from reconciler.core.manifest.choose import choose_account
from reconciler.core.manifest.explain import explain, known_keys, near
from reconciler.core.manifest.nodes import Node
from reconciler.core.manifest.settings import NAME
from reconciler.core.manifest.state import Entry, Reader, Target
from reconciler.core.model import Desired, declared_address
from reconciler.core.provider import Context, Declaration
from reconciler.core.refs import put, references


def read_objects(reader: Reader, defaults: Node | None) -> list[Desired]:
    """Return all desired objects; defects are added to the reader's problems."""
    if defaults is not None:
        _read_defaults(reader, defaults)
    desired: list[Desired] = []
    for section, declared in reader.entries.items():
        found = [pair for entry in declared.values() for pair in _read(reader, section, entry)]
        # Objects of one section may refer to each other, so they are offered before and after.
        _offer(reader, found)
        found = [(entry, _resolve(reader, entry, item)) for entry, item in found]
        _offer(reader, found)
        desired += [item for _, item in found]
    return desired


def _read_defaults(reader: Reader, defaults: Node) -> None:
    if not isinstance(defaults.value, dict):
        reader.fail(defaults.at, "defaults: expected a mapping with a section's name as key")
        return
    for section, node in defaults.value.items():
        at = defaults.keys[section]
        if section not in reader.entries:
            hint = near(section, reader.entries)
            reader.fail(at, f"defaults: unknown section {section!r}{hint}")
        elif not isinstance(node.value, dict):
            reader.fail(node.at, f"defaults.{section}: expected a mapping (name: value)")
        else:
            reader.defaults[section] = node
            names = {n for shape in reader.shapes(section).values() for n in known_keys(shape, ())}
            for name in node.value:
                if name not in names:
                    hint = near(name, names)
                    reader.fail(node.keys[name], f"defaults.{section}: unknown key {name!r}{hint}")


def _read(reader: Reader, section: str, entry: Entry) -> list[tuple[Entry, Desired]]:
    title = f"{section}.{entry.name}"
    if not re.fullmatch(NAME, entry.name):
        reader.fail(entry.at, f"{title}: a name is made of letters, digits, '.', '_' and '-'")
        return []
    if entry.node.value is None:
        entry = replace(entry, node=Node({}, entry.node.at))
    if not isinstance(entry.node.value, dict):
        reader.fail(entry.node.at, f"{title}: expected a mapping (name: value)")
        return []
    account = choose_account(reader, section, entry)
    if account is None or account not in reader.accounts:
        return []
    shape = reader.service(account).declarations[section]
    node = _over_defaults(entry.node, reader.defaults.get(section), shape)
    try:
        declaration = shape.model_validate(node.plain())
    except ValidationError as error:
        reader.problems += explain(error, node, title, shape)
        return []
    return [
        (entry, item)
        for item in _members(reader, replace(entry, node=node), declaration, account, title)
    ]


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
    for name in names:
        default = under.value.get(name)
        if default is None:
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
    kind = declaration.spec_type
    fields = set(known_keys(kind, ())) - kind.hidden
    paths: set[str] = set()
    node = entry.node.value.get("ignoreChanges")
    for number, name in enumerate(declaration.ignore_changes):
        item = node.value[number] if node is not None else entry.node
        head = name.partition(".")[0]
        path = declaration.renamed.get(name, name)
        if path.partition(".")[0] not in fields:
            hint = near(head, fields | set(declaration.renamed))
            reader.fail(item.at, f"{title}.ignoreChanges: unknown field {name!r}{hint}")
        elif head in kind.identity:
            reader.fail(
                item.at,
                f"{title}.ignoreChanges: {name!r} tells which live object is meant, so it cannot "
                "be ignored",
            )
        paths.add(path)
    return frozenset(paths)


def _offer(reader: Reader, found: Iterable[tuple[Entry, Desired]]) -> None:
    """Let later declarations refer to these by their YAML name."""
    for entry, item in found:
        handle = item.spec.handle(item.account, item.outputs)
        targets = reader.targets.setdefault(item.spec.kind, {})
        targets[entry.name] = Target(item.address, item.account, handle)


def _resolve(reader: Reader, entry: Entry, item: Desired) -> Desired:
    spec, links = item.spec, {}
    for path, reference, value in references(item.spec):
        target = reader.targets.get(reference.kind, {}).get(value)
        section = reader.section_of(reference.kind)
        if target is not None and (not reference.same_account or target.account == item.account):
            spec = put(spec, path, target.handle)
            links[path] = target.address
        elif target is not None:
            _fail_at(
                reader,
                entry,
                path,
                f"{value!r} belongs to account {target.account!r}, not to {item.account!r}",
            )
        elif value in reader.entries[section]:
            continue  # declared but defective, which is reported there
        elif reference.remote is None or not re.fullmatch(reference.remote, value):
            hint = near(value, reader.entries[section])
            arn = " and it is not an ARN" if reference.remote else ""
            _fail_at(reader, entry, path, f"there is no {reference.kind} {value!r}{arn}{hint}")
    return replace(item, spec=spec, references=links)


def _fail_at(reader: Reader, entry: Entry, path: str, message: str) -> None:
    node, steps = entry.node.find(tuple(path.split(".")))
    at = node.at if steps else entry.at
    reader.fail(at, f"{path}: {message}")
