"""How many examples hypothesis draws: few and always the same in every run, many others nightly."""

from hypothesis import settings

EVERY_RUN = "every run"
NIGHTLY = "nightly"

# Neither keeps what it found on the machine: that becomes an `@example` of the test.
settings.register_profile(EVERY_RUN, derandomize=True, deadline=None, database=None)
settings.register_profile(NIGHTLY, deadline=None, database=None, print_blob=True)


def examples(every_run, nightly):
    """Return the number for `max_examples`."""
    return nightly if settings.get_current_profile_name() == NIGHTLY else every_run
