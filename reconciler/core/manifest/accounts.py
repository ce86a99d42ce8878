"""Declarations of accounts → accounts, each in the shape of the service it names."""

from collections.abc import Callable, Mapping, Sequence

from pydantic import ValidationError

from reconciler.core.manifest.explain import explain, keys_of_any, problem_at, spell
from reconciler.core.manifest.nodes import Node
from reconciler.core.manifest.settings import NAME_RULE, NAMED
from reconciler.core.manifest.state import DeclaredEntry, agreed
from reconciler.core.model.account_fields import harmless, plain_fields
from reconciler.core.model.errors import Problem
from reconciler.core.service import Account, Service
from reconciler.core.text.phrases import near, nearest, quoted, step


def read_accounts(
    entries: Mapping[str, DeclaredEntry], services: Sequence[Service], problems: list[Problem]
) -> dict[str, Account]:
    """Return the sound accounts by name; defects are added to `problems`."""
    accounts: dict[str, Account] = {}
    for entry in entries.values():
        account, found = _read(entry, {service.name: service for service in services})
        problems += found
        if account is not None and not found:
            accounts[entry.name] = account
    return accounts


def services_named(
    entries: Mapping[str, DeclaredEntry], services: Sequence[Service]
) -> dict[str, str]:
    """Return the services of all accounts that name a known one, whatever else is wrong there."""
    known = {service.name for service in services}
    named = {
        entry.name: entry.node.value["service"].value
        for entry in entries.values()
        if isinstance(entry.node.value, dict) and "service" in entry.node.value
    }
    return {
        name: service
        for name, service in named.items()
        if isinstance(service, str) and service in known
    }


def _read(
    entry: DeclaredEntry, services: Mapping[str, Service]
) -> tuple[Account | None, list[Problem]]:
    title = f"accounts.{step(entry.name)}"
    problems: list[Problem] = []
    if not NAMED.fullmatch(entry.name):
        problems.append(problem_at(entry.at, f"{title}: {NAME_RULE}"))
    if not isinstance(entry.node.value, dict):
        # What stands here instead may be a secret.
        given = ", not null" if entry.node.value is None else ""
        message = f"{title}: expected a mapping (name: value){given}"
        return None, [*problems, problem_at(entry.node.at, message)]
    named = entry.node.value.get("service")
    fault = _service_fault(entry, title, services)
    problems += [fault] if fault else []
    meant = named.value if named is not None and isinstance(named.value, str) else ""
    service = services.get(meant if meant in services else nearest(meant, services) or "")
    candidates = [service] if service else list(services.values())
    known = keys_of_any(*(one.account for one in candidates))
    readings = [_in_shape(entry, one, known, title) for one in candidates]
    problems += agreed([found for _, found in readings])
    return readings[0][0] if service else None, problems


def _service_fault(
    entry: DeclaredEntry, title: str, services: Mapping[str, Service]
) -> Problem | None:
    named = entry.node.value.get("service")
    known = ", ".join(services)
    if named is None:
        return problem_at(entry.at, f"{title}: 'service' is missing: one of {known}")
    if isinstance(named.value, str) and named.value in services:
        return None
    hint = near(named.value, services) if isinstance(named.value, str) else ""
    given = f", not {quoted(named.value)}" if harmless(named.value) else ""
    return problem_at(named.at, f"{title}.service: expected one of {known}{given}{hint}")


def _in_shape(
    entry: DeclaredEntry, service: Service, known: tuple[str, ...], title: str
) -> tuple[Account | None, list[Problem]]:
    """Read an account as one of `service`, whatever service it names."""
    spelt = spell(entry.node, known, title)
    fields = {**spelt.node.value, "service": Node(service.name, entry.at)}
    node = Node(fields, entry.node.at, spelt.node.keys)
    try:
        account = service.account.model_validate(node.plain(), by_alias=True, by_name=False)
    except ValidationError as error:
        found = explain(
            error,
            node,
            title,
            service.account,
            secretive=_secretive(node, service),
            silent=spelt.guessed,
        )
        return None, [*spelt.problems, *found]
    return account, list(spelt.problems)


def _secretive(node: Node, service: Service) -> Callable[[tuple[str | int, ...]], bool]:
    """Return what says that a value may be a secret: unless its field is plain, and it fits there.

    A secret in a wrong place is one all the same.
    """
    plain = plain_fields(service.account)

    def secretive(path: tuple[str | int, ...]) -> bool:
        return not path or path[0] not in plain or not harmless(node.find(path)[0].value)

    return secretive
