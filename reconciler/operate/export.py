"""Live objects that no declaration covers → a file of declarations. Pure."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.objects import Live
from reconciler.core.planning.decide import decide, undeclared
from reconciler.core.service import Service
from reconciler.core.world.matching import Selection, World
from reconciler.core.world.observation import Observation
from reconciler.core.world.refs import internalise
from reconciler.operate.live_declarations import Composer, declarations_of
from reconciler.operate.read_back import ReadBack, Reread
from reconciler.run import Progress, Session, look_at_everything, select, silent


@dataclass(frozen=True, slots=True)
class Exported:
    """A file of declarations: its text (empty: nothing to declare) and the live objects it covers.

    `notes` are sentences on what was left out, and why; `refused` counts what could not be
    expressed, `foreign` what belongs to other stacks. `observation` is what was read.
    """

    text: str
    live: tuple[Live, ...]
    notes: tuple[str, ...]
    refused: int = 0
    foreign: int = 0
    observation: Observation = Observation()  # noqa: RUF009 - a frozen value, shared safely


def export(session: Session, *, progress: Progress = silent) -> Exported:
    """Read the accounts of a session, whole, and write declarations of what nobody declared.

    Raises:
        WrongUsage: the session's terms name an account that is not declared.
        PlanRefused: an account is not the declared one.
    """
    seen = look_at_everything(session, progress=progress)
    return express(
        session.declarations,
        seen,
        services=session.services,
        reread=session.reread,
        accounts=select(session.declarations, session.terms).accounts,
    )


def express(
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
    world = decide(declarations, known, observation, Selection(accounts))
    mine, notes = _sorted_out(world, declarations, accounts)
    read_back = ReadBack(declarations, world, reread, declarations_of(mine, declarations, services))
    document, text = read_back.run(Composer(declarations, services))
    covered = {
        live.live_address: live
        for declaration in document.composed.values()
        for live in declaration.live
    }
    left = [*read_back.refused.values(), *_implied(mine, covered, services)]
    remarks = (*notes, *sorted(left))
    return Exported(text, tuple(covered.values()), remarks, len(left), len(notes), observation)


def _implied(
    live: Iterable[Live], covered: Collection[str], services: Iterable[Service]
) -> Iterator[str]:
    """Yield a note on each object that only comes with a declaration which was not written."""
    kinds = {kind for service in services for kind in service.implied}
    for item in live:
        if item.spec.kind in kinds and item.live_address not in covered:
            yield (
                f"{item.live_address} is not exported: it comes with the declaration of what has "
                f"it made, which names the account {item.account!r}"
            )


def _sorted_out(
    world: World, declarations: Declarations, accounts: frozenset[str] | None
) -> tuple[list[Live], list[str]]:
    """Return undeclared objects that nobody else owns, and a note on each of the others."""
    found, notes = list[Live](), list[str]()
    for live in undeclared(world):
        if accounts is not None and live.account not in accounts:
            continue
        address = live.live_address
        stack = world.belonging(live).stack
        if stack not in (None, declarations.stack):
            notes.append(f"{address} belongs to stack {stack!r}: not exported")
            continue
        found.append(live)
    return found, notes
