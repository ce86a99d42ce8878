"""Evidence → ours, foreign or nobody's that we know of. Decided here, before any step exists."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from reconciler.core.model import Evidence, Live, live_address
from reconciler.core.refs import get, levels

Owner = Literal["ours", "foreign", "unknown"]


def owners(
    live: Iterable[Live],
    *,
    stack: str,
    owned_uris: Collection[str],
    declared: Collection[str],
) -> dict[str, Owner]:
    """Return whose each live object is, by its live address.

    `live` hold handles; `declared` are the live addresses that a declaration meets. Foreign is only
    what bears another stack's mark itself: its queue may serve several stacks.
    """
    objects = list(live)
    found: dict[str, Owner] = {}
    stacks: dict[tuple[str, str], str | None] = {}
    for level in levels({type(item.spec) for item in objects}):
        for item in (item for item in objects if item.spec.kind in level):
            address = live_address(item.spec, item.account)
            judge = _Judge(item, stack, owned_uris, address in declared, stacks)
            ours = any(judge.ours(evidence) for evidence in item.spec.evidence)
            owner = stack if ours else item.owner
            found[address] = "ours" if ours else "foreign" if owner else "unknown"
            stacks[(item.spec.kind, item.spec.handle(item.account, item.outputs))] = owner
    return found


@dataclass(frozen=True, slots=True)
class _Judge:
    """One live object and what the evidence about it is weighed against.

    `stacks` gives the owning stack of what was judged before, by kind and handle.
    """

    item: Live
    stack: str
    owned_uris: Collection[str]
    declared: bool
    stacks: Mapping[tuple[str, str], str | None]

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
            case "declared":
                return self.declared

    def _value(self, path: str) -> str:
        return get(self.item.spec, path) or ""

    def _stack_behind(self, path: str) -> str | None:
        kind = self.item.spec.refs[path].kind
        return self.stacks.get((kind, self._value(path)))

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
    mine, base = urlsplit(uri), urlsplit(prefix)
    if (mine.scheme, mine.netloc.lower()) != (base.scheme, base.netloc.lower()):
        return False
    segments, wanted = _segments(mine.path), _segments(base.path)
    # A URI that climbs out with `..` is not below, whatever it begins with.
    return ".." not in segments and segments[: len(wanted)] == wanted


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]
