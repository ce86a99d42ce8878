"""What a service asks of its callers, in headers."""

from email.utils import formatdate

import pytest

from reconciler.transport.waits import announced_rate, retry_after

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("1.5", 1.5),
        (" 30 ", 30.0),
        (formatdate(NOW + 45, usegmt=True), 45.0),
        (formatdate(NOW - 45, usegmt=True), 0.0),
        ("Fri, 15 Jan 2027 08:00:30 GMT", 30.0),
        ("-5", None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("٣", None),
        ("Fri, 99 Jan 2027 08:00:30 GMT", None),
        ("Fri, 15 Jan 99999 08:00:30 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    assert retry_after({"retry-after": value}, NOW) == seconds


def test_a_date_is_compared_with_the_services_own_clock():
    headers = {
        "date": formatdate(NOW + 3600, usegmt=True),
        "retry-after": formatdate(NOW + 3610, usegmt=True),
    }
    assert retry_after(headers, NOW) == 10.0


def test_without_the_header_nothing_is_asked():
    assert retry_after({}, NOW) is None


@pytest.mark.parametrize(
    ("value", "rate"),
    [("0.5", 0.5), ("20", 20.0), ("0", None), ("0.0", None), ("", None), ("-1", None)]
    + [(word, None) for word in ("nan", "inf", "1e3", "1,5", "fast", "9" * 400)],
)
def test_a_rate_that_makes_no_sense_is_none(value, rate):
    assert announced_rate(value) == rate
