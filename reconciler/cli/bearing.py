"""Which further accounts bear on what a run does in those that it is limited to."""

from collections.abc import Iterable, Mapping

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.plan import Plan
from reconciler.core.planning.plan import Prepared
from reconciler.core.planning.succession import heirs_elsewhere
from reconciler.core.service import Account


def offering(declared: Declarations, selected: Iterable[str]) -> set[str]:
    """Return the accounts of services with kinds that objects of the selected may refer to."""
    from reconciler.wiring import SERVICES

    theirs = {declared.accounts[name].service for name in selected}
    kinds = {
        reference.kind
        for service in SERVICES
        if service.name in theirs
        for shape in service.declarations.values()
        for reference in shape.spec_type.refs.values()
        if not reference.same_account
    }
    services = {
        service.name
        for service in SERVICES
        if kinds & {shape.spec_type.kind for shape in service.declarations.values()}
    }
    return {name for name, account in declared.accounts.items() if account.service in services}


def bearing(
    declared: Declarations, prepared: Prepared, read: Mapping[str, Account]
) -> dict[str, Account]:
    """Return further accounts that bear on what a plan removes.

    Those whose objects, declared or not, may point at it, and those with what may take its place.
    """
    names = _pointing(declared, prepared.plan)
    names |= heirs_elsewhere(declared.desired, prepared.steps, read)
    return {name: declared.accounts[name] for name in sorted(names - read.keys())}


def _pointing(declared: Declarations, plan: Plan) -> set[str]:
    """Return accounts of services whose objects may point at what a plan removes."""
    from reconciler.wiring import SERVICES

    going = {action.kind for action in plan.actions if action.action in ("delete", "replace")}
    services = {
        service.name
        for service in SERVICES
        for shape in service.declarations.values()
        for reference in shape.spec_type.refs.values()
        if reference.kind in going and not reference.same_account
    }
    return {name for name, account in declared.accounts.items() if account.service in services}
