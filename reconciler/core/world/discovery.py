"""How far a run looks where a service lists objects only by topics, and what that leaves out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Live
from reconciler.core.model.steps import Step
from reconciler.core.provider import Asked, Scope
from reconciler.core.service import Account
from reconciler.core.text.phrases import counted


@dataclass(frozen=True, slots=True)
class Discovery:
    """Which topics are asked for: all that there may be, or the declared ones and those `seen`.

    `seen` are topics by account: those of objects that a snapshot saw. `left` says which of these
    objects cannot be looked for, since their account or its part is declared no more.
    """

    everything: bool = True
    seen: Mapping[str, frozenset[str]] = field(default_factory=dict)
    left: tuple[Finding, ...] = ()


EVERYTHING = Discovery()
DECLARED = Discovery(everything=False)


def seen_topics(live: Iterable[Live]) -> dict[str, frozenset[str]]:
    """Return by account the topics of live objects that are listed by topics only."""
    found: dict[str, set[str]] = {}
    for item in live:
        if item.spec.topical:
            found.setdefault(item.account, set()).add(item.spec.topic())
    return {account: frozenset(topics) for account, topics in found.items()}


def left_behind(live: Iterable[Live], accounts: Mapping[str, Account]) -> Iterator[Live]:
    """Yield what lies in accounts, or in parts of them, that are declared no more."""
    parts: dict[tuple[str, str], frozenset[str | None]] = {}
    for item in live:
        account, part, kind = accounts.get(item.account), item.spec.partition(), item.spec.kind
        key = (item.account, kind)
        if account is not None and key not in parts:
            parts[key] = frozenset(account.parts(kind))
        if account is None or (part is not None and parts[key].isdisjoint((part, None))):
            yield item


def left_over(live: Iterable[Live], accounts: Mapping[str, Account]) -> tuple[Finding, ...]:
    """Return what was live in accounts, or in parts of them, that are declared no more."""
    counts = Counter(
        (it.account, it.spec.partition() or "" if it.account in accounts else "", it.spec.kind)
        for it in left_behind(live, accounts)
    )
    return tuple(
        Finding(
            address="/".join(filter(None, (account, part))),
            message=f"{counted(number, kind)} that the snapshot saw cannot be looked for, since "
            "this is declared no more",
        )
        for (account, part, kind), number in sorted(counts.items())
    )


def further(before: Asked, after: Asked) -> Asked:
    """Return how far a scope was looked at in two readings, the second for further topics."""
    return replace(
        after,
        topics=before.topics | after.topics,
        refused={**before.refused, **after.refused},
        remarks=tuple(dict.fromkeys(before.remarks + after.remarks)),
    )


def not_looked(asked: Mapping[Scope, Asked]) -> tuple[Finding, ...]:
    """Return what was not looked for in each account, in a sentence each.

    What is said of all kinds that are read as one is said once.
    """
    by_account: dict[tuple[str, str], list[Asked]] = {}
    for scope, each in asked.items():
        for kind in scope.kinds:
            by_account.setdefault((scope.account, kind.kind), []).append(each)
    found = (
        Finding(address=account, message=message)
        for (account, kind), each in sorted(by_account.items())
        for message in _sentences(kind, each)
    )
    return tuple(dict.fromkeys(found))


def _sentences(kind: str, asked: Sequence[Asked]) -> Iterator[str]:
    passed_over = {topic for each in asked for topic in each.passed_over}
    if passed_over:
        types = counted(len(passed_over), "type")
        yield (
            f"{kind}s of {types} were not asked for (discover: declared); --since SNAPSHOT or "
            "--discover all finds what a changed declaration left there"
        )
    refused: dict[str, set[str]] = {}
    for each in asked:
        for topic, reason in each.refused.items():
            refused.setdefault(reason, set()).add(topic)
    for reason, topics in sorted(refused.items()):
        yield f"{kind}s of {counted(len(topics), 'type')} are not shown: {reason}"
    yield from sorted({remark for each in asked for remark in each.remarks})


def too_narrow(steps: Iterable[Step], asked: Mapping[Scope, Asked]) -> dict[Scope, Asked]:
    """Return the scopes to look further in before these steps are taken.

    That is where something goes that objects refer to whose topics were not all asked for.
    """
    going = {
        (step.change.former.account, step.change.former.spec.kind)
        for step in steps
        if step.verb == "delete"
    }
    return {
        scope: each
        for scope, each in asked.items()
        if each.passed_over
        and any(
            (scope.account, reference.kind) in going
            for kind in scope.kinds
            for reference in kind.refs.values()
        )
    }
