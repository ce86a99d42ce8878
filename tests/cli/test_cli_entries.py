"""Two entries of one real account, told apart by nothing but their names: one object, one name."""

import json

import pytest

from tests.worlds import HEAD, destinations, queues, subscriptions, writes

AWS = '{service: aws, region: eu-west-1, accountId: "123456789012", endpoint: "%s"}'
MWS = (
    "{service: mws, sellerId: A2EXAMPLE1SELLER, marketplaceId: A1F83G8C2ARO7P, endpoint: '%s',"
    " credentials: {accessKeyId: 'env:ID%s', secretKey: 'env:KEY%s'}}"
)
SP_API = (
    "{service: sp-api, region: eu, endpoint: '%s', tokenEndpoint: '%s/auth/o2/token',"
    " credentials: {clientId: 'env:CID%s', clientSecret: 'env:CSEC%s'},"
    " sellers: {%s: {refreshToken: 'env:RT%s'}}}"
)
SHOP = "{service: merchant, accountId: '5678', endpoint: '%s', credentials: anonymous}"
HEAD = HEAD.replace("discover: declared", "discover: all")
WORLD = (
    queues(offers="account: aws, grants: [{to: amazon-notifications}]")
    + destinations(old="account: uk, queue: offers", new="account: app, queue: offers")
    + subscriptions(
        uk="destination: old, notificationType: AnyOfferChanged",
        eu="destination: new, notificationType: ANY_OFFER_CHANGED",
        shop="account: shop, registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '1',"
        "callBackUri: https://hooks.example.com/1",
    )
)


def entries(url, *numbers, seller="de"):
    lines = ["accounts:"]
    for number in numbers:
        # One is spelled otherwise.
        there = f"{url}/" if number else url
        name = seller if number else "de"
        lines += [
            f"  aws{number}: {AWS % there}",
            f"  uk{number}: {MWS % (there, number, number)}",
            f"  app{number}: {SP_API % (there, url, number, number, name, number)}",
            f"  shop{number}: {SHOP % there}",
        ]
    return "\n".join([*lines, ""])


@pytest.fixture
def on(cli, sandbox, world, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "123456789012")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    for number in ("", "2"):
        monkeypatch.setenv(f"ID{number}", "AKIASANDBOX")
        monkeypatch.setenv(f"KEY{number}", "sandbox-secret")
        for name in ("CID", "CSEC", "RT"):
            monkeypatch.setenv(name + number, f"one-{name}")

    def run(command, text, *options, entered=("",), seller="de"):
        folder = world(text, HEAD + entries(sandbox.url, *entered, seller=seller))
        return cli(command, folder, *options)

    return run


@pytest.mark.parametrize("seller", ["de", "germany"])
def test_what_one_entry_declares_is_neither_undeclared_nor_unmanaged_in_the_other(
    on, sandbox, seller
):
    ended = on("apply", WORLD, "--yes")
    assert ended.code == 0, ended.err
    both = {"entered": ("", "2"), "seller": seller}
    planned = on("plan", WORLD, "--format", "json", **both)
    found = json.loads(planned.out)
    assert (planned.code, found["actions"], found["unmanaged"]) == (0, [], [])
    assert found["summary"]["unchanged"] == 6
    assert on("drift", WORLD, **both).code == 0
    exported = on("export", WORLD, **both)
    assert (exported.code, exported.out.strip()) == (0, "")
    sandbox.clear_calls()
    assert on("apply", WORLD, "--yes", **both).code == 0
    assert writes(sandbox) == []


def test_what_nobody_declares_any_more_is_deleted_once(on, sandbox):
    ended = on("apply", WORLD, "--yes")
    assert ended.code == 0, ended.err
    kept = queues(other="account: aws")
    both = ("", "2")
    options = ("--yes", "--format", "json", "--max-deletes", "100%")
    ended = on("apply", kept, *options, entered=both)
    outcomes = [item["outcome"] for item in json.loads(ended.out)["actions"]]
    assert (ended.code, outcomes) == (0, ["done"] * 7)
    assert json.loads(on("plan", kept, "--format", "json", entered=both).out)["actions"] == []
