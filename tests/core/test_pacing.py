import pytest

from reconciler.core.model.pacing import Pace, TokenBucket, backoff, floor_seconds

SLOW = Pace(rate=2, burst=3)


def waits(bucket: TokenBucket, times: list[float]) -> list[float]:
    found = []
    for now in times:
        bucket, wait = bucket.take(now)
        found.append(wait)
    return found


def test_a_burst_goes_at_once_and_the_rest_at_the_rate_in_order():
    assert waits(TokenBucket.full(SLOW, 0), [0] * 6) == [0, 0, 0, 0.5, 1.0, 1.5]


def test_time_that_passes_fills_the_bucket_no_fuller_than_a_burst():
    assert waits(TokenBucket.full(SLOW, 0), [0, 0, 0, 100, 100, 100, 100]) == [0] * 6 + [0.5]


def test_half_the_time_gives_half_a_token():
    assert waits(TokenBucket.full(SLOW, 0), [0, 0, 0, 0.25]) == [0, 0, 0, 0.25]


def test_a_clock_that_steps_back_takes_nothing_away():
    assert waits(TokenBucket.full(SLOW, 10), [10, 10, 10, 4]) == [0, 0, 0, 0.5]


def test_after_the_service_says_too_many_the_burst_is_spent():
    assert waits(TokenBucket.full(SLOW, 0).drained(0), [0, 0]) == [0.5, 1.0]


def test_a_drained_bucket_is_not_forgiven_what_it_owes():
    bucket = TokenBucket(SLOW, level=-4, at=0).drained(0)
    assert waits(bucket, [0]) == [2.5]


def test_the_rate_the_service_announces_replaces_ours_and_keeps_the_burst():
    bucket = TokenBucket.full(SLOW, 0).at_rate(10)
    assert waits(bucket, [0] * 4) == [0, 0, 0, pytest.approx(0.1)]


def test_backoff_doubles_up_to_its_cap():
    assert [backoff(attempt, 0.0) for attempt in range(4)] == [0.25, 0.5, 1.0, 2.0]
    assert backoff(1000, 0.0) == 10.0


def test_half_of_a_backoff_is_certain_and_half_is_luck():
    assert backoff(0, 0.0) == 0.25
    assert backoff(0, 0.5) == 0.375
    assert backoff(0, 0.999) < 0.5


def test_calls_beyond_the_burst_take_their_time_and_fewer_none():
    assert floor_seconds(3, SLOW) == 0
    assert floor_seconds(7, SLOW) == 2.0
