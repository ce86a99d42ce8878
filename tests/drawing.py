"""How many examples hypothesis draws: few and always the same in every run, many others nightly."""

from hypothesis import settings
from hypothesis.internal.conjecture import providers

EVERY_RUN = "every run"
NIGHTLY = "nightly"

# Neither keeps what it found on the machine: that becomes an `@example` of the test.
settings.register_profile(EVERY_RUN, derandomize=True, deadline=None, database=None)
# Said outright: where CI is set, hypothesis derandomizes by itself.
settings.register_profile(NIGHTLY, derandomize=False, deadline=None, database=None, print_blob=True)


def draw_alike_whatever_is_loaded():
    """Draw no constants of the modules that are loaded: that depends on what ran before, and where.

    Hypothesis has no setting for it.
    """
    providers._get_local_constants = lambda: providers._local_constants


def examples(every_run, nightly):
    """Return the number for `max_examples`."""
    return nightly if settings.get_current_profile_name() == NIGHTLY else every_run
