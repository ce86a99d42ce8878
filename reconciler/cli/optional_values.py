"""Options whose value may be left out, which the library of the command line does not know."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from typer.core import TyperCommand

OPTIONAL = {"--arrivals": ("7d", re.compile(r"[0-9]+[smhd]?"))}
"""By option, the value that it has without one, and what its values look like."""


class Command(TyperCommand):
    """A command that takes `--arrivals`, `--arrivals 14d` and `--arrivals PATH`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, after giving options their values where these are left out."""
        return super().parse_args(ctx, list(_completed(args)))


def _completed(words: Sequence[str]) -> Iterator[str]:
    options = True
    for word, following in pairwise((*words, "")):
        yield word
        options = options and word != "--"
        if options and word in OPTIONAL:
            value, pattern = OPTIONAL[word]
            if not pattern.fullmatch(following):
                yield value
