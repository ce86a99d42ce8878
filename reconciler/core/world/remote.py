"""References by remote value (an ARN): whether what they lead to is there, as far as was seen."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.objects import Live
from reconciler.core.model.spec import Spec, references, to_snake
from reconciler.core.text.phrases import nearest
from reconciler.core.world.observation import Observation

State = Literal["there", "gone", "unexamined", "undeclared"]


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen of a remote value; `sentence` tells it, empty where it is there.

    gone: it lies in a declared account that was read whole, and is not in it. unexamined: that
    account was not read, or not whole. undeclared: it lies in no account that is declared.
    """

    state: State
    sentence: str = ""


class RemoteReferences:
    """Looks up remote values among what was observed; `live` hold handles in their references."""

    def __init__(
        self, declarations: Declarations, live: Iterable[Live], observation: Observation
    ) -> None:
        self._accounts = declarations.accounts
        self._observation = observation
        self._declared = {item.keys[1]: item.address for item in declarations.desired}
        self._known = {*self._declared, *(item.keys[1] for item in live)}

    def sight(self, kind: str, value: str) -> Sighting:
        """Tell whether there is an object of a kind with this remote value."""
        if (kind, "", value) in self._known:
            return Sighting("there")
        holding = [name for name, account in self._accounts.items() if account.holds(kind, value)]
        if not holding:
            detail = f"{value} is not declared here, so that nothing can be seen of it"
            return Sighting("undeclared", detail)
        whole = next((name for name in holding if self._read_whole(name, kind)), None)
        if whole is None:
            detail = f"{value} was not examined, since account {holding[0]!r} was not read"
            return Sighting("unexamined", detail)
        hint = self._hint(kind, value)
        detail = f"{value} does not exist: account {whole!r} was read, and holds no such {kind}"
        return Sighting("gone", f"{detail}{hint}")

    def of(self, spec: Spec, declared: Iterable[str] = ()) -> Iterator[tuple[str, Sighting]]:
        """Yield (path, sighting) of references by remote value; paths `declared` are by name."""
        for path, reference, value in references(spec):
            if path not in declared and reference.remote is not None:
                yield path, self.sight(reference.kind, value)

    def mentioned(self, spec: Spec) -> Iterator[tuple[str, Sighting]]:
        """Yield the same of what an object lists; nothing is lost where that is not there."""
        for path, reference in spec.mentions.items():
            listed = getattr(spec, to_snake(path))
            for value in listed if isinstance(listed, tuple) else ():
                yield path, self.sight(reference.kind, value)

    def _read_whole(self, account: str, kind: str) -> bool:
        looked_at = self._observation.accounts
        return (looked_at is None or account in looked_at) and not any(
            each.scope.account == account and any(it.kind == kind for it in each.scope.kinds)
            for each in self._observation.unread
        )

    def _hint(self, kind: str, value: str) -> str:
        """Name a declared object that is called alike; what is called so by others is theirs."""
        names = {
            handle.rpartition(":")[2]: address
            for (other, _, handle), address in sorted(self._declared.items())
            if other == kind
        }
        found = nearest(value.rpartition(":")[2], names)
        return f", did you mean {names[found]}?" if found else ""
