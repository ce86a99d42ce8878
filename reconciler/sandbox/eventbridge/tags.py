"""Tags of buses and rules."""

from typing import Any

from reconciler.sandbox.eventbridge.holdings import Ask
from reconciler.sandbox.eventbridge.refusals import denied, invalid

_MOST = 50
_MAY = "events:TagResource"


def first_tags(ask: Ask) -> dict[str, str]:
    """Return the tags that a creation brings, which need a right of their own. Raises Refused."""
    wish = ask.parameters.get("Tags")
    if not wish:
        return {}
    if _MAY in ask.denied:
        raise denied(_MAY, "*", ask.holding.account)
    if not ask.world.settings["eventTagsOnCreate"]:
        raise invalid("Tags are not supported in this region when a resource is created.")
    return _read(wish, {})


def _read(wish: list[dict[str, str]], before: dict[str, str]) -> dict[str, str]:
    found = {tag["Key"]: tag["Value"] for tag in wish}
    if any(key.lower().startswith("aws:") for key in found):
        raise invalid("aws: prefixed tag key names are not allowed for external use.")
    if len({**before, **found}) > _MOST:
        raise invalid(f"A resource can have {_MOST} tags.")
    return found


def tag(ask: Ask) -> dict[str, Any]:
    """TagResource: adds and overwrites."""
    tags = ask.holding.tagged(ask.parameters["ResourceARN"])
    tags |= _read(ask.parameters["Tags"], tags)
    return {}


def untag(ask: Ask) -> dict[str, Any]:
    """UntagResource: keys that are not there are no error."""
    tags = ask.holding.tagged(ask.parameters["ResourceARN"])
    for key in ask.parameters["TagKeys"]:
        tags.pop(key, None)
    return {}


def listed(ask: Ask) -> dict[str, Any]:
    """ListTagsForResource."""
    tags = ask.holding.tagged(ask.parameters["ResourceARN"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}


OPERATIONS = {
    "ListTagsForResource": listed,
    "TagResource": tag,
    "UntagResource": untag,
}
