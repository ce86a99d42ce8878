"""How EventBridge words what it refuses. Numbers are those of its wire notes."""

import pytest
from bridges import refused


@pytest.mark.parametrize(
    ("call", "action", "resource"),
    [
        ("describe_event_source", "DescribeEventSource", "::event-source/aws.partner/a/b"),
        ("describe_event_bus", "DescribeEventBus", ":123456789012:event-bus/aws.partner/a/b"),
        ("describe_rule", "DescribeRule", ":123456789012:rule/aws.partner/a/b"),
    ],
)
def test_eventbridge_36_a_missing_right_is_told_with_action_and_resource(
    bridge, sandbox, call, action, resource
):
    sandbox.settings(awsDenied=[f"events:{action}"])
    code, text = refused(getattr(bridge.events, call), Name="aws.partner/a/b")
    assert code == "AccessDeniedException"
    assert f"events:{action} on resource: arn:aws:events:eu-west-1" in text
    assert resource in text


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "throttle"}, "ThrottlingException"),
        ({"kind": "error500"}, "InternalException"),
        ({"kind": "denied"}, "AccessDeniedException"),
        ({"kind": "refused", "code": "OperationDisabledException"}, "OperationDisabledException"),
    ],
)
def test_eventbridge_37_failures_are_worded_as_the_service_does(bridge, sandbox, fault, code):
    sandbox.faults([{"service": "aws", "operation": "ListEventBuses", **fault}])
    assert refused(bridge.events.list_event_buses)[0] == code


def test_what_is_no_operation_here_or_no_json_is_refused(bridge, sandbox, http):
    found = refused(bridge.events.list_archives)
    assert found[0] == "UnknownOperationException"
    signed = "AWS4-HMAC-SHA256 Credential=123456789012/20261129/eu-west-1/events/aws4_request"
    headers = {"Authorization": signed, "X-Amz-Target": "AWSEvents.PutRule"}
    for body in ("{", "[]", '{"Name": 1}'):
        answer = http.request("POST", f"{sandbox.url}/", body=body, headers=headers)
        assert answer.json()["__type"] == "SerializationException"
