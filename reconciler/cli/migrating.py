"""Migrate: SP-API declarations that take over from MWS ones, to stdout or a file."""

from collections.abc import Mapping
from pathlib import Path

from reconciler import wiring
from reconciler.cli import exits
from reconciler.cli.state import State, save_new
from reconciler.core.manifest.reader import Source
from reconciler.migration.mapping import Choices
from reconciler.migration.migrate import migrate
from reconciler.wiring import declarations

UNDECLARED = (
    "nothing to migrate: no MWS subscription is declared. Where there are live ones, have them "
    "written down first with `reconciler export`"
)


def migrate_to(
    state: State, path: Path, out: Path | None, sellers: Mapping[str, str], *, keep_first: bool
) -> int:
    """Write what takes over from the MWS declarations at `path` to `out`, or to stdout."""
    declared = declarations(path)
    migrated = migrate(declared, wiring.SERVICES, Choices(sellers, keep_first))
    for note in migrated.notes:
        state.say(note)
    if not migrated.text:
        state.say("nothing to write" if migrated.notes else UNDECLARED)
        return exits.DONE
    content = migrated.text.encode()
    # What is not valid beside the declarations is told here rather than by the next plan.
    declarations(path, beside=Source(str(out or "<migrated>"), content))
    if out is None:
        state.result(migrated.text)
    else:
        save_new(out, content)
        state.say(f"{migrated.subscriptions} SP-API subscriptions written to {out}")
    return exits.DONE
