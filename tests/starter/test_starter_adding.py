"""A seller more in a file of declarations: one line, and all others as they were."""

import pytest

from reconciler.core.manifest.nodes import parse
from reconciler.starter.adding import Place, filled, template_of, with_member, with_row

FIELDS = {"refreshToken": "env:ES_TOKEN"}
NEW = 'es: {refreshToken: "env:ES_TOKEN"}'


def added(text, name="es"):
    """Return the lines that were added to a file, after looking that the others are there."""
    body = parse("f", text.encode()).documents[0].child("accounts").child("app")
    found = with_member(text, Place(body, "sellers"), name, FIELDS)
    read = parse("f", found.encode())
    assert read.problems == []
    members = read.documents[0].child("accounts").child("app").child("sellers")
    assert members.child(name).plain() == FIELDS
    before = body.child("sellers")
    kept = before.plain() if before is not None else None
    assert {key: it for key, it in members.plain().items() if key != name} == (kept or {})
    left = text.splitlines()
    return [line for line in found.splitlines() if line not in left or left.remove(line)]


BLOCK = """# ours
accounts:
  app:
    region: eu   # Europe
    sellers:
      # the first
      de: {refreshToken: "env:DE"}
      fr:
        refreshToken: "env:FR"
      # the last
      uk: {refreshToken: "env:UK"}

  other: {region: na}
"""


def test_it_is_sorted_in_where_the_others_are_sorted():
    assert added(BLOCK) == [f"      {NEW}"]
    text = with_member(BLOCK, Place(_body(BLOCK), "sellers"), "es", FIELDS)
    assert text.index("de:") < text.index("es:") < text.index("fr:")


def _body(text):
    return parse("f", text.encode()).documents[0].child("accounts").child("app")


def test_a_comment_stays_above_what_it_is_about():
    text = with_member(BLOCK, Place(_body(BLOCK), "sellers"), "it", FIELDS)
    assert text.index("it:") < text.index("# the last") < text.index("uk:")


def test_the_last_one_stands_before_what_follows():
    text = with_member(BLOCK, Place(_body(BLOCK), "sellers"), "us", FIELDS)
    assert '      us: {refreshToken: "env:ES_TOKEN"}\n\n  other:' in text


@pytest.mark.parametrize(
    "text",
    [
        "accounts:\n  app:\n    sellers: {de: {refreshToken: env:D}, fr: {refreshToken: env:F}}\n",
        "accounts:\n  app:\n    sellers: {}\n",
        "accounts:\n  app:\n    sellers: {\n      de: {refreshToken: env:DE}\n    }\n",
        "accounts:\n  app:\n    region: eu\n",
        "accounts:\n  app:\n    region: eu\n    credentials:\n      a: b\n",
        "accounts: {app: {region: eu}}\n",
        "accounts:\n  app:\n    sellers:\n    region: eu\n",
        "accounts:\n  app:\n    sellers: null\n",
        "accounts:\n  app:\n    sellers:\n      fr:\n        refreshToken: env:FR",
        "accounts: {app: {sellers: {b: {refreshToken: e:B}, a: {refreshToken: e:A}}}}\n",
        "accounts:\r\n  app:\r\n    sellers:\r\n      fr: {refreshToken: env:FR}\r\n",
    ],
)
def test_whatever_the_style_it_is_read_back_and_nothing_else_changes(text):
    assert len(added(text)) <= 2


@pytest.mark.parametrize("name", ["no", "12", "a.b", "A-1"])
def test_a_name_that_looks_like_something_else_is_quoted(name):
    assert added(BLOCK, name)


def test_references_follow_the_pattern_of_the_others():
    found = template_of({"acme-de": "env:ACME_DE_TOKEN", "acme-fr": "env:ACME_FR_TOKEN"})
    assert filled(found, "acme-es") == "env:ACME_ES_TOKEN"
    found = template_of({"a": "aws-secretsmanager:x/sellers/a"})
    assert template_of({"de": "env:X", "fr": "env:Y"}) is None
    assert template_of({}) is None


def test_a_row_has_the_columns_of_the_table_and_its_line_ends():
    assert with_row("seller,tier\r\nde,gold\r\n", ["seller", "tier"], {"seller": "es"}) == (
        "seller,tier\r\nde,gold\r\nes,\r\n"
    )
    assert with_row("seller,note\nde,x", ["seller", "note"], {"seller": "es", "note": "a, b"}) == (
        'seller,note\nde,x\nes,"a, b"\n'
    )
