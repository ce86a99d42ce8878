"""Which way a URL is reached, as the environment says: pure, no network, no files.

The variables are those that curl and others know. The lower-case spelling wins, `ALL_PROXY` stands
for what has no variable of its own, and a variable that is set to nothing means: no proxy.
"""

import base64
import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from reconciler.core.model.errors import SettingsError
from reconciler.core.model.hosts import is_local, spelt

CA_VARIABLES = ("RECONCILER_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE")
"""What may name a file with certificates of authorities; the first that is set counts."""

_PORTS = {"https": 443, "http": 80}
_FORM = "http://[USER:PASSWORD@]HOST:PORT"
_METADATA = frozenset({"metadata.google.internal", "metadata.goog"})
"""A machine's own metadata server by name: what a proxy reached there would be the proxy's own."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy: `url` without user information, which variable named it, and how to log in."""

    url: str
    variable: str
    authorization: str | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """Return host and port, for messages."""
        return urlsplit(self.url).netloc


@dataclass(frozen=True, slots=True)
class Bundle:
    """A file (or directory) with certificates of authorities, and which variable named it."""

    path: str
    variable: str


class Routes:
    """Decides for each URL whether it is reached through a proxy. `environ` is read when asked."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def proxy(self, url: str) -> Proxy | None:
        """Return the proxy to reach `url` through, None for none.

        Raises:
            SettingsError: the variable names no proxy that can be used; never repeats its value.
        """
        parts = urlsplit(url)
        variable, value = self._chosen(f"{parts.scheme}_proxy", "all_proxy")
        if not value or is_here(parts.hostname or "") or self._excepted(parts):
            return None
        return parse_proxy(variable, value)

    def bundle(self) -> Bundle | None:
        """Return which authorities to trust instead of those the machine trusts."""
        for variable in CA_VARIABLES:
            if path := self._environ.get(variable):
                return Bundle(path, variable)
        return None

    def passwords(self) -> Iterable[str]:
        """Yield the passwords of all proxies, to be kept out of texts, however they are written."""
        for scheme in ("https", "http", "all"):
            for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper()):
                user, at, _ = self._environ.get(name, "").rpartition("@")
                password = user.rpartition("//")[2].partition(":")[2]
                if at and password:
                    yield password
                    yield unquote(password)

    def _chosen(self, *names: str) -> tuple[str, str]:
        for name in names:
            for variable in (name, name.upper()):
                if variable in self._environ:
                    return variable, self._environ[variable].strip()
        return "", ""

    def _excepted(self, parts: SplitResult) -> bool:
        _, value = self._chosen("no_proxy")
        host = spelt(parts.hostname or "")
        port = parts.port or _PORTS.get(parts.scheme)
        return any(_matches(entry, host, port) for entry in re.split(r"[,\s]+", value) if entry)


def is_here(host: str) -> bool:
    """Say whether a host is this machine or what only this machine's own link leads to.

    A proxy would reach its own, so these are never asked for through one: loopback, and the
    metadata servers of clouds.
    """
    host = spelt(host)
    if is_local(host) or host in _METADATA:
        return True
    address = _address(host)
    return address is not None and address.is_link_local


def parse_proxy(variable: str, value: str) -> Proxy:
    """Return the proxy that a variable's value names; without a scheme it is `http://`.

    Raises:
        SettingsError: names the variable, never the value, which may hold a password.
    """
    if "://" not in value:
        value = f"http://{value.removeprefix('//')}"
    scheme = value.partition("://")[0].lower()
    if scheme.startswith("socks"):
        raise SettingsError(
            f"{variable} names a SOCKS proxy, which is not supported: give an HTTP proxy, {_FORM}, "
            "or except the hosts by NO_PROXY"
        )
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if scheme not in _PORTS or not host or not _is_place(parts.netloc):
        raise SettingsError(
            f"{variable} is no URL of a proxy: expected {_FORM}, with special characters of user "
            "and password percent-encoded"
        )
    place = f"[{host}]" if ":" in host else host
    return Proxy(f"{scheme}://{place}:{port or _PORTS[scheme]}", variable, _authorization(parts))


def _is_place(netloc: str) -> bool:
    return not re.search(r"[\s\\]", netloc.rpartition("@")[2])


def _authorization(parts: SplitResult) -> str | None:
    if parts.username is None:
        return None
    pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def _matches(entry: str, host: str, port: int | None) -> bool:
    """Say whether an entry of NO_PROXY is of a host: suffix, address, network, `*`, with a port."""
    if entry == "*":
        return True
    network = _network(entry)
    if network is not None:
        address = _address(host)
        return address is not None and address in network
    found = re.fullmatch(r"\[([^\]]+)\](?::(\d+))?|([^:]+)(?::(\d+))?", entry)
    if found is None:
        return False
    if (only := found[2] or found[4]) and int(only) != port:
        return False
    name = spelt((found[1] or found[3]).removeprefix("*").removeprefix("."))
    network = _network(name)
    if network is not None:
        return _matches(name, host, port)
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
