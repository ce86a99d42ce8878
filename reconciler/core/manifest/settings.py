"""The parts of the declarations that stand once: stack, owns, policy."""

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, StrictBool, WithJsonSchema

from reconciler.core.model import Frozen

STACK = r"^[a-z][a-z0-9-]{0,38}[a-z0-9]$"
NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
NAME_RULE = "a name has letters, digits, _ . and -, and begins with a letter or digit"


class Limit(Frozen):
    """At most `count` objects, or `percent` of the owned live ones."""

    count: int | None = None
    percent: int | None = None

    def allows(self, number: int, owned: int) -> bool:
        """Say whether `number` changes are within the limit when `owned` objects are live.

        A share only counts from 10 owned objects up: below, one object is already too large one.
        """
        if self.count is not None:
            return number <= self.count
        return owned < 10 or number * 100 <= (self.percent or 0) * owned

    def __str__(self) -> str:
        """Write the limit as it stands in YAML."""
        return str(self.count) if self.count is not None else f"{self.percent}%"


def parse_limit(value: Any) -> Any:
    """Turn `30%` or a plain number into a Limit; ValueError for anything else."""
    if isinstance(value, Limit):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return Limit(count=value)
    if isinstance(value, str) and (match := re.fullmatch(r"([0-9]{1,3})(%?)", value)):
        number = int(match[1])
        if not match[2]:
            return Limit(count=number)
        if number <= 100:
            return Limit(percent=number)
    raise ValueError("expected a share such as 30% (0% to 100%) or a plain number")


LimitField = Annotated[
    Limit,
    BeforeValidator(parse_limit),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": "^[0-9]{1,3}%?$"},
            ]
        }
    ),
]


def _stack(value: str) -> str:
    if not re.fullmatch(STACK, value):
        raise ValueError(
            "expected 2 to 40 of a-z, 0-9 and -, beginning with a letter and not ending in -"
        )
    return value


def _owned_uri(value: str) -> str:
    try:
        parts = urlsplit(value)
        host = parts.hostname if parts.port != 0 else None
    except ValueError:
        host = None
    if host is None or parts.scheme != "https" or not value.isprintable() or " " in value:
        raise ValueError("expected an https URL such as https://hooks.example.com/")
    if parts.username is not None:
        raise ValueError("credentials do not belong in a URL: leave out what stands before the @")
    if parts.query or parts.fragment:
        raise ValueError("a prefix has neither a query nor a fragment: leave them out")
    return value


class Owns(Frozen):
    """What is ours beyond marks and references."""

    call_back_uris: tuple[Annotated[str, AfterValidator(_owned_uri)], ...] = ()
    """Merchant subscriptions that push to one of these or below it are ours."""


class Policy(Frozen):
    """What a run may do."""

    prune: StrictBool
    """Delete what we own and no longer declare. Has no default: it must be chosen."""
    max_deletes: LimitField = Limit(percent=30)
    """Deletes and replaces a run may make."""
    max_updates: LimitField = Limit(percent=100)
    """Updates a run may make."""
    protect_non_empty_queues: StrictBool = True
    """Never delete a queue that still holds messages."""
    adopt: StrictBool = False
    """Take over declared objects that exist without our mark."""
    ignore_tags: tuple[str, ...] = ()
    """Tags on queues that others manage; `*` stands for any characters. `aws:*` always is."""
    discover: Literal["all", "declared"] = "all"
    """Whether SP-API is asked for every known notification type or only for declared ones."""


class Head(Frozen):
    """Stack, owns and policy together."""

    stack: Annotated[str, AfterValidator(_stack)]
    owns: Owns = Owns()
    policy: Policy
