"""What a page of a review holds at any size, and that no live value can break out of it."""

import re
from functools import cache
from html.parser import HTMLParser

import pytest
import yaml
from markdown_it import MarkdownIt

from reconciler.core.model.finding import Finding
from reconciler.core.model.plan import (
    Action,
    Estimate,
    FieldChange,
    Guard,
    Plan,
    PlannedWave,
    Unmanaged,
)
from reconciler.core.planning.terms import line
from reconciler.core.verdicts.drift import drift_of
from reconciler.github.marker import BODY_BYTES, Marker, without_byline
from reconciler.reports import findings
from reconciler.reports.application import refusal
from reconciler.reports.markdown import code
from reconciler.reports.model import ActionResult, ApplyResult
from reconciler.reports.outcome_pages import application_page, failure_page, validation_page
from reconciler.reports.pages import Extent, fitted, size
from reconciler.reports.review_pages import Background, drift_page, plan_page
from reconciler.reports.validation import Located, Validation
from tests.github.conftest import HOSTILE
from tests.toys import TODAY

VERBS = ("create", "update", "replace", "delete")
SUMMARY_BYTES = 900 * 1024


def action(number=1, verb="update", **more):
    changes = [
        FieldChange(
            path="callBackUri",
            before=f"https://a.example/{number}/X",
            after=f"https://b.example/{number}/X",
        )
    ]
    return Action(
        **{
            "action": verb,
            "address": f"subscription.s[{number}]",
            "kind": "subscription",
            "account": "shop",
            "identity": {"target": str(number)},
            "changes": tuple(changes),
            **more,
        }
    )


def plan(*actions, **more):
    verbs = ("create", "update", "replace", "delete")
    counts = {verb: sum(item.action == verb for item in actions) for verb in verbs}
    return Plan(
        **{
            "format_version": 1,
            "stack": "acme",
            "declarations_digest": "sha256:0",
            "fingerprint": "sha256:f1",
            "complete": True,
            "summary": {**counts, "unchanged": 0, "unmanaged": 0},
            "guards": (),
            "estimate": Estimate(calls=len(actions), seconds=1),
            "actions": actions,
            "unmanaged": (),
            **more,
        }
    )


def page(*actions, **more):
    return plan_page(plan(*actions, **more), Background())


@cache
def thousands(number=1_000):
    return [action(item) for item in range(number)]


# how much is told


def test_a_plan_that_fits_is_told_in_full_and_says_nothing_about_cuts():
    text, extent = fitted(page(action(1), action(2)), BODY_BYTES)
    assert extent == Extent.full
    assert "callBackUri: https://a.example/2/X → https://b.example/2/X" in text
    assert "not fit for approval" not in text


def test_ten_thousand_equal_changes_are_told_as_one_within_the_budget():
    text, extent = fitted(page(*thousands(10_000)), BODY_BYTES)
    assert extent == Extent.rolled
    assert size(text) <= BODY_BYTES
    assert (
        "**10,000** \u00d7 update subscription: "
        "`callBackUri: https://a.example/… → https://b.example/…`" in text
    )
    assert "not fit for approval" in text
    assert "sha256:f1" in text


def test_exceptions_come_before_what_is_alike():
    odd = action(5, changes=(FieldChange(path="callBackUri", before="x", after="https://evil/"),))
    text, _ = fitted(page(*thousands(), odd), BODY_BYTES)
    assert text.index("https://evil/") < text.index("1,000** \u00d7")


def test_what_is_not_the_same_is_not_told_as_the_same():
    other = [
        action(n, changes=(FieldChange(path="callBackUri", before="https://a/x", after=f"z{n}"),))
        for n in range(3)
    ]
    text, _ = fitted(page(*thousands(), *other), BODY_BYTES)
    assert "**1,000** \u00d7" in text
    assert all(f"→ z{n}" in text for n in range(3))


def test_long_values_that_differ_only_at_their_ends_are_not_told_as_the_same():
    lists = [["x" * 300, "one"], ["x" * 300, "two"]]
    odd = [
        action(n, changes=(FieldChange(path="filter", before=[], after=value),))
        for n, value in enumerate(lists)
    ]
    text, _ = fitted(page(*thousands(), *odd), BODY_BYTES)
    assert "**2** \u00d7" not in text


def test_deletes_stand_before_everything_else_and_are_never_told_as_one():
    gone = [action(n, "delete", address=f"queue.aws/gone-{n}") for n in range(200)]
    text, extent = fitted(page(*thousands(), *gone), BODY_BYTES)
    assert extent == Extent.rolled
    assert all(f"delete `queue.aws/gone-{n}`" in text for n in range(200))
    assert text.index("gone-199") < text.index("1,000** \u00d7")


def test_the_verdict_is_first_then_guards_problems_deletes_replaces_and_the_rest():
    guard = Guard(guard="maxDeletes", refused=True, message="too many")
    text, _ = fitted(
        page(
            action(1, "create"),
            action(2),
            action(3, "replace"),
            action(4, "delete"),
            guards=(guard,),
            problems=(Finding(address="shop", message="was not read"),),
            warnings=(Finding(address="queue.q", message="wide open"),),
            complete=False,
        ),
        BODY_BYTES,
    )
    wanted = ["Apply would refuse this", "Refused by guards", "Problems", "To delete"]
    wanted += ["To replace", "To update", "To create", "Warnings", "Fingerprint"]
    found = [text.index(word) for word in wanted]
    assert found == sorted(found)


def test_different_changes_stay_within_the_budget_and_count_what_is_left_out():
    different = [
        action(n, changes=(FieldChange(path="p", before=n, after="é€" * 40),)) for n in range(2_000)
    ]
    text, extent = fitted(page(*different), BODY_BYTES)
    assert extent == Extent.rolled
    assert BODY_BYTES / 3 < size(text) <= BODY_BYTES
    left = int(re.search(r"and ([\d,]+) more lines", text)[1].replace(",", ""))
    assert left + text.count("- update") == 2_000


def test_a_summary_holds_more_than_a_comment_and_stays_within_its_budget():
    gone = [action(n, "delete", address=f"queue.aws/{'n' * 80}-{n}") for n in range(20_000)]
    text, _ = fitted(page(*gone), SUMMARY_BYTES)
    assert BODY_BYTES < size(text) <= SUMMARY_BYTES


def test_where_not_even_lists_fit_the_counts_and_the_fingerprint_stand():
    guards = tuple(Guard(guard=f"g{n}", refused=True, message="x" * 300) for n in range(10))
    text, extent = fitted(page(*thousands(50), guards=guards), 500)
    assert extent == Extent.counts
    assert "**50** to update" in text
    assert "sha256:f1" in text
    assert "not fit for approval" in text


def test_what_masking_makes_longer_still_fits():
    text, _ = fitted(page(*thousands(200)), BODY_BYTES, lambda told: told.replace("e", "*" * 9))
    assert size(text) <= BODY_BYTES


def test_long_lists_are_folded_away_and_refused_guards_never():
    guards = tuple(Guard(guard=f"g{n}", refused=True, message="no") for n in range(20))
    text, _ = fitted(page(*thousands(11), guards=guards), SUMMARY_BYTES)
    assert text.count("<details>") == text.count("</details>") == 1
    assert text.index("g19") < text.index("<details>")


def test_what_goes_stands_open_and_the_rest_is_folded_away():
    told = page(*[action(n, verb) for n, verb in enumerate(VERBS)], unknown=("queue.q",))
    for text in (fitted(told, BODY_BYTES)[0], fitted(told, 2_000)[0]):
        folded = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
        for title, stays in (("create", 0), ("update", 0), ("replace", 1), ("delete", 1)):
            assert (f"To {title} (1)" in folded) == bool(stays)
            assert f"To {title} (1)" in text
        assert "Unknown, left alone (1)" not in folded


def test_a_table_counts_what_is_done_in_which_account():
    many = [action(n, "create", account=f"a|{n:02}") for n in range(20)]
    text, _ = fitted(page(action(1, "delete"), *many), BODY_BYTES)
    html = MarkdownIt("commonmark").enable("table").render(text)
    rows = [
        [re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    ]
    assert rows[0] == ["account", "+ create", "- delete"], "what does not occur has no column"
    assert rows[1:3] == [["shop", "", "1"], ["a|00", "1", ""]]
    assert rows[-2:] == [["9 more", "9", ""], ["total", "20", "1"]]


def test_code_of_a_page_is_no_wider_than_github_shows_it():
    statement = {"Action": [f"sqs:Do{n}" for n in range(30)], "Effect": "Allow"}
    wide = FieldChange(path="policy", before={"Statement": []}, after={"Statement": [statement]})
    told = [action(1, changes=(wide,)), action(2, "create", changes=(wide,))]
    text, _ = fitted(page(*told), BODY_BYTES)
    blocks = [it.content for it in MarkdownIt().parse(text) if it.type == "fence"]
    assert len(blocks) == 2
    assert max(len(line) for block in blocks for line in block.splitlines()) <= 88


def test_the_lines_that_let_a_plan_through_stand_together_to_be_pasted():
    names = ["queue.a", "queue.```", "queue.</details>"]
    guards = [
        Guard(guard="prune", refused=True, message="no"),
        *(
            Guard(guard=guard, refused=True, message="no", allow=tuple(lines))
            for guard, lines in (
                ("maxDeletes", [line("maxDeletes", 4, TODAY)]),
                ("protect", [line("protect", name, TODAY) for name in names]),
            )
        ),
    ]
    application = ApplyResult(result="refused", actions=(), summary={}, guards=tuple(guards))
    refusing = plan(action(1, "delete"), guards=tuple(guards))
    for page in (plan_page(refusing, Background()), application_page(application, "acme")):
        text, _ = fitted(page, 60_000)
        [fence] = [it for it in MarkdownIt().parse(text) if it.content.startswith("- {guard")]
        assert [tuple(it)[:2] for it in yaml.safe_load(fence.content)] == [
            ("guard", "upTo"),
            *[("guard", "address")] * 3,
        ]
        assert [it["address"] for it in yaml.safe_load(fence.content)[1:]] == names


def test_drift_of_thousands_is_rolled_up_too():
    text, extent = fitted(drift_page(drift_of(plan(*thousands())), Background()), BODY_BYTES)
    assert extent == Extent.rolled
    assert "**1,000** \u00d7 changed subscription" in text


# what live values may do


class Visible(HTMLParser):
    """Notes the text outside of code, and every element with its attributes."""

    def __init__(self, html):
        super().__init__()
        self.inside, self.text, self.elements, self.remarks = 0, [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.inside += tag == "code"

    def handle_endtag(self, tag):
        self.inside -= tag == "code"

    def handle_data(self, data):
        if not self.inside:
            self.text.append(data)

    def handle_comment(self, data):
        self.remarks.append(data)


HARM = (
    HOSTILE.replace("\u202e", "")
    + " </code></pre><script>alert(1)</script> acme/x#1 www.x.example $x$"
)


def unescaped(text):
    """Yield the runs of text outside of code that no escape parts."""
    for block in MarkdownIt("commonmark").disable("text_join").parse(text):
        yield from (item.content for item in block.children or () if item.type == "text")


def hostile_pages():
    odd = action(1, address=f"queue.aws/{HARM}", caused_by=HARM, notes=(HARM,), kind=HARM)
    tags = FieldChange(path=f"tags.{HARM}", before=HARM, after=[HARM, {HARM: HARM}])
    alike = [
        action(n, address=f"q{HARM}.{n}{HARM}", changes=(tags,), notes=(HARM,)) for n in range(3)
    ]
    finding = Finding(address=HARM, message=HARM)
    told = plan(
        odd,
        *alike,
        action(9, "delete", address=HARM, changes=(tags,)),
        action(8, "create", changes=(tags,)),
        guards=(Guard(guard="protect", refused=True, message=HARM),),
        problems=(finding,),
        warnings=(finding,),
        unknown=(HARM, "", "`", "``"),
        unmanaged=(Unmanaged(kind="queue", account=HARM, identity={"name": HARM}),),
    )
    result = ActionResult(address=HARM, action="create", outcome="failed", error=HARM)
    application = ApplyResult(
        result="failed", actions=(result,), summary={"failed": 1}, message=HARM, problems=(finding,)
    )
    located = Located(file=HARM, line=1, column=1, message=HARM)
    background = Background(limits=(f"--target {HARM}",))
    return {
        "plan": plan_page(told, background),
        "drift": drift_page(drift_of(told), background),
        "apply": application_page(application, "acme"),
        "validate": validation_page(Validation(valid=False, errors=(located,))),
        "failure": failure_page("plan", [HARM], "acme"),
    }


@pytest.mark.parametrize("limit", [BODY_BYTES, 9_000])
@pytest.mark.parametrize("name", hostile_pages())
def test_no_live_value_breaks_out_of_a_page(name, limit):
    text, _ = fitted(hostile_pages()[name], limit)
    seen = Visible(MarkdownIt("commonmark", {"html": True}).render(text))
    tags = {tag for tag, _ in seen.elements}
    assert "everyone" in text
    assert not tags & {"script", "img", "a"}, tags
    assert seen.remarks == []
    shown = "".join(seen.text)
    assert not re.search(r"@\w", shown), "a mention"
    assert not re.search(r"#\d", shown), "a reference"
    assert {it for it in seen.text if "$" in it} <= {"$"}, "a formula"
    for words in unescaped(text):
        assert "://" not in words, "a bare link"
        assert "www." not in words, "a bare link"


def test_an_empty_value_opens_no_code_that_a_later_one_could_close():
    text = f"{code('')} and {code('`` @everyone ``')} and {code('``')}"
    seen = Visible(MarkdownIt("commonmark").render(text))
    assert seen.text == [" and ", " and ", "\n"]


def test_every_element_of_a_page_is_one_of_ours():
    text, _ = fitted(page(*thousands(20)), BODY_BYTES)
    seen = Visible(MarkdownIt("commonmark", {"html": True}).render(text))
    ours = {"h2", "h3", "h4", "p", "strong", "code", "pre", "details", "summary", "ul", "li"}
    assert {tag for tag, _ in seen.elements} <= ours


def test_no_limit_can_end_the_marker():
    line = Marker("plan", "acme", (f"--target {HOSTILE} -->",)).line()
    assert line.count("-->") == 1
    assert "\n" not in line


def test_a_value_that_looks_like_the_byline_hides_nothing_from_the_comparison():
    from reconciler.github.comment import CommentContent

    marker = Marker("plan", "acme")
    one, two = (
        CommentContent(f"x <!-- reconciler:byline --> delete {name}", "by 1", "declared", "b").body(
            marker
        )
        for name in "ab"
    )
    assert without_byline(one) != without_byline(two)
    assert without_byline(one) == without_byline(one.replace("by 1", "by 3"))


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("aws-eu: ListQueues: AccessDenied", "- `aws-eu`: ListQueues: AccessDenied"),
        ("aws-eu is not read", "- aws-eu is not read"),
        ("no answer", "- `aws-eu`: no answer"),
    ],
)
def test_an_account_is_named_once_in_a_sentence(message, told):
    finding = Finding(address="aws-eu", message=message)
    assert findings.item(finding) == told
    assert findings.sentence(finding).count("aws-eu") == 1


# the picture


def drawn(*actions, length=1000, **more):
    picture = "flowchart LR\n" + "x" * length + "\n"
    return plan_page(plan(*actions, **more), Background(picture=picture))


def test_the_picture_is_folded_and_stands_where_something_changes():
    text, _ = fitted(drawn(action()), BODY_BYTES)
    assert "<details><summary>Picture: " in text
    assert text.index("```mermaid\nflowchart LR") > text.index("subscription.s[1]")
    assert "mermaid" not in fitted(drawn(), BODY_BYTES)[0]


def test_the_picture_is_the_first_to_go_where_not_everything_fits():
    page = drawn(*(action(number) for number in range(40)), length=20_000)
    whole_text, _ = fitted(page, BODY_BYTES)
    small_text, extent = fitted(page, 20_000)
    assert "mermaid" in whole_text
    assert "mermaid" not in small_text
    assert extent is Extent.full


def test_beside_what_is_rolled_up_the_picture_stands_if_it_fits():
    page = drawn(*(action(number, "create") for number in range(4000)))
    text, extent = fitted(page, BODY_BYTES)
    assert extent is Extent.rolled
    assert "```mermaid" in text
    assert size(text) <= BODY_BYTES


def test_a_picture_that_github_would_not_draw_is_left_out():
    text, _ = fitted(drawn(action(), length=50_000), BODY_BYTES)
    assert "mermaid" not in text


def test_a_run_that_keeps_a_page_links_to_it():
    line = Background(paged=True).byline("Planned", "https://github.example/run/1", "")
    assert "[report page](https://github.example/run/1#artifacts)" in line


def test_a_plan_tells_its_waves_and_nothing_in_their_names_is_markup():
    waves = (
        PlannedWave(
            name="<b>*", summary={"update": 1}, members=("a", "b", "c", "d"), verified=True
        ),
        PlannedWave(name="100%", summary={"update": 1, "delete": 1}, verified=True),
    )
    text, _ = fitted(plan_page(plan(action(), waves=waves), Background()), BODY_BYTES)
    title = "one with a failure, or that does not deliver, leaves those after it to a later run"
    assert f"In waves; {title}" in text
    for told in (
        "- `<b>*`: 1 update for `a`, `b`, `c` and 1 more",
        "- `100%`: 1 update and 1 delete",
        "- deletes follow in the same order",
    ):
        assert f"{told}\n" in text


def test_an_apply_that_was_only_cut_short_has_no_cause_to_mend():
    ended = ApplyResult(result="failed", actions=(), summary={"skipped": 2}, cut_short=True)
    head = application_page(ended, "acme").head
    assert "**Not finished.** Apply again: it goes on from there." in head
    cause = application_page(ended.model_copy(update={"cut_short": False}), "acme").head
    assert "Mend the cause and apply again" in cause


def test_an_apply_of_a_part_says_so_refused_or_not():
    part = plan(action(), limits=("--shard 1/2",))
    head = application_page(refusal(part, ["no"]), "acme").head
    assert head.startswith("## Apply of stack `acme` (`--shard 1/2` only)\n")
