"""Two stacks in the same accounts, whatever happens: nothing of others goes, nothing goes early.

Hypothesis draws turns of two stacks over the toy service. In each, some accounts have two entries,
objects move between accounts and services, calls fail, consents are withdrawn, accounts are left
out, and strangers bear names that look like a stack's. What must hold is told here from the cloud
and the declarations, by the contract's words, not by the plan.
"""

from dataclasses import dataclass

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from reconciler import run
from reconciler.core.manifest.reader import Declarations
from reconciler.core.manifest.settings import Limit, Policy
from reconciler.core.model.errors import Denied, PlanRefused
from reconciler.core.model.objects import Desired
from reconciler.core.model.plan import Action
from reconciler.core.planning.terms import Terms
from tests.drawing import examples
from tests.test_convergence import could_take_over
from tests.toys import (
    Bell,
    Cloud,
    Drain,
    Failing,
    Pipe,
    Provider,
    Tank,
    Tap,
    Thing,
    Valve,
    Well,
    declare,
    session,
    world,
)

ENTRIES = {
    "depot": "depot",
    "depot-2": "depot-2",
    "works": "works",
    "works-admin": "works",
    "works-2": "works-2",
    "mains": "mains",
    "mains-too": "mains",
    "tower": "tower",
    "tower-too": "tower",
    "tower-2": "tower-2",
}
STACKS = ("acme", "acme-eu")
HOSTILE = ("acme-eu-x", "acme-", "acme", "ACME--x", "acm--x", "acme-eu-2--x", "-acme--x", "")
some = st.sampled_from


@dataclass(frozen=True)
class Turn:
    """What one stack declares, and how its run fares."""

    declared: Declarations
    seed: int
    share: float
    unreadable: tuple[tuple[str, str | None], ...]
    left_out: frozenset[str]

    @property
    def stack(self) -> str:
        return self.declared.stack


@st.composite
def declarations(draw, stack: str) -> Declarations:
    """Draw wells in either depot, and what leads from them, in any account and service."""
    wells = [
        _well(stack, name, "depot" if name == "z" else draw(some(["depot", "depot-2"])))
        for name in draw(some(["x", "x", "xy", "yz", "xyz", "z", ""]))
    ]
    found: list[Desired] = list(wells)
    for well in wells:
        entry = draw(some(["works", "works-admin", "works-2", "mains", "mains-too"]))
        name = draw(some([f"{stack}--{well.spec.name}", "plain"]))
        key = f"{stack}-{entry}-{well.spec.name}"
        pipe = declare(key, entry, Pipe(well="", name=name), refs={"well": well}, stack=stack)
        taps = {
            use: _taps(draw, stack, pipe, use, well.spec.name) for use in draw(some(["u", "uv"]))
        }
        found += [pipe, *(tap for several in taps.values() for tap in several)]
        found += _drain(draw, stack, pipe)
    waves = draw(some([(), (), ("de",), ("1", "fr", "100%"), ("50%",)]))
    policy = Policy(prune=True, max_deletes=Limit(percent=100), waves=waves)
    return world(*found, *_bells(draw, stack), stack=stack, policy=policy)


def _well(stack: str, name: str, account: str) -> Desired:
    # Both stacks may claim the last one: it is whose came first.
    live = "shared" if name == "z" else f"{stack}-{account}-{name}"
    return declare(name, account, Well(name=live), stack=stack)


def _taps(draw, stack: str, pipe: Desired, use: str, name: str) -> list[Desired]:
    # An account holds one tap for a client and use, so each well has uses of its own.
    use = f"{use}-{stack}-{name[-1]}"
    refs = {"pipe": pipe}
    key = f"{pipe.address.partition('.')[2]}-{use}"
    if pipe.account.startswith("mains"):
        return [declare(key, pipe.account, Valve(use=use, pipe=""), refs=refs, stack=stack)]
    return [
        declare(
            key, pipe.account, Tap(client=it, use=use, pipe=""), refs=refs, member=it, stack=stack
        )
        for it in draw(some([["de"], ["fr"], ["de", "fr"]]))
    ]


def _drain(draw, stack: str, pipe: Desired) -> list[Desired]:
    """Draw what a pipe's own bus would be to EventBridge: a drain, and the tank it leads to."""
    if not pipe.account.startswith("works") or not draw(st.booleans()):
        return []
    name = f"{stack}--{pipe.address.partition('.')[2]}"
    tank = declare(f"t-{name}", "depot", Tank(name=f"t-{name}"), stack=stack)
    drain = Drain(name=name, pipe="", tank="", width=draw(some([1, 2])))
    refs = {"pipe": pipe, "tank": tank}
    return [tank, declare(f"d-{name}", pipe.account, drain, refs=refs, stack=stack)]


def _bells(draw, stack: str) -> list[Desired]:
    entry = draw(some([None, "tower", "tower-too", "tower-2"]))
    targets = draw(some([["everyone"], ["1"], ["1", "2"]])) if entry else []
    return [
        declare(
            f"{stack}-{target}",
            entry,
            Bell(
                event=f"fire-{stack}",
                target=None if target == "everyone" else target,
                everyone=(target == "everyone") or None,
                uri=f"https://hooks.example.com/{stack}/",
            ),
            stack=stack,
        )
        for target in targets
    ]


@st.composite
def turns(draw) -> Turn:
    stack = draw(some([*STACKS, STACKS[0]]))
    declared = draw(declarations(stack))
    # What matters is what is declared: of the rest little is to be seen.
    entries = sorted({item.account for item in declared.desired}) or ["depot"]
    trouble = draw(
        some(["calls fail", "consent withdrawn", "consent withdrawn", "left out", "none"])
    )
    place = draw(some(entries))
    part = draw(some([None, "de", "fr"])) if place.startswith("works") else None
    return Turn(
        declared=declared,
        seed=draw(st.integers(0, 10**6)),
        share=draw(some([0.3, 0.6])) if trouble == "calls fail" else 0.0,
        unreadable=((place, part),) if trouble == "consent withdrawn" else (),
        left_out=frozenset({place}) if trouble == "left out" else frozenset(),
    )


def strangers(cloud: Cloud) -> None:
    """Put in what belongs to nobody here, under names that look like a stack's."""
    cloud.put("depot", Well(name="strange"), owner="acme-eu-2")
    for account in ("works", "works-2", "mains"):
        for number, name in enumerate(HOSTILE):
            cloud.put(account, Pipe(well=f"arn:strange-{number}", name=name))
    for number, host in enumerate(("hooks.example.com.evil.example", "elsewhere.example.com")):
        cloud.put("tower", Bell(event="strange", target=str(number), uri=f"https://{host}/"))


class Ground:
    """The accounts that both stacks share."""

    def __init__(self):
        self.cloud = Cloud()
        strangers(self.cloud)

    def providers(self, turn: Turn, *, clean: bool) -> dict[str, Provider]:
        found = self.cloud.entries(ENTRIES)
        for name, part in () if clean else turn.unreadable:
            found[name].unreadable[part] = Denied(name, "List", "consent was withdrawn")
        return found

    def session(self, turn: Turn, *, clean: bool) -> run.Session:
        left_out = () if clean else turn.left_out
        accounts = tuple(sorted(ENTRIES.keys() - left_out)) if left_out else ()
        providers = self.providers(turn, clean=clean)
        return session(_owning(turn), providers, Terms(accounts=accounts))

    def plan(self, one: run.Session, turn: Turn, *, clean: bool) -> run.Planned:
        planned = run.plan(one)
        read = planned.observation.accounts
        lacking = set() if clean else {name for name, _ in turn.unreadable} & read
        assert planned.plan.complete == (not lacking)
        return planned

    def to_do(self, turn: Turn) -> tuple[Action, ...]:
        """Return what a run without trouble would do."""
        with self.session(turn, clean=True) as one:
            return self.plan(one, turn, clean=True).plan.actions

    def run(self, turn: Turn, *, clean: bool = False) -> bool:
        """Plan and apply; return whether all went well."""
        with self.session(turn, clean=clean) as one:
            try:
                plan = (planned := self.plan(one, turn, clean=clean)).plan
            except PlanRefused:
                event("a circle")
                return False
            if plan.refused():
                event(f"refused by {plan.refused()[0].guard}")
                return False
            before = dict(self.cloud.things)
            self.cloud.failing = None if clean else Failing(turn.seed, turn.share)
            applied = run.apply(one, planned)
        self.cloud.failing = None
        replaced = {it.address for it in plan.actions if it.action == "replace"}
        self._check(turn, before, replaced)
        outcomes = {item.outcome for item in applied.outcomes}
        if "skipped" in outcomes:
            event("something was skipped")
        return outcomes <= {"done"} and not plan.problems

    def rests_on_another_stack(self, turn: Turn) -> bool:
        """Say whether something that is declared is another stack's by what it leads to.

        To that stack it is undeclared, so that the two take turns; the plan warns of it.
        """
        things = self.cloud.things
        return any(
            _owner(thing, things, turn.declared) not in (turn.stack, None)
            for thing in things.values()
            for item in turn.declared.desired
            if _is(item, thing)
        )

    def _check(self, turn: Turn, before: dict[str, Thing], replaced: set[str]) -> None:
        now = self.cloud.things
        for number, thing in before.items():
            if _owner(thing, before, turn.declared) != turn.stack:
                assert now.get(number) == thing, f"{turn.stack} touched what is not its own"
        here = {
            _real(thing.account, thing.spec)
            for thing in now.values()
            if thing.owner in (None, turn.stack)
        }
        # An heir of another stack is no less there: what we declare leads to it.
        there = {_real(thing.account, thing.spec) for thing in now.values()}
        gone = [thing for number, thing in before.items() if number not in now]
        wells = {thing.outputs.get("arn") for thing in gone} - {None}
        assert wells.isdisjoint(getattr(it.spec, "well", None) for it in now.values())
        for thing in (it for it in gone if _real(it.account, it.spec) not in here):
            mine = {it.address for it in turn.declared.desired if _is(it, thing)}
            # Of what is replaced the second half may fail, and putting the former back as well.
            if mine & replaced:
                continue
            assert not mine, f"{thing.address} is declared and was deleted"
            for heir in turn.declared.desired:
                if could_take_over(heir.spec, thing.spec):
                    assert _real(ENTRIES[heir.account], heir.spec) in there, (
                        f"{thing.address} went before {heir.address} was there"
                    )


def _owning(turn: Turn) -> Declarations:
    """Let each stack own the bells that call back below its own name."""
    uri = f"https://hooks.example.com/{turn.stack}/"
    owns = turn.declared.owns.model_copy(update={"call_back_uris": (uri,)})
    return turn.declared._replace(owns=owns)


def _owner(thing: Thing, things: dict[str, Thing], declared: Declarations) -> str | None:
    """Contract section 1, "Ownership": by tag, by name, by what it leads to, by where it calls."""
    spec = thing.spec
    if isinstance(spec, Bell):
        return next((it for it in STACKS if f"hooks.example.com/{it}/" in spec.uri), None)
    if isinstance(spec, Tap | Valve):
        return _owner(things[spec.pipe], things, declared)
    if isinstance(spec, Drain):
        return next(it for it in STACKS if spec.name.startswith(f"{it}--"))
    if isinstance(spec, Pipe):
        begins = [it for it in (*STACKS, "acme-eu-2", "acm") if spec.name.startswith(f"{it}--")]
        behind = [it for it in things.values() if it.outputs.get("arn") == spec.well]
        mine = [it for it in declared.desired if it.outputs.get("arn") == spec.well]
        # What leads to a well that is to be there is its stack's.
        return (begins or [it.owner for it in behind] or [it.stack for it in mine] or [None])[0]
    return thing.owner


def _real(account: str, spec) -> tuple[str, str, str]:
    return account, spec.kind, str(spec.identity_values())


def _is(item: Desired, thing: Thing) -> bool:
    return _real(ENTRIES[item.account], item.spec) == _real(thing.account, thing.spec)


@settings(
    max_examples=examples(36, 1500),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(turns(), min_size=3, max_size=6), declarations(STACKS[0]), declarations(STACKS[1]))
def test_two_stacks_leave_each_other_alone_and_nothing_goes_before_its_successor(
    history, first, second
):
    ground = Ground()
    for turn in history:
        ground.run(turn)
    last = [Turn(declared, 0, 0.0, (), frozenset()) for declared in (first, second)]
    settled = [_settle(ground, turn) for turn in last]
    for turn, well in zip(last, settled, strict=True):
        if well and not any(ground.rests_on_another_stack(each) for each in last):
            assert ground.to_do(turn) == (), "it stays converged"


def _settle(ground: Ground, turn: Turn) -> bool:
    """Run without trouble until all is as declared; say whether it is."""
    for _ in range(3):
        if ground.run(turn, clean=True) and not ground.to_do(turn):
            event("converged")
            return True
    return False
