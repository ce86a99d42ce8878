"""The report page as text: what it tells, what may run in it, and names that mean nothing to it."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.core.manifest.settings import Policy
from reconciler.core.planning.plan import prepare
from reconciler.core.verdicts.drift import drift_of
from reconciler.core.verdicts.health import QueueHealth, Status
from reconciler.core.verdicts.topology import planned_topology
from reconciler.core.world.observation import Observation
from reconciler.reports.graph.folding import folded
from reconciler.reports.page.material import Material
from reconciler.reports.page.render import render
from tests.toys import Cloud, Pipe, Spill, Tank, Tap, Well, declare, standing, world

MADE = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)
HOSTILE = "</script><script>alert(1)</script>\"'`&amp;\n\u202e<!--"
WELL = declare("w", "depot", Well(name="w"))
PIPE = declare("p", "works", Pipe(well=""), refs={"well": WELL})
TAP = declare("t", "works", Tap(client="de", use="tea", pipe=""), refs={"pipe": PIPE}, member="de")


def material(declarations, live=(), *, drifted=False, **more):
    prepared = prepare(declarations, Observation(tuple(live)))
    topology = planned_topology(prepared)
    return Material(
        plan=prepared.plan,
        topology=topology,
        picture=folded(topology),
        made_at=MADE,
        drift=drift_of(prepared.plan) if drifted else None,
        unmeasured="Not measured here.",
        **more,
    )


def page(*arguments, **more):
    return render(material(*arguments, **more))


def data_of(text):
    [found] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text)
    return json.loads(found)


def test_it_tells_the_verdict_counts_changes_guards_and_fingerprint():
    given = material(world(WELL, PIPE, TAP), [standing(WELL)])
    text = render(given)
    assert "Ready to apply." in text
    assert re.search(r"<b>2</b>\+ create", text)
    assert "10 passed, 0 refused" in text
    assert given.plan.fingerprint in text
    assert "Not measured here." in text


def test_every_object_is_in_its_data_with_changes_identity_and_wires():
    bigger = declare("a", "depot", Tank(name="a", size=60))
    before = standing(declare("a", "depot", Tank(name="a")))
    data = data_of(page(world(bigger, WELL, PIPE), [before, standing(WELL)]))
    by_key = {node["key"]: node for node in data["nodes"]}
    assert by_key["tank.a"]["changes"] == [["size", "30s", "1m"]]
    assert by_key["tank.a"]["identity"] == [["name", "a"]]
    assert by_key["well.w"]["outputs"] == [["arn", "arn:w"], ["id", "id of well.w"]]
    keys = [node["key"] for node in data["nodes"]]
    assert [[keys[a], keys[b], label, state] for a, b, label, state in data["edges"]] == [
        ["pipe.p", "well.w", "", "comes"]
    ]


def test_drift_is_told_as_differences():
    text = page(world(WELL), [standing(WELL), standing(PIPE)], drifted=True)
    assert "Live differs from declared." in text
    assert "- undeclared" in text
    assert "passed" not in text


def test_in_sync_is_said_so():
    assert "In sync." in page(world(WELL), [standing(WELL)])
    nothing = page(world())
    assert "In sync." not in nothing
    assert "Nothing to compare: this run is about no account of the stack." in nothing


def test_health_of_what_is_not_there_yet_is_not_called_well():
    nothing = Status(
        stack="acme", healthy=True, complete=True, queues=(), destinations=(), subscriptions=()
    )
    text = render(replace(material(world(WELL)), status=nothing, unmeasured=""))
    assert "All healthy" not in text
    assert "Nothing to measure: nothing declared was found live." in text
    queues = [
        QueueHealth(address=f"q.{it}", account="a", state=it) for it in ("unknown", "present")
    ]
    for known, told in ((1, "Nothing could be read."), (2, "1 of 2 were not read.")):
        partial = nothing.model_copy(update={"complete": False, "queues": tuple(queues[:known])})
        assert told in render(replace(material(world(WELL)), status=partial, unmeasured=""))
    ill = queues[1].model_copy(update={"problems": ("too many",), "unknown": ("its age",)})
    found = nothing.model_copy(update={"queues": (ill,)})
    text = render(replace(material(world(WELL)), status=found, unmeasured=""))
    assert '<td class="bad">too many</td><td class="warn">its age</td>' in text


def test_only_its_own_style_and_script_may_run_and_nothing_may_be_fetched():
    text = page(world(WELL))
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    policy = policy.replace("&#39;", "'")
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        [inside] = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert not re.search(r'(?:src|href|action)="(?!data:,"|#)', text)
    assert not re.search(r"\son[a-z]+=|style=", text)


@pytest.mark.parametrize("drifted", [False, True])
def test_hostile_names_stay_text(drifted):
    cloud = Cloud()
    cloud.put("depot", Well(name=HOSTILE))
    hostile = declare(HOSTILE, HOSTILE, Tank(name=HOSTILE, rules={HOSTILE: [HOSTILE]}))
    other = declare(
        "b", "depot", Tank(name="b", spill=Spill(tank="")), refs={"spill.tank": hostile}
    )
    text = page(world(hostile, other), cloud.live("depot"), drifted=drifted)
    assert "<script>alert" not in text
    assert "<!--" not in text
    assert "\u202e" not in text
    nodes = data_of(text)["nodes"]
    assert any("<script>alert(1)" in node["key"] for node in nodes)
    assert not any("\u202e" in json.dumps(node, ensure_ascii=False) for node in nodes)


def test_a_mask_over_a_secret_breaks_nothing():
    tank = declare("a", "depot", Tank(name="say hush<hush & <b>"))
    text = render(material(world(tank)), lambda it: it.replace("hush<hush", "***"))
    assert "hush" not in text
    assert data_of(text)["nodes"][0]["identity"] == [["name", '"say *** & <b>"']]


def test_of_thousands_the_page_itself_lists_the_loudest_and_its_data_all():
    taps = [
        declare(
            "t",
            "works",
            Tap(client=f"c{at}", use="tea", pipe=""),
            refs={"pipe": PIPE},
            member=f"c{at}",
        )
        for at in range(400)
    ]
    text = page(
        world(WELL, PIPE, *taps), [standing(WELL), standing(declare("x", "depot", Tank(name="x")))]
    )
    assert text.count("<details>") + text.count("<details open>") < 210
    assert text.index("tank.depot/x") < text.index("tap.t[c1]")
    assert "and 202 more" in text
    assert len(data_of(text)["nodes"]) == 403


def test_it_tells_what_each_wave_does():
    policy = Policy(prune=True, waves=("d*",))
    text = render(material(world(WELL, PIPE, TAP, policy=policy), [standing(WELL)]))
    assert (
        "leaves those after it to a later run: d*: 2 creates for de; 100%: nothing to do." in text
    )
