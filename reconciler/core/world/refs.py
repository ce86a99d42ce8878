"""Addresses inside ⇄ remote values outside: the only place that converts.

Inside, a reference is a handle: one string for a declared object and for the live one it matches.
Outside, it is whatever the service wants: an ARN, a URL, an id.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from graphlib import TopologicalSorter

from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.references import put, references
from reconciler.core.model.spec import Reference, Spec, live_address


class Index:
    """Knows which handle stands behind a remote value, and which object behind a handle.

    A reference that stays within its account is looked up among that account's objects only, since
    ids of two accounts may coincide.
    """

    def __init__(self) -> None:
        self._handles: dict[tuple[str, str, str], str] = {}
        self._outputs: dict[tuple[str, str, str], Mapping[str, str]] = {}

    def add(self, spec: Spec, account: str, outputs: Mapping[str, str]) -> None:
        """Take up an object; of two with the same remote value the first one counts."""
        handle = spec.handle(account, outputs)
        for scope in (account, ""):
            for value in (*outputs.values(), handle):
                self._handles.setdefault((spec.kind, scope, value), handle)

    def learn(self, spec: Spec, account: str, outputs: Mapping[str, str]) -> None:
        """Take up the remote values of an object that exists, for later writes."""
        handle = spec.handle(account, outputs)
        for scope in (account, ""):
            self._outputs[(spec.kind, scope, handle)] = outputs

    def inside(self, spec: Spec, account: str) -> Spec:
        """Return the spec with its remote values replaced by handles where they are known."""
        for path, reference, value in references(spec):
            key = (reference.kind, _scope(reference, account), value)
            handle = self._handles.get(key, value)
            if handle != value:
                spec = put(spec, path, handle)
        return spec

    def outside(self, item: Desired | Live) -> Spec:
        """Return an object's spec with its handles replaced by remote values of what exists."""
        spec = item.spec
        for path, reference, handle in references(spec):
            key = (reference.kind, _scope(reference, item.account), handle)
            outputs = self._outputs.get(key, {})
            spec = put(spec, path, outputs.get(reference.output, handle))
        return spec


def _scope(reference: Reference, account: str) -> str:
    return account if reference.same_account else ""


def internalise(live: Iterable[Live], desired: Iterable[Desired]) -> tuple[list[Live], Index]:
    """Return the live objects with references as handles, and the index that did it.

    Declared objects take part with the remote values that are known before they exist, so that a
    reference to something that is gone still finds its declaration.
    """
    index = Index()
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
                index.add(item.spec, item.account, item.outputs)
        for declared in wanted:
            if declared.spec.kind in level:
                index.add(declared.spec, declared.account, declared.outputs)
        inner = [replace(item, spec=index.inside(item.spec, item.account)) for item in here]
        for item in inner:
            index.add(item.spec, item.account, item.outputs)
        for item in reversed(inner):
            index.learn(item.spec, item.account, item.outputs)
        known += inner
    return known, index


def reading_order(live: Live) -> tuple[str, list[tuple[str, str]]]:
    """Return what live objects are sorted by, so that the order of reading does not matter."""
    return live_address(live.spec, live.account), sorted(live.outputs.items())


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
