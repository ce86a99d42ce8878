"""MWS declarations → the SP-API declarations that take over from them. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.abilities import Origin, SuccessorApplication
from reconciler.core.service import Service
from reconciler.migration.applications import SuccessorApplications
from reconciler.migration.cutover import head
from reconciler.migration.mapping import (
    Choices,
    MigratedSubscription,
    Migration,
    Successor,
    migrations_of,
    name_in,
    rows_of,
)
from reconciler.operate.live_declarations import assign
from reconciler.operate.yaml_writer import written


@dataclass(frozen=True, slots=True)
class Accounts:
    """What has to be known of accounts, by their names: MWS ones, and all SP-API ones.

    `successor` is the service of the latter.
    """

    origins: Mapping[str, Origin]
    applications: Mapping[str, SuccessorApplication]
    successor: str

    @classmethod
    def of(cls, declarations: Declarations, services: Iterable[Service]) -> Self:
        """Ask the services that something moves from, and the one that it moves to."""
        known = tuple(services)
        origins = {service.name: service.origin for service in known if service.origin}
        [successor] = [service for service in known if service.successor]
        accounts = declarations.accounts.items()
        return cls(
            origins={
                name: origins[account.service](account)
                for name, account in accounts
                if account.service in origins
            },
            applications={
                name: successor.successor(name, account)
                for name, account in accounts
                if successor.successor and account.service == successor.name
            },
            successor=successor.name,
        )


@dataclass(frozen=True, slots=True)
class Migrated:
    """A file of declarations: its text (empty: nothing takes over) and notes on what does not."""

    text: str
    subscriptions: int
    notes: tuple[str, ...]


def migrate(declarations: Declarations, services: Iterable[Service], choices: Choices) -> Migrated:
    """Write what takes over from the MWS subscriptions that are declared and enabled.

    Raises:
        SettingsError: a choice is about a seller who is not declared.
    """
    accounts = Accounts.of(declarations, services)
    migrations, left = migrations_of(declarations, accounts.origins)
    applications = SuccessorApplications(
        accounts.successor,
        accounts.applications.values(),
        list(accounts.origins.values()),
        choices.sellers,
        declarations.accounts.keys(),
    )
    rows, flagged = rows_of(migrations, applications, declarations, choices)
    notes = [*left, *flagged, *sorted(applications.notes)]
    if not rows:
        return Migrated("", 0, tuple(notes))
    stubs = applications.stubs()
    text = written(
        {"accounts": stubs, **_sections(rows, migrations, declarations, accounts)},
        head(_used(rows, migrations), _variables(stubs), notes),
    )
    return Migrated(text, sum(len(sellers) for sellers in rows.values()), tuple(notes))


def _sections(
    rows: Mapping[MigratedSubscription, list[str]],
    migrations: Iterable[Migration],
    declarations: Declarations,
    accounts: Accounts,
) -> dict[str, dict[str, Any]]:
    """Return destinations that are missing, and the subscriptions, as they stand in YAML."""
    names = _destinations(declarations, accounts)
    queues = {migration.arn: migration.queue for migration in migrations}
    missing = {
        f"{row.account} {row.arn}": (row.account, row.arn)
        for row in rows
        if (row.account, row.arn) not in names
    }
    wanted = {}
    for key, (account, arn) in missing.items():
        stem = queues[arn].rpartition(":")[2]
        wanted[key] = [f"{stem}-sp", f"{stem}-{account}"]
    given = assign(wanted, _declared(declarations, "destination"))
    made: dict[str, Any] = {}
    for key, (account, arn) in missing.items():
        names[account, arn] = given[key]
        made[given[key]] = {"account": account, "queue": queues[arn]}
    subscriptions = _subscriptions(rows, names, declarations)
    return {"destinations": dict(sorted(made.items())), "subscriptions": subscriptions}


def _destinations(declarations: Declarations, accounts: Accounts) -> dict[tuple[str, str], str]:
    """Return the names of declared SP-API destinations by account and queue."""
    return {
        (item.account, item.spec.fields()["queue"]): name_in(item.address)
        for item in declarations.desired
        if item.account in accounts.applications and item.spec.kind == "destination"
    }


def _subscriptions(
    rows: Mapping[MigratedSubscription, list[str]],
    names: Mapping[tuple[str, str], str],
    declarations: Declarations,
) -> dict[str, Any]:
    """Return the subscriptions as they stand in YAML, by name."""
    stems = {row: row.type.lower().replace("_", "-") for row in rows}
    wanted = {
        str(row): [stem, f"{stem}-{names[row.account, row.arn]}", f"{stem}-{rows[row][0]}"]
        for row, stem in stems.items()
    }
    given = assign(wanted, _declared(declarations, "subscription"))
    made = {
        given[str(row)]: {
            "destination": names[row.account, row.arn],
            "notificationType": row.type,
            "payloadVersion": row.version,
            "sellers": sorted(sellers),
            **({"filter": {"marketplaceIds": list(row.marketplaces)}} if row.marketplaces else {}),
        }
        for row, sellers in rows.items()
    }
    return dict(sorted(made.items()))


def _used(
    rows: Iterable[MigratedSubscription], migrations: Iterable[Migration]
) -> dict[str, Successor]:
    """Return the successors that are written, by MWS type."""
    types = {row.type for row in rows}
    return {
        migration.former: migration.successor
        for migration in migrations
        if migration.successor.name in types
    }


def _declared(declarations: Declarations, kind: str) -> set[str]:
    return {name_in(item.address) for item in declarations.desired if item.spec.kind == kind}


def _variables(stubs: Mapping[str, Any]) -> list[str]:
    """Return the variables that new accounts refer to."""
    references = [
        reference
        for stub in stubs.values()
        for reference in (
            *stub["credentials"].values(),
            *(seller["refreshToken"] for seller in stub["sellers"].values()),
        )
    ]
    return [reference.removeprefix("env:") for reference in references]
