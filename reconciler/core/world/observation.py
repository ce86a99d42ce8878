"""What the services reported: the live side of every decision."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.finding import Finding
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.spec import Spec
from reconciler.core.provider import Asked, Scope
from reconciler.core.world.discovery import further, not_looked
from reconciler.core.world.effort import NO_EFFORT, Effort
from reconciler.core.world.unread import Unread


@dataclass(frozen=True, slots=True)
class Observation:
    """What the services reported: `live` objects hold remote values in their references.

    `accounts` are those that were looked at, by name, None for all. `completed` are declared specs
    that refer to secrets, with their values, by address. `asked` tells how far was looked where
    services list only what they are asked for, `recalled` what a snapshot says of it.
    `effort` is what reading this live takes. `listed` are the members that services named, by
    account, of what is declared for all that they list.
    """

    live: tuple[Live, ...] = ()
    unread: tuple[Unread, ...] = ()
    warnings: tuple[Finding, ...] = ()
    accounts: frozenset[str] | None = None
    completed: Mapping[str, Spec] = field(default_factory=dict)
    asked: Mapping[Scope, Asked] = field(default_factory=dict)
    recalled: tuple[Finding, ...] = ()
    effort: Effort = NO_EFFORT
    listed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def not_looked(self) -> tuple[Finding, ...]:
        """Return what was not looked for: objects of which none is absent for sure."""
        return tuple(dict.fromkeys(self.recalled)) + not_looked(self.asked)

    def complete(self, declarations: Declarations) -> Declarations:
        """Return the declarations with members that were listed, and the values of secrets."""
        declarations = declarations.listed(self.listed)
        if not self.completed:
            return declarations
        desired = (
            replace(item, spec=self.completed.get(item.address, item.spec))
            for item in declarations.desired
        )
        return declarations._replace(desired=tuple(desired))

    def beside(self, other: "Observation") -> "Observation":
        """Return both together: `other` is of other accounts, or of further topics of scopes."""
        warnings = dict.fromkeys(self.warnings + other.warnings)
        accounts = (
            None if self.accounts is None else self.accounts | (other.accounts or frozenset())
        )
        return Observation(
            self.live + other.live,
            self.unread + other.unread,
            tuple(warnings),
            accounts,
            {**self.completed, **other.completed},
            {**self.asked, **self._further(other)},
            self.recalled + other.recalled,
            self.effort.beside(other.effort),
            {**self.listed, **other.listed},
        )

    def _further(self, other: "Observation") -> dict[Scope, Asked]:
        return {
            scope: further(self.asked[scope], asked) if scope in self.asked else asked
            for scope, asked in other.asked.items()
        }

    def with_details(self, live: Iterable[Live]) -> "Observation":
        """Return this with what was seen without details, or not at all, told in full."""
        known = {item.live_address: item for item in self.live}
        newer = {item.live_address: item for item in live}
        news = {name for name in newer if name not in known or not known[name].detailed}
        if not news:
            return self
        kept = (item for item in self.live if item.live_address not in news)
        return replace(self, live=(*kept, *(newer[name] for name in sorted(news))))

    def absent(self, item: Desired) -> bool:
        """Say whether an object that was not seen is really not there: not seen is not absent."""
        looked_at = self.accounts is None or item.account in self.accounts
        return looked_at and not any(
            each.scope.covers(item.account, item.spec) for each in self.unread
        )
