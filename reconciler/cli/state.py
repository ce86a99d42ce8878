"""What one run of the command line shares: secrets to keep out of texts, stdout and stderr."""

import io
import os
import select
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from reconciler.cli.exits import expect_result, takes
from reconciler.cli.screens import LIVE, screen_of
from reconciler.core.model.errors import SettingsError
from reconciler.core.text.veil import veil_text
from reconciler.core.text.visible import visible
from reconciler.credentials.secrets import Secrets
from reconciler.files.whole import write_new, write_whole
from reconciler.reports.as_github import command, harmless
from reconciler.reports.lines import Screen, line, written

if TYPE_CHECKING:
    import logging

    from reconciler.reports.as_text import Report

_MASKED_FROM = 4
_BYTES_OF_A_CHARACTER = 4
"""At most, in UTF-8."""


def prepare_streams() -> None:
    """Make stdout and stderr take any text, whatever the terminal or locale can show.

    What is piped or saved is UTF-8, as JSON has to be and as `plan --out` writes it.
    """
    _fill_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            encoding = stream.encoding if stream.isatty() else "utf-8"
            stream.reconfigure(encoding=encoding, errors="backslashreplace")


def _fill_closed_streams() -> None:
    """Let what was closed before the start (`2>&-`, some supervisors) go nowhere.

    A file or socket that is opened later would else take its place and get the text. A result has
    to arrive, so that stdout then refuses to be written, as a closed one does.
    """
    ways = (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY))
    for name, way in ways:
        if getattr(sys, name) is None:
            place = os.open(os.devnull, way)
            setattr(sys, name, os.fdopen(place, "r" if name == "stdin" else "w"))


def has_room(stream: TextIO) -> bool:
    """Say whether a stream takes PIPE_BUF bytes at once: a pipe that nobody reads does not."""
    try:
        return takes(stream.fileno())
    except (OSError, ValueError):  # no file
        return True


def save_result(file: Path, text: str) -> None:
    """Write a result to a file instead, whole or not at all.

    Raises:
        SettingsError: it cannot be written; what was there is there still.
    """
    try:
        write_whole(file, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}") from error


def in_the_way(file: Path) -> SettingsError:
    """Return the complaint about a file that is there and is not ours to overwrite."""
    return SettingsError(
        f"{file} is there already and is not overwritten: move it away, or choose another place"
    )


def save_new(file: Path, content: bytes) -> None:
    """Write a file that is not there yet, and the directories it lies in.

    Raises:
        SettingsError: it is there, or cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_new(file, content)
    except FileExistsError as error:
        raise in_the_way(Path(error.filename)) from error
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}") from error


def _write_all(stream: TextIO, text: str) -> None:
    """Write a text to its end: without a buffer (PYTHONUNBUFFERED) Python tries only once."""
    buffer = getattr(stream, "buffer", None)
    if not isinstance(buffer, io.RawIOBase):
        stream.write(text)
        stream.flush()
        return
    left = memoryview(text.encode(stream.encoding, stream.errors or "strict"))
    while left:
        left = left[buffer.write(left) or 0 :]


def write_result(text: str) -> bool:
    """Write a result to stdout; a reader that went away (`| head`) has what it wanted.

    What the run did and its exit code do not change by that. Returns whether it was written.

    Raises:
        SettingsError: it cannot be written for another reason (a full disk).
    """
    expect_result(None)
    try:
        _write_all(sys.stdout, text)
    except OSError as error:
        # Python would complain once more while shutting down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return False
        raise SettingsError(f"stdout cannot be written: {error.strerror}") from error
    return True


class State:
    """Carries the run's secrets; everything for stderr passes through `show`, which masks them.

    `wish` says how much of a report is wanted as text; `invoke` runs another command line.
    """

    def __init__(self, invoke: Callable[[list[str]], int] = lambda _line: 0) -> None:
        self.invoke = invoke
        self.debug = False
        self.wish = Screen()
        self.secrets = Secrets()
        self._in_job = False
        self._waits = True
        self._unsaid = 0
        self._handlers: list[tuple[logging.Logger, logging.Handler]] = []

    def enter_job(self, token: str) -> None:
        """Write for a GitHub Actions log from now on.

        Every secret, `token` among them, is masked there the moment it is known, and no text can be
        taken for a workflow command.
        """
        self._in_job = True
        self.secrets.announce_to(self._mask)
        if token:
            self.secrets.remember(token)

    def never_wait(self) -> None:
        """Leave out what a full stderr does not take from now on: a server must go on serving.

        How many lines these were is told as soon as there is room again.
        """
        self._waits = False

    def result(self, text: str) -> bool:
        """Write a result to stdout; returns whether somebody took it."""
        text = self.secrets.scrub_result(text)
        return write_result(harmless(text) if self._in_job else text)

    def report(self, report: "Report") -> bool:
        """Write a report to stdout as text for people; returns whether somebody took it."""
        from reconciler.reports import as_text

        return self.result(as_text.render(report, screen_of(sys.stdout, self.wish)))

    def report_aside(self, report: "Report") -> None:
        """Write a report to stderr, before a question or beside another result."""
        from reconciler.reports import as_text

        self.show(as_text.render(report, screen_of(sys.stderr, self.wish)))

    def save(self, file: Path, text: str) -> None:
        """Write a result to a file instead.

        Raises:
            SettingsError: it cannot be written.
        """
        save_result(file, self.secrets.scrub_result(text))

    def say(self, text: str) -> None:
        """Write sentences to stderr: wrapped on a terminal, each on one line of a log."""
        text = visible(text, keep="\n\t")
        if sys.stderr.isatty():
            screen = screen_of(sys.stderr, Screen())
            text = written((line(part) for part in text.splitlines()), screen._replace(color=False))
        self.show(text)

    def show(self, report: str) -> None:
        """Write a report to stderr, colours and all."""
        text = self.secrets.scrub(veil_text(report))
        self._write(harmless(text) if self._in_job else text)

    def speak(self, line: str) -> None:
        """Write a workflow command to stderr, which GitHub's runner reads like stdout."""
        self._write(self.secrets.scrub(line))

    def _mask(self, secret: str) -> None:
        parts = secret.splitlines()
        for part in parts:
            # The short lines of a key or a JSON document would mask every brace of the log.
            if len(parts) == 1 or len(part.strip()) >= _MASKED_FROM:
                self._write(command("add-mask", part))

    def _write(self, text: str) -> None:
        if not self._waits:
            if not has_room(sys.stderr):
                self._unsaid += 1
                return
            if self._unsaid:
                text = f"({self._unsaid} lines were left out: nobody read stderr)\n{text}"
                self._unsaid = 0
            text = text[: select.PIPE_BUF // _BYTES_OF_A_CHARACTER]
        try:
            with LIVE.aside():
                sys.stderr.write(text.rstrip("\n") + "\n")
                sys.stderr.flush()
        except BrokenPipeError:
            # Nobody listens any more, which must not stop an apply half way.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())

    def log_to_stderr(self, level: str) -> None:
        """Show our own records from `level` up; with `debug`, what SDKs warn of as well."""
        from reconciler.cli.log import handlers

        self._handlers = handlers(self.say, level, others=self.debug)
        for logger, handler in self._handlers:
            logger.addHandler(handler)

    def close(self) -> None:
        """Give the log back."""
        for logger, handler in self._handlers:
            logger.removeHandler(handler)


def state_of(context: typer.Context) -> State:
    """Return what the run shares, from within any command."""
    state: State = context.find_root().obj
    return state
