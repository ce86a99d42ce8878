"""Our HTTP beneath boto3: it builds, signs and reads requests, and sends none itself."""

from collections.abc import Iterator, Mapping
from typing import Any

from botocore.awsrequest import AWSResponse

from reconciler.transport.http import Http


def carry(session: Any, http: Http) -> None:
    """Send through `http` whatever clients of a boto3 session ask, those of its logins included.

    What is raised instead of an answer is a Failed, or a SettingsError. Instance and container
    metadata are asked by botocore itself: they lie on this machine's own link.
    """

    def send(request: Any, **_: object) -> AWSResponse:
        headers = plain(request.headers)
        answer = http.exchange(request.method, request.url, headers=headers, body=request.body)
        return AWSResponse(request.url, answer.status, answer.headers, _Body(answer.body))

    session.events.register_last("before-send", send)


def plain(headers: Mapping[Any, Any]) -> dict[str, str]:
    """Return headers as on the wire: botocore keeps them in bytes where they were signed."""
    return {_text(name): _text(value) for name, value in headers.items()}


class _Body:
    """A body as AWSResponse reads it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        """Yield all of it."""
        yield self._content


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
