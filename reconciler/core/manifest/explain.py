"""Turns pydantic's findings into sentences with a position, one for each defect."""

import difflib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from reconciler.core.errors import Problem
from reconciler.core.manifest.nodes import Node
from reconciler.core.model import Position
from reconciler.core.secret_ref import LiteralSecret

Path = tuple[str | int, ...]

_EXPECTED = {
    "string_type": "expected text",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "dict_type": "expected a mapping (name: value)",
    "mapping_type": "expected a mapping (name: value)",
    "model_type": "expected a mapping (name: value)",
    "model_attributes_type": "expected a mapping (name: value)",
    "list_type": "expected a list",
    "tuple_type": "expected a list",
    "set_type": "expected a list",
}
_QUOTABLE = (bool, int, float)


def near(name: str, known: Iterable[str]) -> str:
    """Return `, did you mean 'x'?` if one of `known` resembles `name`, else nothing."""
    lowered = {item.lower(): item for item in sorted(known)}
    found = difflib.get_close_matches(name.lower(), lowered, n=1)
    return f", did you mean {lowered[found[0]]!r}?" if found else ""


def problem_at(at: Position, message: str) -> Problem:
    """Make a problem at a position."""
    return Problem(at.file, at.line, at.column, message)


def explain(
    error: ValidationError,
    node: Node,
    title: str,
    model: type[BaseModel],
    *,
    secretive: Callable[[Path], bool] = lambda _path: False,
) -> Iterator[Problem]:
    """Yield one problem for each defect in `node`, which failed to become `model`.

    `title` names the declaration (`queues.offers`). Values below a `secretive` path are never
    repeated. Where a value could have been one of several shapes, only the complaint of the shape
    that fitted best is kept.
    """
    best: dict[Path, tuple[int, Problem]] = {}
    for detail in error.errors(include_url=False):
        loc: Path = tuple(detail["loc"])
        target, steps = node.find(loc[:-1] if detail["type"] == "extra_forbidden" else loc)
        path = loc[:steps]
        message, at = _sentence(detail, target, loc, model)
        value = target.plain()
        shown = _shown(value, detail) if not secretive(path) else ""
        where = ".".join([title, *(str(part) for part in path)])
        problem = problem_at(at, f"{where}: {message}{shown}")
        # Below a union the rest of `loc` names its alternatives, which are not in the YAML.
        key = loc if detail["type"] in ("missing", "extra_forbidden") else path
        ranked = best.get(key)
        if ranked is None or len(loc) > ranked[0]:
            best[key] = (len(loc), problem)
    yield from (problem for _, problem in best.values())


def _sentence(detail: Any, target: Node, loc: Path, model: type[BaseModel]) -> tuple[str, Position]:
    kind = detail["type"]
    if kind == "missing":
        return f"{loc[-1]!r} is missing", target.at
    if kind == "extra_forbidden":
        name = str(loc[-1])
        hint = near(name, known_keys(model, loc[:-1]))
        return f"unknown key {name!r}{hint}", target.keys.get(name, target.at)
    context = detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"]), target.at
    if kind == "literal_error":
        allowed = context["expected"]
        options = [item.strip("' ") for item in allowed.replace(" or ", ",").split(",")]
        hint = near(target.value, options) if isinstance(target.value, str) else ""
        return f"expected {allowed}{hint}", target.at
    if kind in _EXPECTED:
        return _EXPECTED[kind] + _quote_hint(kind, target.value), target.at
    message = str(detail["msg"])
    return message[0].lower() + message[1:], target.at


def _quote_hint(kind: str, value: Any) -> str:
    if kind == "string_type" and isinstance(value, _QUOTABLE):
        return ", so put it in quotes"
    return ""


def _shown(value: Any, detail: Any) -> str:
    if detail["type"] in ("missing", "extra_forbidden"):
        return ""
    if isinstance(detail.get("ctx", {}).get("error"), LiteralSecret):
        return ""
    if isinstance(value, dict | list):
        return ""
    text = "null" if value is None else repr(value)
    return f", not {text if len(text) <= 80 else text[:77] + '...'}"


def known_keys(model: type[BaseModel], path: Path) -> list[str]:
    """Return the YAML names of `model`'s fields, or of the model found below it at `path`."""
    current: type[BaseModel] | None = model
    for part in path:
        if current is None:
            return []
        names = {info.alias or name: info for name, info in current.model_fields.items()}
        if part in names:
            current = _model_in(names[str(part)].annotation)
    if current is None:
        return []
    return [info.alias or name for name, info in current.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        found = _model_in(argument)
        if found is not None:
            return found
    return None
