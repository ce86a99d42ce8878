"""Text of others as it may be shown: what hides, reorders or piles up stands there by its number.

A terminal, a browser and an editor draw some characters as nothing, let others change the order of
what stands around them or cover it. A reader who approves a plan has to see them: `acme<U+202E>x`.
Accents, all scripts and emoji stay as they are.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache, partial
from itertools import pairwise

from reconciler.core.text.expressions import Expression

_HIDING = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
"""Categories: control, format (bidi, tags, zero width), surrogates, private use, separators."""
_BLANKS = " \u3000"
"""Blanks that are no other character's double: the usual one, and the one of Chinese and Japanese.
"""
# Drawn as nothing, though they count as letters, marks or symbols: Default_Ignorable_Code_Point of
# DerivedCoreProperties.txt, Unicode 16.0 (2024-09-10), as far as the categories above and
# unassigned code points do not cover it; the braille blank; what stands for an embedded object.
_DRAWN_AS_NOTHING = Expression(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef\u2800\ufffc]"
)
# A Python older than a character calls it unassigned; these blocks are kept for what is seen.
_KEPT_FOR_PICTURES_AND_IDEOGRAPHS = ((0x1F000, 0x1FAFF), (0x20000, 0x3FFFD))
_MOST_MARKS = 4
"""Marks in a row on one letter; Unicode's security report (UTS 39) allows no script more."""
_OVERLAY = 1
"""The combining class of marks that are drawn across their letter."""
_KEYCAP = "\u20e3"
_AS_EMOJI, _AS_TEXT, _JOINER = "\ufe0f", "\ufe0e", "\u200d"

Write = Callable[[str], str]


def visible(text: str, keep: str = "") -> str:
    """Return text in which nothing hides; the characters of `keep` (line ends) may stay."""
    return _rewritten(text, keep, _number)


def visible_json(document: str) -> str:
    """Return the same JSON document with escapes in the place of what would hide."""
    return _rewritten(document, "\n", _escape)


def _rewritten(text: str, keep: str, write: Write) -> str:
    if text.isascii() and text.isprintable():
        return text
    return _beyond_ascii(keep).sub(partial(_shown, keep=keep, write=write), text)


@cache
def _beyond_ascii(keep: str) -> re.Pattern[str]:
    """Return what finds runs to look at: a large document has many line ends that may stay."""
    return re.compile(f"[^{re.escape(keep)} -~]+")


def _number(character: str) -> str:
    return f"<U+{ord(character):04X}>"


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def _shown(run: re.Match[str], keep: str, write: Write) -> str:
    text, at, end = run.string, run.start(), run.end()
    parts: list[str] = []
    while at < end:
        marks = _marks(text, at)
        if marks:
            parts.append(
                marks if _sit_well(text[max(0, at - 2) : at], marks) else "".join(map(write, marks))
            )
        elif text[at] in keep or not _hides(text, at):
            parts.append(text[at])
        else:
            parts.append(write(text[at]))
        at += max(1, len(marks))
    return "".join(parts)


def _marks(text: str, at: int) -> str:
    """Return the combining marks that begin here, all of them on one letter."""
    end = at
    while end < len(text) and _is_mark(text[end]):
        end += 1
    return text[at:end]


def _is_mark(character: str) -> bool:
    drawn = _DRAWN_AS_NOTHING.match(character) is None
    return drawn and unicodedata.category(character) in ("Mn", "Me")


def _sit_well(before: str, marks: str) -> bool:
    """Say whether marks stand on a letter or number, few, each once and not across it."""
    base = before[-1:].replace(_AS_EMOJI, "") or before[-2:-1]
    if marks == _KEYCAP:
        return base in "#*0123456789" and base != ""
    # What is drawn as nothing stands there by its number.
    shown = base != "" and _DRAWN_AS_NOTHING.match(base) is None
    on_letter = shown and unicodedata.category(base)[0] in "LNM"
    twice = any(one == other for one, other in pairwise(marks))
    across = any(unicodedata.combining(mark) == _OVERLAY for mark in marks)
    return on_letter and len(marks) <= _MOST_MARKS and not twice and not across


def _hides(text: str, at: int) -> bool:
    character = text[at]
    category = unicodedata.category(character)
    if category == "Cn":
        return not _is_kept(character)
    if category == "Zs":
        return character not in _BLANKS
    if category in _HIDING or _DRAWN_AS_NOTHING.match(character):
        return not _within_emoji(text, at)
    return False


def _is_kept(unassigned: str) -> bool:
    number = ord(unassigned)
    return any(low <= number <= high for low, high in _KEPT_FOR_PICTURES_AND_IDEOGRAPHS)


def _within_emoji(text: str, at: int) -> bool:
    """Say whether a character chooses the look of the picture before it, or joins two of them."""
    character, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    if character in (_AS_EMOJI, _AS_TEXT):
        return _is_picture(before) or (
            before != "" and before in "#*0123456789‼⁉〰" and after != ""
        )
    return character == _JOINER and _is_picture(after) and _is_picture(before)


def _is_picture(character: str) -> bool:
    if character == "" or character.isascii():
        return False
    category = unicodedata.category(character)
    # Beside symbols: one arrow, skin tones, and how the picture before is to look.
    others = character in "\u2194\ufe0f" or "\U0001f3fb" <= character <= "\U0001f3ff"
    return category == "So" or others or (category == "Cn" and _is_kept(character))
