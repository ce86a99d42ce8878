"""The nouns: what is declared, what is live, what a plan says about them.

A *kind* is a frozen pydantic class derived from `Spec`; the core knows its class variables only.
YAML and live answers build the same class, so equal means in sync.

References inside a spec are *handles*, the same for a declared object and the live one it matches.
Only `core.refs` turns handles into remote values and back.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, alias_generators

from reconciler.core.evidence import Evidence
from reconciler.core.exclusion import Exclusion
from reconciler.core.link import Link
from reconciler.core.units import UnitName, units_of

to_snake = cache(alias_generators.to_snake)
"""The field name behind a YAML name; asked for the same few names again and again."""

Json = dict[str, Any] | list[Any] | str | int | float | bool | None
ActionName = Literal["create", "update", "replace", "delete"]


class Frozen(BaseModel):
    """A frozen value whose YAML and JSON names are camelCase and which accepts no other names."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=alias_generators.to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


@dataclass(frozen=True, slots=True)
class Reference:
    """A spec field that names another object: its `kind`, and the `output` written to the service.

    `same_account`: the other object lives in this object's own account. `remote` is a pattern for
    remote values that may stand in YAML instead of a declared name (None: names only).
    """

    kind: str
    output: str
    same_account: bool = False
    remote: str | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """A service's request limit: `rate` requests a second on average, `burst` at once."""

    rate: float
    burst: int


class Spec(Frozen):
    """The comparable part of one object: facts about its kind as data, paths as in YAML."""

    kind: ClassVar[str]
    service: ClassVar[str]
    identity: ClassVar[tuple[str, ...]]
    """Top-level fields that decide which live object a declaration meets, in address order."""
    identity_names: ClassVar[Mapping[str, str]] = {}
    """Other names under which identity fields are shown."""
    fixed: ClassVar[frozenset[str]] = frozenset()
    """Top-level fields the service cannot change: a difference means replace."""
    cosmetic: ClassVar[frozenset[str]] = frozenset()
    """Top-level fields whose difference is noted, never acted upon."""
    optional: ClassVar[frozenset[str]] = frozenset()
    """Top-level fields that are left alone when not declared, instead of having a default."""
    hidden: ClassVar[frozenset[str]] = frozenset()
    """Top-level fields that help to decide but are never compared or shown."""
    atomic: ClassVar[frozenset[str]] = frozenset()
    """Top-level fields whose difference is one change, however deep it lies (a policy)."""
    shared: ClassVar[frozenset[str]] = frozenset()
    """Mappings whose keys others may manage too (policy.ignoreTags)."""
    refs: ClassVar[Mapping[str, Reference]] = {}
    mentions: ClassVar[Mapping[str, Reference]] = {}
    """Top-level fields that list objects by remote value; YAML has names too, nothing waits."""
    remote_id: ClassVar[str | None] = None
    """The output that no other object of the kind has, through whichever account it is seen."""
    marks: ClassVar[str | None] = None
    """Path under which the kind can bear our marks, if it can (`tags`)."""
    evidence: ClassVar[tuple[Evidence, ...]] = ()
    topical: ClassVar[bool] = False
    """The service lists such objects only for topics it is asked about (see `topic`)."""
    sender: ClassVar[str | None] = None
    """Who delivers through an object of this kind to what it refers to (an AWS account id)."""
    delivers: ClassVar[bool] = False
    """Objects of this kind are what notifications are sent for: the beginning of a chain."""
    pushes_to: ClassVar[str | None] = None
    """The field that holds the URI notifications are posted to, where there is one."""
    calls: ClassVar[Mapping[ActionName, int]] = {"create": 1, "update": 1, "delete": 1}
    """Calls an action takes that draw on its rate limit, for the estimate."""
    pace: ClassVar[Pace] = Pace(10, 10)

    def fields(self) -> dict[str, Any]:
        """Return every comparable field by YAML name, in canonical JSON form."""
        return self.model_dump(mode="json", exclude={to_snake(name) for name in self.hidden})

    def declared_fields(self) -> dict[str, Any]:
        """Return the fields that were set (by YAML or by the service), by YAML name."""
        fields = type(self).model_fields
        names = {fields[name].alias or name for name in self.model_fields_set}
        return {name: value for name, value in self.fields().items() if name in names}

    def identity_values(self) -> dict[str, Any]:
        """Return the identity by shown name; fields without a value are left out."""
        values = ((name, getattr(self, field)) for name, field in _identity_fields(type(self)))
        return {name: dump(value) for name, value in values if value is not None}

    def partition(self) -> str | None:
        """Return the part of the account this object is read with (a seller), None for all."""
        return None

    def topic(self) -> str:
        """Return what the service must be asked about to list this object."""
        return ""

    def role(self) -> str:
        """Return what it has in common with all of its kind that may take over from it."""
        return ""

    def party(self) -> str | None:
        """Return the seller or target it is for: within a service it takes over for no other."""
        return self.partition()

    def exclusion(self) -> Exclusion | None:
        """Return what it cannot stand beside, None if it can beside anything."""
        return None

    def handle(self, account: str, outputs: Mapping[str, str]) -> str:
        """Return the string by which other specs refer to this object: its live address."""
        return live_address(self, account)

    def effort(self, action: ActionName, after: Mapping[str, Any]) -> int:
        """Return how many API calls it takes to write `after` by path, or to create or delete."""
        return self.calls[action] + (action != "create")  # what is there is looked at once more

    @classmethod
    def beside_creates(cls, number: int) -> int:
        """Return how many API calls go with so many creates in an account, beside these."""
        return 0

    def bucket(self, action: ActionName) -> str:
        """Return which of the account's rate limits an action's calls draw on."""
        return action

    def notes(self, before: Self | None) -> Iterator[str]:
        """Yield warnings for the reviewer about changing `before` (None: creating) into this."""
        yield from ()

    def active(self) -> bool:
        """Say whether it does its work as it stands; what can be switched off may not."""
        return True

    def obstacles(self, sender: str) -> Iterator[str]:
        """Yield why `sender` could not deliver to this object, as "does not let ..."."""
        yield from ()

    def doubts(self, sender: str) -> Iterator[str]:
        """Yield what may keep `sender` from delivering and cannot be seen, as "lets ... only"."""
        yield from ()

    def links(self, declared: Self, target: "Spec | None", sender: str | None) -> Iterator[Link]:
        """Yield what this live object contributes to a chain of delivery.

        `declared` is its declaration, `target` the live object behind its reference, `sender` the
        AWS account that delivers through the chain.
        """
        yield from ()

    def mistaken_for(self, other: "Spec") -> str | None:
        """Say why a live object that looks like this declared one is another, None if it is."""
        return None

    def secrets(self) -> tuple[str, ...]:
        """Return the references to secrets whose values are parts of fields."""
        return ()

    def unexamined(self, live: "Spec") -> Iterator[str]:
        """Yield fields that agree with a live object's but for a secret that is not known here."""
        yield from ()

    @classmethod
    def units(cls, path: str) -> dict[str, UnitName]:
        """Return by path what the field at `path` and those inside it are counted in."""
        units = units_of(cls)
        return {name: units[name] for name in units if f"{name}.".startswith(f"{path}.")}


@cache
def _identity_fields(kind: type[Spec]) -> tuple[tuple[str, str], ...]:
    """Return shown names and attributes of a kind's identity; asked for very often."""
    return tuple((kind.identity_names.get(name, name), to_snake(name)) for name in kind.identity)


def dump(value: Any) -> Any:
    """Return a field's value in JSON form."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    return value


def live_address(spec: Spec, account: str) -> str:
    """Address an object by kind, account and identity: `queue.aws-eu/acme-old`."""
    return identity_address(spec.kind, account, spec.identity_values())


def identity_address(kind: str, account: str, identity: Mapping[str, Any]) -> str:
    """Address an object likewise, of which only the values of its identity are at hand."""
    parts = [account]
    for name, value in identity.items():
        # Of a flag, the name says what it means.
        inner = value.values() if isinstance(value, dict) else (name if value is True else value,)
        parts += map(str, inner)
    return f"{kind}.{'/'.join(parts)}"


def declared_address(kind: str, name: str, member: str | None = None) -> str:
    """Address a declaration: `queue.offers`, `subscription.de-offers[acme-de]`."""
    return f"{kind}.{name}[{member}]" if member is not None else f"{kind}.{name}"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where something stands in the declarations; line and column count from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Desired:
    """One declared object. `references` maps spec paths to the declared addresses behind them.

    `outputs` are the remote values that are known before the object exists (a queue's ARN).
    `ignore` are the YAML paths of ignoreChanges. At apply, providers get a copy whose spec holds
    remote values instead of handles.
    """

    address: str
    account: str
    spec: Spec
    stack: str
    position: Position
    references: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)
    protect: bool = False
    ignore: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Backlog:
    """The messages an object holds, as its service counts them: approximately."""

    visible: int
    in_flight: int
    delayed: int


@dataclass(frozen=True, slots=True)
class Live:
    """One object as a service reports it. `outputs` are remote values offered to references.

    `owner` is the stack named by the object's own mark, `protected` its mark against deletion,
    `waiting` the number of messages it holds (None: does not apply), which `backlog` tells apart.
    `detailed` is False where only existence and marks were read, as for queues of others.
    """

    account: str
    spec: Spec
    outputs: Mapping[str, str] = field(default_factory=dict)
    owner: str | None = None
    protected: bool = False
    waiting: int | None = None
    detailed: bool = True
    backlog: Backlog | None = None


class FieldChange(Frozen):
    """One differing field: `before` is live, `after` is desired; seconds and bytes as numbers."""

    path: str
    before: Any
    after: Any


class AccountChange(Frozen):
    """What differs in how an account is declared: where it leads, by which references."""

    account: str
    change: Literal["added", "changed", "removed"]
    changes: tuple[FieldChange, ...]


class Action(Frozen):
    """What a plan does to one object. `identity` is live identity, `depends_on` are addresses.

    `gap_seconds` estimates how long what is replaced is missing, by the services' rate limits.
    `waits_for` are addresses of declared objects that have to be there before this is deleted;
    `held_back` says why one of them will not be, so that this run leaves it.
    """

    action: ActionName
    address: str
    kind: str
    account: str
    identity: dict[str, Any]
    adopts: bool = False
    changes: tuple[FieldChange, ...] = ()
    depends_on: tuple[str, ...] = ()
    caused_by: str | None = None
    units: dict[str, UnitName] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
    gap_seconds: float | None = None
    waits_for: tuple[str, ...] = ()
    held_back: str | None = None


class Guard(Frozen):
    """The verdict of one guard over a plan; a refused one names its override in the message.

    `allow` are the lines of YAML, below `policy.allow`, that would let the plan pass it.
    """

    guard: str
    refused: bool
    message: str
    allow: tuple[str, ...] = ()


class Unmanaged(Frozen):
    """A live object that is not ours: never touched, only listed."""

    kind: str
    account: str
    identity: dict[str, Any]


class Finding(Frozen):
    """Something a plan could not decide or read, or a warning; `address` may be an account."""

    address: str
    message: str


class Estimate(Frozen):
    """API calls an apply makes and the seconds its slowest rate limit needs for them.

    `reading_calls` and `reading_seconds` are those of the reading before that.
    """

    calls: int
    seconds: float
    reading_calls: int = 0
    reading_seconds: float = 0.0


class Plan(Frozen):
    """What apply would do: a value that is compared, stored as JSON and reviewed.

    `problems` make a run exit 1 (unread scopes, foreign objects and what depends on them);
    `warnings` do not. `unknown` are declared objects that were not read, or that refer to such,
    `not_looked` says what else may be live that nobody declared.
    `accounts` holds what `Account.target()` says of each account that was looked at, by its name,
    `routing` where each declared account leads. `account_changes` is how that differs from what it
    was in the snapshot that was planned against.
    """

    format_version: int
    stack: str
    declarations_digest: str
    fingerprint: str
    complete: bool
    summary: dict[str, int]
    account_changes: tuple[AccountChange, ...] = ()
    guards: tuple[Guard, ...]
    estimate: Estimate
    actions: tuple[Action, ...]
    unmanaged: tuple[Unmanaged, ...]
    problems: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    unknown: tuple[str, ...] = ()
    not_looked: tuple[Finding, ...] = ()
    accounts: dict[str, Any] = Field(default_factory=dict)
    routing: dict[str, dict[str, Any]] = Field(default_factory=dict)

    def refused(self) -> tuple[Guard, ...]:
        """Return the guards that refuse this plan."""
        return tuple(guard for guard in self.guards if guard.refused)
