"""Secrets are found in text whole and in pieces, however they were written on the way."""

import base64
import hashlib
import html
import json
import re
import textwrap
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.text.scrubbing import PIECE, Scrubber, excerpt, mapped
from reconciler.core.text.squeezing import SqueezedPlaces, squeeze
from reconciler.reports.markdown import plain

# Of the length and with the characters of Amazon's refresh tokens, the same in every run.
LONG = "Atzr|" + base64.b64encode(hashlib.shake_256(b"token").digest(258)).decode() + "=+"
ODD = "p%2Fw +d&x=\"<'>\\n~é" * 9


def scrubber(*secrets):
    made = Scrubber()
    for secret in secrets:
        made.learn(secret)
    return made


def pieces(secret, text):
    """Return the pieces of a secret that a text shows."""
    found = (secret[at : at + PIECE] for at in range(len(secret) - PIECE + 1))
    return [piece for piece in found if piece in text]


def twice(write):
    return lambda text: write(write(text))


WRITTEN = {
    "plain": str,
    "percent": lambda text: quote(text, safe=""),
    "percent, small": lambda text: re.sub("%..", lambda it: it[0].lower(), quote(text, safe="")),
    "form": quote_plus,
    "percent, partly": lambda text: quote(text, safe="/+="),
    "percent, twice": twice(lambda text: quote(text, safe="")),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in JSON": twice(lambda text: json.dumps(text)[1:-1]),
    "JSON with every slash escaped": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON in code points": lambda text: "".join(f"\\u{ord(letter):04x}" for letter in text),
    "HTML": html.escape,
    "HTML in numbers": lambda text: "".join(f"&#{ord(letter)};" for letter in text),
    "HTML in hexadecimal numbers": lambda text: "".join(f"&#x{ord(item):X};" for item in text),
    "Python": lambda text: repr(text)[1:-1],
    "Markdown": plain,
    "wrapped": lambda text: "\n    ".join(textwrap.wrap(text, 60)),
    "wrapped narrowly": lambda text: "\r\n".join(
        text[at : at + 8] for at in range(0, len(text), 8)
    ),
    "workflow command": lambda text: text.replace("%", "%25").replace(":", "%3A"),
}


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("secret", [LONG, ODD], ids=["token", "odd"])
def test_a_secret_is_masked_however_it_is_written(name, secret):
    written = WRITTEN[name](secret)
    said = scrubber(secret).scrub(f"refused: {written} is no good")
    assert said.startswith("refused: ***")
    assert said.endswith("*** is no good")
    assert len(said) < 40


def encoded(text, encode, before=b""):
    return encode(before + text.encode()).decode()


@pytest.mark.parametrize("before", [b"", b"u", b"us", b"user:"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("wrap", [str, lambda text: "\n".join(textwrap.wrap(text, 76))])
@pytest.mark.parametrize("secret", [LONG, ODD, "twelve-chars"])
def test_a_secret_in_base64_is_masked_wherever_it_begins(before, encode, wrap, secret):
    text = f"Authorization: Basic {wrap(encoded(secret, encode, before))} was refused"
    said = scrubber(secret).scrub(text)
    assert "***" in said
    shown = said.partition("Basic ")[2].partition(" was")[0].replace("\n", "")
    left = [part for part in shown.replace("=", "").split("***") if part]
    assert all(len(part) <= 10 for part in left), left
    assert said.endswith(" was refused")


@pytest.mark.parametrize("length", [PIECE, 13, 20, 40, 129, 349])
@pytest.mark.parametrize("start", range(0, 350, 23))
def test_a_piece_of_a_secret_is_masked_wherever_it_was_cut(length, start):
    piece = LONG[start : start + length]
    said = scrubber(LONG, "another-secret-of-some-length").scrub(f"begins '{piece}' ends")
    assert said == ("begins '***' ends" if len(piece) >= PIECE else f"begins '{piece}' ends")


@given(st.data())
def test_whatever_stands_around_no_piece_of_a_secret_is_left(data):
    letters = st.text(st.sampled_from("ab%2F+/=\\n"), max_size=60)
    secret = data.draw(st.text(st.sampled_from("ab%2F+/=\\n"), min_size=PIECE, max_size=80))
    parts = [data.draw(letters), secret, data.draw(letters), secret[::-1], secret[3:]]
    said = scrubber(secret).scrub(" ".join(parts))
    assert pieces(secret, said) == []


def test_what_secrets_share_at_their_beginning_hides_none_of_them():
    tokens = [f"amzn1.oa2-cs.v1.{hashlib.sha256(bytes([it])).hexdigest()}" for it in range(40)]
    said = scrubber(*tokens).scrub("; ".join(tokens))
    assert said == "; ".join(["***"] * 40)


def test_short_secrets_are_masked_whole_only_and_in_messages_only():
    known = scrubber("abc", "hunter2/x")
    assert known.scrub("abcdef hunter2/x hunter2%2Fx hunter2") == "***def *** *** hunter2"
    assert known.scrub_result("abcdef") == "abcdef"


def test_what_is_no_secret_stays_as_it_is():
    text = "queue.offers: 12 messages\n  → 50% &amp; \\n é\n"
    assert scrubber(LONG).scrub(text) == text
    assert Scrubber().scrub(text) == text


def test_a_signed_token_is_masked_though_nobody_learnt_it():
    header, claims = (
        base64.urlsafe_b64encode(part).decode().rstrip("=")
        for part in (
            b'{"alg":"RS256","typ":"JWT"}',
            b'{"iss":"robot@example.com","exp":1700000000}',
        )
    )
    assert Scrubber().scrub(f"assertion={header}.{claims}.c2ln") == "assertion=***"


@pytest.mark.parametrize("secret", [LONG, ODD, '{"kind": "robot", "key": "private-key-x"}'])
@pytest.mark.parametrize("indent", [None, 2])
def test_json_stays_json_whatever_is_masked_in_it(secret, indent):
    document = {"name": f"a {secret} b", "kind": "robot", "key": secret, secret: [secret, 1, None]}
    said = json.loads(scrubber(secret).scrub_result(json.dumps(document, indent=indent) + "\n"))
    assert said == {"name": "a *** b", "kind": "robot", "key": "***", "***": ["***", 1, None]}


def test_lines_of_json_stay_lines_of_json():
    lines = "".join(json.dumps({"id": number, "body": LONG}) + "\n" for number in range(3))
    said = scrubber(LONG).scrub_result(lines)
    assert [json.loads(line) for line in said.splitlines()] == [
        {"id": number, "body": "***"} for number in range(3)
    ]


def test_text_is_scrubbed_before_it_is_cut():
    said = excerpt(f"  so\n{'x' * 20} {LONG}   and {LONG} end", 31, scrubber(LONG).scrub)
    assert said == f"so {'x' * 20} *** and"


@pytest.mark.parametrize("before", range(0, 40, 3))
def test_no_cut_leaves_a_piece(before):
    said = excerpt("x" * before + LONG[:129], 60, scrubber(LONG).scrub)
    assert pieces(LONG, said) == []


def test_half_a_pair_of_surrogates_goes_no_further():
    assert excerpt("say \ud83d now 🚚", 60, str) == "say ? now 🚚"


def test_everything_in_data_is_mapped_names_too():
    assert mapped({"a": ["b", 1, {"c": None}]}, str.upper) == {"A": ["B", 1, {"C": None}]}


def test_names_that_are_public_stand_though_a_secret_begins_with_them():
    known = scrubber("acme-notifications-2024!")
    known.publish(["acme-notifications", "queue.acme-notifications-offers"])
    text = "stack acme-notifications: queue.acme-notifications-offers, acme-notifications-2024!"
    assert (
        known.scrub_result(text) == "stack acme-notifications: queue.acme-notifications-offers, ***"
    )


@pytest.mark.parametrize(("times", "left"), [(1, 0), (4, 0), (5, 1)])
def test_encodings_inside_one_another_are_undone_as_deep_as_services_nest_them(times, left):
    def encoded(count):
        text = "a/b"
        for _ in range(count):
            text = quote(text, safe="")
        return text

    expected = encoded(left).encode()
    assert squeeze(encoded(times).encode()) == expected
    assert SqueezedPlaces(encoded(times), squeezed=True).data == expected
