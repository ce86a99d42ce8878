"""Whether changed files concern the declarations: those of a pull request, or since a commit."""

from collections.abc import Sequence
from dataclasses import dataclass

MOST_FILES = 3000
"""GitHub names no more files of a pull request than this; where there are so many, perhaps more."""
_TOOL = (".github/workflows", ".github/actions", ".github/reconciler")
"""What decides which tool looks at the declarations, and how."""


def concerns(files: Sequence[str], folder: str) -> bool:
    """Say whether a pull request that changes `files` concerns the declarations in `folder`.

    Both are relative to the repository; a folder that is not in it may hold anything, and what lies
    beside a single file may belong to it.
    """
    if folder.lower().endswith((".yaml", ".yml")):
        folder = folder.rpartition("/")[0] or "."
    if len(files) >= MOST_FILES or folder.startswith(".."):
        return True
    return any(within(file, place) for file in files for place in (folder, *_TOOL))


def within(file: str, folder: str) -> bool:
    """Say whether a file is a folder's, or is what is called one; `.` holds everything."""
    return folder == "." or file == folder or file.startswith(f"{folder}/")


MOST_CHANGED = 300
"""GitHub names no more files than this; where there are so many, there may be others."""


@dataclass(frozen=True, slots=True)
class Since:
    """What a branch has more than a commit. `status` is GitHub's word for how the two stand.

    `files` are the first changed ones, as they are called and as they were.
    """

    status: str
    files: tuple[str, ...]

    @property
    def on_branch(self) -> bool:
        """Say whether the commit is the branch's newest or one of those before it."""
        return self.status in ("identical", "ahead")

    def untouched(self, folder: str) -> bool:
        """Say whether the commit is on the branch and no file of a folder was changed after it.

        `folder` is relative to the repository; one that is not in it may hold anything.
        """
        if self.status == "identical":
            return True
        if self.status != "ahead" or len(self.files) >= MOST_CHANGED or folder.startswith(".."):
            return False
        return not any(within(file, folder) for file in self.files)
