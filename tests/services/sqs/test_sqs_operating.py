"""Ages and rights: what AWS answers in pages, and that looking changes nothing."""

import pytest

from reconciler.core.model.objects import Live
from reconciler.core.model.spec import live_address
from reconciler.core.provider import one_by_one
from reconciler.services.sqs import rights
from reconciler.services.sqs.metrics import METRICS_A_CALL

SIMULATED = """<SimulatePrincipalPolicyResponse
 xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><SimulatePrincipalPolicyResult>
<IsTruncated>{more}</IsTruncated>{marker}<EvaluationResults>{members}</EvaluationResults>
</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"""
MEMBER = (
    "<member><EvalActionName>sqs:{0}</EvalActionName><EvalResourceName>"
    "arn:aws:sqs:eu-west-1:123456789012:{1}</EvalResourceName>"
    "<EvalDecision>{2}</EvalDecision></member>"
)

NO_SUCH_ROLE = (
    b"<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchEntity</Code>"
    b"<Message>No such role.</Message></Error></ErrorResponse>"
)


def holding(world, name, waiting=1):
    desired = world.want(name)
    return Live("aws-eu", desired.spec, desired.outputs, waiting=waiting)


def results(*ages, token=None):
    found = [
        {"Id": f"q{index}", "Timestamps": [1700000000.0], "Values": [age], "StatusCode": "Complete"}
        for index, age in ages
    ]
    return {"MetricDataResults": found, **({"NextToken": token} if token else {})}


def simulated(world, *members, marker=""):
    body = SIMULATED.format(
        more=str(bool(marker)).lower(),
        marker=f"<Marker>{marker}</Marker>" if marker else "",
        members="".join(MEMBER.format(*member) for member in members),
    )
    world.middleman.answers_raw("SimulatePrincipalPolicy", 200, body.encode(), "text/xml")


def test_ages_are_read_over_all_pages_and_batches(world):
    live = [holding(world, f"q{number}") for number in range(METRICS_A_CALL + 1)]
    world.middleman.answers(
        "GetMetricData", results((0, 5.0), token="more"), results((499, 7.0)), results((0, 9.0))
    )
    found = world.provider.measure(live, one_by_one)
    ages = {address: item.oldest_seconds for address, item in found.metrics.items()}
    expected = {0: 5, 499: 7, 500: 9}
    assert ages == {
        live_address(live[number].spec, "aws-eu"): age for number, age in expected.items()
    }
    assert found.lacking == (
        "aws-eu: CloudWatch has no age yet of the oldest message of 498 queues"
    )
    sizes = [len(body["MetricDataQueries"]) for body in world.middleman.bodies("GetMetricData")]
    assert sizes == [METRICS_A_CALL, METRICS_A_CALL, 1]


def test_empty_queues_have_no_oldest_message_and_nothing_is_asked(world):
    found = world.provider.measure([holding(world, "idle", 0)], one_by_one)
    [metrics] = found.metrics.values()
    assert (metrics.oldest_seconds, found.lacking) == (0, None)
    assert world.middleman.seen == []


def look(world, *names):
    (found,) = (
        item
        for item in world.provider.examinations([world.want(name) for name in names])
        if item.subject == "rights on queues"
    )
    return [ailment.problem for ailment in found.look()]


def test_the_simulator_is_read_over_all_pages(world):
    simulated(world, ("TagQueue", "a", "allowed"), ("TagQueue", "b", "explicitDeny"), marker="x")
    simulated(world, ("DeleteQueue", "a", "implicitDeny"), ("DeleteQueue", "b", "implicitDeny"))
    assert look(world, "a", "b") == [
        "sqs:DeleteQueue is not allowed on a and 1 more",
        "sqs:TagQueue is not allowed on b",
    ]


def test_without_the_simulator_only_what_cannot_change_anything_is_called(world):
    world.provider.create(world.want("offers"))
    world.middleman.clear()
    world.middleman.answers_raw("SimulatePrincipalPolicy", 404, NO_SUCH_ROLE, "text/xml")
    [told] = look(world, "offers")
    assert told.startswith("IAM could not be asked"), "and nothing is denied"
    [made] = world.middleman.bodies("CreateQueue")
    assert made["QueueName"].endswith("!"), "no queue can have this name"
    for operation in ("SetQueueAttributes", "TagQueue", "UntagQueue", "DeleteQueue"):
        [body] = world.middleman.bodies(operation)
        name = body["QueueUrl"].rpartition("/")[2]
        assert name.startswith("offers-doctor-")
        assert len(name) <= 80


@pytest.mark.parametrize(
    ("arn", "whose"),
    [
        ("arn:aws:iam::123456789012:user/ci", "arn:aws:iam::123456789012:user/ci"),
        (
            "arn:aws-cn:sts::123456789012:assumed-role/deploy/session-1",
            "arn:aws-cn:iam::123456789012:role/deploy",
        ),
    ],
)
def test_the_rights_of_a_session_are_those_of_its_role(arn, whose):
    assert rights.principal(arn) == whose
