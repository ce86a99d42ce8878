"""The tool inside a repository: its wheel, all that it needs by version and hash, the action."""

import re
from collections.abc import Iterable

from reconciler.starter.bundle import ACTION, FOLDER, REQUIREMENTS, bundled_workflows
from reconciler.starter.wheel import DISTRIBUTION, rebuilt_wheel

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
