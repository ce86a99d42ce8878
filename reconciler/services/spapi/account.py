"""An SP-API application in one region and the sellers who authorised it, as declared."""

import difflib
import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from reconciler.core.model.account_fields import IDENTIFYING, PLAIN
from reconciler.core.model.endpoint import Endpoint
from reconciler.core.model.errors import Defects
from reconciler.core.model.hosts import Leads, host_of
from reconciler.core.model.secret_ref import SecretRef
from reconciler.core.model.spec import Frozen
from reconciler.core.service import Account

LONGEST_SELLER_NAME = 64
"""A refresh token, which somebody may put where its name belongs, is several times as long."""
SELLER_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
TOKEN_ENDPOINT = "https://api.amazon.com/auth/o2/token"  # noqa: S105 - where tokens are had
TOKEN_HOSTS = ("api.amazon.com", "api.amazon.co.uk", "api.amazon.co.jp")
SANDBOX_WARNING = (
    "this is Amazon's sandbox host, where a user saw createDestination reach the production "
    "application (May 2026): do not take it for a dry run"
)

_AMAZON_HOST = re.compile(
    r"(?P<sandbox>sandbox\.)?sellingpartnerapi-(?P<region>na|eu|fe)\.amazon\.com"
)


def _seller_name(value: str) -> str:
    # Names stand in addresses, subscription.de-offers[acme-de] and account/acme-de/TYPE.
    if len(value) > LONGEST_SELLER_NAME:
        raise ValueError(f"a seller's name has at most {LONGEST_SELLER_NAME} characters")
    if not re.fullmatch(SELLER_NAME, value):
        raise ValueError(
            "a seller's name has letters, digits, _ . and -, and begins with a letter or digit"
        )
    return value


SellerName = Annotated[
    str,
    AfterValidator(_seller_name),
    WithJsonSchema({"type": "string", "pattern": SELLER_NAME, "maxLength": LONGEST_SELLER_NAME}),
]


class Seller(Frozen):
    """A seller who authorised the application."""

    refresh_token: SecretRef


class SpApiCredentials(Frozen):
    """Where the application's Login with Amazon client is found."""

    client_id: SecretRef
    client_secret: SecretRef


class SpApiAccount(Account):
    """An application in a region: it owns destinations, its sellers own subscriptions."""

    hosts: ClassVar[tuple[str, ...]] = tuple(
        f"{prefix}sellingpartnerapi-{region}.amazon.com"
        for prefix in ("", "sandbox.")
        for region in ("na", "eu", "fe")
    )

    by_topic: ClassVar[bool] = True

    service: Annotated[Literal["sp-api"], IDENTIFYING]
    region: Annotated[Literal["na", "eu", "fe"], IDENTIFYING]
    endpoint: Annotated[Endpoint | None, IDENTIFYING] = None
    token_endpoint: Annotated[Endpoint, Leads(TOKEN_HOSTS), PLAIN] = TOKEN_ENDPOINT
    credentials: SpApiCredentials
    sellers: dict[SellerName, Seller] = Field(default_factory=dict)

    @field_validator("endpoint")
    @classmethod
    def _of_this_region(cls, endpoint: str | None, info: ValidationInfo) -> str | None:
        amazon = _AMAZON_HOST.fullmatch(host_of(endpoint or ""))
        region = info.data.get("region")
        if amazon and region and amazon["region"] != region:
            raise ValueError(
                f"this is Amazon's host for region {amazon['region']}, but `region` is {region}: "
                "remove `endpoint` or correct one of the two"
            )
        return endpoint

    def real(self) -> tuple[str, ...]:
        """Return host and client: entries that find their client at one place share it."""
        return self.service, self.base_url.rstrip("/"), self.credentials.client_id

    @property
    def base_url(self) -> str:
        """Return the URL that calls go to, without the path of the API."""
        return self.endpoint or f"https://sellingpartnerapi-{self.region}.amazon.com"

    @property
    def sandbox_url(self) -> str:
        """Return the URL of the sandbox beside `base_url`; stand-ins are their own sandbox."""
        host = host_of(self.base_url)
        amazon = _AMAZON_HOST.fullmatch(host)
        beside = amazon is not None and not amazon["sandbox"]
        return f"https://sandbox.{host}" if beside else self.base_url

    def target(self) -> dict[str, Any]:
        """Identify the application, of which there may be several in a region."""
        return {**super().target(), "clientId": self.credentials.client_id}

    def parts(self, kind: str) -> Sequence[str | None]:
        """Return the sellers, to whom subscriptions belong; destinations are the application's."""
        return tuple(sorted(self.sellers)) if kind == "subscription" else (None,)

    def warnings(self) -> Iterable[str]:
        """Yield that Amazon's sandbox host is not harmless."""
        amazon = _AMAZON_HOST.fullmatch(host_of(self.base_url))
        if amazon and amazon["sandbox"]:
            yield SANDBOX_WARNING


def choose_sellers(
    account: SpApiAccount, declared: tuple[str, ...] | Literal["all"] | None
) -> list[tuple[str, str | None]]:
    """Return (seller, member) for what a subscription declares under `sellers`.

    Left out, it means the account's only seller, who is then no member of a list.

    Raises:
        ValueError: a seller is unknown or named twice, or there is not exactly one to mean.
    """
    known = sorted(account.sellers)
    if not known:
        raise ValueError("the account has no sellers: declare them under its `sellers`")
    if declared is None:
        if len(known) > 1:
            raise ValueError(
                f"`sellers` is missing: the account has {len(known)}, so list those meant or "
                "write `all`"
            )
        return [(known[0], None)]
    chosen = known if declared == "all" else declared
    if not chosen:
        raise ValueError("`sellers` is empty: list at least one, or write `all`")
    faults = [
        f"the account has no seller {seller!r}{_hint(seller, known)}"
        for seller in dict.fromkeys(chosen)
        if seller not in account.sellers
    ]
    twice = sorted({seller for seller in chosen if list(chosen).count(seller) > 1})
    if twice:
        faults.append(f"`sellers` names {', '.join(twice)} twice")
    if faults:
        raise Defects(faults)
    return [(seller, seller) for seller in chosen]


def _hint(seller: str, known: list[str]) -> str:
    near = difflib.get_close_matches(seller, known, n=1)
    if near:
        return f", did you mean {near[0]!r}?"
    return f": it has {', '.join(known[:10])}" + (", ..." if len(known) > 10 else "")
