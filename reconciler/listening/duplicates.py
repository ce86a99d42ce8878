"""Which messages were kept a short while ago."""

from collections import OrderedDict

Key = tuple[str, str]
"""Name of the push and message id."""
_MOST = 100_000


class RecentlyKept:
    """Remembers keys for some seconds, and no more than 100,000 of them."""

    def __init__(self, seconds: float):
        self._seconds = seconds
        self._until: OrderedDict[Key, float] = OrderedDict()

    def add(self, key: Key, now: float) -> None:
        """Remember a key from now on."""
        self._until[key] = now + self._seconds
        self._until.move_to_end(key)
        while self._until and (len(self._until) > _MOST or self._oldest() <= now):
            self._until.popitem(last=False)

    def _oldest(self) -> float:
        return next(iter(self._until.values()))

    def knows(self, key: Key, now: float) -> bool:
        """Say whether a key is remembered."""
        return self._until.get(key, now) > now
