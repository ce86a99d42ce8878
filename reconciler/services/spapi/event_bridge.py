"""Where an event bus lies: in a declared account, or in one of somebody else."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from reconciler.core.model.constraints import form, one_of
from reconciler.core.model.errors import Defect, Defects
from reconciler.core.model.spec import Frozen
from reconciler.core.service import Context
from reconciler.core.text.phrases import near, quoted
from reconciler.services.spapi.specs import BusAccountId, BusRegion, EventBridge

_EITHER = "give `account`, or `region` and `accountId`"


class DeclaredEventBridge(Frozen):
    """An event bus in YAML."""

    model_config = ConfigDict(
        json_schema_extra=one_of(
            form(["account"], ["region", "accountId"]),
            form(["region", "accountId"], ["account", "generation"]),
        )
    )

    account: str | None = None
    """The name of a declared AWS account; in its region, `bus.KEY` is associated with the event
    source that the destination offers."""
    region: BusRegion | None = None
    """The region of somebody else's event bus."""
    account_id: BusAccountId | None = None
    """The AWS account of that event bus, in quotes."""
    generation: Annotated[int, Field(ge=1, strict=True)] | None = None
    """Raise it to have `bus.KEY` deleted and associated anew, with the rules of its routes; left
    out, 1. What is sent meanwhile is lost."""

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Self:
        place = [name for name in ("region", "accountId") if self._given(name)]
        if self.account is not None and place:
            raise ValueError(f"`account` and `{place[0]}` exclude each other: {_EITHER}")
        if self.account is None and self.generation is not None:
            raise ValueError("`generation` is about a bus of a declared `account`")
        if self.account is None and len(place) < 2:
            raise ValueError(_EITHER if not place else self._lacking(place))
        return self

    def check(self, context: Context) -> None:
        """Check that the account is one with event buses.

        Raises:
            Defects: it is not declared, or has none.
        """
        name = self.account
        if name is None or name in context.unsound:
            return
        if name not in context.accounts:
            fault = f"there is no account {quoted(name)}{near(name, context.accounts)}"
        elif _place(context, name) is None:
            service = context.accounts[name].service
            fault = f"{quoted(name)} is an account of {service}, which has no event buses"
        else:
            return
        raise Defects([Defect(fault, ("account",))])

    def place(self, context: Context) -> EventBridge | None:
        """Return account id and region of the bus, None where the account is defective."""
        if self.account is not None:
            return _place(context, self.account)
        return EventBridge(region=str(self.region), account_id=str(self.account_id))

    def _given(self, name: str) -> bool:
        return (self.region if name == "region" else self.account_id) is not None

    def _lacking(self, given: Sequence[str]) -> str:
        missing = next(name for name in ("region", "accountId") if name not in given)
        return f"{missing!r} is missing: {_EITHER}"


def _place(context: Context, name: str) -> EventBridge | None:
    account = context.accounts.get(name)
    target = account.identity() if account is not None else {}
    if not {"region", "accountId"} <= target.keys():
        return None
    return EventBridge(region=target["region"], account_id=target["accountId"])
