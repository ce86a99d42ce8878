"""Observe and apply over the toy service: who goes on, who is stopped, and what is told."""

import os
import signal
import threading
import time
from dataclasses import replace

import pytest

from reconciler import run
from reconciler.core.manifest.settings import Policy
from reconciler.core.model.errors import (
    Denied,
    PlanRefused,
    Rejected,
    SettingsError,
    Transient,
    Unclear,
)
from reconciler.core.model.objects import Live
from reconciler.core.planning.plan import prepare
from tests.toys import (
    Bell,
    Cloud,
    Pipe,
    Provider,
    Spill,
    Tank,
    Tap,
    Valve,
    Well,
    declare,
    world,
)

WELL = declare("x", "depot", Well(name="x"))
TANK = declare("a", "depot", Tank(name="a"))
PIPE = declare("p", "works", Pipe(well=""), refs={"well": WELL})
TAPS = [
    declare("t", "works", Tap(client=it, use="u", pipe=""), refs={"pipe": PIPE}, member=it)
    for it in ("de", "fr")
]
BELL = declare("b", "tower", Bell(event="fire", target="1"))
DEFECT = "this is a defect of the reconciler; run again with --debug and report it"
NOTHING = "nothing is there now: run apply again"


class Broken(Provider):
    """Fails writes as told: by verb and address, with an exception or what a function does."""

    def __init__(self, cloud, name, faults):
        super().__init__(cloud, name)
        self.faults = faults

    def _meet(self, verb, address):
        fault = self.faults.get(f"{verb} {address}")
        if isinstance(fault, list):
            fault = fault.pop(0) if fault else None
        if isinstance(fault, Exception):
            raise fault
        if fault is not None:
            fault()

    def create(self, desired):
        self._meet("create", desired.address)
        return super().create(desired)

    def update(self, desired, live, changes):
        self._meet("update", desired.address)
        return super().update(desired, live, changes)

    def delete(self, live):
        self._meet("delete", live.spec.kind)
        super().delete(live)


def planned(cloud, *desired):
    declared = world(*desired)
    return prepare(declared, run.observe(declared, cloud.providers()))


def applied(cloud, *desired, faults=None, progress=run.silent):
    providers = {name: Broken(cloud, name, faults or {}) for name in cloud.providers()}
    return run.carry_out(planned(cloud, *desired), providers, progress=progress)


def told(found):
    return {it.address: (it.outcome, it.error) for it in found.outcomes}


def settled(*desired):
    """Return a cloud in which these objects stand as declared."""
    cloud = Cloud()
    assert all(it.outcome == "done" for it in applied(cloud, *desired).outcomes)
    cloud.log.clear()
    return cloud


def observed(providers, *desired, **more):
    return run.observe(world(*desired, **more), providers)


def busy(account="works"):
    return Transient(account, "ListPipes", "the service is busy")


# observe


def test_everything_is_read_ours_or_not_from_every_account_and_part():
    cloud = settled(WELL, PIPE, *TAPS, BELL)
    cloud.put("depot", Tank(name="strange"), owner="other")
    found = observed(cloud.providers())
    assert len(found.live) == 6
    assert found.unread == ()


def test_half_a_listing_is_no_listing_and_the_other_parts_go_on():
    cloud = settled(WELL, PIPE, *TAPS)
    cloud.put("works", Tap(client="de", use="second", pipe="pipe-2"))
    providers = cloud.providers()
    providers["works"].unreadable["de"] = busy("works/de")
    found = observed(providers)
    assert {it.spec.partition() for it in found.live if isinstance(it.spec, Tap)} == {"fr"}
    assert {type(it.spec) for it in found.live} == {Well, Pipe, Tap}
    assert [(str(it.scope), it.reason) for it in found.unread] == [
        ("works/de", "works/de: ListPipes: the service is busy")
    ]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Denied("depot", "ListTanks", "not allowed."), "depot: ListTanks: not allowed"),
        (
            Rejected("depot", "ListTanks", "no", request_id="r-1"),
            "depot: ListTanks: no (request r-1)",
        ),
        (SettingsError("$KEY is not set"), "depot: $KEY is not set"),
        (ValueError("secret inside"), f"depot: unexpected ValueError: {DEFECT}"),
    ],
)
def test_an_account_that_cannot_be_read_is_told_in_one_sentence_with_its_name(error, reason):
    providers = settled(WELL, BELL).providers()
    providers["depot"].unreadable[None] = error
    found = observed(providers)
    assert [it.reason for it in found.unread] == [reason]
    assert [type(it.spec) for it in found.live] == [Bell]


def test_an_account_that_is_not_the_declared_one_refuses_the_whole_run():
    providers = settled(WELL, BELL).providers()
    providers["depot"].unreadable[None] = PlanRefused("depot is another account")
    with pytest.raises(PlanRefused, match="depot is another account"):
        observed(providers)


class Curious(Provider):
    """Tells what it is asked for."""

    asked = ()

    def observe(self, scope, interest):
        self.asked = (*self.asked, (scope, interest))
        interest.warn(f"{scope} is slow")
        interest.warn(f"{scope} is slow")
        return interest.each(lambda thing: thing, super().observe(scope, interest))


def test_a_reader_is_told_what_is_declared_in_its_scope_and_by_whom():
    cloud = settled(WELL, PIPE, *TAPS)
    works, depot = (Curious(cloud, name) for name in ("works", "depot"))
    observed({"works": works, "depot": depot}, WELL, PIPE, *TAPS)
    told = {str(scope): interest for scope, interest in (*works.asked, *depot.asked)}
    assert [(name, len(told[name].declared)) for name in sorted(told)] == [
        ("depot", 1),
        ("works", 1),
        ("works/de", 1),
        ("works/fr", 1),
    ]
    assert told["works/fr"].declared == (TAPS[1].spec,)
    assert {(it.stack, it.discover_all) for it in told.values()} == {("acme", True)}


def test_a_reader_is_told_whether_to_look_for_what_nobody_declared():
    depot = Curious(Cloud(), "depot")
    observed({"depot": depot}, policy=Policy(prune=True, discover="declared"))
    assert [interest.discover_all for _, interest in depot.asked] == [False]


def test_what_a_reader_warns_of_is_told_once_with_its_account():
    found = observed({name: Curious(Cloud(), name) for name in ("works", "depot")})
    assert [(it.address, it.message) for it in found.warnings] == [
        ("depot", "depot is slow"),
        ("works", "works is slow"),
        ("works", "works/de is slow"),
        ("works", "works/fr is slow"),
    ]


def test_details_are_read_side_by_side_and_answered_in_order():
    meeting = threading.Barrier(3, timeout=60)

    class Together(Provider):
        def observe(self, scope, interest):
            def meet(number):
                meeting.wait()  # breaks unless all three are under way at once
                return number

            assert interest.each(meet, [3, 1, 2]) == [3, 1, 2]
            return []

    assert observed({"depot": Together(Cloud(), "depot")}).unread == ()


def test_a_detail_that_cannot_be_read_makes_the_whole_scope_unread():
    class Half(Provider):
        def observe(self, scope, interest):
            def detail(number):
                if number == 7:
                    raise busy("depot")
                return number

            return interest.each(detail, range(200))

    found = observed({"depot": Half(Cloud(), "depot")})
    assert [it.reason for it in found.unread] == ["depot: ListPipes: the service is busy"]


def test_accounts_are_read_side_by_side():
    meeting = threading.Barrier(4, timeout=60)

    class Together(Provider):
        def observe(self, scope, interest):
            if scope.part is None:
                meeting.wait()
            return super().observe(scope, interest)

    cloud = settled(WELL)
    found = observed({name: Together(cloud, name) for name in cloud.providers()})
    assert found.unread == ()


def test_progress_counts_the_parts_that_were_read():
    heard = []
    declared = world(WELL)
    run.observe(declared, Cloud().providers("works"), progress=lambda *it: heard.append(it))
    assert heard == [("reading", done, 3) for done in range(4)]


# apply


def test_every_action_is_told_in_the_order_of_the_plan():
    found = applied(Cloud(), WELL, PIPE, *TAPS)
    assert [(it.action, it.address, it.outcome, it.error) for it in found.outcomes] == [
        ("create", "well.x", "done", None),
        ("create", "pipe.p", "done", None),
        ("create", "tap.t[de]", "done", None),
        ("create", "tap.t[fr]", "done", None),
    ]
    assert not found.interrupted


def test_nothing_to_do_is_done_at_once():
    assert applied(settled(WELL), WELL).outcomes == ()


def test_independent_steps_run_side_by_side():
    meeting = threading.Barrier(3, timeout=60)
    faults = {f"create {it}": meeting.wait for it in ("well.x", "tank.a", "bell.b")}
    found = applied(Cloud(), WELL, TANK, BELL, faults=faults)
    assert [it.outcome for it in found.outcomes] == ["done"] * 3


def test_what_is_created_on_the_way_is_known_to_what_refers_to_it():
    cloud = Cloud()
    applied(cloud, WELL, PIPE, *TAPS)
    ids = {thing.address: thing.outputs["id"] for thing in cloud.things.values()}
    taps = [thing.spec for thing in cloud.things.values() if isinstance(thing.spec, Tap)]
    assert {tap.pipe for tap in taps} == {ids["pipe.works/arn:x"]}


def test_a_failure_stops_exactly_what_depends_on_it():
    fault = Denied("works", "CreatePipe", "not allowed", request_id="r-1")
    found = applied(Cloud(), WELL, PIPE, *TAPS, BELL, TANK, faults={"create pipe.p": fault})
    assert told(found) == {
        "tank.a": ("done", None),
        "bell.b": ("done", None),
        "well.x": ("done", None),
        "pipe.p": ("failed", "works: CreatePipe: not allowed (request r-1)"),
        "tap.t[de]": ("skipped", "it needs pipe.p, which did not succeed"),
        "tap.t[fr]": ("skipped", "it needs pipe.p, which did not succeed"),
    }


def test_what_depends_on_the_skipped_is_skipped_in_turn():
    found = applied(Cloud(), WELL, PIPE, *TAPS, faults={"create well.x": busy("depot")})
    assert told(found)["tap.t[de]"] == ("skipped", "it needs pipe.p, which did not succeed")


def test_all_that_did_not_succeed_is_named_as_the_reason():
    both = declare("p", "works", Pipe(well="", overflow=""), refs={"well": WELL, "overflow": TANK})
    faults = {"create well.x": busy("depot"), "create tank.a": busy("depot")}
    found = applied(Cloud(), WELL, TANK, both, faults=faults)
    assert told(found)["pipe.p"] == ("skipped", "it needs tank.a, well.x, which did not succeed")


def test_a_defect_in_one_provider_fails_its_step_and_the_others_go_on():
    found = applied(Cloud(), WELL, BELL, faults={"create well.x": ZeroDivisionError("secret")})
    assert told(found) == {
        "bell.b": ("done", None),
        "well.x": ("failed", f"depot: unexpected ZeroDivisionError: {DEFECT}"),
    }


def test_a_lost_answer_says_that_it_may_have_been_done():
    fault = Unclear("tower", "CreateBell", "the answer was lost")
    found = applied(Cloud(), BELL, faults={"create bell.b": fault})
    assert told(found)["bell.b"] == (
        "failed",
        "tower: CreateBell: the answer was lost; it may have been done: plan again to see",
    )


def test_a_missing_credential_names_the_account():
    found = applied(Cloud(), BELL, faults={"create bell.b": SettingsError("$KEY is not set")})
    assert told(found)["bell.b"] == ("failed", "tower: $KEY is not set")


def test_pruning_waits_until_everything_else_has_ended():
    cloud = settled(WELL, TANK)
    larger = declare("a", "depot", Tank(name="a", size=99))
    applied(cloud, larger, BELL)
    assert cloud.log[-1] == "delete well.depot/x"
    assert sorted(cloud.log[:-1]) == ["create bell.tower/fire/1", "update tank.depot/a"]


def test_pruning_goes_on_after_failures_it_has_nothing_to_do_with():
    cloud = settled(WELL, TANK)
    found = applied(cloud, TANK, BELL, faults={"create bell.b": busy("tower")})
    assert told(found)["well.depot/x"] == ("done", None)


def test_nothing_is_pruned_that_something_failed_to_move_away_from():
    old = declare("q", "mains", Pipe(well=""), refs={"well": WELL})
    before = declare("v", "mains", Valve(use="u", pipe=""), refs={"pipe": old})
    other = declare("y", "depot", Well(name="y"))
    new = declare("n", "mains", Pipe(well=""), refs={"well": other})
    after = declare("v", "mains", Valve(use="u", pipe=""), refs={"pipe": new})
    cloud = settled(WELL, old, before)
    found = applied(cloud, WELL, other, new, after, faults={"update tap.v": busy("mains")})
    assert told(found)["pipe.mains/arn:x"] == (
        "skipped",
        "it needs tap.v, which did not succeed",
    )


HEIR = declare("q", "mains", Pipe(well=""), refs={"well": WELL})
HEIRS = [WELL, HEIR, declare("n", "mains", Valve(use="u", pipe=""), refs={"pipe": HEIR})]
FORMER = {"pipe.works/arn:x", "tap.works/de/u", "tap.works/fr/u"}


@pytest.mark.parametrize("failing", ["pipe.q", "tap.n"])
def test_nothing_goes_while_what_takes_over_in_another_service_is_not_there(failing):
    cloud = settled(WELL, PIPE, *TAPS)
    found = applied(cloud, *HEIRS, faults={f"create {failing}": busy("mains")})
    outcomes = {address: outcome for address, (outcome, _) in told(found).items()}
    assert {outcomes[address] for address in FORMER} == {"skipped"}
    assert not [line for line in cloud.log if line.startswith("delete")]


def test_what_is_held_back_says_why_and_what_carries_it_says_the_same():
    cloud = settled(WELL, PIPE, *TAPS)
    found = told(applied(cloud, *HEIRS, faults={"create tap.n": busy("mains")}))
    reason = (
        "held back: create tap.n did not succeed, and it may be what takes its place; apply again"
    )
    assert {found[address] for address in FORMER} == {("skipped", reason)}


def test_what_was_held_back_is_pruned_by_the_next_run():
    cloud = settled(WELL, PIPE, *TAPS)
    applied(cloud, *HEIRS, faults={"create tap.n": busy("mains")})
    assert {it.outcome for it in applied(cloud, *HEIRS).outcomes} == {"done"}
    assert planned(cloud, *HEIRS).plan.actions == ()


def test_a_create_that_failed_holds_back_no_deletes_of_other_kinds():
    cloud = settled(WELL)
    found = applied(cloud, TANK, faults={"create tank.a": busy("depot")})
    assert told(found)["well.depot/x"] == ("done", None)


def test_a_create_that_failed_holds_back_nothing_that_makes_room_and_no_other_event():
    part, dusk = (declare(it, "tower", Bell(event=it, target="1")) for it in ("fire", "dusk"))
    every = declare("fire", "tower", Bell(event="fire", everyone=True))
    noon = declare("noon", "tower", Bell(event="noon", target="1"))
    cloud = settled(part, dusk)
    found = applied(cloud, every, noon, faults={"create bell.noon": busy("tower")})
    outcomes = {address: outcome for address, (outcome, _) in told(found).items()}
    assert outcomes == {
        "bell.tower/fire/1": "done",
        "bell.fire": "done",
        "bell.noon": "failed",
        "bell.tower/dusk/1": "done",
    }


def test_what_is_already_gone_is_deleted():
    """Contract of the interface: already gone is done."""
    cloud = settled(WELL, TANK)
    prepared = planned(cloud, WELL)
    [number] = [number for number, it in cloud.things.items() if isinstance(it.spec, Tank)]
    outputs = cloud.things[number].outputs

    class Kind(Provider):
        def delete(self, live: Live) -> None:
            assert live.outputs == outputs

    del cloud.things[number]
    found = run.carry_out(prepared, {"depot": Kind(cloud, "depot")})
    assert told(found)["tank.depot/a"] == ("done", None)


# what changed since it was planned


def test_what_is_no_longer_as_planned_is_left_alone():
    cloud = settled(TANK)
    larger = declare("a", "depot", Tank(name="a", size=99))
    prepared = planned(cloud, larger)
    [(number, thing)] = cloud.things.items()
    cloud.things[number] = replace(thing, spec=Tank(name="a", size=77))
    found = run.carry_out(prepared, cloud.providers())
    assert told(found)["tank.a"] == (
        "failed",
        "it was changed since this was planned (size): plan again",
    )
    assert cloud.log == []


class Blind(Provider):
    """Cannot look at one object again."""

    def read(self, live, *, thorough=False):
        raise Unclear(self.name, "GetTank", "the answer was lost")


def test_what_cannot_be_looked_at_again_is_left_as_it_is_and_not_told_as_perhaps_done():
    cloud = settled(TANK)
    prepared = planned(cloud, declare("a", "depot", Tank(name="a", size=99)))
    found = run.carry_out(prepared, {**cloud.providers(), "depot": Blind(cloud, "depot")})
    assert told(found)["tank.a"] == (
        "failed",
        "depot: GetTank: the answer was lost; what cannot be looked at first is left as it is",
    )
    assert cloud.log == []


def test_what_has_gone_meanwhile_is_not_updated():
    cloud = settled(TANK)
    prepared = planned(cloud, declare("a", "depot", Tank(name="a", size=99)))
    cloud.things.clear()
    found = run.carry_out(prepared, cloud.providers())
    assert told(found)["tank.a"] == ("failed", "it is gone since this was planned: plan again")


def test_what_somebody_else_has_meanwhile_filled_is_not_deleted():
    cloud = settled(TANK)
    prepared = planned(cloud, BELL)
    [(number, thing)] = cloud.things.items()
    cloud.things[number] = replace(thing, waiting=3)
    found = run.carry_out(prepared, cloud.providers())
    outcome, error = told(found)["tank.depot/a"]
    assert (outcome, "about 3 messages" in error) == ("failed", True)
    assert number in cloud.things


# a record of every write


class Record:
    """Takes down what is written, as long as there is room."""

    def __init__(self, *full):
        self.lines = []
        self.full = full

    def begin(self, step):
        self._note("begin", step)

    def end(self, step, outcome, error):
        self._note(outcome, step)

    def _note(self, what, step):
        if f"{what} {step.address}" in self.full:
            raise SettingsError("the disk is full")
        self.lines.append(f"{what} {step.verb} {step.address}")


def recorded(cloud, record, *desired):
    return run.carry_out(planned(cloud, *desired), cloud.providers(), recorder=record)


def test_every_write_is_taken_down_before_and_after():
    record = Record()
    recorded(settled(TANK), record, HARDER)
    assert record.lines == [
        "begin delete tank.a",
        "done delete tank.a",
        "begin create tank.a",
        "done create tank.a",
    ]


def test_what_cannot_be_taken_down_beforehand_is_not_done():
    cloud = Cloud()
    found = recorded(cloud, Record("begin bell.b"), BELL, TANK)
    assert told(found) == {"bell.b": ("failed", "the disk is full"), "tank.a": ("done", None)}
    assert cloud.log == ["create tank.depot/a"]


def test_what_cannot_be_taken_down_afterwards_was_done_all_the_same(caplog):
    found = recorded(Cloud(), Record("done bell.b"), BELL)
    assert told(found) == {"bell.b": ("done", None)}
    assert "bell.b: done, but not taken down: the disk is full" in caplog.text


# replace

HARDER = declare("a", "depot", Tank(name="a", metal="zinc"))


def test_a_replace_that_cannot_be_deleted_is_left_alone():
    cloud = settled(TANK)
    found = applied(cloud, HARDER, faults={"delete tank": busy("depot")})
    assert told(found)["tank.a"] == ("failed", "depot: ListPipes: the service is busy")
    assert cloud.log == []


def test_a_replace_that_cannot_be_created_is_put_back():
    cloud = settled(TANK)
    faults = {"create tank.a": [Rejected("depot", "CreateTank", "no zinc")]}
    found = applied(cloud, HARDER, faults=faults)
    assert told(found)["tank.a"] == (
        "failed",
        "depot: CreateTank: no zinc; the former one was put back",
    )
    [thing] = cloud.things.values()
    assert (thing.spec.metal, thing.owner) == ("iron", "acme")


def test_what_is_put_back_still_refers_to_what_it_did():
    cloud = settled(WELL, PIPE, *TAPS)
    narrow = declare(
        "t",
        "works",
        Tap(client="de", use="u", pipe="", filter=("cold",)),
        refs={"pipe": PIPE},
        member="de",
    )
    faults = {"create tap.t[de]": [busy()]}
    applied(cloud, WELL, PIPE, narrow, TAPS[1], faults=faults)
    assert not cloud.dangling()
    assert planned(cloud, WELL, PIPE, *TAPS).plan.actions == ()


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (Rejected("depot", "CreateTank", "no iron"), "depot: CreateTank: no iron"),
        (SettingsError("$KEY is not set"), "depot: $KEY is not set"),
        (ZeroDivisionError(), f"depot: unexpected ZeroDivisionError: {DEFECT}"),
    ],
)
def test_a_replace_that_cannot_be_put_back_says_that_nothing_is_there(second, reason):
    cloud = settled(TANK)
    faults = {"create tank.a": [Rejected("depot", "CreateTank", "no zinc"), second]}
    found = applied(cloud, HARDER, faults=faults)
    outcome, error = told(found)["tank.a"]
    assert outcome == "failed"
    assert error == (
        "depot: CreateTank: no zinc; "
        f"putting the former one back failed too ({reason}), so {NOTHING} once the cause is mended"
    )
    assert cloud.things == {}


def test_a_replace_whose_answer_was_lost_is_not_put_back_over_what_may_be_there():
    cloud = settled(TANK)
    faults = {"create tank.a": [Unclear("depot", "CreateTank", "the answer was lost")]}
    found = applied(cloud, HARDER, faults=faults)
    assert told(found)["tank.a"] == (
        "failed",
        "depot: CreateTank: the answer was lost; it may have been done: plan again to see",
    )
    assert cloud.log == ["delete tank.depot/a"]


def test_what_was_taken_away_for_a_target_that_failed_is_told_as_lost():
    cloud = settled(WELL, PIPE, *TAPS)
    wider = declare("p", "works", Pipe(well="", gauge=2), refs={"well": WELL})
    found = applied(cloud, WELL, wider, *TAPS, faults={"create pipe.p": [busy()]})
    assert told(found)["tap.t[de]"] == (
        "failed",
        f"it needs pipe.p, which did not succeed; its former self is deleted already, so {NOTHING}",
    )


# interruptions


def interrupting(at):
    """Return a Progress that is interrupted when `at` steps have ended, and what it heard."""
    heard = []

    def progress(*now):
        heard.append(now)
        if now[:2] == ("applying", at) and heard.count(now) == 1:
            raise KeyboardInterrupt

    return progress, heard


CHAIN = [declare("c", "depot", Tank(name="c"))]
for key in "ba":
    CHAIN.append(
        declare(key, "depot", Tank(name=key, spill=Spill(tank="")), refs={"spill.tank": CHAIN[-1]})
    )


def test_an_interrupt_begins_nothing_more_and_tells_every_outcome():
    cloud = Cloud()
    progress, heard = interrupting(1)
    found = applied(cloud, *CHAIN, progress=progress)
    assert found.interrupted
    assert told(found) == {
        "tank.c": ("done", None),
        "tank.b": ("skipped", "interrupted before it was begun"),
        "tank.a": ("skipped", "interrupted before it was begun"),
    }
    assert ("stopping after what is under way", 1, 3) in heard


def test_an_interrupt_before_the_first_step_changes_nothing():
    cloud = settled(BELL)
    progress, _ = interrupting(0)
    found = applied(cloud, *CHAIN, progress=progress)
    assert found.interrupted
    assert {it.outcome for it in found.outcomes} == {"skipped"}
    assert cloud.log == []


def test_an_interrupt_prunes_nothing_more():
    cloud = settled(WELL)
    progress, _ = interrupting(1)
    found = applied(cloud, BELL, progress=progress)
    assert told(found) == {
        "bell.b": ("done", None),
        "well.depot/x": ("skipped", "interrupted before it was begun"),
    }


def test_an_interrupt_in_the_middle_of_a_replace_lets_its_second_half_be_done():
    cloud = settled(TANK)
    stop = threading.Event()
    providers = {name: Broken(cloud, name, {"delete tank": stop.set}) for name in cloud.providers()}
    found = run.carry_out(planned(cloud, HARDER), providers, stop=stop)
    assert found.interrupted
    assert told(found)["tank.a"] == ("done", None)
    assert cloud.log[-2:] == ["delete tank.depot/a", "create tank.depot/a"]


def test_a_replace_whose_second_half_needs_what_an_interrupt_left_undone_has_failed():
    cloud = settled(WELL, PIPE, *TAPS)
    wider = declare("p", "works", Pipe(well="", gauge=2), refs={"well": WELL})
    progress, _ = interrupting(1)
    found = applied(cloud, WELL, wider, *TAPS, progress=progress)
    assert found.interrupted
    lost = [item for item in found.outcomes if item.error and item.error.endswith(NOTHING)]
    assert lost
    assert {item.outcome for item in lost} == {"failed"}


@pytest.fixture
def keyboard():
    """Let SIGINT be what it is at a terminal, whatever runs the tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_whatever_an_interrupt_meets_is_never_told_as_not_begun(keyboard):
    """It may come between handing a step over and noting so; then nobody knows how that ended."""
    stopping = threading.Event()
    heard = []

    def progress(doing, _done, _total):
        heard.append(doing)
        if doing.startswith("stopping"):
            stopping.set()

    def interrupted():
        os.kill(os.getpid(), signal.SIGINT)
        assert stopping.wait(60)

    found = applied(Cloud(), *CHAIN, faults={"create tank.c": interrupted}, progress=progress)
    assert found.interrupted
    assert told(found)["tank.c"] in [
        ("done", None),
        ("failed", "interrupted while it was begun: plan again to see"),
    ]
    assert [it.outcome for it in found.outcomes[1:]] == ["skipped", "skipped"]


def test_once_told_to_stop_calls_under_way_finish_and_nothing_more_is_begun():
    stop = threading.Event()
    cloud = settled(WELL)
    providers = {it: Broken(cloud, it, {"create tank.c": stop.set}) for it in cloud.providers()}
    found = run.carry_out(planned(cloud, *CHAIN), providers, stop=stop)
    assert found.interrupted
    assert told(found) == {
        "tank.c": ("done", None),
        "tank.b": ("skipped", "interrupted before it was begun"),
        "tank.a": ("skipped", "interrupted before it was begun"),
        "well.depot/x": ("skipped", "interrupted before it was begun"),
    }
    assert cloud.log == ["create tank.depot/c"]


def test_a_second_interrupt_escapes():
    def impatient(doing, done, _total):
        if doing == "applying" and done >= 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        applied(Cloud(), *CHAIN, progress=impatient)


def test_an_interrupt_while_ends_are_taken_down_loses_none_of_them():
    """It comes while the first of two dependants of a failure is told to be skipped."""
    twins = [
        declare(it, "depot", Tank(name=it, spill=Spill(tank="")), refs={"spill.tank": CHAIN[0]})
        for it in ("e", "f")
    ]
    progress, _ = interrupting(2)
    faults = {"create tank.c": busy("depot")}
    found = applied(Cloud(), CHAIN[0], *twins, faults=faults, progress=progress)
    reasons = {it.address: it.error for it in found.outcomes}
    assert reasons == {
        "tank.c": "depot: ListPipes: the service is busy",
        "tank.e": "it needs tank.c, which did not succeed",
        "tank.f": "interrupted before it was begun",
    }


def test_the_next_run_finishes_what_an_interrupted_one_left():
    cloud = Cloud()
    progress, _ = interrupting(1)
    applied(cloud, *CHAIN, progress=progress)
    assert {it.outcome for it in applied(cloud, *CHAIN).outcomes} == {"done"}
    assert planned(cloud, *CHAIN).plan.actions == ()


def test_progress_counts_the_steps_that_ended():
    heard = []
    applied(settled(TANK), HARDER, BELL, progress=lambda *it: heard.append(it))
    assert {it for it in heard if it[0] == "applying"} == {("applying", n, 3) for n in range(4)}


# what points at it right before it goes


@pytest.mark.parametrize("account", ["works", "mains"])
def test_what_others_point_at_since_the_plan_is_not_deleted_wherever_they_are(account):
    cloud = settled(WELL, TANK)
    prepared = planned(cloud, TANK)
    cloud.put(account, Pipe(well="arn:x"))
    found = told(run.carry_out(prepared, cloud.providers()))
    assert found["well.depot/x"] == (
        "failed",
        (
            f"pipe.{account}/arn:x points at it since this was planned: plan again, or let it "
            "through (--allow-referenced, or referenced in policy.allow)"
        ),
    )


def test_what_points_at_a_remote_value_that_stays_does_not_hold_up_the_replace():
    cloud = settled(WELL)
    deeper = replace(WELL, spec=Well(name="x", depth=9), outputs={"arn": "arn:x"})
    prepared = planned(cloud, deeper)
    cloud.put("mains", Pipe(well="arn:x"))
    found = told(run.carry_out(prepared, cloud.providers()))
    assert found == {"well.x": ("done", None)}


def test_what_cannot_be_looked_for_is_taken_to_point_at_it():
    cloud = settled(WELL, TANK)
    prepared = planned(cloud, TANK)
    providers = cloud.providers()
    providers["mains"].unreadable[None] = busy("mains")
    outcome, reason = told(run.carry_out(prepared, providers))["well.depot/x"]
    assert outcome == "failed"
    assert reason.endswith("what cannot be looked at first is left as it is")


def test_many_that_go_at_once_are_looked_for_few_times():
    wells = [declare(f"w{it}", "depot", Well(name=f"w{it}")) for it in range(40)]
    cloud = settled(*wells, TANK)
    prepared = planned(cloud, TANK)
    looks = []

    class Counting(Provider):
        def observe(self, scope, interest):
            looks.append(self.name)
            time.sleep(0.05)  # while the others ask
            return super().observe(scope, interest)

    providers = cloud.providers() | {"mains": Counting(cloud, "mains")}
    found = told(run.carry_out(prepared, providers))
    assert {outcome for outcome, _ in found.values()} == {"done"}
    assert 0 < len(looks) < len(wells) / 2
