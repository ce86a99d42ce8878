"""receive: messages of one declared queue, decoded."""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.cli import exits
from reconciler.cli.options import ReceiveFormat
from reconciler.cli.request import RunRequest
from reconciler.cli.session import opened
from reconciler.cli.state import State
from reconciler.core.model.abilities import MessageQueue
from reconciler.operate.receive import (
    FEW_RECEIVES,
    Received,
    ReceiveLimits,
    Show,
    concealed,
    fetch,
    open_queue,
)
from reconciler.reports import as_messages

MOST = 10
WAIT = 2
LONG_WAIT = 20
"""Seconds to wait for messages: once, and again and again while following."""


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

    def wanted(self) -> ReceiveLimits:
        """Fill in the defaults."""
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


def receive_from(state: State, request: RunRequest, name: str, wish: ReceiveWish) -> int:
    """Fetch messages of a declared queue and write them.

    Raises:
        SettingsError: no such queue is declared.
        ServiceError: it could not be read.
    """
    with opened(state, request) as session:
        item, queue = open_queue(session, name)
        _warn(state, item.address, queue, wish)
        seen = _Seen(_show(state, wish))
        fetch(queue, wish.wanted(), seen, session.recognisers())
    if not seen.count:
        of = " of the types asked for" if wish.types else ""
        state.say(f"{item.address} gave no message{of}: it is empty, or what it holds is in flight")
    return exits.DONE


@dataclass(slots=True)
class _Seen:
    """Shows messages, and counts them."""

    show: Show
    count: int = 0

    def __call__(self, items: Sequence[Received]) -> bool:
        self.count += len(items)
        return self.show(items)


def _warn(state: State, address: str, queue: MessageQueue, wish: ReceiveWish) -> None:
    receives = queue.max_receives
    if receives is None or wish.delete or (receives > FEW_RECEIVES and not wish.follow):
        return
    each = "each minute of following counts as one" if wish.follow else "each look counts as one"
    state.say(
        f"{address} moves a message to its dead-letter queue after {receives} receives, and {each} "
        "(warning)"
    )


def _show(state: State, wish: ReceiveWish) -> Show:
    def shown(items: Sequence[Received]) -> list[Received]:
        return list(items) if wish.show_secrets else [concealed(item) for item in items]

    if wish.form is ReceiveFormat.json:
        return lambda items: state.result(as_messages.json_list(shown(items)))
    one = as_messages.json_line if wish.form is ReceiveFormat.jsonl else as_messages.line

    def show(items: Sequence[Received]) -> bool:
        return state.result("".join(map(one, shown(items))))

    return show
