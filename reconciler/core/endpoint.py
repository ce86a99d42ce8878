"""Endpoints a user may configure: https anywhere, plain http on this machine only."""

import ipaddress
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, WithJsonSchema


def is_loopback(url: str) -> bool:
    """Say whether a URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def parse_endpoint(value: str) -> str:
    """Return `value` without a trailing slash if it is an acceptable base URL.

    Raises:
        ValueError: says what is wrong with it.
    """
    try:
        parts = urlsplit(value if value.isprintable() and " " not in value else "")
        port: Any = parts.port
    except ValueError:
        raise ValueError("not a URL: expected https://HOST[:PORT]") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError("not a URL: expected https://HOST[:PORT]")
    if parts.username or parts.password:
        raise ValueError("credentials do not belong in a URL")
    if parts.scheme == "http" and not is_loopback(value):
        raise ValueError("plain http would send credentials in the clear: use https")
    return value.rstrip("/")


Endpoint = Annotated[
    str, AfterValidator(parse_endpoint), WithJsonSchema({"type": "string", "format": "uri"})
]
