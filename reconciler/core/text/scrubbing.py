"""Keeps secrets out of texts: whole or in pieces, plain or encoded, wherever they are repeated."""

import binascii
import json
import re
from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

from reconciler.core.text.expressions import Expression
from reconciler.core.text.squeezing import SqueezedPlaces, squeeze

MASK = "***"
PIECE = 12
"""Characters in a row that a text and a secret may not have in common."""
_WORD = 8
_STEP = PIECE - _WORD + 1
"""Every piece of a secret holds one of its words of 8 bytes that begin at a multiple of this."""
_LONG = 32
"""Bytes from which on a secret has words enough that some may be shared with others."""
_LONGEST = 1 << 20
"""Bytes of a secret that are looked for."""
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{16,}")
_ASSERTION = Expression(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*")
"""A signed token (JWT), which is made anew for each login, so that nobody can have learnt it."""
_URL_SAFE = bytes.maketrans(b"-_", b"+/")

Span = tuple[int, int]


class Scrubber:
    """Masks what it has learnt in any text. Learning and scrubbing may go on side by side."""

    def __init__(self) -> None:
        self._secrets: list[bytes] = []
        # A word → which secret it is of, and where in it; numbers, since a fleet has millions.
        self._words: dict[int, int] = {}
        self._more: dict[int, list[int]] = {}
        self._short: set[str] = set()
        self._public = b""

    def learn(self, secret: str) -> None:
        """Keep a secret out of every text from now on; what is shorter than a piece only whole."""
        raw = secret.encode("utf-8", "surrogatepass")
        if len(raw) < PIECE:
            self._short |= _spellings(secret)
            return
        # In a form of a web page a plus sign stands for a blank.
        spaced = {squeeze(raw.replace(b" ", b"+"))} if b" " in raw else set[bytes]()
        for form in {raw, squeeze(raw), *spaced}:
            places = range(0, min(len(form), _LONGEST) - _WORD + 1, _STEP)
            words = array("Q", b"".join([form[at : at + _WORD] for at in places]))
            first = len(self._secrets) * _LONGEST
            self._secrets.append(form)
            for word, place in zip(words, range(first, first + _LONGEST, _STEP), strict=False):
                if self._words.setdefault(word, place) != place and len(form) < _LONG:
                    self._more.setdefault(word, []).append(place)

    def publish(self, names: Iterable[str]) -> None:
        """Let pieces of these names stand: a secret may begin with that of its company or stack."""
        self._public = squeeze("\0".join(names).encode("utf-8", "surrogatepass"))

    def scrub(self, text: str) -> str:
        """Return the text with every secret masked, and every piece of one."""
        text = self.scrub_pieces(_ASSERTION.sub(MASK, text))
        for secret in sorted(self._short, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return text

    def scrub_pieces(self, text: str) -> str:
        """Return the text with secrets masked, but for those that are short as words are."""
        if not self._words or len(text) < PIECE:
            return text
        written = text.encode("utf-8", "surrogatepass")
        data = squeeze(written)
        # As it is written, too: what stands before a secret may make it look like an escape.
        if not (self._shows(written) or self._shows(data) or self._shows_encoded(data)):
            return text
        squeezed, plain = SqueezedPlaces(text, squeezed=True), SqueezedPlaces(text, squeezed=False)
        spans = [squeezed.origin(*span) for span in self._found(squeezed.data)]
        spans += [plain.origin(*span) for span in self._pieces(plain.data)]
        return _masked(text, spans)

    def scrub_result(self, text: str) -> str:
        """Return a result with pieces of secrets masked; JSON stays JSON, also line by line."""
        scrubbed = self.scrub_pieces(text)
        if scrubbed == text:
            return text
        lines = text.splitlines()
        try:
            if len(lines) > 1 and lines[0].strip() in ("{", "["):
                return self._document(text, indent=2) + "\n"
            return "".join(f"{self._document(line, indent=None)}\n" for line in lines)
        except ValueError:
            return scrubbed

    def _document(self, text: str, indent: int | None) -> str:
        clean = mapped(json.loads(text), self.scrub_pieces)
        return json.dumps(clean, indent=indent, ensure_ascii=not text.isascii())

    def _shows(self, data: bytes) -> bool:
        """Say whether there may be a piece of a secret, which is quick to find out."""
        words = self._words.keys()
        return not all(words.isdisjoint(_words(data, shift)) for shift in range(_WORD))

    def _shows_encoded(self, data: bytes) -> bool:
        runs = _BASE64.findall(data.translate(_URL_SAFE))
        return any(
            self._shows(b" ".join([_decoded(run, shift) for run in runs])) for shift in range(4)
        )

    def _found(self, data: bytes) -> Iterator[Span]:
        """Yield where in squeezed data pieces of secrets stand, also in base64."""
        yield from self._pieces(data)
        for run in _BASE64.finditer(data):
            for shift in range(4):
                begin = run.start() + shift
                for start, end in self._pieces(_decoded(run[0].translate(_URL_SAFE), shift)):
                    yield begin + start * 4 // 3, min(begin + (end * 4 + 2) // 3, run.end())

    def _pieces(self, data: bytes) -> Iterator[Span]:
        known: dict[tuple[int, int], int] = {}
        for shift in range(_WORD):
            words = _words(data, shift)
            if self._words.keys().isdisjoint(words):
                continue
            for number, word in enumerate(words):
                if word in self._words:
                    for place in (self._words[word], *self._more.get(word, ())):
                        yield from self._stretch(data, shift + number * _WORD, place, known)

    def _stretch(
        self, data: bytes, at: int, place: int, known: dict[tuple[int, int], int]
    ) -> Iterator[Span]:
        """Yield how far data and a secret agree around a word of both, if that is a piece.

        The same stretch of the same secret is found once for each of its words; `known` tells.
        """
        secret, inside = divmod(place, _LONGEST)
        if known.get((secret, at - inside), -1) >= at + _WORD:
            return
        start, end = _extent(data, at, self._secrets[secret], inside)
        known[secret, at - inside] = end
        if end - start >= PIECE and data[start:end] not in self._public:
            yield start, end


def mapped(value: Any, function: Callable[[str], str]) -> Any:
    """Return JSON-like data with `function` applied to every text in it, names included."""
    if isinstance(value, str):
        return function(value)
    if isinstance(value, dict):
        return {function(name): mapped(item, function) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [mapped(item, function) for item in value]
    return value


def excerpt(text: str, most: int, scrub: Callable[[str], str]) -> str:
    """Return text of others on one line: scrubbed as a whole, and only then cut to `most`.

    The other way round, what is left of a secret would not be known for one.
    """
    # Far more than is kept, since masking shortens; nobody reads a page of megabytes. Half a pair
    # of surrogates, which JSON may hold, could not be written anywhere.
    whole = text[: 64 * 1024].encode("utf-8", "replace").decode()
    said = scrub(re.sub(r"\s+", " ", whole).strip())
    return said[:most].rstrip()


def _words(data: bytes, shift: int) -> "array[int]":
    """Return every eighth of data's words of 8 bytes, from the one at `shift` on."""
    return array("Q", data[shift : shift + max(0, len(data) - shift) // _WORD * _WORD])


def _decoded(run: bytes, shift: int) -> bytes:
    """Return what base64 holds if it begins at `shift`; what lacks its padding tells its end."""
    return binascii.a2b_base64(run[shift:] + b"A" * (-(len(run) - shift) % 4))


def _extent(data: bytes, at: int, secret: bytes, inside: int) -> Span:
    """Return how far data and a secret agree around a place where they do."""
    start, before = at, inside
    while start and before and data[start - 1] == secret[before - 1]:
        start, before = start - 1, before - 1
    end, after = at + _WORD, inside + _WORD
    while end < len(data) and after < len(secret) and data[end] == secret[after]:
        end, after = end + 1, after + 1
    return start, end


def _masked(text: str, spans: list[Span]) -> str:
    parts: list[str] = []
    last, cut = 0, -1
    for start, end in sorted(spans):
        if start > cut:
            parts += (text[last:start], MASK)
        cut = last = max(cut, end)
    return "".join([*parts, text[last:]])


def _spellings(value: str) -> set[str]:
    """Return a short secret as it stands in headers, in forms, in URLs and in JSON."""
    return {value, quote_plus(value), quote(value, safe=""), json.dumps(value)[1:-1]}
