"""What a plan was limited to and what was let through, as a saved plan keeps it."""

import hashlib
import json

from reconciler.core.manifest.settings import Limit
from reconciler.core.model.plan import Plan
from reconciler.core.model.spec import Frozen
from reconciler.core.planning.overrides import Overrides


class Terms(Frozen):
    """The options of a plan that decide what is in it and what its guards let pass."""

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
    def overrides(self) -> Overrides:
        """Return what its guards let pass."""
        return Overrides(
            self.max_deletes,
            self.max_updates,
            self.adopt,
            self.unprotect,
            self.allow_non_empty,
            self.allow_referenced,
        )

    def given(self) -> tuple[str, ...]:
        """Return the options that were given, as they are written: `--max-deletes`."""
        given = self.model_dump(exclude_defaults=True, by_alias=False)
        return tuple(f"--{_OPTIONS.get(name, name).replace('_', '-')}" for name in given)


_OPTIONS = {"targets": "target", "accounts": "account"}


class SavedPlan(Plan):
    """A plan with its terms; `seal` is of these and the fingerprint together.

    The fingerprint itself is of the actions alone, whatever options led to them.
    """

    terms: Terms = Terms()
    seal: str = ""

    @classmethod
    def of(cls, plan: Plan, terms: Terms) -> "SavedPlan":
        """Return a plan as it is saved."""
        fields = {name: getattr(plan, name) for name in Plan.model_fields}
        return SavedPlan.model_construct(**fields, terms=terms, seal=_seal(plan, terms))

    def sound(self) -> bool:
        """Say whether its terms are those that it was made with."""
        return self.seal == _seal(self, self.terms)


def _seal(plan: Plan, terms: Terms) -> str:
    content = [plan.fingerprint, terms.model_dump(mode="json")]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
