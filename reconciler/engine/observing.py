"""Reading every scope of every account, side by side."""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from reconciler.core.errors import PlanRefused
from reconciler.core.manifest.reader import Declarations
from reconciler.core.model import Desired, Finding, Live, Spec
from reconciler.core.observation import Observation
from reconciler.core.provider import Completing, Interest, Provider, Scope
from reconciler.core.unread import Unread
from reconciler.engine.progress import Progress, silent
from reconciler.engine.sentences import told
from reconciler.engine.threads import side_by_side, watch

DETAILS_SIDE_BY_SIDE = 64
# Reading a scope is mostly waiting for its own rate limit; providers bound the calls under way.
SCOPES_SIDE_BY_SIDE = 512


def observe(
    declarations: Declarations,
    providers: Mapping[str, Provider],
    *,
    progress: Progress = silent,
    everything: bool = False,
) -> Observation:
    """Read every scope of every provider, side by side; with `everything`, details of all objects.

    A scope that fails is reported as unread, with the reason; the others go on.

    Raises:
        PlanRefused: an account is not the declared one.
    """
    with (
        ThreadPoolExecutor(SCOPES_SIDE_BY_SIDE, thread_name_prefix="observe") as pool,
        ThreadPoolExecutor(DETAILS_SIDE_BY_SIDE, thread_name_prefix="detail") as details,
    ):
        reader = _Reader(declarations, details, everything=everything)
        scopes = [
            (provider, scope) for provider in providers.values() for scope in provider.scopes()
        ]
        futures = [pool.submit(reader.read, provider, scope) for provider, scope in scopes]
        try:
            watch(futures, "reading", progress)
            results = [future.result() for future in futures]
        except BaseException:
            # After a refusal nothing more is begun; calls under way end by themselves.
            pool.shutdown(wait=False, cancel_futures=True)
            details.shutdown(wait=False, cancel_futures=True)
            raise
    return Observation(
        live=tuple(item for found in results if not isinstance(found, Unread) for item in found),
        unread=tuple(found for found in results if isinstance(found, Unread)),
        warnings=tuple(sorted(reader.warnings, key=lambda item: (item.address, item.message))),
        accounts=frozenset(providers),
        completed=reader.completed,
    )


class _Reader:
    """Reads one scope at a time, from many threads."""

    def __init__(
        self, declarations: Declarations, details: ThreadPoolExecutor, *, everything: bool
    ) -> None:
        self._everything = everything
        self.warnings: set[Finding] = set()
        self.completed: dict[str, Spec] = {}
        self._each = side_by_side(details)
        self._discover_all = declarations.policy.discover == "all"
        self._stack = declarations.stack
        self._declared: dict[tuple[str, type, str | None], list[Desired]] = {}
        for item in declarations.desired:
            key = (item.account, type(item.spec), item.spec.partition())
            self._declared.setdefault(key, []).append(item)
        self._topics = declarations.topics()

    def read(self, provider: Provider, scope: Scope) -> list[Live] | Unread:
        """Return everything in the scope, or why it could not be read whole."""
        try:
            # Collected before it is believed: half a listing is no listing.
            return list(provider.observe(scope, self._interest(provider, scope)))
        except PlanRefused:
            raise
        except Exception as error:  # noqa: BLE001 - a defect in one provider must not hide the rest
            return Unread(scope, told(scope.account, error))

    def _interest(self, provider: Provider, scope: Scope) -> Interest:
        return Interest(
            stack=self._stack,
            declared=tuple(self._complete(provider, item) for item in self._within(scope)),
            discover_all=self._discover_all,
            warn=lambda text: self.warnings.add(Finding(address=scope.account, message=text)),
            each=self._each,
            everything=self._everything,
            topics=self._topics.get(scope.account, frozenset()),
        )

    def _complete(self, provider: Provider, item: Desired) -> Spec:
        """Return a declared spec with the values of its secrets, and keep it."""
        if not item.spec.secrets() or not isinstance(provider, Completing):
            return item.spec
        self.completed[item.address] = spec = provider.completed(item.spec)
        return spec

    def _within(self, scope: Scope) -> Iterable[Desired]:
        for kind in scope.kinds:
            if scope.part is not None:
                yield from self._declared.get((scope.account, kind, scope.part), ())
                continue
            for (account, other, _), items in self._declared.items():
                if (account, other) == (scope.account, kind):
                    yield from items
