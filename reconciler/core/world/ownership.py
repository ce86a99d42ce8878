"""Evidence → which stack each live object belongs to. Decided here, before any step exists."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from reconciler.core.manifest.settings import STACK
from reconciler.core.model.addresses import AFTER_STACK, Handle, LiveAddress, ReferenceKey
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.spec import Evidence, get
from reconciler.core.world.index import Index
from reconciler.core.world.refs import levels


@dataclass(frozen=True, slots=True)
class Belonging:
    """The stack that an object belongs to, None where nothing tells.

    `marked`: the object's own tag says so, and not what it is called or what it refers to.
    """

    stack: str | None
    marked: bool = False


NOBODYS = Belonging(None)


def owners(
    live: Iterable[Live],
    *,
    stack: str,
    owned_uris: Collection[str],
    missing: Iterable[Desired] = (),
) -> dict[LiveAddress, Belonging]:
    """Return whose each live object is, by its live address.

    `live` hold handles. `missing` are the declared objects that are not there: what refers to one
    is ours as it will be once it is.
    """
    objects = list(live)
    found: dict[LiveAddress, Belonging] = {}
    index = Index[Desired | Live](missing, objects)

    def stack_of(key: ReferenceKey) -> str | None:
        item = index.named(key)
        if item is None or isinstance(item, Desired):
            return stack if item else None
        return found.get(item.live_address, NOBODYS).stack

    for level in levels({type(item.spec) for item in objects}):
        for item in (item for item in objects if item.spec.kind in level):
            owner = _Judge(item, stack, owned_uris, stack_of).owner()
            belonging = Belonging(owner, marked=owner is not None and item.owner == owner)
            # Of two with one identity the first counts, as everywhere.
            found.setdefault(item.live_address, belonging)
    return found


@dataclass(frozen=True, slots=True)
class _Judge:
    """One live object and what the evidence about it is weighed against.

    `stack_of` returns the owning stack of what a reference leads to, which was judged before.
    """

    item: Live
    stack: str
    owned_uris: Collection[str]
    stack_of: Callable[[ReferenceKey], str | None]

    def owner(self) -> str | None:
        """Return the stack that the first evidence which tells anything tells of."""
        stacks = (self._stack_by(evidence) for evidence in self.item.spec.evidence)
        return next((stack for stack in stacks if stack is not None), None)

    def _stack_by(self, evidence: Evidence) -> str | None:
        match evidence.rule:
            case "mark":
                return self.item.owner
            case "name":
                return named_after(self._value(evidence.field))
            case "reference":
                return self._stack_referred_to(evidence.field)
            case "below":  # pragma: no branch - mypy knows that there is no other rule
                value = self._value(evidence.field)
                return self.stack if any(is_below(value, uri) for uri in self.owned_uris) else None

    def _value(self, path: str) -> str:
        return get(self.item.spec, path) or ""

    def _stack_referred_to(self, path: str) -> str | None:
        reference = self.item.spec.refs[path]
        return self.stack_of(reference.key(self.item.account, Handle(self._value(path))))


def named_after(name: str) -> str | None:
    """Return the stack whose mark a name begins with, `acme-eu` of `acme-eu--offers`."""
    stack, mark, _ = name.partition(AFTER_STACK)
    return stack if mark and re.fullmatch(STACK, stack) else None


def is_below(uri: str, prefix: str) -> bool:
    """Say whether `uri` is `prefix` or lies below it: same scheme and host, whole path segments."""
    try:
        mine, base = _parts(uri), _parts(prefix)
    except ValueError:  # what a service reports need not be a URI at all
        return False
    return mine[0] == base[0] and mine[1][: len(base[1])] == base[1] and not _climbs(uri)


@lru_cache
def _parts(uri: str) -> tuple[tuple[str | int | None, ...], list[str]]:
    """Return what must be equal in two URIs, and the segments of the path."""
    parts = urlsplit(uri)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    origin = (parts.scheme, parts.username, parts.password, parts.hostname, port)
    return origin, [unquote(segment) for segment in parts.path.rstrip("/").split("/")]


def _climbs(uri: str) -> bool:
    """Say whether a URI climbs out again with `..` of what it begins with, in any spelling."""
    return ".." in unquote(urlsplit(uri).path).split("/")
