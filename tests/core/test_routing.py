"""Where accounts lead is compared member by member, and told without what may be a token."""

from reconciler.core.planning.rerouting import account_changes
from reconciler.core.routing import routing_of
from reconciler.core.service import Account


class Works(Account):
    mirrors: tuple[str, ...] = ()


def works(*mirrors):
    return {"w": routing_of(Works(service="works", mirrors=mirrors))}


def test_members_of_a_list_are_told_apart_and_without_what_may_be_a_token():
    found = works("https://a.example/?token=hunter2", "https://b.example")
    assert found["w"]["mirrors.1"] == "https://b.example"
    assert found["w"]["mirrors.0"].startswith("https://a.example")
    assert "hunter2" not in str(found)


def test_only_members_that_differ_are_changes():
    same, before, now = (f"https://{it}.example" for it in ("same", "a", "b"))
    (change,) = account_changes(works(same, before), works(same, now))
    assert (change.account, change.change) == ("w", "changed")
    assert [(it.path, it.before, it.after) for it in change.changes] == [("mirrors.1", before, now)]


def test_accounts_that_lead_where_they_did_are_no_change():
    assert account_changes(works("https://a.example"), works("https://a.example")) == ()
    assert [it.change for it in account_changes({}, works())] == ["added"]
    assert [it.change for it in account_changes(works(), {})] == ["removed"]
