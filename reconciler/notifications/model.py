"""The typed form of every notification.

Times stay texts as they were sent (`moment` has them as datetime), and so do values: the services
add new ones without notice.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator
from pydantic.alias_generators import to_camel


class _Frozen(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        strict=True,
    )


class _Message(_Frozen):
    """What all notifications tell: what happened, when (RFC 3339), and which message this is.

    Delivery is at least once and in no order: a repeated message repeats its `id`, and `time` is
    when it happened, or else when it was published.
    """

    source: str
    notification_type: str
    time: str | None
    id: str | None

    @property
    def seller(self) -> str | None:
        """Return the seller it names as whom it is for, None where it names none."""
        return None

    @property
    def subscription(self) -> str | None:
        """Return the id of the subscription it was sent for, None where it names none."""
        return None

    @property
    def moment(self) -> datetime | None:
        """Return `time` with its zone (UTC where none was sent); None if it is no time."""
        try:
            found = datetime.fromisoformat(self.time or "")
        except ValueError:
            return None
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


class MwsMetadata(_Frozen):
    """What MWS tells about a message beside its payload."""

    payload_version: str | None = None
    seller_id: str | None = None
    marketplace_id: str | None = None


class MwsNotification(_Message):
    """A message of MWS.

    `payload` has the XML's own names: an element is its text, None if empty, or a mapping of its
    children, attributes (`@name`) and, beside those, text (`#text`); what repeats is a list.
    """

    source: Literal["mws"] = "mws"
    payload: Mapping[str, Any]
    metadata: MwsMetadata

    @property
    def seller(self) -> str | None:
        """Return the seller's id."""
        return self.metadata.seller_id


class SpApiMetadata(_Frozen):
    """What the SP-API tells about a message beside its payload."""

    notification_version: str | None = None
    payload_version: str | None = None
    event_time: str | None = None
    publish_time: str | None = None
    application_id: str | None = None
    subscription_id: str | None = None


class SpApiNotification(_Message):
    """A message of the SP-API.

    `payload` has the message's own names and JSON values; `Decimal(str(value))` is an amount.
    """

    source: Literal["sp-api"] = "sp-api"
    payload: Mapping[str, Any]
    metadata: SpApiMetadata

    @property
    def subscription(self) -> str | None:
        """Return the id of the subscription."""
        return self.metadata.subscription_id


class ResourceChange(_Frozen):
    """One value that changed, in one region and reporting context.

    `old_value` is None where the resource was created, `new_value` where it was deleted.
    """

    model_config = ConfigDict(extra="allow")

    old_value: str | None = None
    new_value: str | None = None
    region_code: str | None = None
    reporting_context: str | None = None

    @field_validator("old_value", "new_value")
    @classmethod
    def _empty_is_absent(cls, value: str | None) -> str | None:
        return value or None


class MerchantPayload(_Frozen):
    """What changed in a Merchant account; fields beyond these are kept as they were sent.

    Accounts and resources are names: `accounts/1234`, `accounts/1234/products/online~en~US~1`.
    """

    model_config = ConfigDict(extra="allow")

    account: str
    managing_account: str | None = None
    resource_type: str | None = None
    attribute: str | None = None
    changes: tuple[ResourceChange, ...] = ()
    resource_id: str | None = None
    resource: str | None = None
    expiration_time: str | None = None
    event_time: str | None = None


class MerchantNotification(_Message):
    """A push of the Merchant API; `id` is the push's message id, where it has one."""

    source: Literal["merchant"] = "merchant"
    payload: MerchantPayload


class OtherNotification(_Message):
    """A message of any other service, whose recogniser makes one of these or of a class below it.

    `payload` has the message's own names and JSON values.
    """

    payload: Mapping[str, Any]


Notification = MwsNotification | SpApiNotification | MerchantNotification | OtherNotification
