"""Between two waves: the next begins when what the one before brought about delivers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.objects import Desired, Live
from reconciler.core.planning.guards import short_list
from reconciler.core.planning.plan import Prepared
from reconciler.run.threads import Progress, as_sentence


@dataclass(frozen=True, slots=True)
class WaveQuestion:
    """Do these declared subscriptions of a wave deliver?

    `known` are the ids of all live subscriptions, `within` the seconds a test message may take.
    """

    declared: Declarations
    items: tuple[Desired, ...]
    known: frozenset[str]
    within: float


ProveWave = Callable[[WaveQuestion, Progress], Sequence[str]]
"""Returns what does not deliver: addresses and why, a sentence a reason; none where all deliver."""


class WaveGate:
    """Looks at each wave at most once; without `prove` every wave passes."""

    def __init__(self, prepared: Prepared, prove: ProveWave | None, progress: Progress) -> None:
        self._prepared, self._prove, self._progress = prepared, prove, progress
        self._looked = -1
        self.shut: str | None = None
        """Why nothing more is begun, None as long as everything delivers."""

    def look(self, number: int, made: Iterable[Live], within: float) -> None:
        """Have the waves up to `number` proven; `made` was created or updated by this run."""
        while self._prove is not None and self.shut is None and self._looked < number:
            self._looked += 1
            items = self._items(self._looked)
            if items:
                question = WaveQuestion(
                    self._prepared.world.declarations, items, self._known(made), within
                )
                self.shut = self._answer(self._prove, question)

    def _answer(self, prove: ProveWave, question: WaveQuestion) -> str | None:
        name = self._prepared.waves[self._looked].name
        try:
            silent = prove(question, self._progress)
        except Exception as error:  # noqa: BLE001 - the steps' outcomes must still be told
            return f"wave {name} was not verified: {as_sentence('', error)}; apply again"
        if not silent:
            return None
        return f"wave {name} does not deliver: {short_list(sorted(silent))}; apply again"

    def _items(self, number: int) -> tuple[Desired, ...]:
        world, begins = self._prepared.world, self._prepared.waves[number].begins
        return tuple(
            item
            for item in world.declarations.desired
            if item.address in begins and world.selection.takes(item)
        )

    def _known(self, made: Iterable[Live]) -> frozenset[str]:
        live = (*self._prepared.world.live, *made)
        return frozenset(it.outputs.get("id", "") for it in live if it.spec.delivery.begins)
