"""What may be declared at the courier: channels, and hooks that fill them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import field_validator

from reconciler.core.model.addresses import Handle, Outputs
from reconciler.core.model.delivery import Delivery
from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Desired
from reconciler.core.model.spec import Evidence, Frozen, Reference, Spec
from reconciler.core.model.units import Duration
from reconciler.core.service import Account, Context, Declaration, Member, WrittenDeclaration

EVENTS = ("parcel/sent", "parcel/delivered", "parcel/lost")


class ChannelSettings(Frozen):
    """What of a channel can be chosen."""

    keep: Duration = 86400
    """How long news is kept."""


class Channel(ChannelSettings, Spec):
    """A place where news waits; whose it is, its name tells."""

    kind: ClassVar[str] = "channel"
    service: ClassVar[str] = "courier"
    identity: ClassVar[tuple[str, ...]] = ("name",)
    remote_id: ClassVar[str | None] = "id"
    evidence: ClassVar[tuple[Evidence, ...]] = (Evidence("name", "name"),)

    name: str

    def handle(self, account: str, outputs: Outputs) -> Handle:
        """Return the name, by which hooks refer to it."""
        return Handle(self.name)


class Hook(Spec):
    """News of one event, put into a channel; a hook is its channel's stack's."""

    kind: ClassVar[str] = "hook"
    service: ClassVar[str] = "courier"
    identity: ClassVar[tuple[str, ...]] = ("event", "channel")
    remote_id: ClassVar[str | None] = "id"
    refs: ClassVar[Mapping[str, Reference]] = {
        "channel": Reference("channel", "id", same_account=True)
    }
    evidence: ClassVar[tuple[Evidence, ...]] = (Evidence("reference", "channel"),)
    delivery: ClassVar[Delivery[Any]] = Delivery(begins=True)

    event: str
    channel: str
    paused: bool = False


class ChannelDeclaration(ChannelSettings, Declaration):
    """A channel in YAML; without `name` it is called <stack>--<key>."""

    spec_type: ClassVar[type[Spec]] = Channel

    name: str | None = None

    def members(self, context: Context) -> Iterable[Member]:
        """Yield the one channel."""
        name = self.name or self.default_name(context.stack, context.name)
        yield Member(Channel(name=name, keep=self.keep))

    @classmethod
    def written(cls, specs: Sequence[Spec], account: Account) -> Iterator[WrittenDeclaration]:
        """Yield one declaration a channel."""
        for spec in specs:
            if isinstance(spec, Channel):
                full = {"name": spec.name, "keep": spec.keep}
                yield WrittenDeclaration((spec,), full, full, (spec.name,))

    @classmethod
    def default_name(cls, stack: str, key: str) -> str:
        """Return the key behind the stack's name."""
        return f"{stack}--{key}"


class HookDeclaration(Declaration):
    """A hook in YAML: `channel` is the name of a declared channel."""

    spec_type: ClassVar[type[Spec]] = Hook

    channel: str
    event: Literal["parcel/sent", "parcel/delivered", "parcel/lost"]
    paused: bool = False

    @field_validator("channel")
    @classmethod
    def _a_name(cls, channel: str) -> str:
        if "/" in channel:
            raise ValueError("expected the name of a declared channel")
        return channel

    def members(self, context: Context) -> Iterable[Member]:
        """Yield the one hook."""
        yield Member(Hook(event=self.event, channel=self.channel, paused=self.paused))

    @classmethod
    def written(cls, specs: Sequence[Spec], account: Account) -> Iterator[WrittenDeclaration]:
        """Yield one declaration a hook, called after its event."""
        for spec in specs:
            if isinstance(spec, Hook):
                full = {"channel": spec.channel, "event": spec.event, "paused": spec.paused}
                fields = {name: value for name, value in full.items() if value is not False}
                stem = spec.event.replace("/", "-")
                yield WrittenDeclaration((spec,), fields, full, (stem,))


def check_losses(desired: Sequence[Desired]) -> Iterator[Finding]:
    """Yield hooks for lost parcels that are paused, which the courier does not allow."""
    for item in desired:
        if isinstance(item.spec, Hook) and item.spec.event == EVENTS[2] and item.spec.paused:
            yield Finding(address=item.address, message="news of lost parcels cannot be paused")
