"""Merchant accounts in YAML: the account's number and where its credentials come from."""

import json
import re
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from reconciler.core.model.account_fields import IDENTIFYING
from reconciler.core.model.hosts import Endpoint, Lead, Reading, is_loopback
from reconciler.core.model.secret_ref import LiteralSecret, SecretRef
from reconciler.core.model.spec import Frozen
from reconciler.core.service import Account

BASE_URL = "https://merchantapi.googleapis.com"
_LONGEST_PATH = 255
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
    if re.fullmatch(r"[1-9][0-9]{0,18}", number):
        return number
    raise ValueError("expected the number of a Merchant account (digits only)")


AccountNumber = Annotated[
    str,
    BeforeValidator(parse_account_number),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 10**19 - 1},
                {"type": "string", "pattern": "^(accounts/)?[1-9][0-9]{0,18}$"},
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


def _key_path(value: Any) -> Any:
    # Whoever puts the key itself here must not see it repeated as a file that is not there.
    if isinstance(value, str) and 0 < len(value) <= _LONGEST_PATH and value.isprintable():
        return value
    raise LiteralSecret("expected the path of a key file; the key itself belongs in that file")


class ServiceAccountFile(Frozen):
    """The key file of a Google service account."""

    service_account_file: Annotated[
        str,
        BeforeValidator(_key_path),
        WithJsonSchema({"type": "string", "minLength": 1, "maxLength": _LONGEST_PATH}),
    ]
    """The path of the key file."""


class AccessToken(Frozen):
    """A short-lived OAuth token with the scope `content`, made elsewhere."""

    access_token: SecretRef
    """Reference to the token."""


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


def _token_url(key_file: bytes | None) -> str | None:
    """Return where a key file says that tokens are had; None where it is no such file."""
    try:
        content = json.loads(key_file or b"")
    except ValueError:
        return None
    url = content.get("token_uri") if isinstance(content, dict) else None
    return url if isinstance(url, str) else None


class MerchantAccount(Account):
    """The Merchant account that owns the subscriptions."""

    hosts: ClassVar[tuple[str, ...]] = ("*.googleapis.com",)

    service: Annotated[Literal["merchant"], IDENTIFYING]
    account_id: Annotated[AccountNumber, IDENTIFYING]
    """The number of the Merchant Center account, in quotes."""
    endpoint: Annotated[Endpoint | None, IDENTIFYING] = None
    """Another URL than Google's own."""
    credentials: Credentials = "adc"
    """Application Default Credentials, none (for a stand-in on this machine), a key file or a
    token."""

    def leads(self, read: Reading | None = None) -> Iterable[Lead]:
        """Yield the endpoint and, with `read`, where the key file has its tokens from."""
        yield from super().leads(read)
        if read is not None and isinstance(self.credentials, ServiceAccountFile):
            url = _token_url(read(self.credentials.service_account_file))
            if url is not None:
                yield Lead("credentials.serviceAccountFile", url, self.hosts)

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
                raise ValueError(
                    "'anonymous' is for an `endpoint` on this machine only: give adc, "
                    "{serviceAccountFile: PATH} or {accessToken: env:NAME}"
                )
        return value
