"""The reads that a plan makes of every queue, sent without what boto3 does anew for each call.

Choosing an endpoint, checking parameters, building, signing and parsing take boto3 three times the
processor time of the exchange itself. Where a request goes and what it is signed for is copied from
one that boto3 sent itself; it is signed by botocore's signer, sent by our HTTP, and what the
service says of an error is read by botocore's parser. What does not look like that goes by boto3.
"""

import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from botocore import xform_name
from botocore.auth import AUTH_TYPE_MAPS, SIGNED_HEADERS_BLACKLIST, SigV4Auth
from botocore.exceptions import ClientError
from botocore.parsers import create_parser

from reconciler.core.text.halves import read_json, whole
from reconciler.services.sqs.failures import GarbledAwsAnswer
from reconciler.transport.for_boto import plain
from reconciler.transport.http import Http, Response

_TARGET = "X-Amz-Target"
_OF_ONE_REQUEST = frozenset(
    {"authorization", "content-length", "x-amz-date", "x-amz-security-token", _TARGET.lower()}
)
_OF_THE_SDK = "amz-sdk-"
"""What begins so counts boto3's own attempts; AWS makes nothing of it."""
_SCOPE = re.compile(r"AWS4-HMAC-SHA256 Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/aws4_request,")
_PARSER = create_parser("json")


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A request as boto3 sends it: what all have in common."""

    url: str
    headers: Mapping[str, str]
    prefix: str
    """Of the operation's name, as in "AmazonSQS."."""
    region: str
    service: str


@dataclass(slots=True)
class _Request:
    """A request as botocore's signer takes it, which leaves its work in `headers`."""

    url: str
    headers: dict[str, str]
    body: bytes
    method: str = "POST"
    params: Mapping[str, str] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)


class _Headers(dict[str, str]):
    """Headers by name in lower case, each once."""

    def get_all(self, name: str) -> list[str]:
        """Return the values of a header."""
        return [self[name]]


class _Signer(SigV4Auth):  # type: ignore[misc]  # botocore has no types
    """Botocore's signer without its headers, which are those of e-mails and take most of a call."""

    _headers: _Headers

    def canonical_request(self, request: Any) -> str:
        """Return what is signed. Its headers are asked for twice, and are found once."""
        self._headers = _signed(request)
        return str(super().canonical_request(request))

    def headers_to_sign(self, request: Any) -> _Headers:
        """Return what is signed of a request's headers, and the host that boto3 adds later."""
        return self._headers

    def _sign(self, key: bytes, msg: str, hex: bool = False) -> bytes | str:  # noqa: A002 - as botocore calls it
        found = hmac.digest(key, msg.encode(), "sha256")
        return found.hex() if hex else found


def _signed(request: Any) -> _Headers:
    found = _Headers(
        (lower, value)
        for name, value in request.headers.items()
        if (lower := name.lower()) not in SIGNED_HEADERS_BLACKLIST
    )
    if "host" not in found:
        found["host"] = _host(request.url)
    return found


@cache
def _host(url: str) -> str:
    """Return the host that goes with a request, as botocore itself signs it."""
    return str(SigV4Auth(None, "", "").headers_to_sign(_Request(url, {}, b""))["host"])


_PLAINLY = "v4-with-plain-headers"
AUTH_TYPE_MAPS[_PLAINLY] = _Signer


def sign_plainly(client: Any) -> None:
    """Have this signer sign what a boto3 client sends, too; of a service that knows no other."""
    client.meta.events.register_first("choose-signer", lambda **_: _PLAINLY)


class DirectReads:
    """Reads by one boto3 client, which sends the first one itself; safe across threads.

    `credentials` returns what to sign with, renewed in time; it raises what it raises for boto3.
    """

    def __init__(self, client: Any, http: Http, credentials: Callable[[], Any]) -> None:
        self._client = client
        self._http = http
        self._credentials = credentials
        self._pattern: _Pattern | None = None
        client.meta.events.register_first("before-send", self._look_at)

    def read(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to an operation, as boto3 does.

        Raises:
            ClientError: what the service answered instead.
            GarbledAwsAnswer: the answer is not JSON.
            Failed: there was none.
        """
        pattern = self._pattern
        if pattern is None:
            answered: dict[str, Any] = whole(
                getattr(self._client, xform_name(operation))(**parameters)
            )
            return answered
        headers = {**pattern.headers, _TARGET: pattern.prefix + operation}
        request = _Request(pattern.url, headers, json.dumps(parameters).encode())
        _Signer(self._credentials(), pattern.service, pattern.region).add_auth(request)
        answer = self._http.exchange(
            request.method, request.url, headers=request.headers, body=request.body
        )
        if answer.status >= 300:
            raise _refused(answer, operation)
        return document(answer.body)

    def _look_at(self, request: Any, **_: Any) -> None:
        if self._pattern is None:
            self._pattern = _pattern_of(request)


def document(body: bytes) -> dict[str, Any]:
    """Return the JSON document of a success.

    Raises:
        GarbledAwsAnswer: it is none. botocore would read it as an empty answer.
    """
    try:
        found = read_json(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise GarbledAwsAnswer("it is not JSON")
    return found


def _pattern_of(request: Any) -> _Pattern | None:
    """Return what other requests have in common with this one, None where it is unlike them."""
    headers = plain(request.headers)
    scope = _SCOPE.match(headers.get("Authorization", ""))
    prefix, dot, _ = headers.get(_TARGET, "").rpartition(".")
    if request.method != "POST" or scope is None or not dot:
        return None
    return _Pattern(
        url=request.url,
        headers={"Host": urlsplit(request.url).netloc}
        | {
            name: value
            for name, value in headers.items()
            if name.lower() not in _OF_ONE_REQUEST and not name.startswith(_OF_THE_SDK)
        },
        prefix=prefix + dot,
        region=scope[1],
        service=scope[2],
    )


def _refused(answer: Response, operation: str) -> ClientError:
    response = {"status_code": answer.status, "headers": answer.headers, "body": answer.body}
    return ClientError(_PARSER.parse(response, None), operation)
