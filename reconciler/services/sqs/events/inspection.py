"""What can be found out of buses and routes by asking: `verify` looks closer than a plan."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.core.model.delivery import Link
from reconciler.core.model.errors import Denied, Missing, Rejected
from reconciler.core.model.objects import Live
from reconciler.core.model.spec import Spec
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.events.client import EventsClient
from reconciler.services.sqs.events.names import PARTNER
from reconciler.services.sqs.events.pattern import pattern_of
from reconciler.services.sqs.events.reading import moment
from reconciler.services.sqs.events.specs import RENEW, SOURCE, EventBus, EventRoute
from reconciler.services.sqs.rule_grants import rule_of

PATTERN = "event pattern"


@dataclass(frozen=True, slots=True)
class Inspection:
    """A closer look at the EventBridge of one account and region."""

    account: AwsAccount
    client: EventsClient

    def look(self, wanted: Spec, live: Live | None, topic: str) -> Sequence[Link]:
        """Return what asking tells of a declared bus or route, beyond what reading it showed.

        Of a bus that is not there, what becomes of its event source; of a rule, whether EventBridge
        says that it matches a specimen of `topic`.
        """
        if isinstance(wanted, EventBus) and live is None:
            return [self._source(wanted.source)]
        if live is not None and isinstance(live.spec, EventRoute):
            return [self._pattern(live, live.spec, topic)]
        return []

    def _source(self, name: str) -> Link:
        if not name.startswith(PARTNER):
            return Link(
                SOURCE, "broken", "the SP-API does not tell which one its destination offers"
            )
        try:
            source = self.client.source(name)
        except Missing:
            return Link(SOURCE, "broken", f"there is no event source {name} (any more): {RENEW}")
        if source.get("State") == "DELETED":
            return Link(SOURCE, "broken", f"the partner deleted the event source {name}: {RENEW}")
        if source.get("State") == "ACTIVE":
            return Link(SOURCE, "holds")
        expires = moment(source.get("ExpirationTime"))
        until = f", which it does until {expires}" if expires else ""
        detail = f"{name} waits for a bus{until}: what is sent until then is dropped"
        return Link(SOURCE, "warning", detail)

    def _pattern(self, live: Live, route: EventRoute, topic: str) -> Link:
        rule = rule_of(live.outputs["arn"])
        bus = rule.bus if rule is not None else ""
        pattern = route.pattern or pattern_of(bus, route.types)
        try:
            if self.client.matches(pattern, json.dumps(self._specimen(bus, topic))):
                return Link(PATTERN, "holds")
        except Denied:
            known = route.pattern is None and topic in route.types
            detail = (
                "EventBridge may not be asked whether it matches: allow events:TestEventPattern"
            )
            return Link(PATTERN, "warning" if known else "doubtful", detail)
        except Rejected as error:
            return Link(PATTERN, "broken", f"{error.message}: run apply")
        return Link(
            PATTERN,
            "broken",
            f"EventBridge says that the rule {route.name} does not match {topic}: run apply",
        )

    def _specimen(self, source: str, topic: str) -> dict[str, Any]:
        """Return an event as the partner sends it; nobody sees it."""
        return {
            "version": "0",
            "id": "00000000-0000-0000-0000-000000000000",
            "account": self.account.account_id,
            "region": self.account.region,
            "source": source,
            "time": "2026-01-01T00:00:00Z",
            "resources": [],
            "detail-type": topic,
            "detail": {"NotificationType": topic, "Payload": {}},
        }
