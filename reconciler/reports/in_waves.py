"""Which wave of a plan does what, and for whom, as one line each."""

from collections.abc import Callable, Iterator, Sequence

from reconciler.core.model.plan import PlannedWave
from reconciler.core.text.visible import visible
from reconciler.reports import findings

_NAMED = 3


def title(waves: Sequence[PlannedWave]) -> str:
    """Say what keeps a wave from being begun."""
    silence = ", or that does not deliver," if waves[0].verified else ""
    return f"In waves; one with a failure{silence} leaves those after it to a later run"


def lines(
    waves: Sequence[PlannedWave], write: Callable[[str], str] = visible, *, whole: bool = False
) -> Iterator[str]:
    """Yield each wave with its counts and whom it is about; `whole`: all of these."""
    for wave in waves:
        done = findings.verb_counts(wave.summary) or "nothing to do"
        yield f"{write(wave.name)}: {done}{_for(wave.members, write, whole=whole)}"
    verbs = {verb for wave in waves for verb in wave.summary}
    if "delete" in verbs and len(verbs) > 1:
        yield "deletes follow in the same order"


def _for(members: Sequence[str], write: Callable[[str], str], *, whole: bool) -> str:
    if not members:
        return ""
    named = members if whole else members[:_NAMED]
    more = len(members) - len(named)
    rest = f" and {more:,} more" if more else ""
    return f" for {', '.join(map(write, named))}{rest}"
