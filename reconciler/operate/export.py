"""Live objects that no declaration covers → a file of declarations. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.core.decide import Selection, World, decide, undeclared
from reconciler.core.manifest.reader import Declarations
from reconciler.core.model import Live, live_address
from reconciler.core.observation import Observation
from reconciler.core.provider import Service
from reconciler.core.refs import get, internalise
from reconciler.operate.drafting import Composer, drafts_of
from reconciler.operate.trial import Reread, Trial


@dataclass(frozen=True, slots=True)
class Exported:
    """A file of declarations: its text (empty: nothing to declare) and the live objects it covers.

    `notes` are sentences on what was left out, and why.
    """

    text: str
    live: tuple[Live, ...]
    notes: tuple[str, ...]


def export(
    declarations: Declarations,
    observation: Observation,
    *,
    services: Sequence[Service],
    reread: Reread,
    accounts: frozenset[str] | None = None,
) -> Exported:
    """Write declarations of what is live in `accounts` (None: all) and not declared."""
    declarations = observation.complete(declarations)
    known, _ = internalise(observation.live, declarations.desired)
    world = decide(declarations, known, observation, Selection())
    mine, notes = _sorted_out(world, declarations, accounts)
    trial = Trial(declarations, world, reread, drafts_of(mine, declarations, services))
    document, text = trial.run(Composer(declarations, services))
    covered = (live for draft in document.drafts.values() for live in draft.live)
    return Exported(text, tuple(covered), (*notes, *sorted(trial.refused.values())))


def _sorted_out(
    world: World, declarations: Declarations, accounts: frozenset[str] | None
) -> tuple[list[Live], list[str]]:
    """Return undeclared objects that nobody else owns, and a note on each of the others."""
    whose, found, notes = _Whose(world), dict[str, Live](), list[str]()
    for live in undeclared(world):
        if accounts is not None and live.account not in accounts:
            continue
        address = live_address(live.spec, live.account)
        stack = whose.stack(live)
        if stack is not None:
            notes.append(f"{address} belongs to stack {stack!r}: not exported")
            continue
        # Two entries may name one real account.
        real = declarations.accounts[live.account].real() or (live.account,)
        found.setdefault(live_address(live.spec, "/".join(real)), live)
    return list(found.values()), notes


class _Whose:
    """Tells which other stack a live object belongs to, by its mark or by what it rests on."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._behind = {
            (live.spec.kind, scope, live.spec.handle(live.account, live.outputs)): live
            for live in world.live
            for scope in (live.account, "")
        }

    def stack(self, live: Live) -> str | None:
        """Return the other stack, None where there is none."""
        owner = self._world.owner[live_address(live.spec, live.account)]
        if owner == "foreign":
            return live.owner
        if owner == "ours":
            return None
        for evidence in live.spec.evidence:
            reference = live.spec.refs.get(evidence.field)
            if reference is not None:
                scope = live.account if reference.same_account else ""
                handle = get(live.spec, evidence.field) or ""
                behind = self._behind.get((reference.kind, scope, handle))
                if behind is not None and (stack := self.stack(behind)) is not None:
                    return stack
        return None
