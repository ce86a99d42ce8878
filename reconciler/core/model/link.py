"""One link of a chain of delivery: what must hold for a notification to arrive."""

from typing import Literal, NamedTuple

LinkState = Literal["holds", "warning", "doubtful", "broken"]


class Link(NamedTuple):
    """What was found about one link; `detail` says why, and what to do.

    holds: seen to be right. warning: right, and worth a word. doubtful: cannot be seen from here,
    or may lose messages. broken: nothing arrives.
    """

    name: str
    state: LinkState
    detail: str = ""
