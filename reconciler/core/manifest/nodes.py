"""YAML text → a tree that remembers where everything stands.

Built from parser events rather than by PyYAML's composer: positions, duplicate keys, runaway
aliases and depth are all seen in one pass, without recursion. Plain scalars follow YAML 1.2's core
schema, so `no`, `2020-09-04` and `012345678901` stay text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    Event,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from reconciler.core.errors import Problem
from reconciler.core.model import Position

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_DEPTH = 50
MAX_VALUES = 2_000_000
MAX_ALIAS_GROWTH = 100_000

_TAG = "tag:yaml.org,2002:"
_SCALAR_TAGS = {_TAG + name for name in ("int", "float", "bool", "null")}
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(slots=True)
class Node:
    """A YAML value: a scalar, a list of nodes, or a dict of nodes with its keys' positions.

    `size` counts the values below it with aliases expanded.
    """

    value: Any
    at: Position
    keys: dict[str, Position] = field(default_factory=dict)
    size: int = 1

    def plain(self) -> Any:
        """Return the value without positions."""
        if isinstance(self.value, dict):
            return {name: child.plain() for name, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value

    def find(self, path: tuple[str | int, ...]) -> tuple["Node", int]:
        """Follow `path` as far as it goes; return the node reached and the steps taken."""
        node, steps = self, 0
        for part in path:
            child = node.child(part)
            if child is None:
                break
            node, steps = child, steps + 1
        return node, steps

    def child(self, part: str | int) -> "Node | None":
        """Return the member or item `part`, or None."""
        if isinstance(self.value, dict) and isinstance(part, str):
            found: Node | None = self.value.get(part)
            return found
        if isinstance(self.value, list) and isinstance(part, int) and part < len(self.value):
            item: Node = self.value[part]
            return item
        return None


class _Stop(Exception):
    """The rest of the file cannot be understood; what was wrong is among the problems."""


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been seen; `key` is the mapping key that awaits its value."""

    node: Node
    anchor: str | None
    key: tuple[str, Position] | None = None


def parse(file: str, content: bytes) -> tuple[list[Node], list[Problem]]:
    """Parse one file; return the documents understood and everything that is wrong."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        problem = Problem(file, line, column, "this is not UTF-8 text: save the file as UTF-8")
        return [], [problem]
    builder = _Builder(file)
    try:
        builder.build(yaml.parse(text, Loader=LOADER))
    except _Stop:
        pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        builder.problems.append(Problem(file, line, column, f"not valid YAML: {error.problem}"))
    except yaml.YAMLError:
        line, column = _unreadable(text)
        message = "not valid YAML: a control character stands here; remove it"
        builder.problems.append(Problem(file, line, column, message))
    return builder.documents, builder.problems


def _unreadable(text: str) -> tuple[int, int]:
    match = re.search("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", text)
    index = match.start() if match else 0
    return text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index)


class _Builder:
    """Turns parser events into nodes, keeping a stack of open collections instead of recursing."""

    def __init__(self, file: str) -> None:
        self.documents: list[Node] = []
        self.problems: list[Problem] = []
        self._file = file
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        self._size = 0
        self._aliased = 0

    def build(self, events: Iterator[Event]) -> None:
        for event in events:
            at = self._position(event)
            if isinstance(event, ScalarEvent):
                self._scalar(event, at)
            elif isinstance(event, AliasEvent):
                self._place(self._alias(event, at), at, None)
            elif isinstance(event, MappingStartEvent | SequenceStartEvent):
                self._open(event, at)
            elif isinstance(event, CollectionEndEvent):
                self._close()
            elif isinstance(event, yaml.DocumentStartEvent):
                self._anchors = {}

    def _position(self, event: Event) -> Position:
        mark: Any = event.start_mark  # never None for events that come from text
        return Position(self._file, mark.line + 1, mark.column + 1)

    def _fail(self, at: Position, message: str) -> None:
        self.problems.append(Problem(at.file, at.line, at.column, message))

    def _stop(self, at: Position, message: str) -> NoReturn:
        self._fail(at, message)
        raise _Stop

    def _open(self, event: MappingStartEvent | SequenceStartEvent, at: Position) -> None:
        if len(self._stack) >= MAX_DEPTH:
            self._stop(at, f"nested more than {MAX_DEPTH} levels deep: nothing declared needs that")
        mapping = isinstance(event, MappingStartEvent)
        if event.tag not in (None, "!", _TAG + ("map" if mapping else "seq")):
            self._fail(at, f"the tag {event.tag} is not supported: remove it")
        if event.anchor:
            self._anchors[event.anchor] = None
        self._stack.append(_Open(Node({} if mapping else [], at), event.anchor))

    def _close(self) -> None:
        done = self._stack.pop()
        self._merge(done.node)
        self._place(done.node, done.node.at, done.anchor)

    def _scalar(self, event: ScalarEvent, at: Position) -> None:
        if self._awaits_key():
            # A key is its text, whatever it looks like.
            if event.anchor:
                self._anchors[event.anchor] = Node(event.value, at)
            self._stack[-1].key = (event.value, at)
            return
        value: Any = event.value
        plain = event.implicit[0] and not event.style
        if plain or event.tag in _SCALAR_TAGS:
            value = _resolve(event.value)
        elif event.tag not in (None, "!", _TAG + "str"):
            self._fail(at, f"the tag {event.tag} is not supported: remove it")
        self._place(Node(value, at), at, event.anchor)

    def _alias(self, event: AliasEvent, at: Position) -> Node:
        if event.anchor not in self._anchors:
            self._stop(at, f"*{event.anchor} is not defined above: define it with &{event.anchor}")
        found = self._anchors[event.anchor]
        if found is None:
            self._stop(at, f"*{event.anchor} contains itself: write its value out")
        self._aliased += found.size
        if self._aliased > MAX_ALIAS_GROWTH:
            self._stop(at, f"aliases expand to more than {MAX_ALIAS_GROWTH:,} values: write less")
        return found

    def _awaits_key(self) -> bool:
        return bool(
            self._stack
            and isinstance(self._stack[-1].node.value, dict)
            and self._stack[-1].key is None
        )

    def _place(self, node: Node, at: Position, anchor: str | None) -> None:
        self._size += 1
        if self._size + self._aliased > MAX_VALUES:
            self._stop(at, f"more than {MAX_VALUES:,} values in one file: split it")
        if anchor:
            self._anchors[anchor] = node
        if not self._stack:
            self.documents.append(node)
            return
        parent = self._stack[-1]
        parent.node.size += node.size
        if isinstance(parent.node.value, list):
            parent.node.value.append(node)
        elif parent.key is None:
            self._collection_as_key(parent, node, at)
        else:
            self._member(parent, node)

    def _collection_as_key(self, parent: _Open, node: Node, at: Position) -> None:
        if isinstance(node.value, dict | list):
            self._fail(at, "a list or a mapping cannot be a key: write a plain name")
        parent.key = ("", at) if isinstance(node.value, dict | list) else (str(node.value), at)

    def _member(self, parent: _Open, node: Node) -> None:
        assert parent.key is not None  # noqa: S101 - narrows the type; _place saw to it
        name, at = parent.key
        parent.key = None
        if name in parent.node.keys:
            first = parent.node.keys[name]
            self._fail(at, f"{name!r} stands here twice, first on line {first.line}: keep one")
            return
        parent.node.value[name] = node
        parent.node.keys[name] = at

    def _merge(self, node: Node) -> None:
        """Carry out YAML's merge key `<<`: members of the named mappings, unless given here."""
        if not isinstance(node.value, dict) or "<<" not in node.value:
            return
        given = node.value.pop("<<")
        at = node.keys.pop("<<")
        for source in given.value if isinstance(given.value, list) else [given]:
            if not isinstance(source.value, dict):
                self._fail(at, "<< takes a mapping (*name) or a list of mappings")
                continue
            for name, child in source.value.items():
                if name not in node.value:
                    node.value[name] = child
                    node.keys[name] = source.keys[name]


def _resolve(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        # Python refuses to convert absurdly long digit strings; such a one is no number of ours.
        return int(text) if len(text) < 100 else text
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
