"""What a plan could not compare, since it knows no secrets: one against a snapshot."""

from collections import Counter
from collections.abc import Iterator

from reconciler.core.model.plan import Finding
from reconciler.core.world.matching import World


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
