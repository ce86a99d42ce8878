"""Nothing of ours goes before what may take its place is there, in whichever account or service."""

from dataclasses import replace

import pytest

from reconciler import run
from reconciler.core.planning.agreement import fingerprint_of
from reconciler.core.planning.plan import prepare
from reconciler.core.planning.terms import DestroyTerms
from reconciler.core.provider import Scope
from reconciler.core.world.matching import Selection
from reconciler.core.world.unread import Unread
from tests.toys import Bell, Cloud, Pipe, Tank, Tap, Valve, Well, declare, seen, standing, world

OLD = standing(declare("old", "depot", Well(name="old")), id="old")
NEW = declare("new", "depot-2", Well(name="new"))
HOME = declare("x", "depot", Well(name="x"))
TAPS_FR = Unread(Scope("works-2", (Tap,), "fr"), "works-2/fr: consent withdrawn")


def prepared(*desired, live, unread=(), accounts=None, **more):
    return prepare(world(*desired), seen(*live, unread=unread, accounts=accounts), **more)


def deletes(made):
    """Return what each delete waits for, and why it is held back in this run, if it is."""
    return {
        action.address: (action.waits_for, action.held_back)
        for action in made.plan.actions
        if action.action == "delete"
    }


def pipe(key, account="works", well=HOME, **more):
    return declare(key, account, Pipe(well="", **more), refs={"well": well})


def tap(key, on, client="de", use="u"):
    spec = Tap(client=client, use=use, pipe="")
    return declare(key, on.account, spec, refs={"pipe": on}, member=client)


def alive(item, **more):
    """Return a declared tap or valve as it stands, on the pipe that it was declared on."""
    number = more.pop("on")
    return standing(item, spec=item.spec.model_copy(update={"pipe": number}), **more)


# which deletes wait for what


def test_of_queues_each_waits_for_all_that_are_not_there_in_whichever_account():
    made = prepared(HOME, NEW, live=[OLD, standing(HOME)])
    assert deletes(made) == {"well.depot/old": (("well.new",), None)}
    (action,) = [it for it in made.plan.actions if it.action == "delete"]
    assert action.notes == ("it waits for what may take its place: well.new",)


def test_another_kind_takes_nothings_place():
    tank = declare("t", "depot", Tank(name="t"))
    assert deletes(prepared(tank, live=[OLD])) == {"well.depot/old": ((), None)}


def test_a_destination_waits_for_one_of_the_same_queue_in_whichever_account_and_for_no_other():
    other = declare("y", "depot", Well(name="y"))
    wells = [standing(HOME), standing(other)]
    gone = standing(pipe("old"), id="p-1")
    for account in ("works-2", "mains"):
        made = prepared(
            HOME, other, pipe("new", account), pipe("o", account, other), live=[*wells, gone]
        )
        assert deletes(made) == {"pipe.works/arn:x": (("pipe.new",), None)}


def test_a_subscription_waits_within_its_service_for_the_same_party_only():
    here, there = pipe("p"), pipe("q", "works-2")
    live = [standing(HOME), standing(here, id="p-1"), standing(there, id="q-1")]
    live.append(alive(tap("old", here), on="p-1"))
    wanted = [tap("same", there), tap("else", there, "fr"), tap("other", there, use="v")]
    made = prepared(HOME, here, there, *wanted, live=live)
    assert deletes(made) == {"tap.works/de/u": (("tap.same[de]",), None)}


def test_a_subscription_waits_for_the_same_notification_of_another_service_whoever_it_is_for():
    here, there = pipe("p"), pipe("q", "mains")
    live = [standing(HOME), standing(here, id="p-1"), standing(there, id="q-1")]
    live.append(alive(tap("old", here), on="p-1"))
    valve, other = (
        declare(key, "mains", Valve(use=use, pipe=""), refs={"pipe": there})
        for key, use in (("v", "u"), ("w", "v"))
    )
    made = prepared(HOME, here, there, valve, other, live=live)
    assert deletes(made) == {"tap.works/de/u": (("tap.v",), None)}


def test_a_target_moved_to_another_entry_stays_until_it_is_there():
    old = standing(declare("b", "tower", Bell(event="fire", target="1")), id="b-1")
    new, other = (declare(key, "tower-2", Bell(event="fire", target=key)) for key in "12")
    assert deletes(prepared(new, other, live=[old])) == {"bell.tower/fire/1": (("bell.1",), None)}


def test_what_is_switched_on_by_the_plan_is_waited_for_and_other_updates_are_not():
    here = pipe("q", "mains")
    valve = declare("v", "mains", Valve(use="u", pipe=""), refs={"pipe": here})
    lead = pipe("p")
    live = [standing(HOME), standing(here, id="q-1"), standing(lead, id="p-1")]
    live.append(alive(tap("old", lead), on="p-1"))
    off = standing(valve, spec=Valve(use="u", pipe="q-1", enabled=False))
    assert deletes(prepared(HOME, here, lead, valve, live=[*live, off])) == {
        "tap.works/de/u": (("tap.v",), None)
    }
    deeper = replace(HOME, spec=Well(name="x", depth=1, tags={"a": "b"}))
    made = prepared(deeper, live=[standing(HOME), OLD])
    assert [it.action for it in made.plan.actions] == ["update", "delete"]
    assert deletes(made) == {"well.depot/old": ((), None)}


def test_where_everything_goes_nothing_takes_over():
    made = prepared(HOME, NEW, live=[OLD, standing(HOME)], terms=DestroyTerms())
    assert deletes(made) == {"well.depot/old": ((), None), "well.x": ((), None)}


def test_what_clears_the_way_for_its_successor_does_not_wait_for_it():
    every = declare("e", "tower", Bell(event="fire", everyone=True))
    again = declare("f", "tower-2", Bell(event="fire", target="1"))
    part = standing(declare("s", "tower", Bell(event="fire", target="1")), id="s")
    made = prepared(every, again, live=[part])
    assert [(it.verb, it.address, it.needs) for it in made.steps] == [
        ("create", "bell.f", ()),
        ("delete", "bell.tower/fire/1", (("bell.f", "create"),)),
        ("create", "bell.e", (("bell.tower/fire/1", "delete"),)),
    ]
    made = prepared(every, live=[part])
    assert [(it.verb, it.address) for it in made.steps] == [
        ("delete", "bell.tower/fire/1"),
        ("create", "bell.e"),
    ]


# what is not there, and will not be


def test_what_was_not_read_holds_back_what_it_may_take_the_place_of_and_no_fleet():
    here, there = pipe("p"), pipe("q", "works-2")
    live = [standing(HOME), standing(here, id="p-1"), standing(there, id="q-1")]
    live += [alive(tap("old", here, it), on="p-1", id=f"t-{it}") for it in ("de", "fr")]
    wanted = [tap("t", there, it) for it in ("de", "fr")]
    live.append(alive(wanted[0], on="q-1", id="n-de"))
    found = deletes(prepared(HOME, here, there, *wanted, live=live, unread=[TAPS_FR]))
    assert found == {
        "tap.works/de/u": ((), None),
        "tap.works/fr/u": (
            ("tap.t[fr]",),
            (
                "held back: tap.t[fr] was not read, and it may be what takes its place; a later "
                "apply does it"
            ),
        ),
    }


@pytest.mark.parametrize(
    ("on", "held"),
    [
        # The same pipe is seen through both entries, so that they lead to one account.
        (["p-1", "p-1"], True),
        # Nothing at all is seen of the other entry, so that it may be the same.
        (["p-1", None], True),
        (["p-1", "q-1"], False),
    ],
)
def test_what_was_not_read_may_be_what_another_entry_shows_under_another_name(on, held):
    """What one entry declares, no other deletes, though it could not be read this time."""
    here, there = pipe("p"), pipe("q", "works-2")
    pipes = [standing(one, id=it) for one, it in zip((here, there), on, strict=True) if it]
    other = alive(tap("old", here, "germany"), on="p-1")
    wanted = tap("t", there, "fr")
    whole = Unread(Scope("works-2", (Tap,) if on[1] else (Pipe, Tap)), "works-2: not read")
    declared = [HOME, there, wanted] if on[1] == "p-1" else [HOME, here, there, wanted]
    made = prepared(*declared, live=[standing(HOME), *pipes, other], unread=[whole])
    assert deletes(made)["tap.works/germany/u"] == (
        (
            ("tap.t[fr]",),
            (
                "held back: tap.t[fr] was not read, and it may be what takes its place; a later "
                "apply does it"
            ),
        )
        if held
        else ((), None)
    )


def test_a_name_that_the_unread_entry_knows_itself_is_that_partys():
    here, there = pipe("p"), pipe("q", "works-2")
    live = [standing(HOME), standing(here, id="p-1"), standing(there, id="p-1")]
    live.append(alive(tap("old", here, "de"), on="p-1", id="old"))
    known = tap("k", there, "de", "other use")
    live.append(alive(known, on="p-1", id="known"))
    made = prepared(HOME, there, known, tap("t", there, "fr"), live=live, unread=[TAPS_FR])
    assert deletes(made)["tap.works/de/u"] == ((), None)


def test_of_an_entry_that_was_not_looked_at_the_names_of_parties_tell_nothing():
    here, there = pipe("p"), pipe("q", "works-2")
    live = [standing(HOME), standing(here, id="p-1")]
    live.append(alive(tap("old", here, "germany"), on="p-1"))
    looked_at = frozenset({"depot", "works"})
    wanted = [HOME, here, there, tap("t", there, "fr")]
    selection = Selection(accounts=looked_at)
    made = prepared(*wanted, live=live, accounts=looked_at, selection=selection)
    _, held = deletes(made)["tap.works/germany/u"]
    assert held is not None
    assert held.startswith("held back: tap.t[fr] was not examined")


def test_what_cannot_be_brought_about_holds_back():
    foreign = standing(NEW, owner="other", id="n")
    found = deletes(prepared(HOME, NEW, live=[OLD, standing(HOME), foreign]))
    assert found == {
        "well.depot/old": (
            ("well.new",),
            (
                "held back: well.new cannot be brought about, and it may be what takes its place; "
                "a later apply does it"
            ),
        )
    }


@pytest.mark.parametrize(
    ("looked_at", "why"),
    [
        (("depot", "depot-2"), "is not there and no part of this run"),
        (("depot",), "was not examined"),
    ],
)
def test_what_lies_outside_of_a_run_and_is_not_seen_to_be_there_holds_back(looked_at, why):
    selection = Selection(accounts=frozenset({"depot"}))
    made = prepared(
        HOME, NEW, live=[OLD, standing(HOME)], selection=selection, accounts=frozenset(looked_at)
    )
    waiting, held = deletes(made)["well.depot/old"]
    assert waiting == ("well.new",)
    assert held.startswith(f"held back: well.new {why}, and it may")


def test_what_lies_outside_of_a_run_and_is_there_holds_nothing_back():
    selection = Selection(accounts=frozenset({"depot"}))
    live = [OLD, standing(HOME), standing(NEW, id="n")]
    assert deletes(prepared(HOME, NEW, live=live, selection=selection)) == {
        "well.depot/old": ((), None)
    }


def test_a_destination_stays_for_a_subscription_that_cannot_be_moved_away_from_it():
    """The new pipe stands on a well of another stack, so that the tap cannot go there."""
    theirs = declare("y", "depot", Well(name="y", depth=2))
    old, new = pipe("old"), pipe("new", well=theirs)
    moved = tap("t", new)
    live = [
        standing(HOME),
        standing(theirs, owner="other", id="y"),
        standing(old, id="p-1"),
        alive(moved, on="p-1"),
    ]
    made = prepared(HOME, theirs, new, moved, live=live)
    waiting, held = deletes(made)["pipe.works/arn:x"]
    assert waiting == ("tap.t[de]",)
    assert held.startswith("held back: tap.t[de] still rests on it, and it may")
    assert not made.plan.refused()


def test_what_carries_something_waits_for_what_that_waits_for():
    """The pipe has an heir of its own; the tap that it still carries has none yet."""
    here, there = pipe("p"), pipe("q", "mains")
    valve = declare("v", "mains", Valve(use="u", pipe=""), refs={"pipe": there})
    live = [standing(HOME), standing(here, id="p-1"), alive(tap("old", here), on="p-1")]
    found = deletes(prepared(HOME, there, valve, live=live))
    assert found == {
        "pipe.works/arn:x": (("pipe.q", "tap.v"), None),
        "tap.works/de/u": (("tap.v",), None),
    }


def test_what_deletes_wait_for_is_no_part_of_what_is_agreed_to():
    plan = prepared(HOME, NEW, live=[OLD, standing(HOME)]).plan
    bare = tuple(
        action.model_copy(update={"waits_for": (), "held_back": "held back: x", "notes": ()})
        for action in plan.actions
    )
    assert fingerprint_of(plan.model_copy(update={"actions": bare})) == plan.fingerprint


# carried out


class _Refusing:
    """Lets some calls fail before they take effect."""

    def __init__(self, *calls):
        self._calls = calls

    def fault(self, call):
        return "before" if call in self._calls else ""


def carried_out(cloud, *desired):
    declared = world(*desired)
    made = prepare(declared, run.observe(declared, cloud.providers()))
    ended = run.carry_out(made, cloud.providers())
    return {item.address: (item.outcome, item.error) for item in ended.outcomes}


def wells(cloud):
    return sorted(it.spec.name for it in cloud.things.values() if isinstance(it.spec, Well))


def test_a_create_that_fails_holds_back_and_the_next_apply_makes_up_for_it():
    cloud = Cloud()
    new = declare("new", "depot", Well(name="new"))
    carried_out(cloud, declare("old", "depot", Well(name="old")))
    cloud.failing = _Refusing("create well.depot/new")
    assert carried_out(cloud, new)["well.depot/old"] == (
        "skipped",
        (
            "held back: create well.new did not succeed, and it may be what takes its place; apply "
            "again"
        ),
    )
    assert wells(cloud) == ["old"]
    cloud.failing = None
    assert {outcome for outcome, _ in carried_out(cloud, new).values()} == {"done"}
    assert wells(cloud) == ["new"]


def test_of_many_that_did_not_succeed_the_first_are_named_and_the_rest_counted():
    cloud = Cloud()
    carried_out(cloud, declare("old", "depot", Well(name="old")))
    new = [declare(name, "depot", Well(name=name)) for name in "abcdefg"]
    cloud.failing = _Refusing(*(f"create well.depot/{name}" for name in "abcdefg"))
    assert carried_out(cloud, *new)["well.depot/old"][1] == (
        "held back: create well.a, create well.b, create well.c, create well.d, create well.e and "
        "2 more did not succeed, and one of them may be what takes its place; apply again"
    )


def test_a_replace_that_was_not_completed_holds_back():
    cloud = Cloud()
    old = [declare(name, "depot", Well(name=name)) for name in ("old", "x")]
    carried_out(cloud, *old)
    cloud.failing = _Refusing("create well.depot/x")
    deeper = declare("x", "depot", Well(name="x", depth=2))
    reason = carried_out(cloud, deeper)["well.depot/old"][1]
    assert reason.startswith("held back: replace well.x did not succeed")


def test_an_update_that_fails_holds_nothing_back():
    cloud = Cloud()
    old = [declare(name, "depot", Well(name=name)) for name in ("old", "x")]
    carried_out(cloud, *old)
    cloud.failing = _Refusing("update well.depot/x")
    tagged = declare("x", "depot", Well(name="x", tags={"a": "b"}))
    assert carried_out(cloud, tagged)["well.depot/old"] == ("done", None)
