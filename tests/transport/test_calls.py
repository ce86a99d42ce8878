"""The only place that waits, with a clock that does not: pace, retries, concurrency, polling."""

import math
import threading
import time

import pytest

from reconciler.core.model.errors import Denied, Missing, Rejected, Transient, Unclear
from reconciler.core.model.pacing import ONCE_THROTTLED, Pace
from reconciler.transport.calls import Calls, SystemClock
from reconciler.transport.patience import on_errand
from reconciler.transport.waits import WAITS
from tests.clocks import Clock


class Service:
    """Answers in turn; an exception is raised."""

    def __init__(self, clock, *answers):
        self.clock = clock
        self.answers = list(answers)
        self.times = []

    def __call__(self):
        self.times.append(self.clock.now() - 1000.0)
        answer = self.answers.pop(0) if self.answers else "ok"
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def clock():
    return Clock(1000.0)


def busy(**more):
    return Transient("acme", "List", "the service is busy", **more)


def refused():
    return Rejected("acme", "Create", "not yet")


def lost():
    return Unclear("acme", "Create", "the answer was lost")


def test_the_answer_is_returned_without_waiting(clock):
    assert Calls(clock).run("List", Service(clock, "answer")) == "answer"
    assert clock.slept == []


def test_a_transient_failure_is_tried_again_after_a_growing_wait(clock):
    service = Service(clock, busy(), busy(), busy(), "answer")
    assert Calls(clock).run("List", service) == "answer"
    assert len(clock.slept) == 3
    for attempt, wait in enumerate(clock.slept):
        assert 0.25 * 2**attempt <= wait < 0.5 * 2**attempt


def test_a_call_is_tried_so_often_and_the_last_failure_is_raised(clock):
    failures = [busy(code=str(number)) for number in range(3)]
    service = Service(clock, *failures)
    with pytest.raises(Transient) as raised:
        Calls(clock, tries=3).run("List", service)
    assert raised.value is failures[-1]
    assert len(service.times) == 3
    assert len(clock.slept) == 2


@pytest.mark.parametrize("error", [Denied, Rejected, Missing])
def test_what_will_not_change_is_not_tried_again(clock, error):
    service = Service(clock, error("acme", "List", "no"))
    with pytest.raises(error):
        Calls(clock).run("List", service)
    assert len(service.times) == 1


def test_a_defect_is_not_tried_again(clock):
    service = Service(clock, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        Calls(clock).run("List", service)
    assert len(service.times) == 1


def test_a_lost_answer_of_what_may_be_repeated_is_tried_again(clock):
    assert Calls(clock).run("List", Service(clock, lost(), "answer")) == "answer"


def test_a_lost_answer_of_what_may_not_be_repeated_is_handed_on(clock):
    service = Service(clock, lost())
    with pytest.raises(Unclear):
        Calls(clock).run("Create", service, repeat=False)
    assert len(service.times) == 1


def test_a_failure_that_was_surely_not_done_is_tried_again_even_then(clock):
    assert Calls(clock).run("Create", Service(clock, busy(), "answer"), repeat=False) == "answer"


def test_the_wish_of_the_service_wins_over_our_own_wait(clock):
    Calls(clock).run("List", Service(clock, busy(retry_after=7.0), busy(retry_after=0.0)))
    assert clock.slept == [7.0, 0.0]


def test_no_more_is_tried_once_patience_has_run_out(clock):
    service = Service(clock, *[busy(retry_after=40.0)] * 5)
    with pytest.raises(Transient):
        Calls(clock, retry_for=90).run("List", service)
    assert service.times == [0, 40, 80]


def test_a_wish_beyond_our_patience_is_not_waited_for_and_told(clock):
    with pytest.raises(Transient, match="busy; it asks to wait 91 s, and a call is given up aft"):
        Calls(clock, retry_for=90).run("List", Service(clock, busy(retry_after=91.0)))
    assert clock.slept == []


def test_a_wish_as_long_as_our_patience_is_waited_for(clock):
    assert Calls(clock, retry_for=90).run("List", Service(clock, busy(retry_after=90.0))) == "ok"


def test_calls_keep_to_the_pace_of_their_bucket(clock):
    calls = Calls(clock, paces={"List": Pace(rate=2, burst=2)})
    service = Service(clock)
    for _ in range(5):
        calls.run("List", service)
    assert service.times == [0, 0, 0.5, 1.0, 1.5]


def test_a_part_after_a_colon_is_a_bucket_of_its_own_with_the_same_pace(clock):
    calls = Calls(clock, paces={"List": Pace(rate=1, burst=1)})
    service = Service(clock)
    for bucket in ("List:de", "List:fr", "List:de"):
        calls.run(bucket, service)
    assert service.times == [0, 0, 1.0]


def test_all_other_buckets_share_a_pace_but_not_their_tokens(clock):
    calls = Calls(clock, paces={"*": Pace(rate=1, burst=1)})
    service = Service(clock)
    for bucket in ("List", "Get", "Get"):
        calls.run(bucket, service)
    assert service.times == [0, 0, 1.0]


def test_without_a_pace_nothing_is_held_back(clock):
    calls = Calls(clock)
    for _ in range(3000):
        calls.run("List", Service(clock))
    assert clock.slept == []


def test_without_a_pace_calls_are_held_back_once_the_service_throttles(clock):
    calls = Calls(clock)
    calls.run("List", Service(clock, busy(code="Throttling")))
    began = clock.now()
    for _ in range(3000):
        calls.run("List", Service(clock))
    assert clock.now() - began == pytest.approx(3000 / ONCE_THROTTLED.rate, rel=0.3)


@pytest.mark.parametrize(("times", "rate"), [(2, 500), (3, 250), (9, 100)])
def test_a_service_that_goes_on_throttling_is_asked_half_as_often_each_second(clock, times, rate):
    calls = Calls(clock)
    for _ in range(times):
        # What was under way already is refused, too.
        calls.run("List", Service(clock, busy(code="Throttling"), busy(code="Throttling")))
        clock.sleep(1.0)
    began = clock.now()
    for _ in range(10 * rate):
        calls.run("List", Service(clock))
    assert clock.now() - began == pytest.approx(9.0, rel=0.2)


def test_every_try_draws_on_the_bucket(clock):
    calls = Calls(clock, paces={"List": Pace(rate=0.1, burst=1)})
    service = Service(clock, busy(retry_after=1.0))
    calls.run("List", service)
    assert service.times == [0, pytest.approx(10.0)]


def test_waiting_for_the_rate_limit_is_no_reason_to_lose_patience(clock):
    calls = Calls(clock, paces={"List": Pace(rate=0.01, burst=1)}, retry_for=90)
    calls.run("List", Service(clock))
    assert calls.run("List", Service(clock, busy(retry_after=1.0))) == "ok"


def test_a_service_that_says_too_many_has_spent_the_burst_for_everybody(clock):
    calls = Calls(clock, paces={"List": Pace(rate=1, burst=5)})
    calls.run("List", Service(clock, busy(code="429", retry_after=None)))
    before = clock.now()
    calls.run("List", Service(clock))
    assert clock.now() - before > 0.5


def test_a_rate_the_service_announces_is_kept_from_then_on(clock):
    calls = Calls(clock, paces={"List": Pace(rate=1, burst=1)})
    service = Service(clock)
    calls.run("List", service)
    calls.announce("List", 10)
    calls.run("List", service)
    assert service.times == [0, pytest.approx(0.1)]


def test_a_rate_of_nothing_or_for_a_bucket_never_used_is_not_believed(clock):
    calls = Calls(clock, paces={"List": Pace(rate=1, burst=1)})
    service = Service(clock)
    calls.announce("List", 10)
    calls.run("List", service)
    calls.announce("List", 0)
    calls.run("List", service)
    assert service.times == [0, 1.0]


@pytest.mark.parametrize("rate", [0.0001, 1e-300])
def test_an_announced_rate_has_a_floor(clock, rate):
    calls = Calls(clock, paces={"List": Pace(rate=1, burst=1)})
    service = Service(clock)
    calls.run("List", service)
    calls.announce("List", rate)
    calls.run("List", service)
    assert service.times == [0, pytest.approx(10.0)]


def test_an_announced_rate_beyond_all_measure_holds_nothing_up(clock):
    calls = Calls(clock, paces={"List": Pace(rate=1, burst=1)})
    calls.run("List", Service(clock))
    calls.announce("List", 1e300)
    for _ in range(3):
        calls.run("List", Service(clock))
    assert sum(clock.slept) < 0.01


def test_no_more_calls_than_allowed_are_under_way_at_once():
    calls = Calls(SystemClock(), concurrency=3)
    lock, full = threading.Lock(), threading.Barrier(3, timeout=60)
    under_way, most = 0, 0

    def call():
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        full.wait()  # breaks unless three are under way together
        with lock:
            under_way -= 1

    threads = [threading.Thread(target=calls.run, args=("List", call)) for _ in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert most == 3


def test_a_call_that_waits_to_try_again_keeps_no_other_from_being_made():
    clock = Clock(1000.0)
    calls = Calls(clock, concurrency=1)
    answers = []

    def sleep(seconds):
        clock.slept.append(seconds)
        answers.append(calls.run("Get", Service(clock, "meanwhile")))

    clock.sleep = sleep
    assert calls.run("List", Service(clock, busy(), "answer")) == "answer"
    assert answers == ["meanwhile"]


def test_a_long_wait_and_its_reason_can_be_told_while_it_lasts(clock):
    told = []
    passing = clock.sleep
    clock.sleep = lambda seconds: (told.append(WAITS.longest()), passing(seconds))
    calls = Calls(clock, paces={"List": Pace(rate=0.5, burst=1)})
    calls.run("List:de", Service(clock, busy(retry_after=7.0)))
    assert told == [(7.0, "acme: List: the service is busy")]
    calls.run("List:de", Service(clock))
    assert told[1:] == [(2.0, "List is limited to 0.5 calls a second")]
    assert WAITS.longest() is None


def test_a_short_wait_is_not_told(clock):
    told = []
    clock.sleep = lambda seconds: told.append(WAITS.longest())
    Calls(clock).run("List", Service(clock, busy()))
    assert told == [None]


def test_an_answer_that_will_be_lost_again_is_not_asked_for_again(clock):
    service = Service(clock, Unclear("acme", "List", "too large", passing=False))
    with pytest.raises(Unclear):
        Calls(clock).run("List", service)
    assert len(service.times) == 1


class Until:
    """A run that ends at a time of the clock."""

    def __init__(self, clock, moment):
        self.clock = clock
        self.moment = moment

    def within(self, seconds):
        return "it ends" if self.clock.now() + seconds >= 1000.0 + self.moment else None

    def cut(self):
        return math.inf


@pytest.mark.parametrize(("error", "may_be_done"), [(busy, False), (lost, True)])
def test_no_retry_is_waited_for_beyond_the_end_of_a_run(clock, error, may_be_done):
    failure = error()
    with on_errand(Until(clock, 0.1)) as errand, pytest.raises(type(failure)) as raised:
        Calls(clock).run("List", Service(clock, failure))
    assert clock.slept == []
    assert raised.value.given_up == "it ends"
    assert str(raised.value).endswith("; not tried again, since it ends")
    assert errand.answered is may_be_done


def test_who_waits_to_try_again_hears_within_a_second_that_the_run_was_stopped(clock):
    end = Until(clock, 999)
    clock.at[1003.5] = lambda: setattr(end, "moment", 0)
    with on_errand(end), pytest.raises(Transient) as raised:
        Calls(clock).run("List", Service(clock, busy(retry_after=60.0)))
    assert raised.value.given_up
    assert clock.now() == 1004.0


def test_a_turn_is_waited_for_beyond_the_end_by_what_is_begun_alone(clock):
    calls = Calls(clock, paces={"List": Pace(rate=0.1, burst=1)})
    with on_errand(Until(clock, 5)):
        assert calls.run("List", Service(clock)) == "ok"
        assert calls.run("List", Service(clock)) == "ok"
    assert clock.slept == [10.0]
    with on_errand(Until(clock, 15)), pytest.raises(Transient) as raised:
        calls.run("List", Service(clock))
    assert raised.value.given_up
    assert clock.slept == [10.0]


def test_what_is_refused_for_now_is_not_polled_beyond_the_end_of_a_run(clock):
    service = Service(clock, *[None] * 9)
    with on_errand(Until(clock, 5)), pytest.raises(Rejected, match="since it ends") as raised:
        Calls(clock).insist(lambda: service() or refused(), within=20, every=2)
    assert raised.value.given_up == "it ends"
    with pytest.raises(Rejected) as raised:
        Calls(clock).insist(lambda: service() or refused(), within=4, every=2)
    assert not raised.value.given_up
    assert service.times == [0, 2, 4, 4, 6, 8]


def test_what_is_taken_at_last_is_the_answer(clock):
    service = Service(clock, None, "taken")
    answer = Calls(clock).insist(lambda: service() or refused(), within=20, every=2)
    assert (answer, service.times) == ("taken", [0, 2])


def test_a_mere_look_begins_nothing_that_would_be_left_half_done(clock):
    calls = Calls(clock, paces={"Make": Pace(rate=0.1, burst=1)})
    with on_errand(Until(clock, 5)) as errand:
        calls.run("Make", Service(clock), looks=True)
        with pytest.raises(Transient):
            calls.run("Make", Service(clock))
        with pytest.raises(Unclear):
            calls.run("List", Service(clock, *[lost() for _ in range(9)]), looks=True)
    assert not errand.answered


def test_polling_returns_the_first_answer(clock):
    service = Service(clock, None, None, "there")
    assert Calls(clock).poll(service, within=20, every=2) == "there"
    assert service.times == [0, 2, 4]


def test_polling_gives_up_when_another_look_would_be_too_late(clock):
    service = Service(clock, *[None] * 9)
    assert Calls(clock).poll(service, within=5, every=2) is None
    assert service.times == [0, 2, 4]


def test_polling_for_no_time_looks_once(clock):
    service = Service(clock, None)
    assert Calls(clock).poll(service, within=0, every=2) is None
    assert service.times == [0]


def test_what_goes_wrong_while_polling_is_raised(clock):
    with pytest.raises(Denied):
        Calls(clock).poll(Service(clock, Denied("a", "b", "no")), within=5, every=2)


def test_the_clock_of_the_machine_only_ever_grows():
    clock = SystemClock()
    before = clock.now()
    clock.sleep(0.001)
    assert before < clock.now() <= time.monotonic()
