"""YAML text → a tree that remembers where everything stands.

Built from parser events rather than by PyYAML's composer: positions, duplicate keys, runaway
aliases and depth are all seen in one pass, without recursion. Plain scalars follow YAML 1.2's core
schema, so `no`, `2020-09-04` and `012345678901` stay text.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from sys import intern
from typing import Any, NamedTuple, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from reconciler.core.manifest.syntax import syntax_problem
from reconciler.core.model.errors import Problem
from reconciler.core.model.objects import Position
from reconciler.core.text.expressions import Expression
from reconciler.core.text.phrases import NAME_SHOWN, near, quoted

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_DEPTH = 50
MAX_VALUES = 2_000_000
MAX_ALIAS_GROWTH = 100_000

_TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep: nothing declared needs that"
_QUOTE_IT = ": define it, or put text that begins with * in quotes"
_TAG = "tag:yaml.org,2002:"
_YAML_TAGS = {
    _TAG + name
    for name in (
        *("binary", "bool", "float", "int", "map", "merge", "null"),
        *("omap", "pairs", "seq", "set", "str", "timestamp", "value"),
    )
}
_STARTS = (MappingStartEvent, SequenceStartEvent)
_ENDS = (MappingEndEvent, SequenceEndEvent)
_SCALAR_TAGS = {_TAG + name for name in ("int", "float", "bool", "null")}
_INT = Expression(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = Expression(r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+")
_FIRST_OF_NUMBERS = frozenset("0123456789+-.")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


_COLLECTIONS = (dict, list)


@dataclass(slots=True)
class Node:
    """A YAML value: a scalar, a list of nodes, or a dict of nodes with its keys' positions."""

    value: Any
    at: Position
    keys: dict[str, Position] = field(default_factory=dict)

    def plain(self) -> Any:
        """Return the value without positions."""
        value = self.value
        if type(value) is dict:
            return {
                # Most are scalars, and need no call.
                name: child.plain() if type(child.value) in _COLLECTIONS else child.value
                for name, child in value.items()
            }
        return [child.plain() for child in value] if type(value) is list else value

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


_tuple: Any = tuple.__new__
_NO_KEYS: dict[str, Position] = {}
"""Those of every scalar: most values are scalars, and an empty dict takes as much as the rest."""


class _Stop(Exception):
    """The rest of the file cannot be understood; what was wrong is among the problems."""


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been seen.

    `key` is the mapping key that awaits its value; one without a name could not be understood.
    """

    node: Node
    mapping: bool
    anchor: str | None
    key: tuple[str | None, Position] | None = None


class _Extent(NamedTuple):
    """How many values a node stands for and in how many levels, aliases expanded."""

    node: Node
    size: int = 1
    height: int = 0


class Parsed(NamedTuple):
    """What was understood of a file, and everything that is wrong with it.

    `whole` is False where the file could not be read to its end, `cut` names top-level keys of
    which a part was dropped: what is absent there may only not have been understood.
    """

    documents: list[Node]
    problems: list[Problem]
    whole: bool = True
    cut: frozenset[str] = frozenset()


def parse(file: str, content: bytes) -> Parsed:
    """Parse one file."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        problem = Problem(file, line, column, "this is not UTF-8 text: save the file as UTF-8")
        return Parsed([], [problem], whole=False)
    builder = _NodeBuilder(file)
    whole = False
    try:
        # Asked for the next event alone, not whether there is one, as `yaml.parse` does it.
        builder.build(iter(LOADER(text).get_event, None))
        whole = True
    except _Stop:
        pass
    except (yaml.YAMLError, ValueError) as error:
        # Without its C library PyYAML lets a ValueError of Python's own escape.
        builder.problems.append(syntax_problem(file, text, error))
    return Parsed(builder.documents, builder.problems, whole, frozenset(builder.cut))


class _NodeBuilder:
    """Turns parser events into nodes, keeping a stack of open collections instead of recursing."""

    def __init__(self, file: str) -> None:
        self.documents: list[Node] = []
        self.problems: list[Problem] = []
        self.cut: set[str] = set()
        self._file = file
        self._stack: list[_Open] = []
        self._anchors: dict[str, Node | None] = {}
        self._extents: dict[int, _Extent] = {}
        self._size = 0
        self._aliased = 0

    def build(self, events: Iterator[Any]) -> None:
        for event in events:
            kind = type(event)  # of none of which the parser knows a narrower one
            if kind is ScalarEvent:  # as most are
                self._scalar(event)
            elif kind in _STARTS:
                self._open(event)
            elif kind in _ENDS:
                self._close()
            elif kind is AliasEvent:
                at = self._position(event)
                self._place(self._alias(event, at), at)
            elif kind is DocumentStartEvent:
                self._anchors = {}

    def _position(self, event: Event) -> Position:
        mark: Any = event.start_mark  # never None for events that come from text
        return Position(self._file, mark.line + 1, mark.column + 1)

    def _fail(self, at: Position, message: str) -> None:
        self.problems.append(Problem(at.file, at.line, at.column, message))

    def _stop(self, at: Position, message: str) -> NoReturn:
        self._fail(at, message)
        raise _Stop

    def _open(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        at = self._position(event)
        if len(self._stack) >= MAX_DEPTH:
            self._stop(at, _TOO_DEEP)
        mapping = type(event) is MappingStartEvent
        if event.tag not in (None, "!", _TAG + ("map" if mapping else "seq")):
            self._fail(at, _unsupported(event.tag))
        if event.anchor:
            self._anchors[event.anchor] = None
        node = Node({}, at, {}) if mapping else Node([], at, _NO_KEYS)
        self._stack.append(_Open(node, mapping, event.anchor))

    def _close(self) -> None:
        done = self._stack.pop()
        if done.mapping and "<<" in done.node.value:
            self._merge(done.node)
        if done.anchor:
            self._anchors[done.anchor] = done.node
        self._place(done.node, done.node.at)

    def _scalar(self, event: ScalarEvent) -> None:
        mark: Any = event.start_mark
        # As in `_position`, without its call: there are two of these for each line.
        at: Position = _tuple(Position, (self._file, mark.line + 1, mark.column + 1))
        # Ten thousand declarations have the same keys, and many of the same values.
        text = intern(event.value)
        parent = self._stack[-1] if self._stack else None
        if parent is not None and parent.key is None and parent.mapping:
            # A key is its text, whatever it looks like.
            if event.anchor:
                self._anchors[event.anchor] = Node(text, at)
            parent.key = (text, at)
            return
        value: Any = text
        if (event.implicit[0] and not event.style) or event.tag in _SCALAR_TAGS:
            value = _resolve(text)
        elif event.tag not in (None, "!", _TAG + "str"):
            self._fail(at, _unsupported(event.tag))
        node = Node(value, at, _NO_KEYS)
        if event.anchor:
            self._anchors[event.anchor] = node
        self._place(node, at)

    def _alias(self, event: AliasEvent, at: Position) -> Node:
        if event.anchor not in self._anchors:
            # The name is not repeated: it may be a password that begins with an asterisk.
            hint = near(event.anchor or "", self._anchors)
            self._stop(
                at, f"this alias (* and a name) names no anchor (&) above{hint or _QUOTE_IT}"
            )
        found = self._anchors[event.anchor]
        if found is None:
            self._stop(at, f"the alias *{event.anchor} contains itself: write its value out")
        extent = self._extent(found)
        if len(self._stack) + extent.height > MAX_DEPTH:
            self._stop(at, _TOO_DEEP)
        self._aliased += extent.size
        if self._aliased > MAX_ALIAS_GROWTH:
            self._stop(at, f"aliases expand to more than {MAX_ALIAS_GROWTH:,} values: write less")
        return found

    def _extent(self, node: Node) -> _Extent:
        """Measure a node, once however often it stands there: aliases of aliases double it."""
        if type(node.value) not in _COLLECTIONS:
            return _Extent(node)
        if id(node) not in self._extents:
            below = node.value.values() if type(node.value) is dict else node.value
            inner = [self._extent(child) for child in below]
            size = 1 + sum(each.size for each in inner)
            height = max((each.height + 1 for each in inner), default=0)
            self._extents[id(node)] = _Extent(node, size, height)
        return self._extents[id(node)]

    def _place(self, node: Node, at: Position) -> None:
        self._size += 1
        if self._size + self._aliased > MAX_VALUES:
            self._stop(at, f"more than {MAX_VALUES:,} values in one file: split it")
        if not self._stack:
            self.documents.append(node)
            return
        parent = self._stack[-1]
        if not parent.mapping:
            parent.node.value.append(node)
        elif parent.key is None:
            self._collection_as_key(parent, node, at)
        else:
            name, at = parent.key
            parent.key = None
            keys = parent.node.keys
            if name is None:
                return
            if name in keys:
                self._twice(name, keys[name], at)
            else:
                parent.node.value[name] = node
                keys[name] = at

    def _collection_as_key(self, parent: _Open, node: Node, at: Position) -> None:
        if isinstance(node.value, dict | list):
            message = "a list or a mapping cannot be a key: write a plain name, and {{ }} in quotes"
            self._fail(at, message)
            parent.key = (None, at)
        else:
            parent.key = (node.value if isinstance(node.value, str) else quoted(node.value), at)

    def _twice(self, name: str, first: Position, at: Position) -> None:
        shown = quoted(name) if len(name) <= NAME_SHOWN else "a key"
        self._fail(at, f"{shown} stands here twice, first on line {first.line}: keep one")
        if len(self._stack) == 1:
            self.cut.add(name)

    def _merge(self, node: Node) -> None:
        """Carry out YAML's merge key `<<`: members of the named mappings, unless given here."""
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


def _unsupported(tag: str) -> str:
    # Tags beyond YAML's own are not repeated: one may be a password that begins with ! or !!.
    known = tag in _YAML_TAGS or tag.startswith(f"{_TAG}python/object")
    shown = f"!!{tag.removeprefix(_TAG)}" if known else "(! and a word)"
    return f"the tag {quoted(shown)[1:-1]} is not supported: remove it, or put text in quotes"


@lru_cache(maxsize=4096)
def _resolve(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _FIRST_OF_NUMBERS:
        return text
    if _INT.fullmatch(text):
        # Python refuses to convert absurdly long digit strings; such a one is no number of ours.
        return int(text) if len(text) < 100 else text
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
