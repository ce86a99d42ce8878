"""What stands in a box of a picture, and how wide the box has to be for it."""

from math import ceil

from reconciler.core.verdicts.topology import GraphNode
from reconciler.reports.graph.looks import Wording, account_title, remark, title

NARROWEST, WIDEST = 130, 340
PADDING = 12
"""Pixels at either side of a text."""
_NARROW = frozenset(" !'(),-./:;I[]fijlrt|")
_WIDE = frozenset("#%&+<=>@MWmw~")
_EASY = 230
"""Pixels up to which a path without a remark stays on one line."""
_PLAIN = 0.89
"""How wide text is that is not bold."""

Line = tuple[str, str]
"""Text, and the class that says how it is written: `name` is bold."""


def lines_of(node: GraphNode, wording: Wording) -> list[Line]:
    """Return one or two lines; a long path that has no remark below it takes both."""
    name, below = title(node), remark(node, wording)
    if not below and measured(name, "name") > _EASY:
        name, below = _halves(name)
    return [(name, "name"), (below, "remark")] if below else [(name, "name")]


def width_of(node: GraphNode, wording: Wording) -> int:
    """Return how wide the box of a node has to be for all of it, within limits."""
    lines = [*lines_of(node, wording), (account_title(node.account, node.service), "account")]
    widest = max(measured(*each) for each in lines)
    return ceil(min(max(widest + 2 * PADDING, NARROWEST), WIDEST))


def fitting(line: Line, width: int) -> str:
    """Return what of a line fits into a box, without its middle."""
    text, style = line
    keep = len(text)
    while keep > 2 and measured(text, style) > width - 2 * PADDING:
        keep -= 1
        end = keep // 2
        text = f"{line[0][: keep - end]}…{line[0][-end:]}"
    return text


def measured(text: str, style: str) -> float:
    """Return about how many pixels a text takes in the widest of the fonts it may be shown in."""
    wide = sum(map(_wide, text))
    return wide if style == "name" else wide * _PLAIN


def _wide(character: str) -> float:
    if not character.isascii():
        # Of what is not Latin much is as wide as it is high; our own signs are not.
        return 10.0 if character in "…·±" else 13.0
    if character in _NARROW:
        return 5.2
    if character in _WIDE:
        return 12.0
    return 9.6 if character.isupper() else 8.3


def _halves(path: str) -> tuple[str, str]:
    """Return a path in two lines, broken behind the slash that leaves them the narrowest."""
    breaks = [at for at in range(1, len(path)) if path[at - 1] == "/" and path[at] != "/"]
    return min(
        ((path[:at], path[at:]) for at in breaks),
        key=lambda it: max(measured(it[0], "name"), measured(it[1], "remark")),
        default=(path, ""),
    )
