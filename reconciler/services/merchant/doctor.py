"""What `doctor` looks at in a Merchant account. Everything is a read."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from reconciler.core.model.abilities import Examination, Impediment, Stage
from reconciler.core.model.errors import SettingsError
from reconciler.core.model.objects import Desired
from reconciler.credentials.checks import reaching, resolving
from reconciler.credentials.secrets import Secrets
from reconciler.services.merchant.account import BASE_URL, AccessToken, MerchantAccount
from reconciler.services.merchant.client import MerchantClient

MAY_WRITE = frozenset({"ADMIN", "STANDARD", "API_DEVELOPER"})
"""Access rights with which subscriptions can be changed."""


def examinations(
    name: str, account: MerchantAccount, client: MerchantClient, secrets: Secrets
) -> Sequence[Examination]:
    """Return what can be looked at, in no order.

    users.get says which rights the caller has, so that no write is needed to find out.
    """
    found = [
        reaching(name, account.endpoint or BASE_URL),
        Examination(Stage.credentials, "access token", lambda: _login(client)),
        Examination(Stage.account, "list", lambda: _list(client)),
        Examination(Stage.writing, "access rights", lambda: _rights(account, client)),
    ]
    if isinstance(account.credentials, AccessToken):
        reference = account.credentials.access_token
        found.append(resolving(name, "credentials.accessToken", reference, secrets))
    else:
        found.append(Examination(Stage.secrets, "Google credentials", lambda: _login(client)))
    return found


def secrets_of(desired: Sequence[Desired], resolve: Callable[[str], str]) -> Iterator[Examination]:
    """Yield looks at the secrets that call back URIs hold, each once."""
    where: dict[str, str] = {}
    for item in desired:
        for reference in item.spec.secrets():
            where.setdefault(reference, item.address)
    for reference, address in sorted(where.items()):
        yield Examination(Stage.secrets, reference, partial(_resolve, resolve, reference, address))


def _resolve(resolve: Callable[[str], str], reference: str, address: str) -> Iterator[Impediment]:
    try:
        resolve(reference)
    except SettingsError as error:
        yield Impediment(str(error), f"give {reference} a value, or correct `secret` of {address}")


def _login(client: MerchantClient) -> Iterator[Impediment]:
    client.login()
    yield from ()


def _list(client: MerchantClient) -> Iterator[Impediment]:
    """Read one page: registration of the Cloud project, the API being enabled, being a user."""
    next(client.list(), None)
    yield from ()


def _rights(account: MerchantAccount, client: MerchantClient) -> Iterator[Impediment]:
    rights = client.access_rights()
    if rights is not None and not MAY_WRITE & set(rights):
        has = ", ".join(rights) or "no right at all"
        yield Impediment(
            f"the credentials may not change subscriptions of Merchant account "
            f"{account.account_id}: they have {has}",
            "have an administrator give their user the access right STANDARD",
        )
