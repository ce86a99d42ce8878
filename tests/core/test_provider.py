import pytest

from reconciler.core.provider import Scope, one_by_one
from reconciler.core.service import Account, Context, Declaration
from tests.toys import Pipe, Tank, Tap, service

WORKS = Scope("works", (Pipe, Tap))
DE = Scope("works", (Tap,), "de")


def tap(client="de"):
    return Tap(client=client, use="u", pipe="p-1")


def test_a_scope_is_named_by_its_account_and_part():
    assert (str(WORKS), str(DE)) == ("works", "works/de")


@pytest.mark.parametrize(
    ("scope", "account", "spec", "covered"),
    [
        (WORKS, "works", Pipe(well="arn:x"), True),
        (WORKS, "works", tap("fr"), True),
        (WORKS, "mains", Pipe(well="arn:x"), False),
        (DE, "works", tap("de"), True),
        (DE, "works", tap("fr"), False),
        (DE, "works", Pipe(well="arn:x"), False),
        (DE, "mains", tap("de"), False),
    ],
)
def test_a_scope_covers_what_reading_it_would_show(scope, account, spec, covered):
    assert scope.covers(account, spec) is covered


def test_without_threads_things_are_read_one_by_one_in_order():
    assert one_by_one(lambda number: number * 2, [3, 1, 2]) == [6, 2, 4]


def test_an_account_has_nothing_to_warn_of_and_a_service_no_rules_unless_they_say_so():
    assert list(Account(service="toys").warnings()) == []
    assert Account(service="toys").real() is None
    assert list(service("toys", Account, {}).invariants([])) == []


def test_a_kind_without_members_is_a_mistake_of_the_kind():
    context = Context("acme", "name", "account", Account(service="toys"))
    with pytest.raises(TypeError, match="says which objects it stands for"):
        Declaration().members(context)


def test_a_kind_that_knows_nothing_special_says_so():
    tank = Tank(name="a")
    assert (tank.topic(), tank.delivery.active(tank)) == ("", True)
    assert [
        *tank.delivery.obstacles(tank, "1"),
        *tank.delivery.doubts(tank, "1"),
        *tank.delivery.impediments(tank, 0.0),
        *tank.notes(None),
    ] == []


def test_a_declaration_that_does_not_say_how_it_is_written_is_a_mistake_of_its_kind():
    with pytest.raises(TypeError, match="how its live objects are written"):
        Declaration.written((), Account(service="depot"))
    with pytest.raises(TypeError, match="implies objects says how that is written"):
        Declaration.with_implied(None, "works", Tank(name="a"))
