"""--journal: one JSON line before and one after every write, on disk before it goes on."""

import json
import os

import pytest

from reconciler.files.journal import Journal
from tests.cli.conftest import end
from tests.gate import until
from tests.worlds import queues, subscriptions, writes

HERE = (
    "registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '1', "
    "callBackUri: 'https://hooks.example.com/1'"
)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "journal.jsonl"


@pytest.fixture
def on(cli, sandbox, world, file):
    """Run a command on a world against the sandbox, with a journal."""

    def run(text, *options, command="apply", journal=file):
        return cli(command, world(text), "--sandbox", sandbox.url, "--journal", journal, *options)

    return run


def lines(file):
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def events(file):
    return [(line["event"], line.get("call"), line.get("address")) for line in lines(file)]


def test_every_write_has_a_line_before_and_after_it_within_the_lines_of_its_run(on, file):
    assert on(queues(q=""), "--yes").code == 0
    assert events(file) == [
        ("run", None, None),
        ("begin", "create", "queue.q"),
        ("end", "create", "queue.q"),
        ("finish", None, None),
    ]


def test_a_line_tells_when_what_where_and_how_it_ended(on, file):
    on(queues(q=""), "--yes")
    run, begin, end, finish = lines(file)
    assert all(line["at"].endswith("+00:00") for line in lines(file))
    assert (run["stack"], run["actions"]) == ("acme", 1)
    assert run["fingerprint"].startswith("sha256:")
    about = {"action": "create", "account": "aws-eu", "identity": {"name": "q"}}
    assert begin.items() >= about.items()
    assert end.items() >= {**about, "outcome": "done", "error": None}.items()
    assert finish["interrupted"] is False


def test_as_many_writes_end_as_begin_whatever_becomes_of_them(on, file, sandbox):
    sandbox.faults([{"service": "merchant", "operation": "create", "kind": "denied"}])
    assert on(queues(a="", b="") + subscriptions(s=HERE), "--yes").code == 1
    begun = sorted(it[1:] for it in events(file) if it[0] == "begin")
    ended = sorted(it[1:] for it in events(file) if it[0] == "end")
    assert begun == ended
    assert len(begun) == 3
    outcomes = {it["address"]: it["outcome"] for it in lines(file) if it["event"] == "end"}
    assert outcomes == {"queue.a": "done", "queue.b": "done", "subscription.s": "failed"}
    [error] = [it["error"] for it in lines(file) if it.get("error")]
    assert error.startswith("shop: notificationsubscriptions.create: ")


def test_the_line_before_a_write_is_there_when_the_write_arrives(start, sandbox, world, file):
    """What a kill in the middle of the call leaves behind."""
    sandbox.faults([{"service": "aws", "operation": "CreateQueue", "kind": "stall", "seconds": 60}])
    running = start(
        "apply", world(queues(q="")), "--sandbox", sandbox.url, "--yes", "--journal", file
    )
    until(lambda: [call for call in sandbox.calls() if call["operation"] == "CreateQueue"])
    end(running)
    assert events(file) == [("run", None, None), ("begin", "create", "queue.q")]


def test_several_runs_stand_one_after_the_other(on, file):
    on(queues(q=""), "--yes")
    first = file.read_bytes()
    on(queues(q="delay: 5s"), "--yes")
    assert file.read_bytes().startswith(first)
    assert [line["event"] for line in lines(file)] == ["run", "begin", "end", "finish"] * 2


def test_what_has_nothing_to_do_writes_no_line(on, file):
    on(queues(q=""), "--yes")
    first = file.read_bytes()
    assert on(queues(q=""), "--yes").code == 0
    assert file.read_bytes() == first


def test_a_journal_that_is_never_needed_is_not_made(on, tmp_path):
    on(queues(q=""), "--yes")
    other = tmp_path / "other.jsonl"
    assert on(queues(q=""), "--yes", journal=other).code == 0
    assert not other.exists()


def test_a_refused_plan_writes_no_line(on, file):
    on(queues(a="protect: true"), "--yes")
    first = file.read_bytes()
    assert on(queues(b=""), "--yes").code == 3
    assert file.read_bytes() == first


def test_a_declined_plan_writes_no_line(on, file):
    assert on(queues(a="")).code == 3
    assert not file.exists() or file.read_bytes() == b""


@pytest.mark.parametrize("command", ["apply", "destroy"])
@pytest.mark.parametrize("place", ["no/such/place.jsonl", "."])
def test_a_journal_that_cannot_be_written_is_an_error_before_anything_is_changed_or_asked(
    on, cli, sandbox, world, tmp_path, command, place
):
    cli("apply", world(queues(q="")), "--sandbox", sandbox.url, "--yes")
    sandbox.clear_calls()
    ended = on(queues(q="delay: 5s"), command=command, journal=tmp_path / place)
    assert ended.code == 1
    assert f"the journal {tmp_path / place} cannot be written: " in ended.err
    assert "no terminal" not in ended.err
    assert writes(sandbox) == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no full disk to write to")  # noqa: PTH110
def test_a_full_disk_stops_the_run_before_the_first_write(on, sandbox):
    ended = on(queues(q=""), "--yes", journal="/dev/full")
    assert ended.code == 1
    assert "the journal /dev/full cannot be written: No space left on device" in ended.err
    assert writes(sandbox) == []


def test_only_its_owner_may_read_it(on, file):
    on(queues(q=""), "--yes")
    assert file.stat().st_mode & 0o077 == 0


def test_an_error_passes_through_what_masks_secrets(file):
    class Step:
        address, verb = "queue.q", "create"

        class change:  # noqa: N801
            action = "create"

            class subject:  # noqa: N801
                account = "a"

                class spec:  # noqa: N801
                    @staticmethod
                    def identity_values():
                        return {"name": "q"}

    with Journal(file, lambda text: text.replace("hush", "***")) as journal:
        journal.end(Step, "failed", "said hush\nand more")
    assert [line["error"] for line in lines(file)] == ["said ***\nand more"]


def test_destroy_keeps_a_journal_too(on, file):
    on(queues(q=""), "--yes")
    assert on(queues(q=""), "--yes", command="destroy").code == 0
    assert events(file)[4:] == [
        ("run", None, None),
        ("begin", "delete", "queue.q"),
        ("end", "delete", "queue.q"),
        ("finish", None, None),
    ]


def test_a_line_that_a_crash_cut_short_does_not_swallow_the_next(on, file):
    file.write_text('{"at": "2026-11-21T', encoding="utf-8")
    assert on(subscriptions(own=HERE), "--yes").code == 0
    torn, *whole = file.read_text(encoding="utf-8").splitlines()
    assert torn == '{"at": "2026-11-21T'
    assert [json.loads(line)["event"] for line in whole] == ["run", "begin", "end", "finish"]
