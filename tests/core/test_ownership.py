import pytest

from reconciler.core.model.spec import live_address
from reconciler.core.world.ownership import is_below, owners
from tests.toys import Bell, Pipe, Spill, Tank, Tap, Valve, Well, declare, standing

OURS = "https://hooks.example.com/"


def judged(*live, stack="acme", uris=(OURS,), missing=()):
    """Return whose each object is, in the order given."""
    found = owners(live, stack=stack, owned_uris=uris, missing=missing)
    return [_told(found[live_address(item.spec, item.account)], stack) for item in live]


def _told(belonging, stack):
    if belonging.stack == stack:
        return "ours"
    return f"marked {belonging.stack}" if belonging.marked else belonging.stack


def well(name="x", **more):
    return standing(declare(name, "depot", Well(name=name)), **more)


def pipe(name="pipe", well="arn:x", account="works"):
    return standing(declare("p", account, Pipe(well=well, name=name)))


def tap(on="pipe.works/arn:x"):
    return standing(declare("t", "works", Tap(client="de", use="u", pipe=on)))


def test_what_bears_our_mark_is_ours_and_another_stacks_is_foreign():
    assert judged(well("a", owner="acme")) == ["ours"]
    assert judged(well("a", owner="acme-eu")) == ["marked acme-eu"]
    assert judged(well("a", owner=None)) == [None]


def test_a_mark_is_compared_whole():
    assert judged(well("a", owner="acm")) == ["marked acm"]
    assert judged(well("a", owner="ACME")) == ["marked ACME"]


def test_what_refers_to_something_of_ours_is_ours_through_every_link():
    assert judged(well(owner="acme"), pipe(), tap()) == ["ours", "ours", "ours"]


def test_the_order_of_reading_decides_nothing_about_ownership():
    assert judged(tap(), pipe(), well(owner="acme")) == ["ours", "ours", "ours"]


def test_what_refers_to_something_of_another_stack_is_that_stacks_without_its_mark():
    assert judged(well(owner="other"), pipe(), tap()) == ["marked other", "other", "other"]


def test_what_refers_to_something_not_seen_is_not_ours():
    assert judged(pipe(), tap()) == [None, None]


def test_what_refers_to_a_missing_declared_object_is_ours_as_it_will_be():
    missing = declare("x", "depot", Well(name="x"))
    assert judged(pipe(), tap(), missing=[missing]) == ["ours", "ours"]


def test_a_reference_that_stays_in_its_account_proves_nothing_in_another():
    other = standing(
        declare("v", "mains", Valve(use="u", pipe="pipe.works/arn:x")),
    )
    assert judged(well(owner="acme"), pipe(), other) == ["ours", "ours", None]


def test_a_name_that_begins_with_our_stack_is_ours_whatever_it_refers_to():
    assert judged(pipe("acme--offers"), tap()) == ["ours", "ours"]
    assert judged(well(owner="other"), pipe("acme--offers")) == ["marked other", "ours"]


def test_a_name_that_begins_with_another_stack_is_that_stacks_whatever_it_refers_to():
    for name in ("acme-eu--offers", "acm--offers", "acme-eu--acme--offers"):
        found = judged(well(owner="acme"), pipe(name), tap())
        assert found == ["ours", name.partition("--")[0], name.partition("--")[0]]


def test_the_stack_whose_name_goes_on_is_another_one():
    assert judged(pipe("acme-eu--offers")) == ["acme-eu"]
    assert judged(pipe("acme-eu--offers"), stack="acme-eu") == ["ours"]
    assert judged(pipe("acme--offers"), stack="acme-eu") == ["acme"]


@pytest.mark.parametrize(
    "name",
    ["acme", "acme-offers", "acme-eu-offers", "ACME--offers", "--offers", "a--x", "-acme--x", ""],
)
def test_a_name_without_a_stacks_mark_tells_nothing(name):
    assert judged(pipe(name)) == [None]
    assert judged(well(owner="acme"), pipe(name)) == ["ours", "ours"]


def test_what_calls_back_below_one_of_our_uris_is_ours():
    bell = standing(declare("b", "tower", Bell(event="fire", target="1", uri=OURS + "a")))
    assert judged(bell) == ["ours"]
    assert judged(bell, uris=["https://other.example/", OURS]) == ["ours"]
    assert judged(bell, uris=[]) == [None]


def test_of_two_objects_with_one_identity_the_first_is_judged():
    first = standing(declare("a", "depot", Tank(name="a")), owner="other", id="1")
    second = standing(declare("a", "depot", Tank(name="a")), owner="acme", id="2")
    assert judged(first, second) == ["marked other", "marked other"]


def test_spilling_into_a_tank_of_ours_makes_no_tank_ours():
    spilling = Tank(name="b", spill=Spill(tank="tank.depot/a"))
    assert judged(
        standing(declare("a", "depot", Tank(name="a"))),
        standing(declare("b", "depot", spilling), owner=None),
    ) == ["ours", None]


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
        ("http://hooks.example.com:443/a", "https://hooks.example.com/a"),
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
