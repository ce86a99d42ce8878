"""What may pass a guard, and the lines of YAML that would let the rest pass for once."""

import re
from collections.abc import Iterable
from datetime import date, timedelta

from reconciler.core.manifest.settings import GUARDS_BY_ADDRESS, Limit, Policy
from reconciler.core.model.addresses import meets
from reconciler.core.planning.terms import Terms

OFFERED_DAYS = 7
"""How long the lines that are offered would count."""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]*")
_EVERYTHING = ("*",)


def passing(guard: str, policy: Policy, terms: Terms) -> tuple[str, ...]:
    """Return the patterns of the addresses that a guard lets pass, whoever said so."""
    given = {
        "adopt": _EVERYTHING if policy.adopt else terms.adopt,
        "protect": terms.unprotect,
        "nonEmpty": _EVERYTHING
        if terms.allow_non_empty or not policy.protect_non_empty_queues
        else (),
        "referenced": _EVERYTHING if terms.allow_referenced else (),
    }
    through = (item.address for item in policy.allow if item.guard == guard and item.address)
    return (*given[guard], *through)


def limits(guard: str, policy: Policy, terms: Terms) -> tuple[Limit, ...]:
    """Return the limits of which one has to be kept: the usual one, then those let through."""
    deletes = guard == "maxDeletes"
    chosen = terms.max_deletes if deletes else terms.max_updates
    if chosen is not None:
        return (chosen,)
    # To destroy is to delete all: only a limit that is given with it counts.
    usual = Limit(percent=100) if terms.destroying else policy.max_deletes
    raised = (item.up_to for item in policy.allow if item.guard == guard and item.up_to)
    return (usual if deletes else policy.max_updates, *raised)


def allowed(address: str, patterns: Iterable[str]) -> bool:
    """Say whether an address is among those that may pass."""
    return any(meets(pattern, address) for pattern in patterns)


def line(guard: str, value: str | int, today: date) -> str:
    """Return the line of `policy.allow` that would let a guard through for an address or number."""
    name = "address" if guard in GUARDS_BY_ADDRESS else "upTo"
    until = today + timedelta(days=OFFERED_DAYS)
    return f"- {{guard: {guard}, {name}: {_scalar(value)}, until: {until}}}"


def _scalar(value: str | int) -> str:
    if isinstance(value, int) or _PLAIN.fullmatch(value):
        return str(value)
    return '"' + "".join(map(_escaped, value)) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character.isprintable() else f"\\U{ord(character):08x}"
