"""The time that events, metrics and the history of calls go by; tests move it."""

import time
from datetime import UTC, datetime

from reconciler.sandbox.settings import Settings


class SandboxClock:
    """The machine's time, ahead or behind by the setting clockAheadSeconds."""

    def __init__(self, settings: Settings):
        self._settings = settings

    def now(self) -> float:
        """Return the time in Unix seconds."""
        return time.time() + float(self._settings["clockAheadSeconds"])


def iso(moment: float) -> str:
    """Return a moment as AWS writes it in texts: `2026-11-29T09:00:00Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
