"""Files that are written whole or not at all.

The content goes to a new file beside the old one, reaches the disk, and takes its place in one
step. A full disk or a crash leaves what was there before.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_MOST_LINKS = 40


def write_whole(file: Path, content: bytes, mode: int | None = None) -> None:
    """Put `content` in the place of what a file holds; a new file is made where there is none.

    What a link leads to is replaced, not the link. Mode and owner stay as they were, unless `mode`
    is given. What is no file of its own (a pipe, a terminal, `/dev/stdout`) is written to.

    Raises:
        OSError: it cannot be written; what was there is there still.
    """
    if _is_stream(file):
        _write_through(file, content)
        return
    real = Path(os.path.realpath(file))
    with suppress(FileNotFoundError):
        former = real.stat()
        mode = former.st_mode if mode is None else mode
        with _beside(real, content, mode) as new:
            with suppress(OSError):  # only an administrator may give files away
                os.chown(new, former.st_uid, former.st_gid)
                new.chmod(stat.S_IMODE(mode))
            new.replace(real)
        return
    with _beside(real, content, mode) as new:
        new.replace(real)


def write_new(file: Path, content: bytes) -> None:
    """Write a file that is not there yet.

    Raises:
        FileExistsError: there is one.
        OSError: it cannot be written, and is not there.
    """
    if os.path.lexists(file):
        raise FileExistsError(17, "File exists", str(file))
    with _beside(file, content, None) as new:
        try:
            # Unlike a rename, this fails where somebody else was faster.
            os.link(new, file)
        except FileExistsError:
            raise FileExistsError(17, "File exists", str(file)) from None
        except OSError:  # not every file system has links
            new.replace(file)
        else:
            new.unlink()


@contextmanager
def _beside(file: Path, content: bytes, mode: int | None) -> Iterator[Path]:
    """Give a new file with `content`, on disk, in the directory of `file`; none is left behind."""
    import secrets  # loads much that few commands need

    new = file.with_name(f".{secrets.token_hex(8)}.new")
    try:
        with new.open("xb") as stream:
            # Before anything is in it: the old file may be for its owner's eyes only.
            if mode is not None:
                new.chmod(stat.S_IMODE(mode))
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        yield new
    except OSError as error:
        # People know the file by its own name.
        error.filename, error.filename2 = str(file), None
        raise
    finally:
        new.unlink(missing_ok=True)
    _settle(file.parent)


def _settle(directory: Path) -> None:
    """Have the directory's own change reach the disk, where the system knows how."""
    with suppress(OSError):
        number = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _is_stream(file: Path) -> bool:
    """Say whether something is there that is no file of its own, such as an open one's number."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return not file.is_dir()
    except OSError:
        return False
    hop = file
    for _ in range(_MOST_LINKS):
        where = Path(os.path.realpath(hop.parent))
        if where.is_relative_to("/dev") or where.is_relative_to("/proc"):
            return True
        if not hop.is_symlink():
            return False
        hop = where / hop.readlink()
    return False


def _write_through(file: Path, content: bytes) -> None:
    # Appended, so that the shell's own redirection into a file is not undone.
    number = os.open(file, os.O_WRONLY | os.O_APPEND)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(number, left) :]
    finally:
        os.close(number)
