"""Whether a write may still be made: the live object has to be what the plan saw."""

from dataclasses import dataclass

from reconciler.core.diff import altered
from reconciler.core.model import Live
from reconciler.core.order import Verb


@dataclass(frozen=True, slots=True)
class Rules:
    """What a run lets pass: tags that others manage, and messages in what it deletes."""

    ignore_tags: tuple[str, ...] = ()
    allow_non_empty: bool = False


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
