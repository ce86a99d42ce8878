"""A kind: the comparable part of one object, with the facts about it as data.

A *kind* is a frozen pydantic class derived from `Spec`; the core knows its class variables only.
YAML and live answers build the same class, so equal means in sync.

References inside a spec are *handles*, the same for a declared object and the live one it matches.
Only `core.world.refs` turns handles into remote values and back.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, ClassVar, Literal, NamedTuple, Self, TypeVar

from pydantic import BaseModel, ConfigDict, alias_generators

from reconciler.core.model.addresses import (
    Handle,
    LiveAddress,
    Outputs,
    ReferenceKey,
    identity_address,
)
from reconciler.core.model.delivery import Delivery
from reconciler.core.model.pacing import Cost
from reconciler.core.model.units import UnitName, units_of


class Exclusion(NamedTuple):
    """Of one `group`, objects of different slots cannot coexist; `rule` says so in words."""

    group: str
    slot: str
    rule: str = ""


class Succession(NamedTuple):
    """What an object of a kind may take over from; both are asked of its spec.

    `role` is what it has in common with all of its kind that may take over from it, in whichever
    service. `party` is the seller or target it is for, None if it is for no single one: within a
    service it takes over for no other. `exclusion` is what it cannot stand beside, None if it can
    beside anything.
    """

    role: Callable[[Any], str] = lambda _spec: ""
    party: Callable[[Any], str | None] = lambda _spec: None
    exclusion: Callable[[Any], Exclusion | None] = lambda _spec: None


to_snake = cache(alias_generators.to_snake)
"""The field name behind a YAML name; asked for the same few names again and again."""


Json = dict[str, Any] | list[Any] | str | int | float | bool | None


class Frozen(BaseModel):
    """A frozen value whose YAML and JSON names are camelCase and which accepts no other names."""

    model_config = ConfigDict(
        defer_build=True,
        frozen=True,
        extra="forbid",
        alias_generator=cache(alias_generators.to_camel),
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )


class Reference(NamedTuple):
    """A spec field that names another object: its `kind`, and the `output` written to the service.

    `same_account`: the other object lives in this object's own account. `remote` is a pattern for
    remote values that may stand in YAML instead of a declared name (None: names only). `source`:
    notifications come from the other object, instead of going there. `holds`: the other object must
    not go while this one refers to it; what merely comes of it is left behind. `rejects`: what
    could not be delivered goes there.
    """

    kind: str
    output: str
    same_account: bool = False
    remote: str | None = None
    source: bool = False
    holds: bool = True
    rejects: bool = False

    def key(self, account: str, handle: Handle) -> ReferenceKey:
        """Return what this reference, of an object in `account`, calls the other object."""
        return self.kind, account if self.same_account else "", handle


EvidenceRule = Literal["mark", "name", "reference", "below"]


class Evidence(NamedTuple):
    """One way to tell which stack a live object belongs to; `field` is a YAML path of the spec.

    mark: the object's own mark names it. name: `field` starts with `STACK--`. reference: it is that
    of the object behind `field`. below: `field` lies below one of our call back URIs. Of several
    the first that tells anything counts.
    """

    rule: EvidenceRule
    field: str = ""


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
    clears: ClassVar[bool] = False
    """Whether what has its notifications from such an object goes with it: one that others have
    theirs from is never replaced."""
    refs: ClassVar[Mapping[str, Reference]] = {}
    mentions: ClassVar[Mapping[str, Reference]] = {}
    """Top-level fields that list objects by remote value; YAML has names too, nothing waits."""
    remote_id: ClassVar[str | None] = None
    """The output that no other object of the kind has, through whichever account it is seen."""
    marks: ClassVar[str | None] = None
    """Path under which the kind can bear our marks, if it can (`tags`)."""
    marked_when_found: ClassVar[bool] = True
    """Whether one that is there without our marks gets them; others are used as they are."""
    evidence: ClassVar[tuple[Evidence, ...]] = ()
    local: ClassVar[bool] = False
    """Nothing of it lives at a service: what is declared is for a command of ours (`listen`)."""
    topical: ClassVar[bool] = False
    """The service lists such objects only for topics it is asked about (see `topic`)."""
    delivery: ClassVar[Delivery[Any]] = Delivery()
    succession: ClassVar[Succession] = Succession()
    cost: ClassVar[Cost] = Cost()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy, with some fields replaced by others, which are not checked."""
        return super().model_copy(update=update, deep=deep).compacted()

    def compacted(self) -> Self:
        """Return this, sharing with others of its kind the names of the fields that were set.

        A set of its own takes 0.7 KiB. None is ever changed: copies begin with one of their own.
        """
        names = self.model_fields_set
        object.__setattr__(self, "__pydantic_fields_set__", _shared(frozenset(names)))
        return self

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
        found: dict[str, Any] = {}
        for name, field in _identity_fields(type(self)):
            value = getattr(self, field)
            if value is not None:
                found[name] = value if isinstance(value, str) else dump(value)
        return found

    def partition(self) -> str | None:
        """Return the part of the account this object is read with (a seller), None for all."""
        return None

    def topic(self) -> str:
        """Return what the service must be asked about to list this object."""
        return ""

    def handle(self, account: str, outputs: Outputs) -> Handle:
        """Return the string by which other specs refer to this object: its live address."""
        return Handle(live_address(self, account))

    def notes(self, before: Self | None) -> Iterator[str]:
        """Yield warnings for the reviewer about changing `before` (None: creating) into this."""
        yield from ()

    def irreplaceable(self) -> str | None:
        """Return why one that is live could not be made anew once deleted, None where it could."""
        return None

    def secrets(self) -> tuple[str, ...]:
        """Return the references to secrets whose values are parts of fields."""
        return ()

    def unexamined(self, live: "Spec") -> Iterator[str]:
        """Yield fields that agree with a live object's but for a secret that is not known here."""
        yield from ()

    @classmethod
    @cache
    def units(cls, path: str) -> Mapping[str, UnitName]:
        """Return by path what the field at `path` and those inside it are counted in."""
        units = units_of(cls)
        return {name: units[name] for name in units if f"{name}.".startswith(f"{path}.")}


@cache
def _shared(names: frozenset[str]) -> set[str]:
    return set(names)


@cache
def _identity_fields(kind: type[Spec]) -> tuple[tuple[str, str], ...]:
    """Return shown names and attributes of a kind's identity; asked for very often."""
    return tuple((kind.identity_names.get(name, name), to_snake(name)) for name in kind.identity)


def dump(value: Any) -> Any:
    """Return a field's value in JSON form."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", exclude_none=True)
    return value


def live_address(spec: Spec, account: str) -> LiveAddress:
    """Address an object by kind, account and identity: `queue.aws-eu/acme-old`."""
    return identity_address(spec.kind, account, spec.identity_values())


M = TypeVar("M", bound=BaseModel)


def get(spec: BaseModel, path: str) -> str | None:
    """Return the value at a YAML path such as `deadLetter.queue`, or None on the way there."""
    value: Any = spec
    for part in path.split("."):
        if value is None:
            return None
        value = getattr(value, to_snake(part))
    return None if value is None else str(value)


def pushed_to(spec: Spec) -> str | None:
    """Return the URI that notifications are posted to, as reports show it; None: to none."""
    field = spec.delivery.pushes_to
    return get(spec, field) if field is not None else None


def put(spec: M, path: str, value: str) -> M:
    """Return a copy of `spec` with the value at a YAML path replaced."""
    head, _, rest = path.partition(".")
    name = to_snake(head)
    inner = put(getattr(spec, name), rest, value) if rest else value
    return spec.model_copy(update={name: inner})


def references(spec: Spec) -> Iterator[tuple[str, Reference, Handle]]:
    """Yield (path, reference, handle) for each reference the spec holds.

    What a service reports holds remote values there, until `core.world.refs` made handles of them.
    """
    for path, reference in spec.refs.items():
        value = get(spec, path)
        if value is not None:
            yield path, reference, Handle(value)
