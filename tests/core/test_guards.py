"""Each guard: its verdict, what it says, and its own override; nothing else lifts it."""

import pytest
import yaml

from reconciler.core.manifest.settings import Allowance, Limit, Policy
from reconciler.core.model.errors import PlanRefused
from reconciler.core.planning.plan import prepare
from reconciler.core.planning.terms import DestroyTerms, Terms
from reconciler.core.provider import Scope
from reconciler.core.world.matching import Selection
from reconciler.core.world.unread import Unread
from tests.toys import TODAY, Pipe, Spill, Tank, Tap, Well, declare, seen, standing, world

PRUNING = Policy(prune=True, max_deletes="100%")
KEPT = declare("kept", "depot", Tank(name="kept"))
ALL_BUT = {
    "prune": Terms(),
    "maxDeletes": Terms(max_deletes=Limit(count=1000)),
    "maxUpdates": Terms(max_updates=Limit(count=1000)),
    "empty": DestroyTerms(),
    "adopt": Terms(adopt=("*",)),
    "protect": Terms(unprotect=("*",)),
    "nonEmpty": Terms(allow_non_empty=True),
    "referenced": Terms(allow_referenced=True),
}


BY_ALLOWING = {
    "maxDeletes": Allowance(guard="maxDeletes", up_to=1000, until=TODAY),
    "maxUpdates": Allowance(guard="maxUpdates", up_to=1000, until=TODAY),
    **{
        name: Allowance(guard=name, address="*", until=TODAY)
        for name in ("adopt", "protect", "nonEmpty", "referenced")
    },
}


def allowing(policy, *names, but=()):
    """Return the policy with everything let through by these guards' lines, or by all but some."""
    wanted = names or [name for name in BY_ALLOWING if name not in but]
    return policy.model_copy(update={"allow": tuple(BY_ALLOWING[name] for name in wanted)})


def guards(*desired, live=(), policy=PRUNING, terms=None, unread=(), selection=None):
    prepared = prepare(
        world(*desired, policy=policy),
        seen(*live, unread=tuple(unread)),
        terms=terms or Terms(),
        selection=selection or Selection(),
    )
    return {guard.guard: guard for guard in prepared.plan.guards}


def refused(*desired, **situation):
    return [name for name, guard in guards(*desired, **situation).items() if guard.refused]


def only_its_own_lifts(name, *desired, **situation):
    """Say whether a guard refuses whatever is allowed besides, and not once it is itself lifted."""
    others = Terms(
        max_deletes=None if name == "maxDeletes" else Limit(count=1000),
        max_updates=None if name == "maxUpdates" else Limit(count=1000),
        adopt=() if name == "adopt" else ("*",),
        unprotect=() if name == "protect" else ("*",),
        allow_non_empty=name != "nonEmpty",
        allow_referenced=name != "referenced",
    )
    lifted = [name in refused(*desired, terms=ALL_BUT[name], **situation)]
    kept = [refused(*desired, terms=others, **situation)]
    if name in BY_ALLOWING:
        policy = situation.pop("policy", PRUNING)
        lifted.append(name in refused(*desired, policy=allowing(policy, name), **situation))
        kept.append(refused(*desired, policy=allowing(policy, but=[name]), **situation))
    return not any(lifted) and all(names == [name] for names in kept)


def tanks(number, **more):
    """Return tanks of ours as they stand live, with the declarations they were made from."""
    declared = [declare(f"t{it:02}", "depot", Tank(name=f"t{it:02}")) for it in range(number)]
    return declared, [standing(item, **more) for item in declared]


def test_every_guard_gives_its_verdict_in_every_plan():
    found = guards(KEPT, live=[standing(KEPT)])
    assert list(found) == [
        "prune",
        "maxDeletes",
        "maxUpdates",
        "empty",
        "partialRead",
        "target",
        "adopt",
        "protect",
        "nonEmpty",
        "referenced",
    ]
    assert not any(guard.refused for guard in found.values())
    assert all(guard.message for guard in found.values())


# prune


def test_without_prune_nothing_undeclared_is_deleted():
    declared, live = tanks(2)
    guard = guards(declared[0], live=live, policy=Policy(prune=False))["prune"]
    assert guard.refused
    assert guard.message == (
        "policy.prune is false, and this stack owns what it no longer declares: tank.depot/t01; "
        "declare it again, or set policy.prune: true"
    )


def test_without_prune_a_plan_that_deletes_nothing_is_not_refused():
    changed = declare("kept", "depot", Tank(name="kept", metal="zinc"))
    policy = Policy(prune=False)
    assert refused(changed, live=[standing(KEPT)], policy=policy) == []


def test_no_option_lifts_prune():
    declared, live = tanks(2)
    everything = Terms(
        max_deletes=Limit(count=9),
        max_updates=Limit(count=9),
        adopt=("*",),
        unprotect=("*",),
        allow_non_empty=True,
        allow_referenced=True,
    )
    policy = Policy(prune=False)
    assert refused(declared[0], live=live, policy=policy, terms=everything) == ["prune"]


def test_destroying_is_choosing_to_prune():
    _, live = tanks(2)
    policy = Policy(prune=False)
    assert refused(live=live, policy=policy, terms=DestroyTerms()) == []


# maxDeletes, maxUpdates


def deleting(number, *, of, **situation):
    declared, live = tanks(of)
    return guards(*declared[number:], live=live, **situation)["maxDeletes"]


def replacing(number, *, of, **situation):
    declared, live = tanks(of)
    changed = [
        declare(item.spec.name, "depot", Tank(name=item.spec.name, metal="zinc"))
        for item in declared[:number]
    ]
    return guards(*changed, *declared[number:], live=live, **situation)["maxDeletes"]


def updating(number, *, of, **situation):
    declared, live = tanks(of)
    changed = [
        declare(item.spec.name, "depot", Tank(name=item.spec.name, size=99))
        for item in declared[:number]
    ]
    return guards(*changed, *declared[number:], live=live, **situation)["maxUpdates"]


def test_a_share_is_30_percent_of_the_owned_live_objects_by_default():
    assert not deleting(3, of=10, policy=Policy(prune=True)).refused
    assert deleting(4, of=10, policy=Policy(prune=True)).refused


def test_a_share_applies_from_ten_owned_objects_up():
    assert not deleting(9, of=9, policy=Policy(prune=True)).refused
    assert deleting(9, of=10, policy=Policy(prune=True)).refused


def test_a_plain_number_applies_however_few_objects_there_are():
    policy = Policy(prune=True, max_deletes=1)
    assert not deleting(1, of=2, policy=policy).refused
    assert deleting(2, of=3, policy=policy).refused


def test_no_deletes_at_all_can_be_asked_for():
    policy = Policy(prune=True, max_deletes=0)
    assert not deleting(0, of=1, policy=policy).refused
    assert deleting(1, of=2, policy=policy).refused


def test_a_replace_counts_as_a_delete():
    assert not replacing(3, of=10, policy=Policy(prune=True)).refused
    assert replacing(4, of=10, policy=Policy(prune=True)).refused


def test_an_update_counts_as_no_delete_and_a_replace_as_no_update():
    policy = Policy(prune=True, max_deletes=0, max_updates=0)
    assert updating(1, of=2, policy=policy).refused
    declared, live = tanks(2)
    changed = declare("t00", "depot", Tank(name="t00", metal="zinc"))
    assert refused(changed, declared[1], live=live, policy=policy) == ["maxDeletes"]
    changed = declare("t00", "depot", Tank(name="t00", size=99))
    assert refused(changed, declared[1], live=live, policy=policy) == ["maxUpdates"]


def test_a_create_counts_as_neither():
    policy = Policy(prune=True, max_deletes=0, max_updates=0)
    assert refused(KEPT, policy=policy) == []


def test_updates_are_not_limited_unless_asked_for():
    assert not updating(12, of=12, policy=Policy(prune=True)).refused
    policy = Policy(prune=True, max_updates="50%")
    assert not updating(6, of=12, policy=policy).refused
    assert updating(7, of=12, policy=policy).refused


def test_what_is_not_ours_makes_no_share_larger():
    declared, live = tanks(9)
    others = [
        standing(declare(f"o{it}", "depot", Tank(name=f"o{it}")), owner="other") for it in range(9)
    ]
    policy = Policy(prune=True, max_deletes="30%")
    assert refused(*declared[9:], KEPT, live=[*live, *others], policy=policy) == []
    _, more = tanks(10)
    assert refused(KEPT, live=[*more, *others], policy=policy) == ["maxDeletes"]


def test_what_is_not_selected_makes_no_share_larger():
    declared, live = tanks(9)
    elsewhere = [standing(declare(f"w{it}", "depot-2", Tank(name=f"w{it}"))) for it in range(9)]
    policy = Policy(prune=True, max_deletes="30%")
    selection = Selection(accounts=frozenset({"depot"}))
    situation = {"live": [*live, *elsewhere], "policy": policy, "selection": selection}
    assert refused(declared[0], **situation) == []


def test_a_refused_limit_says_how_many_of_how_many_and_what_lifts_it():
    assert deleting(4, of=10, policy=Policy(prune=True)).message == (
        "4 deletes and replaces of 10 owned objects are more than the limit of 30%; if that is "
        "meant, allow it with --max-deletes 4, or once by this line of policy.allow: "
        "- {guard: maxDeletes, upTo: 4, until: 2026-11-28}"
    )
    assert updating(2, of=3, policy=Policy(prune=True, max_updates=1)).message == (
        "2 updates of 3 owned objects are more than the limit of 1; if that is meant, allow it "
        "with --max-updates 2, or once by this line of policy.allow: "
        "- {guard: maxUpdates, upTo: 2, until: 2026-11-28}"
    )


def test_a_limit_that_is_kept_says_so_too():
    message = deleting(1, of=10, policy=Policy(prune=True)).message
    assert message == "1 delete or replace of 10 owned objects, limit 30%"


def test_the_limit_on_the_command_line_wins_both_ways():
    looser, tighter = (Terms(max_deletes=Limit(count=it)) for it in (4, 0))
    assert not deleting(4, of=10, policy=Policy(prune=True), terms=looser).refused
    assert deleting(1, of=10, policy=Policy(prune=True), terms=tighter).refused
    assert updating(1, of=2, terms=Terms(max_updates=Limit(count=0))).refused


def test_only_its_own_option_lifts_a_limit():
    declared, live = tanks(10)
    policy = Policy(prune=True)
    assert only_its_own_lifts("maxDeletes", *declared[4:], live=live, policy=policy)
    changed = [declare(it.spec.name, "depot", Tank(name=it.spec.name, size=9)) for it in declared]
    policy = Policy(prune=True, max_updates="30%")
    assert only_its_own_lifts("maxUpdates", *changed, live=live, policy=policy)


def test_to_destroy_is_limited_only_by_a_limit_given_with_it():
    declared, live = tanks(12)
    policy = Policy(prune=True, max_deletes="30%")
    situation = {"live": live, "policy": policy}
    assert refused(*declared, terms=DestroyTerms(), **situation) == []
    limited = DestroyTerms(max_deletes=Limit(count=5))
    assert refused(*declared, terms=limited, **situation) == ["maxDeletes"]


# empty


def test_declaring_nothing_at_all_deletes_nothing():
    _, live = tanks(2)
    guard = guards(live=live)["empty"]
    assert guard.refused
    assert guard.message == (
        "nothing at all is declared, and 2 owned objects would go; if that is meant, use "
        "`reconciler destroy`"
    )
    assert only_its_own_lifts("empty", live=live)


def test_declaring_nothing_where_nothing_is_ours_is_no_danger():
    assert refused(live=[standing(KEPT, owner="other")]) == []


def test_deleting_all_but_one_thing_is_not_declaring_nothing():
    _, live = tanks(2)
    assert refused(KEPT, live=live) == []


# partial read, target


def test_a_partial_read_refuses_nothing_and_says_what_is_left_out():
    well = declare("x", "depot", Well(name="x"))
    scope = Scope("works", (Pipe,))
    unread = [Unread(scope, "works: ListPipes: the service is busy")]
    guard = guards(KEPT, live=[standing(well), standing(KEPT)], unread=unread)["partialRead"]
    assert not guard.refused
    assert guard.message == (
        "not everything could be read (works): nothing is done there or with what depends on it, "
        "and 1 delete is left out"
    )
    assert guards(KEPT)["partialRead"].message == "all was read that was asked for"


def test_a_target_filter_refuses_nothing_and_says_what_it_leaves_out():
    guard = guards(KEPT, selection=Selection(targets=("tank.kept",)))["target"]
    assert (guard.refused, guard.message) == (False, "nothing is deleted with --target")
    assert guards(KEPT)["target"].message == "no --target given"


# adopt

FOUND = standing(KEPT, owner=None)


def test_putting_our_mark_on_an_equal_object_needs_no_consent():
    assert refused(KEPT, live=[FOUND]) == []


def test_putting_our_protection_on_it_needs_none_either():
    protected = declare("kept", "depot", Tank(name="kept"), protect=True)
    assert refused(protected, live=[FOUND]) == []


def test_changing_an_object_without_our_mark_needs_consent():
    changed = declare("kept", "depot", Tank(name="kept", size=99))
    guard = guards(changed, live=[FOUND])["adopt"]
    assert guard.refused
    assert guard.message == (
        "these exist without our mark and would be changed: tank.kept; take them over with "
        "--adopt tank.kept (or policy.adopt: true), or once by this line of policy.allow: "
        "- {guard: adopt, address: tank.kept, until: 2026-11-28}"
    )
    assert only_its_own_lifts("adopt", changed, live=[FOUND])


def test_changing_its_other_tags_needs_consent_too():
    tagged = declare("kept", "depot", Tank(name="kept", tags={"reconciler": "1"}))
    assert refused(tagged, live=[FOUND]) == ["adopt"]


def test_replacing_an_object_without_our_mark_needs_consent():
    replaced = declare("kept", "depot", Tank(name="kept", metal="zinc"))
    assert refused(replaced, live=[FOUND]) == ["adopt"]


def test_changing_an_object_of_a_kind_without_marks_needs_consent():
    pipe = declare("p", "works", Pipe(well="arn:elsewhere", overflow=None))
    changed = standing(pipe, spec=Pipe(well="arn:elsewhere", overflow="t-1"))
    assert refused(pipe, live=[changed]) == ["adopt"]
    assert refused(pipe, live=[standing(pipe)]) == []


def test_the_policy_consents_to_every_adoption():
    changed = declare("kept", "depot", Tank(name="kept", size=99))
    assert refused(changed, live=[FOUND], policy=Policy(prune=True, adopt=True)) == []


def test_consent_covers_the_addresses_it_names_and_no_others():
    changed = [declare(name, "depot", Tank(name=name, size=99)) for name in ("one", "two")]
    live = [standing(declare(n, "depot", Tank(name=n)), owner=None) for n in ("one", "two")]
    guard = guards(*changed, live=live, terms=Terms(adopt=("tank.o*",)))["adopt"]
    assert guard.refused
    assert "--adopt tank.two" in guard.message
    assert "tank.one" not in guard.message


def test_what_is_ours_can_be_changed_without_consent():
    changed = declare("kept", "depot", Tank(name="kept", size=99))
    assert refused(changed, live=[standing(KEPT)]) == []


# protect


def test_what_is_protected_in_yaml_is_never_replaced():
    protected = declare("kept", "depot", Tank(name="kept", metal="zinc"), protect=True)
    guard = guards(protected, live=[standing(KEPT)])["protect"]
    assert guard.refused
    assert guard.message == (
        "these are protected and would be deleted or replaced: tank.kept; if that is meant, allow "
        "it with --unprotect tank.kept, or once by this line of policy.allow: "
        "- {guard: protect, address: tank.kept, until: 2026-11-28}"
    )
    assert only_its_own_lifts("protect", protected, live=[standing(KEPT)])


def test_what_bears_the_protecting_mark_is_not_deleted_by_deleting_its_yaml():
    other = declare("other", "depot", Tank(name="other"))
    live = [standing(KEPT, protected=True), standing(other)]
    assert only_its_own_lifts("protect", other, live=live)
    named = Terms(unprotect=("tank.depot/kept",))
    assert refused(other, live=live, terms=named) == []


def test_what_is_protected_may_still_be_updated():
    protected = declare("kept", "depot", Tank(name="kept", size=99), protect=True)
    assert refused(protected, live=[standing(KEPT, protected=True)]) == []


def test_what_is_taken_along_by_a_replaced_target_is_protected_as_well():
    tank = declare("a", "depot", Tank(name="a", metal="zinc"))
    spill = declare(
        "b", "depot", Tank(name="b", spill=Spill(tank="")), refs={"spill.tank": tank}, protect=True
    )
    live = [
        standing(tank, spec=Tank(name="a"), id="t-1"),
        standing(spill, spec=Tank(name="b", spill=Spill(tank="t-1"))),
    ]
    assert refused(tank, spill, live=live) == ["protect"]


# non-empty


def full(**more):
    return standing(KEPT, waiting=3, **more)


def test_a_queue_that_holds_messages_is_not_deleted():
    other = declare("other", "depot", Tank(name="other"))
    guard = guards(other, live=[full(), standing(other)])["nonEmpty"]
    assert guard.refused
    assert guard.message == (
        "these still hold messages, which would be lost: tank.depot/kept (about 3 messages); read "
        "them first, or allow it with --allow-non-empty, or once by this line of policy.allow: "
        "- {guard: nonEmpty, address: tank.depot/kept, until: 2026-11-28}"
    )
    assert only_its_own_lifts("nonEmpty", other, live=[full(), standing(other)])


def test_a_queue_that_holds_messages_is_not_replaced():
    replaced = declare("kept", "depot", Tank(name="kept", metal="zinc"))
    assert refused(replaced, live=[full()]) == ["nonEmpty"]


def test_a_queue_that_holds_messages_may_be_updated():
    changed = declare("kept", "depot", Tank(name="kept", size=99))
    assert refused(changed, live=[full()]) == []


def test_an_empty_queue_may_be_deleted():
    other = declare("other", "depot", Tank(name="other"))
    assert refused(other, live=[standing(KEPT, waiting=0), standing(other)]) == []


def test_the_policy_may_let_full_queues_go():
    policy = Policy(prune=True, max_deletes="100%", protect_non_empty_queues=False)
    other = declare("other", "depot", Tank(name="other"))
    assert refused(other, live=[full(), standing(other)], policy=policy) == []


# referenced


def referred(*, account="mains"):
    """Return a tank of ours that a pipe of somebody else refers to."""
    stranger = declare("s", account, Pipe(well="arn:elsewhere", overflow="t-1"))
    return [standing(KEPT, id="t-1"), standing(stranger)]


OTHER = declare("other", "depot", Tank(name="other"))


def test_what_others_still_point_at_is_not_deleted():
    live = [*referred(), standing(OTHER)]
    guard = guards(OTHER, live=live)["referenced"]
    assert guard.refused
    assert guard.message == (
        "others still point at what would go: tank.depot/kept (from pipe.mains/arn:elsewhere); "
        "remove them first, or allow it "
        "with --allow-referenced, or once by this line of policy.allow: "
        "- {guard: referenced, address: tank.depot/kept, until: 2026-11-28}"
    )
    assert only_its_own_lifts("referenced", OTHER, live=live)


def test_what_others_still_point_at_is_not_replaced_under_a_new_id():
    replaced = declare("kept", "depot", Tank(name="kept", metal="zinc"))
    assert only_its_own_lifts("referenced", replaced, live=referred())


def test_what_keeps_its_address_when_it_is_replaced_may_be_pointed_at():
    well = declare("x", "depot", Well(name="x", depth=2))
    pipe = declare("p", "works", Pipe(well=""), refs={"well": well})
    live = [standing(well, spec=Well(name="x")), standing(pipe)]
    assert refused(well, pipe, live=live) == []


def test_what_is_deleted_together_with_all_that_points_at_it_is_not_held():
    live = [
        standing(KEPT, id="t-1"),
        standing(
            declare("b", "depot", Tank(name="b")), spec=Tank(name="b", spill=Spill(tank="t-1"))
        ),
        standing(OTHER),
    ]
    assert refused(OTHER, live=live) == []


def test_what_is_moved_away_from_points_at_it_no_more():
    moved = declare("b", "depot", Tank(name="b"))
    live = [
        standing(KEPT, id="t-1"),
        standing(moved, spec=Tank(name="b", spill=Spill(tank="t-1"))),
    ]
    assert refused(moved, live=live) == []


def test_what_is_updated_but_not_moved_away_still_points_at_it():
    spilling = Tank(name="b", spill=Spill(tank="t-1"))
    ignoring = declare("b", "depot", Tank(name="b", size=99), ignore=frozenset({"spill"}))
    live = [standing(KEPT, id="t-1"), standing(ignoring, spec=spilling)]
    assert refused(ignoring, live=live) == ["referenced"]


def test_what_is_replaced_points_at_it_no_more():
    spec = Pipe(well="arn:x", gauge=2)
    pipe = declare("p", "works", spec, ignore=frozenset({"overflow"}))
    live = [
        standing(KEPT, id="t-1"),
        standing(pipe, spec=Pipe(well="arn:x", gauge=1, overflow="t-1")),
    ]
    adopting = Terms(adopt=("*",))
    assert refused(pipe, live=live, terms=adopting) == []


def test_pointing_at_oneself_holds_nothing():
    selfish = Tank(name="kept", spill=Spill(tank="t-1"))
    live = [standing(KEPT, spec=selfish, id="t-1"), standing(OTHER)]
    assert refused(OTHER, live=live) == []


def test_what_a_declaration_names_by_its_arn_is_not_deleted_though_it_is_not_there_yet():
    well = standing(declare("x", "depot", Well(name="x")))
    pipe = declare("p", "works", Pipe(well="arn:x"))
    guard = guards(pipe, live=[well])["referenced"]
    assert guard.refused
    assert "well.depot/x" in guard.message
    assert only_its_own_lifts("referenced", pipe, live=[well])


def test_ids_of_two_accounts_that_coincide_hold_nothing():
    """Taps point at pipes of their own account only."""
    pipe = standing(declare("p", "works", Pipe(well="arn:x", name="acme-p")), id="p-1")
    theirs = standing(declare("q", "mains", Pipe(well="arn:y", name="q")), id="p-1")
    tap = standing(declare("t", "mains", Tap(client="de", use="u", pipe="p-1")))
    assert refused(KEPT, live=[pipe, theirs, tap, standing(KEPT)]) == []


# let through once, in the declarations


def let(*lines):
    """Return a policy with lines of `policy.allow`, as read from YAML."""
    return PRUNING.model_copy(
        update={"allow": tuple(Allowance.model_validate(yaml.safe_load(it)[0]) for it in lines)}
    )


def test_what_is_let_through_covers_the_addresses_it_names_and_no_others():
    one, two = (
        standing(declare(name, "depot", Tank(name=name)), waiting=3) for name in ("one", "two")
    )
    policy = let("- {guard: nonEmpty, address: 'tank.depot/o*', until: 2026-11-21}")
    guard = guards(OTHER, live=[one, two, standing(OTHER)], policy=policy)["nonEmpty"]
    assert guard.refused
    assert guard.allow == ("- {guard: nonEmpty, address: tank.depot/two, until: 2026-11-28}",)
    assert "tank.depot/one" not in guard.message


def test_what_is_let_through_reaches_no_further_than_its_number():
    policy = let("- {guard: maxDeletes, upTo: 4, until: 2026-11-21}")
    policy = policy.model_copy(update={"max_deletes": Limit(percent=30)})
    assert not deleting(4, of=12, policy=policy).refused
    refusing = deleting(5, of=12, policy=policy)
    assert refusing.refused
    assert "more than the limit of 30% or 4;" in refusing.message


def test_a_limit_on_the_command_line_is_the_limit_whatever_is_let_through():
    policy = let("- {guard: maxDeletes, upTo: 4, until: 2026-11-21}")
    assert deleting(2, of=12, policy=policy, terms=Terms(max_deletes=Limit(count=1))).refused


def test_a_share_that_is_let_through_is_one_of_the_owned_objects():
    policy = let("- {guard: maxUpdates, upTo: 50%, until: 2026-11-21}")
    policy = policy.model_copy(update={"max_updates": Limit(count=0)})
    assert not updating(6, of=12, policy=policy).refused
    assert updating(7, of=12, policy=policy).refused


def test_every_address_that_is_refused_gets_its_line():
    _, live = tanks(7, protected=True)
    guard = guards(KEPT, live=live)["protect"]
    assert len(guard.allow) == 7
    assert guard.message.endswith("address: tank.depot/t00, until: 2026-11-28} and 6 more like it")


@pytest.mark.parametrize(
    "name",
    [
        "a,b",
        "a: b",
        "#a",
        "{a}",
        "[a]",
        '"',
        "\\",
        "a\nb",
        "\u202e",
        "\U000e0041",
        "é",
        "'",
        "- a",
        "",
    ],
)
def test_a_line_that_is_offered_lets_through_what_it_was_offered_for(name):
    strange = standing(declare("x", "depot", Tank(name=name)), waiting=1)
    situation = {"live": [strange, standing(OTHER)]}
    [line] = guards(OTHER, **situation)["nonEmpty"].allow
    assert line.isprintable()
    assert refused(OTHER, policy=let(line), **situation) == []


def test_a_guard_that_lets_a_plan_pass_offers_nothing():
    assert all(guard.allow == () for guard in guards(KEPT, live=[standing(KEPT)]).values())


def test_to_let_something_through_changes_the_fingerprint_by_the_declarations_digest():
    plans = [
        prepare(world(KEPT, digest=digest), seen()).plan for digest in ("sha256:0", "sha256:1")
    ]
    assert plans[0].actions == plans[1].actions
    assert plans[0].fingerprint != plans[1].fingerprint


def idle(policy, *, terms=None, selection=None, unread=()):
    found = prepare(
        world(OTHER, policy=policy),
        seen(standing(KEPT), standing(OTHER), unread=tuple(unread)),
        terms=terms or Terms(),
        selection=selection or Selection(),
    )
    return [
        item.message for item in found.plan.warnings if item.address == "policy.allow"
    ], found.idle


def test_what_is_let_through_of_nothing_is_warned_about():
    lines = [
        f"- {{guard: protect, address: '{address}', until: 2026-11-21}}"
        for address in ("tank.other", "tank.depot/kept", "tank.*", "tank.depot/kep", "tank.kept")
    ]
    warnings, _ = idle(let(*lines))
    assert [item.partition(":")[0] for item in warnings] == ["tank.depot/kep", "tank.kept"]
    assert warnings[0] == (
        "tank.depot/kep: nothing has this address, did you mean 'tank.depot/kept'?; remove the "
        "line, or mend it"
    )


def test_an_override_of_nothing_is_told_with_its_option():
    wrong = Terms(adopt=("tank.othr",), unprotect=("tank.other", "bell.*"))
    assert idle(PRUNING, terms=wrong)[1] == (
        "--adopt tank.othr: nothing has this address, did you mean 'tank.other'?",
        "--unprotect bell.*: nothing has this address",
    )


def test_what_was_not_looked_at_may_have_any_address():
    unread = [Unread(Scope("works", (Pipe,)), "busy")]
    elsewhere = Selection(accounts=frozenset({"depot"}))
    wrong = Terms(unprotect=("bell.*",))
    policy = let("- {guard: protect, address: 'bell.*', until: 2026-11-21}")
    assert idle(policy, terms=wrong, unread=unread) == ([], ())
    assert idle(policy, terms=wrong, selection=elsewhere) == ([], ())


# together


def test_many_addresses_are_told_in_short():
    declared, live = tanks(8)
    message = guards(declared[0], live=live, policy=Policy(prune=False))["prune"].message
    assert (
        "tank.depot/t01, tank.depot/t02, tank.depot/t03, tank.depot/t04, tank.depot/t05 and 2"
        in (message)
    )
    assert "t06" not in message


@pytest.mark.parametrize("name", ["prune", "maxDeletes"])
def test_two_guards_may_refuse_the_same_plan_and_each_says_so(name):
    declared, live = tanks(12)
    assert name in refused(declared[0], live=live, policy=Policy(prune=False))


def test_a_plan_is_made_whatever_its_guards_say():
    declared, live = tanks(12)
    try:
        prepared = prepare(world(declared[0], policy=Policy(prune=False)), seen(*live))
    except PlanRefused:
        pytest.fail("a guard's verdict stands in the plan; it is apply that is refused")
    assert prepared.plan.summary["delete"] == 11
