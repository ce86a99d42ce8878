"""Targets of rules, and what of an event they get: all, a constant, a part, or a template's text.

What refers to a queue is not looked up: PutTargets proves no delivery. Source: EventBridge User
Guide, "Input transformation". Of JSONPath: names and positions.
"""

import json
import re
from typing import Any

from reconciler.sandbox.eventbridge.holdings import Ask, page, refuse_if_managed
from reconciler.sandbox.eventbridge.refusals import invalid, too_many

_PER_RULE = 5
_PER_CALL = 10
_INPUTS = ("Input", "InputPath", "InputTransformer")
_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]|\['([^']+)'\]")
_MISSING = object()


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


def body_for(target: dict[str, Any], event: dict[str, Any]) -> str:
    """Return the text that is sent to a target for an event."""
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath") is not None:
        part = _part(target["InputPath"], event)
        return _written({} if part is _MISSING else part)
    if target.get("InputTransformer") is not None:
        return _transformed(target["InputTransformer"], event)
    return _written(event)


def is_path(text: str) -> bool:
    """Say whether a text is a path that can be followed."""
    return text.startswith("$") and re.fullmatch(f"(?:{_STEP.pattern})*", text[1:]) is not None


def _part(path: str, event: Any) -> Any:
    found = event
    for step in _STEP.finditer(path):
        name, position, quoted = step.groups()
        try:
            found = found[int(position)] if position else found[name or quoted]
        except (KeyError, IndexError, TypeError):
            return _MISSING
    return found


def _transformed(transformer: dict[str, Any], event: dict[str, Any]) -> str:
    # Texts are put in as they are: AWS escapes nothing, and what is missing vanishes.
    text = str(transformer["InputTemplate"])
    for name, path in (transformer.get("InputPathsMap") or {}).items():
        part = _part(path, event)
        shown = part if isinstance(part, str) else "" if part is _MISSING else _written(part)
        text = text.replace(f"<{name}>", shown)
    return text


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
