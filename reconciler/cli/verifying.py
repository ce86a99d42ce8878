"""verify: read what the chosen subscriptions lead to, test it, tell the verdicts."""

from dataclasses import dataclass
from datetime import UTC, datetime

from reconciler.cli import exits
from reconciler.cli.options import VerifyFormat
from reconciler.cli.session import RunRequest, check_targets, connected, declared_for, select
from reconciler.cli.state import State
from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.objects import Desired
from reconciler.core.verdicts.proof import Verification
from reconciler.core.world.discovery import DECLARED
from reconciler.core.world.matching import Selection
from reconciler.operate.verify import VerifyManner, accounts_behind, chosen, verify
from reconciler.reports import as_json
from reconciler.run import observe
from reconciler.wiring import recognisers

STATIC = "nothing was sent (--static)"
IN_SANDBOX = "nothing is posted to call back URIs with --sandbox: they are not part of it"


@dataclass(frozen=True, slots=True)
class VerifyWish:
    """How to verify, and how to write the result; `timeout` in seconds."""

    form: VerifyFormat
    timeout: float
    allow_private: bool
    static: bool


def verify_all(state: State, request: RunRequest, wish: VerifyWish) -> int:
    """Verify the subscriptions that a request selects, and write the verdicts."""
    declared = declared_for(state, request)
    items = _chosen(declared, request)
    found = _verified(state, declared, items, request, wish)
    if wish.form is VerifyFormat.json:
        state.result(as_json.render(found))
    else:
        state.report(found)
    return exits.DONE if found.good else exits.ERROR


def _chosen(declared: Declarations, request: RunRequest) -> tuple[Desired, ...]:
    check_targets(declared, request)
    items = chosen(declared, Selection(select(declared, request), request.targets))
    if not items and (request.targets or request.accounts):
        named = ", ".join((*request.targets, *request.accounts))
        raise exits.WrongUsage(
            f"{named}: no declared subscription matches; name one, or none for all"
        )
    return items


def _verified(
    state: State,
    declared: Declarations,
    items: tuple[Desired, ...],
    request: RunRequest,
    wish: VerifyWish,
) -> Verification:
    # Subscriptions nobody declared prove nothing, and looking for them may take long.
    accounts = {name: declared.accounts[name] for name in sorted(accounts_behind(declared, items))}
    with connected(state, request, accounts) as (providers, ticker):
        observation = observe(declared, providers, discovery=DECLARED, progress=ticker)
        manner = _manner(wish, sandbox=request.sandbox is not None)
        return verify(declared, providers, observation, items, manner, progress=ticker)


def _manner(wish: VerifyWish, *, sandbox: bool) -> VerifyManner:
    return VerifyManner(
        now=lambda: datetime.now(UTC).timestamp(),
        within=wish.timeout,
        allow_private=wish.allow_private,
        sends=not wish.static,
        posts=not (wish.static or sandbox),
        unsent=STATIC if wish.static else IN_SANDBOX,
        recognisers=recognisers(),
    )
