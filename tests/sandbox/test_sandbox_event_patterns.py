"""Which event patterns AWS takes, and which events pass them."""

import json

import pytest
from bridges import KIND, refused

OTHER = "aws.partner/example.com/123456789012/shop"


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ('{"source": "x"}', "must be an object or an array"),
        ('{"source": []}', "Empty arrays"),
        ("{}", "Empty"),
        ("[]", "not an object"),
        ("{", "parse"),
        ('{"source": [["x"]]}', "Match value"),
        ('{"source": [{"starts": "x"}]}', "Unrecognized match type starts"),
        ('{"source": [{"prefix": "x", "suffix": "y"}]}', "Only one key"),
        ('{"source": [{"exists": "yes"}]}', "exists"),
        ('{"detail": {"n": [{"numeric": [">", "1"]}]}}', "numeric"),
        ('{"$or": [{"source": ["x"]}]}', "$or"),
    ],
)
def test_a_pattern_that_aws_does_not_take_is_refused_with_the_reason(bridge, pattern, reason):
    code, text = refused(bridge.events.put_rule, Name="r", EventPattern=pattern)
    assert code == "InvalidEventPatternException"
    assert text.startswith("Event pattern is not valid. Reason: ")
    assert reason in text
    long = json.dumps({"source": ["x" * 2048]})
    assert refused(bridge.events.put_rule, Name="r", EventPattern=long)[0] == (
        "LimitExceededException"
    )


EVENT = {
    "id": "1",
    "account": "123456789012",
    "source": OTHER,
    "time": "2026-11-29T00:00:00Z",
    "region": "eu-west-1",
    "resources": [],
    "detail-type": KIND,
    "detail": {"n": 3, "sku": "A-1"},
}


@pytest.mark.parametrize(
    ("pattern", "matching"),
    [
        ({"source": [OTHER], "detail-type": ["A", KIND]}, True),
        ({"source": [OTHER], "detail-type": ["A"]}, False),
        ({"account": ["123456789012"], "source": [{"prefix": "aws.partner/"}]}, True),
        ({"detail-type": [{"anything-but": [KIND]}]}, False),
        ({"detail-type": [{"anything-but": {"prefix": "LISTINGS"}}]}, False),
        ({"detail": {"n": [{"numeric": [">", 2, "<=", 3]}]}}, True),
        ({"detail": {"sku": [{"exists": False}]}}, False),
        ({"detail": {"sku": [{"suffix": "-1"}, {"wildcard": "B*"}]}}, True),
        ({"detail": {"sku": [{"equals-ignore-case": "a-1"}]}}, True),
        ({"$or": [{"source": ["x"]}, {"detail": {"n": [3]}}]}, True),
    ],
)
def test_test_event_pattern_says_whether_an_event_passes(bridge, pattern, matching):
    test = bridge.events.test_event_pattern
    wish = json.dumps(pattern)
    assert test(EventPattern=wish, Event=json.dumps(EVENT))["Result"] is matching
    short = {name: value for name, value in EVENT.items() if name != "time"}
    code, text = refused(test, EventPattern=wish, Event=json.dumps(short))
    assert (code, "time" in text) == ("ValidationException", True)
