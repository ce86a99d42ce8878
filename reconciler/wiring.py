"""Declared accounts + secrets → providers; the only file that knows all services."""

import os
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.core.manifest.reader import Declarations, Source, as_declared, read
from reconciler.core.model.errors import PlanRefused
from reconciler.core.model.secret_ref import references_in
from reconciler.core.service import Account, Service
from reconciler.credentials.secrets import Secrets
from reconciler.files.sources import load, table_opener
from reconciler.services.merchant.service import SERVICE as MERCHANT
from reconciler.services.mws.service import SERVICE as MWS
from reconciler.services.spapi.service import SERVICE as SP_API
from reconciler.services.sqs.service import SERVICE as AWS

if TYPE_CHECKING:
    from reconciler.core.model.abilities import Recogniser
    from reconciler.core.provider import Provider
    from reconciler.transport.calls import Clock

SERVICES: tuple[Service, ...] = (AWS, MWS, SP_API, MERCHANT)
"""Whatever else has to know them is handed these, or asks them."""


def declarations(
    path: Path,
    *,
    sandbox: str | None = None,
    beside: Source | None = None,
    instead: Source | None = None,
    digested: bool = True,
) -> Declarations:
    """Read the declarations at `path`; with `sandbox`, their accounts lead to that base URL.

    `beside` is read with them as one more file, `instead` in the place of the file or table of its
    name. Without `digested` they are only checked, and bear no digest.

    Raises:
        DeclarationError: everything that is wrong with them.
    """
    adapt = to_sandbox(sandbox) if sandbox else as_declared
    others = {instead.name: instead} if instead else {}
    sources = [others.get(it.name, it) for it in [*load(path), *([beside] if beside else [])]]
    opened = table_opener(path)

    def tables(name: str, near: str) -> tuple[str, bytes]:
        title, content = opened(name, near)
        return title, others[title].content if title in others else content

    return read(
        sources,
        SERVICES,
        where=str(path),
        today=today(),
        adapt=adapt,
        open_table=tables,
        digested=digested,
    )


def recognisers() -> "tuple[Recogniser, ...]":
    """Return what notifications of all services are told by."""
    return tuple(service.recognise() for service in SERVICES if service.recognise)


def today() -> date:
    """Return the day it is in UTC."""
    return datetime.now(UTC).date()


def system_clock() -> "Clock":
    """Return the machine's own clock, for who connects; checking declarations takes none."""
    from reconciler.transport.calls import SystemClock

    return SystemClock()


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
        clock: "Clock | None" = None,
        sandbox: bool = False,
        allowed: Collection[str] = (),
    ) -> None:
        from reconciler.credentials.tools import Tools

        clock = clock or system_clock()
        self._tools = Tools(secrets, clock=clock, sandbox=sandbox, allowed=allowed)
        self._accounts = accounts
        self._made: dict[str, Provider] = {}

    def __enter__(self) -> "dict[str, Provider]":
        """Return the providers by account name.

        Raises:
            PlanRefused: an account leads to a host that is not allowed.
        """
        from reconciler.transport.routes import Routes

        if not self._tools.sandbox:
            self._ensure_allowed()
            self._tools.secrets.expect(references_in(list(self._accounts.values())))
        for password in Routes(os.environ).passwords():
            self._tools.secrets.remember(password)
        # Each service's SDK is loaded only where an account of it takes part.
        self._made = {
            name: service_of(account).open(name, account, self._tools)
            for name, account in self._accounts.items()
        }
        return self._made

    def __exit__(self, *_exception: object) -> None:
        """Close every provider."""
        for provider in self._made.values():
            provider.close()
        self._tools.close()

    def _ensure_allowed(self) -> None:
        # Commands have told all such places with their lines; this is for whoever did not ask.
        for name, account in self._accounts.items():
            for lead in account.leads():
                if host := lead.foreign(self._tools.allowed):
                    raise PlanRefused(f"accounts.{name}.{lead.path}: {host} is not allowed")


def to_sandbox(url: str) -> Callable[[str, Account], Account]:
    """Return what leads any account to the sandbox at `url`, with throw-away credentials."""
    base = url.rstrip("/")
    return lambda name, account: service_of(account).sandboxed(name, account, base)


def service_of(account: Account) -> Service:
    """Return the service an account is of."""
    return next(service for service in SERVICES if service.name == account.service)
