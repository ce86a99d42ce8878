"""What sdist and wheel say of themselves and hold."""

import base64
import csv
import hashlib
import io
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path
from typing import Any

from packaging.metadata import Metadata
from packaging.requirements import Requirement

from release.process import NotReleasable, demand
from release.version import project

IN_SDIST = ("pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md", "requirements/run.txt")


def check_wheel(wheel: Path) -> None:
    """Check a wheel: metadata, entry points, record, and that nothing strange lies in it.

    Raises:
        NotReleasable: something is wrong.
    """
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    stem = "-".join(wheel.name.split("-")[:2])
    information = f"{stem}.dist-info"
    strange = [name for name in files if not name.startswith((f"{information}/", "reconciler/"))]
    demand(not strange, f"{wheel.name} holds {strange}, which would be installed beside us")
    demand("reconciler/py.typed" in files, f"{wheel.name} lacks reconciler/py.typed")
    _check_metadata(wheel.name, files[f"{information}/METADATA"])
    points = files[f"{information}/entry_points.txt"].decode("utf-8")
    for name, target in project()["scripts"].items():
        demand(f"{name} = {target}" in points.splitlines(), f"{wheel.name}: no command {name}")
    _check_record(wheel.name, files, f"{information}/RECORD")


def check_sdist(sdist: Path) -> None:
    """Check an sdist: metadata, one directory of plain files, what builds and explains it.

    Raises:
        NotReleasable: something is wrong.
    """
    top = sdist.name.removesuffix(".tar.gz")
    with tarfile.open(sdist) as archive:
        members = archive.getmembers()
        content = archive.extractfile(f"{top}/PKG-INFO")
        metadata = content.read() if content else b""
    names = {member.name for member in members}
    strange = [
        member.name
        for member in members
        if not member.name.startswith(f"{top}/") or ".." in member.name or not member.isfile()
    ]
    demand(not strange, f"{sdist.name} holds {strange}: only files below {top} belong there")
    missing = [name for name in IN_SDIST if f"{top}/{name}" not in names]
    demand(not missing, f"{sdist.name} lacks {missing}")
    _check_metadata(sdist.name, metadata)


def _check_metadata(where: str, raw: bytes) -> None:
    try:
        told = Metadata.from_email(raw, validate=True)
    except ExceptionGroup as error:
        reasons = "; ".join(str(reason) for reason in error.exceptions)
        raise NotReleasable(f"{where}: its metadata are invalid: {reasons}") from error
    declared = project()
    _agree(where, "name", told.name, declared["name"])
    _agree(where, "version", str(told.version), declared["version"])
    _agree(where, "requires-python", str(told.requires_python), declared["requires-python"])
    _agree(where, "license", told.license_expression, declared["license"])
    _agree(where, "license files", told.license_files, declared["license-files"])
    wanted = {_plain(Requirement(text)) for text in declared["dependencies"]}
    needed = {_plain(item) for item in told.requires_dist or [] if item.marker is None}
    _agree(where, "dependencies", sorted(needed), sorted(wanted))
    payload = message_from_bytes(raw).get_payload()
    demand(len(str(payload)) > len(declared["description"]), f"{where}: no long description")
    _agree(where, "type of the description", told.description_content_type, "text/markdown")


def _plain(requirement: Requirement) -> str:
    return f"{requirement.name}{requirement.specifier}".lower()


def _agree(where: str, what: str, told: Any, declared: Any) -> None:
    demand(told == declared, f"{where}: {what} is {told!r}, pyproject.toml says {declared!r}")


def _check_record(where: str, files: dict[str, bytes], record: str) -> None:
    rows = csv.reader(io.StringIO(files[record].decode("utf-8")))
    recorded = {name: digest for name, digest, _ in rows}
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
        expected = "" if name == record else f"sha256={digest}"
        demand(recorded.pop(name, None) == expected, f"{where}: RECORD is wrong about {name}")
    demand(not recorded, f"{where}: RECORD names {sorted(recorded)}, which are not there")
