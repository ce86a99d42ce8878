import pytest

from reconciler.core.model import live_address
from reconciler.core.ownership import is_below, owners
from tests.toys import Bell, Pipe, Spill, Tank, Tap, Valve, Well, declare, standing

OURS = "https://hooks.example.com/"


def judged(*live, stack="acme", uris=(OURS,), declared=(), missing=()):
    """Return whose each object is, in the order given."""
    found = owners(live, stack=stack, owned_uris=uris, declared=declared, missing=missing)
    return [found[live_address(item.spec, item.account)] for item in live]


def well(name="x", **more):
    return standing(declare(name, "depot", Well(name=name)), **more)


def pipe(name="pipe", well="arn:x", account="works"):
    return standing(declare("p", account, Pipe(well=well, name=name)))


def tap(on="pipe.works/arn:x"):
    return standing(declare("t", "works", Tap(client="de", use="u", pipe=on)))


def test_what_bears_our_mark_is_ours_and_another_stacks_is_foreign():
    assert judged(well("a", owner="acme")) == ["ours"]
    assert judged(well("a", owner="acme-eu")) == ["foreign"]
    assert judged(well("a", owner=None)) == ["unknown"]


def test_a_mark_is_compared_whole():
    assert judged(well("a", owner="acm")) == ["foreign"]
    assert judged(well("a", owner="ACME")) == ["foreign"]


def test_what_refers_to_something_of_ours_is_ours_through_every_link():
    assert judged(well(owner="acme"), pipe(), tap()) == ["ours", "ours", "ours"]


def test_the_order_of_reading_decides_nothing_about_ownership():
    assert judged(tap(), pipe(), well(owner="acme")) == ["ours", "ours", "ours"]


def test_what_refers_to_something_of_another_stack_is_not_foreign_itself():
    assert judged(well(owner="other"), pipe(), tap()) == ["foreign", "unknown", "unknown"]


def test_what_refers_to_something_not_seen_is_not_ours():
    assert judged(pipe(), tap()) == ["unknown", "unknown"]


def test_what_refers_to_a_missing_declared_object_is_ours_as_it_will_be():
    missing = declare("x", "depot", Well(name="x"))
    assert judged(pipe(), tap(), missing=[missing]) == ["ours", "ours"]


def test_a_reference_that_stays_in_its_account_proves_nothing_in_another():
    other = standing(
        declare("v", "mains", Valve(use="u", pipe="pipe.works/arn:x")),
    )
    assert judged(well(owner="acme"), pipe(), other) == ["ours", "ours", "unknown"]


def test_a_name_that_begins_with_our_stack_is_ours_whatever_it_refers_to():
    assert judged(pipe("acme-offers")) == ["ours"]
    assert judged(well(owner="other"), pipe("acme-offers")) == ["foreign", "ours"]


@pytest.mark.parametrize("name", ["acme", "acmes-offers", "the-acme-offers", "ACME-offers", ""])
def test_a_name_that_only_resembles_our_stack_is_not_ours(name):
    assert judged(pipe(name)) == ["unknown"]


def test_a_longer_stack_behind_the_name_wins_over_the_shorter_one():
    theirs = well(owner="acme-eu")
    assert judged(theirs, pipe("acme-eu-offers")) == ["foreign", "unknown"]
    assert judged(theirs, pipe("acme-eu-offers"), stack="acme-eu") == ["ours", "ours"]


def test_a_longer_stack_behind_another_name_does_not_win():
    assert judged(well(owner="acme-eu"), pipe("acme-offers")) == ["foreign", "ours"]


def test_a_shorter_stack_behind_the_name_does_not_win():
    assert judged(well(owner="acme"), pipe("acme-eu-offers"), stack="acme-eu") == [
        "foreign",
        "ours",
    ]


def test_what_a_declaration_meets_is_ours_where_the_kind_says_so():
    bell = standing(declare("b", "tower", Bell(event="fire", target="1", uri="https://x.example")))
    assert judged(bell) == ["unknown"]
    assert judged(bell, declared=[live_address(bell.spec, bell.account)]) == ["ours"]


def test_being_declared_makes_nothing_ours_where_the_kind_does_not_say_so():
    assert judged(well("a", owner=None), declared=["well.depot/a"]) == ["unknown"]


def test_what_calls_back_below_one_of_our_uris_is_ours():
    bell = standing(declare("b", "tower", Bell(event="fire", target="1", uri=OURS + "a")))
    assert judged(bell) == ["ours"]
    assert judged(bell, uris=["https://other.example/", OURS]) == ["ours"]
    assert judged(bell, uris=[]) == ["unknown"]


def test_of_two_objects_with_one_identity_the_first_is_judged():
    first = standing(declare("a", "depot", Tank(name="a")), owner="other", id="1")
    second = standing(declare("a", "depot", Tank(name="a")), owner="acme", id="2")
    assert judged(first, second) == ["foreign", "foreign"]


def test_spilling_into_a_tank_of_ours_makes_no_tank_ours():
    spilling = Tank(name="b", spill=Spill(tank="tank.depot/a"))
    assert judged(
        standing(declare("a", "depot", Tank(name="a"))),
        standing(declare("b", "depot", spilling), owner=None),
    ) == ["ours", "unknown"]


@pytest.mark.parametrize(
    ("uri", "prefix"),
    [
        ("https://hooks.example.com/", "https://hooks.example.com/"),
        ("https://hooks.example.com", "https://hooks.example.com/"),
        ("https://hooks.example.com/a/b?x=1", "https://hooks.example.com"),
        ("https://hooks.example.com/a", "https://hooks.example.com/a/"),
        ("https://hooks.example.com/a/", "https://hooks.example.com/a"),
        ("https://hooks.example.com/a/b", "https://hooks.example.com/a"),
        ("https://HOOKS.Example.COM/a", "https://hooks.example.com/a"),
        ("HTTPS://hooks.example.com/a", "https://hooks.example.com/a"),
        ("https://hooks.example.com:443/a", "https://hooks.example.com/a"),
        ("https://hooks.example.com/a", "https://hooks.example.com:443/a"),
        ("https://hooks.example.com/a?next=/../b", "https://hooks.example.com/a"),
        ("https://hooks.example.com/a/..b", "https://hooks.example.com/a"),
        ("https://hooks.example.com/%61/b", "https://hooks.example.com/a"),
    ],
)
def test_a_uri_is_below_its_prefix_however_both_are_spelled(uri, prefix):
    assert is_below(uri, prefix)


@pytest.mark.parametrize(
    ("uri", "prefix"),
    [
        ("https://hooks.example.com/ab", "https://hooks.example.com/a"),
        ("https://hooks.example.com/", "https://hooks.example.com/a"),
        ("https://hooks.example.com/b/a", "https://hooks.example.com/a"),
        ("https://hooks.example.com/A", "https://hooks.example.com/a"),
        ("https://hooks.example.com//a", "https://hooks.example.com/a"),
        ("https://hooks.example.com/a/../b", "https://hooks.example.com/a"),
        ("https://hooks.example.com/a/%2e%2E/b", "https://hooks.example.com/a"),
        ("https://hooks.example.com/a/%2e.%2fb", "https://hooks.example.com/a"),
        ("https://hooks.example.com/?x=/a", "https://hooks.example.com/a"),
        ("https://hooks.example.com/#/a", "https://hooks.example.com/a"),
        ("http://hooks.example.com/a", "https://hooks.example.com/a"),
        ("https://hooks.example.com:8443/a", "https://hooks.example.com/a"),
        ("https://hooks.example.com.evil.example/a", "https://hooks.example.com/a"),
        ("https://evil.hooks.example.com/a", "https://hooks.example.com/a"),
        ("https://hooks.example.com@evil.example/a", "https://hooks.example.com/a"),
        ("https://user@hooks.example.com/a", "https://hooks.example.com/a"),
        ("https://[hooks/a", "https://hooks.example.com/a"),
        ("https://hooks.example.com:99999/a", "https://hooks.example.com/a"),
        ("", "https://hooks.example.com/"),
    ],
)
def test_a_uri_that_only_resembles_its_prefix_is_not_below(uri, prefix):
    assert not is_below(uri, prefix)
