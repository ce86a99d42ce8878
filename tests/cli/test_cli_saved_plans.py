"""A saved plan carries what it was limited to and what was let through; nothing goes beside it."""

import json

import pytest

from tests.worlds import AWS, HEAD, MERCHANT, queues, subscriptions, writes

HOOK = "registeredEvent: PRODUCT_STATUS_CHANGE, callBackUri: 'https://hooks.example.com/1'"
MANY = subscriptions(**{"shop-one": f"{HOOK}, targetAccounts: ['1', '2']"})
STRICT = HEAD.replace("maxDeletes: 100%", "maxDeletes: 0")


@pytest.fixture
def on(cli, sandbox, world):
    def run(command, text, *options, head=HEAD + AWS + MERCHANT):
        return cli(command, world(text, head), "--sandbox", sandbox.url, *options)

    return run


@pytest.fixture
def file(tmp_path):
    return tmp_path / "plan.json"


def done(ended):
    actions = json.loads(ended.out)["actions"]
    return sorted(it["address"] for it in actions if it["outcome"] == "done")


LIMITS = [
    (("--target", "queue.a"), ["queue.a"]),
    (("--target", "queue.?", "--account", "aws-eu"), ["queue.a", "queue.b"]),
    (("--account", "shop"), ["subscription.shop-one[1]", "subscription.shop-one[2]"]),
    (
        ("--target", "subscription.shop-one"),
        ["subscription.shop-one[1]", "subscription.shop-one[2]"],
    ),
]


@pytest.mark.parametrize(("limit", "addresses"), LIMITS)
def test_a_saved_plan_is_applied_within_its_own_limits(on, file, limit, addresses):
    text = queues(a="", b="") + MANY
    assert on("plan", text, "--out", file, *limit).code == 0
    ended = on("apply", text, "--yes", "--plan", file, "--format", "json")
    assert (ended.code, done(ended)) == (0, addresses)


def test_a_plan_of_a_shard_is_applied_as_that_shard(on, file):
    text = queues(a="") + MANY
    for shard in ("1/2", "2/2"):
        planned = json.loads(on("plan", text, "--out", file, "--shard", shard, "--format=json").out)
        ended = on("apply", text, "--yes", "--plan", file, "--format", "json")
        assert ended.code == 0
        assert done(ended) == sorted(item["address"] for item in planned["actions"])


def test_a_saved_plan_brings_its_overrides_along(on, file, sandbox):
    head = STRICT + AWS + MERCHANT
    assert on("apply", queues(a="", b=""), "--yes").code == 0
    on("plan", queues(a=""), "--out", file, head=head)
    assert on("apply", queues(a=""), "--yes", "--plan", file, head=head).code == 3
    on("plan", queues(a=""), "--out", file, "--max-deletes", "1", head=head)
    assert on("apply", queues(a=""), "--yes", "--plan", file, head=head).code == 0


def test_the_document_on_stdout_is_the_saved_one(on, file):
    printed = on("plan", queues(a=""), "--out", file, "--target", "queue.a", "--format", "json").out
    assert printed == file.read_text()
    assert json.loads(printed)["terms"]["targets"] == ["queue.a"]


BESIDE = [
    ("--target", "queue.a"),
    ("--account", "aws-eu"),
    ("--shard", "1/2"),
    ("--max-deletes", "5"),
    ("--max-updates", "100%"),
    ("--adopt", "queue.a"),
    ("--unprotect", "queue.a"),
    ("--allow-non-empty",),
    ("--allow-referenced",),
]


@pytest.mark.parametrize("option", BESIDE, ids=lambda option: option[0])
def test_no_limit_or_override_goes_beside_a_saved_plan(on, file, sandbox, option):
    on("plan", queues(a=""), "--out", file)
    ended = on("apply", queues(a=""), "--yes", "--plan", file, *option)
    assert ended.code == 64
    assert ended.err.startswith(f"error: {option[0]}: a saved plan brings its own")
    assert writes(sandbox) == []


def test_nor_does_another_fingerprint(on, file):
    planned = json.loads(on("plan", queues(a=""), "--out", file, "--format", "json").out)
    assert on("apply", queues(a=""), "--yes", "--plan", file, "--expect", "sha256:0").code == 64
    own = ("--expect", planned["fingerprint"])
    assert on("apply", queues(a=""), "--yes", "--plan", file, *own).code == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("maxDeletes", {"count": 9, "percent": None}), ("adopt", ["*"]), ("targets", [])],
)
def test_terms_that_were_changed_after_the_plan_was_saved_are_refused(
    on, file, sandbox, name, value
):
    on("plan", queues(a=""), "--out", file, "--target", "queue.a")
    saved = json.loads(file.read_text())
    saved["terms"][name] = value
    file.write_text(json.dumps(saved))
    ended = on("apply", queues(a=""), "--yes", "--plan", file)
    assert ended.code == 3
    assert "its limits or overrides were changed" in ended.err
    assert writes(sandbox) == []


def test_terms_that_were_taken_out_of_a_saved_plan_are_missed(on, file, sandbox):
    on("plan", queues(a=""), "--out", file, "--target", "queue.a")
    saved = json.loads(file.read_text())
    del saved["terms"], saved["seal"]
    file.write_text(json.dumps(saved))
    ended = on("apply", queues(a=""), "--yes", "--plan", file)
    assert ended.code == 3
    assert "its limits or overrides were changed" in ended.err
    assert writes(sandbox) == []


def test_the_fingerprint_is_of_the_actions_whatever_options_led_to_them(on):
    text = queues(a="")
    options = ((), ("--target", "queue.a"), ("--max-deletes", "7"))
    plans = [json.loads(on("plan", text, "--format", "json", *more).out) for more in options]
    assert len({plan["fingerprint"] for plan in plans}) == 1


WRONG = [
    (("--target", "subscription.shop-on"), "subscription.shop-one"),
    (("--target", "subscription.shop-one[3]"), "subscription.shop-one[2]"),
    (("--target", "queue.of"), "queue.off"),
    (("--adopt", "subscription.shop-one[3]"), "subscription.shop-one[2]"),
    (("--unprotect", "bell.shop-one"), "subscription.shop-one"),
    (("--account", "aws-e"), "aws-eu"),
]


@pytest.mark.parametrize("command", ["plan", "apply"])
@pytest.mark.parametrize(("option", "meant"), WRONG)
def test_what_matches_nothing_is_wrong_usage_with_what_was_meant(on, command, option, meant):
    text = queues(a="", off="") + MANY
    ended = on(command, text, *option)
    assert ended.code == 64
    assert " ".join(option) in ended.err
    assert f"did you mean {meant!r}?" in ended.err


def test_also_where_a_run_is_limited_to_some_accounts(on):
    text = queues(a="") + MANY
    assert on("plan", text, "--account", "aws-eu", "--adopt", "queue.b").code == 64
    assert on("plan", text, "--account", "aws-eu", "--adopt", "queue.aws-eu/b").code == 64
    assert on("plan", text, "--account", "aws-eu", "--adopt", "subscription.shop/unseen").code == 0
    assert on("plan", text, "--account", "aws-eu", "--adopt", "subscription.shop-one").code == 0
    assert on("plan", text, "--account", "aws-eu", "--target", "subscription.shop-one").code == 64
