"""Whether a plan stays within what was agreed to: it may do less, never more."""

from collections.abc import Iterator

from reconciler.core.model import Action, Plan


def excess(agreed: Plan, now: Plan) -> Iterator[str]:
    """Yield a sentence for each action of `now` that `agreed` does not cover."""
    by_address = {action.address: action for action in agreed.actions}
    for action in now.actions:
        former = by_address.get(action.address)
        if former is None:
            yield f"{action.action} {action.address} was not part of it"
        elif former.action != action.action:
            yield f"{action.address} was to be {_PAST[former.action]}, now {_PAST[action.action]}"
        elif not _covers(former, action):
            yield f"{action.action} {action.address} would now change something else"


def no_longer_needed(agreed: Plan, now: Plan) -> Iterator[Action]:
    """Yield the agreed actions that `now` does not ask for any more."""
    wanted = {action.address for action in now.actions}
    return (action for action in agreed.actions if action.address not in wanted)


_PAST = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}


def _covers(former: Action, action: Action) -> bool:
    same = (former.account, former.identity) == (action.account, action.identity)
    changes = all(change in former.changes for change in action.changes)
    return same and changes and (former.adopts or not action.adopts)
