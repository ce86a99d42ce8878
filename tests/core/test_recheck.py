"""Before a write: what the plan saw is still what is there, or the write is not made."""

import pytest

from reconciler.core.model.objects import Live
from reconciler.core.planning.recheck import Rules, objection, pointed_at
from tests.toys import Tank

NOTHING = Rules()


def live(*, waiting=None, owner="acme", protected=False, **fields):
    return Live("depot", Tank(name="a", **fields), {"id": "1"}, owner, protected, waiting)


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_what_is_as_planned_may_be_written(verb):
    assert objection(verb, "tank.t", live(size=5), live(size=5), NOTHING) is None


def test_what_is_gone_is_deleted_already():
    assert objection("delete", "tank.t", live(), None, NOTHING) is None


def test_what_is_gone_cannot_be_updated():
    assert objection("update", "tank.t", live(), None, NOTHING) == (
        "it is gone since this was planned: plan again"
    )


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_what_was_changed_meanwhile_is_left_alone_and_every_field_is_named(verb):
    now = live(size=9, metal="zinc", tags={"team": "x"})
    assert objection(verb, "tank.t", live(), now, NOTHING) == (
        "it was changed since this was planned (metal, size, tags.team): plan again"
    )


@pytest.mark.parametrize(
    ("now", "path"),
    [
        (live(owner="acme-eu"), "tags.reconciler:stack"),
        (live(owner=None), "tags.reconciler:stack"),
        (live(protected=True), "tags.reconciler:protect"),
    ],
)
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_a_mark_that_came_or_went_meanwhile_counts_as_a_change(verb, now, path):
    assert path in objection(verb, "tank.t", live(), now, NOTHING)


def test_a_mark_counts_although_a_pattern_ignores_all_tags():
    rules = Rules(ignore_tags=("*",))
    assert "reconciler:protect" in objection(
        "delete", "tank.t", live(), live(protected=True), rules
    )


@pytest.mark.parametrize("tag", ["aws:x", "cost-center"])
def test_a_tag_that_others_manage_may_change_meanwhile(tag):
    rules = Rules(ignore_tags=("cost-*",))
    assert objection("update", "tank.t", live(), live(tags={tag: "new"}), rules) is None


def test_a_tag_that_nobody_else_manages_may_not_change_meanwhile():
    rules = Rules(ignore_tags=("cost-*",))
    assert "tags.cost" in objection("update", "tank.t", live(), live(tags={"cost": "new"}), rules)


def test_messages_that_came_meanwhile_stop_a_delete_and_its_override_is_named():
    assert objection("delete", "tank.t", live(waiting=0), live(waiting=3), NOTHING) == (
        "it holds about 3 messages by now, which would be lost: read them first, "
        "or let it through (--allow-non-empty, or nonEmpty in policy.allow)"
    )


def test_messages_stop_no_delete_that_was_allowed_to_lose_them():
    rules = Rules(non_empty=("tank.t",))
    assert objection("delete", "tank.t", live(waiting=0), live(waiting=3), rules) is None


def test_what_may_lose_its_messages_is_one_object_and_not_the_others():
    rules = Rules(non_empty=("tank.u*",), referenced=("tank.u*",))
    assert objection("delete", "tank.t", live(), live(waiting=3), rules) is not None
    assert pointed_at("tank.t", [live()], rules) is not None
    assert pointed_at("tank.u1", [live()], rules) is None


def test_allowing_messages_to_be_lost_allows_nothing_else():
    rules = Rules(non_empty=("tank.t",))
    assert objection("delete", "tank.t", live(), live(size=9, waiting=3), rules) is not None


@pytest.mark.parametrize("waiting", [None, 0])
def test_an_empty_object_or_one_that_holds_no_messages_may_be_deleted(waiting):
    assert objection("delete", "tank.t", live(waiting=4), live(waiting=waiting), NOTHING) is None


def test_messages_stop_no_update():
    assert objection("update", "tank.t", live(waiting=0), live(waiting=3), NOTHING) is None
