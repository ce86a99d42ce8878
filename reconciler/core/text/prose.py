"""Text for a terminal: paragraphs, items and headings, wrapped alike."""

import textwrap

_WIDTH = 80


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
