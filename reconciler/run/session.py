"""One run as a value: what is declared, whom it asks, what it is limited to and may do."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Literal, Self

from reconciler.core.manifest.reader import Declarations, Source
from reconciler.core.model.abilities import Recogniser
from reconciler.core.model.errors import WrongUsage
from reconciler.core.planning.consent import WHATEVER, Agreement
from reconciler.core.planning.terms import NO_TERMS, Terms
from reconciler.core.provider import Provider
from reconciler.core.service import Account, Service
from reconciler.run.stored import Recalled, StoredSnapshot
from reconciler.run.threads import Progress
from reconciler.run.wave_gate import WaveQuestion

log = logging.getLogger(__name__)

Connect = Callable[[Mapping[str, Account]], AbstractContextManager[Mapping[str, Provider]]]
"""Connects to accounts: a context manager that gives their providers by name, and closes them."""
Tell = Callable[[str], None]
"""Takes a sentence for who runs it."""
Discover = Literal["all", "declared"]


def to_the_log(sentence: str) -> None:
    """Be a `Tell` that leaves it to the program's own logging."""
    log.info("%s", sentence)


def nothing_beside(_source: Source) -> Declarations:
    """Refuse to read the declarations once more, where nobody said how."""
    raise TypeError("this session does not say how its declarations are read")


def unproven(_session: "Session", question: WaveQuestion, _progress: Progress) -> Sequence[str]:
    """Find that nothing delivers, where nobody said how that is proven."""
    return [f"{item.address} (this session cannot verify)" for item in question.items]


@dataclass(slots=True)
class _Connections:
    """Providers that were made so far, and what closes them."""

    kept: ExitStack = field(default_factory=ExitStack)
    made: dict[str, Provider] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Session:
    """What the use cases of one run share. A context manager, which lets go of the services.

    `services` are all that there may be, `connect` opens accounts of them. `terms` limit the run
    and let things pass its guards, `agreement` is what it may do at most. `discover` says how far
    to look where a service lists only what it is asked for, None as the policy does; `since` is a
    former snapshot, whose topics are asked for besides. With `live` this snapshot stands in for the
    services. `sandboxed`: all accounts lead to a sandbox, so that nothing may be sent past it.
    `tell` takes remarks; `reread` reads the declarations with one more file beside them. `prove`
    tells what of a wave does not deliver.
    """

    declarations: Declarations
    services: Sequence[Service]
    connect: Connect
    terms: Terms = NO_TERMS
    discover: Discover | None = None
    since: StoredSnapshot | None = None
    live: Recalled | None = None
    agreement: Agreement = WHATEVER
    sandboxed: bool = False
    tell: Tell = to_the_log
    reread: Callable[[Source], Declarations] = nothing_beside
    prove: Callable[["Session", WaveQuestion, Progress], Sequence[str]] = unproven
    _connections: _Connections = field(default_factory=_Connections, init=False, repr=False)

    def __enter__(self) -> Self:
        """Begin; nothing is connected to before it is needed."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close every connection."""
        self._connections.made.clear()
        self._connections.kept.close()

    def providers(self, names: Iterable[str]) -> dict[str, Provider]:
        """Return the providers of declared accounts; each is made once and stays open.

        Raises:
            PlanRefused: an account leads to a host that is not allowed.
            WrongUsage: a snapshot stands in for the services.
        """
        if self.live is not None:
            raise WrongUsage("a snapshot stands in for the services: ask without it")
        wanted, made = sorted(names), self._connections.made
        missing = {name: self.declarations.accounts[name] for name in wanted if name not in made}
        if missing:
            made |= self._connections.kept.enter_context(self.connect(missing))
        return {name: made[name] for name in wanted}

    def recognisers(self) -> tuple[Recogniser, ...]:
        """Return what notifications of all services are told by."""
        return tuple(service.recognise() for service in self.services if service.recognise)

    def connected(self) -> dict[str, Provider]:
        """Return the providers of all accounts that this run has talked to so far."""
        return dict(sorted(self._connections.made.items()))
