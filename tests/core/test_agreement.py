"""What was agreed to covers less, never more."""

import pytest

from reconciler.core.model.plan import Action, Estimate, FieldChange, Plan
from reconciler.core.planning.agreement import excess, no_longer_needed

SIZE = FieldChange(path="size", before=30, after=120)
METAL = FieldChange(path="metal", before="iron", after="zinc")


def action(address="tank.a", name="update", *, changes=(SIZE,), **more):
    return Action(
        action=name,
        address=address,
        kind="tank",
        account=more.pop("account", "depot"),
        identity=more.pop("identity", {"name": "a"}),
        changes=changes,
        **more,
    )


DEPOT = {"service": "storage", "region": "north", "accountId": "1"}
ACCOUNTS = {"depot": DEPOT, "depot-2": {**DEPOT, "accountId": "2"}}


def plan(*actions, accounts=ACCOUNTS):
    return Plan(
        format_version=1,
        stack="acme",
        declarations_digest="sha256:0",
        fingerprint="sha256:0",
        complete=True,
        summary={},
        guards=(),
        estimate=Estimate(calls=0, seconds=0),
        actions=actions,
        unmanaged=(),
        accounts=accounts,
    )


def told(agreed, now):
    return list(excess(plan(*agreed), plan(*now)))


def test_the_same_plan_is_agreed_to():
    assert told([action()], [action()]) == []


def test_a_plan_read_back_from_its_file_agrees_with_itself():
    saved = Plan.model_validate_json(plan(action(changes=(SIZE, METAL))).model_dump_json())
    assert list(excess(saved, plan(action(changes=(SIZE, METAL))))) == []


def test_doing_less_is_agreed_to():
    assert told([action(), action("tank.b")], [action()]) == []
    assert told([action(changes=(SIZE, METAL))], [action()]) == []
    assert told([action(adopts=True)], [action()]) == []


def test_another_action_was_not_part_of_it():
    assert told([action()], [action(), action("tank.b", "delete")]) == [
        "delete tank.b was not part of it"
    ]


def test_another_deed_on_the_same_object_is_more():
    assert told([action()], [action(name="replace")]) == ["tank.a was to be updated, now replaced"]


@pytest.mark.parametrize(
    "now",
    [
        action(changes=(SIZE, METAL)),
        action(changes=(FieldChange(path="size", before=30, after=121),)),
        action(changes=(FieldChange(path="size", before=31, after=120),)),
        action(account="depot-2"),
        action(identity={"name": "b"}),
        action(adopts=True),
    ],
)
def test_another_change_object_or_adoption_is_more(now):
    assert told([action()], [now]) == ["update tank.a would now change something else"]


def moved(agreed, now, *actions):
    return list(excess(plan(*actions, accounts=agreed), plan(*actions, accounts=now)))


@pytest.mark.parametrize(
    ("now", "fields"),
    [
        ({**DEPOT, "region": "south"}, "region"),
        ({**DEPOT, "region": "south", "accountId": "2"}, "accountId, region"),
        ({**DEPOT, "endpoint": "http://127.0.0.1:5000"}, "endpoint"),
        ({"service": "storage", "region": "north"}, "accountId"),
    ],
)
def test_another_real_account_is_more_and_told_once_with_what_differs(now, fields):
    [sentence] = moved({"depot": DEPOT}, {"depot": now}, action(), action("tank.b", "delete"))
    assert sentence == (
        "the saved plan's account 'depot' is not the declared one (they differ in "
        f"{fields}): plan again"
    )


@pytest.mark.parametrize("now", [{}, {"depot": DEPOT}])
def test_a_plan_that_does_not_say_which_account_it_is_of_agrees_to_nothing_there(now):
    assert moved({}, now, action()) == [
        "the saved plan does not say which account 'depot' is: plan again"
    ]


def test_an_account_in_which_nothing_is_done_may_be_another():
    agreed = plan(action(), action("tank.b", account="depot-2"))
    assert list(excess(agreed, plan(action(), accounts={"depot": DEPOT}))) == []
    assert moved({}, {}) == []


def test_of_an_account_without_agreed_actions_only_the_actions_are_told():
    now = action("tank.b", account="depot-2")
    assert list(excess(plan(action(), accounts={"depot": DEPOT}), plan(action(), now))) == [
        "update tank.b was not part of it"
    ]


def test_everything_beyond_is_told_at_once():
    assert len(told([], [action(), action("tank.b"), action("tank.c")])) == 3


def test_what_is_no_longer_needed_is_told():
    found = no_longer_needed(plan(action(), action("tank.b")), plan(action("tank.b")))
    assert [it.address for it in found] == ["tank.a"]


@pytest.mark.parametrize(
    ("former", "now", "why"),
    [
        ({"depot": {"gate": "north"}}, {"depot": {"gate": "south"}}, "they differ in gate"),
        ({"depot": {"gate": "north"}}, {}, "is declared no more"),
        ({}, {"depot": {"gate": "north"}}, "is not part of it"),
    ],
)
def test_where_an_account_leads_is_agreed_to_though_nothing_is_done_there(former, now, why):
    agreed, planned = (plan().model_copy(update={"routing": routing}) for routing in (former, now))
    [sentence] = excess(agreed, planned)
    assert "the saved plan's account 'depot'" in sentence
    assert why in sentence
