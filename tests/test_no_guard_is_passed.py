"""Whatever happened before: no guard is passed but by its own override, and what is not ours stays.

Hypothesis draws two declared worlds, trips guards on the live one and gives overrides at random.
What each guard must say is told here from the toy cloud and the declarations, by the contract's
words, not by the plan.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from reconciler import run
from reconciler.core.manifest.settings import Allowance, Limit, Policy
from reconciler.core.model.errors import PlanRefused, Transient, WrongUsage
from reconciler.core.planning.terms import DestroyTerms, Terms
from tests.drawing import examples
from tests.test_convergence import settle, strangers, untouched, worlds
from tests.toys import Bell, Cloud, Drain, Tank, Well, session

LIMITS = st.sampled_from([Limit(percent=0), Limit(percent=30), Limit(count=0), Limit(count=2)])
ENDS = date(2026, 11, 21)
LET_THROUGH = [
    *(
        Allowance(guard=guard, up_to=up_to, until=ENDS)
        for guard in ("maxDeletes", "maxUpdates")
        for up_to in (0, 2, 1000)
    ),
    *(
        Allowance(guard=guard, address=address, until=ENDS)
        for guard in ("adopt", "protect", "nonEmpty", "referenced")
        for address in ("*", "tank.*")
    ),
]
policies = st.builds(
    Policy,
    prune=st.booleans(),
    max_deletes=st.just(Limit(percent=100)) | LIMITS,
    max_updates=st.just(Limit(percent=100)) | LIMITS,
    protect_non_empty_queues=st.booleans(),
    adopt=st.booleans(),
    allow=st.lists(st.sampled_from(LET_THROUGH), max_size=3).map(tuple),
)
terms = st.builds(
    lambda *, destroying, **more: (DestroyTerms if destroying else Terms)(**more),
    max_deletes=st.none() | st.just(Limit(count=1000)) | LIMITS,
    max_updates=st.none() | st.just(Limit(count=1000)) | LIMITS,
    adopt=st.sampled_from([(), ("*",), ("tank.*",)]),
    unprotect=st.sampled_from([(), ("*",), ("tank.*",)]),
    allow_non_empty=st.booleans(),
    allow_referenced=st.booleans(),
    destroying=st.booleans(),
)
HISTORIES = settings(
    max_examples=examples(25, 500),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@dataclass
class Trap:
    """Which live objects are protected, full, or no longer bear our mark: by the name's letter."""

    protected: str
    full: str
    unmarked: str

    def set(self, cloud, before):
        for number, thing in list(cloud.things.items()):
            if number in before or not isinstance(thing.spec, Tank | Well):
                continue
            name = thing.spec.name
            cloud.things[number] = replace(
                thing,
                protected=name in self.protected,
                waiting=3 if name in self.full else 0,
                owner=None if name in self.unmarked else thing.owner,
            )


letters = st.sampled_from(["", "", "a", "bx", "abcdxyz"])
traps = st.builds(Trap, letters, letters, letters)


def matched(patterns, action):
    return "*" in patterns or (patterns == ("tank.*",) and action.kind == "tank")


def let_through(policy, guard, action):
    lines = [it.address for it in policy.allow if it.guard == guard]
    return any(matched((address,), action) for address in lines)


def within(policy, guard, usual, chosen, number, owned):
    """A limit on the command line is the limit; else the usual one or any that is let through."""
    raised = [it.up_to for it in policy.allow if it.guard == guard]
    limits = [usual, *raised] if chosen is None else [chosen]
    return any(allowed(limit, number, owned) for limit in limits)


def allowed(limit, number, owned):
    """Contract section 1: a plain number, or a share that counts from 10 owned objects up."""
    if limit.count is not None:
        return number <= limit.count
    return owned < 10 or number <= owned * limit.percent / 100


def expected(cloud, declared, given, plan):
    """Return the guards that have to refuse, told from the actions and the cloud."""
    policy, names = declared.policy, {"delete": [], "replace": [], "update": [], "create": []}
    for action in plan.actions:
        names[action.action].append(action)
    removed = names["delete"] + names["replace"]
    things = {}
    for thing in cloud.things.values():
        things.setdefault((thing.account, thing.spec.kind, str(_identity(thing.spec))), thing)
    behind = {
        action.address: things.get((action.account, action.kind, str(action.identity)))
        for action in plan.actions
    }
    owned = int(plan.guards[1].message.partition(" owned")[0].rpartition(" ")[2])
    desired = {item.address: item for item in declared.desired}
    found = set()
    if names["delete"] and not policy.prune and not given.destroying:
        found.add("prune")
    default = Limit(percent=100) if given.destroying else policy.max_deletes
    if not within(policy, "maxDeletes", default, given.max_deletes, len(removed), owned):
        found.add("maxDeletes")
    usual = policy.max_updates
    if not within(policy, "maxUpdates", usual, given.max_updates, len(names["update"]), owned):
        found.add("maxUpdates")
    if not declared.desired and plan.actions and not given.destroying:
        found.add("empty")
    if not policy.adopt and any(
        action.adopts
        and not matched(given.adopt, action)
        and not let_through(policy, "adopt", action)
        and _more_than_our_tag(action)
        for action in names["update"] + names["replace"]
    ):
        found.add("adopt")
    if any(
        not matched(given.unprotect, action)
        and not let_through(policy, "protect", action)
        and (
            behind[action.address].protected
            or (action.address in desired and desired[action.address].protect)
        )
        for action in removed
    ):
        found.add("protect")
    full = any(
        behind[action.address].waiting and not let_through(policy, "nonEmpty", action)
        for action in removed
    )
    if full and policy.protect_non_empty_queues and not given.allow_non_empty:
        found.add("nonEmpty")
    return found


def _identity(spec):
    return spec.identity_values()


def _more_than_our_tag(action):
    ours = {"tags.reconciler:stack", "tags.reconciler:protect"}
    return any(change.path not in ours for change in action.changes)


def gone(before, cloud):
    return {number: thing for number, thing in before.items() if number not in cloud.things}


@HISTORIES
@given(worlds(), worlds(), traps, policies, terms)
def test_no_guard_is_passed_but_by_its_own_override_and_a_refused_plan_changes_nothing(
    first, second, trap, policy, given
):
    cloud = Cloud()
    others = strangers(cloud)
    settle(cloud, first)
    trap.set(cloud, others)
    before = dict(cloud.things)
    declared = second._replace(policy=policy)
    one = session(declared, cloud.providers(), given)
    try:
        plan = (planned := run.plan(one)).plan
    except (PlanRefused, WrongUsage):
        assert cloud.things == before
        return
    refused = {guard.guard for guard in plan.refused()}
    # What others point at has a test of its own below: the cloud tells it by refusing.
    assert refused - {"referenced"} == expected(cloud, declared, given, plan)
    assert cloud.things == before, "planning writes nothing"
    if given.allow_referenced:
        assert "referenced" not in refused
    for name in refused:
        event(f"refused by {name}")
    if refused:
        with pytest.raises(PlanRefused):
            run.apply(one, planned)
        assert cloud.things == before, "what is refused changes nothing"
        return
    applied = run.apply(one, planned)
    assert untouched(cloud, others)
    names = {action.address for action in plan.actions if action.action != "create"}
    removed = list(gone(before, cloud).values())
    assert len(removed) <= sum(it.action in ("delete", "replace") for it in plan.actions)
    for thing in removed:
        open_ = {it.guard for it in policy.allow}
        assert not thing.protected or given.unprotect or "protect" in open_
        lost = given.allow_non_empty or not policy.protect_non_empty_queues or "nonEmpty" in open_
        assert not thing.waiting or lost
    if not given.allow_referenced and "referenced" not in {it.guard for it in policy.allow}:
        assert not cloud.dangling(), "nobody was left pointing at nothing"
    assert {outcome.address for outcome in applied.outcomes} >= names


@HISTORIES
@given(worlds(), worlds(), st.sampled_from(["depot", "works", "mains", "tower"]), terms)
def test_nothing_is_removed_in_an_account_that_could_not_be_read_whatever_is_allowed(
    first, second, account, given
):
    cloud = Cloud()
    others = strangers(cloud)
    settle(cloud, first)
    before = dict(cloud.things)
    providers = cloud.providers()
    for part in (None, "de", "fr"):
        providers[account].unreadable[part] = Transient(account, "List", "busy")
    one = session(second, providers, given)
    try:
        planned = run.plan(one)
    except (PlanRefused, WrongUsage):
        return
    assert not planned.plan.complete
    assert not [it for it in planned.plan.actions if it.account == account]
    with suppress(PlanRefused):
        run.apply(one, planned)
    assert untouched(cloud, others)
    mine = {number: it for number, it in before.items() if it.account == account}
    assert untouched(cloud, mine)


@HISTORIES
@given(worlds(), worlds(), st.sampled_from(["*", "tank.*", "tap.*", "*-renamed"]), terms)
def test_nothing_is_deleted_with_a_target_whatever_is_allowed(first, second, pattern, given):
    cloud = Cloud()
    others = strangers(cloud)
    settle(cloud, first)
    given = Terms(**{**dict(given), "targets": (pattern,)})
    one = session(second, cloud.providers(), given)
    try:
        planned = run.plan(one)
    except (PlanRefused, WrongUsage):
        return
    assert not [it for it in planned.plan.actions if it.action == "delete"]
    with suppress(PlanRefused):
        run.apply(one, planned)
    assert untouched(cloud, others)


@HISTORIES
@given(worlds(), traps)
def test_destroying_removes_all_that_is_ours_and_nothing_else(first, trap):
    cloud = Cloud()
    others = strangers(cloud)
    settle(cloud, first)
    given = DestroyTerms(allow_non_empty=True, unprotect=("*",))
    trap.unmarked = ""
    trap.set(cloud, others)
    one = session(first, cloud.providers(), given)
    assert run.apply(one, run.plan(one)).done
    assert cloud.things == others
    with suppress(WrongUsage):  # nothing is left to take the protection off
        assert run.plan(one).plan.actions == ()


ACCOUNTS = ["depot", "works", "mains", "tower"]
some = st.sets(st.sampled_from(ACCOUNTS))


def of_other(spec):
    """Return a spec under the name that another stack gives it, where names tell whose it is."""
    if not isinstance(spec, Drain):
        return spec
    return spec.model_copy(update={"name": spec.name.replace("acme--", "other--")})


@HISTORIES
@given(worlds(), worlds(), some, some, terms)
def test_what_another_stack_brought_about_stays_however_little_is_read(
    first, second, unreadable, left_out, given
):
    cloud = Cloud()
    desired = tuple(
        replace(item, stack="other", spec=of_other(item.spec)) for item in first.desired
    )
    others = first._replace(stack="other", desired=desired)
    try:
        one = session(others, cloud.providers())
        run.apply(one, run.plan(one))
    except PlanRefused:
        return
    # A bell is ours once it is declared, whoever made it.
    theirs = {number: it for number, it in cloud.things.items() if not isinstance(it.spec, Bell)}
    providers = cloud.providers()
    for account in unreadable:
        for part in (None, "de", "fr"):
            providers[account].unreadable[part] = Transient(account, "List", "busy")
    chosen = tuple(name for name in ACCOUNTS if name not in left_out)
    given = given.model_copy(update={"adopt": (), "accounts": chosen})
    one = session(second, providers, given)
    try:
        planned = run.plan(one)
    except (PlanRefused, WrongUsage):
        return
    with suppress(PlanRefused):
        if run.apply(one, planned).outcomes:
            event("applied")
    assert untouched(cloud, theirs)
