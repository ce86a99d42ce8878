"""What holds for every test: how hypothesis draws, and that processes can be interrupted."""

import os
import signal

from hypothesis import settings

# The same examples in every run of CI, others at every developer's.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

# What a shell starts in the background ignores interrupts, and so would all that it starts itself.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
