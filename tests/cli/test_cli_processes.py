"""The command as a process: terminals, pipes, signals, encodings."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading

import pytest

from reconciler.cli.progress import Ticker
from tests.cli.conftest import COMMAND, PROGRESS
from tests.gate import PATIENCE, until
from tests.worlds import AWS, HEAD, MERCHANT, READS, queues, writes


@pytest.fixture
def world(world):
    """Declare AWS objects alone: a process loads the libraries of each service declared."""
    return lambda text, more="": world(text, HEAD + AWS + more)


def test_the_package_run_as_a_module_is_the_same_command(process, world):
    as_module = [sys.executable, "-m", "reconciler"]
    for arguments in (["--version"], ["plan", "--nonsense"], ["validate", world("")]):
        assert process(*arguments, command=as_module) == process(*arguments)


def test_no_garbage_is_looked_for_among_all_that_is_there_as_a_process_ends(process):
    look = "lambda: print(gc.isenabled(), len(gc.get_objects()) < 1000)"
    begin = f"import atexit, gc; from reconciler.cli import run; atexit.register({look}); run()"
    ended = process("--version", command=[sys.executable, "-c", begin])
    assert ended.out.splitlines()[1:] == ["False True"]


def test_no_plugin_of_other_packages_checks_what_is_declared(process, world, tmp_path):
    package = tmp_path / "nosy-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: nosy\nVersion: 1\n")
    (package / "entry_points.txt").write_text("[pydantic]\nnosy = nosy\n")
    (tmp_path / "nosy.py").write_text("raise SystemExit('somebody else looks on')")
    begin = f"import sys; sys.path.append({str(tmp_path)!r}); from reconciler.cli import run; run()"
    assert process("validate", world(""), command=[sys.executable, "-c", begin]).code == 0


def test_more_files_may_be_open_than_programs_are_given_that_do_not_ask(process):
    begin = (
        "import atexit, resource as r; from reconciler.cli import run; "
        "r.setrlimit(r.RLIMIT_NOFILE, (64, r.getrlimit(r.RLIMIT_NOFILE)[1])); "
        "atexit.register(lambda: print(r.getrlimit(r.RLIMIT_NOFILE)[0] > 64)); run()"
    )
    ended = process("--version", command=[sys.executable, "-c", begin])
    assert ended.out.splitlines()[1:] == ["True"]


@pytest.fixture
def on_a_terminal(start, sandbox, world):
    """Apply with a terminal on stdin and stderr, answer with a line or a signal."""

    def run(answer, *options, text=queues(q="")):  # noqa: B008 - a constant string
        controller, terminal = pty.openpty()
        try:
            running = start(
                *("apply", world(text), "--sandbox", sandbox.url, *options),
                stdin=terminal,
                stderr=terminal,
            )
            seen = b""
            while b"Apply 1 create?" not in seen:
                seen += os.read(controller, 4096)
            if isinstance(answer, bytes):
                os.write(controller, answer)
            else:
                running.send_signal(answer)
            out, _ = running.communicate(timeout=PATIENCE)
        finally:
            os.close(terminal)
            os.close(controller)
        return running.returncode, out, seen.decode()

    return run


def test_a_prompt_that_is_answered_with_yes_goes_on(on_a_terminal, sandbox):
    code, out, seen = on_a_terminal(b"y\n")
    assert code == 0
    assert "create queue.q: done" in out
    assert "1 to create" in seen, "what is asked about stands above the question"
    assert writes(sandbox) == ["CreateQueue q reconciler:stack"]


@pytest.mark.parametrize("answer", [b"n\n", b"\n", b"\x04"])
def test_a_prompt_that_is_declined_ends_with_3(answered, sandbox, world, answer):
    ended = answered(answer, "apply", world(queues(q="")), "--sandbox", sandbox.url)
    assert "Apply 1 create? [y/N] " in ended.err
    assert ended.code == 3
    assert "create queue.q: done" not in ended.out
    assert writes(sandbox) == []


def test_an_interrupt_at_the_prompt_ends_with_130_and_changes_nothing(on_a_terminal, sandbox):
    code, out, _ = on_a_terminal(signal.SIGINT, "--format", "json")
    assert (code, json.loads(out)["error"]) == (130, "interrupted")
    assert writes(sandbox) == []


def test_an_interrupt_that_does_not_disturb_the_reading_of_an_answer_is_heard(start, tmp_path):
    # Taken by another thread, as one that comes just before the reading begins would be.
    begin = (
        "import signal, threading; from reconciler.cli import run; "
        "threading.Thread(target=threading.Event().wait, daemon=True).start(); "
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT]); run()"
    )
    controller, terminal = pty.openpty()
    try:
        command = [sys.executable, "-c", begin, "init", tmp_path]
        asking = start(command=command, stdin=terminal, stderr=terminal)
        seen = b""
        while b"Services, of" not in seen:
            seen += os.read(controller, 4096)
        asking.send_signal(signal.SIGINT)
        assert asking.wait(PATIENCE) == 130
    finally:
        os.close(terminal)
        os.close(controller)


def test_an_interrupt_while_reading_ends_with_130_and_does_not_wait_for_the_service(
    start, sandbox, world
):
    sandbox.faults([{"service": "aws", "kind": "stall", "seconds": 600, "times": None}])
    running = start("plan", world(queues(q="")), "--sandbox", sandbox.url)
    until(lambda: sandbox.calls())
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=PATIENCE)
    assert (running.returncode, out) == (130, "")
    assert "interrupted" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_reading_is_told_in_the_document(start, sandbox, world, number, code):
    sandbox.faults([{"service": "aws", "kind": "stall", "seconds": 600, "times": None}])
    running = start("plan", world(queues(q="")), "--sandbox", sandbox.url, "--format", "json")
    until(lambda: sandbox.calls())
    running.send_signal(number)
    out, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == code
    assert json.loads(out)["result"] == "failed"


@pytest.fixture
def hold(sandbox, monkeypatch):
    """Hold what a service is asked, but reading, until what this returns is called."""
    let_go = threading.Event()

    def at(service, *, reads=False):
        answer = service.answer

        def later(operation, request):
            if reads or operation not in READS:
                let_go.wait(PATIENCE)
            return answer(operation, request)

        monkeypatch.setattr(service, "answer", later)
        return let_go.set

    yield at
    let_go.set()


CHAIN = queues(
    a="deadLetter: {queue: b, maxReceives: 2}", b="deadLetter: {queue: c, maxReceives: 2}", c=""
)


def test_an_interrupt_while_applying_finishes_what_is_under_way_and_ends_with_130(
    start, sandbox, world, hold
):
    let_go = hold(sandbox._dispatch.aws)
    running = start("apply", world(CHAIN), "--sandbox", sandbox.url, "--yes")
    until(lambda: writes(sandbox))
    running.send_signal(signal.SIGINT)
    assert any("interrupted: finishing" in line for line in running.stderr)
    let_go()
    out, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 130
    assert "create queue.c: done" in out
    assert "create queue.a: skipped" in out
    assert writes(sandbox) == ["CreateQueue c reconciler:stack"]


def test_a_sigterm_while_reading_ends_with_143_at_once(start, sandbox, world):
    sandbox.faults([{"service": "aws", "kind": "stall", "seconds": 600, "times": None}])
    for command in ("plan", "snapshot", "drift"):
        sandbox.clear_calls()
        running = start(command, world(queues(q="")), "--sandbox", sandbox.url)
        until(lambda: sandbox.calls())
        running.terminate()
        out, err = running.communicate(timeout=PATIENCE)
        assert (running.returncode, out) == (143, "")
        assert "terminated" in err
        assert "Traceback" not in err


def test_a_sigterm_while_applying_finishes_what_is_under_way_reports_and_ends_with_143(
    start, sandbox, world, tmp_path, hold
):
    let_go = hold(sandbox._dispatch.aws)
    journal = tmp_path / "journal"
    options = ("--sandbox", sandbox.url, "--yes", "--format", "json", "--journal", journal)
    running = start("apply", world(CHAIN), *options)
    until(lambda: writes(sandbox))
    running.terminate()
    assert any("terminated: finishing the calls under way" in line for line in running.stderr)
    let_go()
    out, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 143
    done = {item["address"]: item["outcome"] for item in json.loads(out)["actions"]}
    assert done == {"queue.c": "done", "queue.b": "skipped", "queue.a": "skipped"}
    assert json.loads(journal.read_text().splitlines()[-1])["interrupted"]


def test_a_second_signal_ends_at_once(start, sandbox, world):
    sandbox.faults(
        [{"service": "aws", "operation": "CreateQueue", "kind": "stall", "seconds": 600}]
    )
    running = start("apply", world(queues(q="")), "--sandbox", sandbox.url, "--yes")
    until(lambda: writes(sandbox))
    running.send_signal(signal.SIGINT)
    assert any("interrupted: finishing" in line for line in running.stderr)
    running.terminate()
    running.communicate(timeout=PATIENCE)
    assert running.returncode == 143


def test_a_sigterm_at_the_question_declines_nothing_and_ends_with_143(on_a_terminal, sandbox):
    code, out, _ = on_a_terminal(signal.SIGTERM, "--format", "json")
    assert (code, json.loads(out)["error"]) == (143, "terminated")
    assert writes(sandbox) == []


def test_a_sigterm_ends_the_sandbox_with_143(start):
    serving = start("sandbox", "--port", "0")
    serving.stdout.readline()
    serving.terminate()
    serving.communicate(timeout=PATIENCE)
    assert serving.returncode == 143


def test_a_run_beyond_a_second_tells_its_progress_on_stderr_alone(start, sandbox, world, hold):
    let_go = hold(sandbox._dispatch.merchant, reads=True)
    declared = world(queues(q=""), MERCHANT)
    running = start("plan", declared, "--sandbox", sandbox.url, "--format", "json")
    assert re.match(r"reading: \d of 3, \d+ s\n", running.stderr.readline())
    let_go()
    out, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0
    assert json.loads(out)["complete"]


def test_a_wait_is_told_with_its_reason(start, sandbox, world):
    sandbox.faults([{"service": "merchant", "kind": "throttle", "retryAfter": 60}])
    running = start("plan", world("", MERCHANT), "--sandbox", sandbox.url, env={"REAL_TIME": "1"})
    told = next(line for line in running.stderr if "waiting" in line)
    assert re.search(r"waiting \d+ s: shop: notificationsubscriptions.list: .+\n", told)
    running.terminate()
    running.communicate(timeout=PATIENCE)


def test_what_ends_at_once_tells_no_progress(capsys):
    with Ticker() as ticker:
        ticker("reading", 0, 1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_reader_that_goes_away_is_no_error(start, sandbox, world, form):
    many = world(queues(**{f"q{number}": "" for number in range(60)}))
    running = start("plan", many, "--sandbox", sandbox.url, "--format", form)
    running.stdout.close()
    running.stdout = None
    _, err = running.communicate(timeout=PATIENCE)
    assert (running.returncode, PROGRESS.sub("", err)) == (0, "")


def test_a_reader_of_stderr_that_goes_away_does_not_stop_an_apply(start, sandbox, world):
    many = world(queues(**{f"q{number}": "" for number in range(60)}))
    running = start("apply", many, "--sandbox", sandbox.url, "--yes")
    running.stderr.close()
    running.stderr = None
    out, _ = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0
    assert "Applied: 60 done" in out


def test_a_stderr_that_was_closed_before_the_start_changes_nothing(process, sandbox, world):
    shell = ("sh", "-c", 'exec "$@" 2>&-', "-", *COMMAND)
    told = process("plan", world(queues(q="")), "--sandbox", sandbox.url, command=shell)
    assert told.code == 0
    assert "1 to create" in told.out


def test_a_stdout_that_was_closed_before_the_start_is_told(process, sandbox, world):
    shell = ("sh", "-c", 'exec "$@" >&-', "-", *COMMAND)
    told = process("plan", world(queues(q="")), "--sandbox", sandbox.url, command=shell)
    assert (told.code, told.out) == (1, "")
    assert told.err == "error: stdout cannot be written: Bad file descriptor\n"


def test_a_reader_that_goes_away_does_not_turn_a_failure_into_success(start, sandbox, world):
    many = world(queues(**{f"q{number}": "" for number in range(60)}))
    sandbox.faults([{"service": "aws", "operation": "CreateQueue", "kind": "denied"}])
    running = start("apply", many, "--sandbox", sandbox.url, "--yes", stderr=subprocess.DEVNULL)
    running.stdout.close()
    running.stdout = None
    running.communicate(timeout=PATIENCE)
    assert running.returncode == 1


def test_a_terminal_that_knows_only_ascii_gets_a_plan_all_the_same(
    cli, start, process, sandbox, world
):
    cli("apply", world(queues(q="")), "--sandbox", sandbox.url, "--yes")
    arguments = ["plan", world(queues(q="delay: 5s")), "--sandbox", sandbox.url]
    ascii_only = {"env": {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}, "command": COMMAND}
    seen = re.sub(r"\x1b\[\d+m", "", coloured(start, arguments, **ascii_only))
    assert "delay: 0s \\u2192 5s" in seen
    piped = process(*arguments, **ascii_only)
    assert (piped.code, piped.err) == (0, "")
    assert "delay: 0s → 5s" in piped.out, "what is piped is UTF-8"


def coloured(start, arguments, **options):
    """Return what a command writes to a terminal on stdout."""
    controller, terminal = pty.openpty()
    running = start(*arguments, stdout=terminal, stdin=subprocess.DEVNULL, **options)
    os.close(terminal)
    seen = b""
    try:
        while piece := os.read(controller, 65536):
            seen += piece
    except OSError:
        pass  # how Linux tells that the other side has closed
    finally:
        os.close(controller)
    running.wait(PATIENCE)
    return seen.decode()


def test_colour_is_for_terminals_and_can_be_declined(start, process, sandbox, world):
    arguments = ["plan", world(queues(q="")), "--sandbox", sandbox.url]
    assert "\x1b[" in coloured(start, arguments)
    assert "\x1b[" not in coloured(start, arguments, env={"NO_COLOR": "1"})
    assert "\x1b[" not in process(*arguments).out


def test_colour_never_enters_json_or_markdown(start, sandbox, world):
    for form in ("json", "markdown"):
        arguments = ["plan", world(queues(q="")), "--sandbox", sandbox.url, "--format", form]
        assert "\x1b[" not in coloured(start, arguments)


def test_the_sandbox_command_serves_until_interrupted(start, process, world):
    serving = start("sandbox", "--port", "0")
    url = serving.stdout.readline().strip()
    assert process("plan", world(queues(q="")), "--sandbox", url).code == 0
    serving.send_signal(signal.SIGINT)
    serving.communicate(timeout=PATIENCE)
    assert serving.returncode == 0


def test_a_port_that_is_taken_is_told(process):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        ended = process("sandbox", "--port", holder.getsockname()[1])
    assert (ended.code, ended.out) == (1, "")
    assert "choose another" in ended.err


def test_a_result_that_cannot_be_written_is_told_in_a_sentence(start, world, sandbox):
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        running = start("plan", world(queues(q="")), "--sandbox", sandbox.url, stdout=full)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "error: stdout cannot be written: No space left on device\n" in err
