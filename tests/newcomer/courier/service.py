"""The courier, as one value."""

from typing import Any

from reconciler.core.model.abilities import Carried, Recogniser
from reconciler.core.provider import Provider
from reconciler.core.service import Access, AccessQuestion, Account, Example, Service
from reconciler.core.text.phrases import heading, paragraph
from reconciler.credentials.tools import Tools
from tests.newcomer.courier.account import CourierAccount
from tests.newcomer.courier.kinds import ChannelDeclaration, HookDeclaration, check_losses

EXAMPLE = Example(
    account="""\
  # The shop at the courier.
  parcels:
    service: courier
    shop: acme
    token: env:COURIER_TOKEN
""",
    file="courier.yaml",
    objects="""\
# News of parcels: hooks put it into channels, where it waits.

channels:
  orders: {keep: 2d}

hooks:
  delivered: {channel: orders, event: parcel/delivered}
""",
)


def open_account(name: str, account: CourierAccount, tools: Tools) -> Provider:
    """Open a shop."""
    from tests.newcomer.courier.provider import CourierProvider

    return CourierProvider(name, account, tools)


def sandboxed(_name: str, account: CourierAccount, url: str) -> Account:
    """Lead a shop to a stand-in."""
    return account.model_copy(update={"endpoint": url, "token": "throw-away:sandbox-token"})


def access(question: AccessQuestion) -> Access:
    """Return what the courier must allow."""
    shops = sorted(
        item.shop for item in question.accounts.values() if isinstance(item, CourierAccount)
    )
    if not shops:
        return Access()
    said = f"The token of the shop {', '.join(shops)} needs the scope `hooks:write`."
    return Access(parts=(heading("Courier: what the token may do"), paragraph(said)))


def recognise() -> Recogniser:
    """Return what news of parcels is told by."""
    from reconciler.notifications.model import OtherNotification

    def parcel_news(value: Any, carried: Carried) -> OtherNotification | None:
        if "parcel" not in value or "event" not in value:
            return None
        return OtherNotification(
            source="courier",
            notification_type=value["event"],
            time=value.get("at") or carried.time,
            id=carried.id,
            payload=value["parcel"],
        )

    return Recogniser(known="of the courier (JSON)", fields=parcel_news)


SERVICE = Service(
    name="courier",
    account=CourierAccount,
    declarations={"channels": ChannelDeclaration, "hooks": HookDeclaration},
    open=open_account,
    sandboxed=sandboxed,
    example=EXAMPLE,
    access=access,
    recognise=recognise,
    invariants=check_losses,
)
