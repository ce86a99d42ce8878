"""Finds and reads the files of declarations: regular ones, within their directory.

Whoever proposes declarations chooses the files, and errors quote what stands in them. So a link is
no way to what lies elsewhere on the machine that checks them.
"""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from reconciler.core.manifest.reader import Source
from reconciler.core.manifest.tables import OpenTable, TableUnreadable
from reconciler.core.model.errors import DeclarationError, Problem

SUFFIXES = (".yaml", ".yml")
TABLE_SUFFIX = ".csv"
MOST_BYTES = 32 * 1024 * 1024

# A FIFO would keep the reader waiting for a writer. Not every system has these.
_OPEN = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
)


class Unreadable(Exception):
    """A file that is not read; the text says why, as the rest of a sentence about it."""


def load(path: Path) -> list[Source]:
    """Return the files of a directory, found recursively, or the one file given, in sorted order.

    Hidden files and directories are skipped. Names are given as a user would type them.

    Raises:
        DeclarationError: the path does not exist, or a file cannot be read or must not be.
    """
    sources: list[Source] = []
    problems: list[Problem] = []
    for file in _files(path, problems):
        try:
            sources.append(Source(str(file.name), read_regular(file.real)))
        except Unreadable as error:
            problems.append(_about(file.name, str(error)))
    if problems:
        raise DeclarationError(problems)
    return sources


def table_opener(path: Path) -> OpenTable:
    """Return what reads the tables that the declarations at `path` refer to.

    A table is a CSV file in their directory; its name is taken from where the file that names it
    lies.
    """
    root = Path(os.path.realpath(path if path.is_dir() else path.parent))

    def open_table(name: str, beside: str) -> tuple[str, bytes]:
        if "\0" in name:
            raise TableUnreadable("has a name that no file can have")
        file = Path(beside).parent / name
        real = Path(os.path.realpath(file))
        if not name.lower().endswith(TABLE_SUFFIX):
            raise TableUnreadable("is a CSV file, whose name ends in .csv")
        if not real.is_relative_to(root):
            raise TableUnreadable("lies outside the directory of the declarations: put it there")
        if not os.path.lexists(file):
            raise TableUnreadable(f"{file} does not exist")
        try:
            return str(file), read_regular(real)
        except Unreadable as error:
            raise TableUnreadable(f"{file} {error}") from error

    return open_table


def _about(name: Path, message: str) -> Problem:
    """Return what is wrong with a file; one that is not there has no first line either."""
    at = int(os.path.exists(name))  # noqa: PTH110 - Path.exists raises on names that are too long
    return Problem(str(name), at, at, message)


def read_regular(real: Path) -> bytes:
    """Return what a regular file holds; `real` is its path without links.

    Raises:
        Unreadable: it is something else, too large, or cannot be read.
    """
    try:
        number = os.open(real, _OPEN)
        with os.fdopen(number, "rb") as stream:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise Unreadable("is no regular file, and only such are read")
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise Unreadable(f"is larger than {MOST_BYTES >> 20} MiB: split it into several files")
    return content


class _File(NamedTuple):
    """A file as it is called, and where it lies without links."""

    name: Path
    real: Path


def _files(path: Path, problems: list[Problem]) -> list[_File]:
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises on names that are too long
        message = "no such file or directory: name the directory that holds the declarations"
        problems.append(Problem(str(path), 0, 0, message))
        return []
    real = Path(os.path.realpath(path))
    if _is_link(path) and not _is_within(real, path.parent, Path()):
        message = "is a link that leads out of its directory: give the path it leads to"
        problems.append(Problem(str(path), 1, 1, message))
        return []
    if not path.is_dir():
        return [_File(path, real)]
    return list(_Walk(path, real, problems).files())


def _is_link(path: Path) -> bool:
    return os.path.islink(path)  # noqa: PTH114 - Path.is_symlink raises on names that are too long


def _is_within(real: Path, *directories: Path) -> bool:
    return any(real.is_relative_to(os.path.realpath(directory)) for directory in directories)


class _Walk:
    """One directory with everything below it; what is not read is added to `problems`."""

    def __init__(self, directory: Path, real: Path, problems: list[Problem]) -> None:
        self._directory = directory
        self._real = real
        self._problems = problems

    def files(self) -> Iterator[_File]:
        """Yield the files of declarations in sorted order, each once however often it is linked."""
        seen: set[Path] = set()
        for name in sorted(self._names(), key=lambda file: file.parts):
            real = self._within(name)
            if real is not None and real not in seen:
                seen.add(real)
                yield _File(name, real)

    def _names(self) -> Iterator[Path]:
        seen = {self._real}
        # A folder that is passed over in silence would look like declarations that were removed.
        for root, folders, names in os.walk(
            self._directory, onerror=self._not_entered, followlinks=True
        ):
            there = [Path(root) / name for name in sorted(folders) if not name.startswith(".")]
            # What is no link comes first: a folder is read under its own name.
            there.sort(key=_is_link)
            entered: dict[str, Path] = {}
            for folder in there:
                real = self._within(folder)
                if real is not None and real not in seen:
                    seen.add(real)
                    entered[folder.name] = folder
            folders[:] = sorted(entered)
            yield from (
                Path(root) / name
                for name in names
                if name.lower().endswith(SUFFIXES) and not name.startswith(".")
            )

    def _within(self, name: Path) -> Path | None:
        """Return where a file or folder lies without links, None if that must not be looked at."""
        try:
            real = Path(os.path.realpath(name, strict=_is_link(name)))
        except OSError as error:
            circle = error.errno == errno.ELOOP
            reason = f"cannot be read: {error.strerror}"
            self._fail(name, "is a link that leads back to itself" if circle else reason)
        else:
            if not real.is_relative_to(self._real):
                self._fail(name, "is a link that leads out of the directory of the declarations")
            elif _is_link(name) and Path(os.path.realpath(name.parent)).is_relative_to(real):
                self._fail(name, "is a link to a folder that it lies in, which would never end")
            else:
                return real
        return None

    def _not_entered(self, error: OSError) -> None:
        self._fail(Path(error.filename), f"cannot be read: {error.strerror}")

    def _fail(self, name: Path, message: str) -> None:
        self._problems.append(_about(name, message))
