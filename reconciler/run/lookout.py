"""What points at something right before it goes: in every account that was read, one more look.

Many steps ask at once. A look answers for all that asked before it was begun, so that it is as
fresh as one of their own and there are few of them.
"""

import threading
from collections.abc import Callable, Collection, Mapping

from reconciler.core.model.objects import Live
from reconciler.core.model.spec import references
from reconciler.core.provider import Cannot, Interest, Provider, Scope, one_by_one
from reconciler.core.world.refs import Handles


class Lookout:
    """Looks through all providers, from many threads."""

    def __init__(self, providers: Mapping[str, Provider], handles: Handles, stack: str) -> None:
        self._providers = providers
        self._handles = handles
        self._stack = stack
        self._looks = [
            (scope, _Shared(self._look(provider, scope)))
            for _, provider in sorted(providers.items())
            for scope in provider.scopes()
        ]

    def referrers(self, live: Live, lasting: Collection[str] = ()) -> list[Live]:
        """Return what refers to an object by now, in whichever account.

        What refers to it by one of the outputs `lasting` does not count: its successor has the
        same.

        Raises:
            ServiceError: it could not be looked for.
        """
        found: list[Live] = []
        ask = self._providers[live.account].abilities.referrers
        if not isinstance(ask, Cannot):
            for item in ask((live,), one_by_one):
                outputs = self._outputs(item, live)
                # What the service names refers to it, whether or not its own fields show that.
                if not outputs or outputs.difference(lasting):
                    found.append(item)
        for scope, look in self._looks:
            if _may_refer(scope, live.spec.kind):
                found += (item for item in look() if self._outputs(item, live).difference(lasting))
        return found

    def _look(self, provider: Provider, scope: Scope) -> Callable[[], list[Live]]:
        interest = Interest(self._stack, (), discover_all=False, warn=lambda _text: None)
        return lambda: list(provider.observe(scope, interest))

    def _outputs(self, referrer: Live, item: Live) -> set[str]:
        """Return the outputs by which an object refers to another."""
        spec = self._handles.inside(referrer.spec, referrer.account)
        return {
            reference.output
            for _, reference, handle in references(spec)
            if reference.holds and (reference.kind, handle) == (item.spec.kind, item.handle)
        }


def _may_refer(scope: Scope, kind: str) -> bool:
    """Say whether objects of a scope may refer to one of another account."""
    return any(
        reference.kind == kind and reference.holds and not reference.same_account
        for spec in scope.kinds
        for reference in spec.refs.values()
    )


class _Turn:
    """One look: what it found, or how it failed."""

    def __init__(self) -> None:
        self.found: list[Live] = []
        self.error: Exception | None = None


class _Shared:
    """Lets everybody who asks while a look is under way share the next one."""

    def __init__(self, look: Callable[[], list[Live]]) -> None:
        self._look = look
        self._joining = threading.Lock()
        self._looking = threading.Lock()
        self._next: _Turn | None = None

    def __call__(self) -> list[Live]:
        """Return what a look found that was begun after this call.

        Raises:
            ServiceError: the look failed.
        """
        with self._joining:
            self._next = turn = self._next or _Turn()
        with self._looking:
            with self._joining:
                mine = turn is self._next
                if mine:
                    self._next = None
            if mine:
                self._take(turn)
        if turn.error is not None:
            raise turn.error
        return turn.found

    def _take(self, turn: _Turn) -> None:
        try:
            turn.found = self._look()
        except Exception as error:  # noqa: BLE001 - everybody who shares it has to be told
            turn.error = error
