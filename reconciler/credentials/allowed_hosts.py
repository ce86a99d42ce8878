"""Before anything talks to services: nothing goes to a host that nobody allowed."""

import os
from collections.abc import Iterable, Mapping

from reconciler.core.manifest.foreign_hosts import ensure_at_home, strays
from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.errors import Problem, SettingsError
from reconciler.core.model.hosts import parse_allowed
from reconciler.credentials.files import read_small

VARIABLE = "RECONCILER_ALLOWED_HOSTS"


def allowed_hosts(given: Iterable[str], environ: Mapping[str, str] | None = None) -> frozenset[str]:
    """Return the hosts that are allowed outside the declarations: by options and by the variable.

    Raises:
        SettingsError: the variable holds something that is no host.
    """
    listed = (os.environ if environ is None else environ).get(VARIABLE, "").split(",")
    try:
        named = [parse_allowed(item) for item in listed if item.strip()]
    except ValueError as error:
        raise SettingsError(f"{VARIABLE}: {error}") from error
    return frozenset((*given, *named))


def ensure_allowed(declared: Declarations, given: Iterable[str]) -> None:
    """Make sure that every account leads to allowed hosts, before any secret is looked up.

    Raises:
        Misdirected: some do not.
    """
    ensure_at_home(declared, allowed_hosts(given), read_or_none)


def strays_of(declared: Declarations, given: Iterable[str]) -> tuple[Problem, ...]:
    """Return what a run that talks to the services would be refused for."""
    return strays(declared, allowed_hosts(given))


def read_or_none(path: str) -> bytes | None:
    """Return the content of a small file; that it cannot be read is told by whoever needs it."""
    try:
        return read_small(path, path)
    except SettingsError:
        return None
