"""What a service asks of its callers: how long to wait, and how often to come."""

import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

_SECONDS = re.compile(r"\d+(\.\d+)?", re.ASCII)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that Retry-After asks to wait, given as seconds or as a date.

    A date is compared with the answer's own, or else with `now` (seconds since 1970). None where
    nothing is asked, or nothing that can be understood. Header names are lower case.
    """
    value = headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(value):
        return float(value)
    until = _moment(value)
    if until is None:
        return None
    theirs = _moment(headers.get("date", ""))
    return max(0.0, until - (now if theirs is None else theirs))


def announced_rate(value: str) -> float | None:
    """Return the requests a second that a header announces, None where it announces nothing."""
    if not _SECONDS.fullmatch(value.strip()):
        return None
    rate = float(value)
    return rate if 0 < rate < math.inf else None


def _moment(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except (ValueError, OverflowError):
        return None
