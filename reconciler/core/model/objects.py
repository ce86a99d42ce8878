"""Objects on both sides: as the declarations want them, as a service reports them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from reconciler.core.model.addresses import (
    DeclaredAddress,
    Handle,
    LiveAddress,
    Outputs,
    ReferenceKey,
)
from reconciler.core.model.spec import Spec, live_address


class Position(NamedTuple):
    """Where something stands in the declarations; line and column count from 1."""

    file: str
    line: int
    column: int


class _Named:
    """What both sides of an object are called; asked for often, so it is kept.

    In slots: what a dict takes besides, 0.7 KiB, is much where there are ten thousand objects.
    """

    __slots__ = ("_handle", "_live_address")

    account: str
    spec: Spec
    outputs: Outputs
    _handle: Handle
    _live_address: LiveAddress

    @property
    def live_address(self) -> LiveAddress:
        """Return kind, account and identity, which are the same on both sides."""
        try:
            return self._live_address
        except AttributeError:
            object.__setattr__(self, "_live_address", live_address(self.spec, self.account))
            return self._live_address

    @property
    def handle(self) -> Handle:
        """Return what specs refer to it by."""
        try:
            return self._handle
        except AttributeError:
            object.__setattr__(self, "_handle", self._found_handle())
            return self._handle

    def _found_handle(self) -> Handle:
        if type(self.spec).handle is Spec.handle:
            return Handle(self.live_address)  # as that says, and it is kept
        return self.spec.handle(self.account, self.outputs)

    @property
    def keys(self) -> tuple[ReferenceKey, ReferenceKey]:
        """Return what references of its own account call it, and those of any other."""
        kind, handle = self.spec.kind, self.handle
        return (kind, self.account, handle), (kind, "", handle)


@dataclass(frozen=True, slots=True)
class Desired(_Named):
    """One declared object. `references` maps spec paths to the declared addresses behind them.

    `after` are further objects that have to stand before this one is created, though it does not
    refer to them. `outputs` are the remote values that are known before the object exists (a
    queue's ARN).
    `ignore` are the YAML paths of ignoreChanges. At apply, providers get a copy whose spec holds
    remote values instead of handles.
    """

    address: DeclaredAddress
    account: str
    spec: Spec
    stack: str
    position: Position
    references: Mapping[str, DeclaredAddress] = field(default_factory=dict)
    outputs: Outputs = field(default_factory=dict)
    protect: bool = False
    ignore: frozenset[str] = frozenset()
    after: tuple[DeclaredAddress, ...] = ()


class Backlog(NamedTuple):
    """The messages an object holds, as its service counts them: approximately."""

    visible: int
    in_flight: int
    delayed: int


@dataclass(frozen=True, slots=True)
class Live(_Named):
    """One object as a service reports it. `outputs` are remote values offered to references.

    `owner` is the stack named by the object's own mark, `protected` its mark against deletion,
    `waiting` the number of messages it holds (None: does not apply), which `backlog` tells apart.
    `detailed` is False where only existence and marks were read, as for queues of others. `created`
    is in Unix seconds, None where the service does not say.
    """

    account: str
    spec: Spec
    outputs: Outputs = field(default_factory=dict)
    owner: str | None = None
    protected: bool = False
    waiting: int | None = None
    detailed: bool = True
    backlog: Backlog | None = None
    created: int | None = field(default=None, compare=False)

    @property
    def sender(self) -> str | None:
        """Return who delivers through it to what it leads to, None if nobody by himself."""
        delivery = self.spec.delivery
        return delivery.sender or self.outputs.get(delivery.sends_as)
