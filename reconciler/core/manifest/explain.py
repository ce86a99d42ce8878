"""Turns pydantic's findings into sentences with a position, one for each defect."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cache
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from reconciler.core.manifest.nodes import Node
from reconciler.core.model.errors import Defects, Problem
from reconciler.core.model.objects import Position
from reconciler.core.model.secret_ref import LiteralSecret
from reconciler.core.text.phrases import comma, key_name, near, nearest, quoted, step

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
    "finite_number": "expected a whole number",
    "int_parsing_size": "expected a whole number",
    "string_too_short": "expected some text",
}
_QUOTABLE = (bool, int, float)


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
    silent: Collection[str] = (),
) -> Iterator[Problem]:
    """Yield one problem for each defect in `node`, which failed to become `model`.

    `title` names the declaration (`queues.offers`). Values below a `secretive` path are never
    repeated, of `silent` fields nothing is said. Where a value could have been one of several
    shapes, only the complaint of the shape that fitted best is kept; a key that is missing since it
    is misspelt is one defect, not two.
    """
    best: dict[tuple[Path, int], tuple[int, Position, str, str]] = {}
    details = list(_details(error))
    misspelt = {_meant(detail["loc"], model) for _, detail in details if _unknown(detail)}
    for number, detail in details:
        loc = _untagged(tuple(detail["loc"]), node)
        if (loc and loc[0] in silent) or _only_missing(detail, node, misspelt):
            continue
        beside = _unknown(detail) or "at_key" in detail
        target, steps = node.find(loc[:-1] if beside else loc)
        path = loc[:steps]
        message, at = _sentence(detail, target, loc, model, secret=secretive(path))
        where = ".".join([title, *(step(str(part)) for part in path)])
        # Below a union the rest of `loc` names its alternatives, which are not in the YAML.
        key = loc if detail["type"] in ("missing", "extra_forbidden") else path
        ranked = best.get((key, number))
        if ranked is None or len(loc) > ranked[0]:
            best[key, number] = (len(loc), at, message, where)
    # What is wrong with a value that stands for many (an alias, a template) is told once.
    once = {(at, message): where for _, at, message, where in reversed(best.values())}
    for (at, message), where in reversed(once.items()):
        yield problem_at(at, f"{where}: {message}")


def _details(error: ValidationError) -> Iterator[tuple[int, Any]]:
    """Yield pydantic's findings; several about one value are numbered from 0."""
    for detail in error.errors(include_url=False):
        found = detail.get("ctx", {}).get("error")
        if isinstance(found, Defects):
            for number, defect in enumerate(found.found):
                around = (defect.field,) if defect.field else detail["loc"]
                loc = (*around, *defect.path)
                marked = {"at_key": True} if defect.at_key else {}
                inner = {"error": ValueError(defect.sentence)}
                yield number, {**detail, "loc": loc, "ctx": inner, **marked}
        else:
            yield 0, detail


def _untagged(loc: Path, node: Node) -> Path:
    """Return a place without names of shapes: called as their key is, or not in the YAML."""
    twice = [n for n in range(1, len(loc)) if loc[n] == loc[n - 1] and isinstance(loc[n], str)]
    loc = (*loc[: twice[0]], *loc[twice[0] + 1 :]) if twice else loc
    for number in range(len(loc) - 1):
        around, steps = node.find(loc[:number])
        if steps < number:
            break
        if around.child(loc[number]) is None and around.child(loc[number + 1]) is not None:
            return (*loc[:number], *loc[number + 1 :])
    return loc


def _only_missing(detail: Any, node: Node, misspelt: Collection[Path]) -> bool:
    """Say whether all that is wrong with a field is that it stands there misspelt."""
    loc: Path = tuple(detail["loc"])
    return loc in misspelt and not _unknown(detail) and node.find(loc)[1] < len(loc)


def _unknown(detail: Any) -> bool:
    return bool(detail["type"] == "extra_forbidden")


def _meant(loc: Path, model: type[BaseModel]) -> Path:
    """Return the place of the key that an unknown one resembles most."""
    return (*loc[:-1], nearest(str(loc[-1]), known_keys(model, loc[:-1])) or "")


def _sentence(
    detail: Any, target: Node, loc: Path, model: type[BaseModel], *, secret: bool
) -> tuple[str, Position]:
    if detail["type"] == "missing":
        return f"{loc[-1]!r} is missing", target.at
    if _unknown(detail):
        name = str(loc[-1])
        known = known_keys(model, loc[:-1])
        # What stands as a key below credentials may be the secret itself.
        message = (
            _unknown_unseen(name, known) if secret and len(loc) > 1 else unknown_key(name, known)
        )
        return message, target.keys.get(name, target.at)
    message, hint = _complaint(detail, target.value)
    if "at_key" in detail:
        return message, target.keys.get(str(loc[-1]), target.at)
    literal = isinstance(detail.get("ctx", {}).get("error"), LiteralSecret)
    if literal or (secret and target.value is not None):
        return message, target.at
    own_words = detail["type"] == "value_error"
    return message + _but(target.value, message, own_words=own_words) + hint, target.at


def unknown_key(name: str, known: Collection[str]) -> str:
    """Return the complaint about a key that is none of `known`."""
    return f"unknown key {key_name(name)}{near(name, known) or _instead(known)}"


def _unknown_unseen(name: str, known: Collection[str]) -> str:
    return f"unknown key{near(name, known) or _instead(known)}"


def _instead(known: Collection[str]) -> str:
    return f", expected {comma(known)}" if known else ""


def _complaint(detail: Any, value: Any) -> tuple[str, str]:
    """Return what is expected, and what may have been meant."""
    kind = detail["type"]
    context = detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"]), ""
    if kind == "literal_error":
        allowed = context["expected"].replace("'", "")
        options = allowed.replace(" or ", ", ").split(", ")
        return f"expected {allowed}", near(value, options) if isinstance(value, str) else ""
    if kind == "string_type" and isinstance(value, _QUOTABLE):
        return "expected text", ": put it in quotes"
    if kind in _EXPECTED:
        return _EXPECTED[kind], ""
    if kind == "string_pattern_mismatch":
        return f"expected text of the form {context['pattern']}", ""
    if kind == "string_too_long":
        return f"expected at most {context['max_length']} characters", ""
    message = str(detail["msg"])
    return message[0].lower() + message[1:], ""


def _but(value: Any, message: str, *, own_words: bool) -> str:
    """Return the value given, for the end of a message in pydantic's or in a validator's words."""
    shown = quoted(value)
    if own_words and (isinstance(value, dict | list) or shown in message):
        return ""
    if own_words and (not message.startswith("expected") or re.search("[:;(,]", message)):
        return f" (given {shown})"
    return f", not {shown}"


def known_keys(model: type[BaseModel], path: Path) -> tuple[str, ...]:
    """Return the YAML names of `model`'s fields, or of the models found below it at `path`."""
    if not path:
        return _own_keys(model)
    current = [model]
    for part in path:
        # What leads to no model is a member of a list or mapping, or the name of an alternative.
        current = [inner for shape in current for inner in _below(shape, part)] or current
    return _names(current)


@cache
def keys_of_any(*models: type[BaseModel]) -> tuple[str, ...]:
    """Return the YAML names of the fields that at least one of the models has."""
    return _names(models)


def keys_within(model: type[BaseModel], name: str) -> tuple[str, ...]:
    """Return the YAML names of the fields that `model`'s field `name` has itself."""
    return _names(_below(model, name))


@cache
def _own_keys(model: type[BaseModel]) -> tuple[str, ...]:
    return _names([model])


def _below(model: type[BaseModel], part: str | int) -> list[type[BaseModel]]:
    return [
        inner
        for name, info in model.model_fields.items()
        if (info.alias or name) == part
        for inner in _models_in(info.annotation)
    ]


def _names(models: Iterable[type[BaseModel]]) -> tuple[str, ...]:
    names = (info.alias or name for shape in models for name, info in shape.model_fields.items())
    return tuple(dict.fromkeys(names))


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in getattr(annotation, "__args__", ()):
        yield from _models_in(argument)


class Spelt(NamedTuple):
    """A mapping in which misspelt fields bear the names they resemble most, `guessed`.

    What is wrong with a guessed field is not sure; that it is there keeps follow-up errors away.
    """

    node: Node
    guessed: frozenset[str]
    problems: tuple[Problem, ...]


_members = cache(frozenset[str])


def spell(node: Node, known: tuple[str, ...], title: str) -> Spelt:
    """Return a mapping without fields that are none of `known`."""
    if node.value.keys() <= _members(known):
        return Spelt(node, frozenset(), ())
    unknown = [name for name in node.value if name not in known]
    value = {name: child for name, child in node.value.items() if name in known}
    keys = dict(node.keys)
    guessed: set[str] = set()
    for name in unknown:
        meant = nearest(name, known)
        if meant is not None and meant not in value:
            value[meant], keys[meant] = node.value[name], node.keys[name]
            guessed.add(meant)
    problems = (
        problem_at(node.keys[name], f"{title}: {unknown_key(name, known)}") for name in unknown
    )
    return Spelt(Node(value, node.at, keys), frozenset(guessed), tuple(problems))
