"""Endpoints a user may configure: https anywhere, plain http on this machine only."""

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, WithJsonSchema

from reconciler.core.model.hosts import Leads, host_of, is_local

_NO_URL = "not a URL: expected https://HOST[:PORT]"
# What may not stand in a host is what programs disagree about where a host ends.
_PLACE = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\x00-\x20\x7f\[\]:@/?#\\%<>\"^`{|}]+)(:[0-9]*)?")


def is_loopback(url: str) -> bool:
    """Say whether a URL's host is this machine."""
    return is_local(host_of(url))


def parse_endpoint(value: str) -> str:
    """Return `value` without a trailing slash if it is an acceptable base URL.

    Raises:
        ValueError: says what is wrong with it.
    """
    try:
        parts = urlsplit(value if value.isprintable() and " " not in value else "")
        port: Any = parts.port
    except ValueError:
        raise ValueError(_NO_URL) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError(_NO_URL)
    if "@" in parts.netloc:
        raise ValueError("credentials do not belong in a URL")
    if not _PLACE.fullmatch(parts.netloc):
        raise ValueError(_NO_URL)
    if parts.scheme == "http" and not is_loopback(value):
        raise ValueError("plain http would send credentials in the clear: use https")
    return value.rstrip("/")


Endpoint = Annotated[
    str,
    AfterValidator(parse_endpoint),
    Leads(),
    WithJsonSchema({"type": "string", "format": "uri"}),
]
