"""Pushes of a Merchant account that `listen` receives: where they go, and by which doors they come.

Nothing of this lives at Google: it is declared beside the subscriptions that push.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from reconciler.core.model.objects import Desired
from reconciler.core.model.spec import Frozen, Reference, Spec
from reconciler.core.service import (
    Account,
    Context,
    Declaration,
    Member,
    PushDoor,
    WrittenDeclaration,
)
from reconciler.services.merchant.account import MerchantAccount
from reconciler.services.merchant.kinds import MerchantSubscription


class PushSettings(Frozen):
    """Where pushes go."""

    queue: str
    """Name of the declared queue that every push is put into."""
    dead_letter: str | None = None
    """Name of the declared queue for what cannot be decoded; left out, that stays at Google."""


class MerchantPushes(PushSettings, Spec):
    """All pushes of one account."""

    kind: ClassVar[str] = "push"
    service: ClassVar[str] = "merchant"
    identity: ClassVar[tuple[str, ...]] = ("owner",)
    local: ClassVar[bool] = True
    refs: ClassVar[Mapping[str, Reference]] = {
        "queue": Reference("queue", "arn"),
        "deadLetter": Reference("queue", "arn", rejects=True),
    }

    owner: str


class MerchantPushDeclaration(PushSettings, Declaration):
    """What `listen` receives for a Merchant account, in YAML."""

    spec_type: ClassVar[type[Spec]] = MerchantPushes

    def members(self, context: Context) -> Iterable[Member]:
        """Yield the one way of all pushes of the account."""
        if not isinstance(context.account, MerchantAccount):
            raise TypeError("pushes belong to a Merchant account")
        yield Member(
            MerchantPushes(
                owner=context.account.account_id, queue=self.queue, dead_letter=self.dead_letter
            )
        )

    @classmethod
    def written(cls, specs: Sequence[Spec], account: Account) -> Iterable[WrittenDeclaration]:
        """Yield nothing: there is nothing live to be written down."""
        return ()


def doors(account: MerchantAccount, desired: Sequence[Desired]) -> Iterable[PushDoor]:
    """Yield where Google pushes to for the declared subscriptions of an account."""
    for item in desired:
        if isinstance(item.spec, MerchantSubscription):
            uri = item.spec.call_back_uri
            watched = {item.spec.target_account} - {None}
            yield PushDoor(
                uri.text, uri.reference, frozenset({account.account_id, *map(str, watched)})
            )
