"""`python -m reconciler.sandbox [PORT]`: the sandbox as a process of its own, until interrupted."""

import sys
import time

from reconciler.sandbox.server import Sandbox


def main() -> None:
    """Serve on the given port (0, the default, picks a free one) and print the address."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    with Sandbox(port=port) as sandbox:
        sys.stdout.write(f"{sandbox.url}\n")
        sys.stdout.flush()
        try:
            while True:
                time.sleep(1)  # an interrupt that comes just before a wait is heard after it
        except KeyboardInterrupt:
            return


main()
