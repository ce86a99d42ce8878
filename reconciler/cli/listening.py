"""listen: serves the declared call backs, and acknowledges what is safe."""

import asyncio
import logging
import shlex
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from reconciler.cli import exits
from reconciler.cli.options import ListenFormat
from reconciler.cli.request import RunRequest
from reconciler.cli.session import opened
from reconciler.cli.state import State
from reconciler.core.model.abilities import Message
from reconciler.core.model.errors import SettingsError
from reconciler.core.model.objects import Desired
from reconciler.core.model.spec import pushed_to
from reconciler.core.provider import Cannot, Provider
from reconciler.core.service import PushDoor
from reconciler.core.text.phrases import counted
from reconciler.listening import (
    Answered,
    AsgiApplication,
    Batcher,
    Door,
    Doors,
    Keeper,
    Keeping,
    Listener,
)
from reconciler.listening.places import OutboxSender, Output, Program
from reconciler.operate.receive import concealed, read
from reconciler.reports import as_messages
from reconciler.run import Session

GRACE = 10
"""Seconds for what is on its way when the listener is told to stop."""
_TOLD = frozenset({"retry", "failed", "parked"})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ListenWish:
    """Where to listen, what takes the pushes, and which secrets count besides the declared ones."""

    host: str
    port: int
    command: str | None = None
    form: ListenFormat = ListenFormat.text
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """Pushes of one account: how they are called, where they come to, and their declaration.

    `declared` is None where nothing is declared of them.
    """

    name: str
    account: str
    doors: tuple[PushDoor, ...]
    declared: Desired | None = None


def listen_to(state: State, request: RunRequest, wish: ListenWish) -> int:
    """Serve until interrupted.

    Raises:
        SettingsError: nothing is there to listen for, a secret cannot be had, or the address is
            taken.
    """
    _ensure_server()
    with opened(state, request) as session, listener_of(state, session, wish) as listener:
        where = _bound(wish)
        _say(state, session, where)
        _serve(listener, where)
    return exits.DONE


@contextmanager
def listener_of(
    state: State, session: Session, wish: ListenWish, *, linger: float = 0.05
) -> Iterator[Listener]:
    """Give what takes requests for everything declared; connections are closed at the end."""
    ways = _ways(session, wish)
    doors = Doors(_doors(state, session, ways, wish))
    queues = {way.name: _queues(session, way) for way in ways}
    providers = session.providers(
        {it.account for found in queues.values() for it in found.values()}
    )
    with ExitStack() as stack:
        yield Listener(
            doors,
            {
                name: _keeping(_Places(state, session, stack, providers, linger), found, wish)
                for name, found in queues.items()
            },
            told=_tell,
        )


def _ways(session: Session, wish: ListenWish) -> list[Way]:
    """Return what is listened for: what is declared, or without that all that would be pushed."""
    pushed = _pushed(session)
    written = [
        Way(item.address.partition(".")[2], item.account, pushed.get(item.account, ()), item)
        for item in session.declarations.local
    ]
    if wish.command is None and written:
        return written
    if not pushed:
        raise SettingsError(
            "nothing declared is pushed: declare subscriptions with a callBackUri, and `pushes`"
        )
    return [Way(name, name, doors) for name, doors in sorted(pushed.items())]


def _pushed(session: Session) -> dict[str, tuple[PushDoor, ...]]:
    """Return where is pushed to, by account; those to which nothing is are left out."""
    doors = {service.name: service.doors for service in session.services}
    found: dict[str, tuple[PushDoor, ...]] = {}
    for name, account in session.declarations.accounts.items():
        if (open_to := doors[account.service]) is not None:
            mine = [item for item in session.declarations.desired if item.account == name]
            found[name] = tuple(open_to(account, mine))
    return {name: each for name, each in found.items() if each}


def _doors(state: State, session: Session, ways: list[Way], wish: ListenWish) -> Iterator[Door]:
    for way in ways:
        if not way.doors:
            raise SettingsError(
                f"push.{way.name}: account {way.account} has no subscription that pushes: declare "
                "one with a callBackUri"
            )
        for door in way.doors:
            references = () if door.secret is None else (door.secret, *wish.secrets)
            secrets = [_secret(state, session, each) for each in references]
            yield Door.of(way.name, door.uri, secrets, door.accounts)


def _secret(state: State, session: Session, reference: str) -> str:
    if session.sandboxed:
        return state.secrets.rehearse(reference, here=True)
    return state.secrets.resolve(reference)


def _queues(session: Session, way: Way) -> dict[str, Desired]:
    """Return the declared queues of a way by the field that names them."""
    if way.declared is None:
        return {}
    by_address = {item.address: item for item in session.declarations.desired}
    return {field: by_address[it] for field, it in way.declared.references.items()}


@dataclass(frozen=True, slots=True)
class _Places:
    """What places are made with; what they hold is closed with `stack`."""

    state: State
    session: Session
    stack: ExitStack
    providers: Mapping[str, Provider]
    linger: float

    def queue(self, item: Desired) -> Keeper:
        """Return a declared queue."""
        put_into = self.providers[item.account].abilities.outbox
        if isinstance(put_into, Cannot):
            raise SettingsError(f"{item.address}: {put_into.why}")
        outbox = put_into(item.spec)
        self.stack.callback(outbox.close)
        return Batcher(OutboxSender(outbox), linger=self.linger)

    def output(self, form: ListenFormat) -> Keeper:
        """Return what is printed."""
        one = as_messages.line if form is ListenFormat.text else as_messages.json_line
        recognisers = self.session.recognisers()

        def write(message: Message) -> bool:
            return self.state.result(one(concealed(read(message, recognisers))))

        return Output(write)


def _keeping(places: _Places, queues: Mapping[str, Desired], wish: ListenWish) -> Keeping:
    if wish.command is not None:
        return Keeping(Program(shlex.split(wish.command)))
    if not queues:
        output = places.output(wish.form)
        return Keeping(output, output)
    made = {field: places.queue(item) for field, item in queues.items()}
    return Keeping(made["queue"], made.get("deadLetter"))


def _bound(wish: ListenWish) -> socket.socket:
    family = socket.AF_INET6 if ":" in wish.host else socket.AF_INET
    try:
        return socket.create_server((wish.host, wish.port), family=family, backlog=2048)
    except OSError as error:
        raise SettingsError(
            f"{wish.host}:{wish.port} cannot be listened to ({error.strerror}): choose others with "
            "--host and --port, 0 for any free port"
        ) from error


def _say(state: State, session: Session, where: socket.socket) -> None:
    host, port = where.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    state.say(f"listening on http://{shown}:{port}; health at /livez and /readyz, /metrics beside")
    uris = filter(None, (pushed_to(item.spec) for item in session.declarations.desired))
    paths = sorted({urlsplit(uri).path for uri in uris} - {""})
    state.say(f"{counted(len(paths), 'path')} served: {', '.join(paths[:5])}")


def _tell(answered: Answered) -> None:
    """Write one line of the access log; nothing of it is secret."""
    level = logging.WARNING if answered.outcome in _TOLD else logging.INFO
    why = f": {answered.why}" if answered.why else ""
    log.log(
        level,
        "%s %s %d in %d ms, %d bytes%s",
        answered.push or "-",
        answered.outcome,
        answered.status,
        round(answered.seconds * 1000),
        answered.size,
        why,
    )


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
