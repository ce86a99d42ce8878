"""Declarations whose members only the service can name: all accounts that are linked to one."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from reconciler.core.model.addresses import Address, LiveAddress, declared_address
from reconciler.core.model.objects import Desired
from reconciler.core.service import Context, Declaration


class Unlisted(NamedTuple):
    """A declaration that stands for one object a member, as soon as the service has listed them.

    `specimen` is one of them with a member made up, good for every rule that holds offline; its
    address is that of the declaration.
    """

    specimen: Desired
    declaration: Declaration
    context: Context

    @property
    def address(self) -> Address:
        """Return the address of the declaration, without a member."""
        return self.specimen.address

    @property
    def account(self) -> str:
        """Return the name of the account whose service lists the members."""
        return self.specimen.account

    def desired(self, names: Iterable[str], declared: Collection[LiveAddress]) -> Iterator[Desired]:
        """Yield the object of each member; those that are `declared` by name are left to that."""
        context = self.context._replace(listed=tuple(names))
        for member in self.declaration.members(context):
            address = declared_address(member.spec.kind, context.name, member.member)
            outputs = member.outputs or {}
            item = replace(self.specimen, address=address, spec=member.spec, outputs=outputs)
            if item.live_address not in declared:
                yield item
