"""YAML that reads as if written by hand, and that every parser reads the same."""

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reconciler.core.manifest.nodes import parse
from reconciler.operate.yaml_writer import LONGEST_KEY, WIDTH, written
from tests.drawing import examples

TRICKY = [
    *("on", "Off", "yes", "NO", "y", "null", "~", "", "true", "False", ".inf", "NaN", "=", "<<"),
    *("1234", "0123", "0o17", "0x1F", "1e3", "1.5", "-1", "+1", "1_000", "12:30:45", "0b11"),
    *("2020-09-04", "2020-09-04 10:00:00", "5d", "256KiB", "30%", "012345678901"),
    *("a: b", "a:", ":a", "a #b", "#a", "- a", "-", "?", "*a", "&a", "!a", "%a", "@a", "`a`"),
    *("{a}", "[a]", "a, b", "a]", "'", '"', "\\", " a", "a ", "a\nb", "a\tb", "\r", "---", "..."),
    *("é", "日本", "\x07", "\x85", "\u2028", "\ufeff", "\U0001f600", "\U000e0001", "\xa0"),
    *("arn:aws:iam::123456789012:root", "https://hooks.example.com/{targetAccount}/x?a=b&c"),
]

# As many as fit on a line, and as many as parsers look at for the colon of a key, or one more;
# an escaped character takes ten.
LONG = st.builds(
    lambda sort, length, rest: sort * length + rest,
    st.sampled_from(["k", "é", "k ", "\x1f"]),
    st.sampled_from([9, 90, 100, 102, 128, LONGEST_KEY - 2, LONGEST_KEY, LONGEST_KEY + 1]),
    st.text(max_size=2),
)
text = st.sampled_from(TRICKY) | st.text(max_size=12) | LONG
scalars = text | st.integers(-(10**12), 10**12) | st.booleans() | st.none()
values = st.recursive(
    scalars | st.builds(list) | st.builds(dict),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=5),
    max_leaves=12,
)
sections = st.dictionaries(
    st.sampled_from(["queues", "destinations", "subscriptions"]),
    st.dictionaries(text, values, min_size=1, max_size=3),
    min_size=1,
)
MANY = "\x1f" * 9


def as_we_read(document):
    parsed = parse("file", document.encode())
    assert parsed.problems == []
    return parsed.documents[0].plain()


def as_others_read(document):
    """Read with parsers of YAML 1.1 (in Python and in C) and of YAML 1.2, which must agree."""
    found = yaml.load(document, yaml.SafeLoader)
    assert yaml.load(document, getattr(yaml, "CSafeLoader", yaml.SafeLoader)) == found
    assert YAML(typ="safe", pure=True).load(document) == found
    return found


@given(sections, st.lists(st.text(max_size=20), max_size=3))
@example({"queues": {"on": None, f"000{MANY}\ud7fc\U00018cd6\U00018d09": []}}, [])
@example({"queues": {MANY: {MANY: {}, "b": [{MANY: []}, {MANY: {}}, [], {}, [[]]]}}}, [])
@example({"queues": {"k" * LONGEST_KEY: 1, "l" * (LONGEST_KEY + 1): 1}}, ["a\nb: \x07", "\u2028"])
@example({"queues": {MANY * 12: [{MANY * 12: [[{MANY * 12: {}}], {}]}, MANY * 12]}}, [])
@settings(max_examples=examples(40, 2000))
def test_whatever_is_written_any_parser_reads_back(content, head):
    # "<<" as a key is YAML's merge, in quotes too for parsers that look at its text alone.
    document = written(content, head)
    if '"<<"' not in document:
        assert as_we_read(document) == content
    assert as_others_read(document) == content


@pytest.mark.parametrize("value", TRICKY)
@pytest.mark.parametrize("shape", ["value", "item", "key", "flow"])
def test_text_stays_text_wherever_it_stands(value, shape):
    content = {
        "value": {"q": {"a": value}},
        "item": {"q": {"a": [value, {"b": value}]}},
        "key": {"q": {"a": {"b": {value: {"c": 1}}}}},
        "flow": {"q": {"a": {"b": value, "c": [value]}}},
    }[shape]
    document = written({"queues": content})
    assert as_others_read(document) == {"queues": content}
    if (value, shape) != ("<<", "key"):
        assert as_we_read(document) == {"queues": content}


def test_small_leaves_stand_on_one_line_and_large_ones_in_blocks():
    document = written(
        {
            "queues": {
                "offers": {
                    "visibilityTimeout": "2m",
                    "deadLetter": {"queue": "dlq", "maxReceives": 5},
                    "grants": [{"to": "amazon-notifications"}, {"to": "444455556666"}],
                    "tags": {"a": "1", "b": "2", "c": "3", "d": "4"},
                },
                "dlq": {"messageRetentionPeriod": "14d"},
                "more": {},
            }
        },
        ["Said at the top."],
    )
    assert document == (
        "# Said at the top.\n\n"
        "queues:\n"
        "  offers:\n"
        "    visibilityTimeout: 2m\n"
        "    deadLetter: {queue: dlq, maxReceives: 5}\n"
        "    grants:\n"
        "      - to: amazon-notifications\n"
        '      - to: "444455556666"\n'
        "    tags:\n"
        '      a: "1"\n'
        '      b: "2"\n'
        '      c: "3"\n'
        '      d: "4"\n'
        "\n"
        "  dlq: {messageRetentionPeriod: 14d}\n"
        "  more: {}\n"
    )


def test_no_line_on_which_several_values_stand_is_too_long():
    content = {"filter": {"marketplaceIds": [f"A1PA6795UKMFR{number}" for number in range(9)]}}
    document = written({"subscriptions": {"s": content}})
    assert max(map(len, document.splitlines())) <= WIDTH
    assert yaml.safe_load(document) == {"subscriptions": {"s": content}}
