"""The command line that is forked from a loaded process takes signals and ends as its own does."""

import signal
import socket
import subprocess
import sys

import pytest

from tests.preloaded import COMMAND


@pytest.fixture
def asking(tmp_path):
    """Start the small command; give it, and the line on which it has given its order."""
    address, command = str(tmp_path / "socket"), tmp_path / "reconciler"
    command.write_text(COMMAND.format(python=sys.executable, address=address))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        with subprocess.Popen([sys.executable, "-IS", command]) as process:
            line, _ = listener.accept()
            with line:
                _, [*streams], _, _ = socket.recv_fds(line, 1, 3)
                for stream in streams:
                    socket.close(stream)
                line.recv(65536)
                yield process, line
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_passed_on_that_comes_before_the_run_is_known_to_have_begun(asking, number):
    process, line = asking
    process.send_signal(number)
    line.sendall(b"!")
    assert line.recv(1) == bytes([number])
    line.sendall((7).to_bytes(4, "big"))
    assert process.wait() == 7


def test_who_is_killed_while_asking_leaves_the_others_served(preloaded):
    for piece in (b"", b"o", b"o\0\0\1\0half"):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(preloaded._address)
            line.sendall(piece)
    asked = subprocess.run([preloaded.command, "--version"], capture_output=True, check=False)
    assert asked.returncode == 0
