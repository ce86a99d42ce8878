"""How hypothesis draws: the same examples in every run of CI, others at every developer's."""

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
