"""Whatever the bytes hold, the answer is a notification or one sentence, in linear time."""

import json
import sys
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.core.text.visible import visible
from reconciler.notifications import (
    MAX_BYTES,
    MAX_DEPTH,
    DecodeError,
    Notification,
    decode,
    decode_all,
    summary,
)
from tests.drawing import examples
from tests.notifications.messages import (
    DISAPPROVED,
    MESSAGES,
    MWS_OFFERS,
    SP_OFFERS,
    WRAPPERS,
    b64,
    guide_text,
    pushed,
)


def sp_api(payload):
    return '{"NotificationType": "X", "Payload": {"a": ' + payload + "}}"


def mws(payload, prolog=""):
    head = "<NotificationMetaData><NotificationType>X</NotificationType></NotificationMetaData>"
    body = f"<NotificationPayload>{payload}</NotificationPayload>"
    return f"{prolog}<Notification>{head}{body}</Notification>"


def merchant(**changes):
    return json.dumps({**DISAPPROVED, **changes})


BILLION = '<!DOCTYPE n [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE n [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
UNKNOWN = "no notification known here"
OFFERS_64 = b64(json.dumps(SP_OFFERS))

REFUSED = {
    "nothing": ("", f"an empty message, {UNKNOWN}"),
    "white space": (" \r\n\t", f"an empty message, {UNKNOWN}"),
    "an empty byte order mark": (b"\xef\xbb\xbf", f"an empty message, {UNKNOWN}"),
    "no UTF-8": (b'{"a": "\xff"}', "bytes that are no text: not UTF-8, byte 0xff at offset 7"),
    "UTF-16": ("{}".encode("utf-16"), "bytes that are no text: not UTF-8, byte 0xff at offset 0"),
    "half a surrogate pair": ("a\ud800", "the message holds half a surrogate pair at offset 1"),
    "plain words": ("hello, world!", f"text ('hello, world!'), {UNKNOWN}"),
    "a sentence": ("Not a message: none", f"text ('Not a message: none'), {UNKNOWN}"),
    "a number": ("12", f"text ('12'), {UNKNOWN}"),
    "a negative number": ("[-1.5]", f"a bare JSON value, {UNKNOWN}"),
    "an empty object": ("{}", f"an object of nothing, {UNKNOWN}"),
    "other JSON": ('{"b": 1, "\\u0007\\u202e": 2}', rf"an object of 'b', '\x07\u202e', {UNKNOWN}"),
    "many names": (
        json.dumps({str(i): 0 for i in range(9)}),
        f"an object of '0', '1', '2', '3', '4', {UNKNOWN}",
    ),
    "a long name": (json.dumps({"n" * 50: 0}), f"an object of '{'n' * 40}...', {UNKNOWN}"),
    "cut JSON": (
        '{"NotificationType": "X",',
        (
            "JSON that was cut off (Expecting property name enclosed in double quotes at line 1, "
            f"column 26), {UNKNOWN}"
        ),
    ),
    "two documents": (
        json.dumps(SP_OFFERS) + "[]",
        "2 messages in one: `reconciler decode` makes a list of them",
    ),
    "a key twice": (sp_api('{"k": 1, "k": 1}'), "the key 'k' stands twice in one object"),
    "an escaped key twice": (
        sp_api('{"k": 1, "\\u006b": 2}'),
        "the key 'k' stands twice in one object",
    ),
    "a name in two cases": (
        '{"NotificationType": "X", "notificationType": "Y"}',
        "a name of the envelope stands twice, in different letter case",
    ),
    "NaN": (sp_api("NaN"), "NaN is no number of JSON"),
    "infinity": (sp_api("-Infinity"), "-Infinity is no number of JSON"),
    "a number beyond floats": (sp_api("1e400"), "the number '1e400' is too large"),
    "a huge integer": (sp_api("9" * 5000), "a number has 5000 characters, more than 64"),
    "a huge fraction": (sp_api("0." + "1" * 5000), "a number has 5002 characters, more than 64"),
    "a lone surrogate": (
        sp_api('"x\\udfff"'),
        r"the text 'x\udfff' holds half a surrogate pair",
    ),
    "a lone surrogate as a name": (
        sp_api('{"\\ud83d": 1}'),
        r"the text '\ud83d' holds half a surrogate pair",
    ),
    "a control character": (
        sp_api('"\x01"'),
        (
            "text that begins like JSON and is none (Invalid control character at line 1, "
            f"column 45), {UNKNOWN}"
        ),
    ),
    "a type that is no text": ('{"notificationType": ["X"]}', "notificationtype is no text"),
    "a payload that is a list": (
        '{"notificationType": "X", "payload": []}',
        "payload holds no fields",
    ),
    "a time that is a number": (
        '{"notificationType": "X", "eventTime": 1}',
        "eventtime is no text",
    ),
    "an account that is a number": (
        merchant(account=1234),
        "in the Merchant push, account: expected text",
    ),
    "a change that is a text": (
        merchant(changes=["x"]),
        "in the Merchant push, changes.0: expected fields",
    ),
    "a change in both spellings": (
        merchant(changes=[{"oldValue": None, "old_value": None}]),
        "a name of the Merchant push stands twice, in camelCase and snake_case",
    ),
    "a push without data": ('{"message": {}}', f"an object of 'message', {UNKNOWN}"),
    "a push of no base64": ('{"message": {"data": "a*b="}}', "no base64: 'a*b='"),
    "a push of a cut base64": ('{"message": {"data": "abcde"}}', "no base64: 'abcde'"),
    "a push of an empty text": ('{"message": {"data": ""}}', "no base64: ''"),
    "padding in the middle": ('{"message": {"data": "YQ==YQ=="}}', "no base64: 'YQ==YQ=='"),
    "a push of no UTF-8": (
        '{"message": {"data": "/w=="}}',
        "inside base64: bytes that are no text: not UTF-8, byte 0xff at offset 0",
    ),
    "entities": (
        mws("&b;", BILLION),
        "the XML declares a document type or entities: refused",
    ),
    "an outside entity": (
        mws("&a;", OUTSIDE),
        "the XML declares a document type or entities: refused",
    ),
    "a document type alone": (
        mws("", "<!DOCTYPE n>"),
        "the XML declares a document type or entities: refused",
    ),
    "an undeclared entity": (
        mws("&a;"),
        f"text that begins like XML and is none (undefined entity: line 1, column 118), {UNKNOWN}",
    ),
    "cut XML": (
        "<Notification>",
        f"XML that was cut off (no element found: line 1, column 14), {UNKNOWN}",
    ),
    "a surrogate in XML": (
        mws("&#xD800;"),
        (
            "text that begins like XML and is none (reference to invalid character number: line 1, "
            f"column 118), {UNKNOWN}"
        ),
    ),
    "HTML": ("<html><body/></html>", f"an HTML page, {UNKNOWN}"),
    "an error of MWS": (
        "<ErrorResponse><Error/></ErrorResponse>",
        f"XML with the root 'ErrorResponse', {UNKNOWN}",
    ),
    "an empty notification": (
        "<Notification/>",
        f"XML with the root 'Notification', {UNKNOWN}",
    ),
    "no type": (
        "<Notification><NotificationMetaData/></Notification>",
        "the notification of MWS has no NotificationType",
    ),
    "metadata twice": (
        MWS_OFFERS.replace("</Notification>", "<NotificationMetaData/></Notification>"),
        "NotificationMetaData holds no fields",
    ),
    "a payload of text": (mws("x"), "NotificationPayload holds no fields"),
    "an attribute in two namespaces": (
        mws('<a xmlns:p="u" b="1" p:b="2"/>'),
        "the element 'a' has an attribute twice",
    ),
    "a block left open": (
        'account: "a" changes {',
        "the block 'changes' is not closed",
    ),
    "a block closed twice": (
        'account: "a" changes { } }',
        "no message that is known: '}' where a name should be",
    ),
    "a value without colon": ('account "a"', f"text ('account \"a\"'), {UNKNOWN}"),
    "a name without value": ("account:", "no message that is known: no value after 'account'"),
    "an SP-API message in the text form": (
        'NotificationType: "X" Payload { Sku: "x" }',
        f'text (\'NotificationType: "X" Payload {{ Sku: "x"...\'), {UNKNOWN}',
    ),
    "a text that does not end": (
        'account: "a',
        """no message that is known: it cannot be read from '"a' on""",
    ),
    "escapes that are no UTF-8": (
        r'account: "\xff" resource: "r"',
        r"the escapes in '\\xff' give no UTF-8",
    ),
    "a scalar twice": (
        'account: "a" account: "b" resource: "r"',
        "in the Merchant push, account: expected text",
    ),
    "a word that happens to be base64": ("test", f"text ('test'), {UNKNOWN}"),
    "a word in JSON": ('{"Body": "test"}', f"text ('test'), {UNKNOWN}"),
    "text in base64": (b64("hello, world"), f"inside base64: text ('hello, world'), {UNKNOWN}"),
    "a push of text": (pushed("hello"), f"inside base64: text ('hello'), {UNKNOWN}"),
    "cut base64": (
        OFFERS_64[:81],
        f"base64 that was cut off or holds no text ('{OFFERS_64[:40]}...'), {UNKNOWN}",
    ),
    "a page": ("<!DOCTYPE html>\n<html lang=en><p>", f"an HTML page, {UNKNOWN}"),
    "a list of nothing": ("[]", f"a list without messages, {UNKNOWN}"),
    "an answer without messages": ('{"Messages": []}', f"a list without messages, {UNKNOWN}"),
    "the test event of Lambda": (
        '{"key1": "value1", "key2": "value2"}',
        f"the test event of the Lambda console, {UNKNOWN}",
    ),
    "a test message of S3": (
        '{"Service": "Amazon S3", "Event": "s3:TestEvent"}',
        f"the test message that S3 sends when notifications are set up, {UNKNOWN}",
    ),
    "text of something else": ('name: "x"', f"text ('name: \"x\"'), {UNKNOWN}"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_notification_is_told_in_one_sentence(kind):
    data, sentence = REFUSED[kind]
    with pytest.raises(DecodeError) as caught:
        decode(data)
    assert str(caught.value) == sentence
    assert str(caught.value).isprintable()


DEEP = {
    "XML": lambda depth: mws("<a>" * (depth - 2) + "</a>" * (depth - 2)),
    "lists": lambda depth: sp_api("[" * (depth - 2) + "]" * (depth - 2)),
    "objects": lambda depth: sp_api('{"k":' * (depth - 2) + "1" + "}" * (depth - 2)),
    "text": lambda depth: 'account: "a" resource: "r" ' + "b {" * depth + "}" * depth,
}


@pytest.mark.parametrize("kind", DEEP)
def test_what_is_nested_as_deeply_as_allowed_is_decoded_and_written_and_no_deeper(kind):
    found = decode(DEEP[kind](MAX_DEPTH))
    assert json.loads(found.model_dump_json()) == json.loads(json.dumps(found.model_dump()))
    assert summary(found)
    with pytest.raises(DecodeError, match=f"nested more than {MAX_DEPTH} deep"):
        decode(DEEP[kind](MAX_DEPTH + 1))


@pytest.mark.parametrize("opening", ["<a>", "[", '{"a":', "a{", "{"])
def test_nesting_far_deeper_than_python_recurses_is_refused(opening):
    with pytest.raises(DecodeError):
        decode(opening * examples(60_000, MAX_BYTES // len(opening)))


def test_a_hundred_thousand_empty_texts_are_refused_and_told_by_their_number():
    with pytest.raises(DecodeError, match=r"^100000 messages in one"):
        decode('""' * 100_000)


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_message_of_the_greatest_size_is_accepted_and_one_byte_more_refused(kind):
    message = MESSAGES[kind]
    full = message + " " * (MAX_BYTES - len(message.encode()))
    assert decode(full) == decode(full.encode()) == decode(message)
    for over in (full + " ", full.encode() + b" "):
        with pytest.raises(DecodeError, match=f"^the message is longer than {MAX_BYTES} bytes$"):
            decode(over)


def test_the_size_counts_bytes_and_not_characters():
    with pytest.raises(DecodeError, match="longer than"):
        decode("ä" * (MAX_BYTES // 2 + 1))


LARGE = {
    "elements": lambda n: mws("<a/>" * n),
    "element names": lambda n: mws("".join(f"<b{i}/>" for i in range(n))),
    "attributes": lambda n: mws("<a " + " ".join(f'b{i}=""' for i in range(n)) + "/>"),
    "namespaces": lambda n: mws("<a " + " ".join(f'xmlns:b{i}="u"' for i in range(n)) + "/>"),
    "pieces of text": lambda n: mws("<a>" + "&amp;\n" * n + "</a>"),
    "objects": lambda n: sp_api("[" + "{}," * n + "{}]"),
    "keys": lambda n: sp_api("{" + ",".join(f'"{i}":1' for i in range(n)) + "}"),
    "escapes": lambda n: sp_api('"' + "\\u00e4" * n + '"'),
    "messages": lambda n: "[" + "{}," * n + "{}]",
    "entries": lambda n: guide_text() + "k:v " * n,
    "blocks": lambda n: guide_text() + "changes{} " * n,
    "escapes of text": lambda n: guide_text() + 'k:"' + r"\303\244" * n + '"',
    "unclosed quotes": lambda n: 'a:b "' + r"\"" * n,
    "gaps": lambda n: guide_text() + " ,\n" * n + "[",
    "underscores": lambda n: guide_text() + "_a" * n + ":x",
    "base64": lambda n: pushed(json.dumps({**DISAPPROVED, "resourceId": "x" * n})),
    "lines of base64": lambda n: "Q\n" * n,
    "signs of padding": lambda n: "QQ" + "=" * n,
    "wrappers": lambda n: json.dumps({"Body": json.dumps({"Body": sp_api("[" + "1," * n + "1]")})}),
}


def work(data):
    """Count the calls and lines that decoding takes."""
    count = 0

    def tally(_frame, _event, _argument):
        nonlocal count
        count += 1
        return tally

    before = sys.gettrace()
    sys.settrace(tally)
    try:
        said(data)
    finally:
        sys.settrace(before)
    return count


def said(data):
    """Return what became of data: a notification, written and summed up, or the error's text."""
    with suppress(DecodeError):
        assert decode_all(data).notifications
    try:
        found = decode(data)
    except DecodeError as error:
        return str(error)
    assert isinstance(found, Notification)
    json.loads(found.model_dump_json().encode())
    line = summary(found)
    assert visible(line) == line
    return line


@pytest.mark.parametrize("kind", LARGE)
def test_four_times_the_message_takes_at_most_four_times_the_work(kind):
    little, much = work(LARGE[kind](200)), work(LARGE[kind](800))
    assert much <= 4 * little


@pytest.mark.parametrize("kind", LARGE)
def test_the_largest_message_of_any_shape_is_answered(kind):
    """Quadratic work in C would take minutes here, and the suite would not end."""
    number = 1000
    number = number * (MAX_BYTES // examples(16, 4)) // len(LARGE[kind](number))
    assert said(LARGE[kind](number))


ALPHABET = st.sampled_from(
    [
        *'{}[]<>/:,"&;#=\\ \n\t\x00\ufeff\ud800ä0eE+-.',
        "\\u",
        "NaN",
        "message",
        "data",
        "changes",
        "account",
        "resource",
        "Notification",
        "NotificationType",
        "Payload",
        "<!DOCTYPE",
        "detail-type",
        "detail",
        "Type",
        "Message",
        "Body",
        "QUFB",
    ]
)


def one_sentence(data):
    line = said(data)
    assert line
    assert "\n" not in line


@settings(max_examples=examples(60, 2000))
@given(st.binary(max_size=200))
@example(b"\xef\xbb\xbf")
def test_any_bytes_end_in_a_notification_or_one_sentence(data):
    one_sentence(data)


@settings(max_examples=examples(80, 2000))
@given(st.lists(ALPHABET, max_size=40).map("".join))
@example("\ufeff\ufeff{}")
def test_any_text_of_the_grammars_pieces_ends_in_a_notification_or_one_sentence(text):
    one_sentence(text)
    one_sentence(json.dumps({"message": {"data": b64(text.encode("utf-8", "replace").decode())}}))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ALPHABET, inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    [*SP_OFFERS, *DISAPPROVED, "message", "detail", "detail-type", "Type", "Message", "Body"]
)


@settings(max_examples=examples(80, 2000))
@given(st.dictionaries(NAMES, VALUES, max_size=8))
def test_any_values_under_the_known_names_end_in_a_notification_or_one_sentence(value):
    one_sentence(json.dumps(value))
    one_sentence(merchant(**value))
    one_sentence(json.dumps({**SP_OFFERS, **value}))


@settings(max_examples=examples(100, 2000))
@given(
    st.sampled_from(sorted(MESSAGES)),
    st.lists(st.sampled_from(WRAPPERS), max_size=2),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 9), ALPHABET), max_size=3),
)
def test_any_message_with_pieces_exchanged_ends_in_a_notification_or_one_sentence(
    kind, wrappers, edits
):
    body = MESSAGES[kind]
    for wrap in wrappers:
        body = wrap(body)
    for place, length, piece in edits:
        at = place % len(body)
        body = body[:at] + piece + body[at + length :]
    one_sentence(body)


def test_no_sentence_repeats_more_of_a_message_than_a_few_words():
    secret = "s" * 1000
    for data in (
        f'{{"{secret}": 1}}',
        f"<{secret}/>",
        secret + "!",
        f'a: "{secret}',
        f'"{secret}*"',
    ):
        assert len(said(data)) < 120
