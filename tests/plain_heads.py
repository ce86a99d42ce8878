"""Reading the headers of HTTP messages without the parser of mails, a tenth of a call's time."""

import http.client
import re

_PLAIN = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\x20-\x7e]*)\r\n")
_NESTED = (b"multipart", b"message/")


class _Read:
    """Lines that were read already."""

    def __init__(self, lines):
        self._lines = iter(lines)

    def readline(self, _most):
        return next(self._lines)


def read_heads_plainly():
    """Read plain lines, in this process, as the parser of mails does; leave it all others."""
    anew = http.client.parse_headers
    if hasattr(anew, "anew"):
        return

    def parse_headers(stream, _class=http.client.HTTPMessage):
        lines = http.client._read_headers(stream)
        found = [_PLAIN.fullmatch(line) for line in lines[:-1]]
        nested = any(word in line.lower() for line in lines for word in _NESTED)
        if nested or lines[-1] != b"\r\n" or not all(found):
            return anew(_Read(lines), _class)
        message = _class()
        for line in found:
            message.set_raw(line[1].decode("ascii"), line[2].decode("ascii"))
        message.set_payload("")
        return message

    parse_headers.anew = anew
    http.client.parse_headers = parse_headers
