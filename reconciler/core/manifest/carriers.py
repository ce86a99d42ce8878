"""What has to stand before notifications begin: what carries them on from where they are sent."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.core.model.addresses import DeclaredAddress
from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Desired


def begun_last(desired: Sequence[Desired]) -> list[Desired]:
    """Return the objects, those that begin deliveries after all that carries these on.

    A target that is there is no way yet: what is sent before a rule stands is lost.
    """
    carriers = [item for item in desired if item.spec.delivery.carrying]
    reached = _reached(desired) if carriers else {}
    return [
        replace(item, after=_carriers(item, carriers, reached))
        if carriers and item.spec.delivery.begins
        else item
        for item in desired
    ]


def unmatched(desired: Sequence[Desired]) -> Iterator[Finding]:
    """Yield what is sent and carried on by nothing, and what is to be carried and never sent."""
    carriers = [item for item in desired if item.spec.delivery.carrying]
    reached = _reached(desired) if carriers else {}
    begun = [item for item in desired if item.spec.delivery.begins and carriers]
    for item in begun:
        there = [one for one in carriers if {*item.references.values()} & reached[one.address]]
        taking = [one for one in there if one.spec.delivery.takes(one.spec) is not None]
        topic = item.spec.topic()
        if there and not any(one.spec.delivery.carries(one.spec, topic) for one in taking):
            at = min(one.address for one in there if one not in taking)
            message = f"{topic} arrives at {at}, and nothing declared takes it on from there"
            yield Finding(address=item.address, message=message)
    for one in carriers:
        sent = {it.spec.topic() for it in begun if {*it.references.values()} & reached[one.address]}
        for topic in sorted((one.spec.delivery.takes(one.spec) or frozenset()) - sent):
            message = f"nothing declared subscribes {topic}, so that none of it arrives here"
            yield Finding(address=one.address, message=message)


def _carriers(
    item: Desired,
    carriers: Sequence[Desired],
    reached: Mapping[DeclaredAddress, Collection[DeclaredAddress]],
) -> tuple[DeclaredAddress, ...]:
    sent_to = {*item.references.values()}
    return tuple(
        other.address
        for other in carriers
        if sent_to & {*reached[other.address]}
        and other.spec.delivery.carries(other.spec, item.spec.topic())
    )


def _reached(desired: Sequence[Desired]) -> dict[DeclaredAddress, set[DeclaredAddress]]:
    """Return by address what an object refers to, directly or through others."""
    links = {item.address: {*item.references.values()} for item in desired}
    found: dict[DeclaredAddress, set[DeclaredAddress]] = {}
    for address in links:
        seen, waiting = set[DeclaredAddress](), [address]
        while waiting:
            more = links.get(waiting.pop(), set()) - seen
            seen |= more
            waiting += more
        found[address] = seen
    return found
