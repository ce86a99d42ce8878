"""Which requests AWS's own model of the service lets through; botocore checks few of its rules."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import botocore.loaders
import botocore.model

from reconciler.sandbox.eventbridge.refusals import Refused, invalid

_KINDS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "list": list,
    "map": dict,
    "structure": dict,
    "timestamp": (int, float, str),
}


@lru_cache(maxsize=1)
def _model() -> Any:
    description = botocore.loaders.create_loader().load_service_model("events", "service-2")
    return botocore.model.ServiceModel(description)


def check(operation: str, parameters: Any) -> None:
    """Raise what the service answers to a request that its model does not allow.

    Raises Refused: SerializationException for wrong types, ValidationException for the rest.
    """
    found = list(_faults(_model().operation_model(operation).input_shape, parameters, ""))
    if found:
        count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected"
        raise invalid(f"{count}: {'; '.join(found)}")


def _faults(shape: Any, value: Any, path: str) -> Iterator[str]:
    kind = _KINDS.get(shape.type_name)
    if kind and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
        raise Refused("SerializationException", f"Wrong type of {path or 'the request'}.")
    match shape.type_name:
        case "structure":
            yield from _in_structure(shape, value, path)
        case "list":
            yield from _in_length(shape, value, len(value), path)
            for number, item in enumerate(value, 1):
                yield from _faults(shape.member, item, f"{path}.{number}.member")
        case "string":
            yield from _in_length(shape, value, len(value), path)
            yield from _in_text(shape, value, path)
        case "integer":
            yield from _in_range(shape, value, path)


def _in_structure(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _fault(_below(path, name), None, "Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _faults(member, value[name], _below(path, name))


def _in_length(shape: Any, value: Any, length: int, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max")
    if length < least:
        yield _fault(path, value, f"Member must have length greater than or equal to {least}")
    if most is not None and length > most:
        yield _fault(path, value, f"Member must have length less than or equal to {most}")


def _in_text(shape: Any, value: str, path: str) -> Iterator[str]:
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        yield _fault(path, value, f"Member must satisfy regular expression pattern: {pattern}")
    if shape.enum and value not in shape.enum:
        yield _fault(path, value, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")


def _in_range(shape: Any, value: int, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield _fault(path, value, f"Member must have value greater than or equal to {least}")
    if most is not None and value > most:
        yield _fault(path, value, f"Member must have value less than or equal to {most}")


def _below(path: str, name: str) -> str:
    lowered = name[:1].lower() + name[1:]
    return f"{path}.{lowered}" if path else lowered


def _fault(path: str, value: Any, rule: str) -> str:
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {rule}"
