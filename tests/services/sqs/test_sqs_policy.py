"""Which policies mean the same, and which may be declared."""

import json
from contextlib import nullcontext

import pytest

from reconciler.core.model.errors import Defects
from reconciler.services.sqs.grants import Grant, granted, policy_of
from reconciler.services.sqs.policy import (
    Given,
    both_spellings,
    canonical,
    has_deleted_principal,
    names_principals,
    strangers_with_all_rights,
    to_text,
)
from reconciler.services.sqs.policy_rules import check_limits, check_shape

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


GRANTS = [Grant(to="amazon-notifications"), Grant(to="444455556666", actions=["SendMessage"])]


@pytest.mark.parametrize("grants", [[], GRANTS, GRANTS[::-1], GRANTS * 2, GRANTS * 11])
def test_what_queues_grant_alike_is_on_each_the_policy_of_its_own(grants):
    for name in ("offers", "orders", "q" * 80):
        arn = ARN.replace("offers", name)
        policy, given = both_spellings(policy_of(grants), arn, "grants")

        folded = granted(grants, arn)

        assert (folded.policy, folded.given.policy, folded.given.by) == (
            policy,
            given.policy,
            "grants",
        )
        with nullcontext() if folded.fits else pytest.raises(Defects, match="22 statements"):
            check_limits(policy or {"Statement": []}, given)


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


S0 = ("Statement", 0)
BAD_SHAPES = {
    "an unknown key": (
        {"Statements": [], "Vrsion": "2012-10-17"},
        [(("Statements",), "unknown key 'Statements', did you mean"), (("Vrsion",), "'Version'?")],
    ),
    "no statement": (
        {"Version": "2012-10-17", "Statement": []},
        [(("Statement",), "for no policy leave it out")],
    ),
    "nothing but a version": ({"Version": "2012-10-17"}, [((), "'Statement' is missing")]),
    "statements that are text": (
        {"Statement": "Allow"},
        [
            (
                ("Statement",),
                "expected a list of statements; for no policy leave it out, not 'Allow'",
            )
        ],
    ),
    "another version": (
        policy(statement(), Version="2012-10-18"),
        [(("Version",), 'expected "2012-10-17" (or "2008-10-17"), not \'2012-10-18\'')],
    ),
    "an id that is a number": (policy(statement(), Id=1), [(("Id",), "expected text, not 1")]),
    "a statement that is text": (policy("Allow"), [(S0, "expected a mapping")]),
    "an unknown element": (
        policy(statement(Ressource=ARN)),
        [((*S0, "Ressource"), "unknown key 'Ressource', did you mean 'Resource'?")],
    ),
    "an element that is misspelt and so missing": (
        policy({**without(statement(), "Action"), "Actions": "sqs:*"}),
        [((*S0, "Actions"), "did you mean 'Action'?")],
    ),
    "no effect": (policy(without(statement(), "Effect")), [(S0, "'Effect' is missing")]),
    "another effect": (
        policy(statement(Effect="Permit")),
        [((*S0, "Effect"), "expected Allow or Deny, not 'Permit'")],
    ),
    "no principal": (policy(without(statement(), "Principal")), [(S0, "'Principal' is missing")]),
    "no action": (policy(without(statement(), "Action")), [(S0, "'Action' is missing")]),
    "both kinds of action": (
        policy(statement(NotAction="sqs:*")),
        [((*S0, "NotAction"), "exclude each other")],
    ),
    "both kinds of resource": (
        policy(statement(NotResource="*")),
        [((*S0, "NotResource"), "exclude each other")],
    ),
    "everyone but one allowed": (
        policy({**without(statement(), "Principal"), "NotPrincipal": {"AWS": ROOT}}),
        [((*S0, "NotPrincipal"), "with Effect Deny only")],
    ),
    "a bare principal": (
        policy(statement(Principal="444455556666")),
        [((*S0, "Principal"), "not '444455556666'")],
    ),
    "an unknown kind of principal": (
        policy(statement(Principal={"Aws": "*"})),
        [((*S0, "Principal", "Aws"), "unknown key 'Aws', did you mean 'AWS'?")],
    ),
    "ARNs of no principal": (
        policy(
            statement(
                Principal={
                    "AWS": [
                        "arn:aws:iam::444455556666:user",
                        "arn:aws:iam::444455556666:group/staff",
                        "arn:aws:iam::444455556666:role/a/b",
                        "arn:aws:sts::444455556666:assumed-role/a/b",
                    ]
                }
            )
        ),
        [
            ((*S0, "Principal", "AWS", 0), "not 'arn:aws:iam::444455556666:user'"),
            ((*S0, "Principal", "AWS", 1), "not 'arn:aws:iam::444455556666:group/staff'"),
        ],
    ),
    "account ids as numbers": (
        policy(statement(Principal={"AWS": ["777788889999", 444455556666]})),
        [((*S0, "Principal", "AWS", 1), "put the account id in quotes, not 444455556666")],
    ),
    "an account id of eleven digits": (
        policy(statement(Principal={"AWS": "44445555666"})),
        [((*S0, "Principal", "AWS"), "not '44445555666'")],
    ),
    "the name of a grant": (
        policy(statement(Principal={"AWS": "amazon-notifications"})),
        [((*S0, "Principal", "AWS"), "in a policy that is '437568002678'")],
    ),
    "actions that are none": (
        policy(statement(Action=["SendMessage", "s3:Get", "sqs:Send", 1])),
        [
            ((*S0, "Action", 0), "must begin with sqs:, as in sqs:SendMessage: write sqs:SendM"),
            ((*S0, "Action", 1), "must begin with sqs:"),
            ((*S0, "Action", 2), "'sqs:Send' is not an SQS action"),
            ((*S0, "Action", 3), "expected text such as sqs:SendMessage, not 1"),
        ],
    ),
    "a resource that is a name": (
        policy(statement(Resource="offers")),
        [((*S0, "Resource"), "expected a queue's ARN (left out, it is this queue), not 'offers'")],
    ),
    "a condition that is text": (
        policy(statement(Condition="x")),
        [((*S0, "Condition"), "expected {operator: {key: value}}, not 'x'")],
    ),
    "a test that is text": (
        policy(statement(Condition={"Bool": "x"})),
        [((*S0, "Condition", "Bool"), "expected {key: value} to compare with, not 'x'")],
    ),
    "an unknown operator": (
        policy(statement(Condition={"StringEqual": {"aws:SourceArn": {"a": 1}}})),
        [
            ((*S0, "Condition", "StringEqual"), "did you mean 'StringEquals'?"),
            ((*S0, "Condition", "StringEqual", "aws:SourceArn"), "not a mapping"),
        ],
    ),
    "a label that is given twice": (
        policy(statement(Sid="a"), statement(Sid="a", Effect="Deny")),
        [(("Statement", 1, "Sid"), "another statement has the Sid 'a' too")],
    ),
    "a label that is a number": (policy(statement(Sid=1)), [((*S0, "Sid"), "put it in quotes")]),
    "faults of several statements": (
        policy(statement(Effect=1), statement(), statement(Effect="Alow", Action=[])),
        [
            ((*S0, "Effect"), "not 1"),
            (("Statement", 2, "Effect"), "not 'Alow', did you mean 'Allow'?"),
            (("Statement", 2, "Action"), "expected an action such as"),
        ],
    ),
    "limits beside other faults": (
        policy(*(statement(Effect="Alow", Resource=f"{ARN}{n}") for n in range(21)))
        | {"Version": "1"},
        [
            (("Version",), ""),
            (("Statement",), "the policy has 21 statements, and SQS allows 20"),
            *((("Statement", n, "Effect"), "not 'Alow'") for n in range(21)),
        ],
    ),
    "one statement outside a list": (
        {"Statement": statement(Effect="Alow")},
        [(("Statement", "Effect"), "not 'Alow'")],
    ),
}


@pytest.mark.parametrize(("raw", "expected"), BAD_SHAPES.values(), ids=BAD_SHAPES.keys())
def test_everything_that_is_wrong_with_a_policy_is_told_where_it_stands(raw, expected):
    with pytest.raises(Defects) as refused:
        check_shape(raw)

    found = refused.value.found
    assert [defect.path for defect in found] == [path for path, _ in expected]
    for defect, (_, sentence) in zip(found, expected, strict=True):
        assert sentence in defect.sentence


@pytest.mark.parametrize(
    "operator", ["StringLike", "ForAnyValue:ArnLikeIfExists", "Null", "IpAddress"]
)
def test_every_operator_of_aws_may_be_declared(operator):
    check_shape(policy(statement(Condition={operator: {"aws:SourceArn": ["a", "b"]}})))


LABELLED = {
    "Version": "2012-10-17",
    "Id": "offers-policy",
    "Statement": [
        {
            "Sid": "AllowAmazon",
            "Effect": "Allow",
            "Principal": {"AWS": "437568002678"},
            "Action": ["sqs:SendMessage", "sqs:GetQueueAttributes"],
            "Resource": ARN,
        },
        {
            "Sid": "OnlyTls",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": ARN,
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ],
}


def test_a_policy_is_written_as_it_was_given():
    given = Given.of(LABELLED, ARN)
    assert json.loads(to_text(canonical(LABELLED, ARN), given)) == LABELLED


def test_what_sqs_wants_written_out_is_filled_in():
    bare = {
        "Statement": {
            "Effect": "allow",
            "Principal": "*",
            "Action": "sqs:*",
            "Condition": {"Bool": {"aws:SecureTransport": True}, "Null": {}},
        }
    }
    assert json.loads(to_text(canonical(bare, ARN), Given.of(bare, ARN))) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "sqs:*",
                "Resource": ARN,
                "Condition": {"Bool": {"aws:SecureTransport": "true"}},
            }
        ],
    }


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


@pytest.mark.parametrize("character", ["a", "ä", "😀", "\x01", '"', "\\"])
def test_a_policy_is_as_large_as_its_text_whatever_characters_it_has(character):
    folded = canonical(policy(statement()), ARN)
    bare = len(to_text(folded, Given(policy(statement(), Id=""))))
    most = (8192 - bare) // (len(json.dumps(character)) - 2)
    for number in range(most - 60, most + 60):
        given = Given(policy(statement(), Id=character * number))
        over = len(to_text(folded, given)) > 8192
        with pytest.raises(Defects, match="bytes") if over else nullcontext():
            check_limits(folded, given)
