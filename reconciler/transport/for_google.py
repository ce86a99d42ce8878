"""Our HTTP in the shapes that Google's libraries ask for; they bring none of their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from google.auth.exceptions import TransportError
from google.auth.transport import Request

from reconciler.transport.failures import Failed
from reconciler.transport.http import Http, Response

if TYPE_CHECKING:
    import httplib2


@dataclass(frozen=True, slots=True)
class GoogleAnswer:
    """What google-auth reads of an answer."""

    status: int
    headers: Mapping[str, str]
    data: bytes


class LoginRequest(Request):
    """How credentials of Google get, exchange and renew their tokens."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        """Return itself: threads may share it."""
        return self

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **_others: object,
    ) -> GoogleAnswer:
        """Send a request; `timeout` is in seconds.

        Raises:
            TransportError: there was no answer; made of a Failed.
            SettingsError: a variable about proxies or authorities is wrong.
        """
        answer = self.answered(url, method, body, headers or {}, timeout)
        return GoogleAnswer(answer.status, answer.headers, answer.body)

    def answered(
        self,
        url: str,
        method: str,
        body: bytes | str | None,
        headers: Mapping[str, str],
        timeout: float | None,
    ) -> Response:
        """Send a request and return its answer, whatever its status; raises as a call does."""
        try:
            return self._http.exchange(method, url, headers=headers, body=body, within=timeout)
        except Failed as error:
            raised: Any = TransportError
            raise raised(error.sentence, retryable=error.passing) from error


class ApiHttp:
    """An `httplib2.Http` as googleapiclient uses it: sends requests with tokens of `credentials`.

    A 401 renews nothing here: it may mean that the Cloud project is not registered.
    """

    def __init__(self, http: Http, credentials: Any = None) -> None:
        self._http = http
        self._login = LoginRequest(http)
        self._credentials = credentials

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
        **_others: object,
    ) -> tuple["httplib2.Response", bytes]:
        """Send a request once, and return head and body of the answer, whatever its status.

        Raises:
            Failed: there was no answer; says why.
            GoogleAuthError: the credentials gave no token.
            SettingsError: a variable about proxies or authorities is wrong.
        """
        import httplib2  # credentials alone need none of it

        named = dict(headers or {})
        if self._credentials is not None:
            self._credentials.before_request(self._login, method, uri, named)
        answer = self._http.exchange(method, uri, headers=named, body=body)
        return httplib2.Response({**answer.headers, "status": str(answer.status)}), answer.body

    def close(self) -> None:
        """Do nothing: connections are the caller's."""
