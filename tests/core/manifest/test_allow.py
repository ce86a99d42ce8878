"""policy.allow: a guard let through for once, until the end of a day that is near."""

from datetime import date, timedelta

import pytest

from tests.core.manifest.conftest import TODAY

LINE = "{guard: nonEmpty, address: queue.old, until: %s}"


@pytest.fixture
def allowing(declare):
    def make(*lines, today=TODAY):
        head = f"stack: acme\npolicy: {{prune: true, allow: [{', '.join(lines)}]}}\n"
        return declare("", head=head, today=today)

    return make


def test_the_forms_of_the_contract_are_read(allowing):
    found = allowing(
        "{guard: maxDeletes, upTo: 4, until: 2026-12-05, because: leaving Merchant}",
        "{guard: maxUpdates, upTo: 50%, until: 2026-12-05}",
        "{guard: nonEmpty, address: queue.old, until: '2026-12-05'}",
        '{guard: adopt, address: "queue.*", until: 2026-12-05}',
    ).policy.allow
    assert [(item.guard, str(item.up_to), item.address) for item in found] == [
        ("maxDeletes", "4", None),
        ("maxUpdates", "50%", None),
        ("nonEmpty", "None", "queue.old"),
        ("adopt", "None", "queue.*"),
    ]
    assert {item.until for item in found} == {date(2026, 12, 5)}
    assert found[0].because == "leaving Merchant"


@pytest.mark.parametrize(("days", "counts"), [(-1, False), (0, True), (1, True), (31, True)])
def test_it_counts_to_the_end_of_its_day_and_then_is_gone_with_a_warning(allowing, days, counts):
    found = allowing(LINE % (TODAY + timedelta(days=days)))
    assert [item.address for item in found.policy.allow] == (["queue.old"] if counts else [])
    ended = (
        "0.yaml:2:76: policy.allow.0: this ended on 2026-11-20 (UTC) and lets nonEmpty through no "
        "more: remove it"
    )
    assert [str(hint) for hint in found.hints] == ([] if counts else [ended])
    assert found.warnings == (), "it is nothing to say in every run"


def test_more_than_31_days_ahead_is_invalid(declare, refused):
    line = LINE % (TODAY + timedelta(days=32))
    head = f"stack: acme\npolicy: {{prune: true, allow: [{line}]}}\n"
    [message] = refused("", head=head)
    assert message.startswith("policy.allow.0.until: expected a day at most 31 days ahead")
    assert declare("", head=head, today=TODAY + timedelta(days=1)).policy.allow


def test_it_is_told_from_other_declarations_by_the_digest_and_so_is_every_part_of_it(allowing):
    lines = [
        "{guard: maxDeletes, upTo: 4, until: 2026-12-05}",
        "{guard: maxDeletes, upTo: 5, until: 2026-12-05}",
        "{guard: maxDeletes, upTo: 4, until: 2026-12-06}",
        "{guard: maxDeletes, upTo: 4, until: 2026-12-05, because: x}",
    ]
    digests = {allowing().digest, *(allowing(line).digest for line in lines)}
    assert len(digests) == 5
    assert allowing(lines[0]).digest == allowing(lines[0], today=date(2026, 12, 31)).digest
