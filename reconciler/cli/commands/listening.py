"""listen: receives Merchant's pushes.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

from typing import Annotated

import typer

from reconciler.cli.options import (
    DEFAULT_PATH,
    AllowHostOption,
    ListenFormat,
    PathArgument,
    SandboxOption,
)
from reconciler.cli.state import state_of


def listen(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where to listen; 0.0.0.0 for everybody.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(metavar="PORT", min=0, max=65535, help="0 for any that is free.")
    ] = 8080,
    command: Annotated[
        str | None,
        typer.Option(
            "--exec",
            metavar="COMMAND",
            help="Give each push to this program, on its stdin, instead of a queue; it has it when "
            "it ends with 0.",
        ),
    ] = None,
    secret: Annotated[
        list[str],
        typer.Option(
            metavar="REFERENCE",
            help="Take this secret, too, where a call back has {secret}: while one is replaced.",
        ),
    ] = [],  # noqa: B006 - typer makes a new list for each run
    form: Annotated[
        ListenFormat, typer.Option("--format", help="How pushes are printed that no queue takes.")
    ] = ListenFormat.text,
    allow_host: AllowHostOption = [],  # noqa: B006 - as above
    sandbox: SandboxOption = None,
) -> int:
    """Receive Merchant pushes, and acknowledge each when it is safe.

    That is in the queue that `pushes` declares, taken by --exec, or else printed. Served are the
    paths of the declared call backs; TLS ends before it. Whatever is not safe in time stays at
    Google, which pushes it again.
    """
    from reconciler.cli.listening import ListenWish, listen_to
    from reconciler.cli.request import RunRequest

    wish = ListenWish(host, port, command, form, tuple(secret))
    request = RunRequest(path, sandbox, allow_hosts=tuple(allow_host))
    return listen_to(state_of(context), request, wish)
