"""Whether a plan stays within what was agreed to: it may do less, never more."""

from collections.abc import Iterator, Mapping

from reconciler.core.model.plan import Action, Plan
from reconciler.core.model.real_accounts import differing
from reconciler.core.planning.guards import short_list
from reconciler.core.routing import Routing, account_changes


def excess(agreed: Plan, now: Plan) -> Iterator[str]:
    """Yield a sentence for each account and action of `now` that `agreed` does not cover."""
    yield from rerouted(agreed, now.routing) or _other_accounts(agreed, now)
    by_address = {action.address: action for action in agreed.actions}
    for action in now.actions:
        former = by_address.get(action.address)
        if former is None:
            yield f"{action.action} {action.address} was not part of it"
        elif former.action != action.action:
            yield f"{action.address} was to be {_PAST[former.action]}, now {_PAST[action.action]}"
        elif not _covers(former, action):
            yield f"{action.action} {action.address} would now change something else"


def rerouted(agreed: Plan, routing: Mapping[str, Routing]) -> list[str]:
    """Return a sentence for each account that leads elsewhere than was agreed to, or gets in so."""
    return list(_rerouted(agreed, routing))


def _rerouted(agreed: Plan, routing: Mapping[str, Routing]) -> Iterator[str]:
    for change in account_changes(agreed.routing, routing):
        if change.change == "changed":
            paths = short_list([field.path for field in change.changes])
            what = f"is not the declared one (they differ in {paths})"
        else:
            what = "is not part of it" if change.change == "added" else "is declared no more"
        yield f"the saved plan's account {change.account!r} {what}: plan again"


def _other_accounts(agreed: Plan, now: Plan) -> Iterator[str]:
    """Yield a sentence for each account with actions in both whose name means another one now."""
    names = {action.account for action in agreed.actions}
    for name in sorted(names & {action.account for action in now.actions}):
        former, target = agreed.accounts.get(name), now.accounts.get(name)
        if former is None:
            yield f"the saved plan does not say which account {name!r} is: plan again"
        elif former != target:
            yield (
                f"the saved plan's account {name!r} is not the declared one (they differ in "
                f"{differing(former, target)}): plan again"
            )


def no_longer_needed(agreed: Plan, now: Plan) -> Iterator[Action]:
    """Yield the agreed actions that `now` does not ask for any more."""
    wanted = {action.address for action in now.actions}
    return (action for action in agreed.actions if action.address not in wanted)


_PAST = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted"}


def _covers(former: Action, action: Action) -> bool:
    same = (former.account, former.identity) == (action.account, action.identity)
    changes = all(change in former.changes for change in action.changes)
    return same and changes and (former.adopts or not action.adopts)
