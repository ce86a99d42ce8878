"""Addresses inside ⇄ remote values outside: the only place that converts.

Inside, a reference is a handle: one string for a declared object and for the live one it matches.
Outside, it is whatever the service wants: an ARN, a URL, an id.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from graphlib import TopologicalSorter

from reconciler.core.model.addresses import Handle, LiveAddress, Outputs, ReferenceKey, RemoteValue
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.spec import Spec, put, references


class Handles:
    """Knows which handle stands behind a remote value, and which remote values behind a handle.

    A reference that stays within its account is looked up among that account's objects only, since
    ids of two accounts may coincide.
    """

    def __init__(self) -> None:
        self._handles: dict[tuple[str, str, str], Handle] = {}
        self._outputs: dict[ReferenceKey, Outputs] = {}

    def add(self, item: Desired | Live) -> None:
        """Take up an object; of two with the same remote value the first one counts."""
        self._know(item, item.handle, item.outputs)

    def learn(self, item: Desired | Live, outputs: Outputs) -> None:
        """Take up the remote values of an object that exists, for later writes and looks."""
        own = outputs is item.outputs
        handle = item.handle if own else item.spec.handle(item.account, outputs)
        self._know(item, handle, outputs)
        for scope in (item.account, ""):
            self._outputs[item.spec.kind, scope, handle] = outputs

    def _know(self, item: Desired | Live, handle: Handle, outputs: Outputs) -> None:
        for scope in (item.account, ""):
            for value in (*outputs.values(), handle):
                self._handles.setdefault((item.spec.kind, scope, value), handle)

    def inside(self, spec: Spec, account: str) -> Spec:
        """Return the spec with its remote values replaced by handles where they are known."""
        for path, reference, value in references(spec):
            handle = self._handles.get(reference.key(account, value), value)
            if handle != value:
                spec = put(spec, path, handle)
        return spec

    def outside(self, item: Desired | Live) -> Spec:
        """Return an object's spec with its handles replaced by remote values of what exists."""
        spec = item.spec
        for path, reference, handle in references(spec):
            outputs = self._outputs.get(reference.key(item.account, handle), {})
            value = outputs.get(reference.output, handle)
            if value != handle:
                spec = put(spec, path, value)
        return spec


def internalise(live: Iterable[Live], desired: Iterable[Desired]) -> tuple[list[Live], Handles]:
    """Return the live objects with references as handles, and what made handles of them.

    Declared objects take part with the remote values that are known before they exist, so that a
    reference to something that is gone still finds its declaration.
    """
    handles = Handles()
    known: list[Live] = []
    wanted = sorted(desired, key=lambda item: item.address)
    # Sorted, since of two objects with the same remote value the first one counts.
    objects = sorted(live, key=reading_order)
    for level in levels(
        {type(item.spec) for item in objects} | {type(item.spec) for item in wanted}
    ):
        here = [item for item in objects if item.spec.kind in level]
        for item in here:
            # Objects of one kind may refer to each other (dead letters), so these come first; the
            # handle of others may itself hold a reference, so these wait until it is a handle.
            if _refers_to_its_kind(item.spec):
                handles.add(item)
        for declared in wanted:
            if declared.spec.kind in level:
                handles.add(declared)
        inner = [_with_handles(item, handles) for item in here]
        for item in inner:
            handles.add(item)
        for item in reversed(inner):
            handles.learn(item, item.outputs)
        known += inner
    return known, handles


def _with_handles(item: Live, handles: Handles) -> Live:
    spec = handles.inside(item.spec, item.account)
    return item if spec is item.spec else replace(item, spec=spec)


def reading_order(live: Live) -> tuple[LiveAddress, list[tuple[str, RemoteValue]]]:
    """Return what live objects are sorted by, so that the order of reading does not matter."""
    return live.live_address, sorted(live.outputs.items())


def _refers_to_its_kind(spec: Spec) -> bool:
    return any(reference.kind == spec.kind for reference in spec.refs.values())


def levels(kinds: Collection[type[Spec]]) -> list[list[str]]:
    """Return kind names, those that are referred to before those that refer to them."""
    needs: dict[str, set[str]] = {kind.kind: set() for kind in kinds}
    for kind in kinds:
        named = {reference.kind for reference in kind.refs.values()}
        needs[kind.kind] |= named & set(needs) - {kind.kind}
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    found: list[list[str]] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        found.append(ready)
        sorter.done(*ready)
    return found
