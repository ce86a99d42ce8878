"""Killed at every step boundary and inside calls: the next run brings live to declared.

One run of each world is stopped at its first call, the next one at its second, until there are no
more; a call is stopped before it is carried out and, where it writes, also after it was carried out
but before its answer arrived.
"""

import json
import signal
import subprocess

import pytest
import urllib3

from tests import listings
from tests.gate import PATIENCE, ROOT, Gate, Nursery, begun, known_by_content, lines_of, until
from tests.outsiders import Outsiders
from tests.worlds import (
    EVERYWHERE,
    HEAD,
    Stack,
    destinations,
    queues,
    subscriptions,
    writes,
)

pytestmark = pytest.mark.matrix

SAMPLE = ROOT / "subscriptions"
STOPPING = "interrupted: finishing"
THROW_AWAY = ["sandbox-secret", "sandbox-token", "sandbox-seller-", "AKIASANDBOX", "Atza|"]

HERE = "callBackUri: 'https://hooks.example.com/%s'"
FORMER = (
    HEAD
    + EVERYWHERE
    + queues(q="grants: [{to: amazon-notifications}]", r="grants: [{to: all}]", gone="")
).replace("{to: all}", "{to: amazon-notifications}") + (
    destinations(old="account: uk, queue: q", new="account: app, queue: q")
    + subscriptions(
        uk="destination: old, notificationType: AnyOfferChanged",
        fees="destination: old, notificationType: FeePromotion",
        eu="destination: new, notificationType: ANY_OFFER_CHANGED, sellers: all, "
        "filter: {marketplaceIds: [A1PA6795UKMFR9]}",
        shop="registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '1', " + HERE % "1",
        move="registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '2', " + HERE % "2",
    )
)
LATTER = (
    HEAD
    + EVERYWHERE
    + queues(
        q="grants: [{to: amazon-notifications}], visibilityTimeout: 2m, tags: {team: pricing}",
        r="grants: [{to: amazon-notifications}]",
    )
    + destinations(old="account: uk, queue: r", new="account: app, queue: q")
    + subscriptions(
        uk="destination: old, notificationType: AnyOfferChanged, enabled: false",
        eu="destination: new, notificationType: ANY_OFFER_CHANGED, sellers: all, "
        "filter: {marketplaceIds: [A13V1IB3VIYZZH]}",
        shop="registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '1', " + HERE % "other",
        move="registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '3', " + HERE % "3",
    )
)


def in_waves(text):
    """Have sellers, and then targets, wait for those before them."""
    waves = 'discover: declared, waves: [de, "1", "50%", "100%"]'
    return text.replace("discover: declared", waves)


NO_WAY, WAY = listings.world("", bus="", sub=""), listings.world()
OTHER_WAY = listings.world(
    f"queue: dead, types: [{listings.STATUS}, {listings.ISSUES}], deadLetter: offers, protect: true"
)


class World:
    """What is declared before, what is applied then, and how many writes that takes at least."""

    def __init__(self, writes, *, former=None, latter=None, destroy=False):
        self.writes, self.former, self.latter = writes, former, latter
        self.command = "destroy" if destroy else "apply"
        self.terms = {"allow_non_empty": True, "destroying": destroy}


WORLDS = {
    "first-creation-of-the-sample": World(11),
    "updates-and-replacements": World(12, former=FORMER, latter=LATTER),
    "updates-in-waves": World(12, former=FORMER, latter=in_waves(LATTER)),
    "tear-down": World(11, former=FORMER, latter=FORMER, destroy=True),
    "a-listings-way-made": World(6, former=NO_WAY, latter=WAY),
    "a-listings-way-changed": World(4, former=WAY, latter=OTHER_WAY),
    "a-listings-way-torn-down": World(8, former=WAY, latter=WAY, destroy=True),
}


@pytest.fixture(scope="module")
def running(shared_sandbox):
    shared_sandbox.reset()
    return shared_sandbox


@pytest.fixture(scope="module")
def gate(running):
    with Gate(running.url) as gate:
        yield gate


@pytest.fixture(scope="module")
def strangers(gate, running):
    """What others have in the same accounts."""
    with urllib3.PoolManager(retries=False, timeout=20) as pool:
        others = Outsiders(running, pool)

        def settle():
            url = others.aws.queue("theirs").replace(running.url, gate.url)
            running.settings(checkQueuePolicy=False)
            others.register(url)
            others.subscribe_mws("AnyOfferChanged", url)
            running.settings(checkQueuePolicy=True)
            bus = {"eventBridge": {"region": "eu-west-1", "accountId": "444455556666"}}
            body = {"name": "theirs", "resourceSpecification": bus}
            others.sp_api("POST", "destinations", body=body)
            body = {
                "registeredEvent": "PRODUCT_STATUS_CHANGE",
                "targetAccount": "accounts/99",
                "callBackUri": "https://theirs.example.org/",
            }
            others.merchant("POST", "accounts/5678/notificationsubscriptions", body)

        yield settle
        others.close()


@pytest.fixture(scope="module")
def nursery(tmp_path_factory):
    started = Nursery(tmp_path_factory.mktemp("output"))
    yield started
    started.close()


@pytest.fixture
def sandbox(running, gate):
    gate.open()
    yield running
    defects = [call["defect"] for call in running.calls() if "defect" in call]
    assert not defects, defects[0]


class Story:
    """One world, told again and again."""

    def __init__(self, world, sandbox, gate, nursery, strangers, folder):
        self._world, self._sandbox, self._gate = world, sandbox, gate
        self.nursery, self._strangers = nursery, strangers
        self.journal = folder / "journal"
        self._stack = Stack(folder / "declared" if world.latter else SAMPLE, gate.url)

    def begin(self):
        """Bring the services to where the run begins."""
        self._gate.open()
        self._sandbox.reset()
        self.journal.unlink(missing_ok=True)
        self._strangers()
        if self._world.former:
            self._stack.declare(self._world.former)
            assert self._stack.apply().unfinished() == []
            self._stack.declare(self._world.latter)

    def finish(self):
        """Run once more, undisturbed; return what the services hold then."""
        assert self._stack.apply(**self._world.terms).unfinished() == []
        after = self._stack.plan(**self._world.terms)
        assert (after.lines(), after.problems()) == ([], [])
        return known_by_content(self._sandbox.state())

    def start(self):
        """Start a process that applies."""
        self._gate.watch(self.journal)
        folder = SAMPLE if self._world.latter is None else self._stack._folder
        options = ["--sandbox", self._gate.url, "--journal", self.journal, "--format", "json"]
        command = self._world.command
        self.nursery.start(command, folder, "--yes", "--allow-non-empty", *options)

    def stopped_at(self, when, number):
        """Run up to a call; say whether there was such a call."""
        self.begin()
        self._gate.hold(when, number)
        self.start()
        until(lambda: self._gate.reached.is_set() or not self.nursery.running())
        return self._gate.reached.is_set()


@pytest.fixture
def story(request, sandbox, gate, nursery, strangers, tmp_path):
    world = WORLDS[request.param]
    story = Story(world, sandbox, gate, nursery, strangers, tmp_path)
    story.writes = world.writes
    yield story
    if nursery.running():
        nursery.send(signal.SIGKILL)
        gate.drop()
        nursery.end()


def every_call(story, when):
    """Yield with a run stopped at each of its calls in turn."""
    number = 1
    while story.stopped_at(when, number):
        yield number
        number += 1
    code, out = story.nursery.end()
    assert code == 0, f"undisturbed: {out} {story.nursery.err()}"
    assert number > story.writes, "a run makes at least these calls"


matrix = pytest.mark.parametrize("story", WORLDS, indirect=True)


@matrix
@pytest.mark.parametrize("when", ["before any", "after"])
def test_after_a_kill_at_any_call_the_next_run_brings_live_to_declared(story, gate, nursery, when):
    story.begin()
    wanted = story.finish()
    for number in every_call(story, when):
        nursery.send(signal.SIGKILL)
        assert nursery.end()[0] == -signal.SIGKILL
        gate.drop()
        where = f"killed {when} call {number}, {gate.held}"
        assert gate.unannounced == [], where
        lines = lines_of(story.journal)
        assert [line for line in lines if line["event"] == "finish"] == [], where
        assert story.finish() == wanted, where


@matrix
def test_an_interrupt_at_any_write_lets_it_finish_and_tells_the_rest_and_the_next_run_converges(
    story, gate, nursery
):
    story.begin()
    wanted = story.finish()
    for number in every_call(story, "before"):
        nursery.interrupt(STOPPING)
        gate.release()
        code, out = nursery.end()
        where = f"interrupted at write {number}, {gate.held}"
        assert code == 130, where
        assert gate.unannounced == [], where
        told = {item["address"]: item for item in json.loads(out)["actions"]}
        assert {item["outcome"] for item in told.values()} <= {"done", "skipped"}, where
        held_to_the_journal(lines_of(story.journal), told, where)
        assert story.finish() == wanted, where


def held_to_the_journal(lines, told, where):
    """Check that what was told and what was taken down are the same."""
    begins = [(line["address"], line["call"]) for line in lines if line["event"] == "begin"]
    ends = [line for line in lines if line["event"] == "end"]
    assert sorted(begins) == sorted((line["address"], line["call"]) for line in ends), where
    assert {line["outcome"] for line in ends} <= {"done", "skipped"}, where
    assert (lines[-1]["event"], lines[-1]["interrupted"]) == ("finish", True), where
    for address, item in told.items():
        calls = [call for begun_address, call in begins if begun_address == address]
        if item["outcome"] == "done":
            assert calls, (where, address)
        elif calls:
            assert calls == ["delete"], (where, address)
            assert "its former self is deleted already" in item["error"], where
        else:
            assert "interrupted before it was begun" in item["error"] or "needs" in item["error"]
    assert not any(secret in json.dumps(lines) for secret in THROW_AWAY), where


def test_a_replacement_that_lost_its_second_half_is_repaired_by_the_next_run(
    sandbox, gate, nursery, strangers, tmp_path
):
    # SP-API subscriptions cannot be changed: another filter means deleting and creating.
    story = Story(WORLDS["updates-and-replacements"], sandbox, gate, nursery, strangers, tmp_path)
    story.begin()
    wanted = story.finish()
    for _ in every_call(story, "after"):
        nursery.send(signal.SIGKILL)
        nursery.end()
        gate.drop()
        if "DELETE /notifications" in gate.held.operation:
            break
    [app] = sandbox.state()["sp-api"].values()
    assert len(app["subscriptions"]) < 2, "its former self is gone"
    assert story.finish() == wanted


def test_a_second_interrupt_ends_the_process_at_once(story_of_sample, gate, nursery):
    assert story_of_sample.stopped_at("before", 1)
    nursery.interrupt(STOPPING)
    nursery.send(signal.SIGINT)
    code, out = nursery.end()
    assert code == 130, "although the call that is held was never answered"
    assert json.loads(out)["error"] == "interrupted"
    assert not gate._released.is_set()
    gate.drop()
    assert begun(story_of_sample.journal)
    assert lines_of(story_of_sample.journal)[-1]["event"] != "finish"
    story_of_sample.finish()


@pytest.fixture
def story_of_sample(sandbox, gate, nursery, strangers, tmp_path):
    world = WORLDS["first-creation-of-the-sample"]
    return Story(world, sandbox, gate, nursery, strangers, tmp_path)


def test_what_a_full_disk_keeps_from_being_taken_down_is_not_done_and_the_rest_is_told(
    sandbox, gate, preloaded, tmp_path
):
    journal = tmp_path / "journal"
    small = ["sh", "-c", 'ulimit -f 4; exec "$@"', "sh", preloaded.command]
    options = ["--yes", "--sandbox", sandbox.url, "--journal", str(journal), "--format", "json"]
    sandbox.reset()
    ended = subprocess.run(
        [*small, "apply", str(SAMPLE), *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    outcomes = json.loads(ended.stdout)["actions"]
    failed = [item["error"] for item in outcomes if item["outcome"] == "failed"]
    assert failed
    assert all("cannot be written: File too large" in error for error in failed)
    begins = journal.read_text(encoding="utf-8").count('"event": "begin"')
    assert len(writes(sandbox)) <= begins < len(outcomes)
    assert len(writes(sandbox)) == sum(item["outcome"] == "done" for item in outcomes)
    stack = Stack(SAMPLE, gate.url)
    assert stack.apply().unfinished() == []
    assert stack.plan().lines() == []
