"""EventBridge says no: codes and texts that were recorded, and what AWS's own model refuses.

botocore checks few of that model's rules.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import botocore.loaders
import botocore.model


class Refused(Exception):
    """An error answer of the service; `code` is its exception's name."""

    def __init__(self, code: str, message: str, status: int = 400):
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> Refused:
    """Return a ValidationException, which no operation declares and many answer."""
    return Refused("ValidationException", message)


def no_bus(name: str) -> Refused:
    """Return the answer about a bus that there is not."""
    return Refused("ResourceNotFoundException", f"Event bus {name} does not exist.")


def no_rule(name: str, bus: str) -> Refused:
    """Return the answer about a rule that there is not."""
    return Refused("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {bus}.")


def no_source(name: str) -> Refused:
    """Return the answer about a partner event source that there is not."""
    text = f"Event source {name} or event bus {name} does not exist."
    return Refused("ResourceNotFoundException", text)


def too_many() -> Refused:
    """Return the answer to one more than a quota allows."""
    text = "The requested resource exceeds the maximum number allowed."
    return Refused("LimitExceededException", text)


def unsuitable(message: str) -> Refused:
    """Return the answer of a source that is not in the state for it."""
    return Refused("InvalidStateException", message)


def bad_pattern(reason: str) -> Refused:
    """Return the answer to an event pattern that is none."""
    text = f"Event pattern is not valid. Reason: {reason}"
    return Refused("InvalidEventPatternException", text)


def denied(action: str, resource: str, account: str) -> Refused:
    """Return IAM's answer to a caller without the right."""
    text = (
        f"User: arn:aws:iam::{account}:user/sandbox is not authorized to perform: {action} on "
        f"resource: {resource} because no identity-based policy allows the {action} action"
    )
    return Refused("AccessDeniedException", text)


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
