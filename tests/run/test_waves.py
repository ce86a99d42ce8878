"""Waves, and time limits: how far one run goes, and what the next one still has to do."""

import threading
from functools import partial

import pytest

from reconciler import run
from reconciler.core.manifest.settings import Limit, Policy
from reconciler.core.model.errors import Rejected, Transient
from reconciler.core.planning.consent import Agreement
from reconciler.core.planning.plan import prepare
from reconciler.run.halting import TimeLimit
from reconciler.transport.calls import Calls
from tests.clocks import Clock
from tests.run.test_running import PIPE, WELL, Broken, told
from tests.toys import Cloud, Pipe, Tap, Well, declare, world

NAMES = ["canary-a", "canary-b", *(f"shop-{number:02}" for number in range(18))]


@pytest.fixture(autouse=True)
def _all_clients(monkeypatch):
    monkeypatch.setattr("tests.toys.CLIENTS", (*NAMES, "gone"))


def taps(pipe=PIPE, clients=NAMES, **more):
    return [
        declare(
            "t", "works", Tap(client=it, use="u", pipe="", **more), refs={"pipe": pipe}, member=it
        )
        for it in clients
    ]


def declared(*desired, waves=("canary-*", "10%", "50%", "100%")):
    policy = Policy(prune=True, max_deletes=Limit(percent=100), waves=waves)
    return world(*desired, policy=policy)


class Cloudy:
    """A cloud, and runs over it."""

    def __init__(self):
        self.cloud = Cloud()

    def apply(self, *desired, faults=None, limit=None, **more):
        wanted = declared(*desired, **more)
        providers = {
            name: Broken(self.cloud, name, faults or {}) for name in self.cloud.providers()
        }
        prepared = prepare(wanted, run.observe(wanted, providers))
        self.cloud.log.clear()
        self.applied = run.carry_out(prepared, providers, limit=limit)
        return told(self.applied)


def created(cloud):
    return [line.split("/")[1] for line in cloud.log if line.startswith("create tap.")]


def test_each_wave_begins_when_the_one_before_has_ended():
    run_ = Cloudy()
    ended = run_.apply(WELL, PIPE, *taps())
    assert {outcome for outcome, _ in ended.values()} == {"done"}
    order = created(run_.cloud)
    assert set(order[:2]) == {"canary-a", "canary-b"}
    assert set(order[2:10]) == {f"shop-{number:02}" for number in range(8)}
    assert len(order) == 20


def test_actions_stand_in_the_order_of_the_waves():
    run_ = Cloudy()
    run_.apply(WELL, PIPE, *taps(clients=[*NAMES[2:], "gone"]), waves=())
    wanted = declared(WELL, PIPE, *taps(), waves=("canary-b", "canary-*", "100%"))
    prepared = prepare(wanted, run.observe(wanted, run_.cloud.providers()))
    planned = [action.address for action in prepared.plan.actions]
    assert planned == ["tap.t[canary-b]", "tap.t[canary-a]", "tap.works/gone/u"]
    assert [step.address for step in prepared.steps] == planned


def test_the_plan_tells_what_each_wave_does_and_for_whom():
    run_ = Cloudy()
    run_.apply(WELL, PIPE, *taps(clients=["canary-a", *NAMES[3:], "gone"]))
    wider = declare("x", "depot", Well(name=WELL.spec.name, tags={"a": "b"}))
    wanted = declared(wider, PIPE, *taps(), waves=("canary-*", "50%"))
    found = prepare(wanted, run.observe(wanted, run_.cloud.providers())).plan.waves
    assert [(it.name, it.summary, it.members, it.verified) for it in found] == [
        ("canary-*", {"create": 1, "update": 1}, ("canary-b",), False),
        ("50%", {"create": 1}, ("shop-00",), False),
        ("100%", {"delete": 1}, ("gone",), False),
    ]


def test_a_plan_without_waves_or_without_work_tells_of_none():
    run_ = Cloudy()
    run_.apply(WELL, PIPE, *taps())
    for wanted in (declared(WELL, PIPE, *taps()), declared(WELL, *taps()[:0], waves=())):
        plan = prepare(wanted, run.observe(wanted, run_.cloud.providers())).plan
        assert "waves" not in plan.model_dump(mode="json")


def test_a_failure_stops_all_later_waves_and_the_next_run_resumes():
    run_ = Cloudy()
    fault = {"create tap.t[canary-b]": Rejected("works", "CreateTap", "no")}
    ended = run_.apply(WELL, PIPE, *taps(), faults=fault)
    assert ended["tap.t[canary-a]"] == ("done", None)
    assert ended["tap.t[canary-b]"][0] == "failed"
    later = [ended[f"tap.t[{it}]"] for it in NAMES[2:]]
    reason = "wave canary-* ended with failures: tap.t[canary-b]; apply again"
    assert set(later) == {("skipped", reason)}
    assert not run_.applied.cut_short
    ended = run_.apply(WELL, PIPE, *taps())
    assert {outcome for outcome, _ in ended.values()} == {"done"}
    assert len(ended) == 19


def test_what_concerns_nobody_in_particular_comes_first_and_what_nobody_declared_last():
    run_ = Cloudy()
    run_.apply(WELL, PIPE, *taps(clients=["gone", "canary-a"]))
    fault = {"create tap.t[canary-b]": Rejected("works", "CreateTap", "no")}
    ended = run_.apply(WELL, PIPE, *taps(), faults=fault)
    assert ended["tap.works/gone/u"][0] == "skipped"


def test_both_halves_of_a_replace_are_in_one_wave_with_what_they_wait_for():
    run_ = Cloudy()
    run_.apply(WELL, PIPE, *taps())
    wider = declare("p", "works", Pipe(well="", gauge=2), refs={"well": WELL})
    ended = run_.apply(WELL, wider, *taps(wider))
    assert {outcome for outcome, _ in ended.values()} == {"done"}


def test_a_saved_plan_of_replaces_lasts_until_all_its_waves_are_done():
    run_ = Cloudy()
    run_.apply(WELL, PIPE, *taps())
    wanted = declared(WELL, PIPE, *taps(filter=("salt",)))

    def planned():
        seen = run.observe(wanted, run_.cloud.providers())
        return prepare(wanted, seen, identities={"works": "1"}).plan

    agreed = Agreement(planned())
    assert [it.address for it in agreed.saved.actions][:2] == [f"tap.t[{it}]" for it in NAMES[:2]]
    assert {it.action for it in agreed.saved.actions} == {"replace"}
    fault = {"create tap.t[shop-00]": [Rejected("works", "CreateTap", "no")]}
    ended = run_.apply(*wanted.desired, faults=fault)
    assert [ended[f"tap.t[{it}]"][0] for it in NAMES[:3]] == ["done", "done", "failed"]
    assert "the former one was put back" in ended["tap.t[shop-00]"][1]
    assert {ended[f"tap.t[{it}]"][0] for it in NAMES[10:]} == {"skipped"}
    now = planned()
    assert agreed.objections(now) == []
    assert {it.address for it in agreed.left_out(now)} == {
        address for address, (outcome, _) in ended.items() if outcome == "done"
    }
    rest = run_.apply(*wanted.desired)
    assert {outcome for outcome, _ in rest.values()} == {"done"}
    assert len(agreed.left_out(planned())) == len(NAMES)


def test_without_waves_a_failure_stops_what_depends_on_it_only():
    run_ = Cloudy()
    fault = {"create tap.t[canary-b]": Rejected("works", "CreateTap", "no")}
    ended = run_.apply(WELL, PIPE, *taps(), faults=fault, waves=())
    assert [address for address, (outcome, _) in ended.items() if outcome != "done"] == [
        "tap.t[canary-b]"
    ]


def test_waves_that_do_not_name_all_end_with_the_rest():
    run_ = Cloudy()
    ended = run_.apply(WELL, PIPE, *taps(), waves=("canary-*",))
    assert {outcome for outcome, _ in ended.values()} == {"done"}


@pytest.mark.parametrize("name", ["0%", "101%", "ten%", ""])
def test_a_wave_is_a_pattern_or_a_share(name):
    with pytest.raises(ValueError, match="a share such as 10%"):
        Policy(prune=True, waves=(name,))


def test_waves_share_the_burst_of_a_rate_limit():
    wanted = declared(WELL, PIPE, *taps())
    seen = run.observe(wanted, Cloud().providers())
    together = prepare(declared(WELL, PIPE, *taps(), waves=()), seen).plan.estimate
    apart = prepare(wanted, seen).plan.estimate
    assert apart.calls == together.calls
    assert (together.seconds, apart.seconds) == (15.3, 15.3)


def test_at_its_time_limit_a_run_stops_and_the_next_goes_on():
    run_ = Cloudy()
    time = [0.0]

    def pass_time():
        time[0] += 10.0

    faults = {f"create tap.t[{it}]": pass_time for it in NAMES[:2]}
    limit = TimeLimit(15.0, lambda: time[0])
    ended = run_.apply(WELL, PIPE, *taps(), faults=faults, limit=limit)
    done = {address for address, (outcome, _) in ended.items() if outcome == "done"}
    assert done == {"well.x", "pipe.p", "tap.t[canary-a]", "tap.t[canary-b]"}
    late = {why for outcome, why in ended.values() if outcome == "skipped"}
    assert late == {"not begun: the time limit of 15s was reached; apply again"}
    assert run_.applied.cut_short
    rest = run_.apply(WELL, PIPE, *taps())
    assert len(rest) == 18
    assert {outcome for outcome, _ in rest.values()} == {"done"}
    assert not run_.applied.cut_short


class Busy(Broken):
    """Makes calls that wait, with these answers each, before something is created."""

    def __init__(self, cloud, name, faults, clock):
        super().__init__(cloud, name, faults)
        self.calls = Calls(clock)

    def create(self, desired):
        for answers in self.faults.get(desired.address, ()):
            self.calls.run("Create", partial(self._answer, [*answers]))
        return super().create(desired)

    def _answer(self, answers):
        if (answer := answers.pop(0)) != "ok":
            raise Transient(self.name, "Create", answer, code="429")


def test_at_its_time_limit_no_retry_is_waited_for_and_what_was_not_done_is_told_so():
    cloud, clock = Cloud(), Clock()
    wanted = declared(WELL, PIPE, *taps(clients=NAMES[:3]), waves=())
    answers = {"tap.t[canary-a]": [["throttled"]], "tap.t[canary-b]": [["ok"], ["throttled"]]}
    providers = {name: Busy(cloud, name, answers, clock) for name in cloud.providers()}
    prepared = prepare(wanted, run.observe(wanted, providers))
    applied = run.carry_out(prepared, providers, limit=TimeLimit(0.2, clock.now))
    ended = told(applied)
    assert (clock.now() < 0.1, applied.cut_short) == (True, True)
    assert ended["tap.t[shop-00]"] == ("done", None)
    left = "not begun: the time limit of 0s was reached; apply again"
    assert ended["tap.t[canary-a]"] == ("skipped", left)
    outcome, why = ended["tap.t[canary-b]"]
    assert outcome == "failed"
    assert why == (
        "works: Create: throttled; not tried again, since the time limit of 0s was reached; "
        "part of it may have been done: plan again to see"
    )


def test_after_an_interrupt_no_retry_is_waited_for():
    cloud, clock, stop = Cloud(), Clock(), threading.Event()
    clock.at[0.1] = stop.set
    wanted = declared(WELL, waves=())
    answers = {"well.x": [["throttled"] * 9]}
    providers = {name: Busy(cloud, name, answers, clock) for name in cloud.providers()}
    prepared = prepare(wanted, run.observe(wanted, providers))
    ended = told(run.carry_out(prepared, providers, stop=stop))
    assert ended == {"well.x": ("skipped", "interrupted before it was begun")}
    assert clock.now() < 1


def test_the_second_half_of_a_replace_is_tried_again_beyond_the_time_limit():
    run_, clock = Cloudy(), Clock()
    run_.apply(WELL, PIPE, waves=())
    wider = declare("p", "works", Pipe(well="", gauge=2), refs={"well": WELL})
    wanted = declared(WELL, wider, waves=())
    answers = {"pipe.p": [["throttled", "ok"]]}
    providers = {name: Busy(run_.cloud, name, answers, clock) for name in run_.cloud.providers()}
    prepared = prepare(wanted, run.observe(wanted, providers))
    ended = told(run.carry_out(prepared, providers, limit=TimeLimit(0.2, clock.now)))
    assert ended == {"pipe.p": ("done", None)}
    assert clock.now() > 0.2


def test_what_waits_for_a_thread_is_not_begun_after_an_interrupt():
    cloud, stop = Cloud(), threading.Event()
    many = taps(clients=[f"c{number:04}" for number in range(500)])
    wanted = declared(WELL, PIPE, *many, waves=())
    faults = {"create tap.t[c0000]": stop.set}
    providers = {name: Broken(cloud, name, faults) for name in cloud.providers()}
    found = run.carry_out(prepare(wanted, run.observe(wanted, providers)), providers, stop=stop)
    outcomes = [it.outcome for it in found.outcomes]
    assert found.interrupted
    assert outcomes.count("skipped") > 300
    assert cloud.log == [line for line in cloud.log if line.startswith("create")]
