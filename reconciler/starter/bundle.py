"""What goes into another repository: workflows, the action, and the tool as its wheel."""

import re
from collections.abc import Iterable
from pathlib import Path

from reconciler.core.model.errors import SettingsError
from reconciler.starter.wheel import DISTRIBUTION, rebuilt_wheel

ACTION = ".github/actions/reconcile"
FOLDER = ".github/reconciler"
"""Where the action finds the tool when both were put into a repository."""
REQUIREMENTS = f"{FOLDER}/requirements.txt"
FILES = {
    ".github/workflows/plan.yml": ".github/workflows/plan.yml",
    ".github/workflows/apply.yml": ".github/workflows/apply.yml",
    ".github/workflows/drift.yml": ".github/workflows/drift.yml",
    f"{ACTION}/action.yml": f"{ACTION}/action.yml",
    REQUIREMENTS: "requirements/run.txt",
}
"""Path in a repository that uses them, and in this one."""


def bundled_workflows() -> dict[str, str]:
    """Return the text of each file by its path in a repository, from a wheel or a checkout.

    Raises:
        SettingsError: they are not there.
    """
    here = Path(__file__).parent
    checkout = here.parent.parent
    for source in (here / "bundle", checkout):
        files = {path: source / origin for path, origin in FILES.items()}
        if all(file.is_file() for file in files.values()):
            return {path: file.read_text(encoding="utf-8") for path, file in files.items()}
    raise SettingsError("the bundled workflows are missing: install the package again")


ACTION_FILE = f"{ACTION}/action.yml"

_WHEEL = re.compile(rf"^\./({DISTRIBUTION.replace('-', '_')}-([^-\s]+)-\S+\.whl) ", re.MULTILINE)


def vendored_files() -> dict[str, bytes]:
    """Return the files by their path in a repository; the action looks for them there.

    Raises:
        SettingsError: this program cannot be made a wheel again.
    """
    bundle, wheel = bundled_workflows(), rebuilt_wheel()
    pinned = f"{bundle[REQUIREMENTS].rstrip()}\n./{wheel.name} --hash=sha256:{wheel.sha256}\n"
    return {
        ACTION_FILE: bundle[ACTION_FILE].encode(),
        REQUIREMENTS: pinned.encode(),
        f"{FOLDER}/{wheel.name}": wheel.content,
    }


def wheel_in(requirements: str) -> tuple[str, str] | None:
    """Return the path and the version of the wheel that vendored `requirements` name."""
    found = _WHEEL.search(requirements)
    return (f"{FOLDER}/{found[1]}", found[2]) if found else None


def outdated(names: Iterable[str], files: Iterable[str]) -> tuple[str, ...]:
    """Return those of `names` in the folder of the wheel that are wheels beside `files`."""
    paths = (f"{FOLDER}/{name}" for name in names if _WHEEL.match(f"./{name} "))
    return tuple(sorted(set(paths) - set(files)))
