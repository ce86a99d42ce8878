"""References inside a spec: which there are, and the values at their paths."""

from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel

from reconciler.core.model.addresses import Handle
from reconciler.core.model.spec import Reference, Spec, to_snake

M = TypeVar("M", bound=BaseModel)


def get(spec: BaseModel, path: str) -> str | None:
    """Return the value at a YAML path such as `deadLetter.queue`, or None on the way there."""
    value: Any = spec
    for part in path.split("."):
        if value is None:
            return None
        value = getattr(value, to_snake(part))
    return None if value is None else str(value)


def put(spec: M, path: str, value: str) -> M:
    """Return a copy of `spec` with the value at a YAML path replaced."""
    head, _, rest = path.partition(".")
    name = to_snake(head)
    inner = put(getattr(spec, name), rest, value) if rest else value
    return spec.model_copy(update={name: inner})


def references(spec: Spec) -> Iterator[tuple[str, Reference, Handle]]:
    """Yield (path, reference, handle) for each reference the spec holds.

    What a service reports holds remote values there, until `core.world.refs` made handles of them.
    """
    for path, reference in spec.refs.items():
        value = get(spec, path)
        if value is not None:
            yield path, reference, Handle(value)
