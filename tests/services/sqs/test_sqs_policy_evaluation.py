"""Whether a policy lets Amazon deliver is decided as AWS decides it, doubts included."""

import pytest

from reconciler.services.sqs.policy import canonical
from reconciler.services.sqs.policy_conditions import matches_arn
from reconciler.services.sqs.policy_evaluation import PolicyRequest, evaluate

ARN = "arn:aws:sqs:eu-west-1:123456789012:acme-offers"
NOTIFIER = "437568002678"
SEND = PolicyRequest(NOTIFIER, "sqs:SendMessage", ARN)
VPC = {"StringEquals": {"aws:SourceVpc": "vpc-1"}}
BY_TLS = {"Bool": {"aws:SecureTransport": True}}
IN_THE_CLEAR = {"Bool": {"aws:SecureTransport": "false"}}


def statement(effect="Allow", **fields):
    parts = {"Effect": effect, "Principal": {"AWS": NOTIFIER}, "Action": "sqs:SendMessage"}
    return {name: value for name, value in {**parts, **fields}.items() if value is not None}


def decided(*statements, request=SEND):
    return evaluate(canonical({"Statement": list(statements)}, ARN), request)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Principal": "*"},
        {"Principal": None, "NotPrincipal": {"AWS": "111122223333"}},
        {"Action": "*"},
        {"Action": "SQS:send*"},
        {"Action": "sqs:SendMessag?"},
        {"Action": None, "NotAction": ["sqs:DeleteQueue"]},
        {"Resource": "*"},
        {"Resource": "arn:aws:sqs:*:*:acme-*"},
        {"Resource": "arn:aws:sqs:eu-west-1:123456789012:acme-offer?"},
        {"Resource": [ARN + "x", ARN]},
        {"NotResource": ARN + "x"},
    ],
)
def test_a_statement_that_covers_account_action_and_queue_allows(fields):
    assert decided(statement(**fields)).decision == "allowed"


@pytest.mark.parametrize(
    "fields",
    [
        {"Principal": {"AWS": "111122223333"}},
        {"Principal": {"Service": "sns.amazonaws.com"}},
        {"Principal": None, "NotPrincipal": {"AWS": NOTIFIER}},
        {"Action": "sqs:SendMessag"},
        {"Action": "sqs:SendMessage?"},
        {"Action": None, "NotAction": ["sqs:Send*"]},
        {"Resource": ARN + "x"},
        {"Resource": ARN[:-1]},
        {"Resource": ARN.replace("offers", "Offers")},
        {"NotResource": ARN},
        {"NotResource": "*"},
    ],
)
def test_a_statement_that_misses_one_of_them_allows_nothing(fields):
    assert decided(statement(**fields)).decision == "denied"


@pytest.mark.parametrize(
    ("condition", "decision"),
    [
        ({}, "allowed"),
        (BY_TLS, "allowed"),
        ({"BoolIfExists": {"aws:SecureTransport": "TRUE"}}, "allowed"),
        ({"StringEquals": {"aws:PrincipalAccount": ["111122223333", NOTIFIER]}}, "allowed"),
        ({"StringLike": {"aws:PrincipalAccount": "4375*"}}, "allowed"),
        ({"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}, "allowed"),
        ({"Null": {"aws:SecureTransport": "false"}}, "allowed"),
        (IN_THE_CLEAR, "denied"),
        ({"Null": {"aws:SecureTransport": "true"}}, "denied"),
        ({"StringEquals": {"aws:PrincipalAccount": "111122223333"}}, "denied"),
        ({"StringNotLike": {"aws:PrincipalAccount": "*"}}, "denied"),
        ({**IN_THE_CLEAR, **VPC}, "denied"),
        (VPC, "unclear"),
        ({**BY_TLS, **VPC}, "unclear"),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, "unclear"),
        ({"StringEquals": {"aws:PrincipalAccount": "${aws:SourceAccount}"}}, "unclear"),
        ({"NumericEquals": {"aws:PrincipalAccount": NOTIFIER}}, "unclear"),
        ("odd", "unclear"),
    ],
)
def test_an_allow_counts_as_far_as_its_condition_surely_holds(condition, decision):
    assert decided(statement(Condition=condition)).decision == decision


@pytest.mark.parametrize(
    ("denial", "decision"),
    [
        ({}, "denied"),
        ({"Condition": BY_TLS}, "denied"),
        ({"Condition": IN_THE_CLEAR}, "allowed"),
        ({"Condition": VPC}, "unclear"),
        ({"Condition": VPC, "Action": "sqs:DeleteQueue"}, "allowed"),
        ({"Resource": ARN + "x"}, "allowed"),
        ({"Principal": None, "NotPrincipal": {"AWS": NOTIFIER}}, "allowed"),
        ({"Principal": None, "NotPrincipal": {"AWS": "123456789012"}}, "denied"),
    ],
)
def test_a_deny_wins_over_an_allow_as_far_as_it_surely_applies(denial, decision):
    assert decided(statement(), statement("Deny", **denial)).decision == decision


def test_the_conditions_on_which_it_hangs_are_told():
    several = {"StringEquals": {"aws:SourceVpc": ["vpc-1", "vpc-2"]}, **BY_TLS}
    found = decided(statement(Condition=several), statement("Deny", Condition=VPC))
    assert found.conditions == (
        "Allow if Bool aws:securetransport true and StringEquals aws:sourcevpc vpc-1 or vpc-2",
        "Deny if StringEquals aws:sourcevpc vpc-1",
    )


def test_an_allow_without_condition_leaves_no_doubt_about_one_with():
    assert decided(statement(), statement(Condition=VPC)) == ("allowed", ())


def test_without_policy_nothing_is_let():
    assert evaluate(None, SEND).decision == "denied"


def test_of_a_queue_without_arn_every_statement_is_taken_to_be_about_it():
    request = SEND._replace(queue_arn=None)
    assert decided(statement(Resource=ARN + "x"), request=request).decision == "allowed"


@pytest.mark.parametrize(
    ("pattern", "same"),
    [("arn:aws:sqs:*", True), ("arn:aws:sqs:e*:acme-offers", True), ("arn:aws:sqs:e*s", False)],
)
def test_a_wildcard_reaches_beyond_its_segment_only_from_its_end(pattern, same):
    assert matches_arn(pattern, ARN) is same
