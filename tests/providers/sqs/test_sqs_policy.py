"""Which policies mean the same, and which may be declared."""

import json

import pytest

from reconciler.providers.sqs.grants import Grant, policy_of
from reconciler.providers.sqs.policy import (
    canonical,
    has_deleted_principal,
    names_principals,
    strangers_with_all_rights,
    to_text,
)
from reconciler.providers.sqs.policy_rules import check_limits, check_shape

ARN = "arn:aws:sqs:eu-west-1:123456789012:offers"
ROOT = "arn:aws:iam::444455556666:root"


def statement(**fields):
    return {
        "Effect": "Allow",
        "Principal": {"AWS": ROOT},
        "Action": "sqs:SendMessage",
        "Resource": ARN,
        **fields,
    }


def policy(*statements, **fields):
    return {"Version": "2012-10-17", "Statement": list(statements), **fields}


def without(mapping, name):
    return {key: value for key, value in mapping.items() if key != name}


def when(**tests):
    return policy(statement(Condition={"Bool": tests}))


TWO_ACTIONS = ["sqs:SendMessage", "sqs:GetQueueAttributes"]
TWO_PRINCIPALS = ["444455556666", "777788889999"]

EQUAL = {
    "a scalar action and a list of one": (
        policy(statement(Action="sqs:SendMessage")),
        policy(statement(Action=["sqs:SendMessage"])),
    ),
    "a scalar resource and a list of one": (policy(statement()), policy(statement(Resource=[ARN]))),
    "actions in another order": (
        policy(statement(Action=TWO_ACTIONS)),
        policy(statement(Action=TWO_ACTIONS[::-1])),
    ),
    "an action given twice": (
        policy(statement()),
        policy(statement(Action=["sqs:SendMessage", "SQS:sendmessage"])),
    ),
    "the service prefix in capitals": (
        policy(statement()),
        policy(statement(Action="SQS:SendMessage")),
    ),
    "an action in small letters": (
        policy(statement()),
        policy(statement(Action="sqs:sendmessage")),
    ),
    "a pattern in another case": (
        policy(statement(Action="sqs:Send*")),
        policy(statement(Action="SQS:send*")),
    ),
    "principals in another order": (
        policy(statement(Principal={"AWS": TWO_PRINCIPALS})),
        policy(statement(Principal={"AWS": TWO_PRINCIPALS[::-1]})),
    ),
    "statements in another order": (
        policy(statement(), statement(Effect="Deny")),
        policy(statement(Effect="Deny"), statement()),
    ),
    "a statement given twice": (policy(statement()), policy(statement(), statement())),
    "one statement outside a list": (
        policy(statement()),
        {"Version": "2012-10-17", "Statement": statement()},
    ),
    "everyone in two spellings": (
        policy(statement(Principal="*")),
        policy(statement(Principal={"AWS": "*"})),
    ),
    "the effect in another case": (policy(statement()), policy(statement(Effect="allow"))),
    "condition values as booleans or text": (
        when(**{"aws:SecureTransport": False}),
        when(**{"aws:SecureTransport": "false"}),
    ),
    "condition values as numbers or text": (when(**{"a:b": 5}), when(**{"a:b": ["5"]})),
    "condition keys in another case": (
        when(**{"aws:SourceArn": "x"}),
        when(**{"AWS:sourcearn": "x"}),
    ),
    "condition values in another order": (when(k=["a", "b"]), when(k=["b", "a"])),
    "an empty condition": (policy(statement()), policy(statement(Condition={}))),
    "labels": (policy(statement()), policy(statement(Sid="x"), Id="y")),
    "keys in another order": (
        policy(statement()),
        policy(dict(reversed(statement().items()))),
    ),
    "the queue's own resource left out": (
        policy(statement()),
        policy(without(statement(), "Resource")),
    ),
}

DIFFERENT = {
    "allow and deny": (policy(statement()), policy(statement(Effect="Deny"))),
    "another principal": (
        policy(statement()),
        policy(statement(Principal={"AWS": "777788889999"})),
    ),
    "a service and an account": (
        policy(statement(Principal={"Service": "sns.amazonaws.com"})),
        policy(statement(Principal={"AWS": "sns.amazonaws.com"})),
    ),
    "a wildcard and the list it stands for": (
        policy(statement(Action="sqs:*")),
        policy(statement(Action=TWO_ACTIONS)),
    ),
    "an action and its opposite": (
        policy(statement()),
        policy({**without(statement(), "Action"), "NotAction": "sqs:SendMessage"}),
    ),
    "another resource": (policy(statement()), policy(statement(Resource="*"))),
    "with and without condition": (policy(statement()), when(k="v")),
    "operators in another spelling": (
        policy(statement(Condition={"ArnEquals": {"k": "v"}})),
        policy(statement(Condition={"ArnLike": {"k": "v"}})),
    ),
    "condition values in another case": (when(k="V"), when(k="v")),
    "one statement more": (policy(statement()), policy(statement(), statement(Effect="Deny"))),
    "the root of another partition": (
        policy(statement()),
        policy(statement(Principal={"AWS": ROOT.replace("aws", "aws-cn")})),
    ),
}


@pytest.mark.parametrize("pair", EQUAL.values(), ids=EQUAL.keys())
def test_quirk_37_policies_equal_in_effect_have_one_spelling(pair):
    first, second = (canonical(item, ARN) for item in pair)

    assert json.dumps(first) == json.dumps(second)


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT.keys())
def test_policies_that_differ_in_effect_stay_different(pair):
    assert canonical(pair[0], ARN) != canonical(pair[1], ARN)


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_quirk_36_an_account_id_and_its_root_arn_are_one_principal(partition):
    arn = ARN.replace("arn:aws:", f"arn:{partition}:")
    root = f"arn:{partition}:iam::444455556666:root"

    by_id = canonical(policy(statement(Principal={"AWS": "444455556666"}, Resource=arn)), arn)

    assert by_id == canonical(policy(statement(Principal={"AWS": root}, Resource=arn)), arn)
    assert by_id["Statement"][0]["Principal"] == {"AWS": [root]}


def test_quirk_39_a_deleted_principal_differs_from_the_one_that_was_declared():
    role = "arn:aws:iam::123456789012:role/worker"
    declared = canonical(policy(statement(Principal={"AWS": role})), ARN)
    live = canonical(policy(statement(Principal={"AWS": "AROAEXAMPLEEXAMPLE123"})), ARN)

    assert declared != live
    assert has_deleted_principal(live)
    assert not has_deleted_principal(declared)


@pytest.mark.parametrize("nothing", [None, {}, {"Statement": []}, {"Version": "2012-10-17"}])
def test_quirk_40_a_policy_that_says_nothing_is_no_policy(nothing):
    assert canonical(nothing, ARN) is None
    assert to_text(None) == ""


def test_quirk_41_an_old_version_with_the_same_statements_is_the_same_policy():
    old = {"Version": "2008-10-17", "Statement": [statement()]}

    assert canonical(old, ARN) == canonical(policy(statement()), ARN)


def test_quirk_41_the_version_counts_where_policy_variables_are_used():
    who = statement(Condition={"StringEquals": {"aws:username": "${aws:PrincipalTag/x}"}})
    old = {"Version": "2008-10-17", "Statement": [who]}

    assert canonical(old, ARN) != canonical(policy(who), ARN)
    assert json.loads(to_text(canonical(old, ARN)))["Version"] == "2008-10-17"


def test_quirk_42_a_permission_added_by_hand_equals_the_declared_grant():
    by_hand = {
        "Version": "2008-10-17",
        "Id": f"{ARN}/SQSDefaultPolicy",
        "Statement": [
            {
                "Sid": "sellers",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::437568002678:root"},
                "Action": ["SQS:SendMessage", "SQS:GetQueueAttributes"],
                "Resource": ARN,
            }
        ],
    }
    granted = policy_of([Grant(to="amazon-notifications")])

    assert canonical(by_hand, ARN) == canonical(granted, ARN)


@pytest.mark.parametrize("pair", [*EQUAL.values(), *DIFFERENT.values()])
def test_a_canonical_policy_survives_being_written_and_read_back(pair):
    for item in pair:
        once = canonical(item, ARN)

        assert canonical(json.loads(to_text(once)), ARN) == once
        assert canonical(once, ARN) == once


def test_a_policy_is_written_in_the_spelling_of_aws():
    raw = policy(statement(Action="SQS:sendmessage", Principal={"AWS": "444455556666"}))

    written = json.loads(to_text(canonical(raw, ARN)))

    assert written == {"Version": "2012-10-17", "Statement": [statement()]}


def test_what_a_service_may_hold_is_never_refused():
    odd = {
        "Statement": [
            "text",
            {"Effect": "Allow", "Principal": {"Federated": "x"}, "Action": "sns:Publish"},
            {"Effect": "Deny", "NotPrincipal": {"AWS": "444455556666"}, "Unknown": {"a": 1}},
            {"Principal": "someone", "Action": "*", "Condition": "none"},
        ]
    }

    assert len(canonical(odd, ARN)["Statement"]) == 3


@pytest.mark.parametrize(
    ("principal", "named"),
    [
        ("*", False),
        ({"AWS": "444455556666"}, False),
        ({"Service": "sns.amazonaws.com"}, False),
        ({"AWS": "arn:aws:iam::444455556666:role/new"}, True),
        ({"AWS": ["444455556666", "arn:aws:iam::444455556666:user/anna"]}, True),
    ],
)
def test_roles_and_users_are_told_from_accounts(principal, named):
    assert names_principals(canonical(policy(statement(Principal=principal)), ARN)) is named


@pytest.mark.parametrize(
    ("fields", "strangers"),
    [
        ({"Action": "SQS:*"}, [ROOT]),
        ({"Action": "*", "Principal": "*"}, ["*"]),
        ({"Action": "sqs:*", "Principal": {"AWS": "123456789012"}}, []),
        ({"Action": "sqs:*", "Effect": "Deny"}, []),
        ({"Action": "sqs:*", "Condition": {"ArnEquals": {"k": "v"}}}, []),
        ({"Action": "sqs:SendMessage"}, []),
    ],
)
def test_quirk_44_all_rights_for_a_foreign_account_are_found(fields, strangers):
    assert strangers_with_all_rights(canonical(policy(statement(**fields)), ARN)) == strangers


BAD_SHAPES = {
    "an unknown key": ({"Statements": []}, "a policy has no 'Statements'"),
    "no statement": ({"Version": "2012-10-17", "Statement": []}, "for no policy leave it out"),
    "another version": (policy(statement(), Version="2020-01-01"), 'Version must be "2012-10-17"'),
    "a statement that is text": (policy("Allow"), "statement 1: expected a mapping"),
    "an unknown element": (policy(statement(Actions="x")), "a statement has no 'Actions'"),
    "no effect": (policy(without(statement(), "Effect")), "Effect must be Allow or Deny"),
    "no principal": (policy(without(statement(), "Principal")), "exactly one of Principal"),
    "both kinds of action": (policy(statement(NotAction="sqs:*")), "exactly one of Action"),
    "both kinds of resource": (policy(statement(NotResource="*")), "at most one of Resource"),
    "a bare principal": (policy(statement(Principal="444455556666")), 'Principal must be "*"'),
    "an unknown principal": (policy(statement(Principal={"Aws": "*"})), "Principal has no 'Aws'"),
    "an account id as a number": (
        policy(statement(Principal={"AWS": 444455556666})),
        "put account ids in quotes",
    ),
    "an action without prefix": (policy(statement(Action="SendMessage")), "must begin with sqs:"),
    "an action of another service": (policy(statement(Action="s3:Get")), "must begin with sqs:"),
    "an action that does not exist": (policy(statement(Action="sqs:Send")), "is not an SQS action"),
    "an action that is no text": (policy(statement(Action=[1])), "Action must be text"),
    "a condition that is text": (policy(statement(Condition="x")), "Condition must be"),
    "a test that is text": (policy(statement(Condition={"Bool": "x"})), "Condition must be"),
    "the number of the statement": (policy(statement(), statement(Effect=1)), "statement 2: "),
}


@pytest.mark.parametrize(("raw", "sentence"), BAD_SHAPES.values(), ids=BAD_SHAPES.keys())
def test_a_declared_policy_of_the_wrong_shape_is_refused(raw, sentence):
    with pytest.raises(ValueError, match=r".") as refused:
        check_shape(raw)

    assert sentence in str(refused.value)


@pytest.mark.parametrize("pair", EQUAL.values(), ids=EQUAL.keys())
def test_every_spelling_that_aws_takes_may_be_declared(pair):
    check_shape(pair[0])
    check_shape(pair[1])


def many(count, **fields):
    return [statement(Sid=str(n), Resource=f"{ARN}{n}", **fields) for n in range(count)]


ACTIONS = ["SendMessage", "GetQueueUrl", "PurgeQueue", "TagQueue", "UntagQueue", "ListQueues"]
ACTIONS = [f"sqs:{name}" for name in [*ACTIONS, "DeleteQueue", "DeleteMessage"]]
LIMITS = {
    "statements": (many(20), many(21)),
    "actions in one statement": (many(1, Action=ACTIONS[:7]), many(1, Action=ACTIONS)),
    "principals": (
        many(1, Principal={"AWS": [f"{n:012}" for n in range(50)]}),
        many(1, Principal={"AWS": [f"{n:012}" for n in range(51)]}),
    ),
    "conditions": (
        many(1, Condition={"Bool": {f"k{n}": "v" for n in range(10)}}),
        many(1, Condition={"Bool": {f"k{n}": "v" for n in range(11)}}),
    ),
    "bytes": (
        many(1, Condition={"StringEquals": {"k": "x" * 7900}}),
        many(1, Condition={"StringEquals": {"k": "x" * 8100}}),
    ),
}


@pytest.mark.parametrize(("fits", "over"), LIMITS.values(), ids=LIMITS.keys())
def test_quirk_43_a_policy_over_the_limits_is_refused(fits, over, request):
    check_limits(canonical(policy(*fits), ARN))
    with pytest.raises(ValueError, match=request.node.callspec.id):
        check_limits(canonical(policy(*over), ARN))
