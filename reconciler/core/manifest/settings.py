"""The parts of the declarations that stand once: stack, owns, policy."""

import re
from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from reconciler.core.model.constraints import Noted, form, one_of
from reconciler.core.model.spec import Frozen
from reconciler.core.text.expressions import Expression

STACK = r"^(?!.*--)[a-z][a-z0-9-]{0,38}[a-z0-9]$"
NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
NAME_RULE = "a name has letters, digits, _ . and -, and begins with a letter or digit"
NAMED = Expression(NAME)


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


_COUNT = r"[0-9]{1,3}"
_PERCENT = r"(100|0?[0-9]{1,2})%"


def parse_limit(value: Any) -> Any:
    """Turn `30%` or a plain number into a Limit; ValueError for anything else."""
    if isinstance(value, Limit):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return Limit(count=value)
    if isinstance(value, str) and re.fullmatch(_COUNT, value):
        return Limit(count=int(value))
    if isinstance(value, str) and re.fullmatch(_PERCENT, value):
        return Limit(percent=int(value[:-1]))
    raise ValueError("expected a share such as 30% (0% to 100%) or a plain number")


LimitField = Annotated[
    Limit,
    BeforeValidator(parse_limit),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": f"^({_COUNT}|{_PERCENT})$"},
            ]
        }
    ),
]


def _stack(value: str) -> str:
    if "--" in value:
        raise ValueError("expected a name without two - in a row: they end it in names of objects")
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


_HTTPS = Noted({"pattern": "^[Hh][Tt][Tt][Pp][Ss]://[^ ]+$"})


class Owns(Frozen):
    """What is ours beyond marks and references."""

    call_back_uris: tuple[Annotated[str, AfterValidator(_owned_uri), _HTTPS], ...] = ()
    """Merchant subscriptions that push to one of these or below it are ours."""


GUARDS_BY_NUMBER = ("maxDeletes", "maxUpdates")
GUARDS_BY_ADDRESS = ("protect", "adopt", "nonEmpty", "referenced")
MOST_DAYS = 31
"""How far ahead what is let through may end."""
_NEVER_LET_THROUGH = {
    "prune": "set policy.prune instead",
    "empty": "use `reconciler destroy` instead",
    "partialRead": "everything has to be read first",
    "target": "plan without --target instead",
}


def _guard(value: Any) -> Any:
    if isinstance(value, str) and value in _NEVER_LET_THROUGH:
        raise ValueError(f"nothing lets {value!r} through: {_NEVER_LET_THROUGH[value]}")
    return value


def _date(text: Any) -> date:
    expected = "expected a day such as 2026-12-05"
    # Python itself also takes forms that nobody would read as a day.
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(expected)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(expected) from None


def _day(value: Any, info: ValidationInfo) -> date:
    """Read a day; one that is too far from the `today` of the validation's context is refused."""
    day = value if isinstance(value, date) else _date(value)
    today = (info.context or {}).get("today")
    if today is not None and day > today + timedelta(days=MOST_DAYS):
        raise ValueError(f"expected a day at most {MOST_DAYS} days ahead (in UTC)")
    return day


SHARE = re.compile(r"(100|[1-9][0-9]?)%")
"""A share of all sellers or targets, as the name of a wave."""


_WAVE = {"type": "string", "pattern": "^(.*[^%]|(100|[1-9][0-9]?)%)$"}


def _wave(name: str) -> str:
    if not name or (name.endswith("%") and not SHARE.fullmatch(name)):
        raise ValueError('expected names (a pattern such as "canary-*") or a share such as 10%')
    return name


class Allowance(Frozen):
    """One guard that is let through until the end of a day in UTC, for a number or an address."""

    model_config = ConfigDict(
        json_schema_extra=one_of(
            form(["upTo"], ["address"], guard={"enum": [*GUARDS_BY_NUMBER]}),
            form(["address"], ["upTo"], guard={"enum": [*GUARDS_BY_ADDRESS]}),
        )
    )

    guard: Annotated[
        Literal["maxDeletes", "maxUpdates", "protect", "adopt", "nonEmpty", "referenced"],
        BeforeValidator(_guard),
    ]
    """The guard that is let through."""
    up_to: LimitField | None = Field(default=None, validate_default=True)
    """For maxDeletes and maxUpdates: what a run may make."""
    address: Annotated[str, Field(min_length=1)] | None = Field(default=None, validate_default=True)
    """For the other guards: of what is let through; `*` and `?` stand for any characters."""
    until: Annotated[
        date,
        BeforeValidator(_day),
        WithJsonSchema({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}),
    ]
    """The last day on which it counts, in UTC: at most 31 days ahead."""
    because: str = ""
    """Why, for those who review it."""

    @field_validator("up_to", "address")
    @classmethod
    def _fits(cls, value: Any, info: ValidationInfo) -> Any:
        """Check that the guard has what it takes, and no other."""
        guard = info.data.get("guard")
        if guard is None:  # which is complained about itself
            return value
        wanted = "upTo" if guard in GUARDS_BY_NUMBER else "address"
        given = "upTo" if info.field_name == "up_to" else "address"
        if given == wanted and value is None:
            raise ValueError(f"{wanted!r} is missing: {guard} takes it")
        if given != wanted and value is not None:
            raise ValueError(f"{guard} takes {wanted} and no {given}")
        return value

    def counts_on(self, day: date) -> bool:
        """Say whether it has not ended by `day`."""
        return day <= self.until


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
    allow: tuple[Allowance, ...] = ()
    """Guards that are let through for once: each ends by itself after its `until`."""
    ignore_tags: tuple[str, ...] = ()
    """Tags on queues that others manage; `*` stands for any characters. `aws:*` always is."""
    verify: StrictBool = False
    """Begin a wave only when the ones before it deliver, as `reconciler verify` proves it."""
    waves: tuple[Annotated[str, AfterValidator(_wave), WithJsonSchema(_WAVE)], ...] = ()
    """Sellers or targets that a change reaches one after the other: patterns, or shares of all.

    The next wave begins only when the one before has ended without failures.
    """
    discover: Literal["all", "declared"] = "all"
    """Whether SP-API is asked for all notification types that there may be, or for declared ones.

    The latter with those that `--since SNAPSHOT` has seen, and all before a destination goes.
    """

    def on(self, day: date) -> Self:
        """Return the policy as it is on a day: what is let through and ended before is gone."""
        kept = tuple(item for item in self.allow if item.counts_on(day))
        return self.model_copy(update={"allow": kept})


class Head(Frozen):
    """Stack, owns and policy together."""

    stack: Annotated[str, AfterValidator(_stack)]
    owns: Owns = Owns()
    policy: Policy
