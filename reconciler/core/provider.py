"""What talks to a service: one account of it, reduced to what reconciling needs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from reconciler.core.model.abilities import (
    ArrivalQuestion,
    Examination,
    Measured,
    MessageQueue,
    Outbox,
    TestSign,
)
from reconciler.core.model.delivery import Link
from reconciler.core.model.errors import SettingsError
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.pacing import CallsSoFar
from reconciler.core.model.plan import FieldChange
from reconciler.core.model.spec import Spec

A = TypeVar("A")


B = TypeVar("B")


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


def no_report(_asked: Asked) -> None:
    """Report to nobody how far a scope was looked at."""


class Each(Protocol):
    """Runs a function over items side by side and returns the answers in the items' order.

    Items are taken one after the other, and run on while the next is being found out. The first
    exception is raised, after which no further item is begun.
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
    first, None if that is not known. `warn` takes sentences for the plan, `report` how far was
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
    report: Callable[[Asked], None] = no_report


@dataclass(frozen=True, slots=True)
class Cannot:
    """Stands where an ability is missing; `why` is said wherever the ability would be used."""

    why: str


def required(ability: A | Cannot, whose: str) -> A:
    """Return an ability that there has to be; `whose` names what it is needed for.

    Raises:
        SettingsError: there is none, and why.
    """
    if isinstance(ability, Cannot):
        raise SettingsError(f"{whose}: {ability.why}")
    return ability


class PostSample(Protocol):
    """Posts the documented sample to a subscription's call back URI and returns what held.

    `allow_private`: to addresses that are not public, too. `within`: seconds for the whole of it.
    """

    def __call__(
        self, subscription: Live, *, allow_private: bool, within: float
    ) -> tuple[Link, ...]:
        """Post it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What an open account can do beyond reading and writing: this is the whole list.

    Each is a function, or a `Cannot` with the reason. A service names those that it has; of the
    others `doctor`, `status`, `verify` and `receive` say that they are missing, and never take that
    for fine. All of them may raise what calls of the service raise.
    """

    calls_so_far: Callable[[], CallsSoFar] | Cannot = Cannot("its calls are not counted")
    """Return what was asked of the service so far: what `plan` says reading takes."""

    completed: Callable[[Spec], Spec] | Cannot = Cannot(
        "secrets within declared objects cannot be filled in"
    )
    """Return a spec with the values of the secrets it refers to (`Spec.secrets`)."""

    linked: Callable[[], Sequence[str]] | Cannot = Cannot(
        "this service does not list what is linked to an account"
    )
    """Return the members of declarations that leave them to the service; complete or raises."""

    referrers: Callable[[Sequence[Live], Each], Iterable[Live]] | Cannot = Cannot(
        "reading shows all references"
    )
    """Return everything in the account that refers to one of these, where reading may hide it."""

    examinations: Callable[[Sequence[Desired]], Sequence[Examination]] | Cannot = Cannot(
        "this service has no checks for `doctor`"
    )
    """Return what `doctor` can look at, harmlessly; given are the objects declared in the account.

    They may be of many subjects, in any order."""

    measure: Callable[[Sequence[Live], Each], Measured] | Cannot = Cannot(
        "this service gives no figures for `status`"
    )
    """Return figures of these objects, and why some are missing, for `status`."""

    arrivals: Callable[[Sequence[Live]], ArrivalQuestion | None] | Cannot = Cannot(
        "this service does not count what arrives"
    )
    """Return what it takes to count what arrived at these objects hour by hour, for `status`.

    Nothing is asked before that is answered; None: of none of them can anything be counted."""

    consents: Callable[[str], bool | None] | Cannot = Cannot("no part of it can withdraw consent")
    """Say whether a part of the account (a seller) lets us in, None if that cannot be told."""

    send_test: Callable[[Live, Live, frozenset[str]], TestSign] | Cannot = Cannot(
        "this service cannot be asked for a test message"
    )
    """Have a test message sent to a destination for a subscription; return what it will look like.

    The third argument are the ids of all live subscriptions."""

    push_sample: PostSample | Cannot = Cannot("no sample can be posted to its call back URIs")
    """Post a sample where the service would push, for `verify`."""

    inspect: Callable[[Spec, Live | None, str], Sequence[Link]] | Cannot = Cannot(
        "reading shows all that can be seen of what its notifications go by"
    )
    """Return what asking tells of an object on the way of notifications of a topic, for `verify`.

    Given are its declared spec, with remote values, and the object as it was read, if it is there.
    """

    outbox: Callable[[Spec], Outbox] | Cannot = Cannot("messages cannot be put into its account")
    """Return an object that holds messages as what they are put into."""

    mailbox: Callable[[Spec], MessageQueue] | Cannot = Cannot(
        "messages cannot be fetched from its account"
    )
    """Return an object that holds messages as what they are taken out of."""


def nothing_to_measure(_live: Sequence[Live], _each: Each) -> Measured:
    """Be the `measure` of a service that has no figures beyond what it lists."""
    return Measured()


class Provider(Protocol):
    """One account of one service, reduced to what reconciling needs.

    It translates; it never compares, orders, filters or prints, and every failure leaves it as a
    ServiceError (or SettingsError where a credential is missing, PlanRefused where the account is
    not the declared one).
    """

    @property
    def abilities(self) -> Abilities:
        """Return what this account can do beyond the following."""
        ...

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
