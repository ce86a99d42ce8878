"""An SP-API application in one region and the sellers who authorised it, as declared."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from reconciler.core.model.account_fields import IDENTIFYING, PLAIN, Tabled
from reconciler.core.model.addresses import chosen, matches
from reconciler.core.model.constraints import UNIQUE, filled
from reconciler.core.model.errors import Defects
from reconciler.core.model.hosts import Endpoint, Leads, host_of
from reconciler.core.model.secret_ref import SecretRef
from reconciler.core.model.spec import Frozen
from reconciler.core.service import Account
from reconciler.core.text.expressions import Expression
from reconciler.core.text.phrases import near, quoted

LONGEST_SELLER_NAME = 64
"""A refresh token, which somebody may put where its name belongs, is several times as long."""
SELLER_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
TOKEN_ENDPOINT = "https://api.amazon.com/auth/o2/token"  # noqa: S105 - where tokens are had
TOKEN_HOSTS = ("api.amazon.com", "api.amazon.co.uk", "api.amazon.co.jp")
SANDBOX_WARNING = (
    "this is Amazon's sandbox host, where a user saw createDestination reach the production "
    "application (May 2026): do not take it for a dry run"
)

_AMAZON_HOST = Expression(
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


def _label(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Label = Annotated[str, BeforeValidator(_label), WithJsonSchema({"type": ["string", "number"]})]


class Seller(Frozen):
    """A seller who authorised the application; `labels` are what it may be chosen by.

    Labels stay out of everything that is told of an account: a table may have columns that are
    nobody's business.
    """

    refresh_token: SecretRef
    """Reference to the refresh token that the seller's authorisation gave."""
    labels: dict[str, Label] = Field(default_factory=dict, exclude=True)
    """What a subscription may choose the seller by."""


class SellersWhere(Frozen):
    """A choice of sellers: those whose labels all match, by pattern (`*`, `?`)."""

    where: Annotated[dict[str, Label], filled("give at least one label and its value")]
    """Labels by name, all of which have to match."""


def _form(value: Any) -> str:
    if isinstance(value, dict | SellersWhere):
        return "where"
    return "all" if value == "all" else "list"


_EMPTY = "`sellers` is empty: list at least one, or write `all`"

DeclaredSellers = (
    Annotated[
        Annotated[tuple[str, ...], filled(_EMPTY), UNIQUE, Tag("list")]
        | Annotated[Literal["all"], Tag("all")]
        | Annotated[SellersWhere, Tag("where")],
        Discriminator(_form),
    ]
    | None
)
"""What a subscription may say under `sellers`: names and patterns, all, labels, or nothing."""


class SpApiCredentials(Frozen):
    """Where the application's Login with Amazon client is found."""

    client_id: SecretRef
    """Reference to the client id of Login with Amazon."""
    client_secret: SecretRef
    """Reference to its client secret."""


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
    """North America, Europe or the Far East."""
    endpoint: Annotated[Endpoint | None, IDENTIFYING] = None
    """Another URL than the region's own."""
    token_endpoint: Annotated[Endpoint, Leads(TOKEN_HOSTS), PLAIN] = TOKEN_ENDPOINT
    """Where tokens are had."""
    credentials: SpApiCredentials
    """References to the application's client id and secret."""
    sellers: Annotated[dict[SellerName, Seller], Tabled("seller")] = Field(default_factory=dict)
    """Every seller who authorised the application, by a name of yours."""

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

    def identity(self) -> dict[str, Any]:
        """Identify the application, of which there may be several in a region."""
        return {**super().identity(), "clientId": self.credentials.client_id}

    def parts(self, kind: str) -> Sequence[str | None]:
        """Return the sellers, to whom subscriptions belong; destinations are the application's."""
        return tuple(sorted(self.sellers)) if kind == "subscription" else (None,)

    def warnings(self) -> Iterable[str]:
        """Yield that Amazon's sandbox host is not harmless."""
        amazon = _AMAZON_HOST.fullmatch(host_of(self.base_url))
        if amazon and amazon["sandbox"]:
            yield SANDBOX_WARNING


def choose_sellers(
    account: SpApiAccount, declared: DeclaredSellers
) -> list[tuple[str, str | None]]:
    """Return (seller, member) for what a subscription declares under `sellers`.

    Left out, it means the account's only seller, who is then no member of a list.

    Raises:
        ValueError: a seller is unknown or named twice, none is meant, or there is not exactly one
            to mean.
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
    if declared == "all":
        chosen: Sequence[str] = known
    elif isinstance(declared, SellersWhere):
        chosen = _labelled(account.sellers, declared.where)
    else:
        chosen = _listed(declared, known)
    return [(seller, seller) for seller in chosen]


def _labelled(sellers: Mapping[str, Seller], where: Mapping[str, str]) -> list[str]:
    columns = {label for seller in sellers.values() for label in seller.labels}
    unknown = [label for label in where if label not in columns]
    if unknown:
        raise Defects(
            [
                f"no seller of the account has a label {label!r}{_hint(label, columns)}"
                for label in unknown
            ]
        )
    found = sorted(name for name, it in sellers.items() if chosen(it.labels, where))
    if not found:
        # What sellers are labelled with instead is nobody's business.
        meant = ", ".join(f"{label}: {value}" for label, value in where.items())
        raise ValueError(f"no seller of the account is labelled {quoted(meant)}")
    return found


def _listed(declared: Sequence[str], known: Sequence[str]) -> list[str]:
    """Return the sellers that names and patterns mean, in that order, each once."""
    found: dict[str, None] = {}
    faults: list[str] = []
    names = frozenset(known)
    for name in dict.fromkeys(declared):
        pattern = "*" in name or "?" in name
        meant = [it for it in known if matches(name, it)] if pattern else [name]
        if not meant:
            faults.append(f"no seller of the account matches {name!r}")
        elif not pattern and name not in names:
            faults.append(f"the account has no seller {name!r}{_hint(name, known)}")
        found.update(dict.fromkeys(meant))
    faults += repeated(declared)
    if faults:
        raise Defects(faults)
    return list(found)


def repeated(declared: Sequence[str]) -> list[str]:
    """Return what is wrong where sellers are listed twice."""
    twice = sorted(name for name, times in Counter(declared).items() if times > 1)
    return [f"`sellers` names {', '.join(twice)} twice"] if twice else []


def _hint(name: str, known: Collection[str]) -> str:
    if found := near(name, known):
        return found
    if not known:
        return ""
    return f": it has {', '.join(sorted(known)[:10])}" + (", ..." if len(known) > 10 else "")
