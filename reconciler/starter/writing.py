"""Writes files that are not there yet and changes those that are, all or none."""

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.model.errors import SettingsError
from reconciler.files.whole import write_new, write_whole


@dataclass(frozen=True, slots=True)
class WrittenFiles:
    """Paths below the directory, sorted: new ones, those left as they were, changed, removed."""

    new: tuple[str, ...]
    kept: tuple[str, ...]
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


def write_files(
    directory: Path,
    files: Mapping[str, bytes],
    changes: Mapping[str, bytes] | None = None,
    removed: Iterable[str] = (),
) -> WrittenFiles:
    """Write the `files` (content by path below `directory`) that do not exist; keep the others.

    Every path is looked at before the first is written; where writing fails, everything is put back
    as it was.

    Args:
        directory: made where it is not there.
        files: what is to be there.
        changes: what existing files are to hold from now on; the others of `files` are left alone.
        removed: files that are to go.

    Raises:
        SettingsError: a path is blocked, or cannot be written.
    """
    changes, undo = changes or {}, list[Callable[[], object]]()
    for path in (*files, *changes):
        _check(directory, path, changing=path in changes)
    there = {path for path in files if os.path.lexists(directory / path)}
    new, gone = sorted(files.keys() - there), sorted(removed)
    try:
        changed = [path for path in sorted(changes) if _differs(directory / path, changes[path])]
        for path in new:
            _write(directory / path, files[path], undo)
        for path in changed:
            _replace(directory / path, changes[path], undo)
        for path in gone:
            _remove(directory / path, undo)
    except BaseException as error:
        _take_back(undo)
        if isinstance(error, OSError):
            raise SettingsError(
                f"{error.filename} cannot be written: {error.strerror}; nothing was written"
            ) from error
        raise
    kept = sorted(there - set(changed) - set(gone))
    return WrittenFiles(tuple(new), tuple(kept), tuple(changed), tuple(gone))


def _check(directory: Path, path: str, *, changing: bool) -> None:
    file = directory / path
    if os.path.isdir(file):  # noqa: PTH112 - Path.is_dir raises where a folder may not be entered
        raise SettingsError(f"{file} is a directory, and a file is to stand there: move it")
    above = next(parent for parent in file.parents if os.path.lexists(parent))
    if not os.path.isdir(above):  # noqa: PTH112 - as above
        raise SettingsError(f"{above} is no directory: name another one, or move that file")
    written = changing or not os.path.lexists(file)
    if written and not os.access(above, os.W_OK | os.X_OK):
        raise SettingsError(f"{above} may not be written to: nothing was written")


def _differs(file: Path, content: bytes) -> bool:
    return file.read_bytes() != content


def _write(file: Path, content: bytes, undo: list[Callable[[], object]]) -> None:
    for folder in reversed([parent for parent in file.parents if not parent.exists()]):
        folder.mkdir()
        undo.append(folder.rmdir)
    write_new(file, content)
    undo.append(file.unlink)


def _replace(file: Path, content: bytes, undo: list[Callable[[], object]]) -> None:
    """Put `content` in the place of a file's in one step; where it is a link, what it leads to."""
    before = file.read_bytes()
    write_whole(file, content)
    undo.append(lambda: write_whole(file, before))


def _remove(file: Path, undo: list[Callable[[], object]]) -> None:
    before, mode = file.read_bytes(), file.stat().st_mode
    file.unlink()
    undo.append(lambda: write_whole(file, before, mode))


def _take_back(undo: Iterable[Callable[[], object]]) -> None:
    for step in reversed(list(undo)):
        # The failure that led here is told, not one of tidying up.
        with suppress(OSError):
            step()
