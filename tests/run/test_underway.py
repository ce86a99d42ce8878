"""What is under way of an apply: the cost of an end, and an interrupt between any two lines."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from reconciler import run
from reconciler.core.model.objects import Live
from reconciler.run import underway
from tests.run.test_running import CHAIN, planned, told
from tests.toys import Bell, Cloud, Provider, declare


class Ready(Provider):
    """Creates without looking at anything, which the toys' cloud does at length."""

    def create(self, desired):
        return Live(account=desired.account, spec=desired.spec, outputs={"id": desired.address})


def calls_made(total):
    """Count the functions that the thread which carries out `total` creates calls for it."""
    cloud = Cloud()
    bells = [declare(f"b{it}", "tower", Bell(event="fire", target=str(it))) for it in range(total)]
    prepared = planned(cloud, *bells)
    providers = {name: Ready(cloud, name) for name in cloud.providers()}
    made = 0

    def count(_frame, event, _argument):
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        found = run.carry_out(prepared, providers)
    finally:
        sys.setprofile(None)
    assert found.done
    assert len(found.outcomes) == total
    return made


def test_the_work_of_an_apply_grows_with_its_steps_and_no_faster():
    few, many = calls_made(100), calls_made(800)
    assert many < 8 * 1.25 * few


def interrupted_at(number):
    """Apply a chain with an interrupt at one line of the module; return the cloud and outcomes."""
    cloud = Cloud()
    prepared, passed = planned(cloud, *CHAIN), 0

    def at_lines(_frame, event, _argument):
        nonlocal passed
        passed += event == "line"
        if event == "line" and passed == number:
            raise KeyboardInterrupt
        return at_lines

    def at_calls(frame, _event, _argument):
        inside = frame.f_code.co_filename == underway.__file__
        return at_lines if inside and not frame.f_code.co_name.startswith("__") else None

    before = sys.gettrace()
    sys.settrace(at_calls)
    try:
        found = run.carry_out(prepared, cloud.providers())
    finally:
        sys.settrace(before)
    return cloud, found, passed


@pytest.mark.parametrize("number", range(1, 29))
def test_no_end_is_lost_to_an_interrupt_between_two_lines(number):
    cloud, found, passed = interrupted_at(number)
    done = {line.split("/")[1] for line in cloud.log}
    for address, (outcome, error) in told(found).items():
        lost = error == "interrupted while it was begun: plan again to see"
        assert (outcome == "done") == (address.removeprefix("tank.") in done) or lost
    assert found.interrupted == (passed >= number)


def test_an_end_that_was_told_twice_counts_once():
    with ThreadPoolExecutor(1) as pool:
        under = underway.Underway(pool)
        under.begin(lambda: None)
        first = under.next_end(10)
        under.have_all_told_again()
        under.settle(first)
        assert under.next_end(0.01) is None
    assert not under
