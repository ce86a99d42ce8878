"""Reading every scope of every account, side by side."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.errors import OutOfTime, PlanRefused
from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.pacing import READS_AT_ONCE
from reconciler.core.model.spec import Spec
from reconciler.core.model.steps import Step
from reconciler.core.provider import (
    Asked,
    Each,
    Interest,
    Provider,
    Scope,
    one_by_one,
    required,
)
from reconciler.core.world.discovery import EVERYTHING, Discovery, too_narrow
from reconciler.core.world.effort import Effort
from reconciler.core.world.observation import Observation
from reconciler.core.world.unread import Unread
from reconciler.run.threads import Progress, as_sentence, side_by_side, silent, watch

# Reading a scope is mostly waiting for its own rate limit; providers bound the calls under way.
SCOPES_SIDE_BY_SIDE = 1024

Parts = Mapping[str, Collection[str]]
"""By account the parts of it (sellers) that are wanted; of accounts without an entry all are."""
EVERY_PART: Parts = {}


def observe(
    declarations: Declarations,
    providers: Mapping[str, Provider],
    *,
    discovery: Discovery | None = None,
    progress: Progress = silent,
    everything: bool = False,
    parts: Parts = EVERY_PART,
) -> Observation:
    """Read every scope of every provider, side by side; with `everything`, details of all objects.

    Of accounts that `parts` names only these parts are read, and what is in none.

    `discovery` says how far to look, None as the declarations' policy does. A scope that fails is
    reported as unread, with the reason; the others go on.

    Raises:
        PlanRefused: an account is not the declared one.
        OutOfTime: the time that this thread has for it is over.
    """
    if discovery is None:
        discovery = Discovery(declarations.policy.discover == "all")
    scopes = {
        name: [
            it for it in each.scopes() if it.part is None or it.part in parts.get(name, {it.part})
        ]
        for name, each in providers.items()
    }
    reader = _Reader(declarations, discovery, {}, everything=everything)
    return replace(_read(reader, providers, scopes, progress), recalled=discovery.left)


def look_further(
    observation: Observation,
    steps: Iterable[Step],
    declarations: Declarations,
    providers: Mapping[str, Provider],
    *,
    progress: Progress = silent,
) -> Observation:
    """Return the observation with all that may refer to what the steps delete, of any topic.

    It is the same one where there is nothing to add; otherwise a plan has to be made again.
    """
    scopes: dict[str, list[Scope]] = {}
    narrow = {
        scope: asked
        for scope, asked in too_narrow(steps, observation.asked).items()
        if scope.account in providers
    }
    for scope in narrow:
        scopes.setdefault(scope.account, []).append(scope)
    if not scopes:
        return observation
    beside = tuple(item for item in observation.live if item.spec.partition() is None)
    reader = _Reader(declarations, EVERYTHING, narrow, beside=beside)
    return observation.beside(_read(reader, providers, scopes, progress))


def _read(
    reader: "_Reader",
    providers: Mapping[str, Provider],
    scopes: Mapping[str, Sequence[Scope]],
    progress: Progress,
) -> Observation:
    before = Effort.so_far(providers)
    with (
        ThreadPoolExecutor(SCOPES_SIDE_BY_SIDE, thread_name_prefix="observe") as pool,
        ThreadPoolExecutor(READS_AT_ONCE, thread_name_prefix="detail") as details,
    ):
        reader.each = side_by_side(details)
        futures = _begin(reader, pool, providers, scopes)
        try:
            watch(futures, "reading", progress)
            results = [future.result() for future in futures]
        except BaseException:
            # After a refusal nothing more is begun; calls under way end by themselves.
            pool.shutdown(wait=False, cancel_futures=True)
            details.shutdown(wait=False, cancel_futures=True)
            raise
    return Observation(
        live=tuple(item for found in results for item in found.live),
        unread=tuple(item for found in results for item in found.unread),
        warnings=tuple(sorted(reader.warnings, key=lambda item: (item.address, item.message))),
        accounts=frozenset(providers),
        completed=reader.completed,
        asked=reader.asked,
        listed=reader.listed,
        effort=replace(
            Effort.so_far(providers).after(before),
            topics={scope: len(asked.topics) for scope, asked in reader.asked.items()},
        ),
    )


Found = Observation
"""What the reading of one scope came to: its live objects, and what of it is unread."""


def _begin(
    reader: "_Reader",
    pool: ThreadPoolExecutor,
    providers: Mapping[str, Provider],
    scopes: Mapping[str, Sequence[Scope]],
) -> list[Future[Found]]:
    """Begin with what accounts hold as one; their parts wait for that."""
    wholes: dict[str, list[Future[Found]]] = {name: [] for name in scopes}
    parts: list[Future[Found]] = []
    ordered = sorted(
        ((name, scope) for name, each in scopes.items() for scope in each),
        key=lambda pair: pair[1].part is not None,
    )
    for name, scope in ordered:
        # Each thread is on the errand of who asks.
        run, provider = copy_context().run, providers[name]
        if scope.part is None:
            wholes[name].append(pool.submit(run, reader.read, provider, scope, ()))
        else:
            # Those are in threads already, or have ended.
            parts.append(pool.submit(run, reader.read, provider, scope, wholes[name]))
    return [*(future for each in wholes.values() for future in each), *parts]


class _Reader:
    """Reads one scope at a time, from many threads.

    `known` are scopes that were read before, and how far. `beside` is what was seen then of what
    accounts hold as one.
    """

    def __init__(
        self,
        declarations: Declarations,
        discovery: Discovery,
        known: Mapping[Scope, Asked],
        *,
        beside: tuple[Live, ...] = (),
        everything: bool = False,
    ) -> None:
        self._everything = everything
        self.warnings: set[Finding] = set()
        self.completed: dict[str, Spec] = {}
        self.listed: dict[str, tuple[str, ...]] = {}
        self.asked: dict[Scope, Asked] = {}
        self.each: Each = one_by_one
        self._discovery = discovery
        self._known = known
        self._beside = beside
        self._stack = declarations.stack
        self._declared: dict[tuple[str, type, str | None], list[Desired]] = {}
        for item in declarations.desired:
            key = (item.account, type(item.spec), item.spec.partition())
            self._declared.setdefault(key, []).append(item)
        self._topics = declarations.topics()
        self._declarations = declarations
        self._unlisted = frozenset(item.account for item in declarations.unlisted)

    def read(self, provider: Provider, scope: Scope, wholes: Sequence[Future[Found]]) -> Found:
        """Return everything in the scope, or why it could not be read whole.

        `wholes` are readings of the same account to wait for.
        """
        before = [future.result() for future in wholes]
        try:
            self._list(provider, scope.account)
            # Collected before it is believed: half a listing is no listing.
            live = tuple(provider.observe(scope, self._interest(provider, scope, before)))
        except (PlanRefused, OutOfTime):
            raise
        except Exception as error:  # noqa: BLE001 - a defect in one provider must not hide the rest
            return Found(unread=(Unread(scope, as_sentence(scope.account, error)),))
        return Found(live, tuple(self._denied(scope)))

    def _list(self, provider: Provider, account: str) -> None:
        """Have a service name the members of what is declared for all that it lists.

        An account that has several scopes lists them before any is read.
        """
        if account not in self._unlisted or account in self.listed:
            return
        names = self.listed[account] = tuple(required(provider.abilities.linked, account)())
        if not names:
            message = "no account is linked, as the service tells it"
            self.warnings.update(
                Finding(address=item.address, message=message)
                for item in self._declarations.unlisted
                if item.account == account
            )

    def _denied(self, scope: Scope) -> Iterator[Unread]:
        """Yield what of a scope the service does not show, though it is declared."""
        asked = self.asked.get(scope)
        for topic, error in sorted(asked.denied.items()) if asked else ():
            part = replace(scope, topics=frozenset({topic}))
            yield Unread(part, as_sentence(scope.account, error))

    def _interest(self, provider: Provider, scope: Scope, before: Sequence[Found]) -> Interest:
        known, account = self._known.get(scope), scope.account
        live = self._beside if known else (item for each in before for item in each.live)
        beside = tuple(item for item in live if item.account == account)
        nothing: frozenset[str] = frozenset()
        seen = self._discovery.seen.get(account, nothing)
        return Interest(
            stack=self._stack,
            declared=tuple(self._complete(provider, item) for item in self._within(scope)),
            discover_all=self._discovery.everything,
            warn=lambda text: self.warnings.add(Finding(address=account, message=text)),
            each=self.each,
            everything=self._everything,
            topics=self._topics.get(account, nothing) | seen,
            known=known.topics if known else nothing,
            beside=None if any(each.unread for each in before) else beside,
            report=lambda asked: self.asked.update({scope: asked}),
        )

    def _complete(self, provider: Provider, item: Desired) -> Spec:
        """Return a declared spec with the values of its secrets, and keep it."""
        if not item.spec.secrets():
            return item.spec
        complete = required(provider.abilities.completed, item.address)
        self.completed[item.address] = spec = complete(item.spec)
        return spec

    def _within(self, scope: Scope) -> Iterable[Desired]:
        if scope.account in self._unlisted:
            declared = self._declarations.listed({scope.account: self.listed[scope.account]})
            yield from (it for it in declared.desired if scope.covers(it.account, it.spec))
            return
        for kind in scope.kinds:
            if scope.part is not None:
                yield from self._declared.get((scope.account, kind, scope.part), ())
                continue
            for (account, other, _), items in self._declared.items():
                if (account, other) == (scope.account, kind):
                    yield from items
