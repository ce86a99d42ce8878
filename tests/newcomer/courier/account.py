"""A shop at the courier, as declared."""

from typing import Annotated, Any, ClassVar, Literal

from reconciler.core.model.account_fields import IDENTIFYING
from reconciler.core.model.hosts import Endpoint
from reconciler.core.model.secret_ref import SecretRef
from reconciler.core.service import Account


class CourierAccount(Account):
    """One shop, and the token that its account manager gave it."""

    hosts: ClassVar[tuple[str, ...]] = ("*.courier.example",)

    service: Annotated[Literal["courier"], IDENTIFYING]
    shop: Annotated[str, IDENTIFYING]
    endpoint: Annotated[Endpoint | None, IDENTIFYING] = None
    token: SecretRef

    def real(self) -> tuple[str, ...]:
        """Return host and shop."""
        return self.service, self.base_url, self.shop

    @property
    def base_url(self) -> str:
        """Return the URL that calls go to."""
        return (self.endpoint or "https://api.courier.example").rstrip("/")

    def identity(self) -> dict[str, Any]:
        """Identify the shop."""
        return {**super().identity(), "shop": self.shop}
