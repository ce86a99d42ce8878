"""The policies allow what is called on the wire, queue by queue, and not what is not."""

import json
from fnmatch import fnmatchcase

import pytest

from reconciler.core.model.repository import parse_repository
from reconciler.services.sqs.access import LIMIT, key_statement, role_policies
from reconciler.starter.access_text import access_question
from reconciler.wiring import declarations
from tests.worlds import AWS, HEAD, SP_API, Stack, queues

ARN = "arn:aws:sqs:eu-west-1:123456789012:"
FIRST = HEAD + AWS + queues(a="visibilityTimeout: 1m, tags: {x: '1', y: '2'}", b="")
CHANGED = HEAD + AWS + queues(a="visibilityTimeout: 2m, tags: {x: '3'}", c="")


@pytest.fixture(scope="module")
def running(shared_sandbox):
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture
def declare(tmp_path):
    def read(text):
        (tmp_path / "declared").mkdir(exist_ok=True)
        (tmp_path / "declared" / "world.yaml").write_text(text)
        declared = declarations(tmp_path / "declared")
        return access_question(declared, parse_repository("acme/shop"))

    return read


def policies(declared):
    return {policy.role.partition(" ")[0]: policy for policy in role_policies(declared)}


def statements(policy):
    return [item for document in policy.documents for item in document["Statement"]]


def allows(policy, action, arn, tags):
    return any(
        action in item["Action"]
        and any(fnmatchcase(arn, pattern) for pattern in item["Resource"])
        and all(
            tags.get(key.removeprefix("aws:ResourceTag/")) == value
            for key, value in item.get("Condition", {}).get("StringEquals", {}).items()
        )
        for item in statements(policy)
    )


def denied(policy, sandbox, tags):
    """Return the calls that IAM would refuse, with what they name."""
    refused = []
    for call in sandbox.calls():
        operation, body = call["operation"], call["body"] or {}
        if operation == "GetCallerIdentity":
            continue
        service = {"GetResources": "tag", "ListEventBuses": "events"}.get(operation, "sqs")
        name = body.get("QueueName") or body.get("QueueUrl", "").rpartition("/")[2]
        arn = ARN + name if name else "*"
        if not allows(policy, f"{service}:{operation}", arn, tags.get(name, {})):
            refused.append(f"{operation} {name}")
    return refused


def tags_of(sandbox):
    regions = sandbox.state()["aws"].get("123456789012", {})
    return {
        name: queue["tags"]
        for region in regions.values()
        for name, queue in region["queues"].items()
    }


def test_every_call_of_plan_and_apply_is_allowed_to_its_role(running, tmp_path, declare):
    running.reset()
    stack = Stack(tmp_path / "declared", running.url)
    for world in (FIRST, CHANGED, HEAD + AWS + queues(z="")):
        found = policies(declare(world))
        tags = tags_of(running)
        running.clear_calls()
        assert stack.plan().plan.actions
        assert denied(found["read"], running, tags) == []
        running.clear_calls()
        assert not stack.apply().unfinished()
        assert denied(found["write"], running, tags) == []
        assert denied(found["read"], running, tags) != []


def test_only_declared_queues_can_be_written_and_only_ours_deleted(declare):
    write = policies(declare(FIRST))["write"]
    ours = {"reconciler:stack": "acme"}
    assert allows(write, "sqs:SetQueueAttributes", ARN + "a", {})
    assert allows(write, "sqs:DeleteQueue", ARN + "renamed-long-ago", ours)
    for action in ("CreateQueue", "SetQueueAttributes", "TagQueue", "UntagQueue"):
        assert not allows(write, f"sqs:{action}", ARN + "other", ours)
    for tags in ({}, {"reconciler:stack": "another"}):
        assert not allows(write, "sqs:DeleteQueue", ARN + "a", tags)
    assert not allows(write, "sqs:DeleteQueue", ARN.replace("eu-west-1", "us-east-1") + "a", ours)


def test_the_read_role_may_change_nothing(declare):
    for item in statements(policies(declare(FIRST))["read"]):
        assert all(
            action.partition(":")[2].startswith(("Get", "List")) for action in item["Action"]
        )


def test_no_role_may_open_messages(declare):
    text = json.dumps([statements(policy) for policy in policies(declare(FIRST)).values()])
    assert "*Message" not in text
    assert "ReceiveMessage" not in text
    assert "sqs:*" not in text


def test_without_prune_nothing_can_be_deleted(declare):
    write = policies(declare(FIRST.replace("prune: true", "prune: false")))["write"]
    assert "sqs:DeleteQueue" not in json.dumps(write.documents)


def test_secrets_are_named_by_arn_and_read_by_both_roles(declare):
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"
    references = {
        "env:LWA_ID": f"aws-secretsmanager:{arn}lwa-AbCdEf#id",
        "env:LWA_SECRET": f"aws-secretsmanager:{arn}partial/lwa#secret",
        "env:DE": "aws-secretsmanager:sellers/de",
    }
    accounts = AWS + SP_API
    for variable, reference in references.items():
        accounts = accounts.replace(variable, reference)
    declared = declare(HEAD + accounts + queues(a=""))
    for policy in policies(declared).values():
        [secrets] = [item for item in statements(policy) if item["Sid"] == "ReadDeclaredSecrets"]
        assert secrets["Action"] == ["secretsmanager:GetSecretValue"]
        assert secrets["Resource"] == sorted(
            [
                f"{arn}lwa-AbCdEf",
                f"{arn}partial/lwa-??????",
                "arn:aws:secretsmanager:*:123456789012:secret:sellers/de-??????",
            ]
        )


def test_secrets_of_a_fleet_are_one_folder(declare):
    names = [f"s{number:02}" for number in range(11)]
    sellers = ", ".join(f'{it}: {{refreshToken: "aws-secretsmanager:fleet/{it}"}}' for it in names)
    accounts = (AWS + SP_API).replace(
        'de: {refreshToken: "env:DE"}', sellers.replace(", ", "\n      ")
    )
    for policy in policies(declare(HEAD + accounts + queues(a=""))).values():
        [secrets] = [item for item in statements(policy) if item["Sid"] == "ReadDeclaredSecrets"]
        assert secrets["Resource"] == ["arn:aws:secretsmanager:*:123456789012:secret:fleet/*"]


def test_an_assumed_role_gets_the_queues_and_the_workflows_roles_the_assuming(declare):
    role = "arn:aws:iam::123456789012:role/reconciler"
    declared = declare(FIRST.replace('"123456789012"}', f'"123456789012", roleArn: "{role}"}}'))
    found = role_policies(declared)
    assert [item.role for item in found] == [
        "read role that the workflow logs in with",
        "write role that the workflow logs in with",
        f"role {role} (accounts.aws-eu.roleArn), with which both read and write",
    ]
    for item in found[:2]:
        [statement] = statements(item)
        assert (statement["Action"], statement["Resource"]) == (["sts:AssumeRole"], [role])
    assert allows(found[2], "sqs:SetQueueAttributes", ARN + "a", {})


def test_queues_of_several_accounts_are_allowed_in_each_to_its_own_roles(declare):
    other = '  aws-us: {service: aws, region: us-east-1, accountId: "444455556666"}\n'
    declared = declare(
        HEAD + AWS + other + queues(a="account: aws-eu", b="account: aws-us, fifo: false")
    )
    found = {item.role: item for item in role_policies(declared)}
    us = found["write role in AWS account 444455556666"]
    assert allows(us, "sqs:CreateQueue", "arn:aws:sqs:us-east-1:444455556666:b", {})
    assert not allows(us, "sqs:CreateQueue", ARN + "a", {})
    assert len(found) == 4


def test_what_is_too_much_for_one_policy_is_split_and_nothing_is_lost(declare):
    names = {f"queue_number_{number}": "" for number in range(300)}
    write = policies(declare(HEAD + AWS + queues(**names)))["write"]
    assert len(write.documents) > 1
    for document in write.documents:
        assert len(json.dumps(document, separators=(",", ":"))) <= LIMIT
        sids = [item["Sid"] for item in document["Statement"]]
        assert len(set(sids)) == len(sids)
    for name in names:
        assert allows(write, "sqs:CreateQueue", ARN + name.replace("_", "-"), {})


def test_a_queue_encrypted_with_a_key_of_ones_own_needs_amazon_in_the_key_policy(declare):
    key, grants = "encryption: {kmsKey: alias/offers}", "grants: [{to: amazon-notifications}]"
    statement = key_statement(declare(HEAD + AWS + queues(a=f"{key}, {grants}")))
    assert statement["Principal"] == {"AWS": "arn:aws:iam::437568002678:root"}
    assert statement["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert key_statement(declare(HEAD + AWS + queues(a=key, b=grants))) is None


def test_without_aws_there_are_no_policies(declare):
    merchant = "accounts:\n  shop: {service: merchant, accountId: '5678'}\n"
    assert role_policies(declare(HEAD + merchant)) == ()
