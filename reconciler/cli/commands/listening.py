"""listen: serves the declared call backs, and acknowledges what is safe.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

import shlex
import socket
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli import exits, garbage
from reconciler.cli.options import (
    DEFAULT_PATH,
    AllowHostOption,
    PathArgument,
    SandboxOption,
)
from reconciler.cli.state import State, has_room, state_of
from reconciler.core.model.errors import SettingsError
from reconciler.core.text.phrases import counted

if TYPE_CHECKING:
    from reconciler.cli.request import RunRequest
    from reconciler.core.model.abilities import Message
    from reconciler.listening import Keeper, Listener
    from reconciler.run import Session

GRACE = 10
"""Seconds for what is on its way when the listener is told to stop."""


class ListenFormat(StrEnum):
    """How pushes are printed where no queue takes them; jsonl: a document a line."""

    text = "text"
    jsonl = "jsonl"


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
    from reconciler.cli.request import RunRequest

    wish = ListenWish(host, port, command, form, tuple(secret))
    request = RunRequest(path, sandbox, allow_hosts=tuple(allow_host))
    return listen_to(state_of(context), request, wish)


@dataclass(frozen=True, slots=True)
class ListenWish:
    """Where to listen, what takes the pushes, and which secrets count besides the declared ones."""

    host: str
    port: int
    command: str | None = None
    form: ListenFormat = ListenFormat.text
    secrets: tuple[str, ...] = ()


def listen_to(state: State, request: "RunRequest", wish: ListenWish) -> int:
    """Serve until interrupted.

    Raises:
        SettingsError: nothing is there to listen for, a secret cannot be had, or the address is
            taken.
    """
    from reconciler.cli.session import opened
    from reconciler.hosting import open_listener
    from reconciler.listening.places import Program

    _ensure_server()
    garbage.often()
    with (
        opened(state, request) as session,
        open_listener(
            session,
            state.secrets,
            also=wish.secrets,
            program=None if wish.command is None else Program(shlex.split(wish.command)),
            undeclared=_output(state, session, wish.form),
        ) as listener,
    ):
        where = _bound(wish)
        _say(state, listener, where)
        state.never_wait()
        _serve(listener, where)
    return exits.DONE


def _output(state: State, session: "Session", form: ListenFormat) -> "Keeper":
    """Return what is printed."""
    from reconciler.listening.places import Output
    from reconciler.operate.receive import concealed, read
    from reconciler.reports import as_messages

    one = as_messages.line if form is ListenFormat.text else as_messages.json_line
    recognisers = session.recognisers()

    def write(message: "Message") -> bool:
        return state.result(one(concealed(read(message, recognisers))))

    return Output(write, has_room=lambda: has_room(sys.stdout))


def _bound(wish: ListenWish) -> socket.socket:
    family = socket.AF_INET6 if ":" in wish.host else socket.AF_INET
    try:
        return socket.create_server((wish.host, wish.port), family=family, backlog=2048)
    except OSError as error:
        raise SettingsError(
            f"{wish.host}:{wish.port} cannot be listened to ({_reason(error)}): choose others with "
            "--host and --port, 0 for any free port"
        ) from error


def _reason(error: OSError) -> str:
    """Say what is wrong with an address; Python itself names that once more."""
    told = error.strerror or str(error)
    return told.partition(" (while attempting")[0]


def _say(state: State, listener: "Listener", where: socket.socket) -> None:
    host, port = where.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    state.say(f"listening on http://{shown}:{port}; health at /livez and /readyz, /metrics beside")
    paths = listener.paths
    state.say(f"{counted(len(paths), 'path')} served: {', '.join(paths[:5])}")


def _ensure_server() -> None:
    try:
        import uvicorn  # noqa: F401 - an extra
    except ImportError as error:
        raise SettingsError(
            f"listen needs the package {error.name}, which is not installed: install what "
            "requirements/listen.txt pins, or the extra `listen`"
        ) from error


def _serve(listener: "Listener", where: socket.socket) -> None:
    import uvicorn

    from reconciler.listening import AsgiApplication

    config = uvicorn.Config(
        AsgiApplication(listener, grace=GRACE),
        log_config=None,
        access_log=False,  # its lines hold paths and queries, which are secret
        server_header=False,
        timeout_graceful_shutdown=GRACE + 2,
    )
    uvicorn.Server(config).run(sockets=[where])
