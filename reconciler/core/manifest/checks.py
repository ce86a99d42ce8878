"""Rules between declared objects: each live object declared once, no circles, services' own."""

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from reconciler.core.errors import Problem
from reconciler.core.manifest.explain import problem_at
from reconciler.core.model import Desired, live_address
from reconciler.core.provider import Account, Service


def check_objects(
    desired: Sequence[Desired], services: Sequence[Service], accounts: Mapping[str, Account]
) -> list[Problem]:
    """Return what is wrong between objects that are each valid by themselves."""
    found = [*_declared_twice(desired), *_circle(desired)]
    by_address = {item.address: item for item in desired}
    for service in services:
        for name, account in accounts.items():
            if account.service == service.name:
                mine = [item for item in desired if item.account == name]
                found += [
                    problem_at(by_address[item.address].position, f"{item.address}: {item.message}")
                    for item in service.invariants(mine)
                ]
    return found


def _declared_twice(desired: Sequence[Desired]) -> Iterator[Problem]:
    seen: dict[tuple[str, str], Desired] = {}
    for item in desired:
        keys = {(item.spec.kind, live_address(item.spec, item.account))}
        # Two account entries may name one real account; a predicted remote value shows that.
        handle = item.spec.handle(item.account, item.outputs)
        if handle in item.outputs.values():
            keys.add((item.spec.kind, handle))
        first = next((seen[key] for key in sorted(keys) if key in seen), None)
        if first is not None:
            at = first.position
            yield problem_at(
                item.position,
                f"{item.address}: this is the same live object as {first.address} "
                f"({at.file}:{at.line}:{at.column}): declare it once",
            )
        for key in keys:
            seen.setdefault(key, item)


def _circle(desired: Sequence[Desired]) -> Iterator[Problem]:
    links = {item.address: sorted(set(item.references.values())) for item in desired}
    positions = {item.address: item.position for item in desired}
    try:
        TopologicalSorter(links).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        start = circle.index(min(circle))
        path = " → ".join([*circle[start:-1], *circle[:start], circle[start]])
        yield problem_at(
            positions[min(circle)], f"{min(circle)}: references go in a circle: {path}"
        )
