"""What separates a queue that is there from its declaration, and what it is afterwards. Pure.

The core compares; this is for the one case it cannot see: a queue that turns up during a create.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic.alias_generators import to_camel, to_snake

from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.plan import FieldChange
from reconciler.core.model.spec import Spec, dump
from reconciler.core.planning.diff import PROTECT_MARK, STACK_MARK
from reconciler.services.sqs import attributes as wire
from reconciler.services.sqs.queue import Queue

_TAGS = "tags."
_NOT_ATTRIBUTES = frozenset({"name", "fifo", "tags", "policy_given", "routed"})


def as_queue(spec: Spec) -> Queue:
    """Return `spec` as what it must be in this provider."""
    if not isinstance(spec, Queue):
        raise TypeError(f"expected a queue, not a {spec.kind}")
    return spec


def marked_tags(desired: Desired) -> dict[str, str]:
    """Return the declared tags and our marks."""
    marks = {STACK_MARK: desired.stack}
    if desired.protect:
        marks[PROTECT_MARK] = "true"
    return {**as_queue(desired.spec).tags, **marks}


def missing_settings(desired: Desired, live: Live) -> list[FieldChange]:
    """Return the declared settings that the live queue does not have; tags are not among them."""
    wanted, there = as_queue(desired.spec), as_queue(live.spec)
    return list(_missing(wanted, there, desired.ignore))


def missing_tags(desired: Desired, live: Live) -> list[FieldChange]:
    """Return the declared tags and marks that the live queue does not have."""
    there = {**as_queue(live.spec).tags, **_marks(live)}
    return [
        FieldChange(path=f"{_TAGS}{key}", before=there.get(key), after=value)
        for key, value in sorted(marked_tags(desired).items())
        if there.get(key) != value and not {"tags", f"{_TAGS}{key}"} & desired.ignore
    ]


@dataclass(frozen=True, slots=True)
class Edit:
    """Field changes sorted by the calls they take; `fields` are attributes by our names."""

    fields: frozenset[str]
    tags: Mapping[str, str]
    untag: frozenset[str]

    @classmethod
    def of(cls, changes: Sequence[FieldChange]) -> "Edit":
        """Sort changes: paths of tags by key, all others by their top-level field."""
        tags = {key: value for change in changes for key, value in _tag_changes(change)}
        heads = {to_snake(change.path.partition(".")[0]) for change in changes}
        return cls(
            fields=frozenset(heads - {"tags"}),
            tags={key: str(value) for key, value in tags.items() if value is not None},
            untag=frozenset(key for key, value in tags.items() if value is None),
        )

    def applied(self, desired: Desired, live: Live) -> Live:
        """Return the live queue as it is after this edit."""
        wanted, there = as_queue(desired.spec), as_queue(live.spec)
        kept = {k: v for k, v in {**there.tags, **_marks(live)}.items() if k not in self.untag}
        tags = {**kept, **self.tags}
        update = {name: getattr(wanted, name) for name in self.fields}
        if "policy" in self.fields:
            update["policy_given"] = wanted.policy_given
        update["tags"] = dict(sorted(wire.users_tags(tags).items()))
        return replace(
            live,
            spec=there.model_copy(update=update),
            owner=tags.get(STACK_MARK),
            protected=tags.get(PROTECT_MARK) == "true",
        )


def _tag_changes(change: FieldChange) -> Iterator[tuple[str, Any]]:
    """Yield (key, value after) of a change of one tag, or of all where few stay the same."""
    if change.path.startswith(_TAGS):
        yield change.path.removeprefix(_TAGS), change.after
    elif change.path == "tags":
        before, after = change.before or {}, change.after or {}
        for key in {*before, *after}:
            if before.get(key) != after.get(key):
                yield key, after.get(key)


def _missing(wanted: Queue, there: Queue, ignored: Collection[str]) -> Iterator[FieldChange]:
    for name in sorted(set(Queue.model_fields) - _NOT_ATTRIBUTES):
        path, mine, theirs = to_camel(name), getattr(wanted, name), getattr(there, name)
        left_alone = mine is None and path in Queue.optional
        if mine != theirs and not left_alone and path not in ignored:
            yield FieldChange(path=path, before=dump(theirs), after=dump(mine))


def _marks(live: Live) -> dict[str, str]:
    marks = {STACK_MARK: live.owner} if live.owner is not None else {}
    return {**marks, PROTECT_MARK: "true"} if live.protected else marks
