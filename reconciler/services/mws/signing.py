"""Signature Version 2: how MWS knows who sent a request, and that nobody changed it.

From the MWS developer guide, "If you create your own client library".
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote, urlsplit


def form(parameters: Mapping[str, str]) -> str:
    """Return the parameters as `name=value&...`, sorted by the bytes of the names.

    Everything but RFC 3986's unreserved characters is escaped, a space as `%20`.
    """
    pairs = sorted(parameters.items(), key=lambda pair: pair[0].encode())
    return "&".join(f"{_escape(name)}={_escape(value)}" for name, value in pairs)


def string_to_sign(url: str, parameters: Mapping[str, str]) -> str:
    """Return the four lines that are signed: method, host without port, path, parameters."""
    parts = urlsplit(url)
    return "\n".join(("POST", (parts.hostname or "").lower(), parts.path or "/", form(parameters)))


def signature(secret_key: str, url: str, parameters: Mapping[str, str]) -> str:
    """Return the base64 HMAC-SHA256 of a POST of `parameters` to `url`."""
    text = string_to_sign(url, parameters)
    digest = hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode("ascii")


def _escape(text: str) -> str:
    return quote(text, safe="-_.~")
