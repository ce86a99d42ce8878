import pytest

from reconciler.core.model.addresses import matches
from reconciler.core.planning.diff import compare, cosmetic, creation, deletion
from tests.toys import Pipe, Spill, Tank, declare, standing

PLAIN = Tank(name="a")


def differences(desired: Tank, live: Tank, *, ignore_tags=(), **more):
    declared = declare("a", "depot", desired, **more)
    found = compare(declared, standing(declared, spec=live), ignore_tags)
    return [(change.path, change.before, change.after) for change in found]


def test_equal_specs_do_not_differ():
    assert differences(PLAIN, PLAIN) == []


def test_before_is_live_and_after_is_declared():
    assert differences(Tank(name="a", size="2m"), PLAIN) == [("size", 30, 120)]


def test_every_difference_is_found_and_they_are_sorted_by_path():
    desired = Tank(name="a", size=1, metal="zinc", limit=5, rules={"x": ["1"]}, tags={"b": "1"})
    found = differences(desired, PLAIN)
    assert [path for path, _, _ in found] == ["limit", "metal", "rules", "size", "tags.b"]


def test_a_difference_deep_inside_is_named_by_its_path():
    before, after = (
        Tank(name="a", spill=Spill(tank="tank.depot/b", after=number)) for number in (5, 7)
    )
    assert differences(after, before) == [("spill.after", 5, 7)]


def test_a_group_that_appears_or_goes_is_one_change():
    spill = {"tank": "tank.depot/b", "after": 5}
    with_it = Tank(name="a", spill=Spill(**spill))
    assert differences(with_it, PLAIN) == [("spill", None, spill)]
    assert differences(PLAIN, with_it) == [("spill", spill, None)]


def test_a_list_changes_as_a_whole():
    before, after = (Tank(name="a", rules={"x": ["1", "2"]}), Tank(name="a", rules={"x": ["2"]}))
    assert differences(after, before) == [("rules", {"x": ["1", "2"]}, {"x": ["2"]})]


def test_a_list_outside_an_atomic_field_is_cut_where_it_begins():
    class Open(Tank):
        atomic = frozenset()

    before, after = (Open(name="a", rules={"x": [one, two]}) for one, two in ("12", "34"))
    assert differences(after, before) == [("rules.x", ["1", "2"], ["3", "4"])]


def test_an_optional_field_is_left_alone_unless_it_is_declared():
    live = Tank(name="a", limit=5)
    assert differences(PLAIN, live) == []
    assert differences(Tank(name="a", limit=6), live) == [("limit", 5, 6)]


def test_specs_that_differ_in_what_is_left_alone_only_are_not_looked_into():
    class Closed(Tank):
        def fields(self):
            raise AssertionError("each of ten thousand is looked into")

    live = Closed(name="a", limit=5)
    assert differences(Closed(name="a"), live) == []
    assert list(cosmetic(Closed(name="a"), live)) == []
    with pytest.raises(AssertionError, match="looked into"):
        differences(Closed(name="a", size=7), live)


def test_a_field_left_out_has_its_default_and_is_managed_like_the_rest():
    assert differences(PLAIN, Tank(name="a", size=99)) == [("size", 99, 30)]
    assert differences(PLAIN, Tank(name="a", tags={"x": "1"})) == [("tags.x", "1", None)]


def test_ignored_fields_are_left_alone_with_all_below_them():
    live = Tank(name="a", size=99, spill=Spill(tank="t", after=9), tags={"x": "1"})
    desired = Tank(name="a", spill=Spill(tank="t", after=5))
    assert differences(desired, live, ignore=frozenset({"size", "spill", "tags.x"})) == []


def test_an_ignored_name_is_not_taken_for_the_beginning_of_another():
    live = Tank(name="a", tags={"xy": "1"})
    assert differences(PLAIN, live, ignore=frozenset({"tags.x"})) == [("tags.xy", "1", None)]


def test_tags_of_others_are_not_seen_and_those_of_aws_never():
    live = Tank(name="a", tags={"cost-centre": "7", "aws:cloudformation": "x", "mine": "1"})
    assert differences(PLAIN, live, ignore_tags=["cost-*"]) == [("tags.mine", "1", None)]


def test_the_missing_mark_of_our_stack_is_a_change():
    declared = declare("a", "depot", PLAIN)
    found = compare(declared, standing(declared, owner=None), ())
    assert [(change.path, change.before, change.after) for change in found] == [
        ("tags.reconciler:stack", None, "acme")
    ]


@pytest.mark.parametrize(
    ("declared_so", "live_so", "before", "after"),
    [(True, False, None, "true"), (False, True, "true", None)],
)
def test_protection_is_written_and_lifted_as_a_mark(declared_so, live_so, before, after):
    declared = declare("a", "depot", PLAIN, protect=declared_so)
    found = compare(declared, standing(declared, protected=live_so), ())
    assert [(change.path, change.before, change.after) for change in found] == [
        ("tags.reconciler:protect", before, after)
    ]


def test_our_own_marks_are_written_even_where_the_tags_are_ignored():
    declared = declare("a", "depot", PLAIN, protect=True, ignore=frozenset({"tags"}))
    live = standing(declared, owner=None, protected=False, spec=Tank(name="a", tags={"x": "1"}))
    assert [change.path for change in compare(declared, live, ())] == [
        "tags.reconciler:protect",
        "tags.reconciler:stack",
    ]


def test_a_kind_that_bears_no_marks_has_none_to_differ_in():
    declared = declare("p", "works", Pipe(well="arn:x"), protect=True)
    assert compare(declared, standing(declared, owner="other"), ()) == []


def test_identity_and_cosmetic_fields_are_never_compared():
    declared = declare("p", "works", Pipe(well="arn:x", name="one"))
    assert compare(declared, standing(declared, spec=Pipe(well="arn:y", name="two")), ()) == []


def test_a_cosmetic_difference_is_noted():
    one, two = Pipe(well="arn:x", name="one"), Pipe(well="arn:x", name="two")
    assert list(cosmetic(one, two)) == ["name is 'two', declared 'one': cosmetic, left as it is"]
    assert list(cosmetic(one, one)) == []


def test_a_create_shows_all_declared_fields_from_nothing():
    declared = declare("a", "depot", Tank(name="a", size="2m", limit=None, tags={"x": "1"}))
    assert [(change.path, change.before, change.after) for change in creation(declared)] == [
        ("name", None, "a"),
        ("size", None, 120),
        ("tags", None, {"x": "1"}),
    ]


def test_a_delete_shows_all_live_fields_to_nothing_and_no_empty_ones():
    declared = declare("a", "depot", PLAIN)
    assert [
        (change.path, change.before, change.after) for change in deletion(standing(declared))
    ] == [
        ("metal", "iron", None),
        ("name", "a", None),
        ("size", 30, None),
    ]


@pytest.mark.parametrize(
    ("pattern", "text", "matched"),
    [
        ("tap.de-offers[de]", "tap.de-offers[de]", True),
        ("tap.de-offers[de]", "tap.de-offersd", False),
        ("tap.de-offers*", "tap.de-offers[de]", True),
        ("tap.*[d?]", "tap.x[de]", True),
        ("tap.*", "pipe.x", False),
        ("tap.x", "tap.x\n", False),
        ("*", "two\nlines", True),
    ],
)
def test_only_star_and_question_mark_are_special_in_an_address_pattern(pattern, text, matched):
    assert matches(pattern, text) is matched


def test_many_stars_take_no_longer_than_few():
    assert not matches("g*" + "a*" * 60 + "z", "g" + "a" * 2000)
