"""What receives Google's pushes for a set of declarations: for `listen`, ASGI servers and Lambda.

    uvicorn reconciler.hosting:application       # any ASGI server
    reconciler.hosting.handler                   # the handler's name on AWS Lambda

Both read `RECONCILER_PATH`, the declarations (`subscriptions`), and `RECONCILER_LISTEN_SECRETS`,
references of secrets that count besides the declared ones, separated by commas.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from reconciler.api import open_session
from reconciler.core.model.errors import ReconcilerError, SettingsError
from reconciler.core.model.objects import Desired
from reconciler.core.provider import Provider, required
from reconciler.core.service import PushDoor
from reconciler.credentials.secrets import Secrets
from reconciler.listening import (
    Answered,
    AsgiApplication,
    Batcher,
    Door,
    Doors,
    FunctionUrl,
    Keeper,
    Keeping,
    Listener,
)
from reconciler.listening.asgi import Receive, Scope, Send
from reconciler.listening.places import OutboxSender
from reconciler.run import Session

PATH, ALSO = "RECONCILER_PATH", "RECONCILER_LISTEN_SECRETS"
LINGER = 0.05
"""Seconds for which a server waits for more to put into the same batch."""
_NOTED = frozenset({"retry", "failed", "parked"})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PushRoute:
    """Pushes of one account: how they are called, where they come to, and their declaration.

    `declared` is None where nothing is declared of them.
    """

    name: str
    account: str
    doors: tuple[PushDoor, ...]
    declared: Desired | None = None


@contextmanager
def open_listener(
    session: Session,
    secrets: Secrets,
    *,
    also: Iterable[str] = (),
    program: Keeper | None = None,
    undeclared: Keeper | None = None,
    linger: float = LINGER,
) -> Iterator[Listener]:
    """Give what takes requests for everything declared; connections are closed at the end.

    `also` are references of secrets that count besides the declared ones. `program` takes all
    pushes in place of the declared queues, `undeclared` takes them where no `pushes` are declared.
    A queue waits `linger` seconds for more messages to send at once.

    Raises:
        SettingsError: nothing is there to listen for, or a secret cannot be had.
    """
    anywhere = program or undeclared
    routes = _routes(session, declared=program is None, anywhere=anywhere is not None)
    doors = Doors(_doors(session, secrets, routes, tuple(also)))
    queues = {route.name: _queues(session, route) for route in routes}
    accounts = {queue.account for found in queues.values() for queue in found.values()}
    providers = session.providers(accounts if program is None else ())
    with ExitStack() as stack:

        def keeping(found: Mapping[str, Desired]) -> Keeping:
            if anywhere is not None and (program is not None or not found):
                return Keeping(anywhere, None if program else anywhere)
            made = {name: _queue(providers, stack, each, linger) for name, each in found.items()}
            return Keeping(made["queue"], made.get("deadLetter"))

        yield Listener(
            doors, {name: keeping(found) for name, found in queues.items()}, note=_log_answer
        )


def _routes(session: Session, *, declared: bool, anywhere: bool) -> list[PushRoute]:
    """Return what is listened for: what is declared, or all that would be pushed."""
    pushed = _pushed(session)
    written = [
        PushRoute(item.address.partition(".")[2], item.account, pushed.get(item.account, ()), item)
        for item in session.declarations.local
    ]
    if declared and written:
        return written
    if not pushed or not anywhere:
        raise SettingsError(
            "nothing declared is pushed: declare subscriptions with a callBackUri, and `pushes`"
        )
    return [PushRoute(name, name, doors) for name, doors in sorted(pushed.items())]


def _pushed(session: Session) -> dict[str, tuple[PushDoor, ...]]:
    """Return where is pushed to, by account; those to which nothing is are left out."""
    doors = {service.name: service.doors for service in session.services}
    linked = _linked(session)
    declared = session.declarations.listed(linked)
    found: dict[str, tuple[PushDoor, ...]] = {}
    for name, account in session.declarations.accounts.items():
        if (open_to := doors[account.service]) is not None:
            mine = [item for item in declared.desired if item.account == name]
            found[name] = tuple(open_to(account, mine))
            if name in linked:
                # Whose account is linked tomorrow pushes to the same place.
                found[name] = tuple(door._replace(accounts=frozenset()) for door in found[name])
    return {name: each for name, each in found.items() if each}


def _linked(session: Session) -> dict[str, Sequence[str]]:
    """Have the services name what is linked to accounts, where declarations leave that to them."""
    names = sorted({item.account for item in session.declarations.unlisted})
    return {
        name: required(provider.abilities.linked, name)()
        for name, provider in session.providers(names).items()
    }


def _doors(
    session: Session, secrets: Secrets, routes: list[PushRoute], also: tuple[str, ...]
) -> Iterator[Door]:
    for route in routes:
        if not route.doors:
            raise SettingsError(
                f"push.{route.name}: account {route.account} has no subscription that pushes: "
                "declare one with a callBackUri"
            )
        for door in route.doors:
            references = () if door.secret is None else (door.secret, *also)
            known = [_secret(session, secrets, each) for each in references]
            yield Door.of(route.name, door.uri, known, door.accounts)


def _secret(session: Session, secrets: Secrets, reference: str) -> str:
    if session.sandboxed:
        return secrets.rehearse(reference, here=True)
    return secrets.resolve(reference)


def _queues(session: Session, route: PushRoute) -> dict[str, Desired]:
    """Return the declared queues of a route by the field that names them."""
    if route.declared is None:
        return {}
    by_address = {item.address: item for item in session.declarations.desired}
    return {field: by_address[it] for field, it in route.declared.references.items()}


def _queue(
    providers: Mapping[str, Provider], stack: ExitStack, item: Desired, linger: float
) -> Keeper:
    outbox = required(providers[item.account].abilities.outbox, item.address)(item.spec)
    stack.callback(outbox.close)
    return Batcher(OutboxSender(outbox), linger=linger)


def _log_answer(answered: Answered) -> None:
    """Write one line of the access log; nothing of it is secret."""
    level = logging.WARNING if answered.outcome in _NOTED else logging.INFO
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


class _Hosted:
    """The listener that the environment's variables describe; it is opened when first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self.asgi: AsgiApplication | None = None
        self.function: FunctionUrl | None = None

    def open_asgi(self) -> AsgiApplication:
        """Return it for a server, where many pushes come at once."""
        with self._lock:
            if self.asgi is None:
                self.asgi = AsgiApplication(self._opened(LINGER))
            return self.asgi

    def open_function(self) -> FunctionUrl:
        """Return it for Lambda, where an invocation has one push and waiting gains nothing."""
        with self._lock:
            if self.function is None:
                self.function = FunctionUrl(self._opened(0.0))
                self._stack.callback(self.function.close)
            return self.function

    def close(self) -> None:
        """Let go of everything; what is asked for next is opened anew."""
        with self._lock:
            self.asgi = self.function = None
            self._stack.close()

    def _opened(self, linger: float) -> Listener:
        secrets = Secrets()
        also = [each.strip() for each in os.environ.get(ALSO, "").split(",") if each.strip()]
        path = os.environ.get(PATH) or "subscriptions"
        with ExitStack() as stack:
            session = stack.enter_context(open_session(path, secrets=secrets))
            listener = stack.enter_context(
                open_listener(session, secrets, also=also, linger=linger)
            )
            self._stack.push(stack.pop_all())
        return listener


_HOSTED = _Hosted()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Be the ASGI application of the declarations at `RECONCILER_PATH`.

    A server with a lifespan is told at its start what is wrong with them; one without meets the
    error at its first request, which then is answered with 500.
    """
    try:
        served = _HOSTED.asgi
        if served is None:  # the files are read and queues asked for, which takes its time
            served = await asyncio.to_thread(_HOSTED.open_asgi)
    except ReconcilerError as error:
        log.error("%s", error)  # noqa: TRY400 - a sentence for who deploys it, not a trace
        if scope["type"] != "lifespan":
            raise
        await receive()
        await send({"type": "lifespan.startup.failed", "message": str(error)})
        return
    await served(scope, receive, send)
    if scope["type"] == "lifespan":
        await asyncio.to_thread(_HOSTED.close)


def handler(event: Any, context: Any = None) -> dict[str, Any]:
    """Be the handler of AWS Lambda for the declarations at `RECONCILER_PATH`.

    Never raises: an answer without statusCode, or none, is not for this function to give. What is
    wrong with the declarations is in its log, and Google keeps the push.
    """
    try:
        function = _HOSTED.function or _HOSTED.open_function()
    except ReconcilerError as error:
        log.error("%s", error)  # noqa: TRY400 - a sentence for who deploys it, not a trace
        return {"statusCode": 503, "headers": {}, "body": ""}
    return function(event, context)
