"""What a plan warns of: fields that it could not compare, terms that are about nothing."""

from collections import Counter
from collections.abc import Iterator, Sequence

from reconciler.core.model.addresses import Address, did_you_mean, meets
from reconciler.core.model.finding import Finding
from reconciler.core.planning.terms import Terms
from reconciler.core.world.matching import World


def idle_overrides(world: World, terms: Terms) -> Iterator[str]:
    """Yield a sentence for each override that names an address which nothing has."""
    for option, patterns in terms.named().items():
        yield from (f"{option} {sentence}" for sentence in _unfounded(world, patterns))


def idle_allowances(world: World) -> Iterator[Finding]:
    """Yield a warning for what is let through of something that is not there, perhaps no more."""
    patterns = [item.address for item in world.declarations.policy.allow if item.address]
    for sentence in _unfounded(world, patterns):
        message = f"{sentence}; remove the line, or mend it"
        yield Finding(address="policy.allow", message=message)


def _unfounded(world: World, patterns: Sequence[str]) -> Iterator[str]:
    if not patterns:
        return
    undeclared = {item.live_address for item in world.index} - world.declared
    addresses: set[Address] = {*world.desired, *undeclared, *world.changes}
    for pattern in patterns:
        found = any(meets(pattern, address) for address in addresses)
        if not found and not _may_be_unseen(world, pattern):
            yield f"{pattern}: nothing has this address{did_you_mean(pattern, addresses)}"


def _may_be_unseen(world: World, pattern: str) -> bool:
    """Say whether what was not looked at may have such an address: an undeclared object's."""
    if not world.unread and world.selection.accounts is None:
        return False
    account, slash, _ = pattern.partition(".")[2].partition("/")
    if "*" in account or "?" in account:
        return True
    hidden = {each.scope.account for each in world.unread}
    looked_at = world.examined is None or account in world.examined
    return bool(slash) and (account in hidden or not looked_at)


def unexamined(world: World) -> Iterator[Finding]:
    """Yield for each account and field what agrees with live but for a secret."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for item in world.declarations.desired:
        live = world.met(item)
        if live is not None:
            fields = item.spec.unexamined(live.spec)
            counts.update((item.account, item.spec.kind, name) for name in fields)
    for (account, kind, name), count in sorted(counts.items()):
        what = f"{name} of {count} {kind}{'s' * (count != 1)}"
        yield Finding(
            address=account,
            message=f"{what} holds a secret, which is not known without the services: that part "
            "was not examined, and a plan against the services compares it",
        )
