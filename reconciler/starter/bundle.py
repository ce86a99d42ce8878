"""Finds the workflows that came with this package; they are the ones this project runs itself."""

from pathlib import Path

from reconciler.core.model.errors import SettingsError

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
