"""Which account a declaration belongs to."""

import re
from collections.abc import Collection, Mapping

from reconciler.core.manifest.explain import known_keys
from reconciler.core.manifest.nodes import Node
from reconciler.core.manifest.phrases import near, quoted
from reconciler.core.manifest.state import Entry, Reader
from reconciler.core.model import Reference
from reconciler.core.provider import Declaration

Shapes = Mapping[str, type[Declaration]]


def choose_account(reader: Reader, section: str, entry: Entry) -> str | None:
    """Return the account a declaration belongs to; a defect is taken down and None returned.

    It is the one named, the one of the destination named, or the only one whose service knows the
    fields given.
    """
    title = f"{section}.{entry.name}"
    shapes = reader.shapes(section)
    fitting = _fitting(entry, shapes)
    own = _own_target(reader, section, entry, fitting)
    implied = _implied(reader, own)
    given = _given(entry.node)
    if given is None and implied is None:
        given = _given(reader.defaults.get(section))
    if given is not None:
        return _named_account(reader, title, given, implied, shapes)
    if own is not None:
        path, reference, node = own
        fault = dangling(reader, reference, node.value) if implied is None else None
        if fault:
            reader.fail(node.at, f"{title}.{path}: {fault}")
        return implied
    return _only_one(reader, title, entry, fitting)


def is_remote(reference: Reference, value: str) -> bool:
    """Say whether a reference gives a remote value instead of a declared name."""
    return reference.remote is not None and re.fullmatch(reference.remote, value) is not None


def dangling(reader: Reader, reference: Reference, value: str) -> str | None:
    """Return the complaint about a name that leads nowhere, None if there is one already."""
    section = reader.section_of(reference.kind)
    if value in reader.entries[section] or section in reader.unread:
        return None  # what is defective or could not be read is reported there
    hint = near(value, reader.entries[section])
    arn = f", and it is not the ARN of a {reference.kind}" if reference.remote else ""
    return f"there is no {reference.kind} {quoted(value)}{arn}{hint}"


def _given(node: Node | None) -> Node | None:
    found: Node | None = node.value.get("account") if node is not None else None
    return None if found is None or found.value is None else found


def _fitting(entry: Entry, shapes: Shapes) -> list[str]:
    """Return the services whose shape knows most of the fields given."""
    unknown = {
        name: len(set(entry.node.value) - set(known_keys(shape, ())))
        for name, shape in shapes.items()
    }
    return [name for name in shapes if unknown[name] == min(unknown.values())]


def _own_target(
    reader: Reader, section: str, entry: Entry, fitting: Collection[str]
) -> tuple[str, Reference, Node] | None:
    """Return the reference to another declaration of the same account, if one is given."""
    default = reader.defaults.get(section)
    shapes = reader.shapes(section)
    for shape in (shapes[name] for name in fitting):
        for path, reference in shape.spec_type.refs.items():
            node = entry.node.value.get(path) or (default.value.get(path) if default else None)
            if reference.same_account and node is not None and isinstance(node.value, str):
                return path, reference, node
    return None


def _implied(reader: Reader, own: tuple[str, Reference, Node] | None) -> str | None:
    if own is None:
        return None
    _, reference, node = own
    target = reader.targets.get(reference.kind, {}).get(node.value)
    return target.account if target else None


def _only_one(reader: Reader, title: str, entry: Entry, fitting: Collection[str]) -> str | None:
    names = sorted(n for n, account in reader.accounts.items() if account.service in fitting)
    if len(names) == 1:
        return names[0]
    if names:
        listed = ", ".join(names)
        reader.fail(
            entry.at, f"{title}: 'account' is missing, and several fit: write one of {listed}"
        )
    elif reader.known_accounts <= set(reader.accounts) and "accounts" not in reader.unread:
        wanted = " or ".join(sorted(fitting))
        reader.fail(entry.at, f"{title}: no account of service {wanted} is declared: add one")
    return None


def _named_account(
    reader: Reader, title: str, given: Node, implied: str | None, shapes: Shapes
) -> str | None:
    name = given.value
    if not isinstance(name, str):
        message = f"{title}.account: expected the name of an account, not {quoted(name)}"
        reader.fail(given.at, message)
        return None
    if name not in reader.known_accounts:
        if "accounts" not in reader.unread:
            hint = near(name, reader.known_accounts)
            reader.fail(given.at, f"{title}.account: there is no account {quoted(name)}{hint}")
        return None
    service = reader.account_services.get(name)
    if service is None:
        return None  # reported at the account
    if service not in shapes:
        wanted = " or ".join(shapes)
        reader.fail(
            given.at, f"{title}.account: {name!r} is an account of {service}, expected {wanted}"
        )
        return None
    if implied not in (None, name):
        reader.fail(
            given.at, f"{title}.account: its destination belongs to {implied!r}, not to {name!r}"
        )
        return None
    return name
