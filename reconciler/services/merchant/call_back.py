"""Call back URIs: what Google can push to, and the placeholders that may stand in one.

Google pushes to public HTTPS with a certificate of a recognised authority only.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import quote, urlsplit

from pydantic import GetCoreSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from reconciler.core.text.expressions import Expression
from reconciler.core.text.veil import AS_SHOWN, VEIL, Span, veil_uri
from reconciler.services.merchant.addresses import is_public

SECRET = "{secret}"  # noqa: S105 - stands for one
PLACEHOLDERS = frozenset({"targetAccount", "registeredEvent", "secret"})
_PRINTABLE = Expression(r"[\x21-\x7e]+")
_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")
_TELLING = 6
"""Characters from which on a secret is known for one within other text."""
_SAFE = "~!$'()*,:@=-._"
"""What need not be encoded in a path or in a value of a query, beside letters and digits."""


@dataclass(frozen=True, slots=True, eq=False)
class CallBackUri:
    """A call back URI that shows no token: as text it is what reports show.

    `text` may hold `{secret}` for the value behind `reference`, as long as that is not known.
    `hidden` are places in it that are shown as digests beside user information and the values of
    the query. `shown`: the text itself was read from a report, digests and all.
    """

    text: str
    hidden: tuple[Span, ...] = ()
    reference: str | None = None
    shown: bool = False

    def __str__(self) -> str:
        """Return the URI as reports show it."""
        if self.shown:
            return self.text
        return veil_uri(self.text, self.hidden, placeholder=SECRET)

    def __repr__(self) -> str:
        """Show as little as reports do."""
        return f"CallBackUri({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        """Compare by value, and by what is shown where that is all that is known of one."""
        if not isinstance(other, CallBackUri):
            return NotImplemented
        if self.shown or other.shown or not (self.known and other.known):
            return str(self) == str(other)
        return self.text == other.text

    def __hash__(self) -> int:
        """Return what is equal for URIs that may be equal."""
        return hash(self.text.partition("?")[0].rpartition("@")[2].partition("/")[0])

    @property
    def known(self) -> bool:
        """Say whether no secret is lacking."""
        return SECRET not in self.text

    def reveal(self) -> str:
        """Return the URI itself, token and all: for the service, and for `export`.

        Raises:
            ValueError: it is not known whole.
        """
        if self.shown or not self.known:
            raise ValueError("a call back URI whose secret is not known cannot be used")
        return self.text

    def filled(self, secret: str) -> Self:
        """Return the URI with the value that `{secret}` stands for, encoded where it has to be."""
        value = quote(secret, safe=_SAFE)
        first, *others = self.text.split(SECRET)
        text, hidden = first, list[Span]()
        for other in others:
            hidden.append((len(text), len(text) + len(value)))
            text += value + other
        return replace(self, text=text, hidden=tuple(hidden))

    def tokens(self) -> Iterator[str]:
        """Yield the secrets that it holds."""
        return (self.text[start:end] for start, end in self.hidden)

    def veiled_like(self, declared: Self | None, tokens: Iterable[str]) -> Self:
        """Return a live URI that hides what its declaration has a secret for.

        It hides known `tokens`, too, wherever they stand behind the host's name.
        """
        path = re.match(r"[^/]*//[^/]*", self.text)
        begin = path.end() if path else 0
        hidden = [
            found.span()
            for secret in tokens
            if len(secret) >= _TELLING
            for found in re.finditer(re.escape(secret), self.text)
            if found.start() >= begin
        ]
        if declared is not None:
            hidden += declared.places_of_secrets(self.text)
        return replace(self, hidden=tuple(sorted(hidden)))

    def places_of_secrets(self, uri: str) -> Iterator[Span]:
        """Yield where another URI has what this one has its secret for, if all else is the same."""
        if not self.hidden:
            return  # a pattern for each of thousands takes longer than all that is found
        template, last = "", 0
        for start, end in self.hidden:
            template += self.text[last:start] + SECRET
            last = end
        template += self.text[last:]
        found = _pattern(template).fullmatch(uri)
        if found is not None:
            yield from (found.span(number + 1) for number in range(len(found.groups())))

    def may_be(self, other: Self) -> bool:
        """Say whether another URI is this one as far as can be said without the secret."""
        return _pattern(str(self)).fullmatch(str(other)) is not None

    @classmethod
    def __get_pydantic_core_schema__(
        cls, _source: Any, _handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Let pydantic make one of text, and write it as it is shown."""
        return core_schema.with_info_plain_validator_function(
            cls._parse,
            serialization=core_schema.plain_serializer_function_ser_schema(str),
        )

    @classmethod
    def _parse(cls, value: Any, info: ValidationInfo) -> Self:
        if isinstance(value, cls):
            return value
        if not isinstance(value, str):
            raise ValueError("expected text")
        return cls(value, shown=info.context == AS_SHOWN)


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.escape(template).replace(re.escape(SECRET), "([^/?&#]+)"))


def parse_template(value: str) -> str:
    """Return `value` if it is a public https URI once its placeholders are filled in.

    Raises:
        ValueError: says what is wrong with it.
    """
    if set(re.findall(r"\{([^{}]*)\}", value)) - PLACEHOLDERS:
        raise ValueError(
            "expected no placeholders but {targetAccount} and {registeredEvent} and {secret}"
        )
    if VEIL.search(value):
        raise ValueError(
            "expected the URI itself: this one is from a report, which shows *** and eight digits "
            "where a token stands"
        )
    uri = fill_in(value, target_account="1", registered_event="E").replace(SECRET, "s")
    if not _PRINTABLE.fullmatch(uri) or "{" in uri or "}" in uri:
        raise ValueError("expected a URI in plain ASCII without blanks or stray braces")
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        raise ValueError("expected a URI such as https://hooks.example.com/path") from None
    if parts.scheme != "https" or not parts.hostname or port == 0:
        raise ValueError(
            "expected a URI that begins with https://, since Google pushes to no other"
        )
    if parts.username is not None or parts.fragment:
        raise ValueError("expected a URI without user name, password or fragment")
    if SECRET in re.split("[/?]", value, maxsplit=3)[2]:
        raise ValueError("expected {secret} in the path or the query: a host's name is no secret")
    if not _is_public(parts.hostname):
        raise ValueError("expected a public host: Google cannot reach this machine or network")
    return value


def fill_in(template: str, *, target_account: str | None, registered_event: str) -> str:
    """Return the call back URI with its placeholders replaced, but for the secret."""
    filled = template.replace("{registeredEvent}", registered_event)
    return filled.replace("{targetAccount}", target_account) if target_account else filled


def template_of(uri: str, target_account: str) -> str:
    """Return the URI with the number of its target replaced by the placeholder, where it stands."""
    number = rf"(?<![0-9]){target_account}(?![0-9])"
    template = re.sub(number, "{targetAccount}", uri)
    filled = fill_in(template, target_account=target_account, registered_event="")
    return template if filled == uri else uri


def _is_public(host: str) -> bool:
    name = host.rstrip(".").lower()
    try:
        return is_public(name)
    except ValueError:
        # What ends in a number is an address, in one of the spellings of old.
        is_number = re.fullmatch(r"0x[0-9a-f]*|[0-9]+", name.rpartition(".")[2])
        return "." in name and not is_number and not name.endswith(_PRIVATE_SUFFIXES)
