"""Starts the sandbox, which is an extra."""

import socket
import sys
import threading
from typing import TYPE_CHECKING

from reconciler.cli import exits
from reconciler.cli.interrupts import Terminated
from reconciler.cli.state import write_result
from reconciler.core.model.errors import SettingsError

if TYPE_CHECKING:
    from reconciler.sandbox import Sandbox


def make(port: int = 0) -> "Sandbox":
    """Return a sandbox that is not yet started.

    Raises:
        SettingsError: the extra `sandbox` is not installed.
    """
    try:
        from reconciler.sandbox import Sandbox
    except ImportError as error:
        raise SettingsError(
            f"the sandbox needs the package {error.name}, which is not installed: in a checkout of "
            "this tool, install what requirements/sandbox.txt pins"
        ) from error
    return Sandbox(port=port)


def serve(port: int) -> int:
    """Serve until interrupted."""
    sandbox = make(port)
    try:
        _try(port)
        sandbox.start()
    except (OSError, SystemExit) as error:
        # werkzeug ends the process where another would raise.
        why = getattr(error, "strerror", None) or "it cannot be listened to"
        raise SettingsError(
            f"port {port} cannot be used ({why}): choose another with --port, 0 for any free one"
        ) from error
    write_result(f"{sandbox.url}\n")
    sys.stderr.write(
        f"Serving SQS, MWS, SP-API and Merchant stand-ins. Try, in another terminal:\n"
        f"  reconciler plan --sandbox {sandbox.url}\n"
        f"Controls: {sandbox.url}/_sandbox/  Stop with Ctrl-C.\n"
    )
    try:
        threading.Event().wait()
    except Terminated:
        return exits.TERMINATED
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
    finally:
        sandbox.stop()
    return 0


def _try(port: int) -> None:
    """Raise an OSError where a port cannot be listened to, of which werkzeug makes three lines."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
