"""Which accounts a run is about, and which others it has to read for that."""

import zlib
from collections.abc import Iterable, Mapping, Sequence

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.addresses import did_you_mean, meets
from reconciler.core.model.errors import WrongUsage
from reconciler.core.model.objects import Desired
from reconciler.core.model.plan import Plan
from reconciler.core.planning.plan import Prepared
from reconciler.core.planning.succession import heirs_elsewhere
from reconciler.core.planning.terms import Terms
from reconciler.core.service import Account, Service
from reconciler.core.text.phrases import near
from reconciler.core.world.matching import Selection

Services = Sequence[Service]


def select(declared: Declarations, terms: Terms) -> Selection:
    """Return what a run is limited to.

    Raises:
        WrongUsage: an account or a pattern means nothing that is declared.
    """
    accounts = _accounts(declared, terms)
    _check_targets(declared, terms)
    coming = frozenset[str]()
    if accounts is not None and terms.shard is not None:
        # The other shards are applied beside this one.
        coming = frozenset(terms.accounts or declared.accounts) - accounts
    return Selection(accounts, terms.targets, coming)


def selected(declared: Declarations, selection: Selection) -> dict[str, Account]:
    """Return the accounts that a run is about, by name."""
    names = declared.accounts if selection.accounts is None else selection.accounts
    return {name: declared.accounts[name] for name in sorted(names)}


def _accounts(declared: Declarations, terms: Terms) -> frozenset[str] | None:
    if not terms.accounts and terms.shard is None:
        return None
    unknown = sorted(set(terms.accounts) - set(declared.accounts))
    if unknown:
        known = ", ".join(sorted(declared.accounts))
        hint = near(unknown[0], declared.accounts)
        raise WrongUsage(f"--account {unknown[0]}: not declared; there are {known}{hint}")
    names = set(terms.accounts or declared.accounts)
    if terms.shard is not None:
        number, total = (int(part) for part in terms.shard.split("/"))
        # By name alone, so that adding an account moves no other one to another shard.
        names = {name for name in names if zlib.crc32(name.encode()) % total == number - 1}
    return frozenset(names)


def _check_targets(declared: Declarations, terms: Terms) -> None:
    """Check that each pattern means something, in the accounts that were named too."""
    specimens = [item.specimen for item in declared.unlisted]
    all_of_it = (*declared.desired, *specimens)
    addresses = [item.address for item in all_of_it]
    within = [
        item.address for item in all_of_it if not terms.accounts or item.account in terms.accounts
    ]
    for pattern in terms.targets:
        if any(_may_meet(pattern, item) for item in specimens):
            continue
        if not any(meets(pattern, address) for address in addresses):
            hint = did_you_mean(pattern, within or addresses)
            raise WrongUsage(f"--target {pattern}: nothing declared has this address{hint}")
        if not any(meets(pattern, address) for address in within):
            raise WrongUsage(
                f"--target {pattern}: it is in none of the accounts given with --account"
            )


def _may_meet(pattern: str, specimen: Desired) -> bool:
    """Say whether a pattern may name a member that the service has not named yet."""
    name, member, _ = pattern.partition("[")
    return bool(member) and meets(name, specimen.address)


def to_read(declared: Declarations, selection: Selection, services: Services) -> dict[str, Account]:
    """Return the accounts to read: those selected, and those that bear on them.

    Whose an object is shows at what it refers to, so that every account that may hold such is
    looked at; those that are declared to refer to a selected one are, too.
    """
    selected = selection.accounts
    if selected is None:
        return dict(sorted(declared.accounts.items()))
    account_of = {item.address: item.account for item in declared.desired}
    referring = {
        item.account
        for item in declared.desired
        if any(account_of[address] in selected for address in item.references.values())
    }
    names = selected | referring | _offering(declared, selected, services)
    return {name: declared.accounts[name] for name in sorted(names)}


def bearing(
    declared: Declarations, prepared: Prepared, read: Mapping[str, Account], services: Services
) -> dict[str, Account]:
    """Return further accounts that bear on what a plan removes.

    Those whose objects, declared or not, may point at it, and those with what may take its place.
    """
    names = _pointing(declared, prepared.plan, services)
    names |= heirs_elsewhere(declared.desired, prepared.steps, read)
    return {name: declared.accounts[name] for name in sorted(names - read.keys())}


def _offering(declared: Declarations, selected: Iterable[str], services: Services) -> set[str]:
    """Return the accounts of services with kinds that objects of the selected may refer to."""
    selected = set(selected)
    theirs = {declared.accounts[name].service for name in selected}
    kinds = {
        kind for service in services if service.name in theirs for kind in _referred_to(service)
    }
    kinds |= {
        reference.kind
        for item in declared.desired
        if item.account in selected
        for reference in item.spec.refs.values()
        if not reference.same_account
    }
    offering = {service.name for service in services if kinds & set(service.kinds)}
    return {name for name, account in declared.accounts.items() if account.service in offering}


def _pointing(declared: Declarations, plan: Plan, services: Services) -> set[str]:
    """Return accounts of services whose objects may point at what a plan removes."""
    going = {action.kind for action in plan.actions if action.action in ("delete", "replace")}
    pointing = {service.name for service in services if going & _referred_to(service)}
    return {name for name, account in declared.accounts.items() if account.service in pointing}


def _referred_to(service: Service) -> set[str]:
    """Return the kinds that objects of a service may refer to in other accounts."""
    return {
        reference.kind
        for shape in service.declarations.values()
        for reference in shape.spec_type.refs.values()
        if not (reference.same_account or shape.spec_type.local)
    }
