"""The Python API as its page shows it, and what it refuses to do."""

import re
import shutil
from pathlib import Path

import pytest

import reconciler
from reconciler.core.manifest.settings import Policy
from reconciler.core.world.observation import Observation
from reconciler.sandbox import Sandbox
from tests.toys import Cloud, Tank, declare, session, world

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
TANK = declare("a", "depot", Tank(name="a"))


def test_the_page_s_examples_run_as_they_stand(tmp_path, monkeypatch, capsys):
    shutil.copytree(ROOT / "subscriptions", tmp_path / "subscriptions")
    monkeypatch.chdir(tmp_path)
    with Sandbox() as sandbox:
        names = {"SANDBOX": sandbox.url}
        for example in EXAMPLES:
            exec(compile(example, "docs/python.md", "exec"), names)
        assert not [call["defect"] for call in sandbox.calls() if "defect" in call]
    told = capsys.readouterr().out
    assert "create queue.offers" in told
    assert "queue.offers done" in told
    assert "no such file or directory" in told


def test_the_page_names_every_error_and_type_checkers_know_every_name():
    stub = (ROOT / "reconciler" / "__init__.pyi").read_text("utf-8")
    listed = set(re.findall(r'^    "(\w+)",$', stub, re.MULTILINE))
    assert listed == set(reconciler._HOME_OF) | {"__version__"}
    for name in sorted(listed):
        value = getattr(reconciler, name)
        if isinstance(value, type) and issubclass(value, Exception):
            assert f"`{name}`" in PAGE
    assert listed <= set(dir(reconciler))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = reconciler.nothing


def test_what_a_guard_refuses_is_not_applied():
    cloud = Cloud()
    with session(world(TANK), cloud.providers()) as one:
        assert reconciler.apply(one, reconciler.plan(one)).done
    kept = dict(cloud.things)
    policy = Policy(prune=False, max_deletes="100%")
    with session(world(policy=policy), cloud.providers()) as one:
        planned = reconciler.plan(one)
        with pytest.raises(reconciler.PlanRefused, match="nothing at all is declared"):
            reconciler.apply(one, planned)
    assert cloud.things == kept


def test_one_session_plans_again_after_it_has_applied():
    cloud = Cloud()
    with session(world(TANK), cloud.providers()) as one:
        assert reconciler.drift(one).drifted
        assert reconciler.apply(one, reconciler.plan(one)).done
        assert reconciler.plan(one).plan.actions == ()
        assert not reconciler.drift(one).drifted


def test_what_was_agreed_to_bounds_what_is_applied():
    cloud = Cloud()
    larger = world(declare("a", "depot", Tank(name="a", size=99)), digest="sha256:1")
    with session(world(TANK), cloud.providers()) as one:
        saved = reconciler.SavedPlan.of(reconciler.plan(one).plan, one.terms)
        reconciler.apply(one, reconciler.plan(one))
    agreement = reconciler.Agreement(saved)
    with session(larger, cloud.providers(), agreement=agreement) as one:
        planned = reconciler.plan(one)
        with pytest.raises(reconciler.PlanRefused, match=r"tank\.a was to be created, now updated"):
            reconciler.apply(one, planned)
    with pytest.raises(reconciler.WrongUsage, match="a saved plan brings its own limits"):
        agreement.terms(reconciler.Terms(targets=("tank.*",)))


class Stored:
    """A snapshot that stands in for the services, in which nothing is live."""

    taken_at = routing = None

    def look(self, _accounts):
        return Observation(accounts=frozenset())


def test_what_was_planned_against_a_snapshot_is_not_applied_and_nobody_is_asked():
    cloud = Cloud()
    with session(world(TANK), cloud.providers(), live=Stored()) as one:
        planned = reconciler.plan(one)
        with pytest.raises(reconciler.WrongUsage, match="plan against the services"):
            reconciler.apply(one, planned)
        with pytest.raises(reconciler.WrongUsage, match="a snapshot stands in"):
            reconciler.doctor(one)
    assert cloud.log == []


def test_connections_are_made_when_needed_and_let_go_of_at_the_end():
    made, closed = [], []

    class Connection:
        def __init__(self, accounts):
            self.names = sorted(accounts)
            made.append(self.names)

        def __enter__(self):
            return Cloud().providers(*self.names)

        def __exit__(self, *_):
            closed.append(self.names)

    one = session(world(TANK), Cloud().providers())
    with reconciler.Session(one.declarations, one.services, Connection) as opened:
        opened.providers(["depot"])
        opened.providers(["works", "depot"])
        assert (made, closed) == ([["depot"], ["works"]], [])
    assert closed == [["works"], ["depot"]]


def test_where_nobody_says_how_the_declarations_are_not_read_again():
    with session(world(TANK), Cloud().providers()) as one, pytest.raises(TypeError):
        one.reread(None)
