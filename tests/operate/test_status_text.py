"""Health as lines: the worst first, and readable whatever the number."""

from reconciler.core.model.abilities import Metrics
from reconciler.core.verdicts.health import (
    DestinationHealth,
    QueueHealth,
    Status,
    SubscriptionHealth,
)
from reconciler.reports import as_text
from reconciler.reports.lines import Screen
from reconciler.reports.status_text import ALL_UP_TO


def queue(name, visible=0, *problems, **more):
    figures = {"in_flight": 0, "delayed": 0, "oldest_seconds": 0, **more}
    return QueueHealth(
        address=f"queue.{name}",
        account="aws",
        state="present",
        visible=visible,
        problems=problems,
        **figures,
    )


def status(*queues, subscriptions=(), unread=()):
    return Status(
        stack="acme",
        complete=not unread,
        queues=queues,
        destinations=(),
        subscriptions=tuple(subscriptions),
        unread=unread,
    ).judged()


def lines(report):
    return as_text.render(report).splitlines()


def listed(report):
    return [line.split()[1] for line in lines(report) if line.startswith(("  ✗", "  ✓", "  ?"))]


def test_what_needs_attention_stands_first_and_the_longest_wait_before_the_others():
    found = status(
        queue("a"),
        queue("b", 5, "too old", oldest_seconds=10),
        queue("c", 1, "too old", oldest_seconds=99),
        queue("d", 9),
    )
    assert listed(found) == ["queue.c", "queue.b", "queue.d", "queue.a"]


def test_of_ten_thousand_objects_only_those_that_need_attention_are_listed():
    many = [queue(f"q{number:05}", number) for number in range(9_999)]
    unread = SubscriptionHealth(address="subscription.x", account="a", state="unknown")
    found = status(*many, queue("bad", 7, "too many"), subscriptions=[unread] * (ALL_UP_TO + 1))
    assert listed(found) == ["queue.bad"]
    text = lines(found)
    assert (
        text[0]
        == f"Health of stack acme: {10_000 + ALL_UP_TO + 1:,} objects, 1 of them needs attention, "
        f"{ALL_UP_TO + 1} not read"
    )
    assert "    and 9,999 healthy (--full lists them)" in text
    assert f"    and 0 healthy, {ALL_UP_TO + 1} not read (--full lists them)" in text
    assert len(text) < 20


def test_totals_stand_in_the_title():
    found = status(queue("a", 1200, in_flight=3), queue("b", 34, delayed=5, dead_letters=6))
    expected = "Queues, about 1,234 waiting, 3 in flight, 5 delayed, 6 dead letters:"
    assert lines(found)[2] == expected


def test_bars_compare_queues_and_whatever_is_not_nothing_shows():
    found = lines(status(queue("a", 8000), queue("b", 4000), queue("c", 1), queue("d", 0)))
    bars = [line.partition("queue.")[2][3:11] for line in found if line.startswith("  ✓")]
    assert bars == ["█" * 8, "█" * 4 + " " * 4, "▏" + " " * 7, " " * 8]


def test_columns_are_aligned():
    found = lines(status(queue("a", 8000), queue("a-longer-name", 3)))
    assert len({line.index(" waiting") for line in found if " waiting  " in line}) == 1


def test_what_was_not_counted_is_said_to_be_unknown():
    assert "oldest unknown" in "\n".join(lines(status(queue("a", 1, oldest_seconds=None))))


def test_what_is_not_known_of_an_object_stands_below_it_and_keeps_the_verdict_open():
    dark = queue("b", 1).model_copy(update={"unknown": ("how long its oldest message waits",)})
    found = lines(status(queue("a"), dark))
    assert found[0] == "Health of stack acme: 2 objects, 1 of them not wholly known"
    at = found.index("      not known: how long its oldest message waits")
    assert found[at - 1].startswith("  ? queue.b")
    assert found[-1] == "Healthy in what is known: 1 object may not be."
    ill = dark.model_copy(update={"problems": ("too many",)})
    found = lines(status(queue("a"), ill))
    assert "      not known: how long its oldest message waits" in found
    assert found[-1] == "1 object needs attention."


def test_what_a_run_was_limited_to_stands_in_its_title():
    found = status(queue("a")).model_copy(update={"limits": ("--account aws",)})
    assert lines(found)[0] == "Health of stack acme (--account aws only): 1 object"


def test_what_could_not_be_read_is_told_and_keeps_the_verdict_open():
    found = lines(status(queue("a"), unread=("aws: ListQueues: denied",)))
    assert "    aws: ListQueues: denied" in found
    assert found[-1] == "Healthy in what could be read."


def test_merchant_metrics_stand_beside_the_state():
    metrics = Metrics(oldest_seconds=7200, acknowledged=1500, undelivered=2)
    item = SubscriptionHealth(
        address="subscription.shop", account="shop", state="enabled", health=metrics
    )
    text = "\n".join(lines(status(subscriptions=[item])))
    told = "enabled  1,500 acknowledged in 24 h  2 undelivered\n      oldest 2h"
    assert told in text, "a figure stays with its word"


def test_a_name_that_would_move_the_cursor_does_not():
    assert "\x1b" not in "".join(lines(status(queue("a\x1b[2J", 1, "b\x1b[2J"))))


def test_colours_are_for_terminals_only():
    report = status(queue("a", 1, "too many"))
    assert "\x1b[31m" in as_text.render(report, Screen(color=True))
    assert "\x1b" not in as_text.render(report)


def test_what_needs_attention_is_not_called_alive():
    well, ill = (
        DestinationHealth(address="destination.d", account="a", state="present", alive=True, **more)
        for more in ({}, {"problems": ("nothing is delivered",)})
    )
    assert "  ✓ destination.d  alive" in lines(
        status().model_copy(update={"destinations": (well,)})
    )
    assert "  ✗ destination.d  there" in lines(status().model_copy(update={"destinations": (ill,)}))


def test_where_there_is_nothing_nothing_is_called_healthy():
    assert lines(status())[-1] == "Nothing to measure: this run is about no object of the stack."


def test_what_was_not_read_is_counted_and_its_figures_are_no_zeros():
    unknown = queue("a").model_copy(update={"state": "unknown", "visible": None})
    found = lines(status(unknown, queue("b", 5), unread=("aws: denied",)))
    assert found[0] == "Health of stack acme: 2 objects, 1 of them not read"
    assert found[-1] == "Healthy in what could be read."
    found = lines(status(unknown, unread=("aws: denied",)))
    assert found[2] == "Queues:"
    assert found[-1] == "Nothing could be read."
