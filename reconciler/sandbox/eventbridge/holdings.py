"""What EventBridge holds of one account and region."""

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from reconciler.sandbox.eventbridge.refusals import Refused, invalid, no_bus, no_rule
from reconciler.sandbox.service import page_offset, page_token
from reconciler.sandbox.settings import SandboxClock, Settings

DEFAULT = "default"
_BUS_ARN = re.compile(r"arn:[\w-]+:events:([a-z0-9-]+):(\d{12}):event-bus/(.+)")
_RULE_ARN = re.compile(r"arn:[\w-]+:events:([a-z0-9-]+):(\d{12}):rule/(.+)")

State = Literal["PENDING", "ACTIVE", "DELETED"]


def partition(region: str) -> str:
    """Return the partition of a region: aws, aws-cn or aws-us-gov."""
    starts = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    return next((name for start, name in starts.items() if region.startswith(start)), "aws")


@dataclass
class PartnerSource:
    """A partner's event source; `expires` (Unix seconds) holds while it is PENDING.

    The next `unseen` looks come too early to see it.
    """

    name: str
    created: float
    expires: float
    state: State = "PENDING"
    unseen: int = 0


@dataclass
class Rule:
    """A rule: what PutRule said (`facts`), its tags, its targets by id.

    `lingering` is how many times it still refuses to go after its targets went.
    """

    name: str
    facts: dict[str, Any]
    tags: dict[str, str] = field(default_factory=dict)
    targets: dict[str, dict[str, Any]] = field(default_factory=dict)
    managed_by: str | None = None
    lingering: int = 0


@dataclass
class Bus:
    """An event bus; `lingering` is how many times it still refuses to go after its rules went."""

    name: str
    created: float
    modified: float
    facts: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)
    lingering: int = 0


@dataclass
class Holding:
    """Sources and buses of one account in one region."""

    account: str
    region: str
    sources: dict[str, PartnerSource] = field(default_factory=dict)
    buses: dict[str, Bus] = field(default_factory=dict)

    def source_arn(self, name: str) -> str:
        """Return a source's ARN, which names no account."""
        return f"arn:{partition(self.region)}:events:{self.region}::event-source/{name}"

    def bus_arn(self, name: str) -> str:
        """Return a bus's ARN."""
        return f"{self._prefix()}:event-bus/{name}"

    def rule_arn(self, bus: str, rule: str) -> str:
        """Return a rule's ARN; on the default bus it does not name the bus."""
        return f"{self._prefix()}:rule/{rule if bus == DEFAULT else f'{bus}/{rule}'}"

    def _prefix(self) -> str:
        return f"arn:{partition(self.region)}:events:{self.region}:{self.account}"

    def expire(self, now: float) -> None:
        """Let pending sources go whose time is over: with a bus they stay behind as DELETED."""
        for source in list(self.sources.values()):
            if source.state == "PENDING" and source.expires <= now:
                self.forget(source)

    def forget(self, source: PartnerSource) -> None:
        """Do what happens when a partner deletes a source, or its time is over."""
        if source.name in self.buses:
            source.state = "DELETED"
        else:
            del self.sources[source.name]

    def bus(self, named: str | None) -> Bus:
        """Return the bus of a name or ARN, the default one without. Raises Refused."""
        name = named or DEFAULT
        if found := _BUS_ARN.fullmatch(name):
            region, account, name = found.groups()
            if (region, account) != (self.region, self.account):
                raise no_bus(name)
        if name not in self.buses:
            raise no_bus(name)
        return self.buses[name]

    def rule(self, parameters: dict[str, Any], name: str = "Rule") -> tuple[Bus, Rule]:
        """Return bus and rule that a request names. Raises Refused."""
        bus = self.bus(parameters.get("EventBusName"))
        wanted = parameters[name]
        if wanted not in bus.rules:
            raise no_rule(wanted, bus.name)
        return bus, bus.rules[wanted]

    def tagged(self, arn: str) -> dict[str, str]:
        """Return the tags of the bus or rule with this ARN, to be read or changed.

        Raises Refused.
        """
        if found := _RULE_ARN.fullmatch(arn):
            bus, _, rule = found[3].rpartition("/")
            if (found[1], found[2]) != (self.region, self.account):
                raise no_rule(rule, bus or DEFAULT)
            return self.rule({"Rule": rule, "EventBusName": bus or DEFAULT})[1].tags
        if _BUS_ARN.fullmatch(arn):
            return self.bus(arn).tags
        raise invalid(
            f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."
        )


@dataclass
class EventBridgeWorld:
    """All that EventBridge holds, by account and region; `lock` guards it."""

    settings: Settings
    clock: SandboxClock
    holdings: dict[tuple[str, str], Holding] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def of(self, account: str, region: str) -> Holding:
        """Return an account's part of a region, as it is now; a default bus is always there."""
        now = self.clock.now()
        if (account, region) not in self.holdings:
            made = Holding(account, region)
            made.buses[DEFAULT] = Bus(DEFAULT, now, now)
            self.holdings[account, region] = made
        found = self.holdings[account, region]
        found.expire(now)
        return found

    def lag(self, change: str) -> int:
        """Return how many looks come too early to see this kind of change."""
        return int(self.settings["lagReads"].get(change, 0))


@dataclass(frozen=True)
class Ask:
    """One request to carry out."""

    world: EventBridgeWorld
    holding: Holding
    parameters: dict[str, Any]
    denied: frozenset[str]


Operation = Callable[[Ask], dict[str, Any]]


def page(ask: Ask, items: Sequence[Any], key: str) -> dict[str, Any]:
    """Return one page of items under a key. Raises Refused for a strange NextToken."""
    start = page_offset(ask.parameters.get("NextToken"))
    if start is None:
        raise invalid("NextToken is not valid.")
    end = start + int(ask.parameters.get("Limit", 100))
    answer: dict[str, Any] = {key: list(items[start:end])}
    return {**answer, "NextToken": page_token(end)} if end < len(items) else answer


def prefixed(ask: Ask, names: Sequence[str]) -> list[str]:
    """Return the names, sorted, that begin with the request's NamePrefix."""
    return sorted(name for name in names if name.startswith(ask.parameters.get("NamePrefix", "")))


def refuse_if_managed(rule: Rule, *, force: bool = False) -> None:
    """Raise Refused when another AWS service has made the rule."""
    if rule.managed_by and not force:
        text = (
            f"Rule {rule.name} is managed by an AWS service can only be modified if force is set "
            "to true."
        )
        raise Refused("ManagedRuleException", text)
