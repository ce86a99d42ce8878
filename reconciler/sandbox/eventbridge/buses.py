"""Partner event sources as their owner sees them, and event buses."""

from typing import Any

from reconciler.sandbox.eventbridge.holdings import Ask, Bus, PartnerSource, page, prefixed
from reconciler.sandbox.eventbridge.refusals import (
    Refused,
    invalid,
    no_source,
    too_many,
    unsuitable,
)
from reconciler.sandbox.eventbridge.tags import first_tags

_BUSES = 100
_FACTS = ("Description", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")


def create(ask: Ask) -> dict[str, Any]:
    """CreateEventBus: of a pending source the bus that makes it active, or a bus of one's own."""
    wish, holding = ask.parameters, ask.holding
    name, source_name = wish["Name"], wish.get("EventSourceName")
    _check_name(name, source_name)
    if name in holding.buses:
        raise Refused("ResourceAlreadyExistsException", f"Event bus {name} already exists.")
    source = _seen(ask, name) if source_name else None
    if len(holding.buses) >= _BUSES:
        raise too_many()
    tags = first_tags(ask)
    now = ask.world.clock.now()
    facts = {key: wish[key] for key in _FACTS if wish.get(key) is not None}
    holding.buses[name] = Bus(name, now, now, facts, tags)
    if source:
        source.state = "ACTIVE"
    return {"EventBusArn": holding.bus_arn(name), **facts}


def _check_name(name: str, source: str | None) -> None:
    if source is None and name.startswith("aws."):
        raise invalid("EventBus name starting with 'aws.' is not valid.")
    if source is None and "/" in name:
        raise invalid("EventBus name must not contain '/' without an event source.")
    if source is not None and name != source:
        raise invalid("EventBus name must be equal to the name of its event source.")


def update(ask: Ask) -> dict[str, Any]:
    """UpdateEventBus: description, key and the like, as a whole."""
    bus = ask.holding.bus(ask.parameters.get("Name"))
    bus.facts = {key: ask.parameters[key] for key in _FACTS if ask.parameters.get(key) is not None}
    bus.modified = ask.world.clock.now()
    return {"Name": bus.name, "Arn": ask.holding.bus_arn(bus.name), **bus.facts}


def describe(ask: Ask) -> dict[str, Any]:
    """DescribeEventBus."""
    return _shown(ask, ask.holding.bus(ask.parameters.get("Name")))


def _shown(ask: Ask, bus: Bus) -> dict[str, Any]:
    return {
        "Name": bus.name,
        "Arn": ask.holding.bus_arn(bus.name),
        "CreationTime": bus.created,
        "LastModifiedTime": bus.modified,
        **bus.facts,
    }


def listed(ask: Ask) -> dict[str, Any]:
    """ListEventBuses."""
    holding = ask.holding
    found = [_shown(ask, holding.buses[name]) for name in prefixed(ask, list(holding.buses))]
    brief = [{k: v for k, v in bus.items() if k not in _FACTS[1:]} for bus in found]
    return page(ask, brief, "EventBuses")


def delete(ask: Ask) -> dict[str, Any]:
    """DeleteEventBus: success for what is not there; its source waits for an owner again."""
    holding = ask.holding
    try:
        bus = holding.bus(ask.parameters["Name"])
    except Refused:
        return {}
    if bus.name == "default":
        raise invalid("Cannot delete event bus default.")
    if bus.rules or bus.lingering > 0:
        bus.lingering -= 0 if bus.rules else 1
        raise invalid("EventBus can't be deleted since it has rules.")
    del holding.buses[bus.name]
    source = holding.sources.get(bus.name)
    if source and source.state == "DELETED":
        holding.forget(source)
    elif source:
        _wait_for_owner(ask, source)
    return {}


def _wait_for_owner(ask: Ask, source: PartnerSource) -> None:
    source.state = "PENDING"
    source.expires = ask.world.clock.now() + float(ask.world.settings["eventSourceSeconds"])


def _seen(ask: Ask, name: str) -> PartnerSource:
    source = ask.holding.sources.get(name)
    if source is None:
        raise no_source(name)
    source.unseen -= 1
    if source.unseen >= 0:
        raise no_source(name)
    return source


def describe_source(ask: Ask) -> dict[str, Any]:
    """DescribeEventSource."""
    return _shown_source(ask, _seen(ask, ask.parameters["Name"]))


def _shown_source(ask: Ask, source: PartnerSource) -> dict[str, Any]:
    shown = {
        "Arn": ask.holding.source_arn(source.name),
        "CreatedBy": source.name.split("/")[1],
        "CreationTime": source.created,
        "Name": source.name,
        "State": source.state,
    }
    return {**shown, "ExpirationTime": source.expires} if source.state == "PENDING" else shown


def list_sources(ask: Ask) -> dict[str, Any]:
    """ListEventSources."""
    sources = ask.holding.sources
    found = [sources[name] for name in prefixed(ask, list(sources)) if sources[name].unseen <= 0]
    return page(ask, [_shown_source(ask, source) for source in found], "EventSources")


def activate(ask: Ask) -> dict[str, Any]:
    """ActivateEventSource: a pending source whose bus is there goes on."""
    name = ask.parameters["Name"]
    source = _seen(ask, name)
    if name not in ask.holding.buses:
        raise no_source(name)
    if source.state == "DELETED":
        raise unsuitable(f"Event source {name} is in DELETED state.")
    source.state = "ACTIVE"
    return {}


def deactivate(ask: Ask) -> dict[str, Any]:
    """DeactivateEventSource: the source waits again, though its bus is there."""
    source = _seen(ask, ask.parameters["Name"])
    if source.state == "DELETED":
        raise unsuitable(f"Event source {source.name} is in DELETED state.")
    if source.state == "ACTIVE":
        _wait_for_owner(ask, source)
    return {}


OPERATIONS = {
    "ActivateEventSource": activate,
    "CreateEventBus": create,
    "DeactivateEventSource": deactivate,
    "DeleteEventBus": delete,
    "DescribeEventBus": describe,
    "DescribeEventSource": describe_source,
    "ListEventBuses": listed,
    "ListEventSources": list_sources,
    "UpdateEventBus": update,
}
