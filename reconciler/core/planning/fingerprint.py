"""What a plan is agreed to by: a digest of everything in it that an apply would act on."""

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

from reconciler.core.model.plan import Action, Plan

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
