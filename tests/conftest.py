"""What holds for every test: how hypothesis draws, and that processes can be interrupted."""

import signal
from functools import cache

from botocore.loaders import JSONFileLoader
from hypothesis import settings

from tests.drawing import EVERY_RUN

# `make matrix` names the other one on its command line.
settings.load_profile(EVERY_RUN)

# AWS's descriptions of its services, some megabytes, are parsed once a process and not once a
# client: tests make hundreds.
JSONFileLoader.load_file = staticmethod(cache(JSONFileLoader().load_file))

# What a shell starts in the background ignores interrupts, and so would all that it starts itself.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
