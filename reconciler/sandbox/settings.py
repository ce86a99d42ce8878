"""What can be changed about the stand-ins while they run."""

import copy
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from reconciler.sandbox.merchant_accounts import is_links
from reconciler.sandbox.merchant_rules import loopback

_LAGS = (
    "queueCreated",
    "queueUpdated",
    "queueDeleted",
    "destinationCreated",
    "eventSourceCreated",
    "targetRemoved",
    "ruleDeleted",
)
SERVICES = ("aws", "lwa", "mws", "sp-api", "merchant")


class Unacceptable(ValueError):
    """A control call that makes no sense; the text is the sentence to show."""


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _signed(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _text_map(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _latency(value: Any) -> bool:
    if isinstance(value, dict):
        return all(name in SERVICES and _number(seconds) for name, seconds in value.items())
    return _number(value)


def _limits(value: Any) -> bool:
    return isinstance(value, dict) and all(
        name.partition(".")[0] in SERVICES
        and isinstance(limit, dict)
        and limit.keys() == {"rate", "burst"}
        and _number(limit["rate"])
        and _number(limit["burst"])
        for name, limit in value.items()
    )


def _types(value: Any) -> bool:
    return isinstance(value, dict) and all(
        _texts(versions) and versions for versions in value.values()
    )


def _lags(value: Any) -> bool:
    return isinstance(value, dict) and all(
        name in _LAGS and isinstance(reads, int) and reads >= 0 for name, reads in value.items()
    )


def _page(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 200


def _truth(value: Any) -> bool:
    return isinstance(value, bool)


def _token_rule(value: Any) -> bool:
    return value in ("grantless", "seller", "either")


def _call_backs(value: Any) -> bool:
    return _text_map(value) and all(_is_here(url) for url in value.values())


def _is_here(url: str) -> bool:
    try:
        return loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


def _health(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, dict) for item in value.values())


# name: (default, what is acceptable, how to say so)
_KNOWN: dict[str, tuple[Any, Callable[[Any], bool], str]] = {
    "latencySeconds": (0, _latency, "seconds, or {service: seconds}"),
    "rateLimits": (
        {},
        _limits,
        "{service or service.operation: {rate: per second, burst: requests}}",
    ),
    "clockAheadSeconds": (0, _signed, "seconds by which events, metrics and history are ahead"),
    "clockSkewSeconds": (0, _number, "seconds by which the Date of answers is ahead"),
    "revoked": ([], _texts, "a list of client secrets, refresh tokens, bearer tokens, seller ids"),
    "mwsKeys": ({}, _text_map, "{access key id: secret key}"),
    "awsDenied": ([], _texts, "a list of IAM actions, such as sqs:DeleteQueue"),
    "checkQueuePolicy": (True, _truth, "true or false"),
    "messageAgeSeconds": (0, _number, "seconds by which messages seem older than they are"),
    "tokenSeconds": (3600, _number, "seconds"),
    "getSubscriptionsRoute": (True, _truth, "true or false"),
    "deleteByIdToken": ("grantless", _token_rule, "grantless, seller or either"),
    "notificationTypes": ({}, _types, "{notification type: [payload versions]}"),
    "merchantLinks": (
        {},
        is_links,
        "{account id: {id of an account linked to it: {type: ..., handshakeState: ...}}}",
    ),
    "merchantPageCap": (200, _page, "a whole number from 1 to 200"),
    "merchantUnregistered": ([], _texts, "a list of account ids as text"),
    "merchantCallBacks": (
        {},
        _call_backs,
        "{beginning of callBackUris: the loopback URL that stands in for it}",
    ),
    "merchantRetrySeconds": (1, _number, "seconds"),
    "merchantAccessRights": (["ADMIN"], _texts, "a list of access rights of the caller"),
    "merchantHealth": ({}, _health, "{subscription name or *: metrics}"),
    "queueQuarantineSeconds": (0, _number, "seconds"),
    "taggingLagSeconds": (0, _number, "seconds"),
    "lagReads": (
        {},
        _lags,
        f"{{{', '.join(_LAGS)}: looks that come too early}}",
    ),
    "applicationIds": ({}, _text_map, "{client id: the id in its event source's name}"),
    "eventSourcePrefix": (True, _truth, "true or false: whether aws.partner/ is in answers"),
    "eventSourceSeconds": (604_800, _number, "seconds that an event source waits for its owner"),
    "eventTagsOnCreate": (True, _truth, "true or false"),
    "eventTargetTrouble": ({}, _text_map, "{ARN of a target: THROTTLING or TIMEOUT}"),
    "metricLagSeconds": (0, _number, "seconds until a figure is told"),
    "metricPagePoints": (100_800, _count, "a whole number from 1"),
    "metricStatus": ({}, _text_map, "{metric: Forbidden, InternalError or PartialData}"),
    "trailLagSeconds": (0, _number, "seconds until a call is in the history"),
    "respellPolicies": (True, _truth, "true or false"),
}


def wishes() -> dict[str, str]:
    """Return what each setting takes, in words."""
    return {name: wish for name, (_, _, wish) in _KNOWN.items()}


class Settings:
    """Named values with defaults; every change is checked as a whole before any of it counts."""

    def __init__(self, initial: Mapping[str, Any] | None = None):
        self._lock = threading.Lock()
        self._initial = dict(initial or {})
        self._values: dict[str, Any] = {}
        self.reset()

    def reset(self) -> None:
        """Return to the defaults and what the sandbox was started with."""
        with self._lock:
            self._values = {
                name: copy.deepcopy(default) for name, (default, _, _) in _KNOWN.items()
            }
        self.change(self._initial)

    def change(self, changes: Mapping[str, Any]) -> None:
        """Replace the named values. Raises Unacceptable, and then nothing has changed."""
        for name, value in changes.items():
            if name not in _KNOWN:
                raise Unacceptable(
                    f"There is no setting {name!r}; the settings are {', '.join(sorted(_KNOWN))}."
                )
            _, acceptable, wish = _KNOWN[name]
            if not acceptable(value):
                raise Unacceptable(f"The setting {name} must be {wish}, not {value!r}.")
        with self._lock:
            self._values.update(copy.deepcopy(dict(changes)))

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def as_json(self) -> dict[str, Any]:
        """Return all values."""
        with self._lock:
            return copy.deepcopy(self._values)

    def latency(self, service: str) -> float:
        """Return how long this service takes to begin answering, in seconds."""
        value = self["latencySeconds"]
        return float(value.get(service, 0) if isinstance(value, dict) else value)


class SandboxClock:
    """The machine's time, ahead or behind by the setting clockAheadSeconds."""

    def __init__(self, settings: Settings):
        self._settings = settings

    def now(self) -> float:
        """Return the time in Unix seconds."""
        return time.time() + float(self._settings["clockAheadSeconds"])


def iso(moment: float) -> str:
    """Return a moment as AWS writes it in texts: `2026-11-29T09:00:00Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
