"""Verdicts about delivery: how far it is proven that a subscription's notifications arrive."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from reconciler.core.model.delivery import Link, LinkState
from reconciler.core.model.finding import Finding
from reconciler.core.model.spec import Frozen

Verdict = Literal["proven", "plausible", "unproven"]
VERDICTS: tuple[Verdict, ...] = ("proven", "plausible", "unproven")


class LinkReport(Frozen):
    """One link as it is reported."""

    link: str
    state: LinkState
    detail: str


class Proof(Frozen):
    """The verdict about one subscription; `link` is the one that decided it, `reason` why.

    proven: a test message went the whole way. plausible: everything that can be seen from here is
    right. unproven: a link is broken, or unknown since it could not be read or tried.
    """

    address: str
    account: str
    verdict: Verdict
    link: str
    reason: str
    links: tuple[LinkReport, ...]

    @property
    def broken(self) -> bool:
        """Say whether nothing arrives, as far as that is known."""
        return any(link.state == "broken" for link in self.links)


class Verification(Frozen):
    """The verdicts about all subscriptions looked at; not `complete` where a read failed.

    `limits` are the options that left out part of what is declared.
    """

    stack: str
    complete: bool
    limits: tuple[str, ...] = ()
    summary: dict[str, int]
    subscriptions: tuple[Proof, ...]
    problems: tuple[Finding, ...] = ()

    @property
    def good(self) -> bool:
        """Say whether everything was read and nothing is unproven."""
        return self.complete and not self.summary["unproven"]


def judge(address: str, account: str, links: Sequence[Link]) -> Proof:
    """Return the verdict: the first broken link decides, then an unknown, then a doubtful one.

    The last link is that of a test message, which is all that proves anything.
    """
    verdict, link = _decided(links)
    return Proof(
        address=address,
        account=account,
        verdict=verdict,
        link=link.name,
        reason=link.detail,
        links=tuple(
            LinkReport(link=item.name, state=item.state, detail=item.detail) for item in links
        ),
    )


def verification(stack: str, proofs: Iterable[Proof], problems: Iterable[Finding]) -> Verification:
    """Return the report of a run; `problems` are what could not be read."""
    sorted_proofs = tuple(sorted(proofs, key=lambda proof: proof.address))
    counts = Counter(proof.verdict for proof in sorted_proofs)
    unread = tuple(problems)
    return Verification(
        stack=stack,
        complete=not unread,
        summary={verdict: counts[verdict] for verdict in VERDICTS},
        subscriptions=sorted_proofs,
        problems=unread,
    )


def _decided(links: Sequence[Link]) -> tuple[Verdict, Link]:
    deciding: tuple[tuple[LinkState, Verdict], ...] = (
        ("broken", "unproven"),
        ("unknown", "unproven"),
        ("doubtful", "plausible"),
    )
    for state, verdict in deciding:
        found = next((link for link in links if link.state == state), None)
        if found is not None:
            return verdict, found
    return "proven", links[-1]
