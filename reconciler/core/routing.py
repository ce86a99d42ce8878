"""Where each account leads and by which references it gets in: told, no secrets."""

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.core.service import Account
from reconciler.core.text.veil import veil_uri

Routing = Mapping[str, Any]
"""Fields of an account by YAML path; what is a list or a mapping is told by its members."""


def routing_of(account: Account) -> dict[str, Any]:
    """Return where an account leads; URLs without what may be a token in them."""
    return dict(_leaves("", account.model_dump(mode="json", exclude_none=True)))


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(f"{path}.{name}" if path else str(name), item)
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _leaves(f"{path}.{number}", item)
    else:
        yield path, veil_uri(value) if isinstance(value, str) and "://" in value else value


def differing(former: Any, now: Any) -> str:
    """Name the fields in which two identities (`Account.identity()` in JSON form) differ."""
    if not isinstance(former, dict) or not isinstance(now, dict):
        return "everything"
    return ", ".join(sorted(name for name in {*former, *now} if former.get(name) != now.get(name)))
