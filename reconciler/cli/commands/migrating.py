"""migrate: SP-API declarations that take over from MWS ones, to stdout or a file.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli import exits
from reconciler.cli.option_values import as_seller
from reconciler.cli.options import (
    DEFAULT_PATH,
    PathArgument,
)
from reconciler.cli.state import State, save_new, state_of
from reconciler.core.text.phrases import counted

UNDECLARED = (
    "nothing to migrate: no MWS subscription is declared. Where there are live ones, have them "
    "written down first with `reconciler export`"
)


SellerOption = Annotated[
    list[str],
    typer.Option(
        metavar="SELLERID=NAME",
        parser=as_seller,
        help="The SP-API seller that an MWS seller id is (repeatable).",
    ),
]


def migrate(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write; left out, to stdout.")
    ] = None,
    seller: SellerOption = [],  # noqa: B006 - typer makes a new list for each run
    keep_first: Annotated[
        bool,
        typer.Option(
            "--keep-first",
            help="Where MWS sent one type to several queues, keep the first by name.",
        ),
    ] = False,
) -> int:
    """Write the SP-API declarations that take over from MWS ones.

    The comment at their head tells the way over.
    """
    sellers = {key: name for key, _, name in (item.partition("=") for item in seller)}
    return migrate_to(state_of(context), path, out, sellers, keep_first=keep_first)


def migrate_to(
    state: State, path: Path, out: Path | None, sellers: Mapping[str, str], *, keep_first: bool
) -> int:
    """Write what takes over from the MWS declarations at `path` to `out`, or to stdout."""
    from reconciler import wiring
    from reconciler.core.manifest.reader import Source
    from reconciler.migration.mapping import Choices
    from reconciler.migration.migrate import migrate as migrate_declared
    from reconciler.wiring import declarations

    declared = declarations(path)
    migrated = migrate_declared(declared, wiring.SERVICES, Choices(sellers, keep_first))
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
        written = counted(migrated.subscriptions, "SP-API subscription")
        state.say(f"{written} written to {out}")
    return exits.DONE
