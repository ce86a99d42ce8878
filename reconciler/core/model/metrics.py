"""What services measure of live objects."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.core.model.spec import Frozen


class Metrics(Frozen):
    """What a service measures beyond its counts; None where it does not say.

    `oldest_seconds` is the age of the oldest message that waits; `acknowledged` were taken in the
    last 24 hours, `undelivered` are being tried again.
    """

    oldest_seconds: int | None = None
    acknowledged: int | None = None
    undelivered: int | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """Metrics by live address; `lacking` says in a sentence why some are missing, if they are."""

    metrics: Mapping[str, Metrics] = field(default_factory=dict)
    lacking: str | None = None
