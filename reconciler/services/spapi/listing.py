"""A seller's subscriptions, of which the service lists one notification type a call.

Asked for is what there may be: a subscription needs a destination, and a type is delivered either
to queues or to event buses. Where there is a destination, what is declared is always asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.model.objects import Live
from reconciler.core.provider import Asked, Interest
from reconciler.services.spapi.catalogue import TYPES
from reconciler.services.spapi.client import Listing, SpApiClient
from reconciler.services.spapi.failures import NotPermitted, UnknownType
from reconciler.services.spapi.specs import SpApiDestination, SpApiSubscription

KNOWN_VERSIONS = {known.name: known.versions for known in TYPES.values()}

_NOT_WHOLE = (
    "this service does not list subscriptions (getSubscriptions), so that several to one type, "
    "which filter expressions permit, are not all seen"
)
_NOT_PERMITTED = "the application may not ask for them (403), since it lacks their roles"


@dataclass(frozen=True, slots=True)
class TypesToList:
    """Types to ask for, with their payload versions, and `passed_over` ones that there may be.

    `declared` are those among them that are declared for the seller.
    """

    wanted: Mapping[str, tuple[str, ...]]
    declared: frozenset[str]
    passed_over: frozenset[str]


def wish(interest: Interest) -> TypesToList:
    """Return which types to ask a seller's account for."""
    if interest.beside is not None and not _places(interest.beside):
        return TypesToList({}, frozenset(), frozenset())
    declared = _declared_versions(interest)
    possible = _possible(interest.beside)
    names = {*declared, *interest.topics, *(possible if interest.discover_all else ())}
    wanted = {
        name: declared.get(name, KNOWN_VERSIONS.get(name, ()))
        for name in sorted(names - interest.known)
    }
    return TypesToList(wanted, frozenset(declared), frozenset(possible - names - interest.known))


def list_types(
    client: SpApiClient, seller: str, wish: TypesToList, interest: Interest
) -> dict[str, Listing]:
    """Return what a seller has of each type, and tell the interested how far that goes.

    Raises:
        ServiceError: a type could not be listed; what the application's roles do not permit is
            told instead, unless nothing at all is permitted.
    """
    listings: dict[str, Listing] = {}
    refused: dict[str, NotPermitted] = {}
    for name, versions in wish.wanted.items():
        try:
            listings[name] = client.list_subscriptions(seller, name, versions)
        except UnknownType:
            if name in wish.declared and name in TYPES:
                raise
            # Nobody can be subscribed to what does not exist (yet).
            listings[name] = Listing((), whole=True)
        except NotPermitted as error:
            refused[name] = error
    if refused and not listings and not interest.known:
        raise next(iter(refused.values()))
    whole = all(listing.whole for listing in listings.values())
    interest.report(
        Asked(
            topics=frozenset(wish.wanted) | interest.known,
            passed_over=wish.passed_over,
            refused=dict.fromkeys(refused.keys() - wish.declared, _NOT_PERMITTED),
            denied={name: error for name, error in refused.items() if name in wish.declared},
            remarks=() if whole else (_NOT_WHOLE,),
        )
    )
    return listings


def _places(beside: tuple[Live, ...]) -> list[SpApiDestination]:
    return [item.spec for item in beside if isinstance(item.spec, SpApiDestination)]


def _possible(beside: tuple[Live, ...] | None) -> frozenset[str]:
    """Return the known types that a live destination could receive."""
    if beside is None:
        return frozenset(TYPES)
    buses = {place.event_bridge is not None for place in _places(beside)}
    return frozenset(name for name, it in TYPES.items() if (it.workflow == "EventBridge") in buses)


def _declared_versions(interest: Interest) -> dict[str, tuple[str, ...]]:
    """Return the declared types with the payload versions that they may have been given."""
    versions: dict[str, set[str]] = {}
    for spec in interest.declared:
        if isinstance(spec, SpApiSubscription):
            known = KNOWN_VERSIONS.get(spec.notification_type, ())
            versions.setdefault(spec.notification_type, set(known)).add(spec.payload_version)
    return {name: tuple(sorted(found)) for name, found in versions.items()}
