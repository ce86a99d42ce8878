"""Whatever the bytes, the reader answers with declarations or with sentences about them."""

from datetime import date

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reconciler.core.manifest import nodes
from reconciler.core.manifest.reader import Source, keys_of, read
from reconciler.core.model.errors import DeclarationError
from reconciler.core.service import sections_of
from reconciler.wiring import SERVICES
from tests.core.manifest.conftest import HEAD
from tests.drawing import examples

SETTINGS = settings(
    max_examples=examples(40, 1000),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
FIELDS = sorted(
    {
        info.alias or name
        for service in SERVICES
        for shape in (service.account, *service.declarations.values())
        for name, info in shape.model_fields.items()
    }
)
WORDS = ("a", "aws", "aws-eu", "uk", "app", "shop", "all", "env:X", "5s", "1234", "offers", "true")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from((*WORDS, *keys_of(SERVICES), *FIELDS)),
    st.text(max_size=8),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from((*FIELDS, "a", "<<")) | st.text(max_size=5), inner,
                        max_size=4),
    ),
    max_leaves=12,
)  # fmt: skip
BODIES = st.dictionaries(st.sampled_from(FIELDS), TREES, max_size=5)
SECTIONS = st.dictionaries(
    st.sampled_from((*keys_of(SERVICES), "queue")),
    st.dictionaries(st.sampled_from(("a", "b", "aws-eu")), BODIES | TREES, max_size=3) | TREES,
    max_size=4,
)
SYNTAX = st.text(st.sampled_from("ab:-[]{},&*!|>'\"%@#?<= \n\t\\0"), max_size=60)


@pytest.fixture(params=["the C parser", "the Python parser"], autouse=True)
def _parser(request, monkeypatch):
    if request.param == "the Python parser":
        monkeypatch.setattr(nodes, "LOADER", yaml.SafeLoader)


def problems_of(sources):
    try:
        declared = read(sources, SERVICES, where="declarations", today=date(2026, 11, 21))
    except DeclarationError as error:
        return error.problems or pytest.fail("refused without a reason")
    assert names_in(sources) == {
        item.address.partition(".")[2].partition("[")[0] for item in declared.desired
    }
    return ()


def names_in(sources):
    """Return the names under which queues, destinations and subscriptions stand in sound YAML."""
    merged = set()
    for source in sources:
        for root in filter(None, yaml.safe_load_all(source.content)):
            merged |= {
                name for section in sections_of(SERVICES) for name in root.get(section) or ()
            }
    return merged


def answer(*contents):
    sources = [Source(f"{number}.yaml", content) for number, content in enumerate(contents)]
    for problem in problems_of(sources):
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.message.isprintable(), problem.message
        assert "Node(" not in problem.message


@SETTINGS
@given(st.binary(max_size=200))
@example(b"\xff\xfe")
@example(b"\xef\xbb\xbf")
@example(b"\x00")
def test_any_bytes(content):
    answer(content)


@SETTINGS
@given(st.text(max_size=200))
@example('a: "\\ud800"')
@example('a: "\\U00110000"')
@example("a: \ud7ff\ufffe")
def test_any_text(text):
    answer(text.encode("utf-8", "replace"))


@SETTINGS
@given(SYNTAX)
@example("queues: &a [*a]")
@example("? [a]\n: b\n")
@example("*a : 1")
@example("<<: {<<: {<<: 1}}")
@example("{{ x }}: 1")
@example('"a\\nb": {}')
@example('queues: {"a\\nb": {}}')
def test_any_text_of_yamls_own_characters(text):
    answer(text.encode())


@SETTINGS
@given(SECTIONS)
def test_any_tree_with_the_words_of_the_declarations(tree):
    answer(yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "replace"))


@SETTINGS
@given(SECTIONS)
@example({"subscriptions": {"a": {"destination": ["offers"]}}})
@example({"queues": {"a": {"account": {"b": 1}}}})
@example({"queues": {"a": {}, "b": {"delay": 5}}})
@example({"accounts": {"a": {"service": "aws"}}, "queues": {"b": {"account": "a"}}})
@example({"accounts": {"a": {"service": "aws "}}, "queues": {"b": {"account": "a"}}})
@example({"destinations": {"a": {"queue": "b", "account": "uk"}}, "queues": {"b": ["a"]}})
@example({"subscriptions": {"a": {"destination": "b"}}, "destinations": {"b": {"account": 1}}})
@example({"queues": {"a": {"visibilityTimeout": "9" * 5000}}})
@example({"queues": {"a": {"ignoreChanges": ["", ".", "deadLetter.", "tags."]}}})
@example({"owns": {"callBackUris": ["https://[", "https://h:99999/", "https://h:x/"]}})
@example({"accounts": {"a": {"service": ["aws"]}}})
def test_any_tree_beside_sound_accounts(tree):
    answer(HEAD.encode(), yaml.safe_dump(tree, allow_unicode=True).encode("utf-8", "replace"))
