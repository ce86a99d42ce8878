"""Headers that tests read plainly are what Python itself reads."""

import http.client
import io

import pytest

HEADS = (
    "A: 1\r\nB:2 \r\nB:\t 3\r\nEmpty:\r\n\r\n",
    "\r\n",
    "",
    "A: 1\r\n folded\r\n\r\n",
    "A: é\r\n\r\n",
    "A: 1\x0b2\r\nB : 3\r\n\r\n",
    "From me\r\nA: 1\r\n\r\n",
    ": none\r\nA: 1\r\n\r\n",
    "no colon\r\nA: 1\r\n\r\n",
    "A: 1\nB: 2\n\n",
    "A: cut",
    "Content-Type: multipart/mixed; boundary=x\r\n\r\n",
    "Content-Type: Message/rfc822\r\n\r\n",
)


def seen(message):
    """Return all that a message holds; Python 3.13 makes no text of one with a break in a field."""
    body = message.get_payload()
    parts = [seen(part) for part in body] if isinstance(body, list) else body
    return message.items(), parts, [type(it) for it in message.defects]


@pytest.mark.parametrize("head", HEADS)
def test_what_is_read_plainly_is_what_python_reads(head):
    ours, theirs = (io.BytesIO(head.encode("latin-1") + b"body") for _ in range(2))
    read = http.client.parse_headers(ours), http.client.parse_headers.anew(theirs)
    assert seen(read[0]) == seen(read[1])
    assert ours.read() == theirs.read()
