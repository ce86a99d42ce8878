"""Declared accounts + secrets → providers; the only file that knows all four services."""

import os
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.core.manifest.reader import Declarations, Source, as_declared, read
from reconciler.core.model.endpoint import is_loopback
from reconciler.core.model.errors import PlanRefused, ReconcilerError
from reconciler.core.model.secret_ref import references_in
from reconciler.core.provider import Provider
from reconciler.core.service import Account, Service
from reconciler.credentials.secrets import Secrets
from reconciler.files.sources import load, table_opener
from reconciler.migration.applications import Origin, SuccessorApplication
from reconciler.migration.migrate import Accounts as MigrationAccounts
from reconciler.services.merchant.kinds import SERVICE as MERCHANT
from reconciler.services.merchant.kinds import AccessToken, MerchantAccount
from reconciler.services.mws.kinds import SERVICE as MWS
from reconciler.services.mws.kinds import MwsAccount, MwsCredentials
from reconciler.services.mws.marketplaces import sp_api_region
from reconciler.services.spapi.account import SpApiAccount, SpApiCredentials
from reconciler.services.spapi.kinds import SERVICE as SP_API
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.kinds import SERVICE as AWS
from reconciler.transport.calls import Clock, SystemClock
from reconciler.transport.routes import Routes

if TYPE_CHECKING:
    from reconciler.transport.http import Http

SERVICES: tuple[Service, ...] = (AWS, MWS, SP_API, MERCHANT)


def declarations(
    path: Path, *, sandbox: str | None = None, beside: Source | None = None
) -> Declarations:
    """Read the declarations at `path`; with `sandbox`, their accounts lead to that base URL.

    `beside` is read with them as one more file.

    Raises:
        DeclarationError: everything that is wrong with them.
    """
    adapt = to_sandbox(sandbox) if sandbox else as_declared
    sources = [*load(path), *([beside] if beside else [])]
    tables = table_opener(path)
    return read(sources, SERVICES, where=str(path), today=today(), adapt=adapt, open_table=tables)


def today() -> date:
    """Return the day it is in UTC."""
    return datetime.now(UTC).date()


def migration_accounts(declared: Declarations) -> MigrationAccounts:
    """Return what a migration from MWS to the SP-API has to know of the accounts."""
    accounts = declared.accounts.items()
    return MigrationAccounts(
        origins={
            name: Origin(item.seller_id, item.marketplace_id, sp_api_region(item.marketplace_id))
            for name, item in accounts
            if isinstance(item, MwsAccount)
        },
        applications=tuple(
            SuccessorApplication(name, item.region, tuple(sorted(item.sellers)))
            for name, item in accounts
            if isinstance(item, SpApiAccount)
        ),
    )


class Providers:
    """The providers of some accounts, made when first needed, and what they share.

    Use as a context manager, so that connections are let go of. `allowed` are hosts that secrets
    may be sent to beyond the services' own; the sandbox needs none.
    """

    def __init__(
        self,
        accounts: Mapping[str, Account],
        *,
        secrets: Secrets,
        clock: Clock | None = None,
        sandbox: bool = False,
        allowed: Collection[str] = (),
    ) -> None:
        self._allowed = allowed
        self._http: Http | None = None
        self._secrets = secrets
        self._clock = clock or SystemClock()
        self._sandbox = sandbox
        self._accounts = accounts
        self._made: dict[str, Provider] = {}

    def __enter__(self) -> dict[str, Provider]:
        """Return the providers by account name.

        Raises:
            PlanRefused: an account leads to a host that is not allowed.
        """
        if not self._sandbox:
            self._ensure_allowed()
            self._secrets.expect(references_in(list(self._accounts.values())))
        for password in Routes(os.environ).passwords():
            self._secrets.remember(password)
        self._made = {name: self._make(name, item) for name, item in self._accounts.items()}
        return self._made

    def __exit__(self, *_exception: object) -> None:
        """Close every provider."""
        for provider in self._made.values():
            provider.close()
        if self._http is not None:
            self._http.close()

    def _ensure_allowed(self) -> None:
        # Commands have told all such places with their lines; this is for whoever did not ask.
        for name, account in self._accounts.items():
            for lead in account.leads():
                if host := lead.foreign(self._allowed):
                    raise PlanRefused(f"accounts.{name}.{lead.path}: {host} is not allowed")

    def _make(self, name: str, account: Account) -> Provider:
        # Each service's SDK is loaded only where an account of it takes part.
        secrets, clock = self._secrets, self._clock
        match account:
            case AwsAccount():
                from reconciler.services.sqs.provider import SqsProvider
                from reconciler.services.sqs.session import AwsKeys

                keys = AwsKeys(account.account_id, "sandbox") if self._sandbox else None
                permit = partial(account.ensure_own, name, allowed=self._allowed)
                return SqsProvider(
                    name, account, clock=clock, secrets=secrets, keys=keys, permit=permit
                )
            case MwsAccount():
                from reconciler.services.mws.provider import MwsProvider

                return MwsProvider(
                    name, account, secrets=secrets, http=self._shared_http(), clock=clock
                )
            case SpApiAccount():
                from reconciler.services.spapi.provider import SpApiProvider

                return SpApiProvider(
                    name, account, secrets=secrets, http=self._shared_http(), clock=clock
                )
            case MerchantAccount():
                from reconciler.services.merchant.provider import MerchantProvider

                # What real call backs are secured with does not leave this machine for a sandbox.
                here = account.endpoint is not None and is_loopback(account.endpoint)
                rehearse = partial(secrets.rehearse, here=here)
                return MerchantProvider(
                    name,
                    account,
                    secrets=secrets,
                    clock=clock,
                    resolve=rehearse if self._sandbox else secrets.resolve,
                )
            case _:
                raise ReconcilerError(f"{name}: service {account.service} has no provider")

    def _shared_http(self) -> "Http":
        from reconciler.transport.http import Http

        self._http = self._http or Http()
        return self._http


def to_sandbox(url: str) -> Callable[[str, Account], Account]:
    """Return what leads any account to the sandbox at `url`, with throw-away credentials.

    Each account and seller gets credentials of its own, since the sandbox tells callers apart by
    them as the services do.
    """
    base = url.rstrip("/")

    def adapt(name: str, account: Account) -> Account:
        match account:
            case AwsAccount():
                changes: dict[str, object] = {"profile": None, "role_arn": None}
            case MwsAccount():
                keys = MwsCredentials.model_construct(
                    access_key_id="throw-away:AKIASANDBOX",
                    secret_key="throw-away:sandbox-secret",  # noqa: S106 - opens the sandbox only
                )
                changes = {"credentials": keys}
            case SpApiAccount():
                changes = _application(name, account, base)
            case _:
                token = AccessToken.model_construct(access_token="throw-away:sandbox-token")  # noqa: S106 - opens the sandbox only
                changes = {"credentials": token}
        return account.model_copy(update={"endpoint": base, **changes})

    return adapt


def _application(name: str, account: SpApiAccount, base: str) -> dict[str, object]:
    credentials = SpApiCredentials.model_construct(
        client_id=f"throw-away:sandbox-client-{name}",
        client_secret="throw-away:sandbox-secret",  # noqa: S106 - opens the sandbox only
    )
    sellers = {
        seller: item.model_copy(
            update={"refresh_token": f"throw-away:sandbox-seller-{name}-{seller}"}
        )
        for seller, item in account.sellers.items()
    }
    return {
        "token_endpoint": f"{base}/auth/o2/token",
        "credentials": credentials,
        "sellers": sellers,
    }
