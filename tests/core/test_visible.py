"""What hides in text is shown by its number; what people write stays readable."""

import json
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.core.text.visible import visible, visible_json

HIDING = {
    "line end": "\n",
    "escape": "\x1b",
    "delete": "\x7f",
    "next line": "\x85",
    "soft hyphen": "\xad",
    "grapheme joiner": "\u034f",
    "Arabic letter mark": "\u061c",
    "Hangul filler": "\u3164",
    "Hangul filler, half width": "\uffa0",
    "Hangul first filler": "\u115f",
    "Hangul middle filler": "\u1160",
    "Khmer inherent vowel": "\u17b4",
    "Mongolian variation": "\u180b",
    "Mongolian separator": "\u180e",
    "zero width space": "\u200b",
    "zero width joiner": "\u200d",
    "left-to-right mark": "\u200e",
    "line separator": "\u2028",
    "right-to-left override": "\u202e",
    "word joiner": "\u2060",
    "invisible times": "\u2062",
    "isolate": "\u2066",
    "shaping, deprecated": "\u206a",
    "reserved": "\u2065",
    "braille blank": "\u2800",
    "variation 1": "\ufe00",
    "variation 16": "\ufe0f",
    "byte order mark": "\ufeff",
    "annotation anchor": "\ufff9",
    "object": "\ufffc",
    "noncharacter": "\ufffe",
    "private": "\ue000",
    "surrogate": "\udc80",
    "shorthand": "\U0001bca0",
    "musical": "\U0001d173",
    "tag": "\U000e0041",
    "tag, reserved": "\U000e0002",
    "variation 256": "\U000e01ef",
    "private plane": "\U0010fffd",
    "no-break space": "\xa0",
    "em space": "\u2003",
    "narrow no-break space": "\u202f",
}


@pytest.mark.parametrize("name", HIDING)
def test_what_hides_is_shown_by_its_number(name):
    character = HIDING[name]
    assert visible(f"acme{character}x") == f"acme<U+{ord(character):04X}>x"
    assert visible(character) == f"<U+{ord(character):04X}>"


READABLE = [
    "acme-offers_1.fifo {a: [1, 2]} <b>&amp; ~",
    "Größe, naïve, façade, Ångström, Dvořák, İstanbul",
    unicodedata.normalize("NFD", "Größe, Việt Nam, ṩ"),
    "通知キューの設定\u3000이름 名前々〆",
    "Уведомления, ειδοποιήσεις, הודעות שָׁלוֹם, إِشْعَارٌ مُهِمّ",
    "सूचनाएँ ક્ષેત્ર การแจ้งเตือนนี้ བརྡ་ཐོ། தமிழ்",
    "✅ ⚠️ ❤️ 👍🏽 👩‍💻 👨‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 1️⃣ #️⃣ ‼️ ©️ ☎︎ 🫨",
    "€ → ± … “quoted” — ½ ² ∑ ∞",
]


@pytest.mark.parametrize("text", READABLE)
def test_what_people_write_stays_as_it_is(text):
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a" + "\u0301" * 2, "a<U+0301><U+0301>"),
        ("a\u0300\u0301\u0302\u0303\u0304", "a<U+0300><U+0301><U+0302><U+0303><U+0304>"),
        ("\u0301a", "<U+0301>a"),
        ("/\u0338", "/<U+0338>"),
        ("a\u0336b\u0336", "a<U+0336>b<U+0336>"),
        ("a\u20dd\u20dd", "a<U+20DD><U+20DD>"),
        ("x\u20e3", "x<U+20E3>"),
        ('"\u0345', '"<U+0345>'),
    ],
)
def test_marks_that_pile_up_cover_or_stand_on_nothing_are_shown(text, shown):
    assert visible(text) == shown


@pytest.mark.parametrize(
    "text", ["a\ufe0f", "a\u200db", "👍\u200dx", "x\u200d👍", "12\ufe0f", "|\u200d|"]
)
def test_what_belongs_into_emoji_is_shown_elsewhere(text):
    assert "<U+" in visible(text)


def test_a_flag_of_tags_shows_what_it_is_made_of():
    flag = "🏴" + "".join(chr(0xE0000 + ord(letter)) for letter in "gbeng\x7f")
    assert visible(flag).startswith("🏴<U+E0067><U+E0062>")


def test_line_ends_stay_where_they_are_to_be_kept():
    assert visible("a\nb\tc\r", keep="\n") == "a\nb<U+0009>c<U+000D>"


@pytest.mark.parametrize("name", [name for name in HIDING if name not in ("line end", "escape")])
def test_json_keeps_its_meaning_and_shows_nothing_raw(name):
    text = f"a{HIDING[name]}b"
    document = visible_json(json.dumps({"x": text}, ensure_ascii=False, indent=2))
    assert HIDING[name] not in document
    assert json.loads(document) == {"x": text}


@given(st.text(st.characters(exclude_characters="<>")))
@example("\u034f\u0339")
def test_no_character_of_a_hiding_category_gets_through_and_none_is_lost(text):
    shown = visible(text)
    left = [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")]
    assert all(character == "\u200d" for character in left)
    for part in shown.split("<U+"):
        assert part.isprintable() or "\u200d" in part or not part.isascii()
    assert visible(shown) == shown


def test_every_code_point_that_unicode_calls_ignorable_is_shown():
    ignorable = [
        *(0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810)),
        *(*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x3164),
        *(*range(0xFE00, 0xFE10), 0xFEFF, 0xFFA0, *range(0xFFF0, 0xFFF9)),
        *(*range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B), *range(0xE0000, 0xE1000)),
    ]
    assert [hex(number) for number in ignorable if "<U+" not in visible(f"a{chr(number)}b")] == []
