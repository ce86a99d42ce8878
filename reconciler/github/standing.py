"""How a commit stands to the default branch: what came after it, and whether it matters."""

from dataclasses import dataclass

from reconciler.github.concern import within

MOST_FILES = 300
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
        if self.status != "ahead" or len(self.files) >= MOST_FILES or folder.startswith(".."):
            return False
        return not any(within(file, folder) for file in self.files)
