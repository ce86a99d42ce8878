"""What a plan is agreed to by, and whether another stays within it: it may do less, never more."""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from reconciler.core.model.plan import Action, Plan
from reconciler.core.planning.guards import short_list
from reconciler.core.planning.rerouting import account_changes
from reconciler.core.routing import Routing, differing

_ASIDE = {"notes", "units", "gap_seconds", "waits_for", "held_back"}


def fingerprint_of(plan: Plan) -> str:
    """Digest declarations, accounts and where they lead, actions in any order and plan format.

    What actions wait for is no part of it: that can only keep them from being done. It follows from
    the plan alone, so that a saved plan can be told from one that was changed afterwards. Times,
    order of reading, message counts and warnings are no part of it either, nor what others do.
    """
    own = {action.address for action in plan.actions}
    essence = sorted((_essence(action, own) for action in plan.actions), key=_address)
    content = {
        "formatVersion": plan.format_version,
        "stack": plan.stack,
        "declarations": plan.declarations_digest,
        "targets": plan.accounts,
        "routing": plan.routing,
        "actions": essence,
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return "sha256:" + hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


def _essence(action: Action, own: Collection[str]) -> dict[str, Any]:
    """Return what is agreed to; what an action needs of another shard may be there by now."""
    content = action.model_dump(mode="json", exclude=_ASIDE)
    content["dependsOn"] = [address for address in action.depends_on if address in own]
    content["causedBy"] = action.caused_by if action.caused_by in own else None
    return content


def _address(content: Mapping[str, Any]) -> str:
    return str(content["address"])


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
