"""URIs as they may be shown: what may be a token in them stands there as a digest.

User information and the values of a query are shown as `***` and eight digits of their SHA-256, so
that a difference still shows.
"""

import re
from collections.abc import Iterable, Iterator

from reconciler.core.text.expressions import Expression
from reconciler.core.text.scrubbing import MASK

Span = tuple[int, int]

_VEIL = r"\*\*\*[0-9a-f]{8}"
VEIL = Expression(_VEIL)
"""What stands in the place of a value."""
_VEILED = Expression(rf"({_VEIL}|\.{{3}})[^A-Za-z0-9]*")
"""What is veiled already, or left out, perhaps with the end of a sentence."""
AS_SHOWN = "as shown"
"""Context in which a value is read back that was written down with its veils."""
# Up to what ends a URI in text; JSON may escape its slashes.
_URI = Expression(r"""[A-Za-z][A-Za-z0-9+.-]*:(?:\\?/){2}[^\s"'<>`]+""")
_ENCODED_QUERY = Expression(r"(https?%3A%2F%2F[^\s\"'<>]*?%3F)[^\s\"'<>]+", re.IGNORECASE)
_LOOSE_VALUE = Expression(r"(?<=[?&])([^\s=&?]*=)([^\s&\"'<>]+)")


def veil(value: str) -> str:
    """Return what is shown in the place of a value."""
    import hashlib  # loads OpenSSL, which `--help` does without

    return MASK + hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def veil_uri(
    uri: str, hidden: Iterable[Span] = (), *, placeholder: str = "", again: bool = False
) -> str:
    """Return a URI as it may be shown; `hidden` are further places in it that may not.

    A value that holds `placeholder` is shown as that alone: what stands for a secret is none. With
    `again`, what is veiled already stays as it is.
    """
    parts: list[str] = []
    last = 0
    for start, end in _merged([*_values(uri), *hidden]):
        value = uri[start:end]
        if placeholder and placeholder in value:
            shown = placeholder
        else:
            shown = value if again and _VEILED.fullmatch(value) else veil(value)
        parts += (uri[last:start], shown)
        last = end
    return "".join([*parts, uri[last:]])


def values_of(uri: str) -> Iterator[str]:
    """Yield the user information of a URI and the values of its query."""
    return (uri[start:end] for start, end in _values(uri))


def veil_text(text: str) -> str:
    """Return text with every URI in it as it may be shown."""
    if "://" not in text and ":\\/" not in text and "%3" not in text:
        return text
    text = _URI.sub(lambda found: veil_uri(found[0], again=True), text)
    return _ENCODED_QUERY.sub(rf"\1{MASK}", text)


def veil_value(text: str) -> str:
    """Return one value of YAML, perhaps half a URI, as it may be quoted."""
    return _LOOSE_VALUE.sub(
        lambda found: found[1] + (found[2] if _VEILED.fullmatch(found[2]) else veil(found[2])),
        veil_text(text),
    )


def _values(uri: str) -> Iterator[Span]:
    """Yield where user information and the values of the query stand."""
    head, mark, query = uri.partition("?")
    authority = re.match(r"[^/]*(?:\\?/){2}", head)
    if authority is not None:
        begin = authority.end()
        at = re.split(r"\\?/", head[begin:], maxsplit=1)[0].rfind("@")
        if at > 0:
            yield begin, begin + at
    begin = len(head) + len(mark)
    for item in query.split("&"):
        # Without a name, all of it is the value.
        name, equals, value = item.partition("=")
        at = len(name) + 1 if equals else 0
        if value or (name and not equals):
            yield begin + at, begin + len(item)
        begin += len(item) + 1


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield places in order, those that overlap as one."""
    start, end = -1, -1
    for begin, stop in sorted(spans):
        if begin >= end:
            if end > start:
                yield start, end
            start, end = begin, stop
        else:
            end = max(end, stop)
    if end > start:
        yield start, end
