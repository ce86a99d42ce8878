"""Our HTTP in the shape that PyGithub asks for: reads are tried three times, writes once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from reconciler.transport.calls import MOST_PAGES, Clock, SystemClock
from reconciler.transport.failures import Failed, redirected
from reconciler.transport.http import Http, Response

_WAITS = (0.2, 0.4)
"""Seconds before the second and the third try."""
_ARCHIVE = "/zip"
"""How the one path ends that is answered by sending the caller to another host."""


@dataclass(frozen=True, slots=True)
class _GitHubAnswer:
    """What PyGithub reads of an answer."""

    status: int
    headers: Mapping[str, str]
    text: str

    def getheaders(self) -> Iterable[tuple[str, str]]:
        return self.headers.items()

    def read(self) -> str:
        return self.text


class Line:
    """What stands for a connection to one host."""

    scheme: ClassVar[str] = "https"

    def __init__(
        self,
        host: str,
        port: int | None = None,
        *,
        clock: Clock | None = None,
        **_others: object,
    ) -> None:
        self.host = host
        place = f"[{host}]" if ":" in host else host
        base = f"{self.scheme}://{place}"
        self._base = f"{base}:{port}" if port else base
        self._clock = clock or SystemClock()
        self._http = Http()
        self._at_a_stretch = 0
        self._asked: tuple[str, str, str | None, Mapping[str, str]] = ("", "", None, {})

    def request(
        self,
        verb: str,
        url: str,
        input: str | None,  # noqa: A002 - PyGithub's name
        headers: Mapping[str, str],
        _stream: bool = False,
    ) -> None:
        """Take up what is to be asked; `url` is a path.

        Raises:
            Failed: more was read at a stretch than any list has pages.
        """
        self._asked = (verb, url, input, headers)
        self._at_a_stretch = self._at_a_stretch + 1 if self._reads else 0
        if self._at_a_stretch > MOST_PAGES:
            raise Failed(f"{self.host}: after {MOST_PAGES:,} pages there are more", passing=False)

    def getresponse(self) -> _GitHubAnswer:
        """Ask, and return the whole answer.

        Raises:
            Failed: there was none, or it leads to another host.
        """
        for wait in _WAITS:
            try:
                answer = self._once()
            except Failed as error:
                if not error.passing or (error.sent and not self._reads):
                    raise
            else:
                if not (self._reads and answer.status >= 500):
                    return self._read(answer)
            self._clock.sleep(wait)
        return self._read(self._once())

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()

    @property
    def _reads(self) -> bool:
        return self._asked[0] == "GET"

    def _once(self) -> Response:
        verb, path, content, headers = self._asked
        body = content.encode() if content is not None else None
        return self._http.exchange(
            verb, self._base + path, headers=headers, body=body, redirects=True
        )

    def _read(self, answer: Response) -> _GitHubAnswer:
        path = urlsplit(self._asked[1]).path
        if answer.leads_to and answer.status != 301 and not path.endswith(_ARCHIVE):
            host = urlsplit(self._base).netloc
            raise redirected(host, answer.status, answer.leads_to)
        return _GitHubAnswer(answer.status, answer.headers, answer.body.decode("utf-8", "replace"))


class PlainLine(Line):
    """The same over HTTP, which stand-ins of GitHub have."""

    scheme = "http"
