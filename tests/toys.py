"""Kinds of a service that does not exist, and a strict stand-in for it in memory.

Depots hold tanks (which may spill into each other) and wells; works lead pipes from wells and tanks
to taps, each of one client; towers ring bells. A new remote id on every create, no dangling
references, nothing twice, nothing deleted that is in use: what real services forbid here and there,
this one forbids everywhere.
"""

import random
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count
from typing import Annotated, ClassVar

from pydantic import Field

from reconciler.core.manifest.reader import Declarations
from reconciler.core.manifest.settings import Owns, Policy
from reconciler.core.model.delivery import Delivery
from reconciler.core.model.errors import Rejected, Transient, Unclear
from reconciler.core.model.objects import Desired, Live, Position
from reconciler.core.model.pacing import Cost, Pace
from reconciler.core.model.plan import FieldChange
from reconciler.core.model.spec import (
    Evidence,
    Exclusion,
    Frozen,
    Reference,
    Spec,
    Succession,
    live_address,
    put,
    references,
)
from reconciler.core.model.units import Duration, Unit
from reconciler.core.planning.diff import PROTECT_MARK, STACK_MARK
from reconciler.core.planning.terms import NO_TERMS, Terms
from reconciler.core.provider import Abilities, Interest, Scope
from reconciler.core.service import Account, Declaration, Service
from reconciler.core.world.observation import Observation
from reconciler.run import Session

STACK = "acme"
NOWHERE = Position("toys.yaml", 1, 1)


class Spill(Frozen):
    tank: str
    after: int = 5


class Tank(Spec):
    kind: ClassVar[str] = "tank"
    service: ClassVar[str] = "depot"
    identity: ClassVar[tuple[str, ...]] = ("name",)
    remote_id: ClassVar[str | None] = "id"
    fixed: ClassVar[frozenset[str]] = frozenset({"metal"})
    optional: ClassVar[frozenset[str]] = frozenset({"limit"})
    shared: ClassVar[frozenset[str]] = frozenset({"tags"})
    atomic: ClassVar[frozenset[str]] = frozenset({"rules"})
    marks: ClassVar[str | None] = "tags"
    refs: ClassVar[Mapping[str, Reference]] = {
        "spill.tank": Reference("tank", "id", same_account=True)
    }
    evidence: ClassVar[tuple[Evidence, ...]] = (Evidence("mark"),)

    name: str
    size: Annotated[Duration, Unit("seconds")] = 30
    metal: str = "iron"
    limit: int | None = None
    spill: Spill | None = None
    rules: dict[str, list[str]] | None = None
    tags: dict[str, str] = Field(default_factory=dict)


class Well(Spec):
    """Its address is known before it exists, and is what others refer to."""

    kind: ClassVar[str] = "well"
    service: ClassVar[str] = "depot"
    identity: ClassVar[tuple[str, ...]] = ("name",)
    remote_id: ClassVar[str | None] = "arn"
    fixed: ClassVar[frozenset[str]] = frozenset({"depth"})
    marks: ClassVar[str | None] = "tags"
    evidence: ClassVar[tuple[Evidence, ...]] = (Evidence("mark"),)

    name: str
    depth: int = 1
    tags: dict[str, str] = Field(default_factory=dict)

    def handle(self, account, outputs):
        return outputs["arn"]


class Pipe(Spec):
    kind: ClassVar[str] = "pipe"
    service: ClassVar[str] = "works"
    identity: ClassVar[tuple[str, ...]] = ("well",)
    remote_id: ClassVar[str | None] = "id"
    fixed: ClassVar[frozenset[str]] = frozenset({"gauge"})
    cosmetic: ClassVar[frozenset[str]] = frozenset({"name"})
    refs: ClassVar[Mapping[str, Reference]] = {
        "well": Reference("well", "arn", remote="arn:.*"),
        "overflow": Reference("tank", "id"),
    }
    evidence: ClassVar[tuple[Evidence, ...]] = (
        Evidence("name", "name"),
        Evidence("reference", "well"),
    )
    succession: ClassVar[Succession] = Succession(role=lambda it: it.well)

    well: str
    gauge: int = 1
    overflow: str | None = None
    name: str = "pipe"


class Tap(Spec):
    """What it is connected to cannot be changed."""

    kind: ClassVar[str] = "tap"
    service: ClassVar[str] = "works"
    identity: ClassVar[tuple[str, ...]] = ("client", "use")
    remote_id: ClassVar[str | None] = "id"
    fixed: ClassVar[frozenset[str]] = frozenset({"pipe", "filter"})
    refs: ClassVar[Mapping[str, Reference]] = {"pipe": Reference("pipe", "id", same_account=True)}
    evidence: ClassVar[tuple[Evidence, ...]] = (Evidence("reference", "pipe"),)
    succession: ClassVar[Succession] = Succession(
        role=lambda it: it.use, party=lambda it: it.client
    )
    cost: ClassVar[Cost] = Cost(Pace(1, 5))

    client: str
    use: str
    pipe: str
    filter: tuple[str, ...] = ()

    def partition(self):
        return self.client


class SwitchedDelivery(Delivery):
    def active(self, spec):
        return spec.enabled


class Valve(Spec):
    """A tap that can be connected anew."""

    kind: ClassVar[str] = "tap"
    service: ClassVar[str] = "mains"
    identity: ClassVar[tuple[str, ...]] = ("use",)
    remote_id: ClassVar[str | None] = "id"
    refs: ClassVar[Mapping[str, Reference]] = {"pipe": Reference("pipe", "id", same_account=True)}
    evidence: ClassVar[tuple[Evidence, ...]] = (Evidence("reference", "pipe"),)
    delivery: ClassVar[Delivery] = SwitchedDelivery()
    succession: ClassVar[Succession] = Succession(role=lambda it: it.use)

    use: str
    pipe: str
    enabled: bool = True


class Drain(Spec):
    """Takes from a pipe, in its own account, what goes on to a tank."""

    kind: ClassVar[str] = "drain"
    service: ClassVar[str] = "works"
    identity: ClassVar[tuple[str, ...]] = ("name",)
    remote_id: ClassVar[str | None] = "id"
    fixed: ClassVar[frozenset[str]] = frozenset({"pipe"})
    refs: ClassVar[Mapping[str, Reference]] = {
        "pipe": Reference("pipe", "id", same_account=True, source=True),
        "tank": Reference("tank", "id"),
        "rest": Reference("tank", "id", rejects=True),
    }
    evidence: ClassVar[tuple[Evidence, ...]] = (Evidence("name", "name"),)
    delivery: ClassVar[Delivery] = Delivery(carrying=True)

    name: str
    pipe: str
    tank: str
    rest: str | None = None
    width: int = 1


class Bell(Spec):
    kind: ClassVar[str] = "bell"
    service: ClassVar[str] = "tower"
    identity: ClassVar[tuple[str, ...]] = ("event", "target", "everyone")
    remote_id: ClassVar[str | None] = "id"
    evidence: ClassVar[tuple[Evidence, ...]] = (Evidence("below", "uri"),)
    succession: ClassVar[Succession] = Succession(
        role=lambda it: it.event,
        party=lambda it: it.target,
        exclusion=lambda it: Exclusion(
            it.event, "all" if it.everyone else "partial", "one or the other"
        ),
    )

    event: str
    target: str | None = None
    everyone: bool | None = None
    uri: str = "https://hooks.example.com/bell"


KINDS = {
    "depot": (Tank, Well),
    "works": (Pipe, Tap, Drain),
    "mains": (Pipe, Valve),
    "tower": (Bell,),
}
CLIENTS = ("de", "fr")


def well_outputs(name: str) -> dict[str, str]:
    return {"arn": f"arn:{name}"}


def declare(key: str, account: str, spec: Spec, /, **more) -> Desired:
    """Declare an object; `refs` maps paths to the declared objects behind them."""
    targets: dict[str, Desired] = more.pop("refs", {})
    member = f"[{more.pop('member')}]" if "member" in more else ""
    if isinstance(spec, Well):
        more.setdefault("outputs", well_outputs(spec.name))
    for path, target in targets.items():
        spec = put(spec, path, target.spec.handle(target.account, target.outputs))
    return Desired(
        address=f"{spec.kind}.{key}{member}",
        account=account,
        spec=spec,
        stack=more.pop("stack", STACK),
        position=NOWHERE,
        references={path: target.address for path, target in targets.items()},
        **more,
    )


TODAY = date(2026, 11, 21)


def world(*desired: Desired, policy: Policy | None = None, **more) -> Declarations:
    return Declarations(
        stack=more.pop("stack", STACK),
        owns=Owns(call_back_uris=("https://hooks.example.com/",)),
        policy=policy or Policy(prune=True, max_deletes="100%"),
        accounts=more.pop("accounts", {}),
        desired=tuple(sorted(desired, key=lambda item: item.address)),
        digest=more.pop("digest", "sha256:0"),
        today=more.pop("today", TODAY),
        **more,
    )


@dataclass(frozen=True)
class Thing:
    """What the service holds; references are remote values."""

    account: str
    spec: Spec
    outputs: Mapping[str, str]
    owner: str | None = None
    protected: bool = False
    waiting: int | None = None

    @property
    def address(self) -> str:
        return live_address(self.spec, self.account)


@dataclass
class Cloud:
    """Every account of the service. `log` holds the calls that took effect, in order."""

    things: dict[str, Thing] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    failing: "Failing | None" = None

    def __post_init__(self):
        self._numbers = count(1)
        self._lock = threading.Lock()

    def providers(self, *names: str) -> dict[str, "Provider"]:
        return {name: Provider(self, name) for name in names or KINDS}

    def entries(self, entries: Mapping[str, str]) -> dict[str, "Provider"]:
        """Return providers by the names of entries, each of which leads to a real account."""
        return {name: Provider(self, name, real=real) for name, real in entries.items()}

    def put(self, account: str, spec: Spec, **more) -> str:
        """Have an object there, made by anybody; return its id."""
        number = f"{spec.kind}-{next(self._numbers)}"
        outputs = {"id": number}
        if isinstance(spec, Well):
            outputs |= well_outputs(spec.name)
        self.things[number] = Thing(account, spec, outputs, **more)
        return number

    def create(self, account: str, desired: Desired) -> Live:
        with self._lock, self._fate("create", account, desired.spec):
            address = live_address(desired.spec, account)
            if any(thing.address == address for thing in self.things.values()):
                raise Rejected(account, "Create", f"{address} is there already")
            self._check_references(account, desired.spec)
            self._check_room(account, desired.spec)
            number = self.put(
                account,
                desired.spec,
                owner=desired.stack if desired.spec.marks else None,
                protected=desired.protect and desired.spec.marks is not None,
            )
            self.log.append(f"create {address}")
            return self._live(self.things[number])

    def update(self, desired: Desired, live: Live, changes: Sequence[FieldChange]) -> Live:
        with self._lock, self._fate("update", live.account, live.spec):
            number = live.outputs["id"]
            if number not in self.things:
                raise Rejected(live.account, "Update", f"{number} is not there")
            thing = self.things[number]
            spec, owner, protected = thing.spec, thing.owner, thing.protected
            for change in changes:
                if change.path.endswith(STACK_MARK):
                    owner = change.after
                elif change.path.endswith(PROTECT_MARK):
                    protected = change.after is not None
                else:
                    name = change.path.partition(".")[0]
                    if name in {*spec.fixed, *spec.identity}:
                        raise Rejected(live.account, "Update", f"{name} cannot be changed")
                    spec = spec.model_copy(update={name: getattr(desired.spec, name)})
            self._check_references(live.account, spec)
            self.things[number] = replace(thing, spec=spec, owner=owner, protected=protected)
            self.log.append(f"update {thing.address}")
            return self._live(self.things[number])

    def delete(self, live: Live) -> None:
        with self._lock, self._fate("delete", live.account, live.spec):
            number = live.outputs["id"]
            if number not in self.things:
                raise Rejected(live.account, "Delete", f"{number} is not there")
            thing = self.things[number]
            users = [other.address for other in self._users(number)]
            # A well keeps its address when it is dug again, so it may go under its pipes.
            if users and not isinstance(thing.spec, Well):
                raise Rejected(live.account, "Delete", f"{thing.address} is used by {users}")
            del self.things[number]
            self.log.append(f"delete {thing.address}")

    def dangling(self) -> list[str]:
        return [
            thing.address
            for thing in self.things.values()
            for _, reference, value in references(thing.spec)
            if self._find(reference, thing.account, value) is None
        ]

    def _users(self, number: str) -> Iterator[Thing]:
        """Yield who refers to a thing, except within a circle, which has no better order."""
        thing = self.things[number]
        for other in self.things.values():
            for _, reference, value in references(other.spec):
                found = self._find(reference, other.account, value)
                if found is thing and not self._reaches(thing, other):
                    yield other

    def _reaches(self, start: Thing, goal: Thing) -> bool:
        waiting, seen = [start], []
        while waiting:
            thing = waiting.pop()
            if thing is goal:
                return True
            seen.append(thing)
            for _, reference, value in references(thing.spec):
                found = self._find(reference, thing.account, value)
                if found is not None and found not in seen:
                    waiting.append(found)
        return False

    def _find(self, reference: Reference, account: str, value: str) -> Thing | None:
        for thing in self.things.values():
            near = not reference.same_account or thing.account == account
            if (
                near
                and thing.spec.kind == reference.kind
                and thing.outputs.get(reference.output) == value
            ):
                return thing
        return None

    def _check_references(self, account: str, spec: Spec) -> None:
        for path, reference, value in references(spec):
            if self._find(reference, account, value) is None:
                raise Rejected(account, "Write", f"{path}: there is no {value}")

    def _check_room(self, account: str, spec: Spec) -> None:
        slot = spec.succession.exclusion(spec)
        for thing in self.things.values():
            theirs = thing.spec.succession.exclusion(thing.spec)
            same = slot and theirs and thing.account == account and theirs[0] == slot[0]
            if same and theirs[1] != slot[1]:
                raise Rejected(account, "Create", f"not beside {thing.address}")

    def _fate(self, verb: str, account: str, spec: Spec) -> "_Fate":
        fault = self.failing.fault(f"{verb} {live_address(spec, account)}") if self.failing else ""
        return _Fate(account, verb, fault)

    def _live(self, thing: Thing) -> Live:
        return Live(
            account=thing.account,
            spec=thing.spec,
            outputs=thing.outputs,
            owner=thing.owner,
            protected=thing.protected,
            waiting=thing.waiting,
        )

    def live(self, account: str) -> list[Live]:
        with self._lock:
            mine = [thing for thing in self.things.values() if thing.account == account]
        return [self._live(thing) for thing in mine]


@dataclass
class _Fate:
    """Loses a call before it takes effect, or its answer afterwards."""

    account: str
    verb: str
    fault: str

    def __enter__(self):
        if self.fault == "before":
            raise Transient(self.account, self.verb, "the service is busy")

    def __exit__(self, error, *_):
        if self.fault == "after" and error is None:
            raise Unclear(self.account, self.verb, "the answer was lost")


@dataclass
class Failing:
    """Lets calls fail by chance, but the same ones whichever thread is first."""

    seed: int
    share: float

    def __post_init__(self):
        self._seen: dict[str, int] = {}

    def fault(self, call: str) -> str:
        self._seen[call] = self._seen.get(call, 0) + 1
        dice = random.Random(f"{self.seed} {call} {self._seen[call]}")
        return dice.choice(("before", "after")) if dice.random() < self.share else ""


@dataclass
class Provider:
    """One entry. `unreadable` are parts whose reading fails with the given exception.

    `real` is the account it leads to, the one of its name unless given.
    """

    cloud: Cloud
    name: str
    unreadable: dict[str | None, Exception] = field(default_factory=dict)
    closed: bool = False
    real: str = ""
    abilities: Abilities = Abilities()  # noqa: RUF009 - a frozen value, shared safely

    def __post_init__(self):
        self.real = self.real or self.name

    def scopes(self) -> Sequence[Scope]:
        sort = self.real.partition("-")[0]
        kinds = KINDS[sort]
        if sort != "works":
            return [Scope(self.name, kinds)]
        return [Scope(self.name, (Pipe, Drain)), *(Scope(self.name, (Tap,), it) for it in CLIENTS)]

    def observe(self, scope: Scope, interest: Interest) -> Iterable[Live]:
        found = [item for item in self._live() if scope.covers(self.name, item.spec)]
        yield from found[:1]
        if scope.part in self.unreadable:
            raise self.unreadable[scope.part]
        yield from found[1:]

    def read(self, live: Live, *, thorough: bool = False) -> Live | None:
        number = live.outputs["id"]
        return next((it for it in self._live() if it.outputs["id"] == number), None)

    def _live(self) -> list[Live]:
        return [replace(item, account=self.name) for item in self.cloud.live(self.real)]

    def create(self, desired: Desired) -> Live:
        return replace(self.cloud.create(self.real, desired), account=self.name)

    def update(self, desired: Desired, live: Live, changes: Sequence[FieldChange]) -> Live:
        return replace(self.cloud.update(desired, live, changes), account=self.name)

    def delete(self, live: Live) -> None:
        self.cloud.delete(live)

    def close(self) -> None:
        self.closed = True


def service(name: str, account: type[Account], declarations, **more) -> Service:
    """Return a service that nobody opens."""
    more = {"open": None, "sandboxed": None} | more
    return Service(name=name, account=account, declarations=declarations, **more)


def _declaration(kind: type[Spec]) -> type[Declaration]:
    facts = {"__module__": __name__, "spec_type": kind}
    return type(f"{kind.__name__}Declaration", (Declaration,), facts)


SERVICES = [
    service(name, Account, {kind.kind: _declaration(kind) for kind in kinds})
    for name, kinds in KINDS.items()
]


def session(
    declared: Declarations, providers: Mapping[str, Provider], terms: Terms = NO_TERMS, **more
) -> Session:
    """Return a run whose accounts are those of these providers."""
    accounts = {
        name: Account(service=(getattr(it, "real", "") or name).partition("-")[0])
        for name, it in providers.items()
    }
    return Session(
        declarations=declared._replace(accounts=accounts),
        services=SERVICES,
        connect=lambda names: nullcontext({name: providers[name] for name in names}),
        terms=terms,
        **more,
    )


def seen(*live: Live, **more) -> Observation:
    return Observation(live=live, **more)


def standing(desired: Desired, **more) -> Live:
    """Return a declared object as it stands live, as declared; `id` follows from its address."""
    outputs = {**desired.outputs, "id": more.pop("id", f"id of {desired.address}")}
    spec = more.pop("spec", desired.spec)
    marked = spec.marks is not None
    more.setdefault("owner", desired.stack if marked else None)
    more.setdefault("protected", desired.protect and marked)
    return Live(account=desired.account, spec=spec, outputs=outputs, **more)
