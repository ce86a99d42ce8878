"""Whether a write may still be made: the live object has to be what the plan saw."""

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.diff import altered
from reconciler.core.model import Live, live_address
from reconciler.core.order import Verb


@dataclass(frozen=True, slots=True)
class Rules:
    """What a run lets pass: tags that others manage; deleting what is full or pointed at.

    `going` are the live addresses that the run deletes.
    """

    ignore_tags: tuple[str, ...] = ()
    allow_non_empty: bool = False
    allow_referenced: bool = False
    going: frozenset[str] = frozenset()


def objection(verb: Verb, former: Live, now: Live | None, rules: Rules) -> str | None:
    """Say why `former`, planned to be updated or deleted, must be left alone; None: go on.

    `now` is the object as it is, with handles in its references like `former`; None: it is gone,
    which is all that a delete wants.
    """
    if now is None:
        return None if verb == "delete" else "it is gone since this was planned: plan again"
    paths = altered(former, now, rules.ignore_tags)
    if paths:
        return f"it was changed since this was planned ({', '.join(paths)}): plan again"
    if verb == "delete" and now.waiting and not rules.allow_non_empty:
        return (
            f"it holds about {now.waiting} messages by now, which would be lost: read them first, "
            "or allow it with --allow-non-empty"
        )
    return None


def pointed_at(referrers: Iterable[Live], rules: Rules) -> str | None:
    """Say why an object must not be deleted that these refer to by now; None: go on."""
    addresses = {live_address(item.spec, item.account) for item in referrers} - rules.going
    if rules.allow_referenced or not addresses:
        return None
    return (
        f"{', '.join(sorted(addresses))} points at it since this was planned: plan again, or allow "
        "it with --allow-referenced"
    )
