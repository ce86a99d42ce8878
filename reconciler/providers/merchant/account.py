"""Merchant accounts in YAML: the account's number and where its credentials come from."""

from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from reconciler.core.endpoint import Endpoint, is_loopback
from reconciler.core.model import Frozen
from reconciler.core.provider import Account
from reconciler.core.secret_ref import LiteralSecret, SecretRef

BASE_URL = "https://merchantapi.googleapis.com"
V1BETA_OVER = (
    "expected an endpoint without `v1beta`: Google shut that version down on 28 February 2026, "
    "and v1 needs no version in the endpoint"
)


def parse_account_number(value: Any) -> Any:
    """Turn 1234, "1234" and the service's own "accounts/1234" into "1234"."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return value
    number = value.removeprefix("accounts/")
    if number.isascii() and number.isdigit() and not number.startswith("0"):
        return number
    raise ValueError("expected the number of a Merchant account (digits only)")


AccountNumber = Annotated[
    str,
    BeforeValidator(parse_account_number),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "string", "pattern": "^[1-9][0-9]*$"},
            ]
        }
    ),
]


def _parse_word(value: Any) -> Any:
    if value in ("adc", "anonymous"):
        return value
    # Whatever else stands here may be a token, so it is not repeated.
    raise LiteralSecret(
        "expected adc, anonymous, {serviceAccountFile: PATH} or {accessToken: env:NAME}"
    )


class ServiceAccountFile(Frozen):
    """The key file of a Google service account."""

    service_account_file: str = Field(min_length=1)


class AccessToken(Frozen):
    """A short-lived OAuth token with the scope `content`, made elsewhere."""

    access_token: SecretRef


def _one_kind(value: Any) -> Any:
    if isinstance(value, dict) and {"serviceAccountFile", "accessToken"} <= value.keys():
        raise LiteralSecret("expected either serviceAccountFile or accessToken, not both")
    return value


def _shape(value: Any) -> str:
    if isinstance(value, ServiceAccountFile):
        return "serviceAccountFile"
    if isinstance(value, AccessToken):
        return "accessToken"
    if isinstance(value, dict):
        return "serviceAccountFile" if "serviceAccountFile" in value else "accessToken"
    return "word"


Credentials = Annotated[
    Annotated[Literal["adc", "anonymous"], BeforeValidator(_parse_word), Tag("word")]
    | Annotated[ServiceAccountFile, Tag("serviceAccountFile")]
    | Annotated[AccessToken, Tag("accessToken")],
    Discriminator(_shape),
    BeforeValidator(_one_kind),
]


class MerchantAccount(Account):
    """The Merchant account that owns the subscriptions."""

    service: Literal["merchant"]
    account_id: AccountNumber
    endpoint: Endpoint | None = None
    credentials: Credentials = "adc"

    def real(self) -> tuple[str, ...]:
        """Return host and number of the account that owns the subscriptions."""
        return self.service, (self.endpoint or BASE_URL).rstrip("/"), self.account_id

    @field_validator("endpoint")
    @classmethod
    def _not_v1beta(cls, endpoint: str | None) -> str | None:
        if endpoint and "v1beta" in endpoint.lower():
            raise ValueError(V1BETA_OVER)
        return endpoint

    @field_validator("credentials")
    @classmethod
    def _anonymous_at_home_only(cls, value: Credentials, info: ValidationInfo) -> Credentials:
        if value == "anonymous" and "endpoint" in info.data:
            endpoint = info.data["endpoint"]
            if endpoint is None or not is_loopback(endpoint):
                raise ValueError("expected credentials, since `endpoint` is not on this machine")
        return value
