"""The one interface between the core and a service, and what a service says about itself."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Protocol, Self, TypeVar, runtime_checkable

from pydantic import StrictBool, model_validator

from reconciler.core.account_fields import IDENTIFYING, identifying_fields, leading_fields
from reconciler.core.hosts import Lead, Reading
from reconciler.core.model import Desired, FieldChange, Finding, Frozen, Live, Spec

A = TypeVar("A")
B = TypeVar("B")


class Account(Frozen):
    """One entry under `accounts`; each service derives its own."""

    hosts: ClassVar[tuple[str, ...]] = ()
    """The service's own hosts, to which secrets may be sent; `*.` stands for whole labels."""

    by_topic: ClassVar[bool] = False
    """Whether the service lists only the topics it is asked for, so that others may not be seen."""

    service: Annotated[str, IDENTIFYING]

    def target(self) -> dict[str, Any]:
        """Identify the real account, whoever looks at it."""
        fields = {"service", *identifying_fields(type(self))}
        return self.model_dump(mode="json", include=fields, exclude_none=True)

    def leads(self, read: Reading | None = None) -> Iterable[Lead]:
        """Yield every URL that requests and secrets of this account go to.

        With `read`, also those that stand in files which the account names.
        """
        for name, (alias, own) in leading_fields(type(self)).items():
            url = getattr(self, name)
            if url is not None:
                yield Lead(alias, url, self.hosts if own is None else own)

    def parts(self, kind: str) -> Sequence[str | None]:
        """Return the parts in which objects of a kind are read (sellers); None: all at once."""
        return (None,)

    def holds(self, kind: str, value: str) -> bool:
        """Say whether an object of a kind with this remote value (an ARN) would lie in it."""
        return False

    def warnings(self) -> Iterable[str]:
        """Yield what a reader of this account should know (a retired service)."""
        return ()

    def real(self) -> tuple[str, ...] | None:
        """Return what tells that two entries mean one account of the service, None if unknown."""
        return None


@dataclass(frozen=True, slots=True)
class Context:
    """What a declaration may look at while it is turned into specs."""

    stack: str
    name: str
    account_name: str
    account: Account


@dataclass(frozen=True, slots=True)
class Member:
    """One object a declaration stands for; `member` is None unless it was declared with a list.

    `outputs` are remote values known beforehand.
    """

    spec: Spec
    member: str | None = None
    outputs: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """One declaration that stands for `specs`, live objects of one account: `members` backwards.

    `fields` are its YAML fields by name, as one would write them by hand: without account, without
    what the service has by default, with handles as references and bare numbers as durations and
    sizes. `full` holds those fields that have a default too. `stems` are what it may be called,
    shortest first.
    """

    specs: tuple[Spec, ...]
    fields: Mapping[str, Any]
    full: Mapping[str, Any]
    stems: tuple[str, ...]


class Declaration(Frozen):
    """The YAML shape of one declaration: the kind's own fields and what every kind takes."""

    exclusive: ClassVar[tuple[frozenset[str], ...]] = ()
    """Groups of YAML fields of which at most one may be given; a given one hides defaults."""
    one_of: ClassVar[Mapping[frozenset[str], str]] = {}
    """Groups of YAML fields of which exactly one must be given, and how to say so."""
    renamed: ClassVar[Mapping[str, str]] = {}
    """YAML fields that become another field of the spec (`grants` becomes `policy`)."""
    spec_type: ClassVar[type[Spec]]

    account: str | None = None
    """Name of an account; may be left out where only one fits."""
    protect: StrictBool = False
    """Never delete or replace the live object."""
    ignore_changes: tuple[str, ...] = ()
    """Fields that are declared at creation and then left alone."""

    @model_validator(mode="after")
    def _has_one_of_each(self) -> Self:
        fields = type(self).model_fields
        given = {info.alias for name, info in fields.items() if getattr(self, name) is not None}
        for group, message in self.one_of.items():
            if len(group & given) != 1:
                raise ValueError(message)
        return self

    def members(self, context: Context) -> Iterable[Member]:
        """Yield the objects this declaration stands for; ValueError says what is wrong with it."""
        raise TypeError("a kind's declaration says which objects it stands for")

    @classmethod
    def written(cls, specs: Sequence[Spec], account: Account) -> Iterable[Written]:
        """Yield the declarations of these live objects of `account`, as few as stand for them."""
        raise TypeError("a kind's declaration says how its live objects are written")

    @classmethod
    def default_name(cls, stack: str, key: str) -> str | None:
        """Return the live name that follows from a declaration's key; None: there are no names."""
        return None


def no_invariants(_desired: Sequence[Desired]) -> Iterable[Finding]:
    """Say nothing: the service has no rule between objects."""
    return ()


@dataclass(frozen=True, slots=True)
class Service:
    """A service as data: its name, account shape and the declarations of each section.

    `invariants` are the service's own rules between declared objects of one account, checked
    offline: they yield an address and what is wrong.
    """

    name: str
    account: type[Account]
    declarations: Mapping[str, type[Declaration]]
    invariants: Callable[[Sequence[Desired]], Iterable[Finding]] = no_invariants


@dataclass(frozen=True, slots=True)
class Scope:
    """The smallest part of an account that is read as one: `part` is a seller, or None for all.

    Reading a scope succeeds whole or fails whole. What is told of one may be narrowed to objects of
    `topics` (None: all).
    """

    account: str
    kinds: tuple[type[Spec], ...]
    part: str | None = None
    topics: frozenset[str] | None = None

    def __str__(self) -> str:
        """Name the scope for people."""
        topics = ", ".join(sorted(self.topics or ()))
        return "/".join(filter(None, (self.account, self.part, topics)))

    def covers(self, account: str, spec: Spec) -> bool:
        """Say whether an object of this spec would be seen by reading this scope."""
        return (
            account == self.account
            and isinstance(spec, self.kinds)
            and (self.part is None or spec.partition() == self.part)
            and (self.topics is None or spec.topic() in self.topics)
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """How far a scope was looked at whose service lists only what it is asked for.

    `topics` were asked for, `passed_over` are others of which there may be objects. `refused` are
    those that the service does not show, with the reason. `denied` are declared ones among these,
    with the error. `remarks` say what else may be there unseen.
    """

    topics: frozenset[str]
    passed_over: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)
    denied: Mapping[str, Exception] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def untold(_asked: Asked) -> None:
    """Be told how far a scope was looked at, and forget it."""


class Each(Protocol):
    """Runs a function over items side by side and returns the answers in the items' order.

    The first exception is raised, after which no further item is begun.
    """

    def __call__(self, function: Callable[[A], B], items: Iterable[A], /) -> list[B]:
        """Run `function` on each of `items`."""
        ...


def one_by_one(function: Callable[[A], B], items: Iterable[A], /) -> list[B]:
    """Be an `Each` without threads."""
    return [function(item) for item in items]


@dataclass(frozen=True, slots=True)
class Interest:
    """What the reader of a scope wants to know: which objects need details, and how far to look.

    `declared` are the specs declared in the scope. `topics` are those of all specs declared in the
    account, and those seen there before, where a service lists only what it is asked for: what was
    declared for one seller may be left over at another. `discover_all` asks for objects nobody
    declared even where that costs a call for each possible type; `known` were asked for before and
    are not wanted again. `beside` is what is live in those scopes of the account that are read
    first, None if that is not known. `warn` takes sentences for the plan, `told` how far was
    looked. `each` is how a provider reads many things at once: threads are the engine's.
    `everything` asks for the details of objects of others too.
    """

    stack: str
    declared: tuple[Spec, ...]
    discover_all: bool
    warn: Callable[[str], None]
    each: Each = one_by_one
    everything: bool = False
    topics: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    beside: tuple[Live, ...] | None = None
    told: Callable[[Asked], None] = untold


class Provider(Protocol):
    """One account of one service, reduced to what reconciling needs.

    It translates; it never compares, orders, filters or prints, and every failure leaves it as a
    ServiceError (or SettingsError where a credential is missing, PlanRefused where the account is
    not the declared one).
    """

    def scopes(self) -> Sequence[Scope]:
        """Return the parts this account is read in; together they cover all its kinds.

        Those without a `part` are read first.
        """
        ...

    def observe(self, scope: Scope, interest: Interest) -> Iterable[Live]:
        """Return every object of the scope, ours or not, all pages; complete or raises.

        References hold remote values.
        """
        ...

    def read(self, live: Live, *, thorough: bool = False) -> Live | None:
        """Return the object as it is now, None if it is gone; references hold remote values.

        `thorough`: counts that the service only knows approximately are sampled repeatedly, and the
        greatest is returned.
        """
        ...

    def create(self, desired: Desired) -> Live:
        """Create the object, or find that an equal one is there after a lost answer."""
        ...

    def update(self, desired: Desired, live: Live, changes: Sequence[FieldChange]) -> Live:
        """Change exactly the fields in `changes` (paths of the spec, or of its marks)."""
        ...

    def delete(self, live: Live) -> None:
        """Delete the object; already gone is done."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...


@runtime_checkable
class Completing(Protocol):
    """A provider whose objects hold values of secrets that declarations only refer to."""

    def completed(self, spec: Spec) -> Spec:
        """Return the spec with the values of its secrets. Raises SettingsError."""
        ...


@runtime_checkable
class Counting(Protocol):
    """A provider that counts its calls."""

    def calls_made(self) -> int:
        """Return how many calls were made so far."""
        ...


@runtime_checkable
class Referred(Protocol):
    """A provider whose service can be asked what refers to an object.

    `observe` may show what belongs to others without its references.
    """

    def referrers(self, live: Sequence[Live], each: Each) -> Iterable[Live]:
        """Return everything in the account that refers to one of these, in detail."""
        ...
