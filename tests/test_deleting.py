"""Whatever is declared no more is gone after one apply, or something says what keeps it."""

import json
from pathlib import Path

import pytest
import yaml

from reconciler import run
from reconciler.core.manifest.settings import Limit
from reconciler.core.model.errors import DeclarationError
from tests.standing import brought
from tests.test_generated_worlds import ACCOUNTS
from tests.worlds import Run, Stack

SECTIONS = ("queues", "destinations", "subscriptions")
SAMPLE = {
    file.name: yaml.safe_load(file.read_text(encoding="utf-8"))
    for file in sorted((Path(__file__).parents[1] / "subscriptions").glob("*.yaml"))
}
GRANTS = {"grants": [{"to": "amazon-notifications"}]}
HOOK = "https://hooks.example.com/{registeredEvent}"
EVERY_KIND = {
    "top.yaml": {
        "stack": "acme",
        "owns": {"callBackUris": ["https://hooks.example.com/"]},
        "policy": {"prune": True, "discover": "declared"},
        "accounts": {**ACCOUNTS, "aws-us": {**ACCOUNTS["aws-eu"], "region": "us-east-1"}},
    },
    "queues.yaml": {
        "queues": {
            "q": {**GRANTS, "account": "aws-eu", "deadLetter": {"queue": "dead", "maxReceives": 5}},
            "dead": {"account": "aws-eu"},
            "alone": {"account": "aws-us"},
            "ordered": {"account": "aws-us", "fifo": True, "name": "ordered.fifo"},
            "kept": {"account": "aws-us", "protect": True},
        }
    },
    "amazon.yaml": {
        "destinations": {
            "uk": {"account": "uk", "queue": "q"},
            "eu": {"account": "app", "queue": "q"},
            "bus": {
                "account": "app",
                "eventBridge": {"region": "eu-west-1", "accountId": "123456789012"},
            },
        },
        "subscriptions": {
            "uk-offers": {"destination": "uk", "notificationType": "AnyOfferChanged"},
            "uk-feeds": {"destination": "uk", "notificationType": "FeedProcessingFinished"},
            "eu-offers": {
                "destination": "eu",
                "notificationType": "ANY_OFFER_CHANGED",
                "sellers": "all",
            },
            "eu-pricing": {
                "destination": "eu",
                "notificationType": "PRICING_HEALTH",
                "sellers": ["de"],
            },
            "issues": {
                "destination": "bus",
                "notificationType": "LISTINGS_ITEM_ISSUES_CHANGE",
                "sellers": ["fr"],
            },
        },
    },
    "merchant.yaml": {
        "subscriptions": {
            "products": {
                "account": "shop",
                "registeredEvent": "PRODUCT_STATUS_CHANGE",
                "targetAccounts": ["1", "2"],
                "callBackUri": HOOK,
            },
            "services": {
                "account": "shop",
                "registeredEvent": "ACCOUNT_SERVICE_CHANGE",
                "allManagedAccounts": True,
                "callBackUri": HOOK,
            },
        }
    },
}


def leaving_out(files, gone):
    """Return files without the declarations of which `gone` says so, by file, section and key."""
    return {
        file: {
            name: (
                {key: it for key, it in section.items() if not gone(file, name, key, it)}
                if name in SECTIONS
                else section
            )
            for name, section in content.items()
        }
        for file, content in files.items()
    }


def single_ones(files):
    return {
        f"{section}.{key}": leaving_out(files, lambda *it, at=(file, section, key): it[:3] == at)
        for file, content in files.items()
        for section in SECTIONS
        for key in content.get(section, ())
    }


def whole_files(files):
    return {
        file: {name: content for name, content in files.items() if name != file}
        for file, content in files.items()
        if "accounts" not in content
    }


def whole_accounts(files):
    """Leave out what lies in an account, and what leads there from others."""
    merged = {name: {} for name in ("accounts", *SECTIONS)}
    for content in files.values():
        for name in merged:
            merged[name] |= content.get(name, {})
    only = [name for name, it in merged["accounts"].items() if it["service"] == "aws"]

    def homes(section, it):
        """Return the accounts of a declaration and of all that it leads to."""
        if section == "queues":
            return {it.get("account", only[0])}
        if section == "destinations":
            queue = merged["queues"].get(it.get("queue"))
            return {it["account"], *(homes("queues", queue) if queue else ())}
        if "destination" in it:
            return homes("destinations", merged["destinations"][it["destination"]])
        return {it["account"]}

    return {
        account: leaving_out(
            files, lambda _file, section, _key, it, at=account: at in homes(section, it)
        )
        for account in merged["accounts"]
    }


CASES = {
    f"{name}: {gone}": (files, left)
    for name, files in (("sample", SAMPLE), ("every kind", EVERY_KIND))
    for lefts in (single_ones(files), whole_files(files), whole_accounts(files))
    for gone, left in lefts.items()
}
FREE = {"max_deletes": Limit(count=1000)}


@pytest.fixture(scope="module")
def running(shared_sandbox):
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture
def stack(running, tmp_path):
    running.reset()
    return Stack(tmp_path / "declared", running.url)


def declare(stack, files):
    for old in stack.files():
        old.unlink()
    for name, content in files.items():
        stack.declare(json.dumps(content), name)


@pytest.mark.parametrize("case", CASES)
def test_what_is_declared_no_more_goes_or_is_said_to_be_kept(stack, running, case):
    files, left = CASES[case]
    declare(stack, files)
    snapshot = brought(running, "sample" if files is SAMPLE else "every kind", stack.begin)
    options = {**FREE, "since": snapshot if files is EVERY_KIND else None}
    declare(stack, left)
    before = standing(running.state())
    try:
        session = stack.session(**options)
    except DeclarationError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert gone_from(case) in refusal
        return
    with session:
        planned = run.plan(session)
        deletes = [action for action in planned.plan.actions if action.action == "delete"]
        assert planned.plan.actions, "in sync"
        if refused := planned.plan.refused():
            reasons = " ".join(guard.message for guard in refused)
            assert any(item.address in reasons for item in deletes)
            return
        unfinished = Run(planned.plan, run.apply(session, planned).outcomes).unfinished()
    if unfinished:
        assert all(item.error for item in unfinished)
        return
    assert (stack.plan().lines(), standing(running.state())) == ([], before - len(deletes))


def standing(state):
    """Return how many objects the services hold."""
    match state:
        case list():
            return len(state)
        case {"queues": dict(queues)}:
            return len(queues)
        case {"events": _}:
            return 0
        case _:
            return sum(map(standing, state.values()))


def gone_from(case):
    """Return the name of what a case leaves out."""
    return case.partition(": ")[2].partition(".")[2]
