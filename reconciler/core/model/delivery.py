"""Whether what is declared lets its sender deliver: services accept it in silence if not."""

from collections.abc import Iterable, Iterator

from reconciler.core.model.objects import Desired
from reconciler.core.model.plan import Finding


def obstacles(desired: Iterable[Desired]) -> Iterator[Finding]:
    """Yield, for each declared object with a sender, why that sender cannot deliver to its target.

    Only declared targets are looked at: of others the settings are not known.
    """
    items = list(desired)
    by_address = {item.address: item for item in items}
    for item in items:
        if item.spec.sender is None:
            continue
        for address in sorted(set(item.references.values())):
            for reason in by_address[address].spec.obstacles(item.spec.sender):
                message = f"nothing will be delivered: {address} {reason}"
                yield Finding(address=item.address, message=message)
