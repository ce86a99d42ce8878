"""Whether a write may still be made: the live object has to be what the plan saw."""

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.core.model.objects import Live
from reconciler.core.model.steps import Verb
from reconciler.core.planning.diff import altered
from reconciler.core.planning.terms import allowed
from reconciler.core.text.phrases import counted


@dataclass(frozen=True, slots=True)
class Rules:
    """What a run lets pass: tags that others manage; deleting what is full or pointed at.

    `non_empty` and `referenced` are patterns of addresses. `going` are the live addresses that the
    run deletes.
    """

    ignore_tags: tuple[str, ...] = ()
    non_empty: tuple[str, ...] = ()
    referenced: tuple[str, ...] = ()
    going: frozenset[str] = frozenset()

    def may_be_full(self, address: str) -> bool:
        """Say whether an object may be deleted with the messages it holds."""
        return allowed(address, self.non_empty)


def objection(verb: Verb, address: str, former: Live, now: Live | None, rules: Rules) -> str | None:
    """Say why `former`, planned to be updated or deleted, must be left alone; None: go on.

    `address` is the one it goes by in the plan. `now` is the object as it is, with handles in its
    references like `former`; None: it is gone, which is all that a delete wants.
    """
    if now is None:
        return None if verb == "delete" else "it is gone since this was planned: plan again"
    paths = altered(former, now, rules.ignore_tags)
    if paths:
        return f"it was changed since this was planned ({', '.join(paths)}): plan again"
    if verb == "delete" and now.waiting and not rules.may_be_full(address):
        waiting = counted(now.waiting, "message")
        return (
            f"it holds about {waiting} by now, which would be lost: read them first, "
            "or let it through (--allow-non-empty, or nonEmpty in policy.allow)"
        )
    return None


def pointed_at(address: str, referrers: Iterable[Live], rules: Rules) -> str | None:
    """Say why an object must not be deleted that these refer to by now; None: go on."""
    addresses = {item.live_address for item in referrers} - rules.going
    if allowed(address, rules.referenced) or not addresses:
        return None
    return (
        f"{', '.join(sorted(addresses))} points at it since this was planned: plan again, or let "
        "it through (--allow-referenced, or referenced in policy.allow)"
    )
