"""What `doctor` looks at in an SP-API application. Everything is a read.

A subscription is created with the same token and role that list it, so that reading tells enough.
"""

from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from reconciler.core.model.abilities import Examination, Impediment, Stage
from reconciler.core.model.errors import Denied
from reconciler.core.model.objects import Desired
from reconciler.credentials.checks import reaching, resolving
from reconciler.credentials.secrets import Secrets
from reconciler.services.spapi.account import SpApiAccount
from reconciler.services.spapi.client import SpApiClient
from reconciler.services.spapi.failures import NotPermitted
from reconciler.services.spapi.login import BAD_CLIENT, NO_CONSENT, LwaLogin
from reconciler.services.spapi.specs import SpApiSubscription


class SpApiDoctor:
    """One application, its sellers, and the notification types declared for each."""

    def __init__(
        self,
        name: str,
        account: SpApiAccount,
        client: SpApiClient,
        login: LwaLogin,
        secrets: Secrets,
    ) -> None:
        self._name = name
        self._account = account
        self._client = client
        self._login = login
        self._secrets = secrets

    def examinations(self, desired: Iterable[Desired]) -> Sequence[Examination]:
        """Return what can be looked at, in no order."""
        specs = [item.spec for item in desired if isinstance(item.spec, SpApiSubscription)]
        asked = sorted({(it.seller, it.notification_type, it.payload_version) for it in specs})
        return [
            *self._references(),
            *(reaching(self._name, url) for url in self._hosts()),
            Examination(Stage.credentials, "client id and secret", self._application),
            Examination(Stage.reading, "getDestinations", self._destinations),
            *(self._consent(seller) for seller in sorted(self._account.sellers)),
            *(self._role(*one) for one in asked),
        ]

    def _hosts(self) -> Iterable[str]:
        """Return one URL a host: both endpoints may be served by the same."""
        urls = (self._account.token_endpoint, self._account.base_url)
        return {urlsplit(url).netloc: url for url in urls}.values()

    def _references(self) -> Iterator[Examination]:
        keys = self._account.credentials
        yield self._reference("credentials.clientId", keys.client_id)
        yield self._reference("credentials.clientSecret", keys.client_secret)
        for seller, entry in sorted(self._account.sellers.items()):
            path = f"sellers.{seller}.refreshToken"
            yield self._reference(path, entry.refresh_token, seller)

    def _reference(self, path: str, reference: str, part: str | None = None) -> Examination:
        return resolving(self._name, path, reference, self._secrets, part=part)

    def _application(self) -> Iterator[Impediment]:
        try:
            self._login.token(None)
        except Denied as error:
            if error.code != BAD_CLIENT:
                raise
            path = f"accounts.{self._name}.credentials"
            yield Impediment(
                "the client id or the client secret is refused; a secret expires 180 days after "
                "its rotation",
                f"rotate the secret in the developer's console and put it where {path} points",
            )

    def _destinations(self) -> Iterator[Impediment]:
        self._client.get_destinations()
        yield from ()

    def _consent(self, seller: str) -> Examination:
        def look() -> Iterator[Impediment]:
            try:
                self._login.token(seller)
            except Denied as error:
                if error.code != NO_CONSENT:
                    raise
                yield Impediment(
                    f"seller {seller} has withdrawn consent, or the refresh token is wrong",
                    "have the seller authorise the application again, and put the new token where "
                    f"accounts.{self._name}.sellers.{seller}.refreshToken points",
                )

        return Examination(Stage.consent, f"consent of {seller}", look, seller)

    def _role(self, seller: str, notification_type: str, version: str) -> Examination:
        def look() -> Iterator[Impediment]:
            try:
                self._client.list_subscriptions(seller, notification_type, (version,))
            except NotPermitted:
                yield Impediment(
                    f"the application may not see subscriptions to {notification_type} of seller "
                    f"{seller}",
                    f"give it the role that {notification_type} needs in the developer's console, "
                    "and have the seller authorise it again after that",
                )

        return Examination(Stage.reading, f"{notification_type} of {seller}", look, seller)
