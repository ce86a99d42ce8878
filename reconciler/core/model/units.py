"""Durations and sizes: how people write them, how services count them.

Inside, a duration is whole seconds and a size is bytes; `2m` and `120` are the same value.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import BaseModel, BeforeValidator, WithJsonSchema

UnitName = Literal["seconds", "bytes"]

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_BYTES = {"KiB": 1024, "MiB": 1024 * 1024}
# No more digits than a number of ours has; Python refuses to convert thousands of them.
_DURATION = re.compile(r"([0-9]{1,18})(s|m|h|d)?")
_SIZE = re.compile(r"([0-9]{1,18})(?: ?(KiB|MiB))?")


class Unit(NamedTuple):
    """Marks a field whose number is counted in `name`."""

    name: UnitName


def parse_duration(value: Any) -> Any:
    """Turn `30s`, `2m`, `12h`, `14d` or a number of seconds into whole seconds."""
    return _parse(value, _seconds, "a duration: seconds, or 30s, 2m, 12h, 14d")


def parse_size(value: Any) -> Any:
    """Turn `256KiB`, `1MiB` or a number of bytes into bytes."""
    return _parse(value, _bytes, "a size: bytes, or 256KiB, 1MiB")


def _parse(value: Any, counted: Callable[[str], int | None], wanted: str) -> Any:
    if not isinstance(value, str | bool):
        return value
    number = counted(value) if isinstance(value, str) else None
    if number is None:
        raise ValueError(f"expected {wanted}")
    return number


# Thousands of declarations have the same few.
@lru_cache(maxsize=4096)
def _seconds(text: str) -> int | None:
    return _number(_DURATION.fullmatch(text), _SECONDS)


@lru_cache(maxsize=4096)
def _bytes(text: str) -> int | None:
    return _number(_SIZE.fullmatch(text), _BYTES)


def _number(match: re.Match[str] | None, factors: dict[str, int]) -> int | None:
    if match is None:
        return None
    return int(match[1]) * (factors[match[2]] if match[2] else 1)


def format_unit(value: int, unit: UnitName) -> str:
    """Write a number the way it would stand in YAML: 120 seconds as `2m`, 262144 bytes as `256KiB`.

    Weeks do not exist in the declarations, so 14 days stay `14d`.
    """
    factors = _SECONDS if unit == "seconds" else _BYTES
    for suffix, factor in reversed(factors.items()):
        if value and value % factor == 0:
            return f"{value // factor}{suffix}"
    return f"{value}s" if unit == "seconds" else str(value)


def format_age(seconds: int) -> str:
    """Write how long ago something was, in its two greatest units: `2h 5m`, `45s`."""
    parts: list[str] = []
    for suffix, factor in reversed(_SECONDS.items()):
        number, seconds = divmod(seconds, factor)
        if number:
            parts.append(f"{number}{suffix}")
    return " ".join(parts[:2]) or "0s"


Duration = Annotated[
    int,
    BeforeValidator(parse_duration),
    Unit("seconds"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": "^[0-9]+[smhd]?$"},
            ]
        }
    ),
]
Size = Annotated[
    int,
    BeforeValidator(parse_size),
    Unit("bytes"),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": "^[0-9]+( ?[KM]iB)?$"},
            ]
        }
    ),
]


@cache
def units_of(model: type[BaseModel]) -> dict[str, UnitName]:
    """Return by YAML path what the fields of a model count."""
    found: dict[str, UnitName] = {}
    for name, info in model.model_fields.items():
        alias = info.alias or name
        parts = [*info.metadata, *parts_of(info.annotation)]
        for part in parts:
            if isinstance(part, Unit):
                found[alias] = part.name
            elif isinstance(part, type) and issubclass(part, BaseModel):
                found |= {f"{alias}.{path}": unit for path, unit in units_of(part).items()}
    return found


def parts_of(annotation: Any) -> Iterator[Any]:
    """Yield what an annotation is made of: `Size | None` is Size's type and marks, and None."""
    yield annotation
    for part in get_args(annotation):
        yield from parts_of(part)
