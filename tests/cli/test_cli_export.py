"""export: live objects that no declaration covers, as YAML."""

import json

import pytest
import yaml

from tests.sandbox.clients_of_the_sandbox import AwsAccount
from tests.standing import brought
from tests.worlds import (
    AWS,
    EVERYWHERE,
    HEAD,
    MERCHANT,
    MWS,
    destinations,
    queues,
    subscriptions,
    writes,
)

HOOKS = "https://hooks.example.com"
OFFERS = "notificationType: ANY_OFFER_CHANGED"


def accounts(text):
    """Return the accounts that declarations need; SP-API takes a call for each type and seller."""
    return EVERYWHERE if "account: app" in text else AWS + MWS + MERCHANT


@pytest.fixture
def aws(sandbox):
    account = AwsAccount(sandbox.url)
    yield account
    account.close()


@pytest.fixture
def live(cli, sandbox, tmp_path, aws):
    """Have objects made that nobody has declared: by another stack, whose mark is then lost."""

    def make(text, *, marked=False):
        folder = tmp_path / "elsewhere"
        folder.mkdir(exist_ok=True)
        head = HEAD.replace("stack: acme", "stack: clicked")
        (folder / "all.yaml").write_text(head + accounts(text) + text)
        ended = brought(
            sandbox, text, lambda: cli("apply", folder, "--yes", "--sandbox", sandbox.url)
        )
        assert ended.code == 0, ended
        for url in [] if marked else aws.sqs.list_queues().get("QueueUrls", []):
            aws.sqs.untag_queue(QueueUrl=url, TagKeys=["reconciler:stack"])
        sandbox.clear_calls()

    return make


@pytest.fixture
def export(cli, sandbox, world, tmp_path):
    """Export with these declarations; return how it ended and what YAML it wrote."""

    def run(text="", *options):
        made = (tmp_path / "elsewhere" / "all.yaml").read_text()
        folder = world(text, HEAD + accounts(made))
        ended = cli("export", folder, "--sandbox", sandbox.url, *options)
        return ended, yaml.safe_load(ended.out) or {}

    return run


@pytest.fixture
def lines(cli, sandbox):
    """Plan and return the planned changes."""

    def plan(folder):
        ended = cli("plan", folder, "--sandbox", sandbox.url, "--format", "json")
        assert ended.code == 0, ended
        found = json.loads(ended.out)
        assert found["unmanaged"] == []
        return [
            f"{action['action']} {action['address']} {change['path']}"
            for action in found["actions"]
            for change in action["changes"]
        ]

    return plan


def test_what_has_the_services_default_is_left_out_and_the_rest_has_units(live, export):
    live(
        queues(
            plain="",
            odd="visibilityTimeout: 90, messageRetentionPeriod: 14d, delay: 15m,"
            "maximumMessageSize: 2KiB, encryption: none, redriveAllow: none, protect: true",
            keyed="encryption: {kmsKey: alias/offers, dataKeyReuse: 10m}",
            dead="deadLetter: {queue: plain, maxReceives: 5}",
            shut="redriveAllow: [dead, 'arn:aws:sqs:eu-west-1:123456789012:elsewhere']",
            o="name: orders.fifo, fifo: true, tags: {'on': '01', cost-x: y}",
        )
    )
    ended, found = export()
    assert ended.code == 0
    assert found == {
        "queues": {
            "dead": {"deadLetter": {"queue": "plain", "maxReceives": 5}},
            "keyed": {"encryption": {"kmsKey": "alias/offers", "dataKeyReuse": "10m"}},
            "odd": {
                "visibilityTimeout": "90s",
                "messageRetentionPeriod": "14d",
                "delay": "15m",
                "maximumMessageSize": "2KiB",
                "encryption": "none",
                "redriveAllow": "none",
                "protect": True,
            },
            "orders.fifo": {"fifo": True, "tags": {"on": "01"}},
            "plain": {},
            "shut": {
                "redriveAllow": ["dead", "arn:aws:sqs:eu-west-1:123456789012:elsewhere"],
            },
        }
    }
    assert list(found["queues"]) == sorted(found["queues"])


def test_a_policy_that_equals_grants_is_written_as_grants_any_other_as_it_is(live, export):
    live(
        queues(
            a="grants: [{to: '444455556666', actions: all}, {to: amazon-notifications}]",
            b="policy: {Statement: [{Effect: Deny, Principal: '*', Action: 'sqs:*'}]}",
            c="policy: {Statement: [{Effect: Allow, Principal: {AWS: ['444455556666', "
            "'555566667777']}, Action: 'sqs:SendMessage'}]}",
        )
    )
    _, found = export()
    assert found["queues"]["a"] == {
        "grants": [{"to": "amazon-notifications"}, {"to": "444455556666", "actions": "all"}]
    }
    assert found["queues"]["b"] == {
        "policy": {"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "sqs:*"}]}
    }
    [statement] = found["queues"]["c"]["policy"]["Statement"]
    assert statement["Action"] == "sqs:SendMessage"


def test_declared_queues_are_referred_to_by_name_and_not_repeated(live, export):
    live(queues(q="") + destinations(s="account: app, queue: q, name: Offers") + subscriptions())
    _, found = export(queues(offers="name: q"))
    assert found == {
        "destinations": {"Offers": {"account": "app", "queue": "offers", "name": "Offers"}}
    }


def test_subscriptions_equal_but_for_the_seller_are_one_declaration(live, export):
    live(
        queues(q="grants: [{to: amazon-notifications}]")
        + destinations(s="account: app, queue: q, name: acme--s")
        + subscriptions(
            all=f"destination: s, {OFFERS}, sellers: all, filter: {{marketplaceIds: [B, A]}}",
            one="destination: s, notificationType: FEE_PROMOTION, sellers: [fr]",
            other_de="destination: s, notificationType: PRICING_HEALTH, sellers: [de]",
            other_fr="destination: s, notificationType: PRICING_HEALTH, sellers: [fr],"
            "filterExpression: a == 'x'",
        )
    )
    _, found = export()
    assert found["destinations"] == {"s": {"account": "app", "queue": "q"}}, "the name is implied"
    assert found["subscriptions"] == {
        "any-offer-changed": {
            "destination": "s",
            "notificationType": "ANY_OFFER_CHANGED",
            "sellers": "all",
            "filter": {"marketplaceIds": ["A", "B"]},
        },
        "fee-promotion": {
            "destination": "s",
            "notificationType": "FEE_PROMOTION",
            "sellers": ["fr"],
        },
        "pricing-health-de": {
            "destination": "s",
            "notificationType": "PRICING_HEALTH",
            "sellers": ["de"],
        },
        "pricing-health-fr": {
            "destination": "s",
            "notificationType": "PRICING_HEALTH",
            "sellers": ["fr"],
            "filterExpression": "a == 'x'",
        },
    }


def test_merchant_subscriptions_that_follow_a_pattern_are_one_declaration(live, export):
    event, target = "registeredEvent: PRODUCT_STATUS_CHANGE", "{targetAccount}"
    live(
        subscriptions(
            pattern=f"{event}, targetAccounts: ['12', '34'], callBackUri: '{HOOKS}/{target}/a'",
            alone=f"{event}, targetAccount: '56', callBackUri: '{HOOKS}/56/b'",
            inside=f"{event}, targetAccount: '7', callBackUri: '{HOOKS}/177/a'",
            same=f"{event}, targetAccounts: ['8', '9'], callBackUri: '{HOOKS}/8'",
            own=f"{event}, targetAccount: '5678', callBackUri: '{HOOKS}/own'",
        )
    )
    _, found = export()
    told = {
        name: (body.get("targetAccounts") or body["targetAccount"], body["callBackUri"])
        for name, body in found["subscriptions"].items()
    }
    assert sorted(told.values(), key=str) == [
        ("56", f"{HOOKS}/56/b"),
        ("5678", f"{HOOKS}/own"),
        ("7", f"{HOOKS}/177/a"),
        (["12", "34"], f"{HOOKS}/{target}/a"),
        (["8", "9"], f"{HOOKS}/8"),
    ]


def test_names_do_not_clash_with_declared_ones(live, export):
    live(queues(q=""))
    _, found = export(queues(q="name: another"))
    assert found == {"queues": {"q-aws-eu": {"name": "q"}}}


def test_what_the_sections_defaults_say_is_left_out_and_what_they_get_wrong_written(live, export):
    live(queues(a="delay: 5s, tags: {of: all}", b="tags: {of: none}", c="delay: 5s"))
    defaults = "defaults: {queues: {delay: 5s, tags: {of: all}}}\n"
    _, found = export(defaults)
    assert found == {
        "queues": {
            "a": {},
            "b": {"delay": "0s", "tags": {"of": "none"}},
            "c": {"ignoreChanges": ["tags.of"]},
        }
    }


def test_protection_that_the_defaults_would_add_is_left_off(live, export):
    live(queues(a="protect: true", b=""))
    _, found = export("defaults: {queues: {protect: true}}\n")
    assert found == {"queues": {"a": {"protect": True}, "b": {"protect": False}}}


def test_what_belongs_to_another_stack_is_not_exported_but_told(live, export):
    live(queues(q="") + destinations(m="account: uk, queue: q"), marked=True)
    ended, found = export()
    assert (ended.code, found) == (0, {})
    assert "queue.aws-eu/q belongs to stack 'clicked': not exported" in ended.err
    assert "destination.uk/arn:aws:sqs:eu-west-1:123456789012:q belongs to stack" in ended.err


def test_what_cannot_be_declared_is_told_with_all_that_rests_on_it(aws, live, export, sandbox):
    live(queues(q="") + destinations(m="account: uk, queue: q"))
    policy = {"Statement": [{"Effect": "Allow", "Principal": {"Odd": "x"}, "Action": "sqs:*"}]}
    aws.write(aws.sqs.get_queue_url(QueueName="q")["QueueUrl"], Policy=json.dumps(policy))
    ended, found = export()
    assert ended.code == 0
    assert "queue.aws-eu/q is not exported: " in ended.err
    assert "unknown key 'Odd'" in ended.err
    assert found == {
        "destinations": {
            "q-mws": {"account": "uk", "queue": "arn:aws:sqs:eu-west-1:123456789012:q"}
        }
    }, "the queue is referred to by its ARN instead"
    assert ended.err.endswith(
        "1 live object written; 1 live object could not be expressed (see above)\n"
    )


def test_nothing_to_export_is_told_apart_from_what_could_not_be(aws, live, export, sandbox):
    live(queues(q="") + destinations(m="account: uk, queue: q"), marked=True)
    ended, _ = export()
    last = ended.err.splitlines()[-1]
    assert last == "nothing was exported: 2 live objects left to other stacks"


def test_what_no_declaration_can_express_is_counted(aws, live, export, sandbox):
    live(queues(q=""))
    url = aws.sqs.get_queue_url(QueueName="q")["QueueUrl"]
    aws.sqs.tag_queue(QueueUrl=url, Tags={f"t{number}": "x" for number in range(50)})
    ended, found = export()
    assert (ended.code, ended.out, found) == (0, "", {})
    told, last = ended.err.splitlines()[-2:]
    assert told.startswith("queue.aws-eu/q is not exported: ")
    assert last == "nothing was exported: 1 live object could not be expressed (see above)"


def test_subscriptions_of_types_that_nobody_declared_are_found(live, export):
    live(
        queues(q="grants: [{to: amazon-notifications}]")
        + destinations(s="account: app, queue: q, name: s")
        + subscriptions(s="destination: s, notificationType: PRICING_HEALTH, sellers: [de]")
    )
    assert "discover: declared" in HEAD
    _, found = export()
    assert list(found["subscriptions"]) == ["pricing-health"]


def test_only_the_accounts_asked_for_are_written(live, export):
    live(queues(q="") + destinations(m="account: uk, queue: q", s="account: app, queue: q"))
    _, found = export("", "--account", "uk")
    assert found == {
        "destinations": {
            "q-mws": {"account": "uk", "queue": "arn:aws:sqs:eu-west-1:123456789012:q"}
        }
    }
    ended, _ = export("", "--account", "nobody")
    assert (ended.code, ended.out) == (64, "")
    assert "--account nobody: not declared" in ended.err


def test_what_could_not_be_read_is_told_and_the_rest_is_written(live, export, sandbox):
    live(queues(q="") + destinations(m="account: uk, queue: q"))
    sandbox.faults([{"service": "mws", "operation": "ListSubscriptions", "kind": "denied"}])
    ended, found = export()
    assert ended.code == 1
    assert "not read: uk: " in ended.err
    assert found == {"queues": {"q": {}}}


def test_what_refers_to_something_unread_is_told_and_left_out(live, export, sandbox):
    live(
        queues(q="grants: [{to: amazon-notifications}]")
        + destinations(s="account: app, queue: q, name: s")
        + subscriptions(s="destination: s, notificationType: PRICING_HEALTH, sellers: [de]")
    )
    sandbox.faults([{"service": "sp-api", "operation": "getDestinations", "kind": "denied"}])
    ended, found = export()
    assert (ended.code, list(found)) == (1, ["queues"])
    assert (
        "subscription.app/de/PRICING_HEALTH/1.0 is not exported: what it refers to was not read"
        in ended.err
    )


def test_of_two_entries_for_one_real_account_only_one_is_written(live, cli, world, sandbox):
    live(queues(q=""))
    twice = AWS + AWS.replace("accounts:", "").replace("aws-eu", "again").lstrip("\n")
    ended = cli("export", world("", HEAD + twice), "--sandbox", sandbox.url)
    assert (ended.code, yaml.safe_load(ended.out)) == (0, {"queues": {"q": {"account": "again"}}})


def test_into_the_declarations_directory_goes_one_file_more(live, cli, world, sandbox, lines):
    live(queues(q="") + destinations(m="account: uk, queue: q"))
    folder = world("", HEAD + AWS + MWS)
    command = ["export", folder, "--sandbox", sandbox.url, "--out", folder]
    ended = cli(*command)
    assert (ended.code, ended.out) == (0, "")
    assert f"2 live objects written to {folder}/exported.yaml" in ended.err
    assert lines(folder) == ["update queue.q tags.reconciler:stack"]
    again = cli(*command)
    assert (again.code, again.err) == (
        0,
        "nothing to export: no live object is without a declaration\n",
    )


def test_a_file_that_is_there_is_never_overwritten(live, cli, world, sandbox, tmp_path):
    live(queues(q=""))
    folder = world("", HEAD + AWS + MWS)
    former = tmp_path / "declared" / "exported.yaml"
    former.write_text("# mine\n")
    ended = cli("export", folder, "--sandbox", sandbox.url, "--out", folder)
    assert ended.code == 1
    assert f"{former} is there already and is not overwritten" in ended.err
    assert former.read_text() == "# mine\n"


def test_elsewhere_the_declarations_go_with_it_so_that_it_can_be_planned_alone(
    live, cli, world, sandbox, lines, tmp_path
):
    live(queues(q="", r="") + destinations(m="account: uk, queue: q"))
    folder, out = world(queues(r=""), HEAD + AWS + MWS), tmp_path / "out"
    ended = cli("export", folder, "--sandbox", sandbox.url, "--out", out)
    assert (ended.code, sorted(file.name for file in out.iterdir())) == (
        0,
        ["exported.yaml", "world.yaml"],
    )
    assert lines(out) == [
        "update queue.q tags.reconciler:stack",
        "update queue.r tags.reconciler:stack",
    ]
    again = cli("export", folder, "--sandbox", sandbox.url, "--out", out)
    assert again.code == 1
    assert "holds other declarations" in again.err


def test_nothing_is_changed_and_no_secret_written(live, export, sandbox, monkeypatch):
    live(queues(q="") + destinations(m="account: uk, queue: q", s="account: app, queue: q"))
    ended, _ = export()
    assert writes(sandbox) == []
    assert "sandbox-secret" not in ended.out + ended.err


def test_invalid_declarations_are_told_before_anything_is_read(cli, world, sandbox):
    ended = cli("export", world("queues: {q: {colour: red}}\n"), "--sandbox", sandbox.url)
    assert (ended.code, ended.out) == (1, "")
    assert "unknown key 'colour'" in ended.err
    assert sandbox.calls() == []
