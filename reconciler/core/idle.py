"""Which overrides and lines of `policy.allow` are about nothing that there is."""

from collections.abc import Iterator, Sequence

from reconciler.core.allowing import Overrides
from reconciler.core.diff import matches
from reconciler.core.manifest.phrases import near
from reconciler.core.model import Finding
from reconciler.core.world import World


def idle_overrides(world: World, overrides: Overrides) -> Iterator[str]:
    """Yield a sentence for each override that names an address which nothing has."""
    for option, patterns in overrides.named().items():
        yield from (f"{option} {sentence}" for sentence in _unfounded(world, patterns))


def idle_allowances(world: World) -> Iterator[Finding]:
    """Yield a warning for what is let through of something that is not there, perhaps no more."""
    patterns = [item.address for item in world.declarations.policy.allow if item.address]
    for sentence in _unfounded(world, patterns):
        message = f"{sentence}; remove the line, or mend it"
        yield Finding(address="policy.allow", message=message)


def _unfounded(world: World, patterns: Sequence[str]) -> Iterator[str]:
    if not patterns or world.unread or world.selection.accounts is not None:
        return  # what was not looked at may have such an address
    undeclared = world.by_address.keys() - world.declared
    addresses = {*world.desired, *undeclared, *world.changes}
    for pattern in patterns:
        if not any(matches(pattern, address) for address in addresses):
            yield f"{pattern}: nothing has this address{near(pattern, addresses)}"
