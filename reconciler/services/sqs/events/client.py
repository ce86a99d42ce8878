"""The calls of EventBridge that routes take, all with the bus's name: the default is never meant.

All may be repeated: PutRule and PutTargets replace, tagging merges, and a bus that was created
twice says that it is there.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconciler.core.model.errors import Missing, Rejected, Transient, Unclear
from reconciler.services.sqs.client import SqsClient, Tags
from reconciler.services.sqs.events.names import SELLING_PARTNER

EXISTS = "ResourceAlreadyExistsException"
INVALID = "ValidationException"
WRONG_STATE = "InvalidStateException"

_NOT_FOUND = "ResourceNotFoundException"
_BUSY = "ConcurrentModificationException"
_PAGE = 100
_BUSY_FOR = 10.0
_EVERY = 2.0

Facts = dict[str, Any]


class EventsClient:
    """EventBridge of one account and region; `name` is the account's in the declarations."""

    def __init__(self, name: str, client: SqsClient) -> None:
        self._name = name
        self._client = client

    def buses(self) -> list[str]:
        """Return the names of the buses of Amazon's partner event sources, all pages."""
        found = self._listed("ListEventBuses", "EventBuses", NamePrefix=SELLING_PARTNER)
        return sorted(str(item["Name"]) for item in found)

    def sources(self) -> dict[str, Facts]:
        """Return Amazon's partner event sources by name, all pages."""
        found = self._listed("ListEventSources", "EventSources", NamePrefix=SELLING_PARTNER)
        return {str(item["Name"]): item for item in found}

    def source(self, name: str) -> Facts:
        """Return a partner event source. Raises Missing where there is none."""
        return self._ask("DescribeEventSource", Name=name)

    def bus_exists(self, name: str) -> bool:
        """Say whether there is a bus."""
        try:
            self._ask("DescribeEventBus", Name=name)
        except Missing:
            return False
        return True

    def create_bus(self, name: str, tags: Tags) -> None:
        """Associate a partner event source with a bus, which bears its name."""
        more = {"Tags": _listed_tags(tags)} if tags else {}
        self._ask("CreateEventBus", Name=name, EventSourceName=name, **more)

    def activate(self, name: str) -> None:
        """Let a source that waits go on to the bus that it has. Raises Missing."""
        self._ask("ActivateEventSource", Name=name)

    def delete_bus(self, name: str) -> None:
        """Delete a bus; one that is not there is no error."""
        self._ask("DeleteEventBus", Name=name)

    def rules(self, bus: str) -> list[Facts]:
        """Return the rules of a bus, all pages. Raises Missing."""
        return list(self._listed("ListRules", "Rules", EventBusName=bus, Limit=_PAGE))

    def rule(self, bus: str, name: str) -> Facts:
        """Return a rule. Raises Missing."""
        return self._ask("DescribeRule", EventBusName=bus, Name=name)

    def put_rule(self, bus: str, name: str, facts: Mapping[str, Any], tags: Tags) -> None:
        """Create a rule, or replace all of it but its targets and tags: those of a new one."""
        more = {"Tags": _listed_tags(tags)} if tags else {}
        self._ask("PutRule", EventBusName=bus, Name=name, **facts, **more)

    def delete_rule(self, bus: str, name: str) -> None:
        """Delete a rule without targets; one that is not there is no error."""
        self._ask("DeleteRule", EventBusName=bus, Name=name)

    def targets(self, bus: str, rule: str) -> list[Facts]:
        """Return the targets of a rule, all pages. Raises Missing."""
        given = {"EventBusName": bus, "Rule": rule, "Limit": _PAGE}
        return list(self._listed("ListTargetsByRule", "Targets", **given))

    def put_target(self, bus: str, rule: str, target: Mapping[str, Any]) -> None:
        """Add a target, or replace the one with its id; others stay.

        Raises:
            Rejected: it was not taken, whatever the answer's status says.
        """
        operation = "PutTargets"
        self._whole(operation, EventBusName=bus, Rule=rule, Targets=[dict(target)])

    def remove_target(self, bus: str, rule: str, key: str) -> None:
        """Remove a target by id; one that is not there is no error."""
        try:
            self._whole("RemoveTargets", EventBusName=bus, Rule=rule, Ids=[key])
        except Rejected as error:
            if error.code != _NOT_FOUND:
                raise

    def matches(self, pattern: str, event: str) -> bool:
        """Say whether an event pattern matches an event, both JSON; nothing is sent."""
        answer = self._ask("TestEventPattern", EventPattern=pattern, Event=event)
        return bool(answer["Result"])

    def tags(self, arn: str) -> Tags:
        """Return the tags of a bus or rule. Raises Missing."""
        answer = self._ask("ListTagsForResource", ResourceARN=arn)
        return {str(tag["Key"]): str(tag["Value"]) for tag in answer.get("Tags") or ()}

    def tag(self, arn: str, tags: Tags) -> None:
        """Add or overwrite tags."""
        self._ask("TagResource", ResourceARN=arn, Tags=_listed_tags(tags))

    def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Remove tags."""
        self._ask("UntagResource", ResourceARN=arn, TagKeys=list(keys))

    def _whole(self, operation: str, **parameters: Any) -> None:
        """Make a call that answers 200 and says inside what failed; again while it is busy."""

        def attempt() -> bool | Transient:
            answer = self._ask(operation, **parameters)
            if not answer.get("FailedEntryCount"):
                return True
            failure = self._failure(operation, answer)
            if failure.code != _BUSY:
                raise failure
            return Transient(self._name, operation, failure.message, code=failure.code)

        self._client.calls.insist(attempt, within=_BUSY_FOR, every=_EVERY)

    def _failure(self, operation: str, answer: Facts) -> Rejected:
        entry: Facts = next(iter(answer.get("FailedEntries") or ()), {})
        code = str(entry.get("ErrorCode") or "no code")
        reason = f"{entry.get('ErrorMessage') or 'no reason given'} ({code})"
        message = f"the target {entry.get('TargetId', '')} was not taken: {reason}"
        return Rejected(self._name, operation, message, code=code)

    def _listed(self, operation: str, key: str, **parameters: Any) -> Iterator[Facts]:
        token: str | None = None
        pages = self._client.pages(operation)
        while True:
            more = {"NextToken": token} if token else {}
            answer = self._ask(operation, **parameters, **more)
            if not isinstance(answer.get(key), list):
                raise Unclear(self._name, operation, f"AWS gave an answer without {key}")
            yield from answer[key]
            token = answer.get("NextToken")
            if not token:
                return
            pages.turn(token)

    def _ask(self, operation: str, **parameters: Any) -> Facts:
        try:
            return self._client.ask("events", operation, **parameters)
        except Rejected as error:
            if error.code != _NOT_FOUND:
                raise
            raise Missing(
                self._name,
                operation,
                error.message,
                code=error.code,
                request_id=error.request_id,
            ) from error


def _listed_tags(tags: Tags) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
