"""The body of one declaration: what the section's defaults say left out, names and units put in."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from reconciler.core.model.addresses import matches
from reconciler.core.model.objects import Live
from reconciler.core.model.spec import Reference, Spec, references
from reconciler.core.model.units import UnitName, format_unit
from reconciler.core.service import Declaration, WrittenDeclaration

EVERYTHING = frozenset({"*"})
"""In the place of field names: all that the section's defaults speak of."""

Names = Callable[[Reference, str], str | None]
"""Returns the key of what a reference with a handle leads to, None if that has none."""
Fields = dict[str, Any]


def body(
    written: WrittenDeclaration,
    shape: type[Declaration],
    live: Iterable[Live],
    *,
    defaults: Mapping[str, Any],
    explicit: Collection[str],
    names: Names,
    ignore_tags: Iterable[str],
) -> Fields:
    """Return the fields of a declaration as they stand in YAML, apart from its account.

    `defaults` are those of the section; `explicit` are fields of the spec that have to be written
    out because the defaults say something else.
    """
    spec = written.specs[0]
    fields = _beside_defaults(written, shape, defaults, explicit)
    for path, reference, handle in references(spec):
        _put(fields, shape.yaml_name(path), names(reference, handle) or handle)
    for path, reference in spec.mentions.items():
        if isinstance(fields.get(path), list):
            fields[path] = [names(reference, handle) or handle for handle in fields[path]]
    for shared in sorted(spec.shared):
        fields = _share(fields, shared, written.full[shared], defaults, ignore_tags)
    units = {path: unit for name in fields for path, unit in spec.units(name).items()}
    shown = {name: _in_units(name, value, units) for name, value in fields.items()}
    protected = any(item.protected for item in live)
    usual = bool(defaults.get("protect")) and spec.marks is not None
    return {**shown, "protect": protected} if protected or usual else shown


def refers_to_undeclared(spec: Spec, names: Names) -> bool:
    """Say whether a reference leads to what neither has a key nor can be given by remote value."""
    return any(
        reference.remote is None and names(reference, handle) is None
        for _, reference, handle in references(spec)
    )


def _beside_defaults(
    written: WrittenDeclaration,
    shape: type[Declaration],
    defaults: Mapping[str, Any],
    explicit: Collection[str],
) -> Fields:
    """Leave out what the section's defaults may say, except for what has to be explicit."""
    kind = shape.spec_type
    always = {*kind.identity, *(path.partition(".")[0] for path in kind.refs)}
    spoken = {shape.renamed.get(name, name) for name in defaults} - always - kind.shared
    needed = spoken if set(explicit) & EVERYTHING else spoken & set(explicit)
    meant = {name: shape.renamed.get(name, name) for name in written.full}
    fields = {
        name: value
        for name, value in written.fields.items()
        if meant[name] not in spoken or meant[name] in needed
    }
    return fields | {name: written.full[name] for name in meant if meant[name] in needed}


def _share(
    fields: Fields,
    name: str,
    live: Mapping[str, Any],
    defaults: Mapping[str, Any],
    ignored: Iterable[str],
) -> Fields:
    """Put in the keys of a mapping that the defaults lack, and leave alone those it lacks itself.

    Keys of a section's default cannot be taken away by a declaration.
    """
    patterns = ("aws:*", *ignored)
    usual = defaults.get(name) or {}
    own = {
        key: value
        for key, value in live.items()
        if usual.get(key) != value and not any(matches(pattern, key) for pattern in patterns)
    }
    lacking = [f"{name}.{key}" for key in sorted(usual.keys() - live.keys())]
    rest = {key: value for key, value in fields.items() if key != name}
    return {
        **rest,
        **({name: own} if own else {}),
        **({"ignoreChanges": lacking} if lacking else {}),
    }


def _put(fields: Fields, path: str, value: str) -> None:
    """Set the value at a path, copying what lies on the way."""
    head, _, rest = path.partition(".")
    if rest:
        fields[head] = dict(fields[head])
        _put(fields[head], rest, value)
    else:
        fields[head] = value


def _in_units(path: str, value: Any, units: Mapping[str, UnitName]) -> Any:
    """Write the numbers of durations and sizes with their units."""
    if isinstance(value, dict):
        return {name: _in_units(f"{path}.{name}", item, units) for name, item in value.items()}
    if path in units and isinstance(value, int):
        return format_unit(value, units[path])
    return value
