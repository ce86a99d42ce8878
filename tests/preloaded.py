"""The command line as real processes that need not load Python and the libraries each time.

Loading is most of what a short command costs, and the tests start hundreds. One process loads all
of it once and is forked for each run; a small command on PATH hands it its arguments, environment,
directory, limits and streams, passes signals on, and ends as the run ends.
"""

import gc
import importlib
import io
import marshal
import os
import pkgutil
import resource
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import redirect_stdout, suppress
from functools import cache
from pathlib import Path

from boto3.session import Session
from botocore.loaders import JSONFileLoader

import reconciler
from reconciler.cli.main import invoke, run
from tests.plain_heads import read_heads_plainly

ROOT = Path(reconciler.__file__).parents[1]

# Written without what is slow to import: half of its time would go into `socket` and `signal`.
COMMAND = """#!{python} -IS
import marshal, os, resource, sys, _signal, _socket
passed_on = _signal.SIGINT, _signal.SIGTERM
_signal.pthread_sigmask(_signal.SIG_BLOCK, passed_on)
line = _socket.socket(_socket.AF_UNIX)
line.connect({address!r})
streams = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))
line.sendmsg([b"o"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
room = resource.getrlimit(resource.RLIMIT_FSIZE)
order = marshal.dumps((sys.argv[1:], os.getcwd(), dict(os.environ), room))
line.sendall(len(order).to_bytes(4, "big") + order)
line.recv(1)
# Written there by the very signal: what Python does about one may come only after the read below.
for number in passed_on:
    _signal.signal(number, lambda *_: None)
line.settimeout(10**6)
_signal.set_wakeup_fd(line.fileno())
_signal.pthread_sigmask(_signal.SIG_UNBLOCK, passed_on)
told = line.recv(4) or sys.exit("what runs the command line is gone")
code = int.from_bytes(told, "big", signed=True)
if code < 0:
    _signal.signal(-code, _signal.SIG_DFL)
    os.kill(os.getpid(), -code)
sys.exit(code)
"""

NOT_LOADED = ("reconciler.__main__", "reconciler.sandbox", "reconciler.starter.bundle")
LOADED = (
    "cachebox",
    "deepdiff",
    "encodings.cp437",
    "encodings.unicode_escape",
    "encodings.utf_8_sig",
    "github",
    "googleapiclient.discovery",
    "googleapiclient.discovery_cache",
    "jinja2",
    "jinja2._identifier",
    "pydantic.type_adapter",
    "rich._unicode_data.unicode17-0-0",
    "rich.cells",
    "rich.style",
    "rich.terminal_theme",
    "typer._adapters",
    "typer._click.decorators",
)
"""What runs load late, beside our own modules."""
LONGEST = 0.1
"""Seconds that anything is really waited for."""
DESCRIBED = ("cloudwatch", "events", "resourcegroupstaggingapi", "sqs", "sts")


class Preloaded:
    """A folder with the command `reconciler` in it, to put on PATH; a context manager."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.command = self.folder / "reconciler"
        self._address = str(self.folder / "socket")

    def __enter__(self):
        self.command.write_text(COMMAND.format(python=sys.executable, address=self._address))
        self.command.chmod(0o755)
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.preloaded", self._address],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            process_group=0,
        )
        assert self._server.stdout.readline() == b"ready\n"
        return self

    def __exit__(self, *_exception):
        os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait()
        self._server.stdout.close()


class Server:
    """Forks for each run that is asked for, and tells whoever asked how it ended."""

    def __init__(self, address):
        self._lines = {}
        self._selector = selectors.DefaultSelector()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(address)
        self._listener.listen(64)
        self._ended, wake = socket.socketpair()
        for end in (self._ended, wake):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wake.fileno())
        self._wake = wake
        self._selector.register(self._listener, selectors.EVENT_READ, self._begin)
        self._selector.register(self._ended, selectors.EVENT_READ, self._tell)

    def serve(self):
        """Serve; it returns in a forked process only, with what that is to run."""
        while True:
            for key, _ in self._selector.select():
                if order := key.data(key.fileobj):
                    return order

    def _begin(self, listener):
        line, _ = listener.accept()
        order, streams = _received(line)
        pid = os.fork() if order else None
        if pid == 0:
            line.close()
            self._let_go()
            return *order, streams
        for stream in streams:
            os.close(stream)
        if pid is None:
            line.close()
            return None
        self._lines[pid] = line
        self._selector.register(line, selectors.EVENT_READ, lambda _: self._pass_on(pid))
        with suppress(OSError):
            line.sendall(b"!")
        return None

    def _pass_on(self, pid):
        """Send a run the signals that came for it, or end it where nobody waits for it."""
        if pid in self._lines:  # not where it has ended just now
            for number in _read(self._lines[pid]) or [signal.SIGKILL]:
                os.kill(pid, number)

    def _tell(self, ended):
        ended.recv(4096)
        for pid, line in list(self._lines.items()):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                del self._lines[pid]
                self._selector.unregister(line)
                code = os.waitstatus_to_exitcode(status)
                # Whoever was killed does not wait for an answer.
                with line, suppress(OSError):
                    line.sendall(code.to_bytes(4, "big", signed=True))

    def _let_go(self):
        """Leave to the forked process none of the lines of others."""
        signal.set_wakeup_fd(-1)
        self._selector.close()
        for end in (self._listener, self._ended, self._wake, *self._lines.values()):
            end.close()


def _received(line):
    """Return an order and its streams; no order where whoever gives it was killed meanwhile."""
    streams = []
    with suppress(OSError, EOFError, ValueError):
        _, streams, _, _ = socket.recv_fds(line, 1, 3)
        with line.makefile("rb") as incoming:
            return marshal.loads(incoming.read(int.from_bytes(incoming.read(4), "big"))), streams
    return None, streams


def _read(line):
    try:
        return line.recv(64)
    except OSError:
        return b""


def become(arguments, directory, environment, room, streams):
    """Run the command line in this process, which was forked for it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    resource.setrlimit(resource.RLIMIT_FSIZE, room)
    sys.stdin, sys.stdout, sys.stderr = _stdin(), _stdout(environment), _stderr()
    sys.argv = ["reconciler", *arguments]
    try:
        run()
    except SystemExit as end:
        _end(end.code)


def _end(code):
    """End as Python does, but for taking down all that was loaded, which costs more than a run."""
    threading._shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


# The loaded process's own stream objects remember what kind of file they were opened on.


def _stdin():
    return open(0, closefd=False)


def _stdout(environment):
    if environment.get("PYTHONUNBUFFERED"):
        return io.TextIOWrapper(open(1, "wb", 0, closefd=False), write_through=True)
    return open(1, "w", closefd=False)


def _stderr():
    return open(2, "w", buffering=1, errors="backslashreplace", closefd=False)


def parse_descriptions_once():
    """Parse AWS's descriptions of its services, some megabytes, once a process and not a client."""
    JSONFileLoader.load_file = staticmethod(cache(JSONFileLoader().load_file))


def load():
    """Load modules and descriptions, of which nothing depends on who runs what."""
    ours = pkgutil.walk_packages(reconciler.__path__, "reconciler.")
    for name in [*LOADED, *(it.name for it in ours if not it.name.startswith(NOT_LOADED))]:
        importlib.import_module(name)
    parse_descriptions_once()
    read_heads_plainly()
    core = sys.modules["reconciler.services.sqs.session"]._core()
    session = Session("no key", "no secret", region_name="eu-west-1", botocore_session=core)
    for name in DESCRIBED:
        session.client(name)
    sys.modules["reconciler.reports.page.render"]._environment().get_template("page.html")
    _hurry()
    _try()
    gc.freeze()


def _hurry():
    """Let runs wait for services and other shards no longer than it takes to see that they do."""
    sys.modules["reconciler.wiring"].system_clock = Hurried
    sys.modules["reconciler.github.line"].SystemClock = Hurried
    shards = sys.modules["reconciler.run.other_shards"]
    shards.FIRST_PAUSE = shards.LONGEST_PAUSE = LONGEST


class Hurried:
    """The machine's clock, which jumps ahead instead of sleeping for long, but with REAL_TIME."""

    def __init__(self):
        self._lock = threading.Lock()
        self._ahead = 0.0
        self._longest = threading.TIMEOUT_MAX if "REAL_TIME" in os.environ else LONGEST

    def now(self):
        return time.monotonic() + self._ahead

    def sleep(self, seconds):
        time.sleep(min(seconds, self._longest))
        with self._lock:
            self._ahead += max(seconds - self._longest, 0.0)


def _try():
    """Read the sample: what was parsed and built for a command line is kept for the next one."""
    with Path(os.devnull).open("w") as nothing, redirect_stdout(nothing):
        assert invoke(["validate", str(ROOT / "subscriptions")]) == 0


def main():
    """Load, and serve until killed."""
    load()
    server = Server(sys.argv[1])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    become(*server.serve())


if __name__ == "__main__":
    main()
