"""How messages show names and values of the declarations, and how longer texts are wrapped."""

import difflib
import re
import textwrap
from collections.abc import Iterable
from typing import Any

from reconciler.core.text.expressions import Expression
from reconciler.core.text.veil import veil_value
from reconciler.core.text.visible import visible

SHOWN = 80
SHORT = 24
"""Characters of text in a place of its own that are repeated: longer ones may be a secret."""
NAME_SHOWN = 40

_LABEL = Expression(r"[A-Za-z0-9_.:/@-]{1,80}")
_USER_INFO = Expression(r"//.*@", re.DOTALL)
_WIDTH = 80


def near(name: str, known: Iterable[str]) -> str:
    """Return `, did you mean 'x'?` if one of `known` resembles `name`, else nothing."""
    return suggestion(nearest(name, known))


def suggestion(found: str | None) -> str:
    """Return `, did you mean 'x'?`, nothing if nothing resembling was found."""
    return f", did you mean {found!r}?" if found else ""


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the one of `known` that resembles `name` most, if any does by `likeness` (0 to 1)."""
    lowered = {item.lower(): item for item in sorted(known)}
    # Beyond any name that could be meant, comparing would only take long.
    found = difflib.get_close_matches(name[:SHOWN].lower(), lowered, n=1, cutoff=likeness)
    return lowered[found[0]] if found else None


def quoted(value: Any) -> str:
    """Return a value as YAML would spell it, cut short; whole collections are only named."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return repr(value)
    text = visible(veil_value(_USER_INFO.sub("//...@", value)), keep="\n\r\t")
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 3] + "...")


def brief(value: Any) -> str:
    """Return a value that stands where none belongs: quoted if short, else only measured."""
    if isinstance(value, str) and len(value) > SHORT:
        return f"text of {len(value)} characters"
    return quoted(value)


def key_name(name: str) -> str:
    """Return a key for a message: quoted, or only measured if no key would be so long."""
    return quoted(name) if len(name) <= NAME_SHOWN else f"of {len(name)} characters"


def step(name: str) -> str:
    """Return a key as part of a path inside a declaration; what may be a secret is measured."""
    return label(name) if len(name) <= NAME_SHOWN else f"(a key of {len(name)} characters)"


def comma(names: Iterable[str], most: int = 12) -> str:
    """Return names one after the other, the first ones of many."""
    listed = list(names)
    return ", ".join(listed[:most]) + (", ..." if len(listed) > most else "")


def together(names: Iterable[str]) -> str:
    """Return names as `'a', 'b' and 'c'`."""
    *others, last = (repr(name) for name in names)
    return " and ".join([", ".join(others), last] if others else [last])


def label(name: str) -> str:
    """Return a name as part of a path such as `queues.offers`; an odd one is quoted."""
    return name if _LABEL.fullmatch(name) else quoted(name)


def counted(number: int, noun: str) -> str:
    """Return `1 error`, `2 errors`: a noun whose plural ends in s."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def age(seconds: float) -> str:
    """Return a time span as people say it: `3 hours`."""
    for unit, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= unit:
            return counted(int(seconds // unit), name)
    return "less than a minute"


def paragraph(text: str, *, lead: str = "") -> str:
    """Return `text` wrapped; `lead` stands before its first line and is kept free before others.

    Names, URLs and paths are never broken.
    """
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    )


def heading(title: str) -> str:
    """Return `title`, underlined."""
    return f"{title}\n{'-' * len(title)}"
