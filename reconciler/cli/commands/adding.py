"""The command that adds a line to the declarations, and shows what it would do.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

from enum import StrEnum
from typing import Annotated

import typer

from reconciler.cli.options import (
    DEFAULT_PATH,
    AllowHostOption,
    PathArgument,
    SandboxOption,
)
from reconciler.cli.state import state_of


class Addable(StrEnum):
    """What can be added by a command."""

    seller = "seller"


def add(
    context: typer.Context,
    what: Annotated[Addable, typer.Argument(metavar="seller", help="What to add.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="How the declarations call it.")],
    path: PathArgument = DEFAULT_PATH,
    account: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The account; may be left out where only one has any."),
    ] = None,
    refresh_token: Annotated[
        str | None,
        typer.Option(
            metavar="REFERENCE",
            help="Where the refresh token is kept (env:NAME, aws-secretsmanager:ID, ...); left "
            "out, it follows the other sellers' pattern.",
        ),
    ] = None,
    label: Annotated[
        list[str],
        typer.Option(metavar="NAME=VALUE", help="What it may be chosen by; a column of a table."),
    ] = [],  # noqa: B006 - typer makes a new list for each run
    allow_host: AllowHostOption = [],  # noqa: B006 - as above
    sandbox: SandboxOption = None,
) -> int:
    """Write the lines of a new seller, and show its plan alone."""
    from reconciler.cli.adding import NewMember, add_to

    new = NewMember(what.value, name, account, refresh_token, tuple(label))
    return add_to(state_of(context), path, new, sandbox=sandbox, allow_hosts=tuple(allow_host))
