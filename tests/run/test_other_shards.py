"""Shards side by side over the toy service: who waits for whom, how long, and what is told."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest

from reconciler import run
from reconciler.core.manifest.settings import Policy
from reconciler.core.model.errors import Transient
from reconciler.core.planning.plan import prepare
from reconciler.core.world.matching import Selection
from reconciler.run import TimeLimit
from reconciler.transport.calls import Calls
from tests.clocks import Clock
from tests.toys import Bell, Cloud, Pipe, Provider, Tank, Tap, Well, declare, world

WELL = declare("x", "depot", Well(name="x"))
OTHER_WELL = declare("y", "depot", Well(name="y"))
TANK = declare("a", "depot", Tank(name="a"))
PIPE = declare("p", "works", Pipe(well=""), refs={"well": WELL})
BELL = declare("b", "tower", Bell(event="fire", target="1"))
ACCOUNTS = ("depot", "depot-2", "works", "works-2", "tower")
SHORT, LONG = 0.2, 30.0


@pytest.fixture(autouse=True)
def _brisk(monkeypatch):
    """Let looks follow each other quickly: here no service is asked for anything."""
    monkeypatch.setattr("reconciler.run.other_shards.FIRST_PAUSE", 0.01)
    monkeypatch.setattr("reconciler.run.applying.ELSEWHERE_EVERY", 0.05)


class Shard:
    """One of the runs that share the accounts, planned before any of them begins."""

    def __init__(self, cloud, accounts, *desired, providers=None, **more):
        self.providers = providers or cloud.providers(*ACCOUNTS)
        selection = Selection(frozenset(accounts), coming=frozenset(ACCOUNTS) - set(accounts))
        declared = world(*desired, **more)
        found = run.observe(declared, self.providers)
        self.prepared = prepare(declared, found, selection=selection)
        self.told = []

    def apply(self, seconds=LONG, tell=lambda _text: None, **more):
        def hear(text):
            self.told.append(text)
            tell(text)

        shard_wait = run.ShardWait(seconds, hear)
        return run.carry_out(self.prepared, self.providers, shard_wait=shard_wait, **more)


def outcomes(found):
    return {it.address: (it.outcome, it.error) for it in found.outcomes}


def settled(*desired):
    """Return a cloud in which these objects stand as declared."""
    cloud = Cloud()
    done = Shard(cloud, ACCOUNTS, *desired).apply()
    assert {it.outcome for it in done.outcomes} == {"done"}
    cloud.log.clear()
    return cloud


def together(*shards):
    """Apply all shards at once; return what became of each action of any of them."""
    with ThreadPoolExecutor(len(shards)) as pool:
        ended = list(pool.map(Shard.apply, shards))
    return {address: it for one in ended for address, it in outcomes(one).items()}


def test_what_another_shard_makes_is_waited_for_and_then_referred_to():
    cloud = Cloud()
    wells, pipes = (Shard(cloud, [name], WELL, PIPE) for name in ("depot", "works"))
    made = pipes.apply(tell=lambda _text: wells.apply())
    assert outcomes(made) == {"pipe.p": ("done", None)}
    assert cloud.log == ["create well.depot/x", "create pipe.works/arn:x"]
    assert cloud.dangling() == []


def test_what_another_shard_created_gives_its_new_id_to_what_needs_it_here():
    pipe = declare("p", "works", Pipe(well=""), refs={"well": WELL, "overflow": TANK})
    cloud = Cloud()
    depot, works = (Shard(cloud, [name], WELL, TANK, pipe) for name in ("depot", "works"))
    assert set(together(depot, works).values()) == {("done", None)}
    (tank,) = (it.outputs["id"] for it in cloud.live("depot") if isinstance(it.spec, Tank))
    assert [it.spec.overflow for it in cloud.live("works")] == [tank]


def test_what_is_waited_for_is_told_once_until_it_changes():
    pipe = declare("p", "works", Pipe(well=""), refs={"well": WELL, "overflow": TANK})
    cloud = Cloud()
    works = Shard(cloud, ["works"], WELL, TANK, pipe)
    some = Shard(cloud, ["depot"], WELL)

    def hear(text):
        if "well.x" in text:
            some.apply()

    works.apply(1.0, hear)
    assert works.told == [
        "waiting for other shards, up to 1s in all: tank.a, well.x",
        "waiting for other shards, up to 1s in all: tank.a",
    ]


def test_what_another_shard_does_not_make_in_time_skips_what_needs_it_and_nothing_else():
    cloud = Cloud()
    made = Shard(cloud, ["works", "tower"], WELL, PIPE, BELL).apply(1.0)
    reason = "well.x is not there as declared, which another shard sees to (waited 1s)"
    skipped = ("skipped", f"it needs what other shards do: {reason}; apply again")
    assert outcomes(made) == {"bell.b": ("done", None), "pipe.p": skipped}


def test_what_is_there_otherwise_than_declared_is_not_taken_for_made():
    """The tank has to be dug anew: the one that was there before is not what is waited for."""
    cloud = settled(TANK, WELL)
    steel = declare("a", "depot", Tank(name="a", metal="steel"))
    pipe = declare("p", "works", Pipe(well=""), refs={"well": WELL, "overflow": steel})
    made = Shard(cloud, ["works"], WELL, steel, pipe).apply(SHORT)
    ((outcome, error),) = outcomes(made).values()
    assert outcome == "skipped"
    assert "tank.a is not there as declared, which another shard sees to" in error
    assert cloud.log == []


def test_without_patience_nothing_is_waited_for():
    cloud = Cloud()
    made = Shard(cloud, ["works"], WELL, PIPE).apply(0.0)
    assert "(waited 0s)" in outcomes(made)["pipe.p"][1]


def test_nothing_goes_while_what_another_shard_has_to_take_away_still_points_at_it():
    cloud = settled(WELL, PIPE)
    made = Shard(cloud, ["depot"], BELL).apply(SHORT)
    ((outcome, error),) = outcomes(made).values()
    assert outcome == "skipped"
    assert "pipe.works/arn:x is still there, which another shard sees to" in error
    assert cloud.log == []


def test_what_two_shards_take_away_goes_in_the_order_of_the_whole():
    cloud = settled(WELL, PIPE)
    depot, works = (Shard(cloud, [name], BELL) for name in ("depot", "works"))
    assert set(together(depot, works).values()) == {("done", None)}
    assert cloud.log == ["delete pipe.works/arn:x", "delete well.depot/x"]


def test_a_replace_that_spans_two_shards_lets_go_and_comes_back_in_the_order_of_the_whole():
    def wanted(metal):
        tank = declare("a", "depot", Tank(name="a", metal=metal))
        refs = {"well": WELL, "overflow": tank}
        return WELL, tank, declare("p", "works", Pipe(well=""), refs=refs)

    cloud = settled(*wanted("iron"))
    depot, works = (Shard(cloud, [name], *wanted("steel")) for name in ("depot", "works"))
    assert set(together(depot, works).values()) == {("done", None)}
    assert cloud.log == [
        "delete pipe.works/arn:x",
        "delete tank.depot/a",
        "create tank.depot/a",
        "create pipe.works/arn:x",
    ]
    assert cloud.dangling() == []


NEW = declare("new", "depot-2", Well(name="new"))


def test_what_another_shard_lets_take_over_is_there_before_the_old_one_goes():
    cloud = settled(WELL)
    old, new = (Shard(cloud, [name], NEW) for name in ("depot", "depot-2"))
    assert set(together(old, new).values()) == {("done", None)}
    assert cloud.log == ["create well.depot-2/new", "delete well.depot/x"]


def test_what_takes_over_is_known_by_what_was_made_for_it_to_refer_to_meanwhile():
    """The new pipe stands on a tank of a third shard, which had no id when this run planned."""
    old = declare("p", "works-2", Pipe(well=""), refs={"well": WELL})
    new = declare("n", "works", Pipe(well=""), refs={"well": WELL, "overflow": TANK})
    cloud = settled(WELL, old)
    mine, tanks, pipes = (
        Shard(cloud, [name], WELL, TANK, new) for name in ("works-2", "depot", "works")
    )
    made = mine.apply(tell=lambda _text: together(tanks, pipes))
    assert outcomes(made) == {"pipe.works-2/arn:x": ("done", None)}
    assert mine.told == ["waiting for other shards, up to 30s in all: pipe.n"]
    assert cloud.log == [
        "create tank.depot/a",
        "create pipe.works/arn:x",
        "delete pipe.works-2/arn:x",
    ]


def test_no_look_at_other_shards_waits_for_a_busy_service_beyond_the_time_limit():
    cloud, clock = Cloud(), Clock()
    providers = cloud.providers(*ACCOUNTS)
    pipes = Shard(cloud, ["works"], WELL, PIPE, providers=providers)
    busy = Transient("depot", "ListWells", "the service is busy", retry_after=60.0)

    def refuse():
        raise busy

    providers["depot"].observe = lambda *_: Calls(clock).run("List", refuse)
    limit = TimeLimit(30.0, clock.now)
    ((outcome, error),) = outcomes(pipes.apply(SHORT, limit=limit)).values()
    assert (outcome, "another shard sees to" in error) == ("skipped", True)
    assert clock.slept == []
    assert any("since the time limit of 30s was reached" in text for text in pipes.told)


class Telling(Provider):
    """Takes down what it is told of the whole of the account where a part is read."""

    beside: ClassVar[list] = []

    def observe(self, scope, interest):
        if scope.part == "de":
            self.beside.append(interest.beside)
        return super().observe(scope, interest)


def test_where_a_part_of_an_account_is_looked_at_its_whole_is_known(monkeypatch):
    second = declare("p2", "works-2", Pipe(well=""), refs={"well": WELL})
    old, new = (
        declare("t", account, Tap(client="de", use="u", pipe=""), refs={"pipe": pipe}, member="de")
        for account, pipe in (("works-2", second), ("works", PIPE))
    )
    cloud = settled(WELL, PIPE, second, old)
    providers = {name: Telling(cloud, name) for name in ACCOUNTS}
    mine = Shard(cloud, ["works-2"], WELL, PIPE, second, new, providers=providers)
    other = Shard(cloud, ["works"], WELL, PIPE, second, new)
    monkeypatch.setattr(Telling, "beside", [])
    made = mine.apply(tell=lambda _text: other.apply())
    assert outcomes(made) == {"tap.works-2/de/u": ("done", None)}
    looked = [[item.spec.kind for item in each] for each in Telling.beside]
    assert looked
    assert {tuple(kinds) for kinds in looked} == {("pipe",)}
    assert [line.split()[0] for line in cloud.log] == ["create", "delete"]


def test_the_old_one_stays_where_no_other_shard_lets_anything_take_over():
    cloud = settled(WELL)
    old = Shard(cloud, ["depot"], NEW)
    ((outcome, error),) = outcomes(old.apply(SHORT)).values()
    assert outcome == "skipped"
    assert "well.new" in error
    assert cloud.log == []


def test_what_cannot_be_read_is_not_taken_for_done_nor_for_lost():
    cloud = Cloud()
    wells = Shard(cloud, ["depot"], WELL, PIPE)
    pipes = Shard(cloud, ["works"], WELL, PIPE)
    wells.apply()
    unreadable = pipes.providers["depot"].unreadable
    unreadable[None] = Transient("depot", "ListWells", "the service is busy")
    made = pipes.apply(tell=lambda text: "waiting" in text and unreadable.clear())
    assert outcomes(made) == {"pipe.p": ("done", None)}
    assert pipes.told == [
        "not read: depot: ListWells: the service is busy",
        "waiting for other shards, up to 30s in all: well.x",
    ]


def test_who_is_told_to_stop_waits_no_longer_and_begins_nothing_more():
    cloud, stop = Cloud(), threading.Event()
    pipes = Shard(cloud, ["works"], WELL, PIPE)
    made = pipes.apply(600, lambda _text: stop.set(), stop=stop)
    assert made.interrupted
    assert outcomes(made) == {"pipe.p": ("skipped", "interrupted before it was begun")}
    assert len(pipes.told) == 1


class Slow(Provider):
    """Creates nothing before it is let."""

    def create(self, desired):
        assert self.let.wait(LONG), "what was ready did not begin beside it"
        return super().create(desired)


def test_what_another_shard_made_is_gone_on_with_beside_what_is_under_way_here():
    cloud, let = Cloud(), threading.Event()
    providers = cloud.providers(*ACCOUNTS)
    providers["tower"] = Slow(cloud, "tower")
    providers["tower"].let = let
    mine = Shard(cloud, ["works", "tower"], WELL, PIPE, BELL, providers=providers)
    theirs = Shard(cloud, ["depot"], WELL, PIPE, BELL)

    def watch(_text, ended, _total):
        if not cloud.log:
            theirs.apply()
        if ended:
            let.set()

    assert set(outcomes(mine.apply(progress=watch)).values()) == {("done", None)}
    assert cloud.log[1:] == ["create pipe.works/arn:x", "create bell.tower/fire/1"]


def test_what_other_shards_are_late_with_stops_later_waves(monkeypatch):
    """The sellers who come first were not reached, so nothing is known of how it goes."""
    monkeypatch.setattr("tests.toys.CLIENTS", ("canary", "shop"))
    old = declare("old", "works", Pipe(well=""), refs={"well": OTHER_WELL})
    late = declare("late", "works", Pipe(well=""), refs={"well": WELL})
    first = declare(
        "t", "works", Tap(client="canary", use="u", pipe=""), refs={"pipe": late}, member="canary"
    )
    second = declare(
        "t", "works", Tap(client="shop", use="u", pipe=""), refs={"pipe": old}, member="shop"
    )
    cloud = settled(OTHER_WELL, old)
    policy = Policy(prune=True, waves=("canary", "100%"))
    found = Shard(
        cloud, ["works"], OTHER_WELL, WELL, old, late, first, second, policy=policy
    ).apply(SHORT)
    made = outcomes(found)
    assert made["tap.t[canary]"][0] == "skipped"
    assert made["tap.t[shop]"] == (
        "skipped",
        "wave canary was not done whole: pipe.late, tap.t[canary]; apply again",
    )
