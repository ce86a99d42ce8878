"""Two specs → field changes. deepdiff lives here and only here."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.core.model.addresses import matches, within
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.plan import FieldChange
from reconciler.core.model.spec import Json, Spec, to_snake

STACK_MARK = "reconciler:stack"
PROTECT_MARK = "reconciler:protect"


def compare(desired: Desired, live: Live, ignore_tags: Iterable[str]) -> list[FieldChange]:
    """Return every field in which `live` differs from `desired`, sorted by path.

    Left out are identity, cosmetic and ignored fields, fields that are left alone because they were
    not declared, those that cannot be compared without a secret, and shared keys that match
    `ignore_tags`. Our marks are ours whatever is ignored.
    """
    changes: list[FieldChange] = []
    kind = type(desired.spec)
    skipped = {*kind.identity, *kind.cosmetic}
    skipped |= {name for name in kind.optional if getattr(desired.spec, to_snake(name)) is None}
    if not _alike(desired.spec, live.spec, skipped):
        before = _comparable(live.spec, skipped, ignore_tags)
        after = _comparable(desired.spec, skipped, ignore_tags)
        changes += _differences(before, after, kind)
    left = {*desired.ignore, *desired.spec.unexamined(live.spec)}
    kept = [change for change in changes if not any(within(change.path, name) for name in left)]
    return sorted([*_marks(desired, live), *kept], key=lambda change: change.path)


def altered(former: Live, now: Live, ignore_tags: Iterable[str]) -> list[str]:
    """Return the paths in which a live object is not what it was, sorted."""
    kind = type(former.spec)
    skipped = set(kind.cosmetic)
    before = _comparable(former.spec, skipped, ignore_tags)
    after = _comparable(now.spec, skipped, ignore_tags)
    paths = {change.path for change in _differences(before, after, kind)}
    if former.owner != now.owner:
        paths.add(f"{kind.marks}.{STACK_MARK}")
    if former.protected != now.protected:
        paths.add(f"{kind.marks}.{PROTECT_MARK}")
    return sorted(paths)


def creation(desired: Desired) -> list[FieldChange]:
    """Return all declared fields as changes from nothing."""
    fields = desired.spec.declared_fields()
    return [
        FieldChange(path=name, before=None, after=value)
        for name, value in sorted(fields.items())
        if value is not None
    ]


def deletion(live: Live) -> list[FieldChange]:
    """Return all live fields as changes to nothing."""
    return [
        FieldChange(path=name, before=value, after=None)
        for name, value in sorted(live.spec.fields().items())
        if value is not None and value not in ([], {})
    ]


def cosmetic(desired: Spec, live: Spec) -> Iterator[str]:
    """Yield a note for each cosmetic field that differs."""
    if not desired.cosmetic:
        return
    mine, theirs = desired.fields(), live.fields()
    for name in sorted(desired.cosmetic):
        if mine[name] != theirs[name]:
            yield f"{name} is {theirs[name]!r}, declared {mine[name]!r}: cosmetic, left as it is"


def _alike(desired: Spec, live: Spec, skipped: Iterable[str]) -> bool:
    """Say whether all that is compared is equal, as most specs are; without looking into it."""
    left = {to_snake(name) for name in (*skipped, *desired.hidden)}
    mine, theirs = vars(desired), vars(live)
    return all(value == theirs[name] for name, value in mine.items() if name not in left)


def _marks(desired: Desired, live: Live) -> Iterator[FieldChange]:
    path = desired.spec.marks
    if path is None or (live.owner is None and not desired.spec.marked_when_found):
        return
    if live.owner != desired.stack:
        yield FieldChange(path=f"{path}.{STACK_MARK}", before=live.owner, after=desired.stack)
    if live.protected != desired.protect:
        before, after = ("true" if flag else None for flag in (live.protected, desired.protect))
        yield FieldChange(path=f"{path}.{PROTECT_MARK}", before=before, after=after)


def _comparable(spec: Spec, skipped: set[str], ignore_tags: Iterable[str]) -> dict[str, Any]:
    fields = {name: value for name, value in spec.fields().items() if name not in skipped}
    for name in spec.shared & set(fields):
        fields[name] = _without(fields[name] or {}, ignore_tags)
    return fields


def _without(keys: Mapping[str, Any], patterns: Iterable[str]) -> dict[str, Any]:
    ignored = ("aws:*", *patterns)
    return {
        key: value
        for key, value in keys.items()
        if not any(matches(pattern, key) for pattern in ignored)
    }


def _differences(
    before: dict[str, Any], after: dict[str, Any], kind: type[Spec]
) -> Iterator[FieldChange]:
    if before == after:
        return
    from deepdiff import DeepDiff  # slow to load, and most runs find nothing different

    paths: set[tuple[str, ...]] = set()
    for levels in DeepDiff(before, after, view="tree", threshold_to_diff_deeper=0).values():
        paths |= {_field_path(level.path(output_format="list"), kind) for level in levels}
    for path in paths:
        yield FieldChange(path=".".join(path), before=_at(before, path), after=_at(after, path))


def _field_path(steps: list[Any], kind: type[Spec]) -> tuple[str, ...]:
    """Cut a path where a list begins: lists change as a whole."""
    if steps[0] in kind.atomic:
        return (steps[0],)
    named: list[str] = []
    for step in steps:
        if isinstance(step, int):
            break
        named.append(step)
    return tuple(named)


def _at(value: Any, path: tuple[str, ...]) -> Json:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    found: Json = value
    return found
