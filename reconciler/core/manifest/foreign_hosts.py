"""Whether the declared accounts lead to hosts of their own services only."""

from collections.abc import Collection

from reconciler.core.manifest.explain import problem_at
from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.errors import Misdirected, Problem
from reconciler.core.model.hosts import Lead, Reading
from reconciler.core.model.objects import Position
from reconciler.core.text.phrases import label

_NOWHERE = Position("declarations", 1, 1)


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
