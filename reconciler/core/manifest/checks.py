"""Rules between declared objects: each live object declared once, no circles, services' own."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from reconciler.core.manifest.explain import problem_at
from reconciler.core.model.addresses import DeclaredAddress, LiveAddress
from reconciler.core.model.errors import Problem
from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Desired
from reconciler.core.model.spec import live_address
from reconciler.core.service import Account, Service


def check_objects(
    desired: Sequence[Desired], services: Sequence[Service], accounts: Mapping[str, Account]
) -> list[Problem]:
    """Return what is wrong between objects that are each valid by themselves."""
    found = [*_declared_twice(desired, accounts), *_circles(desired)]
    by_address: dict[str, Desired] = {item.address: item for item in desired}
    for service in services:
        theirs = {name: it for name, it in accounts.items() if it.service == service.name}
        by_account = [[it for it in desired if it.account == name] for name in theirs]
        findings = [finding for mine in by_account for finding in service.invariants(mine)]
        findings += service.across(theirs, [item for mine in by_account for item in mine])
        # What is wrong with every member of a list is said once, of the list.
        found += {
            problem_at(
                by_address[item.address].position,
                f"{item.address.partition('[')[0]}: {item.message}",
            )
            for item in findings
        }
    return found


def completed(
    desired: Sequence[Desired], services: Sequence[Service], accounts: Mapping[str, Account]
) -> list[Desired]:
    """Return the objects with what follows from one for another, account by account."""
    of = {service.name: service for service in services}
    found = {
        item.address: item
        for name, account in accounts.items()
        for item in of[account.service].completed([it for it in desired if it.account == name])
    }
    return [found[item.address] for item in desired]


def _declared_twice(
    desired: Sequence[Desired], accounts: Mapping[str, Account]
) -> Iterator[Problem]:
    # Two account entries may name one real account.
    real = {name: "/".join(account.real() or (name,)) for name, account in accounts.items()}
    seen: dict[LiveAddress, Desired] = {}
    for item in desired:
        first = seen.setdefault(live_address(item.spec, real[item.account]), item)
        if first is not item:
            at = first.position
            yield problem_at(
                item.position,
                f"{item.address}: this is the same live object as {first.address} "
                f"({at.file}:{at.line}:{at.column}): {_rule(item, first)}declare it once",
            )


def _rule(item: Desired, first: Desired) -> str:
    """Return why two that differ are one to the service: by what it tells its objects apart."""
    if item.spec == first.spec:
        return ""
    kind = type(item.spec)
    names = [kind.identity_names.get(name, name) for name in kind.identity]
    return f"{kind.service} has one {kind.kind} for each {' and '.join(names)}; "


def _circles(desired: Sequence[Desired]) -> Iterator[Problem]:
    # That an object refers to itself is for its service to refuse.
    links = {item.address: {*item.references.values()} - {item.address} for item in desired}
    positions = {item.address: item.position for item in desired}
    while circle := _circle(links):
        first = min(circle)
        start = circle.index(first)
        path = " → ".join([*circle[start:], *circle[:start], first])
        yield problem_at(positions[first], f"{first}: references go in a circle: {path}")
        links[first] = set()


def _circle(
    links: Mapping[DeclaredAddress, Collection[DeclaredAddress]],
) -> list[DeclaredAddress]:
    """Return one circle, each of its members referring to the next; empty if there is none."""
    ordered = {address: sorted(links[address]) for address in sorted(links)}
    try:
        TopologicalSorter(ordered).prepare()
    except CycleError as error:
        return list(reversed(error.args[1][1:]))
    return []


def obstacles(desired: Iterable[Desired]) -> Iterator[Finding]:
    """Yield, for each declared object with a sender, why that cannot deliver to what it refers to.

    Only what is declared is looked at: of the rest the settings are not known.
    """
    by_address = {item.address: item for item in desired}
    for item in by_address.values():
        sender = item.spec.delivery.sender
        if sender is None:
            continue
        for address in sorted(set(item.references.values())):
            spec = by_address[address].spec
            for reason in spec.delivery.obstacles(spec, sender):
                message = f"nothing will be delivered: {address} {reason}"
                yield Finding(address=item.address, message=message)
