"""Live destinations and subscriptions in the words of YAML: what `kinds` reads, backwards. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from reconciler.core.model.spec import Spec
from reconciler.core.service import WrittenDeclaration
from reconciler.services.spapi.account import SpApiAccount
from reconciler.services.spapi.catalogue import TYPES
from reconciler.services.spapi.specs import SpApiDestination, SpApiSubscription


def written_destination(spec: SpApiDestination) -> WrittenDeclaration:
    """Return the declaration of a live destination, called after its name."""
    target = "queue" if spec.queue is not None else "eventBridge"
    fields = {target: spec.fields()[target], "name": spec.name}
    return WrittenDeclaration((spec,), fields, fields, (spec.name,))


def written_subscriptions(
    specs: Iterable[Spec], account: SpApiAccount
) -> Iterator[WrittenDeclaration]:
    """Yield one declaration for all subscriptions that are equal but for the seller."""
    alike: dict[str, list[SpApiSubscription]] = {}
    for spec in specs:
        if isinstance(spec, SpApiSubscription):
            but_seller = spec.model_copy(update={"seller": ""})
            alike.setdefault(but_seller.model_dump_json(), []).append(spec)
    for same in alike.values():
        yield _folded(sorted(same, key=lambda spec: spec.seller), account)


def _folded(specs: Sequence[SpApiSubscription], account: SpApiAccount) -> WrittenDeclaration:
    first = specs[0]
    sellers = [spec.seller for spec in specs]
    known = TYPES.get(first.notification_type)
    only_version = known is not None and known.versions == (first.payload_version,)
    full: dict[str, Any] = {
        "destination": first.destination,
        "notificationType": first.notification_type,
        "payloadVersion": first.payload_version,
        "sellers": "all" if set(sellers) == set(account.sellers) else sellers,
        "filter": first.filter.model_dump(mode="json", exclude_none=True) if first.filter else None,
        "filterExpression": first.filter_expression,
    }
    fields = {name: value for name, value in full.items() if value is not None}
    if only_version:
        # A type with several versions may get a newer one, and the default would move with it.
        del fields["payloadVersion"]
    if len(account.sellers) == 1:
        del fields["sellers"]
    stem = first.notification_type.lower().replace("_", "-")
    return WrittenDeclaration(tuple(specs), fields, full, (stem, f"{stem}-{sellers[0]}"))
