"""Writes files that are not there yet, all or none."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Written:
    """Paths below the directory, sorted: those that are new and those that were there."""

    new: tuple[str, ...]
    kept: tuple[str, ...]


def write_missing(directory: Path, files: Mapping[str, str]) -> Written:
    """Write the `files` (text by path below `directory`) that do not exist; leave the others alone.

    Every path is looked at before the first is written; where writing fails, what was written is
    taken back.

    Raises:
        SettingsError: a path is blocked, or cannot be written.
    """
    for path in files:
        _check(directory, path)
    kept = tuple(sorted(path for path in files if os.path.lexists(directory / path)))
    new = tuple(sorted(files.keys() - set(kept)))
    done: list[Path] = []
    try:
        for path in new:
            _write(directory / path, files[path], done)
    except OSError as error:
        _take_back(done)
        raise SettingsError(
            f"{error.filename} cannot be written: {error.strerror}; nothing was written"
        ) from error
    return Written(new, kept)


def _check(directory: Path, path: str) -> None:
    file = directory / path
    if os.path.isdir(file):  # noqa: PTH112 - Path.is_dir raises where a folder may not be entered
        raise SettingsError(f"{file} is a directory, and a file is to stand there: move it")
    above = next(parent for parent in file.parents if os.path.lexists(parent))
    if not os.path.isdir(above):  # noqa: PTH112 - as above
        raise SettingsError(f"{above} is no directory: name another one, or move that file")
    if not os.path.lexists(file) and not os.access(above, os.W_OK | os.X_OK):
        raise SettingsError(f"{above} may not be written to: nothing was written")


def _write(file: Path, text: str, done: list[Path]) -> None:
    for folder in reversed([parent for parent in file.parents if not parent.exists()]):
        folder.mkdir()
        done.append(folder)
    with file.open("x", encoding="utf-8") as stream:
        done.append(file)
        stream.write(text)


def _take_back(done: Iterable[Path]) -> None:
    for path in reversed(list(done)):
        # The failure that led here is told, not one of tidying up.
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()
