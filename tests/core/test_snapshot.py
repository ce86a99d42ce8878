"""Snapshots: a plan made of one is the plan made of live state, and nothing else passes for one."""

import dataclasses
import json
import string
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler import run
from reconciler.core.manifest.settings import Policy
from reconciler.core.model.account_fields import IDENTIFYING
from reconciler.core.model.errors import PlanRefused, Transient
from reconciler.core.model.objects import Live
from reconciler.core.planning.plan import prepare
from reconciler.core.service import Account, Declaration
from reconciler.core.world.discovery import DECLARED, EVERYTHING, left_behind
from reconciler.core.world.snapshot import Snapshot, take, unseal
from reconciler.reports import as_json
from tests.drawing import examples
from tests.test_convergence import settle, strangers, worlds
from tests.toys import (
    KINDS,
    Bell,
    Cloud,
    Pipe,
    Spec,
    Spill,
    Tank,
    Tap,
    Well,
    declare,
    service,
    world,
)

NOW = datetime(2026, 7, 1, 12, 30, 15, 123456, tzinfo=UTC)


class Place(Account):
    number: Annotated[str, IDENTIFYING] = "1"


def _shape(kind: type[Spec]) -> type[Declaration]:
    class Shape(Declaration):
        spec_type: ClassVar[type[Spec]] = kind

    return Shape


SERVICES = [
    service(name, Place, {kind.kind: _shape(kind) for kind in kinds})
    for name, kinds in KINDS.items()
]


def located(declared, **numbers):
    """Give the accounts of the toys' world an entry each."""
    accounts = {name: Place(service=name, number=numbers.get(name, "1")) for name in KINDS}
    return declared._replace(accounts=accounts)


def targets(declared):
    return {name: account.identity() for name, account in declared.accounts.items()}


def snapped(cloud, declared, providers=None, now=NOW, discovery=EVERYTHING):
    """Return the bytes of a snapshot of what is live."""
    providers = providers or cloud.providers()
    seen = run.observe(declared, providers, everything=True)
    scopes = [scope for provider in providers.values() for scope in provider.scopes()]
    taken = take(declared, seen, scopes, targets(declared), now, discovery)
    return as_json.render(taken).encode()


def planned(text, declared):
    _, observation = unseal(text, declared, SERVICES, targets(declared))
    return prepare(declared, observation, identities=targets(declared)).plan


TANK = declare("a", "depot", Tank(name="a"))
WELL = declare("x", "depot", Well(name="x"))
PIPE = declare("p", "works", Pipe(well=""), refs={"well": WELL})
TAPS = {
    seller: declare(
        "t", "works", Tap(client=seller, use="u", pipe=""), refs={"pipe": PIPE}, member=seller
    )
    for seller in ("de", "fr")
}
HOME = located(world(TANK, WELL, PIPE, *TAPS.values()))


@pytest.fixture
def cloud():
    found = Cloud()
    settle(found, HOME)
    return found


@given(worlds(), worlds())
@settings(
    max_examples=examples(15, 300),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_a_plan_against_a_snapshot_is_byte_for_byte_the_plan_against_what_it_was_taken_of(
    first, second
):
    cloud = Cloud()
    strangers(cloud)
    settle(cloud, first)
    declared = located(second)
    seen = run.observe(declared, cloud.providers())
    live = written(lambda: prepare(declared, seen, identities=targets(declared)).plan)
    text = snapped(cloud, located(first))
    assert written(lambda: planned(text, declared)) == live


def written(plan):
    """Return a plan as JSON, or why there is none (a circle that needs two parts)."""
    try:
        return as_json.render(plan())
    except PlanRefused as refused:
        return str(refused)


def test_everything_a_live_object_tells_survives(cloud):
    cloud.put(
        "depot",
        Tank(name="b", spill=Spill(tank="tank-1"), rules={"x": ["y"]}, limit=3, tags={"é": "ü\n"}),
        owner="acme-eu",
        protected=True,
        waiting=7,
    )
    cloud.put("tower", Bell(event="fire", everyone=True))
    _, restored = unseal(snapped(cloud, HOME), HOME, SERVICES, targets(HOME))
    observed = run.observe(HOME, cloud.providers(), everything=True)
    assert {str(it) for it in restored.live} == {str(it) for it in observed.live}


def test_the_same_state_gives_the_same_bytes_in_whatever_order_it_was_read(cloud):
    first = snapped(cloud, HOME)
    cloud.things = dict(reversed(cloud.things.items()))
    assert snapped(cloud, HOME, dict(reversed(cloud.providers().items()))) == first


def _sound():
    cloud = Cloud()
    settle(cloud, HOME)
    return snapped(cloud, HOME).decode()


SOUND = _sound()


@given(st.data())
@settings(max_examples=examples(50, 1000))
def test_a_snapshot_with_any_character_changed_is_refused(data):
    text = SOUND
    places = [at for at, character in enumerate(text) if character.isalnum()]
    at = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from(string.ascii_letters + string.digits))
    changed = text[:at] + other + text[at + 1 :]
    try:
        snapshot, _ = unseal(changed.encode(), HOME, SERVICES, targets(HOME))
    except PlanRefused:
        return
    # Another spelling of the very same (a date's z for Z) is no change.
    assert snapshot == Snapshot.model_validate_json(text)


@pytest.mark.parametrize(
    "change",
    [
        {"takenAt": "2026-07-01T12:30:16Z"},
        {"digest": ""},
        {"digest": "sha256:" + "0" * 64},
        {"live": []},
        {"scopes": []},
        {"accounts": {}},
        {"warnings": [{"address": "a", "message": "m"}]},
    ],
    ids=lambda change: "-".join(change),
)
def test_a_snapshot_of_which_a_part_was_exchanged_is_refused(cloud, change):
    content = json.loads(snapped(cloud, HOME)) | change
    with pytest.raises(PlanRefused, match="was changed after it was taken"):
        unseal(json.dumps(content).encode(), HOME, SERVICES, targets(HOME))


def test_a_live_object_taken_out_of_a_snapshot_is_noticed(cloud):
    content = json.loads(snapped(cloud, HOME))
    del content["live"][0]
    with pytest.raises(PlanRefused, match="was changed after it was taken"):
        unseal(json.dumps(content).encode(), HOME, SERVICES, targets(HOME))


def test_another_layout_of_the_same_content_is_no_change(cloud):
    content = json.loads(snapped(cloud, HOME))
    text = json.dumps(content, indent=7, sort_keys=True).encode()
    assert planned(text, HOME).actions == ()


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"formatVersion": 1}'])
def test_what_is_no_snapshot_is_refused(text):
    with pytest.raises(PlanRefused, match="this is not a snapshot"):
        unseal(text, HOME, SERVICES, targets(HOME))


def test_a_field_that_snapshots_do_not_have_makes_it_none(cloud):
    content = json.loads(snapped(cloud, HOME)) | {"trust": "me"}
    with pytest.raises(PlanRefused, match="this is not a snapshot"):
        unseal(json.dumps(content).encode(), HOME, SERVICES, targets(HOME))


def test_a_snapshot_of_another_format_is_refused_however_sound(cloud):
    other = Snapshot.model_validate_json(snapped(cloud, HOME)).model_copy(
        update={"format_version": 99}
    )
    with pytest.raises(PlanRefused, match="another version of this tool"):
        unseal(as_json.render(other.sealed()).encode(), HOME, SERVICES, targets(HOME))


def test_an_object_of_a_kind_that_this_version_does_not_know_is_refused(cloud):
    text = snapped(cloud, HOME)
    fewer = [service for service in SERVICES if service.name != "depot"]
    with pytest.raises(PlanRefused, match="does not know"):
        unseal(text, HOME, fewer, targets(HOME))


def test_a_snapshot_of_another_stack_is_refused_and_both_are_named(cloud):
    other = located(world(stack="beta"))
    with pytest.raises(PlanRefused, match=r"stack 'acme', the declarations are of stack 'beta'"):
        unseal(snapped(cloud, HOME), other, SERVICES, targets(other))


def test_an_account_that_is_another_one_now_is_unread_and_what_differs_is_named(cloud):
    moved = located(HOME, depot="2")
    plan = planned(snapped(cloud, HOME), moved)
    assert not plan.complete
    assert {"tank.a", "well.x"} <= set(plan.unknown)
    assert plan.actions == (), "nothing is compared with another account's state"
    [problem] = plan.problems
    assert problem.message.startswith(
        "depot: the snapshot is of another account (they differ in number): "
        "a plan without --live looks now"
    )


def test_an_account_of_another_service_now_is_unread(cloud):
    accounts = {**HOME.accounts, "tower": Place(service="depot")}
    moved = HOME._replace(accounts=accounts)
    _, observation = unseal(snapped(cloud, HOME), moved, SERVICES, targets(moved))
    assert [str(item.scope) for item in observation.unread] == ["tower"]
    assert "tower" not in observation.accounts


def test_an_account_without_objects_that_a_snapshot_does_not_hold_is_unread(cloud):
    fewer = HOME._replace(
        accounts={name: it for name, it in HOME.accounts.items() if name != "tower"}
    )
    some = {name: it for name, it in cloud.providers().items() if name != "tower"}
    plan = planned(snapped(cloud, fewer, some), HOME)
    assert not plan.complete
    assert [problem.address for problem in plan.problems] == ["tower"]


class Works(Place):
    def parts(self, kind):
        return ("de", "fr", "new") if kind == "tap" else (None,)


def test_a_part_without_objects_that_a_snapshot_does_not_hold_is_unread(cloud):
    services = [it._replace(account=Works) if it.name == "works" else it for it in SERVICES]
    more = HOME._replace(accounts={**HOME.accounts, "works": Works(service="works")})
    _, observation = unseal(snapped(cloud, HOME), more, services, targets(more))
    assert [str(item.scope) for item in observation.unread] == ["works/new"]


def test_a_kind_that_a_snapshot_does_not_hold_is_unread(cloud):
    content = Snapshot.model_validate_json(snapped(cloud, HOME))
    scopes = tuple(
        scope.model_copy(update={"kinds": ("tank",)}) if scope.account == "depot" else scope
        for scope in content.scopes
    )
    cut = content.model_copy(update={"scopes": scopes}).sealed()
    _, observation = unseal(as_json.render(cut).encode(), HOME, SERVICES, targets(HOME))
    [unread] = observation.unread
    assert (unread.scope.account, unread.scope.kinds) == ("depot", (Well,))


def test_a_kind_that_nobody_declares_and_an_old_snapshot_does_not_know_was_not_looked_for(cloud):
    content = Snapshot.model_validate_json(snapped(cloud, HOME))
    scopes = tuple(
        scope.model_copy(update={"kinds": ("tank",)}) if scope.account == "depot" else scope
        for scope in content.scopes
    )
    live = tuple(it for it in content.live if it.kind not in ("well", "pipe", "tap"))
    cut = content.model_copy(update={"scopes": scopes, "live": live}).sealed()
    less = HOME._replace(desired=tuple(it for it in HOME.desired if it == TANK))
    plan = planned(as_json.render(cut).encode(), less)
    assert plan.complete
    assert ("depot", "kinds that the snapshot does not know: well") in [
        (it.address, it.message) for it in plan.not_looked
    ]


def test_an_account_that_takes_no_part_may_have_become_another(cloud):
    moved = located(world(TANK), tower="2")
    some = {name: target for name, target in targets(moved).items() if name != "tower"}
    _, observation = unseal(snapped(cloud, HOME), moved, SERVICES, some)
    assert {item.account for item in observation.live} == {"depot", "works"}


def test_an_account_that_was_not_looked_at_is_unknown_and_not_empty(cloud):
    some = {name: it for name, it in cloud.providers().items() if name != "tower"}
    bell = declare("b", "tower", Bell(event="noon"))
    declared = located(world(*HOME.desired, bell))
    plan = planned(snapped(cloud, HOME, some), declared)
    assert plan.actions == ()
    assert plan.unknown == ("bell.b",)
    assert not plan.complete
    [problem] = plan.problems
    assert problem.message.startswith("tower: the snapshot does not hold it, as where it was")
    assert "a plan without --live looks now, and so does apply after the merge" in problem.message


def test_a_part_of_an_account_that_was_not_looked_at_is_unknown(cloud):
    providers = cloud.providers()
    scopes = [it for each in providers.values() for it in each.scopes() if it.part != "fr"]
    seen = run.observe(HOME, providers, everything=True)
    mine = dataclasses.replace(
        seen, live=tuple(it for it in seen.live if it.spec.partition() != "fr")
    )
    text = as_json.render(take(HOME, mine, scopes, targets(HOME), NOW)).encode()
    plan = planned(text, HOME)
    assert (plan.unknown, plan.actions) == (("tap.t[fr]",), ())


class Told(Tap):
    """A tap that is listed only for the uses that are asked for."""

    topical: ClassVar[bool] = True

    def topic(self):
        return self.use


@pytest.fixture
def topical(monkeypatch):
    monkeypatch.setitem(KINDS, "works", (Pipe, Told))
    monkeypatch.setattr("tests.toys.Tap", Told)
    return [
        service("works", Place, {"pipe": _shape(Pipe), "tap": _shape(Told)}),
        *(service for service in SERVICES if service.name != "works"),
    ]


@pytest.mark.parametrize(
    ("discovery", "unknown"), [(DECLARED, ("tap.new",)), (EVERYTHING, ())], ids=["declared", "all"]
)
def test_a_topic_declared_since_alone_is_unknown_where_only_declared_ones_were_asked_for(
    topical, discovery, unknown
):
    policy = Policy(prune=True)
    old = declare("old", "works", Told(client="de", use="u", pipe=""), refs={"pipe": PIPE})
    new = declare("new", "works", Told(client="de", use="v", pipe=""), refs={"pipe": PIPE})
    before = located(world(WELL, PIPE, old, policy=policy))
    cloud = Cloud()
    settle(cloud, before)
    text = snapped(cloud, before, discovery=discovery)
    after = located(world(WELL, PIPE, old, new, policy=policy))
    _, observation = unseal(text, after, topical, targets(after))
    plan = prepare(after, observation, identities=targets(after)).plan
    assert plan.unknown == unknown
    assert [action.action for action in plan.actions] == ["create"] * (not unknown)
    assert plan.complete is not bool(unknown)
    assert plan.summary["unchanged"] == 3
    if unknown:
        [problem] = plan.problems
        assert problem.address == "works/de/v"
        assert "take one that asks for all, which `reconciler snapshot` does" in problem.message


def test_what_could_not_be_read_then_keeps_its_reason(cloud):
    providers = cloud.providers()
    providers["works"].unreadable["fr"] = Transient("works", "List", "the service is busy")
    fewer = located(world(TANK, WELL, PIPE, TAPS["de"]))
    plan = planned(snapped(cloud, HOME, providers), fewer)
    assert not plan.complete
    assert plan.actions == ()
    [problem] = plan.problems
    assert problem.address == "works/fr"
    assert "the service is busy" in problem.message


def test_what_could_not_be_read_in_an_account_declared_no_more_does_not_matter(cloud):
    providers = cloud.providers()
    providers["tower"].unreadable[None] = Transient("tower", "List", "the service is busy")
    text = snapped(cloud, HOME, providers)
    fewer = HOME._replace(
        accounts={name: it for name, it in HOME.accounts.items() if name != "tower"}
    )
    plan = planned(text, fewer)
    assert (plan.complete, plan.problems) == (True, ())


def test_a_warning_given_then_is_given_again(cloud):
    providers = cloud.providers()
    told = providers["tower"].observe

    def observe(scope, interest):
        interest.warn("one type could not be asked for")
        return told(scope, interest)

    providers["tower"].observe = observe
    [warning] = planned(snapped(cloud, HOME, providers), HOME).warnings
    assert warning.message == "one type could not be asked for"


def test_it_is_dated_in_whole_seconds_of_utc(cloud):
    paris = NOW.astimezone(tz=datetime.now().astimezone().tzinfo)
    content = json.loads(snapped(cloud, HOME, now=paris))
    assert content["takenAt"] == "2026-07-01T12:30:15Z"


def test_its_age_is_the_time_since_and_never_negative(cloud):
    snapshot = Snapshot.model_validate_json(snapped(cloud, HOME))
    assert snapshot.age(snapshot.taken_at + timedelta(hours=2)) == 7200
    assert snapshot.age(snapshot.taken_at - timedelta(hours=2)) == 0


def test_an_account_told_in_another_shape_differs_in_everything(cloud):
    accounts = {**targets(HOME), "works": "elsewhere"}
    _, observation = unseal(snapped(cloud, HOME), HOME, SERVICES, accounts)
    [unread] = observation.unread
    assert "differ in everything" in unread.reason


def test_which_parts_an_account_has_is_asked_once_however_much_is_live():
    class Works(Account):
        asked: ClassVar[list[str]] = []

        def parts(self, kind):
            self.asked.append(kind)
            return ("de", "fr")

    accounts = {"works": Works(service="toy")}
    live = [
        Live("works", Tap(client=client, use=f"{number}", pipe="p"))
        for number in range(50)
        for client in ("de", "it")
    ]
    assert {it.spec.client for it in left_behind(live, accounts)} == {"it"}
    assert Works.asked == ["tap"]
