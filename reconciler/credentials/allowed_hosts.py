"""Before anything talks to services: nothing goes to a host that nobody allowed."""

import os
from collections.abc import Collection, Iterable, Mapping

from reconciler.core.manifest.explain import problem_at
from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.errors import Misdirected, Problem, SettingsError
from reconciler.core.model.hosts import Lead, Reading, parse_allowed
from reconciler.core.model.objects import Position
from reconciler.core.text.phrases import label
from reconciler.credentials.files import read_small

VARIABLE = "RECONCILER_ALLOWED_HOSTS"
_NOWHERE = Position("declarations", 1, 1)


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


def strays(
    declarations: Declarations, allowed: Collection[str], read: Reading | None = None
) -> tuple[Problem, ...]:
    """Return each place, by file and line, that leads to a host which is nobody's to trust.

    `allowed` are hosts allowed outside the declarations. With `read`, files that accounts name are
    looked into as well.
    """
    found = [
        problem_at(declarations.place(name, lead.path) or _NOWHERE, _sentence(name, lead, host))
        for name, account in declarations.accounts.items()
        for lead in account.leads(read)
        if (host := lead.foreign(allowed)) is not None
    ]
    return tuple(sorted(found))


def ensure_at_home(declarations: Declarations, allowed: Collection[str], read: Reading) -> None:
    """Make sure that nothing would be sent to a host that is neither own nor allowed.

    Files are looked into only once all that the declarations say themselves is in order.

    Raises:
        Misdirected: names every such place.
    """
    found = strays(declarations, allowed) or strays(declarations, allowed, read)
    if found:
        raise Misdirected(found)


def _sentence(account: str, lead: Lead, host: str) -> str:
    return (
        f"accounts.{label(account)}.{lead.path}: secrets and requests would go to {host}, which is "
        "no host of this service: correct it, or allow it outside the declarations (--allow-host "
        f"{host}, or RECONCILER_ALLOWED_HOSTS)"
    )
