"""What every stand-in is: it names an operation, knows its caller, and answers."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol
from urllib.parse import unquote

from werkzeug.wrappers import Request

Refusal = Literal["throttle", "error500", "error503", "denied"]
"""Failures that each service words in its own way."""


@dataclass(frozen=True)
class Answer:
    """One complete HTTP answer. Content-Length is the server's business."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class StandIn(Protocol):
    """One stand-in."""

    name: str

    def operation(self, request: Request) -> str:
        """Return the service's own name of the operation, or "unknown"."""

    def caller(self, request: Request) -> str:
        """Return whoever the service counts requests for."""

    def answer(self, operation: str, request: Request) -> Answer:
        """Carry the operation out."""

    def refusal(self, kind: Refusal, request: Request, wait: float | None) -> Answer:
        """Word a failure the way the service does; `wait` is a Retry-After in seconds."""

    def reset(self) -> None:
        """Forget everything."""

    def state(self) -> dict[str, Any]:
        """Return what the service holds, as JSON-able data."""


def json_answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with a JSON document."""
    text = json.dumps(body, ensure_ascii=False)
    return Answer(
        status,
        # Half a pair of surrogates, which came as an escape, goes as one.
        text.encode("utf-8", "backslashreplace"),
        {"Content-Type": "application/json; charset=UTF-8", **(headers or {})},
    )


def retry_after(wait: float | None) -> dict[str, str]:
    """Return the Retry-After header, or none. Whole seconds, as RFC 9110 wants them."""
    return {} if wait is None else {"Retry-After": str(max(0, round(wait)))}


def segments(request: Request) -> list[str]:
    """Split the path before decoding it, so that an encoded slash stays inside its segment."""
    raw = str(request.environ.get("RAW_URI", request.path)).split("?", 1)[0]
    return [unquote(part) for part in raw.split("/")[1:]]


def page_token(offset: int) -> str:
    """Return an opaque token for the page that starts at `offset`."""
    return base64.urlsafe_b64encode(f"from {offset}".encode()).decode()


def page_offset(token: str | None) -> int | None:
    """Return where a page starts: 0 without a token, None for a token that is not one of ours."""
    if not token:
        return 0
    try:
        word, _, number = base64.urlsafe_b64decode(token).decode().partition(" ")
    except (binascii.Error, ValueError):
        return None
    return int(number) if word == "from" and number.isdigit() else None
