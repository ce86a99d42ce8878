"""What one run is limited to and what may pass its guards: one value."""

from typing import ClassVar

from reconciler.core.manifest.settings import Limit
from reconciler.core.model.spec import Frozen


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
