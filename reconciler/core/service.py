"""What a service says about itself: its accounts, what may be declared, its rules."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple, Self

from pydantic import GetJsonSchemaHandler, StrictBool, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from reconciler.core.model.account_fields import IDENTIFYING, identifying_fields, leading_fields
from reconciler.core.model.addresses import Outputs
from reconciler.core.model.constraints import form, one_of
from reconciler.core.model.finding import Finding
from reconciler.core.model.hosts import Lead, Reading
from reconciler.core.model.objects import Desired
from reconciler.core.model.secret_ref import References
from reconciler.core.model.spec import Frozen, Spec

if TYPE_CHECKING:
    from reconciler.core.model.abilities import Origin, Recogniser, SuccessorApplication
    from reconciler.core.model.repository import HostedRepository
    from reconciler.core.provider import Provider


class Account(Frozen):
    """One entry under `accounts`; each service derives its own."""

    hosts: ClassVar[tuple[str, ...]] = ()
    """The service's own hosts, to which secrets may be sent; `*.` stands for whole labels."""

    by_topic: ClassVar[bool] = False
    """Whether the service lists only the topics it is asked for, so that others may not be seen."""

    service: Annotated[str, IDENTIFYING]
    """Which service it is an account of."""

    def identity(self) -> dict[str, Any]:
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


class Context(NamedTuple):
    """What a declaration may look at while it is turned into specs."""

    stack: str
    name: str
    account_name: str
    account: Account
    accounts: Mapping[str, Account] = MappingProxyType({})
    """All sound accounts by name: what is declared here may lead to another one."""
    unsound: frozenset[str] = frozenset()
    """Names of declared accounts that are not: they are complained about themselves."""
    listed: tuple[str, ...] | None = None
    """Members that the service named, for declarations that leave them to it; None: not asked."""


class Member(NamedTuple):
    """One object a declaration stands for; `member` is None unless it was declared with a list.

    `outputs` are remote values known beforehand.
    """

    spec: Spec
    member: str | None = None
    outputs: Outputs | None = None


class Implied(NamedTuple):
    """An object that a declaration stands for in another account: `bus.events` of `events`.

    `fields` are those of its spec, by our names; references hold names of declarations.
    """

    kind: str
    account: str
    fields: Mapping[str, Any]


class WrittenDeclaration(NamedTuple):
    """One declaration that stands for `specs`, live objects of one account: `members` backwards.

    `fields` are its YAML fields by name, as one would write them by hand: without account, without
    what the service has by default, with handles as references and bare numbers as durations and
    sizes. `full` holds those fields that have a default too. `stems` are what it may be called,
    shortest first. `beyond` says why no declaration can say what they are, where that is so.
    """

    specs: tuple[Spec, ...]
    fields: Mapping[str, Any]
    full: Mapping[str, Any]
    stems: tuple[str, ...]
    beyond: str = ""


class Declaration(Frozen):
    """The YAML shape of one declaration: the kind's own fields and what every kind takes."""

    exclusive: ClassVar[tuple[frozenset[str], ...]] = ()
    """Groups of YAML fields of which at most one may be given; a given one hides defaults."""
    one_of: ClassVar[Mapping[frozenset[str], str]] = {}
    """Groups of YAML fields of which exactly one must be given, and how to say so."""
    renamed: ClassVar[Mapping[str, str]] = {}
    """YAML fields that become another field of the spec (`grants` becomes `policy`)."""
    implies: ClassVar[Mapping[str, str]] = {}
    """Kinds of objects that it may stand for in other accounts (`implied`), and what to write."""
    spec_type: ClassVar[type[Spec]]

    account: str | None = None
    """Name of an account; may be left out where only one fits."""
    protect: StrictBool = False
    """Never delete or replace the live object."""
    ignore_changes: tuple[str, ...] = ()
    """Fields that are declared at creation and then left alone."""

    @classmethod
    @cache
    def yaml_name(cls, path: str) -> str:
        """Return what a path of the spec is called in YAML."""
        head, _, rest = path.partition(".")
        names = {field: name for name, field in cls.renamed.items()}
        return ".".join(filter(None, (names.get(head, head), rest)))

    @model_validator(mode="after")
    def _has_one_of_each(self) -> Self:
        if not self.one_of:
            return self
        fields = type(self).model_fields
        given = {info.alias for name, info in fields.items() if getattr(self, name) is not None}
        for group, message in self.one_of.items():
            if len(group & given) != 1:
                raise ValueError(message)
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the schema with what its fields have to do with each other."""
        made = handler.resolve_ref_schema(handler(schema))
        groups = dict.fromkeys((*cls.exclusive, *cls.one_of))
        forms = [_one_of(group, needed=group in cls.one_of) for group in groups]
        return {**made, "allOf": forms} if forms else made

    @property
    def lists(self) -> bool:
        """Say whether only the service can name its members (`Abilities.linked`).

        As long as it was not asked, `members` yields one specimen without a member.
        """
        return False

    def members(self, context: Context) -> Iterable[Member]:
        """Yield the objects this declaration stands for; ValueError says what is wrong with it."""
        raise TypeError("a kind's declaration says which objects it stands for")

    def implied(self, context: Context) -> Iterable[Implied]:
        """Yield the objects in other accounts that this declaration stands for as well."""
        return ()

    @classmethod
    def written(cls, specs: Sequence[Spec], account: Account) -> Iterable[WrittenDeclaration]:
        """Yield the declarations of these live objects of `account`, as few as stand for them."""
        raise TypeError("a kind's declaration says how its live objects are written")

    @classmethod
    def with_implied(
        cls, written: WrittenDeclaration, account: str, implied: Spec
    ) -> WrittenDeclaration:
        """Return a declaration that stands for a live object in another account, too."""
        raise TypeError("a declaration that implies objects says how that is written")

    @classmethod
    def default_name(cls, stack: str, key: str) -> str | None:
        """Return the live name that follows from a declaration's key; None: there are no names."""
        return None


def _one_of(group: Iterable[str], *, needed: bool) -> dict[str, Any]:
    """Return the JSON Schema of a mapping with one field of a group, or none if none is needed."""
    names = sorted(group)
    forms = [form([name], [other for other in names if other != name]) for name in names]
    return one_of(*forms, *(() if needed else (form([], names),)))


class AccessQuestion(NamedTuple):
    """What has to be known to say what must be allowed: everything declared, and whose jobs act."""

    stack: str
    prune: bool
    accounts: Mapping[str, Account]
    desired: Sequence[Desired]
    secrets: References
    repository: "HostedRepository"


class PushDoor(NamedTuple):
    """An address that a service pushes to.

    `{secret}` in its URI stands for what `secret` refers to; `accounts` are the numbers of those
    that pushes there are about.
    """

    uri: str
    secret: str | None
    accounts: frozenset[str]


class Access(NamedTuple):
    """What must be allowed before anything works, for `init` to write.

    `variables` of the repository tell the workflows who they are; `parts` are paragraphs, headings
    and documents (IAM policies, trust policies, scopes), set for a terminal.
    """

    variables: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


def nothing_to_allow(_question: AccessQuestion) -> Access:
    """Be the `access` of a service whose credentials are all it takes."""
    return Access()


class Example(NamedTuple):
    """What `init` writes for a service; `STACK` in its texts stands for the stack's name.

    `account` is one entry under `accounts`; `file` and `objects` are name and text of a file.
    `owns` and `policy` are lines for the head of the declarations. `usual`: taken when nobody says
    which services are wanted. `offers` has by placeholder what others may put for it: the name of
    what this file declares, and what to write where this service is not wanted.
    """

    account: str
    file: str
    objects: str
    owns: str = ""
    policy: str = ""
    usual: bool = True
    offers: Mapping[str, tuple[str, str]] = MappingProxyType({})


def no_invariants(_desired: Sequence[Desired]) -> Iterable[Finding]:
    """Say nothing: the service has no rule between objects."""
    return ()


def as_they_stand(desired: Sequence[Desired]) -> Sequence[Desired]:
    """Leave declared objects as they are."""
    return desired


def nothing_across(
    _accounts: Mapping[str, Account], _desired: Sequence[Desired]
) -> Iterable[Finding]:
    """Say nothing: the service has no rule between accounts."""
    return ()


class Service(NamedTuple):
    """Everything a service is, as one value: one line in `wiring.SERVICES` makes it known.

    What an open account can do beyond reading and writing tells its provider (`Abilities`).
    """

    name: str
    """What stands under `service` in YAML."""
    account: type[Account]
    """One entry under `accounts`; says which of its fields are plain (any other may be secret), and
    which hosts are the service's own."""
    declarations: Mapping[str, type[Declaration]]
    """By section of the YAML; a section may be shared with other services, or be new."""
    open: "Callable[[str, Any, Any], Provider]"
    """Open an account by name and value (of the class `account`); imports the SDK only then.

    The third argument is `credentials.tools.Tools`, which the core does not know."""
    sandboxed: Callable[[str, Any, str], Account]
    """Return an account as it leads to the sandbox at a URL, with throw-away credentials."""
    example: Example | None = None
    """What `init` writes; None: `init` does not offer the service."""
    access: Callable[[AccessQuestion], Access] = nothing_to_allow
    """Say what must be allowed for what is declared, in accounts of this service or elsewhere."""
    recognise: "Callable[[], Recogniser] | None" = None
    """Return what its notifications are told by, imported only then; None: they are not decoded."""
    doors: Callable[[Any, Sequence[Desired]], Iterable[PushDoor]] | None = None
    """Say where it pushes to for an account and what is declared in it; None: it pushes nothing."""
    origin: "Callable[[Any], Origin] | None" = None
    """Say what `migrate` has to know to lead away from an account; None: nothing leads away."""
    successor: "Callable[[str, Any], SuccessorApplication] | None" = None
    """Say what `migrate` has to know of an account, by name and value, that others lead to."""
    invariants: Callable[[Sequence[Desired]], Iterable[Finding]] = no_invariants
    """The service's own rules between declared objects of one account, checked offline: yield an
    address and what is wrong."""
    across: Callable[[Mapping[str, Account], Sequence[Desired]], Iterable[Finding]] = nothing_across
    """The same between objects of all its accounts, which are given by name."""
    implied: Mapping[str, type[Spec]] = MappingProxyType({})
    """By kind, what is declared by declarations of other services (`Declaration.implied`)."""
    completed: Callable[[Sequence[Desired]], Sequence[Desired]] = as_they_stand
    """Return the declared objects of one account with what follows from one for another."""

    @property
    def kinds(self) -> Mapping[str, type[Spec]]:
        """Return every kind of object of this service."""
        declared = {shape.spec_type.kind: shape.spec_type for shape in self.declarations.values()}
        return {**declared, **self.implied}


def sections_of(services: Iterable[Service]) -> tuple[str, ...]:
    """Return the sections of the YAML: what is referred to before what refers to it.

    Where there is a choice, in the order in which the services name them.
    """
    shapes: dict[str, list[type[Declaration]]] = {}
    for service in services:
        for section, shape in service.declarations.items():
            shapes.setdefault(section, []).append(shape)
    offered = {
        section: {kind for shape in found for kind in (shape.spec_type.kind, *shape.implies)}
        for section, found in shapes.items()
    }
    ordered: list[str] = []
    while left := [section for section in shapes if section not in ordered]:
        waiting = {
            section
            for section in left
            if any(
                reference.kind in offered[other]
                for other in left
                if other != section
                for shape in shapes[section]
                for reference in shape.spec_type.refs.values()
            )
        }
        ordered.append(next((section for section in left if section not in waiting), left[0]))
    return tuple(ordered)
