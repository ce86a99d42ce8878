"""Which host a URL leads to, whose it is, and whether anything may be sent there.

Hosts are compared in one spelling: lower case, without the dot at the end, addresses in their
shortest form, letters beyond ASCII as `xn--`.
"""

import ipaddress
from collections.abc import Callable, Collection
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, WithJsonSchema

from reconciler.core.text.expressions import Expression

_PORTS = {"https": 443, "http": 80}
_GIVEN = Expression(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s\[\]:/@\\?#%*]+)(:(?P<port>[0-9]{1,5}))?")

Reading = Callable[[str], bytes | None]
"""Reads a small file of the machine that a command runs on; None where it cannot be read."""


class Leads(NamedTuple):
    """Marks a field of an account whose URL secrets are sent to.

    `own` are patterns of the service's own hosts for it, None for those of the account's class.
    """

    own: tuple[str, ...] | None = None


class Lead(NamedTuple):
    """A URL that requests or secrets of an account go to.

    `path` is the YAML path of what decides on it, `own` are patterns of hosts that may be told.
    """

    path: str
    url: str
    own: tuple[str, ...]

    def foreign(self, allowed: Collection[str]) -> str | None:
        """Return the host if it is neither this machine, nor an own one, nor among `allowed`."""
        host = host_of(self.url)
        if is_local(host) or any(belongs(host, pattern) for pattern in self.own):
            return None
        if host and {host, f"{host}:{_port(self.url)}"} & {*allowed}:
            return None
        return host or "a place that is no URL"


def host_of(url: str) -> str:
    """Return the host of a URL in the spelling in which hosts are compared, "" if it has none."""
    try:
        return spelt(urlsplit(url).hostname or "")
    except ValueError:
        return ""


def spelt(host: str) -> str:
    """Return a host in the one spelling in which hosts are compared."""
    host = host.lower()
    address = _address(host)
    if address is not None:
        return str(address)
    host = host.removesuffix(".")
    if host.isascii():
        return host
    try:
        ascii_form = host.encode("idna").decode("ascii")
    except UnicodeError:
        ascii_form = ""
    # A name that only looks like an ASCII one is not taken for it: clients differ about those.
    sound = any(label.startswith("xn--") for label in ascii_form.split("."))
    return ascii_form if sound else host.encode("ascii", "backslashreplace").decode("ascii")


def is_local(host: str) -> bool:
    """Say whether a host, spelt as by `spelt`, is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def belongs(host: str, pattern: str) -> bool:
    """Say whether `pattern` is of this host; `*.` stands for one or more whole labels."""
    if pattern.startswith("*."):
        return len(host) > len(pattern) - 1 and host.endswith(pattern[1:])
    return host == pattern


def parse_allowed(text: str) -> str:
    """Return a host that is allowed besides, in the spelling in which hosts are compared.

    Raises:
        ValueError: it is no host.
    """
    match = _GIVEN.fullmatch(text.strip())
    if match is None or not match["host"].strip("."):
        raise ValueError(
            f"{text!r}: expected a host such as gateway.example.com, or HOST:PORT for one port only"
        )
    host = spelt(match["host"].strip("[]"))
    return f"{host}:{int(match['port'])}" if match["port"] else host


def _port(url: str) -> int | None:
    parts = urlsplit(url)
    try:
        return parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


_NO_URL = "not a URL: expected https://HOST[:PORT]"
# What may not stand in a host is what programs disagree about where a host ends.
_PLACE = Expression(r"(\[[0-9A-Fa-f:.]+\]|[^\x00-\x20\x7f\[\]:@/?#\\%<>\"^`{|}]+)(:[0-9]*)?")


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
    WithJsonSchema(
        {"type": "string", "format": "uri", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[^ ]+$"}
    ),
]
