"""What happens at AWS without a call: a partner's deeds, other services' rules, the past."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from werkzeug.wrappers import Request

from reconciler.sandbox.aws import Aws
from reconciler.sandbox.eventbridge.stand_in import SOURCE_CHANGES
from reconciler.sandbox.settings import Unacceptable

FIELDS = {
    "event-sources": ("deed", "account", "region", "name"),
    "event-rules": ("account", "region", "bus", "name", "managedBy"),
    "metrics": ("account", "region", "namespace", "metric", "dimensions", "points"),
    "history": ("account", "region", "event"),
}
"""What an order holds, all of it.

`deed` is create, delete or expire; `dimensions` {name: value}; `points` pairs of a time in ISO 8601
and a value; `event` a record as CloudTrail writes it.
"""


def do(what: str, request: Request, aws: Aws) -> None:
    """Carry out an order that came over HTTP. Raises Unacceptable, ValueError for no JSON."""
    carry_out(what, json.loads(request.get_data()), aws)


def carry_out(what: str, order: Any, aws: Aws) -> None:
    """Carry out an order. Raises Unacceptable when it makes no sense."""
    wish = _checked(what, order)
    match what:
        case "event-sources":
            if wish["deed"] not in SOURCE_CHANGES:
                raise Unacceptable(f"deed is one of {', '.join(SOURCE_CHANGES)}.")
            aws.events.partner(wish["deed"], wish["account"], wish["region"], wish["name"])
        case "event-rules":
            aws.events.managed_rule(
                wish["account"], wish["region"], wish["bus"], wish["name"], wish["managedBy"]
            )
        case "metrics":
            _measure(wish, aws)
        case _:
            aws.trail.remember(wish["account"], wish["region"], wish["event"])


def _checked(what: str, order: Any) -> dict[str, Any]:
    if what not in FIELDS:
        raise Unacceptable(f"There is no {what}; there are {', '.join(FIELDS)}.")
    names = FIELDS[what]
    if not isinstance(order, dict) or set(order) != set(names):
        raise Unacceptable(f"An order of {what} has exactly {', '.join(names)}.")
    kinds = {"dimensions": dict, "points": list, "event": dict}
    for name in names:
        kind = kinds.get(name, str)
        if not isinstance(order[name], kind):
            raise Unacceptable(f"{name} must be of type {kind.__name__}.")
    return order


def _measure(wish: Mapping[str, Any], aws: Aws) -> None:
    place = (wish["account"], wish["region"])
    try:
        points = [
            (datetime.fromisoformat(moment).timestamp(), float(value))
            for moment, value in wish["points"]
        ]
    except (TypeError, ValueError):
        raise Unacceptable("points are pairs of a time in ISO 8601 and a number.") from None
    for moment, value in points:
        aws.figures.measure(
            place, wish["namespace"], wish["metric"], wish["dimensions"], value, moment
        )
