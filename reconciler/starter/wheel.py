"""The wheel that this program was installed from, made again from what is installed.

pip leaves no wheel behind, but every file of it, with its hash. The same files always make the same
bytes, whichever Python or system makes them: they are stored as they are (compression differs with
the library), in order, and at one time.
"""

import base64
import csv
import hashlib
import io
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from reconciler.core.model.errors import SettingsError

DISTRIBUTION = "subscription-reconciler"
PACKAGE = "reconciler"
HOME = Path(__file__).resolve().parents[2]
"""Where this package stands: site-packages, or a checkout."""
RELEASED = f"{PACKAGE}/starter/source.txt"
"""OWNER/NAME@COMMIT that a release was built from; what a checkout holds may be something else."""

_THEN = (2020, 2, 2, 0, 0, 0)
_MODE = 0o100644 << 16
_UNIX = 3
# What an installer adds beside these is about the installation.
_ABOUT = {"METADATA", "WHEEL", "entry_points.txt"}
_ABOUT_FOLDERS = {"licenses", "sboms"}


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel: the name of its file and its bytes."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """Return its digest, as pip's `--hash` takes it."""
        return hashlib.sha256(self.content).hexdigest()


def rebuilt_wheel() -> Wheel:
    """Return the wheel of this very program.

    Raises:
        SettingsError: it is not installed, or no longer as it was installed.
    """
    distribution = installed_distribution()
    if distribution is None:
        raise SettingsError(
            f"the package {DISTRIBUTION} is not installed here, so there is no wheel to put into "
            "the repository: install it, or name its source with --tool OWNER/NAME@COMMIT"
        )
    stem = f"{DISTRIBUTION.replace('-', '_')}-{distribution.version}"
    about = f"{stem}.dist-info"
    if is_checkout(distribution):
        files = {**_about(distribution, about), **dict(_in_checkout(HOME))}
        files.pop(RELEASED, None)
    else:
        files = dict(_as_recorded(distribution, about))
    lacking = sorted({f"{about}/METADATA", f"{about}/WHEEL"} - files.keys())
    if lacking:
        raise _changed(lacking[0])
    return Wheel(f"{stem}-py3-none-any.whl", packed(files, about))


def installed_distribution() -> metadata.Distribution | None:
    """Return what is installed under this program's name."""
    try:
        return metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return None


def is_checkout(distribution: metadata.Distribution) -> bool:
    """Say whether this package is a source tree, and not what the distribution brought."""
    return not any(
        file.as_posix() == f"{PACKAGE}/__init__.py"
        and Path(str(file.locate())).resolve().parents[1] == HOME
        for file in distribution.files or ()
    )


def packed(files: Mapping[str, bytes], about: str) -> bytes:
    """Return the wheel that holds `files`; `about` is its folder of metadata."""
    names = sorted(files, key=lambda name: (name.startswith(about), name))
    record, lines = f"{about}/RECORD", io.StringIO()
    table = csv.writer(lines, lineterminator="\n")
    for name in names:
        table.writerow((name, f"sha256={_digest(files[name])}", len(files[name])))
    table.writerow((record, "", ""))
    content = io.BytesIO()
    with ZipFile(content, "w", ZIP_STORED) as wheel:
        for name in names:
            wheel.writestr(_entry(name), files[name])
        wheel.writestr(_entry(record), lines.getvalue().encode())
    return content.getvalue()


def _entry(name: str) -> ZipInfo:
    entry = ZipInfo(name, _THEN)
    entry.external_attr, entry.create_system = _MODE, _UNIX
    return entry


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def _as_recorded(distribution: metadata.Distribution, about: str) -> Iterator[tuple[str, bytes]]:
    for file in distribution.files or ():
        name = file.as_posix()
        if _belongs(name, about):
            content = _read(Path(str(file.locate())))
            if file.hash is not None and file.hash.value != _digest(content):
                raise _changed(name)
            yield name, content


def _belongs(name: str, about: str) -> bool:
    top, *rest = PurePosixPath(name).parts
    if top == PACKAGE:
        return "__pycache__" not in rest
    return top == about and (rest[0] in _ABOUT_FOLDERS or (len(rest) == 1 and rest[0] in _ABOUT))


def _about(distribution: metadata.Distribution, about: str) -> dict[str, bytes]:
    return {
        name: content
        for name, content in _as_recorded(distribution, about)
        if not name.startswith(f"{PACKAGE}/")
    }


def _in_checkout(root: Path) -> Iterator[tuple[str, bytes]]:
    """Give what the project's own build puts into the wheel."""
    target = _project(root)["tool"]["hatch"]["build"]["targets"]["wheel"]
    for package in target["packages"]:
        yield from _below(root / package, package)
    for origin, name in target["force-include"].items():
        if (root / origin).is_dir():
            yield from _below(root / origin, name)
        else:
            yield name, _read(root / origin)


def _project(root: Path) -> dict[str, Any]:
    return tomllib.loads(_read(root / "pyproject.toml").decode())


def _below(folder: Path, name: str) -> Iterator[tuple[str, bytes]]:
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder)
        hidden = any(part.startswith(".") for part in path.parts)
        if file.is_file() and not hidden and "__pycache__" not in path.parts:
            yield f"{name}/{path.as_posix()}", _read(file)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise _changed(str(file)) from error


def _changed(name: str) -> SettingsError:
    return SettingsError(
        f"{name} is not as it was installed, so the wheel cannot be made again: install the "
        "package again, or name its source with --tool OWNER/NAME@COMMIT"
    )
