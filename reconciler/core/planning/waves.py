"""Waves: a change reaches some sellers or targets first, and the others once that went well."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from reconciler.core.manifest.settings import SHARE
from reconciler.core.model.addresses import matches
from reconciler.core.model.objects import Desired
from reconciler.core.model.pacing import ACTIONS
from reconciler.core.model.plan import PlannedWave
from reconciler.core.model.spec import Spec
from reconciler.core.model.steps import Change, Step, StepId

REST = "100%"


@dataclass(frozen=True, slots=True)
class Wave:
    """The steps that are begun together; `name` is how the policy calls them.

    `begins` are the declared objects that delivery begins with for the members of the wave, whether
    or not anything of them is left to do.
    """

    name: str
    steps: frozenset[StepId]
    begins: frozenset[str] = frozenset()


def waves_of(
    steps: Sequence[Step], desired: Sequence[Desired], names: Sequence[str]
) -> tuple[Wave, ...]:
    """Return the steps by wave, in the waves' order; one wave where the policy names none.

    A name is a pattern of sellers or targets, or a share of all that are declared, by name and
    with those of earlier waves counted in. What belongs to none is in the last wave, what concerns
    no single seller or target in the first, and every step at the earliest in the wave of those
    that it needs.
    """
    if not names:
        return (Wave(REST, frozenset(step.id for step in steps)),)
    members = sorted(
        {party for item in desired if (party := item.spec.succession.party(item.spec)) is not None}
    )
    named = [*names] if names[-1] in (REST, "*") else [*names, REST]
    of_member: dict[str, int] = {}
    for number, name in enumerate(named):
        for member in _meant(name, members):
            of_member.setdefault(member, number)
    last = len(named) - 1
    own = {step.id: _of(step.change.subject.spec, of_member, last) for step in steps}
    waves = _with_their_needs(own, steps)
    begins: dict[str, int] = {
        it.address: _of(it.spec, of_member, last) for it in desired if it.spec.delivery.begins
    }
    for (address, _), wave in waves.items():
        if address in begins:
            begins[address] = max(wave, begins[address])
    return tuple(
        Wave(
            name,
            frozenset(step for step, wave in waves.items() if wave == number),
            frozenset(address for address, wave in begins.items() if wave == number),
        )
        for number, name in enumerate(named)
    )


def by_wave(steps: Iterable[Step], waves: Sequence[Wave]) -> tuple[Step, ...]:
    """Return the steps as they are carried out: wave by wave, and what prunes after all else."""
    number = {step: place for place, wave in enumerate(waves) for step in wave.steps}
    return tuple(sorted(steps, key=lambda step: (step.phase == "prune", number[step.id])))


def planned(
    waves: Sequence[Wave], steps: Iterable[Step], *, verified: bool
) -> tuple[PlannedWave, ...]:
    """Return what each wave does and for whom; both halves of a replace are one action."""
    changes = {step.id: step.change for step in steps}
    return tuple(_planned(wave, changes, verified=verified) for wave in waves)


def _planned(wave: Wave, changes: Mapping[StepId, Change], *, verified: bool) -> PlannedWave:
    found = {change.address: change for step, change in changes.items() if step in wave.steps}
    counts = Counter(change.action for change in found.values())
    specs = (change.subject.spec for change in found.values())
    members = {party for spec in specs if (party := spec.succession.party(spec)) is not None}
    return PlannedWave(
        name=wave.name,
        summary={action: counts[action] for action in ACTIONS if counts[action]},
        members=tuple(sorted(members)),
        verified=verified,
    )


def _meant(name: str, members: Sequence[str]) -> Sequence[str]:
    share = SHARE.fullmatch(name)
    if share:
        return members[: ceil(len(members) * int(share[1]) / 100)]
    return [member for member in members if matches(name, member)]


def _of(spec: Spec, of_member: Mapping[str, int], last: int) -> int:
    party = spec.succession.party(spec)
    return 0 if party is None else of_member.get(party, last)


def _with_their_needs(own: Mapping[StepId, int], steps: Sequence[Step]) -> dict[StepId, int]:
    """Return the wave of each step: none before what it needs, both halves of a replace in one."""
    waves, before = dict(own), None
    while waves != before:
        before = dict(waves)
        for step in steps:
            both = [(step.address, "create")] if step.verb == "delete" else []
            waves[step.id] = max(waves[it] for it in (step.id, *step.needs, *both) if it in waves)
    return waves
