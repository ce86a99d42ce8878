"""Which account a declaration belongs to."""

from collections.abc import Mapping

from reconciler.core.manifest.explain import known_keys, near
from reconciler.core.manifest.nodes import Node
from reconciler.core.manifest.state import Entry, Reader
from reconciler.core.provider import Declaration


def choose_account(reader: Reader, section: str, entry: Entry) -> str | None:
    """Return the account a declaration belongs to; a defect is taken down and None returned.

    It is the one named, the one of the destination named, or the only one whose service knows all
    the fields given.
    """
    title = f"{section}.{entry.name}"
    shapes = reader.shapes(section)
    given = entry.node.value.get("account")
    default = reader.defaults.get(section)
    own = _own_target(reader, section, entry)
    target = reader.targets.get(own[0], {}).get(own[1]) if own else None
    implied = target.account if target else None
    if given is None and implied is None and default is not None:
        given = default.value.get("account")
    if given is not None:
        return _named_account(reader, title, given, implied, shapes)
    if own is not None:
        return implied  # None: what it refers to is defective, which is reported there
    fitting = {
        name
        for name, shape in shapes.items()
        if set(entry.node.value) <= set(known_keys(shape, ()))
    } or set(shapes)
    names = sorted(n for n, account in reader.accounts.items() if account.service in fitting)
    if len(names) == 1:
        return names[0]
    if names:
        reader.fail(entry.at, f"{title}: 'account' is missing: one of {', '.join(names)}")
    elif reader.known_accounts <= set(reader.accounts):
        wanted = " or ".join(sorted(fitting))
        reader.fail(entry.at, f"{title}: no account of service {wanted} is declared: add one")
    return None


def _named_account(
    reader: Reader,
    title: str,
    given: Node,
    implied: str | None,
    shapes: Mapping[str, type[Declaration]],
) -> str | None:
    name = given.value
    if not isinstance(name, str) or name not in reader.known_accounts:
        hint = near(str(name), reader.known_accounts)
        reader.fail(given.at, f"{title}.account: there is no account {name!r}{hint}")
        return None
    if name not in reader.accounts:
        return None
    service = reader.accounts[name].service
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


def _own_target(reader: Reader, section: str, entry: Entry) -> tuple[str, str] | None:
    """Return kind and name of the declaration this one refers to within its own account."""
    for shape in reader.shapes(section).values():
        for path, reference in shape.spec_type.refs.items():
            node = entry.node.value.get(path)
            if not reference.same_account or node is None:
                continue
            if node.value in reader.entries[reader.section_of(reference.kind)]:
                return reference.kind, node.value
    return None
