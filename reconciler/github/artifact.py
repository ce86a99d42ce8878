"""The newest snapshot among the artifacts: which runs are believed, what an archive holds."""

import io
import zipfile
import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from reconciler.core.model.errors import SettingsError

FOLDER = ".github/workflows/"
SHIPPED = ("apply.yml", "drift.yml")
"""The workflows that leave snapshots."""
EVENTS = ("push", "schedule", "workflow_dispatch")
"""What sets off a run of a branch's own code; a pull request's code is not that of its base."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a workflow. `repository` is the one its commit is in, empty if it is gone.

    `path` is the workflow's file and `called` are the workflows it calls, both as GitHub writes
    them: `.github/workflows/drift.yml`, perhaps with the repository before it and `@REF` after it.
    """

    path: str
    called: tuple[str, ...]
    event: str
    repository: str
    sha: str


def believed(run: Run, repository: str, workflows: Collection[str]) -> bool:
    """Say whether a run is of one of the workflows, in this repository, by an event of its own.

    A workflow that calls one of these counts as it. Whether the run's commit is on the default
    branch is asked elsewhere.
    """
    if run.repository != repository or run.event not in EVENTS:
        return False
    files = {run.path.partition("@")[0].removeprefix(f"{repository}/")}
    called = (path.partition("@")[0] for path in run.called)
    files |= {FOLDER + path.partition(f"/{FOLDER}")[2] for path in called}
    return any(FOLDER + name in files for name in workflows)


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
