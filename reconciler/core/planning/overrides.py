"""What may pass a guard, and the lines of YAML that would let the rest pass for once."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from reconciler.core.manifest.settings import GUARDS_BY_ADDRESS, Limit, Policy
from reconciler.core.model.addresses import meets

OFFERED_DAYS = 7
"""How long the lines that are offered would count."""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]*")
_EVERYTHING = ("*",)


@dataclass(frozen=True, slots=True)
class Overrides:
    """What the one who runs a command allows this once; addresses may be patterns."""

    max_deletes: Limit | None = None
    max_updates: Limit | None = None
    adopt: tuple[str, ...] = ()
    unprotect: tuple[str, ...] = ()
    allow_non_empty: bool = False
    allow_referenced: bool = False
    destroying: bool = False
    """Nothing is declared on purpose."""

    def named(self) -> dict[str, tuple[str, ...]]:
        """Return the patterns of addresses by the option they were given with."""
        return {"--adopt": self.adopt, "--unprotect": self.unprotect}


def passing(guard: str, policy: Policy, overrides: Overrides) -> tuple[str, ...]:
    """Return the patterns of the addresses that a guard lets pass, whoever said so."""
    given = {
        "adopt": _EVERYTHING if policy.adopt else overrides.adopt,
        "protect": overrides.unprotect,
        "nonEmpty": _EVERYTHING
        if overrides.allow_non_empty or not policy.protect_non_empty_queues
        else (),
        "referenced": _EVERYTHING if overrides.allow_referenced else (),
    }
    through = (item.address for item in policy.allow if item.guard == guard and item.address)
    return (*given[guard], *through)


def limits(guard: str, policy: Policy, overrides: Overrides) -> tuple[Limit, ...]:
    """Return the limits of which one has to be kept: the usual one, then those let through."""
    deletes = guard == "maxDeletes"
    chosen = overrides.max_deletes if deletes else overrides.max_updates
    if chosen is not None:
        return (chosen,)
    # To destroy is to delete all: only a limit that is given with it counts.
    usual = Limit(percent=100) if overrides.destroying else policy.max_deletes
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
