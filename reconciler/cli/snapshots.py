"""Live state to a file and back."""

from collections.abc import Sequence
from pathlib import Path

from reconciler.api import read_snapshot
from reconciler.cli import exits
from reconciler.cli.request import RunRequest
from reconciler.cli.session import opened, watched
from reconciler.cli.state import State
from reconciler.core.model.errors import PlanRefused
from reconciler.core.text.phrases import counted
from reconciler.core.world.merging import merge
from reconciler.core.world.snapshot import Snapshot
from reconciler.core.world.snapshot import opened as unsealed
from reconciler.reports import as_json
from reconciler.run import snapshot


def snapshot_to(state: State, request: RunRequest, out: Path | None) -> int:
    """Observe the accounts that a plan of `request` reads; write them to `out`, or to stdout."""
    with opened(state, request) as session, watched(state) as ticker:
        taken = snapshot(session, progress=ticker)
    unread = taken.observation.unread
    for item in unread:
        state.say(f"not read: {item.reason}")
    _write(state, taken.snapshot, out)
    return exits.ERROR if unread else exits.DONE


def merge_to(state: State, files: Sequence[Path], declared: Path | None, out: Path | None) -> int:
    """Make one snapshot of several, and write it to `out`, or to stdout.

    Raises:
        PlanRefused: one was damaged, or they do not belong together, or not to what is `declared`.
    """
    from reconciler.wiring import declarations

    found = []
    for file in files:
        try:
            found.append(unsealed(read_snapshot(file)))
        except PlanRefused as error:
            raise type(error)(f"{file}: {error}") from error
    merged = merge(found)
    if declared is not None and (stack := declarations(declared).stack) != merged.stack:
        raise PlanRefused(
            f"the snapshots are of stack {merged.stack!r}, {declared} is of {stack!r}"
        )
    _write(state, merged, out)
    return exits.DONE


def _write(state: State, snapshot: Snapshot, out: Path | None) -> None:
    text = as_json.render(snapshot)
    scrubbed = state.secrets.scrub_result(text)
    if scrubbed != text:
        # A live object may hold a secret, in a tag; the digest is of what is written.
        text = as_json.render(Snapshot.model_validate_json(scrubbed).sealed())
    if out is None:
        state.result(text)
        return
    state.save(out, text)
    state.say(f"{counted(len(snapshot.live), 'live object')} written to {out}")
