"""What a terminal shows: no wider than it is, no longer than can be read, and nothing unsaid."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from reconciler.core.model.finding import Finding
from reconciler.core.model.plan import Guard
from reconciler.core.verdicts.diagnosis import AccountReport, Complaint, Diagnosis
from reconciler.core.verdicts.drift import drift_of
from reconciler.core.verdicts.health import QueueHealth, Status
from reconciler.core.verdicts.proof import VERDICTS, LinkReport, Proof, Verification
from reconciler.reports import as_json, as_text
from reconciler.reports.differences import TIMES, of_action
from reconciler.reports.findings import verb_counts
from reconciler.reports.lines import NARROWEST, ONE_COLUMN, Screen, cells
from reconciler.reports.model import ActionResult, ApplyResult
from reconciler.reports.review_pages import review_markdown
from reconciler.reports.rollup import rolled_up
from reconciler.reports.shapes import MOST_LINES
from tests.drawing import examples
from tests.reports.goldens import SHOWN, WIDTHS, golden, shown
from tests.reports.plans import (
    VERBS,
    action,
    change,
    everything,
    fleet,
    plan,
    policy,
    statement,
)

CODES = re.compile(r"\x1b\[[\d;]*m")


def too_wide(text, width):
    """Return the lines that are wider than a screen and not one word that is."""
    lines = CODES.sub("", text).splitlines()
    return [line for line in lines if cells(line) > width and len(line.split()) > 1]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", SHOWN)
def test_a_terminal_shows_what_the_golden_file_holds(name, width):
    assert shown(name, width) == golden(name, width).read_text(encoding="utf-8"), (
        "look at the difference, then: python -m tests.reports.goldens"
    )


def test_our_own_signs_take_a_column_each():
    assert [sign for sign in ONE_COLUMN if cell_len(sign) != 1] == []
    assert cells(ONE_COLUMN) == len(ONE_COLUMN)
    assert cells(f"→ {chr(0x4E00)}") == 4


@pytest.mark.parametrize("width", WIDTHS)
def test_ten_thousand_changes_are_told_in_a_hundred_lines_and_all_of_them_are_counted(width):
    text = shown("fleet", width)
    assert len(text.splitlines()) <= MOST_LINES
    told = [int(number.replace(",", "")) for number in re.findall(rf"([\d,]+) {TIMES}", text)]
    alone = len(re.findall(r"^  [-+~±] [a-z]", text, re.MULTILINE))
    assert sum(told) + alone == 10_000
    assert "--full lists" in " ".join(text.split())


def test_full_lists_each_of_ten_thousand_changes():
    text = as_text.render(fleet(), Screen(full=True))
    assert len(re.findall(r"^  [-+~±] [a-z]", text, re.MULTILINE)) == 10_000


def test_what_goes_stands_last_and_one_by_one_while_there_is_room():
    gone = [action("delete", f"queue.aws-eu/q{n}", "aws-eu", {"name": f"q{n}"}) for n in range(40)]
    made = [action("create", f"queue.n{n}", "aws-eu", {"name": f"n{n}"}) for n in range(200)]
    lines = as_text.render(plan(*gone, *made)).splitlines()
    assert [line.split()[1] for line in lines[-40:]] == ["delete"] * 40
    assert f"  + 200 {TIMES} create queue, names n0 … n199" in lines


def test_what_cannot_be_told_in_a_hundred_lines_is_counted():
    many = [
        action("update", f"queue.q{n}", "aws-eu", {"name": f"q{n}"}, change(f"field{n}", n, -1 - n))
        for n in range(300)
    ]
    text = as_text.render(plan(*many))
    assert len(text.splitlines()) <= MOST_LINES
    assert f"and 280 {TIMES} update (--full lists each)" in text


def test_fields_of_what_is_created_are_told_on_request():
    made = action("create", "queue.q", "aws-eu", {"name": "q"}, change("delay", None, 5))
    assert "delay" not in as_text.render(plan(made))
    assert "      delay: 5" in as_text.render(plan(made), Screen(verbose=True)).splitlines()


def test_fields_of_what_is_missing_are_told_on_request():
    made = action("create", "queue.q", "aws-eu", {"name": "q"}, change("delay", None, 5))
    drift = drift_of(plan(made))
    assert "delay" not in as_text.render(drift)
    assert "      delay: 5" in as_text.render(drift, Screen(verbose=True)).splitlines()


def test_what_is_alike_in_many_accounts_is_told_as_one_in_the_order_people_count_in():
    made = [
        action("create", f"queue.{n}-{kind}", f"acme-{n}", {"name": f"x{kind}"})
        for n in range(1, 61)
        for kind in range(3)
    ]
    text = as_text.render(plan(*made))
    assert f"  + 180 {TIMES} create queue, accounts acme-1 … acme-60, names x0 … x2" in text


def made(numbers, **more):
    return [action("create", f"q.n-{n}", "eu", {"name": f"n-{n:03}"}, **more) for n in numbers]


def test_a_range_of_numbers_that_has_gaps_says_so():
    whole, gaps = (as_text.render(plan(*made(it))) for it in (range(1, 201), range(1, 400, 2)))
    assert f"  + 200 {TIMES} create q, names n-001 … n-200\n" in whole
    assert f"  + 200 {TIMES} create q, names n-001 … n-399 (with gaps)\n" in gaps


def test_a_range_over_two_rows_of_names_says_that_one_has_gaps():
    before = [action("create", f"q.a-{n}", "eu", {"name": f"a-{n}"}) for n in range(5)]
    whole, gaps = (
        as_text.render(plan(*before, *made(it))) for it in (range(1, 201), range(1, 400, 2))
    )
    assert f"  + 205 {TIMES} create q, names a-0 … n-200\n" in whole
    assert f"  + 205 {TIMES} create q, names a-0 … n-399 (with gaps)\n" in gaps


def test_what_is_told_as_one_says_how_many_are_adopted_and_what_causes_them():
    moved = change("delay", 0, 5)
    many = [
        action(
            *("update", f"queue.q{n}", f"eu-{n}", {"name": f"q{n}"}, moved),
            adopts=n < 7,
            caused_by="queue.x",
        )
        for n in range(200)
    ]
    text = " ".join(as_text.render(plan(*many)).split())
    assert "q199: delay (because of queue.x, 7 adopted)" in text
    [item] = rolled_up([of_action(it) for it in many])
    assert "delay: 0 → 5`, because of `queue.x`, 7 adopted, such as `queue.q0`" in item.brief


def test_notes_of_what_is_told_as_one_are_kept_in_comments():
    many = made(range(3), notes=("nothing is delivered in between",))
    [item] = rolled_up([of_action(it) for it in many])
    assert item.brief.endswith("such as `q.n-0`: nothing is delivered in between")
    assert item.full.endswith("\n  - nothing is delivered in between")


def test_where_nothing_was_compared_nothing_is_called_in_sync():
    nothing = plan(summary=dict.fromkeys((*VERBS, "unchanged", "unmanaged"), 0), accounts={})
    for report in (nothing, drift_of(nothing)):
        for text in (as_text.render(report), review_markdown(report)):
            assert "Nothing to compare: this run is about no account of the stack." in text
            assert not re.search("in sync|no drift|is as declared", text, re.IGNORECASE)


def test_what_went_quiet_does_not_hide_that_something_was_not_read():
    quiet = Finding(address="queue.q", message="quiet for 3 days")
    drift = drift_of(plan(complete=False)).model_copy(update={"quiet": (quiet,)})
    assert "which was not everything" in review_markdown(drift)
    assert "Quieter than usual" in review_markdown(drift)


def test_without_accounts_nothing_was_examined():
    none = Diagnosis(stack="acme", healthy=True, problems=(), accounts=())
    assert as_text.render(none) == "No accounts are declared: nothing was examined.\n"


def test_where_not_everything_was_read_nobody_is_known_to_be_another():
    assert "Not known to be ours, left alone:" in as_text.render(everything())
    for report in (everything(), drift_of(everything())):
        assert "2 not known to be ours" in review_markdown(report)
    whole = everything().model_copy(update={"complete": True})
    assert "Not ours, left alone:" in as_text.render(whole)


def test_old_and_new_values_stand_in_columns():
    changed = action(
        "update",
        "queue.q",
        "aws-eu",
        {"name": "q"},
        change("delay", 5, 10),
        change("messageRetention", 100, 7),
    )
    lines = as_text.render(plan(changed)).splitlines()
    assert "      delay:            5   → 10" in lines
    assert "      messageRetention: 100 → 7" in lines


def test_of_a_policy_only_the_statements_that_differ_are_told():
    before = policy(statement("sqs:Kept"), statement("sqs:Was", principal="arn:aws:iam::1:root"))
    after = policy(
        statement("sqs:Kept"), statement("sqs:Is", "sqs:Was", principal="arn:aws:iam::1:root")
    )
    changed = action("update", "queue.q", "aws-eu", {"name": "q"}, change("policy", before, after))
    text = as_text.render(plan(changed))
    assert "sqs:Kept" not in text
    assert "            + sqs:Is" in text.splitlines()
    assert "sqs:Was" not in text, "what the statement keeps is not told as a change"


def test_what_differs_never_reads_the_same():
    tags = change("tags", {"team": "none", "on": "true"}, {"on": True, "of": "x"})
    order = change("steps", ["a", "b"], ["b", "a"])
    changed = plan(action("update", "queue.q", "eu", {}, tags, order, change("kind", "none", None)))
    lines = [line.strip() for line in as_text.render(changed).splitlines()]
    for line in ('team: "none" → none', 'on: "true" → true', "- [a, b]", "+ [b, a]"):
        assert line in lines
    assert 'kind: "none" → none' in lines


def test_half_a_pair_of_surrogates_does_not_keep_a_plan_from_being_written():
    odd = change("policy", {"\ud800": ["\udfff"]}, None)
    written = as_json.render(plan(action("delete", "queue.q", "eu", {}, odd)))
    assert json.loads(written)["actions"][0]["changes"][0]["before"] == {"?": ["?"]}
    usual = plan(action("delete", "queue.q", "eu", {}, change("delay", 5.5, None)))
    assert json.loads(as_json.render(usual)) == json.loads(usual.model_dump_json())


def test_a_key_that_changes_is_named():
    tags = change("tags", {"team": "a", "old": "1"}, {"team": "b", "old": "1", "new": "2"})
    lines = as_text.render(plan(action("update", "queue.q", "aws-eu", {}, tags))).splitlines()
    assert "        team: a → b" in lines
    assert "        new: none → 2" in lines


def test_quiet_leaves_out_what_needs_nobody_and_keeps_what_goes_and_what_is_wrong():
    text = as_text.render(everything(), Screen(quiet=True))
    assert "create queue" not in text
    assert "Not ours" not in text
    for kept in ("3 to create", "delete queue.aws-eu/acme-old", "± replace", "Problems:", "refuse"):
        assert kept in text


def test_zeros_are_left_out_of_the_counts_and_the_question():
    summary = {"create": 3, "update": 0, "replace": 0, "delete": 1, "unchanged": 0}
    assert verb_counts(summary) == "3 creates and 1 delete"
    assert verb_counts({**summary, "update": 2}) == "3 creates, 2 updates and 1 delete"
    assert as_text.render(plan()).splitlines()[0] == (
        "Plan for stack acme-notifications: no changes; 7 unchanged"
    )


def test_signs_tell_what_colours_tell():
    text = as_text.render(everything())
    for sign, verb in (("+", "create"), ("~", "update"), ("±", "replace"), ("-", "delete")):
        assert f"  {sign} {verb} " in text


def test_colours_add_nothing_but_colours():
    plain = as_text.render(everything(), Screen(verbose=True))
    coloured = as_text.render(everything(), Screen(verbose=True, color=True))
    assert "\x1b[" in coloured
    assert CODES.sub("", coloured) == plain


def test_markup_of_the_library_is_text_in_names():
    name = "queue.[bold red]x[/]:boom:"
    text = as_text.render(plan(action("create", name, "aws-eu", {})), Screen(color=True))
    assert name in CODES.sub("", text)


def test_ten_thousand_results_are_told_in_a_hundred_lines_what_failed_first():
    results = [
        ActionResult(
            address=f"subscription.s[{number}]",
            action="create",
            outcome="failed" if number in (7, 8_000) else "done",
            error="denied" if number in (7, 8_000) else None,
        )
        for number in range(10_000)
    ]
    summary = {"done": 9_998, "failed": 2, "skipped": 0}
    lines = as_text.render(
        ApplyResult(result="failed", actions=tuple(results), summary=summary)
    ).splitlines()
    assert lines[0] == "  + create subscription.s[7]: failed: denied"
    assert f"9,998 {TIMES} create subscription: done" in lines[2]
    assert lines[-2].startswith("Not finished: 9,998 done, 2 failed. Mend the cause and")


WORDS = st.text(st.sampled_from("abc /:-_价🚚é[]{}\"'*"), max_size=90)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 10**6) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
ACTIONS = st.builds(
    lambda verb, name, account, pairs, note, adopts: action(
        verb,
        f"queue.{name}",
        account,
        {"name": name},
        *(change(f"f{number}{name[:9]}", *pair) for number, pair in enumerate(pairs)),
        notes=(note,) if note else (),
        adopts=adopts,
    ),
    st.sampled_from(["create", "update", "replace", "delete"]),
    WORDS,
    st.sampled_from(["aws-eu", "acme-app", "价格"]),
    st.lists(st.tuples(VALUES, VALUES), max_size=3),
    WORDS,
    st.booleans(),
)
FINDINGS = st.lists(st.builds(Finding, address=WORDS, message=WORDS), max_size=3).map(tuple)
GUARDS = st.builds(Guard, guard=WORDS, refused=st.booleans(), message=WORDS)


@settings(max_examples=examples(40, 1000))
@given(
    actions=st.lists(ACTIONS, max_size=8),
    found=FINDINGS,
    guards=st.lists(GUARDS, max_size=2).map(tuple),
    width=st.integers(NARROWEST, 160),
    verbose=st.booleans(),
    full=st.booleans(),
)
def test_no_line_is_wider_than_the_screen_but_a_word_that_is(
    actions, found, guards, width, verbose, full
):
    made = plan(*actions, problems=found, warnings=found, not_looked=found, guards=guards)
    screen = Screen(width=width, verbose=verbose, full=full)
    for report in (made, drift_of(made)):
        assert too_wide(as_text.render(report, screen), width) == []


def test_what_decided_stands_beside_addresses_only_where_all_of_it_has_room():
    reasons = ("it arrived", "nothing came within two minutes: look at the queue's policy")
    proofs = [
        Proof(
            address=f"subscription.s{at}",
            account="a",
            verdict="proven",
            link="test",
            reason=it,
            links=(),
        )
        for at, it in enumerate(reasons)
    ]
    report = Verification(
        stack="acme",
        complete=True,
        summary=dict.fromkeys(VERDICTS, 0) | {"proven": 2},
        subscriptions=tuple(proofs),
    )
    wide = as_text.render(report, Screen(width=120)).splitlines()
    assert wide[1] == "  ✓ proven     subscription.s0  test: it arrived"
    narrow = as_text.render(report, Screen(width=60)).splitlines()
    assert narrow[1:3] == ["  ✓ proven     subscription.s0", "      test: it arrived"]


def test_how_long_nothing_is_delivered_is_said_of_one_object_or_of_each():
    gone = [action("delete", f"queue.aws-eu/q{n}", "aws-eu", {}, gap_seconds=2.0) for n in (1, 2)]
    assert "1 object is without delivery, up to 2 seconds\n" in as_text.render(plan(gone[0]))
    assert "2 objects are without delivery, up to 2 seconds each\n" in as_text.render(plan(*gone))


HEALTH = st.lists(
    st.builds(
        QueueHealth,
        address=WORDS.map("queue.{}".format),
        account=WORDS,
        problems=st.lists(WORDS, max_size=2).map(tuple),
        state=st.just("present"),
        visible=st.none() | st.integers(0, 10**9),
        in_flight=st.integers(0, 10**6),
        oldest_seconds=st.none() | st.integers(0, 10**7),
    ),
    max_size=4,
).map(tuple)
PROOFS = st.lists(
    st.builds(
        Proof,
        address=WORDS,
        account=WORDS,
        verdict=st.sampled_from(VERDICTS),
        link=WORDS,
        reason=WORDS,
        links=st.lists(
            st.builds(LinkReport, link=WORDS, state=st.just("doubtful"), detail=WORDS), max_size=2
        ).map(tuple),
    ),
    max_size=3,
).map(tuple)
COMPLAINTS = st.lists(
    st.builds(
        Complaint,
        account=WORDS,
        stage=WORDS,
        check=WORDS,
        problem=WORDS,
        remedy=WORDS,
        optional=st.booleans(),
    ),
    max_size=3,
).map(tuple)
READY = AccountReport(account="acme-app", service="sp-api", healthy=True, checks=11)


@settings(max_examples=examples(40, 1000))
@given(queues=HEALTH, proofs=PROOFS, complaints=COMPLAINTS, width=st.integers(NARROWEST, 160))
def test_no_line_of_status_verify_and_doctor_is_wider_either(queues, proofs, complaints, width):
    counts = {it: sum(proof.verdict == it for proof in proofs) for it in VERDICTS}
    for report in (
        Status(
            stack="acme",
            healthy=False,
            complete=True,
            queues=queues,
            destinations=(),
            subscriptions=(),
        ),
        Verification(stack="acme", complete=True, summary=counts, subscriptions=proofs),
        Diagnosis(stack="acme", healthy=False, problems=complaints, accounts=(READY,)),
    ):
        assert too_wide(as_text.render(report, Screen(width=width)), width) == []
