"""Whatever was declared before, whatever happened meanwhile: one run brings live to declared.

Hypothesis draws histories of declared worlds over the toy service, which refuses what any real one
refuses. See architecture.md, "Tests that carry the weight".
"""

from dataclasses import replace

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from reconciler import run
from reconciler.core.manifest.reader import Declarations
from reconciler.core.manifest.settings import Limit, Policy
from reconciler.core.model.errors import PlanRefused
from reconciler.core.model.objects import Desired
from reconciler.core.model.plan import Plan
from reconciler.core.model.spec import Spec, references
from reconciler.core.planning.plan import Prepared
from reconciler.core.planning.terms import DestroyTerms, Terms
from tests.drawing import examples
from tests.toys import (
    Bell,
    Cloud,
    Drain,
    Failing,
    Pipe,
    Spill,
    Tank,
    Tap,
    Thing,
    Valve,
    Well,
    declare,
    session,
    world,
)

WAVES = st.sampled_from([(), (), ("de",), ("fr", "100%"), ("2", "50%"), ("1", "d*", "34%", "*")])

HISTORIES = settings(
    max_examples=examples(40, 600),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def worlds(draw) -> Declarations:
    """Draw declarations in which everything may change from one world to the next."""
    tanks = _tanks(draw)
    wells = [
        declare(_key(draw, name), "depot", Well(name=name, depth=draw(st.integers(1, 2))))
        for name in draw(_subset("xyz"))
    ]
    objects = [*tanks, *wells]
    for account in ("works", "mains"):
        pipes = _pipes(draw, account, wells, tanks)
        objects += [*pipes, *_taps(draw, account, pipes)]
        if account == "works" and pipes and tanks:
            objects += _drains(draw, pipes, tanks)
    policy = Policy(prune=True, max_deletes=Limit(percent=100), waves=draw(WAVES))
    return world(*objects, *_bells(draw), policy=policy)


def _subset(names):
    return st.permutations(names).flatmap(
        lambda order: st.integers(0, len(names)).map(lambda size: sorted(order[:size]))
    )


def _key(draw, name: str) -> str:
    """Return a YAML key, which may be another one in each world."""
    return draw(st.sampled_from([name, f"{name}-renamed"]))


def _tanks(draw) -> list[Desired]:
    found: list[Desired] = []
    for name in draw(st.permutations("abcd"))[: draw(st.integers(0, 4))]:
        size, metal = draw(st.integers(1, 2)), draw(st.sampled_from(["iron", "zinc"]))
        target = draw(st.sampled_from([None, *found]))
        spill = Spill(tank="", after=draw(st.integers(1, 2))) if target else None
        spec = Tank(name=name, size=size, metal=metal, spill=spill)
        refs = {"spill.tank": target} if target else {}
        found.append(declare(_key(draw, name), "depot", spec, refs=refs))
    return found


def _pipes(draw, account: str, wells: list[Desired], tanks: list[Desired]) -> list[Desired]:
    found: list[Desired] = []
    for well in draw(_subset(range(len(wells)))):
        spec = Pipe(well="", gauge=draw(st.integers(1, 2)))
        refs = {"well": wells[well]}
        overflow = draw(st.sampled_from([None, *tanks]))
        if overflow is not None:
            refs["overflow"], spec = overflow, spec.model_copy(update={"overflow": ""})
        key = f"{account}-{_key(draw, wells[well].spec.name)}"
        found.append(declare(key, account, spec, refs=refs))
    return found


def _taps(draw, account: str, pipes: list[Desired]) -> list[Desired]:
    found: list[Desired] = []
    for use in draw(_subset("uvw")) if pipes else ():
        refs = {"pipe": draw(st.sampled_from(pipes))}
        if account == "mains":
            spec = Valve(use=use, pipe="", enabled=draw(st.booleans()))
            found.append(declare(f"{account}-{_key(draw, use)}", account, spec, refs=refs))
            continue
        filters = draw(st.sampled_from([(), ("cold",)]))
        for client in draw(_subset(["de", "fr"])):
            spec = Tap(client=client, use=use, pipe="", filter=filters)
            found.append(declare(use, account, spec, refs=refs, member=client))
    return found


def _drains(draw, pipes: list[Desired], tanks: list[Desired]) -> list[Desired]:
    found: list[Desired] = []
    for name in draw(_subset(["one", "two"])):
        refs = {"pipe": draw(st.sampled_from(pipes)), "tank": draw(st.sampled_from(tanks))}
        spec = Drain(name=f"acme--{name}", pipe="", tank="", width=draw(st.integers(1, 2)))
        rest = draw(st.sampled_from([None, *tanks]))
        if rest is not None:
            refs["rest"], spec = rest, spec.model_copy(update={"rest": ""})
        found.append(declare(_key(draw, name), "works", spec, refs=refs))
    return found


def _bells(draw) -> list[Desired]:
    found: list[Desired] = []
    for kind in ("fire", "noon"):
        uri = f"https://hooks.example.com/{draw(st.sampled_from('12'))}"
        targets = draw(st.one_of(st.just(["everyone"]), _subset(["1", "2", "3"])))
        for target in targets:
            everyone = target == "everyone"
            spec = Bell(
                event=kind,
                target=None if everyone else target,
                everyone=everyone or None,
                uri=uri,
            )
            found.append(declare(kind, "tower", spec, member=target))
    return found


def over(cloud: Cloud, declared: Declarations, adopt: tuple[str, ...] = ()) -> run.Session:
    terms = Terms(adopt=adopt) if declared.desired else DestroyTerms(adopt=adopt)
    return session(declared, cloud.providers(), terms)


def plan(cloud: Cloud, declared: Declarations) -> Plan:
    with over(cloud, declared) as one:
        return run.plan(one).plan


def one_run(cloud: Cloud, declared: Declarations, *allowed: str) -> run.Applied:
    """Plan and apply once; nothing but guards `allowed` to may refuse: all of it was chosen."""
    refused = plan(cloud, declared).refused() if allowed else ()
    assert {guard.guard for guard in refused} <= set(allowed) <= {"adopt"}
    with over(cloud, declared, ("*",) if refused else ()) as one:
        planned = run.plan(one)
        assert planned.plan.complete
        assert not planned.plan.problems
        ended = set()
        for step in planned.prepared.steps:
            assert set(step.needs) <= ended
            ended.add(step.id)
        applied = run.apply(one, planned)
    assert not _pruned_too_early(planned.prepared, applied)
    return applied


def _pruned_too_early(prepared: Prepared, applied: run.Applied) -> list[str]:
    """Return what was pruned while something that could take over was not there."""
    done = {item.address for item in applied.outcomes if item.outcome == "done"}
    missing = [
        step.change.wanted.spec
        for step in prepared.steps
        if step.verb == "create" and step.address not in done
    ]
    pruned = [step for step in prepared.steps if step.phase == "prune" and step.address in done]
    return [
        step.address
        for step in pruned
        if any(could_take_over(heir, step.change.former.spec) for heir in missing)
    ]


def could_take_over(heir: Spec, former: Spec) -> bool:
    """Contract section 1, "Successors": any of a kind; a pipe of the same well; the same use."""
    if isinstance(former, Tank | Well | Drain):
        return type(heir) is type(former)
    if isinstance(former, Pipe):
        return isinstance(heir, Pipe) and heir.well == former.well
    if isinstance(former, Bell):
        return isinstance(heir, Bell) and (heir.event, heir.target) == (former.event, former.target)
    same = isinstance(heir, Tap | Valve) and heir.use == former.use
    parties = {getattr(it, "client", None) for it in (heir, former)}
    return same and (type(heir) is not type(former) or len(parties) == 1)


def settle(cloud: Cloud, declared: Declarations, *allowed: str) -> None:
    """Run without trouble; afterwards the world is as declared and asks for nothing."""
    try:
        applied = one_run(cloud, declared, *allowed)
    except PlanRefused as refused:
        if not _in_a_circle(refused):
            raise
        event("a true circle, applied in two parts")
        settle(cloud, _first_part(declared), *allowed)
        applied = one_run(cloud, declared, *allowed)
    assert [outcome for outcome in applied.outcomes if outcome.outcome != "done"] == []
    assert plan(cloud, declared).actions == ()
    assert not cloud.dangling()
    assert _ours(cloud) == _wanted(declared)


def _in_a_circle(refused: PlanRefused) -> bool:
    """Say whether a change is refused because its steps need each other, as it may be."""
    return "apply the change in two parts" in str(refused)


def _first_part(declared: Declarations) -> Declarations:
    """Return the declarations without any reference that can be moved to another target."""
    movable = {Tank: "spill", Pipe: "overflow"}
    kept = [item for item in declared.desired if not isinstance(item.spec, Valve)]
    return world(*(_without(item, movable.get(type(item.spec))) for item in kept))


def _without(item: Desired, field: str | None) -> Desired:
    if field is None:
        return item
    links = {path: to for path, to in item.references.items() if not path.startswith(field)}
    return replace(item, spec=item.spec.model_copy(update={field: None}), references=links)


def _wanted(declared: Declarations) -> dict[str, object]:
    return {
        f"{item.account} {item.spec.kind} {_inside(item.spec)}": item.stack * bool(item.spec.marks)
        for item in declared.desired
    }


def _ours(cloud: Cloud) -> dict[str, object]:
    """Describe everything but the strangers, told from the service's own point of view."""
    return {
        f"{thing.account} {thing.spec.kind} {_outside(cloud, thing)}": thing.owner or ""
        for thing in cloud.things.values()
        if not _strange(thing)
    }


def _strange(thing: Thing) -> bool:
    return "strange" in thing.address or "strange" in str(thing.spec.fields())


def _inside(spec) -> str:
    """Write the fields of a declared spec, references by the name of what they mean."""
    fields = spec.model_copy(
        update={path: value.rpartition("/")[2] for path, _, value in references(spec)}
    )
    spill = f"{spec.spill.tank.rpartition('/')[2]}" if getattr(spec, "spill", None) else ""
    return f"{_plain(fields)} {spill}"


def _outside(cloud: Cloud, thing: Thing) -> str:
    """Write the fields of a live spec in the same way."""
    names = {"spill.tank": ""}
    spill = ""
    for path, _, value in references(thing.spec):
        target = cloud.things.get(value)
        name = target.address.rpartition("/")[2] if target else value
        if path == "spill.tank":
            spill = name
        else:
            names[path] = name
    return f"{_plain(thing.spec.model_copy(update=names))} {spill}"


def _plain(spec) -> dict[str, object]:
    fields = spec.fields()
    if fields.get("spill"):
        fields["spill"] = fields["spill"]["after"]
    return {name: fields[name] for name in sorted(type(spec).model_fields) if name in fields}


def strangers(cloud: Cloud) -> dict[str, Thing]:
    """Put in what is not ours: of another stack, of nobody, and what refers to such."""
    foreign = cloud.put("depot", Tank(name="strange-1"), owner="acme-eu")
    nobody = cloud.put("depot", Tank(name="strange-2", spill=Spill(tank=foreign)))
    cloud.put("depot", Well(name="strange-well"), owner="other")
    for account in ("works", "mains"):
        pipe = cloud.put(account, Pipe(well="arn:strange-well", overflow=nobody))
        taps = {
            "works": Tap(client="de", use="strange", pipe=pipe),
            "mains": Valve(use="strange", pipe=pipe),
        }
        cloud.put(account, taps[account])
    cloud.put("tower", Bell(event="strange", target="1", uri="https://elsewhere.example.com/"))
    return dict(cloud.things)


def untouched(cloud: Cloud, before: dict[str, Thing]) -> bool:
    return before == {number: thing for number, thing in cloud.things.items() if number in before}


@HISTORIES
@given(st.lists(worlds(), min_size=1, max_size=4))
def test_every_history_of_declared_worlds_converges_in_one_run_each(history):
    cloud = Cloud()
    before = strangers(cloud)
    for declared in history:
        settle(cloud, declared)
    assert untouched(cloud, before)


@HISTORIES
@given(worlds(), worlds(), st.integers(0, 10**6))
def test_what_was_done_behind_our_back_is_undone_in_one_run(first, second, seed):
    cloud = Cloud()
    before = strangers(cloud)
    settle(cloud, first)
    # A tap whose pipe was taken away bears no sign that it was ours, so mending it is adoption.
    meddle(cloud, before, Failing(seed, 0.4))
    settle(cloud, first, "adopt")
    meddle(cloud, before, Failing(seed + 1, 0.2))
    settle(cloud, first, "adopt")
    settle(cloud, second)
    assert untouched(cloud, before)


@HISTORIES
@given(st.lists(worlds(), min_size=1, max_size=3), st.integers(0, 10**6))
def test_after_failures_of_single_calls_one_clean_run_converges(history, seed):
    cloud = Cloud()
    before = strangers(cloud)
    for declared in history:
        cloud.failing = Failing(seed, 0.2)
        try:
            applied = one_run(cloud, declared)
        except PlanRefused as refused:
            if not _in_a_circle(refused):
                raise
            applied = one_run(cloud, _first_part(declared))
        for outcome in applied.outcomes:
            assert (outcome.error is None) == (outcome.outcome == "done")
        cloud.failing = None
        settle(cloud, declared)
    assert untouched(cloud, before)


def meddle(cloud: Cloud, before: dict[str, Thing], chance: Failing) -> None:
    """Delete some of our objects and change fields of others, past all rules."""
    fields = {Tank: {"size": 9}, Valve: {"enabled": False}, Bell: {"uri": "https://x.example/"}}
    for number, thing in list(cloud.things.items()):
        fate = chance.fault(thing.address)
        if number in before or not fate:
            continue
        if fate == "before":
            del cloud.things[number]
        elif type(thing.spec) in fields:
            changed = thing.spec.model_copy(update=fields[type(thing.spec)])
            cloud.things[number] = replace(thing, spec=changed)
