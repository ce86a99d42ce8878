"""What one run is limited to, what may pass its guards, and the YAML that would let more pass."""

import re
from collections.abc import Iterable
from datetime import date, timedelta
from typing import ClassVar

from reconciler.core.manifest.settings import GUARDS_BY_ADDRESS, Limit, Policy
from reconciler.core.model.addresses import meets
from reconciler.core.model.spec import Frozen

OFFERED_DAYS = 7
"""How long the lines that are offered would count."""
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]*")
_EVERYTHING = ("*",)


class Terms(Frozen):
    """What the one who runs a command chooses for this once.

    `targets` are patterns of declared addresses, `accounts` names of declared accounts (none: all),
    `shard` is `I/N`, the I-th (from 1) of N parts of the accounts. All else may pass the guards:
    limits of deletes and updates (None: the policy's), patterns of addresses, whole guards.
    """

    destroying: ClassVar[bool] = False
    """Whether nothing is declared on purpose; never part of a saved plan."""

    targets: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    shard: str | None = None
    max_deletes: Limit | None = None
    max_updates: Limit | None = None
    adopt: tuple[str, ...] = ()
    unprotect: tuple[str, ...] = ()
    allow_non_empty: bool = False
    allow_referenced: bool = False

    @property
    def limits(self) -> tuple[str, ...]:
        """Return the options that leave part of the declarations out."""
        shard = [f"--shard {self.shard}"] if self.shard else []
        accounts = [f"--account {name}" for name in sorted(self.accounts)]
        return (*shard, *accounts, *(f"--target {item}" for item in sorted(self.targets)))

    def named(self) -> dict[str, tuple[str, ...]]:
        """Return the patterns of addresses that may pass a guard, by the option that gives them."""
        return {"--adopt": self.adopt, "--unprotect": self.unprotect}

    def given(self) -> tuple[str, ...]:
        """Return the options that were given, as they are written: `--max-deletes`."""
        given = self.model_dump(exclude_defaults=True, by_alias=False)
        return tuple(f"--{_OPTIONS.get(name, name).replace('_', '-')}" for name in given)


class DestroyTerms(Terms):
    """The same where everything that the stack owns is to be deleted, whatever is declared."""

    destroying: ClassVar[bool] = True


_OPTIONS = {"targets": "target", "accounts": "account"}
NO_TERMS = Terms()


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
