"""The one index of objects: by address, by what references call them, by who refers to them."""

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain
from types import MappingProxyType
from typing import Generic, TypeVar

from reconciler.core.model.addresses import LiveAddress, ReferenceKey
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.spec import references

Item = TypeVar("Item", Desired, Live, Desired | Live)


class Index(Generic[Item]):
    """Looks up `objects`, whose references are handles; of two called alike the first counts.

    `others` are found where none of the objects is, but count as nobody's referrers. `aliases` are
    other names under which references call the objects.
    """

    def __init__(
        self,
        objects: Iterable[Item],
        others: Iterable[Item] = (),
        aliases: Mapping[ReferenceKey, ReferenceKey] = MappingProxyType({}),
    ) -> None:
        self._objects: tuple[Item, ...] = tuple(objects)
        self._others: tuple[Item, ...] = tuple(others)
        self._aliases = aliases

    def __iter__(self) -> Iterator[Item]:
        """Yield everything, each live address once."""
        return iter(self._by_address.values())

    def at(self, address: LiveAddress) -> Item | None:
        """Return the object with this live address."""
        return self._by_address.get(address)

    def named(self, key: ReferenceKey) -> Item | None:
        """Return the object that references call so."""
        return self._by_key.get(self._aliases.get(key, key))

    def referring(self, item: Desired | Live) -> Iterator[tuple[Item, str]]:
        """Yield the objects that refer to `item`, with the path of the field that does."""
        for key in item.keys:
            for referrer, path in self._referrers.get(key, ()):
                if referrer is not item:
                    yield referrer, path

    @cached_property
    def _by_address(self) -> dict[LiveAddress, Item]:
        found: dict[LiveAddress, Item] = {}
        for item in chain(self._objects, self._others):
            found.setdefault(item.live_address, item)
        return found

    @cached_property
    def _by_key(self) -> dict[ReferenceKey, Item]:
        found: dict[ReferenceKey, Item] = {}
        for item in chain(self._objects, self._others):
            for key in item.keys:
                found.setdefault(key, item)
        return found

    @cached_property
    def _referrers(self) -> dict[ReferenceKey, list[tuple[Item, str]]]:
        found: dict[ReferenceKey, list[tuple[Item, str]]] = {}
        for item in self._objects:
            for path, reference, handle in references(item.spec):
                key = reference.key(item.account, handle)
                found.setdefault(self._aliases.get(key, key), []).append((item, path))
        return found
