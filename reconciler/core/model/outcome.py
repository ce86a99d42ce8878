"""What became of the actions of a plan."""

from dataclasses import dataclass
from typing import Literal

from reconciler.core.model.pacing import ActionName


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one action; `error` says why it failed or was skipped."""

    address: str
    action: ActionName
    outcome: Literal["done", "failed", "skipped"]
    error: str | None = None
