"""The real accounts behind account names, as saved plans and snapshots keep them."""

from typing import Any


def differing(former: Any, now: Any) -> str:
    """Name the fields in which two targets (`Account.target()` in JSON form) differ."""
    if not isinstance(former, dict) or not isinstance(now, dict):
        return "everything"
    return ", ".join(sorted(name for name in {*former, *now} if former.get(name) != now.get(name)))
