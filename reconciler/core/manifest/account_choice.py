"""Which account a declaration belongs to, and which services it may be of where that is unsure."""

from collections.abc import Collection, Mapping
from functools import cache

from reconciler.core.manifest.explain import known_keys, spell
from reconciler.core.manifest.nodes import Node
from reconciler.core.manifest.state import AccountChoice, DeclaredEntry, Reader
from reconciler.core.service import Declaration
from reconciler.core.text.phrases import label, near, quoted

Shapes = Mapping[str, type[Declaration]]


def choose_account(reader: Reader, section: str, entry: DeclaredEntry) -> AccountChoice:
    """Return what a declaration belongs to; a defect is taken down.

    Its account is the one named, the one of the destination named, or the only one whose service
    knows the fields given.
    """
    title = f"{section}.{label(entry.name)}"
    shapes = reader.shapes(section)
    # A misspelt field, which is complained about elsewhere, tells what is meant all the same.
    spelt = spell(entry.node, reader.keys(section), title)
    entry = entry.of(spelt.node)
    fitting = _fitting(entry, shapes)
    own = _own_target(reader, section, entry, fitting)
    implied = _implied(reader, own, fitting)
    kind = own[0] if own else ""
    given = _given(entry.node)
    if given is None and implied is None:
        given = _given(reader.defaults.get(section))
    if given is not None:
        choice, fault = _named(reader, given, implied or AccountChoice(None, fitting), shapes, kind)
        if fault and "account" not in spelt.guessed:
            reader.fail(given.at, f"{title}.account: {fault}")
        return choice
    if own is not None:
        # That its destination is not declared is said where references are checked.
        return implied or AccountChoice(None, _referring(shapes, fitting, kind))
    return _only_one(reader, title, entry, shapes, fitting)


def _given(node: Node | None) -> Node | None:
    found: Node | None = node.value.get("account") if node is not None else None
    return None if found is None or found.value is None else found


def _fitting(entry: DeclaredEntry, shapes: Shapes) -> tuple[str, ...]:
    """Return the services whose shape knows most of the fields given."""
    if len(shapes) == 1:
        return tuple(shapes)
    unknown = {
        name: len(set(entry.node.value) - set(known_keys(shape, ())))
        for name, shape in shapes.items()
    }
    return tuple(name for name in shapes if unknown[name] == min(unknown.values()))


def _own_target(
    reader: Reader, section: str, entry: DeclaredEntry, fitting: Collection[str]
) -> tuple[str, str] | None:
    """Return kind and name of another declaration of the same account, if one is referred to."""
    default = reader.defaults.get(section)
    shapes = reader.shapes(section)
    for name in fitting:
        for path, kind in _own_kinds(shapes[name]):
            node = entry.node.value.get(path) or (default.value.get(path) if default else None)
            if node is not None and isinstance(node.value, str):
                return kind, node.value
    return None


@cache
def _own_kinds(shape: type[Declaration]) -> tuple[tuple[str, str], ...]:
    """Return by YAML path the kinds of what a declaration refers to in its own account."""
    return tuple(
        (shape.yaml_name(field), reference.kind)
        for field, reference in shape.spec_type.refs.items()
        if reference.same_account
    )


def _implied(
    reader: Reader, own: tuple[str, str] | None, fitting: Collection[str]
) -> AccountChoice | None:
    """Return what follows from the declaration referred to, which may be defective itself."""
    if own is None:
        return None
    kind, name = own
    target = reader.choice_of(kind, name)
    if target is None:
        return None
    narrowed = tuple(service for service in target.services if service in fitting)
    return AccountChoice(target.account, narrowed or target.services)


def _referring(shapes: Shapes, fitting: Collection[str], kind: str) -> tuple[str, ...]:
    """Return the services whose shape refers to objects of `kind` in its own account."""
    return tuple(
        name
        for name in fitting
        if any(
            reference.kind == kind and reference.same_account
            for reference in shapes[name].spec_type.refs.values()
        )
    )


def _only_one(
    reader: Reader, title: str, entry: DeclaredEntry, shapes: Shapes, fitting: tuple[str, ...]
) -> AccountChoice:
    services = reader.account_services
    names = reader.accounts_of(fitting)
    if len(names) == 1:
        return AccountChoice(names[0], (services[names[0]],))
    if names:
        listed = ", ".join(label(name) for name in names)
        open_ = dict.fromkeys(services[name] for name in names)
        each = [_needs(name, shapes[name]) for name in open_]
        needs = f" ({'; '.join(each)})" if len(each) > 1 else ""
        reader.fail(
            entry.at,
            f"{title}: 'account' is missing, and several fit: write one of {listed}{needs}",
        )
    elif reader.known_accounts <= set(services) and "accounts" not in reader.unread:
        wanted = " or ".join(sorted(fitting))
        reader.fail(entry.at, f"{title}: no account of service {wanted} is declared: add one")
    return AccountChoice(None, tuple(dict.fromkeys(services[name] for name in names)) or fitting)


def _needs(service: str, shape: type[Declaration]) -> str:
    """Return what a declaration of a service cannot do without: `mws needs destination and ...`."""
    names = [info.alias or name for name, info in shape.model_fields.items() if info.is_required()]
    names += [" or ".join(sorted(group)) for group in shape.one_of]
    *others, last = names or ["no field"]
    return f"{service} needs {' and '.join([', '.join(others), last] if others else [last])}"


def _named(
    reader: Reader, given: Node, implied: AccountChoice, shapes: Shapes, kind: str
) -> tuple[AccountChoice, str | None]:
    """Return the choice of a named account, and what is wrong with it.

    `implied` is what else is known, by an object of `kind` that is referred to; it helps where the
    name does not.
    """
    name = given.value
    if not isinstance(name, str):
        return AccountChoice(None, implied.services), None  # which every shape complains about
    fault = _unnameable(reader, name, shapes)
    service = reader.account_services.get(name)
    if fault or service is None:
        known = name in reader.known_accounts and not fault
        return AccountChoice(name if known else None, implied.services), fault
    if implied.account not in (None, name):
        either = tuple(dict.fromkeys((service, *implied.services)))
        fault = f"its {kind} belongs to {implied.account!r}, not to {name!r}"
        return AccountChoice(None, either), fault
    return AccountChoice(name, (service,)), None


def _unnameable(reader: Reader, name: str, shapes: Shapes) -> str | None:
    """Return why nothing can be declared for an account of this name, if that is sure."""
    if name not in reader.known_accounts and "accounts" not in reader.unread:
        return f"there is no account {quoted(name)}{near(name, reader.known_accounts)}"
    service = reader.account_services.get(name)
    if service is None or service in shapes:
        return None  # an account without a known service is complained about itself
    return f"{quoted(name)} is an account of {service}, expected {' or '.join(shapes)}"
