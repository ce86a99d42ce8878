"""The newest snapshot among the artifacts of a repository, and what is inside its archive."""

import io
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.model.errors import SettingsError

MEMBER = "snapshot.json"
ARCHIVE_BYTES = 32 * 1024 * 1024
CONTENT_BYTES = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Artifact:
    """An artifact and the run that made it; `fork` says that the run was of another repository.

    `branch` is a name, which a tag or a branch of a fork can have, too.
    """

    id: int
    name: str
    created_at: datetime
    expired: bool
    run: int
    branch: str
    fork: bool
    archive_url: str


def candidates(artifacts: Iterable[Artifact], name: str, branch: str) -> list[Artifact]:
    """Return the artifacts of that name that a run of `branch` may have made, newest first.

    Whoever opens a pull request can have a run upload any file under any name, and whoever may push
    can give a tag any name: what is left here is to be held against its run.
    """
    found = (
        item
        for item in artifacts
        if item.name == name and item.branch == branch and not item.fork and not item.expired
    )
    return sorted(found, key=lambda item: (item.created_at, item.id), reverse=True)


def content(archive: bytes, limit: int = CONTENT_BYTES) -> bytes:
    """Return the snapshot in an artifact's zip archive; no name in it is used as a path.

    Raises:
        SettingsError: the archive is damaged, too large, or holds anything else.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            if opened.namelist() != [MEMBER]:
                raise SettingsError(f"the artifact does not hold {MEMBER} alone: take a new one")
            with opened.open(MEMBER) as member:
                # What the archive says about its size is not to be trusted.
                found = member.read(limit + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise SettingsError("the artifact is no sound zip archive: take a new one") from error
    if len(found) > limit:
        raise SettingsError(f"the artifact's {MEMBER} is larger than {limit:,} bytes: not taken")
    return found
