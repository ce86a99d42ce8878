"""The program that an AWS profile names as its `credential_process`, run so that it can be told."""

import json
import subprocess
from typing import Any

from botocore.exceptions import CredentialRetrievalError

TIME_LIMIT = 120.0
"""Seconds within which a program must have printed credentials: somebody may have to log in."""


class Watched:
    """Starts a program as botocore does, and remembers how it ended: `code` is its exit code."""

    def __init__(self) -> None:
        self.program = ""
        self.code: int | None = None

    def __call__(self, command: list[str], **options: Any) -> "Watched":
        """Start it."""
        self.program, self.code = (command or [""])[0], None
        self._running: subprocess.Popen[bytes] = subprocess.Popen(command, **options)  # noqa: S603 - what a profile of the machine's own configuration names
        return self

    def communicate(self) -> tuple[bytes, bytes]:
        """Return what it wrote. What it said on stderr is nobody's: it may hold a secret."""
        try:
            said, _ = self._running.communicate(timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            self._running.kill()
            self._running.communicate()
            raise
        self.code = self._running.returncode
        return said, b""

    @property
    def returncode(self) -> int | None:
        """Return its exit code, as botocore asks for it."""
        return self.code


def why(error: Exception, process: Watched) -> str:
    """Return what a program did instead of printing credentials."""
    match error:
        case subprocess.TimeoutExpired():
            return f"did not end within {TIME_LIMIT:.0f} s"
        case OSError():
            return f"cannot be run: {error.filename or process.program}: {error.strerror}"
        case _ if process.code:
            return f"ended with exit code {process.code} (what it wrote is not shown)"
        case CredentialRetrievalError() if process.code is None:
            return "failed (what it wrote is not shown)"
        case json.JSONDecodeError() | UnicodeDecodeError():
            return "printed something else than JSON"
        case CredentialRetrievalError():
            return "printed no credentials: Version 1, AccessKeyId or SecretAccessKey is missing"
        case RuntimeError():
            return "printed credentials that have expired already"
        case ValueError() if process.code is None:
            return "is not written as a command line: a quotation mark is never closed"
        case ValueError():
            return "printed an Expiration that is no time"
        case _:
            return "printed JSON that is not what AWS documents"
