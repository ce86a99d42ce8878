"""Half a pair of surrogates, which JSON may hold and UTF-8 may not, in what services show."""

import json
from contextlib import closing

import pytest
import urllib3

from tests.outsiders import Outsiders
from tests.worlds import AWS, AWS_ID, HEAD, MERCHANT, SP_API, destinations, queues, subscriptions

HALF, MARK = "\ud800", "\ufffd"
STATEMENT = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": "sqs:SendMessage",
    "Resource": f"arn:aws:sqs:eu-west-1:{AWS_ID}:q",
    "Condition": {"StringEquals": {"aws:PrincipalTag/team": HALF}},
}
HOOK = "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '1', callBackUri: '%s'"
TEXT = (
    queues(q="grants: [{to: amazon-notifications}], tags: {team: pricing}")
    + destinations(sp="account: app, queue: q")
    + subscriptions(s=HOOK % "https://hooks.example.com/here")
)


@pytest.fixture
def on(cli, sandbox, world):
    """Run a command where every service shows a half, and see that it can tell it."""
    all_of_it = AWS + SP_API + MERCHANT
    folder = world(TEXT, HEAD.replace("discover: declared", "discover: all") + all_of_it)
    at = ("--sandbox", sandbox.url)
    assert cli("apply", folder, "--yes", *at).code == 0
    with urllib3.PoolManager() as http, closing(Outsiders(sandbox, http)) as outside:
        outside.set(Policy={"Version": "2012-10-17", "Statement": [STATEMENT]})
        outside.tag(team=f"pricing{HALF}")
        outside.aws.sqs.create_queue(QueueName="theirs", tags={"whose": HALF})
        where = {"sqs": {"arn": f"arn:aws:sqs:eu-west-1:{AWS_ID}:theirs"}}
        body = {"name": f"theirs{HALF}", "resourceSpecification": where}
        outside.sp_api("POST", "destinations", body=body)
        body = {"registeredEvent": "PRODUCT_STATUS_CHANGE", "targetAccount": "accounts/2"}
        there = "https://elsewhere.example.com/"
        outside.merchant(
            "POST", "accounts/5678/notificationsubscriptions", body | {"callBackUri": there + HALF}
        )

    def run(command, *options, path=folder):
        ended = cli(command, path, *at, *options)
        assert "defect" not in ended.out + ended.err
        (ended.out + ended.err).encode()
        return ended

    return run


def test_what_is_written_down_can_be_read_again(on, tmp_path):
    snapshot, plan, journal = tmp_path / "live.json", tmp_path / "plan.json", tmp_path / "journal"
    assert on("snapshot", "--out", snapshot).code == 0
    live = json.loads(on("plan", "--format", "json", "--out", plan).out)
    recalled = json.loads(on("plan", "--live", snapshot, "--format", "json").out)
    assert (live["actions"], live["fingerprint"]) == (recalled["actions"], recalled["fingerprint"])
    [tag] = [it for it in live["actions"][0]["changes"] if it["path"] == "tags.team"]
    assert tag["before"] == f"pricing{MARK}"
    assert on("apply", "--plan", plan, "--yes", "--journal", journal).code == 0
    assert "No drift" in on("drift").out
    assert [json.loads(line) for line in journal.read_text("utf-8").splitlines()]


def test_an_export_of_it_needs_nothing_but_our_tag(on, tmp_path):
    assert on("export", "--out", tmp_path / "out").code == 0
    found = json.loads(on("plan", "--format", "json", path=tmp_path / "out").out)
    [adopted] = [it for it in found["actions"] if it["address"] == "queue.theirs"]
    assert [change["path"] for change in adopted["changes"]] == ["tags.reconciler:stack"]


def test_it_is_told_in_every_form(on):
    for command, form in [("drift", "markdown"), ("graph", "svg"), ("status", "json")]:
        on(command, "--format", form)
    for command in ("plan", "doctor", "verify"):
        on(command)
