"""One declaration in the shape of one service: defaults, fields, and what is wrong with them."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from pydantic import ValidationError

from reconciler.core.manifest.explain import explain, keys_within, known_keys, problem_at, spell
from reconciler.core.manifest.nodes import Node
from reconciler.core.model.errors import Problem
from reconciler.core.service import Context, Declaration
from reconciler.core.text.phrases import near, quoted, together

Shape = type[Declaration]


class Checked(NamedTuple):
    """A declaration over its defaults; `declaration` is None if there are problems with it."""

    node: Node
    declaration: Declaration | None
    problems: tuple[Problem, ...]


def check(
    node: Node,
    defaults: Node | None,
    shape: Shape,
    title: str,
    *,
    known: tuple[str, ...],
    context: Context | None,
) -> Checked:
    """Check a declaration's own fields in one of the shapes it may have.

    `known` are the fields of all these shapes; `context` is given where its account is sound.
    """
    merged = _over_defaults(node, defaults, shape)
    spelt = spell(merged, known, title)
    problems = [
        *spelt.problems,
        *_excluding_each_other(merged, shape, title),
        *_not_ignorable(merged, shape, title),
    ]
    declaration = None
    for single in _alternatives(spelt.node, shape):
        try:
            declaration = shape.model_validate(
                single.plain(), by_alias=True, by_name=False, context=context
            )
        except ValidationError as error:
            problems += explain(error, single, title, shape, silent=spelt.guessed)
            problems += _lacking(single, shape, title)
    return Checked(merged, None if problems else declaration, tuple(problems))


def _over_defaults(node: Node, defaults: Node | None, shape: Shape) -> Node:
    """Merge a declaration over its section's defaults, as far as its shape knows them.

    A given field hides defaults of the fields it excludes.
    """
    if defaults is None:
        return node
    known = set(known_keys(shape, ()))
    hidden = {
        name
        for group in shape.exclusive
        if group & set(node.value)
        for name in group - set(node.value)
    }
    return _over(node, defaults, known - hidden)


def _over(node: Node, under: Node, names: Collection[str]) -> Node:
    value, keys = dict(node.value), dict(node.keys)
    for name, default in under.value.items():
        if name not in names:
            continue
        given = value.get(name)
        if given is None:
            value[name], keys[name] = default, under.keys[name]
        elif isinstance(given.value, dict) and isinstance(default.value, dict):
            value[name] = _over(given, default, default.value)
    return Node(value, node.at, keys)


def _given(node: Node) -> list[str]:
    return [name for name, child in node.value.items() if child.value is not None]


def _excluding_each_other(node: Node, shape: Shape, title: str) -> Iterator[Problem]:
    """Yield a problem for each group of fields of which more than one is given."""
    for given in _exclusive(node, shape):
        at = max(node.keys[name] for name in given)
        yield problem_at(at, f"{title}: {together(given)} exclude each other: keep one")


def _exclusive(node: Node, shape: Shape) -> Iterator[list[str]]:
    """Yield, group by group, the fields that exclude each other where several are given."""
    for group in shape.exclusive:
        if len(node.value.keys() & group) > 1:
            given = [name for name in _given(node) if name in group]
            if len(given) > 1:
                yield given


def _alternatives(node: Node, shape: Shape) -> list[Node]:
    """Return the declaration with each one of the fields that exclude each other."""
    nodes = [node]
    for given in _exclusive(node, shape):
        nodes = [_without(one, {*given} - {kept}) for one in nodes for kept in given]
    return nodes


def _without(node: Node, names: Collection[str]) -> Node:
    value = {name: child for name, child in node.value.items() if name not in names}
    return Node(value, node.at, node.keys)


def _lacking(node: Node, shape: Shape, title: str) -> Iterator[Problem]:
    """Yield a problem for each group of fields of which none is given."""
    for group, message in shape.one_of.items():
        if not group & {*_given(node)}:
            yield problem_at(node.at, f"{title}: {message}")


def _not_ignorable(node: Node, shape: Shape, title: str) -> Iterator[Problem]:
    listed = node.value.get("ignoreChanges")
    for item in listed.value if listed is not None and isinstance(listed.value, list) else ():
        # What is no text its shape complains about.
        fault = _why_not_ignorable(shape, item.value) if isinstance(item.value, str) else None
        if fault:
            yield problem_at(item.at, f"{title}.ignoreChanges: {fault}")


def _why_not_ignorable(shape: Shape, name: str) -> str | None:
    """Say why changes of a field cannot be ignored, if they cannot."""
    kind = shape.spec_type
    fields = {*known_keys(kind, ()), *shape.renamed} - kind.hidden
    path = shape.renamed.get(name, name)
    head, _, rest = path.partition(".")
    shown = quoted(name)
    if head in kind.identity:
        return f"{shown} tells which live object is meant, so it cannot be ignored"
    if head not in fields:
        if head in known_keys(shape, ()):
            return f"{shown} is no field of the live object, so there is nothing to ignore"
        return f"unknown field {shown}{near(head, fields - {*kind.identity})}"
    if rest and head in kind.atomic:
        return f"{shown} is compared as a whole: ignore {head!r}"
    inner = keys_within(kind, head)
    first = rest.partition(".")[0]
    if rest and head not in kind.shared and first not in inner:
        return f"unknown field {shown}{near(path, [f'{head}.{item}' for item in inner])}"
    return None
