"""The command line as real processes that need not load Python and the libraries each time.

A workflow's steps start `reconciler` thirty times in the tests, and loading it is most of what that
costs. One process loads it once and is forked for each run; a small command on PATH hands it its
arguments, environment, directory and streams.
"""

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

COMMAND = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect({address!r})
    order = [sys.argv[1:], os.getcwd(), dict(os.environ)]
    socket.send_fds(line, [b"o"], [0, 1, 2])
    line.sendall(json.dumps(order).encode())
    line.shutdown(socket.SHUT_WR)
    sys.exit(line.recv(1)[0])
"""

LOADED = (
    "boto3",
    "github",
    "googleapiclient.discovery",
    "reconciler.cli.applying",
    "reconciler.github.publishing",
    "reconciler.wiring",
)


class Preloaded:
    """A folder with the command `reconciler` in it, to put on PATH; a context manager."""

    def __init__(self, folder, root):
        self.folder = Path(folder)
        self._address = str(self.folder / "socket")
        self._root = str(root)

    def __enter__(self):
        command = self.folder / "reconciler"
        command.write_text(COMMAND.format(python=sys.executable, address=self._address))
        command.chmod(0o755)
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.github.preloaded", self._address],
            cwd=self._root,
            env={**os.environ, "PYTHONPATH": self._root},
            stdout=subprocess.PIPE,
        )
        assert self._server.stdout.readline() == b"ready\n"
        return self

    def __exit__(self, *_exception):
        self._server.kill()
        self._server.wait()
        self._server.stdout.close()


def serve(address):
    """Fork for each run that is asked for, until killed."""
    for name in LOADED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            line, _ = listener.accept()
            with line:
                if os.fork() == 0:
                    _run(line)


def _run(line):
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(line, 1, 3)
    with line.makefile("rb") as order:
        arguments, directory, environment = json.loads(order.read())
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    # The loaded process's own stream objects remember what kind of file they were opened on.
    sys.stdin, sys.stdout, sys.stderr = map(_stream, range(3))
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    line.sendall(bytes([_code(arguments)]))
    os._exit(0)


def _stream(number):
    return open(number, "w" if number else "r", closefd=False)


def _code(arguments):
    from reconciler.cli import run

    code = 1
    try:
        run(arguments)
    except SystemExit as end:
        code = int(end.code or 0)
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    serve(sys.argv[1])
