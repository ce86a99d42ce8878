"""Which declared push a request is for, told by its path, its query and the secret in them."""

import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import unquote_to_bytes, urlsplit

_SECRET = "{secret}"  # noqa: S105 - stands for one
_NUMBER = re.compile(r"accounts/(\d+)")

_Shape = tuple[int, frozenset[int], tuple[bytes, ...]]
"""Number of segments, those that hold the secret, names of the query."""
_Key = tuple[tuple[bytes | None, ...], tuple[bytes, ...]]
"""Segments, None where the secret is, and names of the query."""


class AmbiguousDoors(ValueError):
    """Two pushes that no request could tell apart; the text names them, not the secret."""


@dataclass(frozen=True, slots=True)
class Door:
    """One path that is served: for which push, behind which secret, from which accounts.

    `path` and `query` are those of the call back URI, encoded, with `{secret}` where any of
    `secrets` may stand. Of no accounts means of any.
    """

    push: str
    path: str
    query: str = field(default="", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    accounts: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        push: str,
        uri: str,
        secrets: Iterable[str] = (),
        accounts: Iterable[str] = (),
    ) -> Self:
        """Return the door of a call back URI."""
        parts = urlsplit(uri)
        return cls(push, parts.path or "/", parts.query, tuple(secrets), frozenset(accounts))

    def takes(self, *accounts: str | None) -> bool:
        """Say whether a push about these accounts (`accounts/1234`) belongs here."""
        named = {found[1] for name in accounts if name and (found := _NUMBER.fullmatch(name))}
        return not self.accounts or bool(named & self.accounts)


@dataclass(frozen=True, slots=True)
class _Lock:
    """What a request must bring: the texts that could be secret, for each valid secret."""

    door: Door
    wanted: tuple[bytes, ...] = field(repr=False)


class Doors:
    """All doors; finding one takes the same time for a wrong secret as for a right one.

    Raises AmbiguousDoors, ValueError for a door with `{secret}` and without any secret.
    """

    def __init__(self, doors: Iterable[Door]):
        self._locks: dict[_Key, list[_Lock]] = {}
        self._shapes: set[_Shape] = set()
        self.all = tuple(doors)
        for door in self.all:
            self._add(door)

    def find(self, paths: Sequence[bytes], query: bytes) -> Door | None:
        """Return the door that any of a request's undecoded paths leads to, with its query.

        What else is in the query does not matter.
        """
        values = _values(query)
        brought = [
            pair
            for path in paths
            for shape in self._shapes
            for pair in _read(shape, _segments(path), values)
        ]
        found: Door | None = None
        for key, given in brought:
            for lock in self._locks.get(key, ()):
                for wanted in lock.wanted:  # every one, whether or not one was right
                    if hmac.compare_digest(wanted, given):
                        found = lock.door
        return found

    def _add(self, door: Door) -> None:
        if _SECRET in door.path + door.query and not all((door.secrets, *door.secrets)):
            raise ValueError(f"pushes.{door.push}: its secret is empty")
        segments, values = _segments(door.path.encode()), _values(door.query.encode())
        secret = _SECRET.encode()
        places = frozenset(n for n, segment in enumerate(segments) if secret in segment)
        shape: _Shape = (len(segments), places, tuple(sorted(values)))
        [(key, template)] = _read(shape, segments, values)
        wanted = tuple(
            template.replace(secret, text.encode()) for text in door.secrets or (_SECRET,)
        )
        for other in self._locks.setdefault(key, []):
            if other.door.push != door.push and set(other.wanted) & set(wanted):
                raise AmbiguousDoors(
                    f"pushes.{other.door.push} and pushes.{door.push} are served at one address"
                )
        self._locks[key].append(_Lock(door, wanted))
        self._shapes.add(shape)


def _segments(path: bytes) -> tuple[bytes, ...]:
    """Split a path, then decode: an encoded slash stays inside its segment."""
    return tuple(unquote_to_bytes(segment) for segment in path.split(b"/"))


def _values(query: bytes) -> dict[bytes, bytes]:
    """Return the values of a query by name; of several with one name the first."""
    found: dict[bytes, bytes] = {}
    for pair in query.split(b"&") if query else ():
        name, _, value = pair.partition(b"=")
        found.setdefault(unquote_to_bytes(name), unquote_to_bytes(value))
    return found


def _read(
    shape: _Shape, segments: tuple[bytes, ...], values: Mapping[bytes, bytes]
) -> list[tuple[_Key, bytes]]:
    """Return, if a request has this shape, its key and what could be secret in it."""
    count, places, names = shape
    if len(segments) != count or any(name not in values for name in names):
        return []
    open_ones = tuple(None if n in places else text for n, text in enumerate(segments))
    hidden = [segments[n] for n in sorted(places)] + [values[name] for name in names]
    return [((open_ones, names), b"\0".join(hidden))]
