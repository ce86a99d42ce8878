"""What a former snapshot tells about now."""

from dataclasses import replace
from pathlib import Path

from reconciler.cli.session import RunRequest, planned
from reconciler.cli.state import State
from reconciler.core.model.errors import ReconcilerError
from reconciler.core.verdicts.drift import is_live


def was_live(state: State, request: RunRequest, snapshot: Path) -> bool:
    """Say whether a snapshot holds anything of the stack; one that cannot be used may have."""
    try:
        with planned(state, replace(request, live=snapshot, since=None)) as session:
            return is_live(session.plan)
    except ReconcilerError as error:
        state.say(
            f"{snapshot} does not tell whether the stack was applied before: {error} (warning)"
        )
        return True
