"""receive and decode: notifications from a declared queue, a file or stdin, decoded.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from reconciler.cli import exits
from reconciler.cli.completing import completion, queues
from reconciler.cli.options import (
    DEFAULT_PATH,
    AllowHostOption,
    PathArgument,
    SandboxOption,
)
from reconciler.cli.state import State, state_of, write_result
from reconciler.core.model.errors import DecodeError, SettingsError
from reconciler.core.text.phrases import counted

if TYPE_CHECKING:
    from reconciler.cli.request import RunRequest
    from reconciler.core.model.abilities import MessageQueue
    from reconciler.notifications import Decoded
    from reconciler.operate.receive import Received, ReceiveLimits, Show

MOST = 10
WAIT = 2
LONG_WAIT = 20
"""Seconds to wait for messages: once, and again and again while following."""
_STDIN = Path("-")


class ReceiveFormat(StrEnum):
    """How received messages are written; json: one list, jsonl: a document a line."""

    text = "text"
    json = "json"
    jsonl = "jsonl"


class DecodeFormat(StrEnum):
    """How a decoded notification is written."""

    json = "json"
    text = "text"


QueueArgument = Annotated[
    str,
    typer.Argument(
        metavar="QUEUE",
        autocompletion=completion("queue", queues),
        help="A declared queue: offers, or queue.offers.",
    ),
]
ShowSecretsOption = Annotated[
    bool,
    typer.Option("--show-secrets", help="Show secrets that a message brings, instead of ***."),
]


def receive(
    context: typer.Context,
    queue: QueueArgument,
    path: PathArgument = DEFAULT_PATH,
    form: Annotated[
        ReceiveFormat,
        typer.Option("--format", help="How to write messages; jsonl: one document a line."),
    ] = ReceiveFormat.text,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete what was written; left out, it stays.")
    ] = False,
    types: Annotated[
        list[str],
        typer.Option("--type", metavar="TYPE", help="Only this notification type (repeatable)."),
    ] = [],  # noqa: B006 - typer makes a new list for each run
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on until interrupted, or until --max.")
    ] = False,
    most: Annotated[
        int | None,
        typer.Option("--max", metavar="N", min=1, help="At most so many; 10 unless following."),
    ] = None,
    wait: Annotated[
        int | None,
        typer.Option(
            metavar="SECONDS", min=0, max=20, help="How long to wait for messages; 2 by default."
        ),
    ] = None,
    show_secrets: ShowSecretsOption = False,
    allow_host: AllowHostOption = [],  # noqa: B006 - typer makes a new list for each run
    sandbox: SandboxOption = None,
) -> int:
    """Fetch notifications from a declared queue, and decode them.

    They stay in the queue unless --delete is given, and others see them again when the command
    ends. Each look counts as a receive, after some of which a queue with a dead-letter queue moves
    a message there. What cannot be decoded is shown as such and never deleted.
    """
    from reconciler.cli.request import RunRequest

    if follow and form is ReceiveFormat.json:
        raise typer.BadParameter("json is one document, which following never ends: use jsonl")
    wish = ReceiveWish(
        form,
        frozenset(types),
        most,
        wait,
        delete=delete,
        follow=follow,
        show_secrets=show_secrets,
    )
    request = RunRequest(path, sandbox, allow_hosts=tuple(allow_host))
    return receive_from(state_of(context), request, queue, wish)


def decode(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="Holds the messages; left out or -, stdin does."),
    ] = None,
    form: Annotated[
        DecodeFormat, typer.Option("--format", help="How to write it; text: a line a message.")
    ] = DecodeFormat.json,
    show_secrets: ShowSecretsOption = False,
) -> int:
    """Decode notifications of any service, however they are wrapped.

    That is MWS XML, SP-API JSON, or a Merchant push or its bare base64; bare, or inside what SQS,
    SNS or EventBridge make of it. Several at once (`aws sqs receive-message`, a Lambda event, a
    list, one JSON document after the other) become a list.
    """
    from reconciler.notifications import masked, summary
    from reconciler.reports import as_json

    found = decoded(file)
    shown = [one if show_secrets else masked(one) for one in found.notifications]
    match form:
        case DecodeFormat.json if found.several:
            write_result(as_json.render_list(shown))
        case DecodeFormat.json:
            write_result(as_json.render(shown[0]))
        case DecodeFormat.text:
            write_result("".join(f"{summary(one)}\n" for one in shown))
    for fault in found.faults:
        state_of(context).say(f"error: {fault}")
    return exits.ERROR if found.faults else exits.DONE


@dataclass(frozen=True, slots=True)
class ReceiveWish:
    """What to fetch, and how to write it; None leaves it to the defaults."""

    form: ReceiveFormat
    types: frozenset[str]
    most: int | None
    wait: int | None
    delete: bool
    follow: bool
    show_secrets: bool

    def wanted(self) -> "ReceiveLimits":
        """Fill in the defaults."""
        from reconciler.operate.receive import ReceiveLimits

        wait = LONG_WAIT if self.follow else WAIT
        return ReceiveLimits(
            types=self.types,
            most=self.most if self.most or self.follow else MOST,
            # Asking without waiting, for ever, would only cost.
            wait=max(wait if self.wait is None else self.wait, int(self.follow)),
            delete=self.delete,
            follow=self.follow,
            at_once=self.form is not ReceiveFormat.json,
        )


def receive_from(state: State, request: "RunRequest", name: str, wish: ReceiveWish) -> int:
    """Fetch messages of a declared queue and write them.

    Raises:
        SettingsError: no such queue is declared.
        ServiceError: it could not be read.
    """
    from reconciler.cli.session import opened
    from reconciler.operate.receive import fetch, open_queue

    with opened(state, request) as session:
        item, queue = open_queue(session, name)
        _warn(state, item.address, queue, wish)
        seen = _Seen(_show(state, wish))
        wanted = wish.wanted()
        looked_at = fetch(queue, wanted, seen, session.recognisers())
    if not seen.count:
        state.say(f"{item.address} gave {_nothing_shown(looked_at, wanted.wait)}")
    return exits.DONE


def _nothing_shown(looked_at: int, wait: int) -> str:
    """Say that nothing was shown, and why, as far as that is known."""
    if looked_at:
        return f"{counted(looked_at, 'message')}, none of the types asked for"
    if wait == 0:
        return "no message at once: with --wait 0 only a part of it was looked into"
    return "no message: it is empty, or what it holds is in flight"


@dataclass(slots=True)
class _Seen:
    """Shows messages, and counts them."""

    show: "Show"
    count: int = 0

    def __call__(self, items: "Sequence[Received]") -> bool:
        self.count += len(items)
        return self.show(items)


def _warn(state: State, address: str, queue: "MessageQueue", wish: ReceiveWish) -> None:
    from reconciler.operate.receive import FEW_RECEIVES

    receives = queue.max_receives
    if receives is None or wish.delete or (receives > FEW_RECEIVES and not wish.follow):
        return
    each = "each minute of following counts as one" if wish.follow else "each look counts as one"
    state.say(
        f"{address} moves a message to its dead-letter queue after {receives} receives, and {each} "
        "(warning)"
    )


def _show(state: State, wish: ReceiveWish) -> "Show":
    from reconciler.operate.receive import concealed
    from reconciler.reports import as_messages

    def shown(items: "Sequence[Received]") -> "list[Received]":
        return list(items) if wish.show_secrets else [concealed(item) for item in items]

    if wish.form is ReceiveFormat.json:
        return lambda items: state.result(as_messages.json_list(shown(items)))
    one = as_messages.json_line if wish.form is ReceiveFormat.jsonl else as_messages.line

    def show(items: "Sequence[Received]") -> bool:
        return state.result("".join(map(one, shown(items))))

    return show


def decoded(file: Path | None) -> "Decoded":
    """Return the notifications that a file holds; None and `-` are stdin.

    Raises:
        SettingsError: the file cannot be read.
        DecodeError: it holds no notification; the sentence names the file.
    """
    from reconciler.notifications import NoNotification, decode_all, known
    from reconciler.wiring import recognisers

    name = "stdin" if file in (None, _STDIN) else str(file)
    try:
        found = decode_all(_read(file), recognisers())
        return found._replace(faults=[f"{name}: {fault}" for fault in found.faults])
    except NoNotification as error:
        raise DecodeError(f"{name}: {error}; {known(recognisers())}") from None
    except DecodeError as error:
        raise DecodeError(f"{name}: {error}") from None
    except OSError as error:
        raise SettingsError(f"{name} cannot be read: {error.strerror}") from error


def _read(file: Path | None) -> bytes:
    if file is None or file == _STDIN:
        return _bounded(sys.stdin.buffer)
    with file.open("rb") as stream:
        return _bounded(stream)


def _bounded(stream: BinaryIO) -> bytes:
    from reconciler.notifications import MAX_BYTES

    # One byte more than a message may have is enough to refuse it.
    return stream.read(MAX_BYTES + 1)
