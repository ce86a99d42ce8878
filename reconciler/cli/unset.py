"""Environment variables that declarations refer to and nobody has set."""

from collections.abc import Iterable, Mapping

from reconciler.cli.state import State
from reconciler.core.model.objects import Desired
from reconciler.core.model.secret_ref import references_in
from reconciler.core.service import Account

_NAMED = 40
"""Variables that are named one by one; a fleet may lack thousands."""


def say_unset(state: State, desired: Iterable[Desired], accounts: Mapping[str, Account]) -> None:
    """Say at once which variables these accounts lack: reading them tells one an account."""
    within = (item.spec.secrets() for item in desired if item.account in accounts)
    references = [*references_in(list(accounts.values())), *(it for all_ in within for it in all_)]
    unset = state.secrets.unset(references)
    if len(unset) == 1:
        state.say(
            f"not set: the environment variable {unset[0]}; `reconciler doctor` tells where it "
            "belongs"
        )
    elif unset:
        more = f" and {len(unset) - _NAMED} more" if len(unset) > _NAMED else ""
        state.say(
            f"not set: {', '.join(unset[:_NAMED])}{more}; give these environment variables their "
            "values: `reconciler doctor` tells where each belongs"
        )
