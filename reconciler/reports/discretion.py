"""Reports without the names of what is other people's: for where more people read than may know.

What is not ours is counted. A sentence that names it (who still points at a queue) says "a queue
that is not ours" instead.
"""

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from reconciler.core.model.addresses import identity_address
from reconciler.core.model.finding import Finding
from reconciler.core.model.plan import Guard, Plan, Unmanaged
from reconciler.core.verdicts.drift import Drift
from reconciler.reports.model import ApplyResult

R = TypeVar("R", Plan, Drift)
_AFTER = r"(?![\w/-]|\.\w)"
"""What may not follow an address: `queue.aws/a` is not what `queue.aws/a-b` begins with."""


def discreet(report: R) -> R:
    """Return a plan or drift whose sentences name nothing that is not ours."""
    kept = partial(_without, _addresses(report.unmanaged))
    changed: dict[str, object] = {
        "problems": tuple(_finding(item, kept) for item in report.problems),
        "warnings": tuple(_finding(item, kept) for item in report.warnings),
    }
    if isinstance(report, Plan):
        changed["guards"] = _guards(report.guards, kept)
    return report.model_copy(update=changed)


def discreet_application(application: ApplyResult, plan: Plan) -> ApplyResult:
    """Return what became of a plan, likewise."""
    kept = partial(_without, _addresses(plan.unmanaged))
    actions = (
        item.model_copy(update={"error": kept(item.error)}) if item.error else item
        for item in application.actions
    )
    return application.model_copy(
        update={
            "actions": tuple(actions),
            "message": application.message and kept(application.message),
            "problems": tuple(_finding(item, kept) for item in application.problems),
            "guards": _guards(application.guards, kept),
        }
    )


def _addresses(unmanaged: Iterable[Unmanaged]) -> dict[str, list[tuple[str, str]]]:
    """Return addresses and what they are called instead, by what they begin with."""
    found: dict[str, list[tuple[str, str]]] = {}
    for item in unmanaged:
        instead = f"a {item.kind} that is not ours"
        begin = f"{item.kind}.{item.account}/"
        address = identity_address(item.kind, item.account, item.identity)
        found.setdefault(begin, []).append((address, instead))
    return found


def _without(addresses: dict[str, list[tuple[str, str]]], text: str) -> str:
    for begin, named in addresses.items():
        if begin in text:
            for address, instead in named:
                if address in text:
                    text = re.sub(re.escape(address) + _AFTER, instead, text)
    return text


def _finding(item: Finding, kept: Callable[[str], str]) -> Finding:
    return item.model_copy(update={"address": kept(item.address), "message": kept(item.message)})


def _guards(guards: Iterable[Guard], kept: Callable[[str], str]) -> tuple[Guard, ...]:
    return tuple(item.model_copy(update={"message": kept(item.message)}) for item in guards)
