"""Finds and reads the files of declarations."""

import os
from collections.abc import Iterator
from pathlib import Path

from reconciler.core.errors import DeclarationError, Problem
from reconciler.core.manifest.reader import Source

SUFFIXES = (".yaml", ".yml")


def load(path: Path) -> list[Source]:
    """Return the files of a directory, found recursively, or the one file given, in sorted order.

    Hidden files and directories are skipped. Names are given as a user would type them.

    Raises:
        DeclarationError: the path does not exist or a file cannot be read.
    """
    sources: list[Source] = []
    problems: list[Problem] = []
    for file in _files(path, problems):
        try:
            sources.append(Source(str(file), file.read_bytes()))
        except OSError as error:
            problems.append(_unreadable(file, error))
    if problems:
        raise DeclarationError(problems)
    return sources


def _files(path: Path, problems: list[Problem]) -> list[Path]:
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises on names that are too long
        message = "no such file or directory: name the directory that holds the declarations"
        problems.append(Problem(str(path), 1, 1, message))
        return []
    return sorted(_walk(path, problems), key=lambda file: file.parts) if path.is_dir() else [path]


def _unreadable(file: Path, error: OSError) -> Problem:
    return Problem(str(file), 1, 1, f"cannot be read: {error.strerror}")


def _walk(directory: Path, problems: list[Problem]) -> Iterator[Path]:
    # A folder that is passed over in silence would look like declarations that were removed.
    def refused(error: OSError) -> None:
        problems.append(_unreadable(Path(error.filename), error))

    seen = {os.path.realpath(directory)}
    for root, folders, names in os.walk(directory, onerror=refused, followlinks=True):
        # A link may lead to a folder above, or to one that is read under another name.
        real = {os.path.realpath(Path(root) / name): name for name in sorted(folders, reverse=True)}
        folders[:] = sorted(name for at, name in real.items() if name[0] != "." and at not in seen)
        seen |= set(real)
        for name in names:
            if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                yield Path(root) / name
