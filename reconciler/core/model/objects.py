"""Objects on both sides: as the declarations want them, as a service reports them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.core.model.spec import Spec


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
