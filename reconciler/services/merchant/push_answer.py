"""What a call back answers to a push, and whether Google takes it for an acknowledgement."""

import http.client

from reconciler.core.model.delivery import Link
from reconciler.transport.calls import Clock

PROCESSING = 102
ACKNOWLEDGING = frozenset({PROCESSING, 200, 201, 202, 204})
"""The statuses Google takes for an acknowledgement; anything else is pushed again."""

_INTERIM = frozenset(range(100, 200)) - {http.HTTPStatus.SWITCHING_PROTOCOLS}
"""The statuses after which another follows (RFC 9110, 15.2); 102 may also be the last."""


class NothingFollowed(Exception):
    """An interim answer that acknowledges was the last one in time: `link` tells of it."""

    def __init__(self, link: Link) -> None:
        self.link = link
        super().__init__(link.detail)


def judged(response: http.client.HTTPResponse, began: float, clock: Clock) -> Link:
    """Read on to the final answer and judge it.

    Raises:
        NothingFollowed: 102 was answered, and then nothing.
        OSError: nothing else was answered in time, or the line broke.
        http.client.HTTPException: what follows is no HTTP.
    """
    processing: Link | None = None
    while (interim := response.status) in _INTERIM:
        if interim == PROCESSING and processing is None:
            processing = _answer(interim, clock.now() - began)
        try:
            _read_on(response)
        except OSError as error:
            if processing is None or response.status != interim:
                raise
            raise NothingFollowed(processing) from error
    return _answer(response.status, clock.now() - began)


def _read_on(response: http.client.HTTPResponse) -> None:
    """Read the answer after this one, which http.client does by itself for status 100 only."""
    # With headers it takes itself for read; a new response would miss what was buffered.
    response.headers = response.msg = None  # type: ignore[assignment]  # as before the first one
    response.begin()


def _answer(status: int, seconds: float) -> Link:
    took = f"in {seconds * 1000:.0f} ms"
    if status in ACKNOWLEDGING:
        return Link("answer", "holds", f"acknowledged with {status} {took}")
    wanted = ", ".join(map(str, sorted(ACKNOWLEDGING)))
    detail = f"answered {status} {took}; Google takes only {wanted} for an acknowledgement"
    return Link("answer", "broken", detail)
