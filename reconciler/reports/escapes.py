"""Text in Markdown that nothing inside it can break out of."""

import re
from collections.abc import Iterator, Sequence

from reconciler.core.text.visible import visible


def code(text: str) -> str:
    """Return `text` as a code span that nothing inside it can end."""
    # An empty span would be a fence without an end, which text that follows could close.
    text = visible(text) or " "
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def block(lines: Sequence[str], language: str) -> Iterator[str]:
    """Yield a fenced code block that nothing inside it can end."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield fence + language
    yield from lines
    yield fence


def plain(text: str) -> str:
    """Return a sentence of ours with everything escaped that Markdown or HTML would act upon."""
    text = re.sub(r"([\\`*_{}\[\]<>()#|!~&]|:(?=//)|(?<=www)\.)", r"\\\1", visible(text))
    # GitHub looks for mentions and references after Markdown has taken its escapes away.
    return re.sub(r"(@|\\#)", r"\1&#8203;", text.replace("\\&", "&amp;"))
