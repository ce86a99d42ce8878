"""Ripple and gap: what a replaced object drags along, and how long nothing is delivered."""

from reconciler.core.planning.plan import prepare
from reconciler.reports import as_text
from tests.toys import Pipe, Tap, Well, declare, seen, standing, world

WELL = declare("x", "depot", Well(name="x"))
OLD = declare("p", "works", Pipe(well=""), refs={"well": WELL})
NEW = declare("p", "works", Pipe(well="", gauge=2), refs={"well": WELL})


def replacing(taps):
    """Plan a wider pipe under a number of taps, which then have to be connected anew."""
    uses = [f"u{number:02}" for number in range(taps)]
    declared = [
        declare(use, "works", Tap(client="de", use=use, pipe=""), refs={"pipe": NEW})
        for use in uses
    ]
    live = [standing(WELL), standing(NEW, spec=OLD.spec, id="p-1")]
    live += [standing(item, spec=item.spec.model_copy(update={"pipe": "p-1"})) for item in declared]
    return prepare(world(WELL, NEW, *declared), seen(*live)).plan


def by_address(plan):
    return {action.address: action for action in plan.actions}


def test_a_replaced_object_names_what_it_drags_along_and_that_names_its_cause():
    actions = by_address(replacing(2))
    assert "it drags along tap.u00, tap.u01" in actions["pipe.p"].notes
    assert [actions[f"tap.u0{n}"].caused_by for n in range(2)] == ["pipe.p", "pipe.p"]


def test_of_many_dragged_along_the_first_are_named_and_the_rest_counted():
    [note] = [it for it in by_address(replacing(8))["pipe.p"].notes if "drags" in it]
    assert note == "it drags along tap.u00, tap.u01, tap.u02, tap.u03, tap.u04 and 3 more"


def test_a_replace_within_the_burst_is_missing_for_the_calls_between_its_halves():
    """Calls take a tenth of a second: after a tap's delete the pipe is looked at and deleted, and
    then both are created.
    """
    actions = by_address(replacing(1))
    assert actions["pipe.p"].gap_seconds == 0.1
    assert actions["tap.u00"].gap_seconds == 0.4
    assert actions["tap.u00"].notes[0].endswith("again: nothing is delivered for about 1 s")


def test_beyond_the_burst_each_replaced_object_waits_for_the_rate_limit():
    """Taps allow 5 calls at once and then 1 a second, for deletes and for creates.

    Of 10 taps the last is deleted after 5 s. The pipe follows, and only then are taps created: 5 at
    once and the last one 5 s later.
    """
    gaps = {
        address: action.gap_seconds
        for address, action in by_address(replacing(10)).items()
        if address != "pipe.p"
    }
    assert gaps["tap.u00"] == 5.4
    assert gaps["tap.u09"] == 5.4
    assert gaps["tap.u04"] == 5.4
    assert gaps["tap.u05"] == 5.4


def test_what_is_not_replaced_has_no_gap():
    plan = prepare(world(WELL, OLD), seen(standing(WELL))).plan
    assert [action.gap_seconds for action in plan.actions] == [None]
    assert "without delivery" not in as_text.render(plan)


def test_the_text_of_a_plan_sums_up_how_many_objects_wait_and_for_how_long():
    text = as_text.render(replacing(10))
    assert "Meanwhile 11 objects are without delivery, up to 5 seconds each" in text


def test_the_gap_is_an_estimate_and_no_part_of_the_fingerprint(monkeypatch):
    before = replacing(3)
    monkeypatch.setattr("reconciler.core.planning.rehearsal.SECONDS_A_CALL", 7.0)
    after = replacing(3)
    assert after.fingerprint == before.fingerprint
    assert by_address(after)["pipe.p"].gap_seconds == 7.0
