"""What SQS accepts in a declared queue. Source: Amazon SQS Developer Guide, queue quotas.

Live queues are not checked: what AWS has accepted is so, even where a limit has since moved. Every
function raises ValueError with a sentence that says what to write instead.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from reconciler.core.model.errors import Defect, Defects
from reconciler.core.model.units import UnitName, format_unit
from reconciler.core.text.expressions import Expression
from reconciler.core.text.phrases import quoted


class Range(NamedTuple):
    """Least and greatest value, both allowed, counted in `unit`."""

    least: int
    most: int
    unit: UnitName = "seconds"

    def check(self, value: int, what: str = "") -> None:
        """Raise ValueError outside the range; `what` stands before the message."""
        if not self.least <= value <= self.most:
            least, most = format_unit(self.least, self.unit), format_unit(self.most, self.unit)
            raise ValueError(f"{what}expected {least} to {most}")


RANGES = {
    "visibility_timeout": Range(0, 43_200),
    "message_retention_period": Range(60, 1_209_600),
    "delay": Range(0, 900),
    "receive_message_wait_time": Range(0, 20),
    "maximum_message_size": Range(1_024, 1_048_576, "bytes"),
}
DATA_KEY_REUSE = Range(60, 86_400)
MAX_NAME = 80
MAX_RECEIVES = 1000
MAX_SOURCES = 10
MAX_TAGS = 48
"""AWS allows 50; two are ours (`reconciler:stack` and `reconciler:protect`)."""
QUEUE_ARN = r"^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}(\.fifo)?$"
"""Pattern of a queue's ARN."""

_NAME = Expression(r"[A-Za-z0-9_-]+")
_KMS_KEY = Expression(
    r"alias/[A-Za-z0-9/_-]+|arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[A-Za-z0-9/_-]+"
    r"|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|mrk-[0-9a-f]{32}"
)


def check_name(name: str, *, fifo: bool) -> None:
    """Check a queue name: the suffix `.fifo` counts, and says what kind of queue it is."""
    if fifo and not name.endswith(".fifo"):
        raise ValueError("the name of a FIFO queue must end in .fifo")
    if not fifo and name.endswith(".fifo"):
        raise ValueError("a name ending in .fifo needs `fifo: true`")
    stem = name.removesuffix(".fifo")
    if not _NAME.fullmatch(stem):
        raise ValueError("expected a queue name of letters, digits, - and _")
    if len(name) > MAX_NAME:
        raise ValueError(
            f"a queue name has at most {MAX_NAME} characters, .fifo included, not {len(name)}"
        )


def check_kms(key: str, reuse: int) -> None:
    """Check that a KMS key is spelt as one, and for how many seconds a data key may be reused.

    Whether the key exists only KMS knows.
    """
    faults = []
    if not _KMS_KEY.fullmatch(key):
        sentence = f"expected alias/NAME, a key id or an ARN of KMS, not {quoted(key)}"
        faults.append(Defect(sentence, ("kmsKey",)))
    try:
        DATA_KEY_REUSE.check(reuse)
    except ValueError as error:
        faults.append(Defect(str(error), ("dataKeyReuse",)))
    if faults:
        raise Defects(faults)


def check_sources(queues: tuple[str, ...]) -> None:
    """Check how many queues may use a dead-letter queue."""
    if not 1 <= len(queues) <= MAX_SOURCES:
        raise ValueError(
            f"expected 1 to {MAX_SOURCES} queues, not {len(queues)}; or write all or none"
        )


def check_tags(tags: Mapping[str, str]) -> None:
    """Check tags against AWS's rules, and keep our own marks out of them."""
    faults = [fault for key, value in tags.items() if (fault := _tag_fault(key, value))]
    if len(tags) > MAX_TAGS:
        faults.append(f"a queue has at most {MAX_TAGS} tags beside our own, not {len(tags)}")
    if faults:
        raise Defects(faults)


@lru_cache(maxsize=4096)  # queues have the same tags
def _tag_fault(key: str, value: str) -> str | None:
    if key.lower().startswith("aws:"):
        return f"the tag {key!r} is reserved by AWS; remove it"
    if key.lower().startswith("reconciler:"):
        return f"the tag {key!r} is written by the reconciler itself; remove it"
    if not 1 <= len(key) <= 128:
        return "a tag key has 1 to 128 characters"
    if len(value) > 256:
        return f"the value of the tag {key!r} is over 256 characters"
    return None
