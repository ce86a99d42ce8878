"""A plan that was seen and agreed to, and what a run may do at most because of it."""

import hashlib
import json
from dataclasses import dataclass

from pydantic import ValidationError

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.errors import PlanRefused, Rerouted, SettingsError, WrongUsage
from reconciler.core.model.plan import Action, Plan
from reconciler.core.planning.agreement import excess, fingerprint_of, no_longer_needed, rerouted
from reconciler.core.planning.plan import FORMAT_VERSION
from reconciler.core.planning.terms import NO_TERMS, Terms


class SavedPlan(Plan):
    """A plan with its terms; `seal` is of these and the fingerprint together.

    The fingerprint itself is of the actions alone, whatever options led to them.
    """

    terms: Terms = NO_TERMS
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


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a run may do at most: a saved plan, or exactly the plan with a fingerprint.

    Without both, whatever the plan says.
    """

    saved: SavedPlan | None = None
    fingerprint: str | None = None

    @property
    def given(self) -> bool:
        """Say whether the plan was seen before."""
        return self.saved is not None or self.fingerprint is not None

    def terms(self, given: Terms) -> Terms:
        """Return the terms of a run: a saved plan brings its own along.

        Raises:
            WrongUsage: some were given beside it.
        """
        if self.saved is None:
            return given
        if options := given.given():
            raise WrongUsage(
                f"{', '.join(options)}: a saved plan brings its own limits and overrides, so none "
                "go beside --plan; plan again with these"
            )
        return self.saved.terms

    def ensure_routing(self, declared: Declarations) -> None:
        """Make sure that accounts lead where they did when it was agreed to.

        Raises:
            Rerouted: names those that do not, and what differs.
        """
        if self.saved is None or self.saved.stack != declared.stack:
            return
        if against := rerouted(self.saved, declared.routing):
            raise Rerouted("; ".join(against))

    def objections(self, plan: Plan) -> list[str]:
        """Return why `plan` is not what was agreed to; empty if it is."""
        found: list[str] = []
        if self.fingerprint is not None and plan.fingerprint != self.fingerprint:
            found.append(
                f"the plan is not the one expected any more (its fingerprint is {plan.fingerprint})"
            )
        if self.saved is not None and self.saved.stack != plan.stack:
            found.append(f"the saved plan is of stack {self.saved.stack}, not of {plan.stack}")
        elif self.saved is not None:
            found += excess(self.saved, plan)
        return found

    def left_out(self, plan: Plan) -> list[Action]:
        """Return the agreed actions that `plan` does not ask for any more."""
        return [] if self.saved is None else list(no_longer_needed(self.saved, plan))


WHATEVER = Agreement()


def parse_saved(content: bytes, name: str) -> SavedPlan:
    """Read a saved plan; `name` is what messages call it.

    Raises:
        SettingsError: it is no plan.
        PlanRefused: it was saved in another format, or changed after it was saved.
    """
    try:
        plan = SavedPlan.model_validate_json(content)
    except ValidationError as error:
        raise SettingsError(f"{name} is not a plan: make one with `plan --out`") from error
    if plan.format_version != FORMAT_VERSION:
        raise PlanRefused(f"{name} was made by another version of this tool: plan again")
    if plan.fingerprint != fingerprint_of(plan):
        raise PlanRefused(
            f"{name} is not what was planned: its fingerprint is of other actions, "
            "declarations or accounts; plan again"
        )
    if not plan.sound():
        raise PlanRefused(
            f"{name} is not what was planned: its limits or overrides were changed; plan again"
        )
    return plan
