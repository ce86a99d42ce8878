import pytest
from pydantic import TypeAdapter

from reconciler.core.model.units import (
    Duration,
    Size,
    format_age,
    format_unit,
    parse_duration,
    parse_size,
)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("30s", 30), ("2m", 120), ("12h", 43200), ("14d", 1209600), (120, 120), ("120", 120), (0, 0)],
)
def test_a_duration_is_seconds_however_it_is_written(written, seconds):
    assert TypeAdapter(Duration).validate_python(written) == seconds


@pytest.mark.parametrize(
    ("written", "size"),
    [("256KiB", 262144), ("256 KiB", 262144), ("1MiB", 1048576), (1024, 1024), ("1024", 1024)],
)
def test_a_size_is_bytes_however_it_is_written(written, size):
    assert TypeAdapter(Size).validate_python(written) == size


@pytest.mark.parametrize("written", ["2w", "-1s", "1.5h", "2 m", "m", "", "1d2h", "٣", True, False])
def test_what_is_no_duration_is_refused_with_what_would_be(written):
    with pytest.raises(ValueError, match="expected a duration: seconds, or 30s, 2m, 12h, 14d"):
        parse_duration(written)


@pytest.mark.parametrize("written", ["1KB", "1kib", "1GiB", "-1", "KiB", True])
def test_what_is_no_size_is_refused_with_what_would_be(written):
    with pytest.raises(ValueError, match="expected a size: bytes, or 256KiB, 1MiB"):
        parse_size(written)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (30, "30s"),
        (90, "90s"),
        (120, "2m"),
        (43200, "12h"),
        (86400, "1d"),
        (1209600, "14d"),
        (0, "0s"),
    ],
)
def test_seconds_are_shown_in_the_largest_unit_that_divides_them(number, written):
    assert format_unit(number, "seconds") == written


@pytest.mark.parametrize(
    ("number", "written"), [(262144, "256KiB"), (1048576, "1MiB"), (1000, "1000"), (0, "0")]
)
def test_bytes_are_shown_in_the_largest_unit_that_divides_them(number, written):
    assert format_unit(number, "bytes") == written


@pytest.mark.parametrize("number", [0, 1, 59, 60, 61, 3600, 86399, 86400, 1209600])
def test_what_is_shown_means_the_same_when_it_is_written_back(number):
    assert parse_duration(format_unit(number, "seconds")) == number
    assert int(parse_size(format_unit(number, "bytes"))) == number


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (59, "59s"),
        (60, "1m"),
        (3661, "1h 1m"),
        (3601, "1h 1s"),
        (90061, "1d 1h"),
        (2_000_000, "23d 3h"),
    ],
)
def test_ages_have_their_two_greatest_units(seconds, text):
    assert format_age(seconds) == text
