"""Rules of event buses."""

from typing import Any

from reconciler.sandbox.eventbridge import patterns
from reconciler.sandbox.eventbridge.holdings import (
    DEFAULT,
    Ask,
    Bus,
    Rule,
    page,
    prefixed,
    refuse_if_managed,
)
from reconciler.sandbox.eventbridge.refusals import invalid, too_many
from reconciler.sandbox.eventbridge.tags import first_tags

_FEWER = {"af-south-1": 100, "eu-south-1": 100}
_FACTS = ("EventPattern", "ScheduleExpression", "Description", "RoleArn")


def put(ask: Ask) -> dict[str, Any]:
    """PutRule: creates, or replaces all but tags and targets; what is left out is cleared."""
    wish, holding = ask.parameters, ask.holding
    bus, name = holding.bus(wish.get("EventBusName")), wish["Name"]
    _check(wish, bus)
    rule = bus.rules.get(name)
    if rule:
        refuse_if_managed(rule)
    elif len(bus.rules) >= _FEWER.get(holding.region, 300):
        raise too_many()
    facts = {key: wish[key] for key in _FACTS if wish.get(key)}
    facts["State"] = wish.get("State", "ENABLED")
    if rule:
        rule.facts = facts
    else:
        bus.rules[name] = Rule(name, facts, first_tags(ask))
    return {"RuleArn": holding.rule_arn(bus.name, name)}


def _check(wish: dict[str, Any], bus: Bus) -> None:
    if not wish.get("EventPattern") and not wish.get("ScheduleExpression"):
        raise invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    if wish.get("ScheduleExpression") and bus.name != DEFAULT:
        raise invalid("ScheduleExpression is supported only on the default event bus.")
    if wish.get("EventPattern"):
        patterns.parsed(wish["EventPattern"])


def _shown(ask: Ask, bus: Bus, rule: Rule) -> dict[str, Any]:
    shown = {
        "Name": rule.name,
        "Arn": ask.holding.rule_arn(bus.name, rule.name),
        "EventBusName": bus.name,
        **rule.facts,
    }
    return {**shown, "ManagedBy": rule.managed_by} if rule.managed_by else shown


def describe(ask: Ask) -> dict[str, Any]:
    """DescribeRule."""
    shown = _shown(ask, *ask.holding.rule(ask.parameters, "Name"))
    return {**shown, "CreatedBy": ask.holding.account}


def listed(ask: Ask) -> dict[str, Any]:
    """ListRules of one bus."""
    bus = ask.holding.bus(ask.parameters.get("EventBusName"))
    found = [_shown(ask, bus, bus.rules[name]) for name in prefixed(ask, list(bus.rules))]
    return page(ask, found, "Rules")


def list_names_by_target(ask: Ask) -> dict[str, Any]:
    """ListRuleNamesByTarget of one bus."""
    bus, arn = ask.holding.bus(ask.parameters.get("EventBusName")), ask.parameters["TargetArn"]
    names = [
        name
        for name, rule in sorted(bus.rules.items())
        if any(target["Arn"] == arn for target in rule.targets.values())
    ]
    return page(ask, names, "RuleNames")


def delete(ask: Ask) -> dict[str, Any]:
    """DeleteRule: success for a rule that is not there; one with targets stays."""
    bus = ask.holding.bus(ask.parameters.get("EventBusName"))
    rule = bus.rules.get(ask.parameters["Name"])
    if rule is None:
        return {}
    refuse_if_managed(rule, force=bool(ask.parameters.get("Force")))
    if rule.targets or rule.lingering > 0:
        rule.lingering -= 0 if rule.targets else 1
        raise invalid("Rule can't be deleted since it has targets.")
    del bus.rules[rule.name]
    bus.lingering = ask.world.lag("ruleDeleted")
    return {}


def _switch(ask: Ask, state: str) -> dict[str, Any]:
    _, rule = ask.holding.rule(ask.parameters, "Name")
    refuse_if_managed(rule)
    rule.facts["State"] = state
    return {}


def enable(ask: Ask) -> dict[str, Any]:
    """EnableRule."""
    return _switch(ask, "ENABLED")


def disable(ask: Ask) -> dict[str, Any]:
    """DisableRule."""
    return _switch(ask, "DISABLED")


def test_pattern(ask: Ask) -> dict[str, Any]:
    """TestEventPattern."""
    result = patterns.tested(ask.parameters["EventPattern"], ask.parameters["Event"])
    return {"Result": result}


OPERATIONS = {
    "DeleteRule": delete,
    "DescribeRule": describe,
    "DisableRule": disable,
    "EnableRule": enable,
    "ListRuleNamesByTarget": list_names_by_target,
    "ListRules": listed,
    "PutRule": put,
    "TestEventPattern": test_pattern,
}
