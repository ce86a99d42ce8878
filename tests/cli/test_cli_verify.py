"""verify: each link of the chain broken in turn changes the verdict and is named."""

import json

import pytest

from tests.operate.hooks import Authority, Hook, resolving
from tests.sandbox.clients_of_the_sandbox import AwsAccount
from tests.standing import brought
from tests.worlds import (
    AWS,
    EVERYWHERE,
    HEAD,
    MARKET,
    MERCHANT,
    MWS,
    SELLER,
    destinations,
    queues,
    subscriptions,
    writes,
)

QUEUES = queues(
    q="grants: [{to: amazon-notifications}], deadLetter: {queue: d, maxReceives: 5}", d=""
)
PLACES = destinations(old="account: uk, queue: q", new="account: app, queue: q")
BY_MWS = "destination: old, notificationType: AnyOfferChanged"
BY_SP_API = "destination: new, notificationType: ANY_OFFER_CHANGED, sellers: [de]"
WORLD = QUEUES + PLACES + subscriptions(uk=BY_MWS, eu=BY_SP_API)
ADDRESSES = ("subscription.eu[de]", "subscription.uk")
NOTIFIER = "arn:aws:iam::437568002678:root"
BOTH = ["sqs:SendMessage", "sqs:GetQueueAttributes"]


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(who, actions, effect="Allow", **more):
    return {"Effect": effect, "Principal": {"AWS": who}, "Action": actions, **more}


@pytest.fixture
def on(cli, sandbox, world):
    """Run a command on a world against the sandbox."""

    def run(command, text=WORLD, *options, head=HEAD + EVERYWHERE):
        return cli(command, world(text, head), "--sandbox", sandbox.url, *options)

    return run


@pytest.fixture
def applied(on, sandbox):
    assert brought(sandbox, WORLD, lambda: on("apply", WORLD, "--yes").code) == 0


@pytest.fixture
def aws(sandbox):
    account = AwsAccount(sandbox.url)
    yield account
    account.close()


@pytest.fixture
def verdicts(on):
    """Verify and return (exit code, {address: proof})."""

    def run(text=WORLD, *options, **more):
        ended = on("verify", text, "--format", "json", "--timeout", "0.3", *options, **more)
        report = json.loads(ended.out)
        return ended.code, {proof["address"]: proof for proof in report["subscriptions"]}

    return run


def url(aws, name="q"):
    return aws.sqs.get_queue_url(QueueName=name)["QueueUrl"]


def decided(found, address):
    return found[address]["verdict"], found[address]["link"]


def waiting(aws):
    return int(aws.read(url(aws))["ApproximateNumberOfMessages"])


def test_a_chain_without_fault_is_proven_by_a_test_message_that_is_deleted(
    applied, verdicts, aws, sandbox
):
    sandbox.clear_calls()
    code, found = verdicts()
    assert code == 0
    assert {decided(found, address) for address in ADDRESSES} == {("proven", "test message")}
    links = [link["link"] for link in found["subscription.eu[de]"]["links"]]
    assert links == [
        "subscription",
        "workflow",
        "destination",
        "region",
        "queue",
        "queue policy",
        "encryption",
        "dead letters",
        "test message",
    ]
    assert {link["state"] for link in found["subscription.uk"]["links"]} == {"holds"}
    assert waiting(aws) == 0
    sent = [name.split()[0] for name in writes(sandbox)]
    assert sent.count("SendTestNotificationToDestination") == 1
    assert sent.count("sendTestNotification") == 1


def test_only_the_test_message_is_deleted_and_every_other_is_visible_at_once(
    applied, verdicts, aws, sandbox
):
    sandbox.notify("mws", seller=SELLER, marketplace=MARKET, type="AnyOfferChanged")
    sandbox.notify("sp-api", seller="sandbox-seller-app-de", type="ANY_OFFER_CHANGED")
    aws.sqs.send_message(QueueUrl=url(aws), MessageBody="no notification at all")
    code, found = verdicts()
    assert (code, decided(found, "subscription.uk")) == (0, ("proven", "test message"))
    received = aws.sqs.receive_message(QueueUrl=url(aws), MaxNumberOfMessages=10)["Messages"]
    assert len(received) == 3
    assert not any("TestNotification" in message["Body"] for message in received)


def test_subscriptions_that_share_a_destination_share_one_test(on, verdicts, sandbox):
    more = subscriptions(
        a=BY_MWS,
        b=BY_MWS.replace("AnyOfferChanged", "FeePromotion"),
        c=BY_SP_API,
        d=("destination: new, notificationType: FEE_PROMOTION, sellers: [de, fr]"),
    )
    assert on("apply", QUEUES + PLACES + more, "--yes").code == 0
    sandbox.clear_calls()
    code, found = verdicts(QUEUES + PLACES + more)
    assert (code, len(found)) == (0, 5)
    sent = [name.split()[0] for name in writes(sandbox)]
    assert sent.count("SendTestNotificationToDestination") == 1
    assert sent.count("sendTestNotification") == 1


BROKEN_POLICIES = {
    "no statement for Amazon": policy(allow("111122223333", BOTH)),
    "SendMessage alone": policy(allow(NOTIFIER, ["sqs:SendMessage"])),
    "GetQueueAttributes alone": policy(allow(NOTIFIER, ["sqs:GetQueueAttributes"])),
    "another account": policy(allow("437568002679", BOTH)),
    "a denial": policy(allow(NOTIFIER, BOTH), allow("*", ["sqs:SendMessage"], "Deny")),
    "another queue": policy(
        allow(NOTIFIER, BOTH, Resource="arn:aws:sqs:eu-west-1:123456789012:qx")
    ),
}


@pytest.mark.parametrize("broken", BROKEN_POLICIES)
def test_quirk_80_a_policy_that_does_not_admit_amazon_is_named(applied, verdicts, aws, broken):
    aws.write(url(aws), Policy=BROKEN_POLICIES[broken])
    code, found = verdicts()
    assert code == 1
    assert {decided(found, address) for address in ADDRESSES} == {("unproven", "queue policy")}
    assert "437568002678" in found["subscription.uk"]["reason"]


def test_a_queue_without_policy_is_named(applied, verdicts, aws):
    aws.write(url(aws), Policy="")
    code, found = verdicts()
    assert (code, decided(found, "subscription.uk")) == (1, ("unproven", "queue policy"))


def test_an_admission_under_a_condition_is_plausible_and_the_condition_named(
    applied, verdicts, aws
):
    inside = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    aws.write(url(aws), Policy=policy(allow(NOTIFIER, BOTH, Condition=inside)))
    code, found = verdicts(WORLD, "--static")
    assert code == 0
    assert {decided(found, address) for address in ADDRESSES} == {("plausible", "queue policy")}
    assert "(Allow if IpAddress aws:sourceip 10.0.0.0/8)" in found["subscription.uk"]["reason"]


@pytest.mark.parametrize(
    ("action", "harm"),
    [
        ("sqs:ReceiveMessage", "; they may take messages away: run apply"),
        ("sqs:Purge*", "; they may take messages away: run apply"),
        ("sqs:SendMessage", "; they may send forged messages: run apply"),
        ("sqs:*", "; they may take messages away and send forged ones: run apply"),
        ("sqs:GetQueueUrl", "which no declaration grants: run apply"),
    ],
)
def test_somebody_whom_no_declaration_admits_makes_it_plausible_only_and_his_harm_is_told(
    applied, verdicts, aws, action, harm
):
    wider = policy(allow(NOTIFIER, BOTH), allow("111122223333", [action]))
    aws.write(url(aws), Policy=wider)
    code, found = verdicts(WORLD, "--static")
    assert (code, decided(found, "subscription.uk")) == (0, ("plausible", "queue policy"))
    reason = found["subscription.uk"]["reason"]
    assert f"arn:aws:iam::111122223333:root ({action.replace('P', 'p')})" in reason
    assert reason.endswith(harm)


def test_a_declared_partner_with_all_rights_is_a_warning_beside_the_proof(on, verdicts):
    grants = "[{to: amazon-notifications}, {to: '111122223333', actions: all}]"
    text = queues(q=f"grants: {grants}") + destinations(old="account: uk, queue: q")
    text += subscriptions(uk=BY_MWS)
    assert on("apply", text, "--yes").code == 0
    code, found = verdicts(text)
    assert (code, decided(found, "subscription.uk")) == (0, ("proven", "test message"))
    told = on("verify", text, "--timeout", "0.3").out
    assert "! queue policy: arn:aws:iam::111122223333:root may do anything" in told


@pytest.mark.parametrize(
    ("key", "verdict", "words"),
    [
        ("alias/offers", "plausible", "kms:GenerateDataKey"),
        ("alias/aws/sqs", "unproven", "no other account can use"),
    ],
)
def test_encryption_with_a_key_is_named(applied, verdicts, aws, key, verdict, words):
    aws.write(url(aws), KmsMasterKeyId=key)
    code, found = verdicts()
    assert (code, decided(found, "subscription.uk")) == (
        int(verdict == "unproven"),
        (verdict, "encryption"),
    )
    assert words in found["subscription.uk"]["reason"]


def test_a_queue_that_is_gone_is_named(applied, verdicts, aws):
    aws.sqs.delete_queue(QueueUrl=url(aws))
    code, found = verdicts()
    assert code == 1
    assert {decided(found, address) for address in ADDRESSES} == {("unproven", "queue")}
    assert "queue.q is not live: run apply" in found["subscription.uk"]["reason"]


def test_a_dead_letter_queue_that_is_gone_makes_it_plausible_only(applied, verdicts, aws):
    aws.sqs.delete_queue(QueueUrl=url(aws, "d"))
    code, found = verdicts()
    assert (code, decided(found, "subscription.uk")) == (0, ("plausible", "dead letters"))


def test_what_was_never_applied_is_unproven(verdicts):
    code, found = verdicts()
    assert code == 1
    assert {decided(found, address) for address in ADDRESSES} == {("unproven", "subscription")}


@pytest.mark.parametrize(
    ("declared", "code", "verdict"), [("true", 1, "unproven"), ("false", 0, "plausible")]
)
def test_a_disabled_subscription_is_named(on, verdicts, declared, code, verdict):
    off = QUEUES + PLACES + subscriptions(uk=f"{BY_MWS}, enabled: false")
    assert on("apply", off, "--yes").code == 0
    text = off.replace("enabled: false", f"enabled: {declared}")
    found = verdicts(text)
    assert (found[0], decided(found[1], "subscription.uk")) == (code, (verdict, "enabled"))


def test_a_subscription_that_leads_elsewhere_is_named(on, verdicts):
    elsewhere = (
        queues(
            q="grants: [{to: amazon-notifications}]", other="grants: [{to: amazon-notifications}]"
        )
        + destinations(new="account: app, queue: other", here="account: app, queue: q")
        + subscriptions(eu=BY_SP_API)
    )
    assert on("apply", elsewhere, "--yes").code == 0
    text = elsewhere.replace("destination: new", "destination: here")
    code, found = verdicts(text)
    assert (code, decided(found, "subscription.eu[de]")) == (1, ("unproven", "subscription"))
    assert "not to destination.here" in found["subscription.eu[de]"]["reason"]


def test_a_filter_that_is_not_the_declared_one_makes_it_plausible_only(applied, verdicts):
    narrower = f"{BY_SP_API}, filter: {{marketplaceIds: [A1PA6795UKMFR9]}}"
    code, found = verdicts(QUEUES + PLACES + subscriptions(eu=narrower))
    assert (code, decided(found, "subscription.eu[de]")) == (0, ("plausible", "declaration"))
    assert "filter" in found["subscription.eu[de]"]["reason"]


@pytest.mark.parametrize(
    ("service", "operation", "address", "link"),
    [
        ("sp-api", "getSubscriptions", "subscription.eu[de]", "subscription"),
        ("sp-api", "getDestinations", "subscription.eu[de]", "destination"),
        ("mws", "ListSubscriptions", "subscription.uk", "subscription"),
        ("aws", "ListQueues", "subscription.uk", "queue"),
    ],
)
def test_what_cannot_be_read_is_unproven_and_the_rest_goes_on(
    applied, on, sandbox, service, operation, address, link
):
    sandbox.faults([{"service": service, "operation": operation, "kind": "denied", "times": None}])
    ended = on("verify", WORLD, "--format", "json", "--timeout", "0.3")
    report = json.loads(ended.out)
    found = {proof["address"]: proof for proof in report["subscriptions"]}
    assert (ended.code, report["complete"]) == (1, False)
    assert decided(found, address) == ("unproven", link)
    assert f"could not be read: {report['problems'][0]['message']}" in found[address]["reason"]
    assert {"unknown"} == {
        link["state"]
        for proof in report["subscriptions"]
        for link in proof["links"]
        if link["state"] not in ("holds", "warning")
    }
    ended = on("verify", WORLD, "--timeout", "0.3", "--account", "uk", "--account", "app")
    assert "could be read or tried: what is unproven may well deliver." in ended.told
    if service != "aws":
        other = next(name for name in ADDRESSES if name != address)
        assert decided(found, other) == ("proven", "test message")


IS_AMAZON = {"StringEquals": {"aws:PrincipalAccount": "437568002678"}}
NEVER_THERE = {"Version": "2012-10-17", "Statement": [allow(NOTIFIER, BOTH, Condition=IS_AMAZON)]}


def test_a_test_message_that_does_not_come_is_unproven_and_told_why_it_may_be_so(on, verdicts):
    # The stand-in does not judge such conditions, so that it refuses what is right.
    raw = f"policy: {json.dumps(NEVER_THERE)}"
    text = queues(q=raw) + PLACES + subscriptions(uk=BY_MWS, eu=BY_SP_API)
    assert on("apply", text, "--yes").code == 0
    code, found = verdicts(text)
    assert code == 1
    assert {decided(found, address) for address in ADDRESSES} == {("unproven", "test message")}
    assert "DependencyUnauthorizedException" in found["subscription.uk"]["reason"]
    assert "another consumer took it first" in found["subscription.eu[de]"]["reason"]
    assert "within 0.3 s" in found["subscription.eu[de]"]["reason"]


def test_a_queue_with_few_receives_is_not_searched(on, verdicts, sandbox):
    text = WORLD.replace("maxReceives: 5", "maxReceives: 3")
    assert on("apply", text, "--yes").code == 0
    sandbox.clear_calls()
    code, found = verdicts(text)
    assert (code, decided(found, "subscription.uk")) == (0, ("plausible", "test message"))
    assert "after 3 receives" in found["subscription.uk"]["reason"]
    assert writes(sandbox) == []


def test_static_sends_nothing_and_is_plausible_at_best(applied, verdicts, sandbox):
    sandbox.clear_calls()
    code, found = verdicts(WORLD, "--static")
    assert code == 0
    assert {decided(found, address) for address in ADDRESSES} == {("plausible", "test message")}
    assert writes(sandbox) == []


def test_quirk_88_amazons_production_hosts_send_no_tests():
    from reconciler.credentials.secrets import Secrets
    from reconciler.services.spapi.account import SpApiAccount, SpApiCredentials
    from reconciler.services.spapi.provider import SpApiProvider
    from reconciler.transport.calls import SystemClock
    from reconciler.transport.http import Http

    def asked(endpoint):
        account = SpApiAccount(
            service="sp-api",
            region="eu",
            endpoint=endpoint,
            credentials=SpApiCredentials(client_id="env:A", client_secret="env:B"),
        )
        http = Http()
        made = SpApiProvider("app", account, secrets=Secrets({}), http=http, clock=SystemClock())
        http.close()
        return made.abilities.send_test

    assert "sandbox host only" in asked(None).why
    assert callable(asked("https://sandbox.sellingpartnerapi-eu.amazon.com"))
    assert callable(asked("http://127.0.0.1:1"))


def test_quirk_89_silence_in_production_is_waited_out_and_no_failure(
    applied, verdicts, monkeypatch
):
    from reconciler.services.spapi.account import SpApiAccount

    # As if the stand-in were Amazon's production host beside its sandbox.
    monkeypatch.setattr(SpApiAccount, "sandbox_url", "https://sandbox.example.com")
    code, found = verdicts()
    assert (code, decided(found, "subscription.eu[de]")) == (0, ("plausible", "test message"))
    reason = found["subscription.eu[de]"]["reason"]
    assert "not in production, where the first notification may take an hour" in reason
    assert decided(found, "subscription.uk") == ("proven", "test message")


def test_an_event_bus_is_plausible_at_best(on, verdicts):
    text = destinations(
        bus="account: app, eventBridge: {region: eu-west-1, accountId: '123456789012'}"
    ) + subscriptions(
        p="destination: bus, notificationType: PRODUCT_TYPE_DEFINITIONS_CHANGE, sellers: [de]"
    )
    assert on("apply", text, "--yes").code == 0
    code, found = verdicts(text)
    assert (code, decided(found, "subscription.p[de]")) == (0, ("plausible", "event bus"))


@pytest.mark.parametrize(("account", "more"), [("app", BY_SP_API), ("uk", BY_MWS)])
def test_a_queue_that_is_not_declared_makes_it_plausible_only(on, verdicts, account, more):
    arn = "arn:aws:sqs:eu-west-1:444455556666:theirs"
    text = destinations(x=f"account: {account}, queue: '{arn}'")
    text += subscriptions(s=more.replace("new", "x").replace("old", "x"))
    assert on("apply", text, "--yes").code == 0
    code, found = verdicts(text)
    [proof] = found.values()
    assert (code, proof["verdict"], proof["link"]) == (0, "plausible", "queue")
    assert f"{arn} is not declared here" in proof["reason"]


def test_target_and_account_choose_subscriptions_and_their_accounts_alone(
    applied, verdicts, on, sandbox
):
    sandbox.clear_calls()
    _, found = verdicts(WORLD, "--target", "subscription.u*")
    assert list(found) == ["subscription.uk"]
    assert not {"sp-api", "merchant"} & {call["service"] for call in sandbox.calls()}
    _, found = verdicts(WORLD, "--account", "app")
    assert list(found) == ["subscription.eu[de]"]
    ended = on("verify", WORLD, "--target", "subscription.nobody")
    assert (ended.code, ended.out) == (64, "")
    assert "--target subscription.nobody: nothing declared has this address" in ended.err
    ended = on("verify", WORLD, "--target", "queue.*")
    assert (ended.code, ended.out) == (64, "")
    assert "queue.*: no declared subscription matches" in ended.err


def test_the_wrong_aws_account_refuses(cli, world, sandbox, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "210987654321")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    monkeypatch.setenv("MWS_ID", "AKIASANDBOX")
    monkeypatch.setenv("MWS_KEY", "sandbox-secret")
    here = f'endpoint: "{sandbox.url}"'
    head = HEAD + AWS.replace('"}', f'", {here}}}') + f"{MWS}    {here}\n"
    text = QUEUES + destinations(old="account: uk, queue: q") + subscriptions(uk=BY_MWS)
    ended = cli("verify", world(text, head))
    assert (ended.code, ended.out) == (3, "")
    assert "the credentials belong to AWS account 210987654321" in ended.err


def test_text_tells_each_verdict_with_its_link_and_what_to_make_of_it(applied, on, aws):
    ended = on("verify", WORLD, "--timeout", "0.3")
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == "Delivery of stack acme: 2 proven"
    assert lines[1] == "  ✓ proven     subscription.eu[de]"
    assert lines[2].startswith("      test message: a test message")
    assert lines[-1] == "Every subscription delivers."
    aws.write(url(aws), Policy="")
    told = on("verify", WORLD, "--timeout", "0.3").out
    assert "  ✗ unproven   subscription.uk\n      queue policy: the queue q does not let" in told


def test_without_subscriptions_there_is_nothing_to_prove(on):
    ended = on("verify", QUEUES)
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "No subscriptions are declared.")


def test_a_timeout_below_a_second_is_wrong_usage(on):
    assert on("verify", WORLD, "--timeout", "0").code == 64


# Merchant

HOOKED = "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '%s', callBackUri: '%s'"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def merchant(cli, world, sandbox, authority, monkeypatch):
    """Verify Merchant subscriptions to a hook, which are applied before."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    monkeypatch.setenv("SHOP", "ya29.token")
    resolving(monkeypatch, hooks_example_com=["127.0.0.1"])
    token = '{accessToken: "env:SHOP"}'
    shop = MERCHANT.replace("}", f', endpoint: "{sandbox.url}", credentials: {token}}}')

    def run(hook, *options, apply=True, live=None, private=True):
        text = subscriptions(a=HOOKED % ("1", hook.uri), b=HOOKED % ("2", hook.uri))
        if apply:
            assert cli("apply", world(live or text, f"{HEAD}accounts:{shop}"), "--yes").code == 0
        path = world(text, f"{HEAD}accounts:{shop}")
        options += ("--allow-private",) if private else ()
        ended = cli("verify", path, "--format", "json", *options)
        report = json.loads(ended.out)
        return ended.code, {proof["address"]: proof for proof in report["subscriptions"]}

    return run


@pytest.fixture
def hook(authority):
    with Hook(authority.certificate()) as running:
        yield running


def test_a_call_back_that_acknowledges_the_sample_is_proven_and_asked_once(merchant, hook):
    code, found = merchant(hook)
    assert code == 0
    assert {decided(found, name) for name in found} == {("proven", "answer")}
    assert "acknowledged with 204 in " in found["subscription.a"]["reason"]
    assert len(hook.got) == 1


def test_a_call_back_that_refuses_is_named(merchant, hook):
    hook.status = 500
    code, found = merchant(hook)
    assert (code, decided(found, "subscription.a")) == (1, ("unproven", "answer"))


def test_a_certificate_that_is_not_accepted_is_named(merchant, authority):
    with Hook(authority.certificate(days=-3)) as hook:
        code, found = merchant(hook)
    assert (code, decided(found, "subscription.b")) == (1, ("unproven", "certificate"))


def test_a_certificate_that_ends_soon_is_a_warning_beside_the_proof(merchant, authority):
    with Hook(authority.certificate(days=3)) as hook:
        code, found = merchant(hook)
    assert (code, decided(found, "subscription.b")) == (0, ("proven", "answer"))
    states = {link["link"]: link["state"] for link in found["subscription.b"]["links"]}
    assert states["certificate"] == "warning"


def test_quirk_106_a_private_address_is_named_and_not_posted_to(merchant, hook):
    code, found = merchant(hook, private=False)
    assert (code, decided(found, "subscription.a")) == (1, ("unproven", "address"))
    assert hook.got == []


def test_pushes_that_go_elsewhere_are_named(merchant, hook):
    live = subscriptions(
        a=HOOKED % ("1", "https://hooks.example.com/old"), b=HOOKED % ("2", hook.uri)
    )
    code, found = merchant(hook, live=live)
    assert (code, decided(found, "subscription.a")) == (1, ("unproven", "call back URI"))
    assert "https://hooks.example.com/old" in found["subscription.a"]["reason"]
    assert decided(found, "subscription.b") == ("proven", "answer")


def test_a_merchant_subscription_that_is_not_there_is_named(merchant, hook):
    code, found = merchant(hook, apply=False)
    assert (code, decided(found, "subscription.a")) == (1, ("unproven", "subscription"))
    assert hook.got == []


def test_with_a_sandbox_nothing_is_posted(on):
    text = subscriptions(a=HOOKED % ("1", "https://hooks.example.com/a"))
    assert on("apply", text, "--yes").code == 0
    told = on("verify", text, head=f"{HEAD}accounts:{MERCHANT}")
    assert told.code == 0
    assert (
        "plausible  subscription.a\n      answer: nothing is posted to call back URIs" in told.out
    )
