"""Completion in the shell: names and addresses from the declarations at hand.

A shell asks while somebody types, so this is offline, and whatever is wrong is passed over: the
command itself will tell.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from reconciler.core.text.expressions import Expression

if TYPE_CHECKING:
    from reconciler.core.manifest.reader import Declarations

Offer = Iterator[tuple[str, str]]
"""What may be typed, and what it is."""
Complete = Callable[[typer.Context, str], list[tuple[str, str]]]

# Shells evaluate what they are offered, and declarations may come from anywhere.
_PLAIN = Expression(r"[A-Za-z0-9_.\-\[\]]+")


def accounts(declared: "Declarations", _typed: str) -> Offer:
    """Offer the declared accounts."""
    for name, account in declared.accounts.items():
        yield name, account.service


def addresses(declared: "Declarations", _typed: str) -> Offer:
    """Offer the addresses of everything declared."""
    for item in declared.desired:
        yield item.address, item.account
    for unlisted in declared.unlisted:
        yield unlisted.address, unlisted.account


def subscriptions(declared: "Declarations", _typed: str) -> Offer:
    """Offer the addresses of declared subscriptions."""
    return (offer for offer in addresses(declared, "") if offer[0].startswith("subscription."))


def queues(declared: "Declarations", typed: str) -> Offer:
    """Offer the declared queues by name; by address, once one has been begun."""
    prefix = "queue."
    for address, account in addresses(declared, ""):
        if address.startswith(prefix):
            yield address if typed.startswith(prefix) else address.removeprefix(prefix), account


def services(incomplete: str) -> list[str]:
    """Offer the services that a repository may be started with."""
    from reconciler.starter.selection import offered
    from reconciler.wiring import SERVICES

    return [name for name in offered(SERVICES) if name.startswith(incomplete)]


def completion(parameter: str, offered: Callable[["Declarations", str], Offer]) -> Complete:
    """Return what completes a parameter of a command whose declarations lie at its PATH."""

    def complete(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
        declared = _declared(context)
        if declared is None:
            return []
        given = context.params.get(parameter) or ()
        return [
            (value, what)
            for value, what in offered(declared, incomplete)
            if value.startswith(incomplete) and value not in given and _PLAIN.fullmatch(value)
        ]

    return complete


def _declared(context: typer.Context) -> "Declarations | None":
    from reconciler.wiring import declarations

    try:
        return declarations(_path(context))
    except Exception:  # noqa: BLE001 - nothing may be said between what somebody types
        return None


def _path(context: typer.Context) -> Path:
    """Return the PATH that was typed; nobody expanded it yet."""
    # Where the last word is an option that still lacks its value, parsing ends before arguments.
    names = [item.name for item in context.command.params if item.param_type_name == "argument"]
    left = dict(zip(names, context.args, strict=False))
    return Path(left.get("path", context.params["path"])).expanduser()
