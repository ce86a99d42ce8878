"""How much of a report fits on a screen: everything, or with what is alike told as one."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from reconciler.reports.alike import Coarseness
from reconciler.reports.lines import Screen, TextLine, wrapped

MOST_LINES = 100
"""Lines beyond which what is alike is told as one."""
_BORNE = 150
_LISTED = 10


@dataclass(frozen=True, slots=True)
class Shape:
    """How much is told as one: of what `goes`, and of the rest; `most` entries stand in a list.

    `others` are the most that stand in lists of what is only remarked upon.
    """

    rest: Coarseness = Coarseness.each
    goes: Coarseness = Coarseness.each
    most: int | None = None
    others: int | None = _LISTED

    @property
    def rolled(self) -> bool:
        """Say whether this does not tell everything."""
        return self != Shape() and self != FULL


FULL = Shape(others=None)
_EACH, _FIELDS, _KINDS, _WHOLE = Coarseness
# What goes is told one by one as long as there is room for it: each is somebody's loss.
_SHAPES = (
    Shape(),
    Shape(_FIELDS),
    Shape(_KINDS),
    Shape(_WHOLE),
    Shape(_FIELDS, _FIELDS),
    Shape(_WHOLE, _FIELDS),
    Shape(_WHOLE, _KINDS),
    Shape(_WHOLE, _WHOLE),
)
_CUT = (
    Shape(_WHOLE, _WHOLE, 20, 5),
    Shape(_WHOLE, _WHOLE, 8, 3),
    Shape(_WHOLE, _WHOLE, 3, 1),
)


def fitting(tell: Callable[[Shape], Iterator[TextLine]], screen: Screen) -> str:
    """Return the fullest text that has no more than `MOST_LINES` lines, or all with `full`.

    Before lists are cut, a few more lines are borne: on a narrow screen what is told as one is long
    as well.
    """
    if screen.full:
        return _text(wrapped(tell(FULL), screen))
    shortest: list[str] = []
    for shape in (*_SHAPES, *_CUT):
        if shape is _CUT[0] and len(shortest) <= _BORNE:
            return _text(shortest)
        lines = list(islice(wrapped(tell(shape), screen), _BORNE + 1))
        if len(lines) <= MOST_LINES:
            return _text(lines)
        if not shortest or len(lines) < len(shortest):
            shortest = lines
    return _text(wrapped(tell(_CUT[-1]), screen))


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
