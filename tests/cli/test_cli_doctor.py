"""`reconciler doctor`: what to fix, in order; exit codes; JSON."""

import json

import pytest

QUEUES = "queues: {offers: {}}\n"


@pytest.fixture
def declared(world):
    return world(QUEUES)


def test_accounts_that_lack_nothing_take_one_line_each(cli, declared, sandbox):
    ended = cli("doctor", declared, "--sandbox", sandbox.url)
    assert ended.code == 0
    assert [line.split(":")[0] for line in ended.out.splitlines()] == [
        "✓ aws-eu  aws       ready",
        "✓ shop    merchant  ready",
    ]
    assert ended.err == ""


def test_what_is_to_be_fixed_is_numbered_with_what_to_do(cli, declared, sandbox):
    sandbox.settings(
        revoked=["sandbox-token"], awsDenied=["sqs:DeleteQueue", "cloudwatch:GetMetricData"]
    )
    ended = cli("doctor", declared, "--sandbox", sandbox.url)
    assert ended.code == 1
    lines = ended.out.splitlines()
    assert lines[0] == "To fix for stack acme, what blocks most first:"
    assert lines[1].startswith("  1. shop: notificationsubscriptions.list: Request had invalid")
    assert "  2. aws-eu: sqs:DeleteQueue is not allowed on offers" in lines
    assert "     → allow sqs:DeleteQueue to arn:aws:sts::123456789012:user/moto" in lines
    assert lines.index("Not needed by plan and apply:") > 3
    assert any(line.startswith("✗ shop    merchant  needs attention") for line in lines)
    assert max(map(len, lines)) <= 100


def test_the_json_has_the_same(cli, declared, sandbox):
    sandbox.settings(awsDenied=["sqs:DeleteQueue"])
    ended = cli("doctor", declared, "--format", "json", "--sandbox", sandbox.url)
    assert ended.code == 1
    found = json.loads(ended.out)
    assert found["healthy"] is False
    assert found["problems"] == [
        {
            "account": "aws-eu",
            "stage": "writing",
            "check": "rights on queues",
            "problem": "sqs:DeleteQueue is not allowed on offers",
            "remedy": "allow sqs:DeleteQueue to arn:aws:sts::123456789012:user/moto",
            "optional": False,
        }
    ]
    assert [(it["account"], it["healthy"]) for it in found["accounts"]] == [
        ("aws-eu", False),
        ("shop", True),
    ]


def test_account_limits_what_is_examined(cli, declared, sandbox):
    sandbox.settings(awsDenied=["sqs:DeleteQueue"])
    ended = cli("doctor", declared, "--account", "shop", "--sandbox", sandbox.url)
    assert ended.code == 0
    assert "aws-eu" not in ended.out


def test_no_secret_is_told(cli, world, sandbox, monkeypatch):
    monkeypatch.setenv("SHOP_TOKEN", "hush-hush")
    head = (
        "stack: acme\npolicy: {prune: true}\naccounts:\n  shop: {service: merchant, "
        f'accountId: "5678", endpoint: "{sandbox.url}", '
        "credentials: {accessToken: env:SHOP_TOKEN}}\n"
    )
    sandbox.settings(revoked=["hush-hush"])
    ended = cli("--debug", "doctor", world("", head))
    assert ended.code == 1
    assert "hush-hush" not in ended.out + ended.err
