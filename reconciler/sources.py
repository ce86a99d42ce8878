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
    if not path.exists():
        message = "no such file or directory: name the directory that holds the declarations"
        raise DeclarationError([Problem(str(path), 1, 1, message)])
    sources: list[Source] = []
    problems: list[Problem] = []
    for file in _files(path) if path.is_dir() else [path]:
        try:
            sources.append(Source(str(file), file.read_bytes()))
        except OSError as error:
            problems.append(Problem(str(file), 1, 1, f"cannot be read: {error.strerror}"))
    if problems:
        raise DeclarationError(problems)
    return sources


def _files(directory: Path) -> list[Path]:
    return sorted(_walk(directory), key=lambda file: file.parts)


def _walk(directory: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(directory):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.endswith(SUFFIXES) and not name.startswith("."):
                yield Path(root) / name
