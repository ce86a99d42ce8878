"""Targets of rules. What refers to a queue is not looked up: PutTargets proves no delivery."""

from typing import Any

from reconciler.sandbox.eventbridge.holdings import Ask, page, refuse_if_managed
from reconciler.sandbox.eventbridge.inputs import is_path
from reconciler.sandbox.eventbridge.refusals import invalid, too_many

_PER_RULE = 5
_PER_CALL = 10
_INPUTS = ("Input", "InputPath", "InputTransformer")


def put(ask: Ask) -> dict[str, Any]:
    """PutTargets: adds, or replaces by id; others stay."""
    wish = ask.parameters["Targets"]
    _, rule = ask.holding.rule(ask.parameters)
    refuse_if_managed(rule)
    _check_count(wish)
    for target in wish:
        _check(target, ask.holding.region)
    after = {**rule.targets, **{target["Id"]: target for target in wish}}
    if len(after) > _PER_RULE:
        raise too_many()
    rule.targets = after
    return {"FailedEntryCount": 0, "FailedEntries": []}


def _check_count(entries: list[Any]) -> None:
    if len(entries) > _PER_CALL:
        raise invalid(f"A request can have {_PER_CALL} entries, not {len(entries)}.")


def _check(target: dict[str, Any], region: str) -> None:
    key, arn = target["Id"], target["Arn"]
    if sum(1 for name in _INPUTS if target.get(name) is not None) > 1:
        raise invalid(
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {key}."
        )
    if (path := target.get("InputPath")) is not None and not is_path(path):
        raise invalid(f"Invalid InputPath for target {key}.")
    if arn.count(":") < 5 or not arn.startswith("arn:"):
        raise _unfit(arn, "Provided Arn is not in correct format.")
    if arn.split(":")[2] != "sqs":
        return
    _check_place(arn, region)
    if arn.endswith(".fifo") and not (target.get("SqsParameters") or {}).get("MessageGroupId"):
        raise invalid(f"Parameter(s) SqsParameters must be specified for target: {key}.")
    dead_letters = (target.get("DeadLetterConfig") or {}).get("Arn")
    if dead_letters:
        _check_place(dead_letters, region)
        if dead_letters.endswith(".fifo"):
            raise _unfit(dead_letters, "A dead-letter queue must be a standard queue.")


def _check_place(arn: str, region: str) -> None:
    if arn.split(":")[3] != region:
        raise _unfit(arn, "Provided Arn is in another region than the event bus.")


def _unfit(arn: str, reason: str) -> Exception:
    return invalid(f"Parameter {arn} is not valid. Reason: {reason}")


def remove(ask: Ask) -> dict[str, Any]:
    """RemoveTargets: an id that is not there is a failed entry, which AWS may see otherwise."""
    _, rule = ask.holding.rule(ask.parameters)
    refuse_if_managed(rule, force=bool(ask.parameters.get("Force")))
    _check_count(ask.parameters["Ids"])
    failed = []
    for key in ask.parameters["Ids"]:
        if rule.targets.pop(key, None) is None:
            failed.append(
                {
                    "TargetId": key,
                    "ErrorCode": "ResourceNotFoundException",
                    "ErrorMessage": f"Rule {rule.name} does not have a target with the Id {key}.",
                }
            )
        else:
            rule.lingering = ask.world.lag("targetRemoved")
    return {"FailedEntryCount": len(failed), "FailedEntries": failed}


def listed(ask: Ask) -> dict[str, Any]:
    """ListTargetsByRule."""
    _, rule = ask.holding.rule(ask.parameters)
    return page(ask, [target for _, target in sorted(rule.targets.items())], "Targets")


OPERATIONS = {
    "ListTargetsByRule": listed,
    "PutTargets": put,
    "RemoveTargets": remove,
}
