"""Evidence → ours, foreign or nobody's that we know of. Decided here, before any step exists."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

from reconciler.core.model import Desired, Evidence, Live, live_address
from reconciler.core.refs import get, levels

Owner = Literal["ours", "foreign", "unknown"]


def owners(
    live: Iterable[Live],
    *,
    stack: str,
    owned_uris: Collection[str],
    declared: Collection[str],
    missing: Iterable[Desired] = (),
) -> dict[str, Owner]:
    """Return whose each live object is, by its live address.

    `live` hold handles; `declared` are the live addresses that a declaration meets. Foreign is only
    what bears another stack's mark itself: its queue may serve several stacks. `missing` are the
    declared objects that are not there: what refers to one is ours as it will be once it is.
    """
    objects = list(live)
    found: dict[str, Owner] = {}
    stacks: dict[tuple[str, str, str], str | None] = {
        (item.spec.kind, scope, item.spec.handle(item.account, item.outputs)): stack
        for item in missing
        for scope in (item.account, "")
    }
    for level in levels({type(item.spec) for item in objects}):
        for item in (item for item in objects if item.spec.kind in level):
            address = live_address(item.spec, item.account)
            judge = _Judge(item, stack, owned_uris, address in declared, stacks)
            ours = any(judge.ours(evidence) for evidence in item.spec.evidence)
            owner = stack if ours else item.owner
            # Of two with one identity the first counts, as everywhere.
            found.setdefault(address, "ours" if ours else "foreign" if owner else "unknown")
            handle = item.spec.handle(item.account, item.outputs)
            for scope in (item.account, ""):
                stacks.setdefault((item.spec.kind, scope, handle), owner)
    return found


@dataclass(frozen=True, slots=True)
class _Judge:
    """One live object and what the evidence about it is weighed against.

    `stacks` gives the owning stack of what was judged before, by kind, account (or none)
    and handle.
    """

    item: Live
    stack: str
    owned_uris: Collection[str]
    declared: bool
    stacks: Mapping[tuple[str, str, str], str | None]

    def ours(self, evidence: Evidence) -> bool:
        """Say whether this piece of evidence makes the object ours."""
        match evidence.rule:
            case "mark":
                return self.item.owner == self.stack
            case "reference":
                return self._stack_behind(evidence.field) == self.stack
            case "prefix":
                return self._named_after_us(self._value(evidence.field))
            case "below":
                value = self._value(evidence.field)
                return any(is_below(value, uri) for uri in self.owned_uris)
            case "declared":  # pragma: no branch - mypy knows that there is no other rule
                return self.declared

    def _value(self, path: str) -> str:
        return get(self.item.spec, path) or ""

    def _stack_behind(self, path: str) -> str | None:
        reference = self.item.spec.refs[path]
        scope = self.item.account if reference.same_account else ""
        return self.stacks.get((reference.kind, scope, self._value(path)))

    def _named_after_us(self, name: str) -> bool:
        """Say whether the name begins with our stack's and not with a longer one's behind it.

        Stack `acme` must not take `acme-eu-offers`, on a queue of stack `acme-eu`, for its own.
        """
        others = {self._stack_behind(path) for path in self.item.spec.refs} - {None, self.stack}
        longer = [other for other in others if other and len(other) > len(self.stack)]
        return name.startswith(f"{self.stack}-") and not any(
            name.startswith(f"{other}-") for other in longer
        )


def is_below(uri: str, prefix: str) -> bool:
    """Say whether `uri` is `prefix` or lies below it: same scheme and host, whole path segments."""
    try:
        mine, base = _parts(uri), _parts(prefix)
    except ValueError:  # what a service reports need not be a URI at all
        return False
    return mine[0] == base[0] and mine[1][: len(base[1])] == base[1] and not _climbs(uri)


def _parts(uri: str) -> tuple[tuple[str | int | None, ...], list[str]]:
    """Return what must be equal in two URIs, and the segments of the path."""
    parts = urlsplit(uri)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    origin = (parts.scheme, parts.username, parts.password, parts.hostname, port)
    return origin, [unquote(segment) for segment in parts.path.rstrip("/").split("/")]


def _climbs(uri: str) -> bool:
    """Say whether a URI climbs out again with `..` of what it begins with, in any spelling."""
    return ".." in unquote(urlsplit(uri).path).split("/")
