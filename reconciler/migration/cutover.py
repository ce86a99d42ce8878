"""The way from MWS to the SP-API, as the comment at the head of what `migrate` writes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import wrap

from reconciler.migration.mapping import Successor

WIDTH = 96

_OVER = (
    "Amazon shut MWS down on 31 March 2024. Where nothing else answers in its place (a gateway, a "
    "replay), nothing has come through it since, and what is said of it below only tidies up."
)
_CONSUMERS = (
    "Let consumers read both: a body that begins with < is XML of MWS, one that begins with { is "
    "JSON of the SP-API. Queues and their permissions stay as they are."
)
_SUBSCRIBE = (
    "Keep this file with the other declarations, then `reconciler plan` and `reconciler apply`. "
    "From now on both send to the same queues; the first message may take an hour."
)
_OFF = "When the new messages arrive, set `enabled: false` on the MWS subscriptions and apply."
_DELETE = (
    "Some days later, delete the MWS subscriptions and destinations from the declarations and "
    "apply; then the MWS accounts. Where MWS answers no more, delete all of it at once."
)
_EVERY_MESSAGE = (
    "every message: Notification/NotificationMetaData is NotificationMetadata, its UniqueId is "
    "NotificationId, by which duplicates are told; SellerId and MarketplaceId stand in the payload "
    "if anywhere; read names in any case, since some types write them with a small first letter"
)


def head(
    successors: Mapping[str, Successor], variables: Sequence[str], notes: Iterable[str]
) -> list[str]:
    """Return the lines of the comment.

    `successors` are those in use by MWS type, `variables` what the environment has to provide for
    new accounts, `notes` what does not move by itself.
    """
    lines = wrap(
        "Written by `reconciler migrate`: what takes over from the MWS declarations. " + _OVER,
        WIDTH,
    )
    lines += ["", "The way over, without a gap:"]
    for number, step in enumerate(_steps(variables), 1):
        lines += _item(f"{number}.", step)
    lines += ["", "What consumers must change:"]
    lines += _item("-", _EVERY_MESSAGE)
    for former, successor in sorted(successors.items()):
        lines += _item("-", f"{former} becomes {successor.name}: {successor.changes}")
    left = [line for note in notes for line in _item("-", note)]
    return [*lines, *(["", "What does not move by itself:", *left] if left else [])]


def _steps(variables: Sequence[str]) -> Iterator[str]:
    yield _CONSUMERS
    if variables:
        yield (
            "Register an SP-API application that has the role of each type below, let every seller "
            f"authorise it, and provide {', '.join(variables)} (or other references to secrets)."
        )
    yield from (_SUBSCRIBE, _OFF, _DELETE)


def _item(mark: str, text: str) -> list[str]:
    return wrap(
        text,
        WIDTH,
        initial_indent=f"  {mark} ",
        subsequent_indent=" " * (len(mark) + 3),
        break_long_words=False,
        break_on_hyphens=False,
    )
