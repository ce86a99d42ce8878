"""Regular expressions that are compiled when they are first used: a run needs few of them all."""

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import AnyStr, Generic


class Expression(Generic[AnyStr]):
    """One that has the methods of `re.Pattern` which are asked for."""

    def __init__(self, text: AnyStr, flags: int = 0) -> None:
        self._text: AnyStr = text
        self._flags = flags

    @property
    def _compiled(self) -> re.Pattern[AnyStr]:
        return re.compile(self._text, self._flags)  # which `re` keeps

    @cached_property
    def fullmatch(self) -> Callable[[AnyStr], re.Match[AnyStr] | None]:
        """Match the whole of a text."""
        return self._compiled.fullmatch

    @cached_property
    def match(self) -> Callable[[AnyStr], re.Match[AnyStr] | None]:
        """Match the beginning of a text."""
        return self._compiled.match

    @cached_property
    def search(self) -> Callable[[AnyStr], re.Match[AnyStr] | None]:
        """Find the first match."""
        return self._compiled.search

    @cached_property
    def finditer(self) -> Callable[..., Iterator[re.Match[AnyStr]]]:
        """Find all matches, in the whole text or between two places of it."""
        return self._compiled.finditer

    @cached_property
    def findall(self) -> Callable[[AnyStr], list[AnyStr]]:
        """Find all texts that match."""
        return self._compiled.findall

    @cached_property
    def sub(self) -> "Callable[[AnyStr | Callable[[re.Match[AnyStr]], AnyStr], AnyStr], AnyStr]":
        """Replace all matches."""
        return self._compiled.sub
