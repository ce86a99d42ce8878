"""What came over the wire, in order of arrival, without its secrets."""

import json
import threading
import time
from collections import Counter
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request

_SECRET = frozenset(
    {
        "signature",
        "client_secret",
        "refresh_token",
        "access_token",
        "mwsauthtoken",
        "password",
        "secretkey",
        "x-amz-security-token",
        "x-amz-signature",
        "key",
    }
)
_HIDDEN = "(redacted)"


def _pairs(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        shown = _HIDDEN if name.lower() in _SECRET else value
        if name not in found:
            found[name] = shown
        elif isinstance(found[name], list):
            found[name].append(shown)
        else:
            found[name] = [found[name], shown]
    return found


def _body(request: Request) -> Any:
    data = request.get_data(cache=True)
    if not data:
        return None
    if request.mimetype == "application/x-www-form-urlencoded":
        return _pairs(data.decode("utf-8", "replace"))
    if "json" in request.mimetype:
        try:
            return json.loads(data)
        except ValueError:
            return data.decode("utf-8", "replace")
    if "cbor" in request.mimetype:
        return f"({len(data)} bytes of CBOR)"
    return data.decode("utf-8", "replace")


class WireLog:
    """Every call to a stand-in; the controls are not logged."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[dict[str, Any]] = []
        self._start = time.monotonic()

    def begin(self, service: str, operation: str, request: Request) -> dict[str, Any]:
        """Note an arrival and return the entry, so that its end can be noted too."""
        entry = {
            "service": service,
            "operation": operation,
            "method": request.method,
            "path": request.path,
            "query": _pairs(request.query_string.decode("utf-8", "replace")),
            "status": None,
            "body": _body(request),
            "at": round(time.monotonic() - self._start, 4),
        }
        with self._lock:
            self._calls.append(entry)
        return entry

    def note(self, entry: dict[str, Any], **facts: Any) -> None:
        """Add to an entry: its status, fault, overLimit or defect."""
        with self._lock:
            entry.update(facts)

    def clear(self) -> None:
        """Forget all calls and start the clock of `at` anew."""
        with self._lock:
            self._calls.clear()
            self._start = time.monotonic()

    def calls(self) -> list[dict[str, Any]]:
        """Return the calls; `status` is None while unanswered and for ever when cut."""
        with self._lock:
            return [dict(entry) for entry in self._calls]

    def counts(self, *, over_limit: bool = False) -> dict[str, int]:
        """Return the number of calls per "service.operation", or of those over the rate limit."""
        found = Counter(
            f"{entry['service']}.{entry['operation']}"
            for entry in self.calls()
            if not over_limit or entry.get("overLimit")
        )
        return dict(sorted(found.items()))
