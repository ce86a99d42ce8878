"""listen: serves the declared call backs, and acknowledges what is safe."""

import asyncio
import shlex
import socket
from dataclasses import dataclass

from reconciler.cli import exits
from reconciler.cli.options import ListenFormat
from reconciler.cli.request import RunRequest
from reconciler.cli.session import opened
from reconciler.cli.state import State
from reconciler.core.model.abilities import Message
from reconciler.core.model.errors import SettingsError
from reconciler.core.text.phrases import counted
from reconciler.hosting import open_listener
from reconciler.listening import (
    AsgiApplication,
    Keeper,
    Listener,
)
from reconciler.listening.places import Output, Program
from reconciler.operate.receive import concealed, read
from reconciler.reports import as_messages
from reconciler.run import Session

GRACE = 10
"""Seconds for what is on its way when the listener is told to stop."""


@dataclass(frozen=True, slots=True)
class ListenWish:
    """Where to listen, what takes the pushes, and which secrets count besides the declared ones."""

    host: str
    port: int
    command: str | None = None
    form: ListenFormat = ListenFormat.text
    secrets: tuple[str, ...] = ()


def listen_to(state: State, request: RunRequest, wish: ListenWish) -> int:
    """Serve until interrupted.

    Raises:
        SettingsError: nothing is there to listen for, a secret cannot be had, or the address is
            taken.
    """
    _ensure_server()
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
        _serve(listener, where)
    return exits.DONE


def _output(state: State, session: Session, form: ListenFormat) -> Keeper:
    """Return what is printed."""
    one = as_messages.line if form is ListenFormat.text else as_messages.json_line
    recognisers = session.recognisers()

    def write(message: Message) -> bool:
        return state.result(one(concealed(read(message, recognisers))))

    return Output(write)


def _bound(wish: ListenWish) -> socket.socket:
    family = socket.AF_INET6 if ":" in wish.host else socket.AF_INET
    try:
        return socket.create_server((wish.host, wish.port), family=family, backlog=2048)
    except OSError as error:
        raise SettingsError(
            f"{wish.host}:{wish.port} cannot be listened to ({error.strerror}): choose others with "
            "--host and --port, 0 for any free port"
        ) from error


def _say(state: State, listener: Listener, where: socket.socket) -> None:
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


def _serve(listener: Listener, where: socket.socket) -> None:
    import uvicorn

    config = uvicorn.Config(
        AsgiApplication(listener, grace=GRACE),
        log_config=None,
        access_log=False,  # its lines hold paths and queries, which are secret
        server_header=False,
        timeout_graceful_shutdown=GRACE + 2,
    )
    asyncio.run(uvicorn.Server(config).serve(sockets=[where]))
