"""Whether a pull request has anything to do with the declarations."""

from collections.abc import Sequence

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
