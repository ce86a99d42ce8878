"""The lines between the credential markers of a workflow that people may have edited.

Only whole lines of our own form are added or taken away; everything else stays byte for byte, and
the result is read again before it is taken for one.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from reconciler.core.manifest.nodes import LOADER

_MARKER = re.compile(r"^(?P<indent> *)# *credentials: *(?P<kind>begin|end)[ \t]*\r?\n?$")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_KEY = re.compile(r"^(?P<indent> *)(?P<quote>[\"']?)(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P=quote) *:")
_OURS = re.compile(r"^ *(?P<name>\w+): \$\{\{ secrets\.(?P=name) \}\}[ \t]*\r?\n?$")
_TEXT = "tag:yaml.org,2002:str"


class Unchangeable(ValueError):
    """A workflow cannot be changed by us; `line` is where, the text says why."""

    def __init__(self, line: int, reason: str) -> None:
        self.line = line
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Passing:
    """A workflow that passes on what it should: its text, and which names that took."""

    text: str
    added: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def has_markers(workflow: str) -> bool:
    """Say whether a workflow has a place for credentials."""
    return any(_MARKER.match(line) for line in _LINE.findall(workflow))


def passing_on(workflow: str, names: Sequence[str]) -> Passing:
    """Return the workflow with a line for each of `names` between each pair of its markers.

    Lines of our own form for other names are taken away.

    Raises:
        Unchangeable: a marker is without its partner, or the result would not be the same workflow
            but for those lines.
    """
    lines: list[str] = _LINE.findall(workflow)
    added: set[str] = set()
    dropped: set[str] = set()
    for begin, end in reversed(list(_blocks(lines))):
        block = _block(lines, begin, end, names)
        new, old = (set(map(_own, part)) for part in (block, lines[begin + 1 : end]))
        added |= {name for name in new - old if name}
        dropped |= {name for name in old - new if name}
        lines[begin + 1 : end] = block
    text = "".join(lines)
    if text != workflow:
        _check(workflow, text, added | dropped)
    return Passing(text, tuple(sorted(added)), tuple(sorted(dropped)))


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    begin: int | None = None
    for number, line in enumerate(lines):
        marker = _MARKER.match(line)
        if marker is None:
            continue
        if (marker["kind"] == "begin") != (begin is None):
            raise _unpaired(number if begin is None else begin)
        if begin is None:
            begin = number
        else:
            yield begin, number
            begin = None
    if begin is not None:
        raise _unpaired(begin)


def _unpaired(number: int) -> Unchangeable:
    return Unchangeable(
        number + 1,
        "this marker has no partner: `# credentials: begin` and `# credentials: end` stand in "
        "pairs, one after the other",
    )


def _block(lines: list[str], begin: int, end: int, names: Sequence[str]) -> list[str]:
    """Return the lines between two markers as they should be."""
    wanted = set(names)
    kept = [line for line in lines[begin + 1 : end] if (_own(line) or "") in {"", *wanted}]
    column = _column(lines, begin)
    there = set(_keys(lines, begin, column))
    ending = "\r\n" if lines[begin].endswith("\r\n") else "\n"
    for name in sorted(wanted - there):
        line = f"{' ' * column}{name}: ${{{{ secrets.{name} }}}}{ending}"
        after = (number for number, other in enumerate(kept) if (_own(other) or "") > name)
        kept.insert(next(after, len(kept)), line)
    return kept


def _own(line: str) -> str | None:
    found = _OURS.match(line)
    return found["name"] if found else None


def _column(lines: Sequence[str], begin: int) -> int:
    """Return where the keys around a marker begin: people may have moved the comment alone."""
    marker = _indent(lines[begin])
    key = next((found for line in lines[begin:] if (found := _KEY.match(line))), None)
    return marker if key is None or len(key["indent"]) < marker else len(key["indent"])


def _keys(lines: Sequence[str], begin: int, column: int) -> Iterator[str]:
    """Give the keys of the mapping that stands around a marker."""
    below, above = lines[begin + 1 :], reversed(lines[:begin])
    for side in (below, above):
        for line in side:
            content = line.strip()
            if content and not content.startswith("#"):
                if _indent(line) < column:
                    break
                key = _KEY.match(line)
                if key and len(key["indent"]) == column:
                    yield key["name"]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _check(before: str, after: str, names: set[str]) -> None:
    """Make sure that two workflows differ in the variables `names` of steps and in nothing else."""
    try:
        old, new = (_plain(_parsed(text), names) for text in (before, after))
    except RecursionError:
        raise Unchangeable(1, "this holds itself by an alias") from None
    if old != new:
        raise Unchangeable(
            1,
            "a change between its markers would change more than these variables of a step: "
            f"{', '.join(sorted(names))}",
        )


def _parsed(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=LOADER)
    except yaml.YAMLError as error:
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        raise Unchangeable(mark.line + 1 if mark else 1, "this is not valid YAML") from error


def _plain(node: yaml.Node | None, names: set[str], *, steps: bool = False) -> Any:
    """Return a node as data, without our own lines for `names` among variables."""
    if isinstance(node, yaml.MappingNode):
        pairs = [
            (_plain(key, names), _plain(value, names, steps=key.value == "env"))
            for key, value in node.value
        ]
        texts = [str(key.value) for key, _ in node.value]
        twice = next((key for key in texts if texts.count(key) > 1), None)
        if twice is not None:
            raise Unchangeable(node.start_mark.line + 1, f"{twice} stands here twice")
        return [pair for pair in pairs if not (steps and _is_ours(*pair, names))]
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, names) for item in node.value]
    return (node.tag, node.value) if isinstance(node, yaml.ScalarNode) else None


def _is_ours(key: Any, value: Any, names: set[str]) -> bool:
    return key[1] in names and value == (_TEXT, f"${{{{ secrets.{key[1]} }}}}")
