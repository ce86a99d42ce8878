"""The Merchant API's notification subscriptions on the wire, through Google's own client.

No batches: their parts count one by one against the quota, and the client sends them to Google
whatever the endpoint is.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlencode

from google.auth.exceptions import GoogleAuthError
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from googleapiclient.http import HttpRequest
from googleapiclient.model import JsonModel

from reconciler.core.model.abilities import Metrics
from reconciler.core.model.errors import Missing, Rejected, Transient, Unclear
from reconciler.core.text.halves import whole
from reconciler.core.text.scrubbing import PIECE, Scrubber
from reconciler.core.text.veil import values_of, veil_text
from reconciler.credentials.secrets import Secrets
from reconciler.services.merchant import answers
from reconciler.services.merchant.account import BASE_URL, MerchantAccount
from reconciler.services.merchant.answers import (
    GarbledMerchantAnswer,
    SubscriptionResource,
    SubscriptionResourcePage,
)
from reconciler.services.merchant.failures import (
    NO_SUCH_METHOD,
    MerchantCall,
    read_report,
    translate,
)
from reconciler.services.merchant.kinds import BUCKET, PACE
from reconciler.services.merchant.login import MerchantLogin
from reconciler.transport.calls import Calls, Clock, Pages
from reconciler.transport.failures import Failed
from reconciler.transport.for_google import ApiHttp
from reconciler.transport.http import Http

T = TypeVar("T")

PAGE_SIZE = 200  # the most the service gives
ACCOUNTS_PAGE = 500  # likewise

# Whether what an account has of its own parent counts as approved is documented nowhere.
_LINKED = (
    'relationship(providerId = {0} AND service(type = "ACCOUNT_AGGREGATION")) OR '
    'relationship(providerId = {0} AND service(handshakeState = "APPROVED"))'
)


class MerchantClient:
    """One account that owns subscriptions."""

    def __init__(
        self, name: str, account: MerchantAccount, *, secrets: Secrets, clock: Clock
    ) -> None:
        self._name = name
        self._account = account
        self._secrets = secrets
        self.calls = Calls(clock, paces={BUCKET: PACE})
        self._base_url = account.endpoint or BASE_URL
        self._http = Http()
        self._login = MerchantLogin(name, account, secrets)
        self._parent = f"accounts/{account.account_id}"
        self._methods = _described(self._base_url)

    def list(self) -> Iterator[SubscriptionResource]:
        """Yield all subscriptions, page by page."""
        token: str | None = None
        pages = Pages(self._name, f"{BUCKET}.list")
        while True:
            page = self._page(token)
            yield from page.items
            token = page.token
            if token is None:
                return
            pages.turn(token)

    def get(self, name: str) -> SubscriptionResource:
        """Return one subscription. Raises Missing where there is none."""
        return self._run("get", self._methods.get(name=name), answers.remote)

    def create(self, wanted: SubscriptionResource) -> SubscriptionResource:
        """Create a subscription. Not repeated after a lost answer: Unclear is raised."""
        request = self._methods.create(parent=self._parent, body=wanted.body())
        quiet = self._quietly(wanted.call_back_uri)
        return self._run("create", request, answers.remote, repeat=False, scrub=quiet)

    def set_call_back_uri(self, name: str, call_back_uri: str) -> SubscriptionResource:
        """Change where a subscription pushes to, and nothing else about it."""
        request = self._methods.patch(
            name=name, updateMask="callBackUri", body={"callBackUri": call_back_uri}
        )
        return self._run("patch", request, answers.remote, scrub=self._quietly(call_back_uri))

    def delete(self, name: str) -> None:
        """Delete a subscription. Raises Missing where there is none."""
        self._run("delete", self._methods.delete(name=name), lambda _: None)

    def get_health(self, name: str) -> Metrics | None:
        """Return what the service measures of a subscription, None where it does not.

        The discovery document lacks this method, and not every surface of the service has it.
        """
        try:
            return self._get("getHealth", f"/notifications/v1/{name}:getHealth", answers.health)
        except Missing:
            return None
        except Rejected as error:
            if error.code in NO_SUCH_METHOD:
                return None
            raise

    def linked(self) -> Iterator[str]:
        """Yield the numbers of all accounts that ours provides a service to, page by page.

        Those are its sub-accounts and whoever approved a link; a link that nobody answered yet is
        none. `accounts.list` knows both, listSubaccounts the former only.
        """
        token: str | None = None
        pages = Pages(self._name, "accounts.list")
        while True:
            asked = {"filter": _LINKED.format(self._account.account_id), "pageSize": ACCOUNTS_PAGE}
            more = {} if token is None else {"pageToken": token}
            path = f"/accounts/v1/accounts?{urlencode({**asked, **more})}"
            page = self._get("accounts.list", path, answers.account_page)
            yield from page.numbers
            token = page.token
            if token is None:
                return
            pages.turn(token)

    def access_rights(self) -> tuple[str, ...] | None:
        """Return what the calling user may do in the account, None if the service does not say."""
        path = f"/accounts/v1/{self._parent}/users/me"
        try:
            return self._get("users.get", path, answers.access_rights)
        except (Missing, Rejected):
            return None

    def login(self) -> None:
        """Get an access token, or raise why there is none."""
        self.calls.run("token", lambda: self._login.credentials(self._http), looks=True)

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def _page(self, token: str | None) -> SubscriptionResourcePage:
        request = self._methods.list(parent=self._parent, pageSize=PAGE_SIZE, pageToken=token)
        return self._run("list", request, answers.page)

    def _get(self, method: str, path: str, understand: Callable[[Any], T]) -> T:
        """Return the answer of a method that this client's description of the API lacks."""
        request = HttpRequest(None, JsonModel().response, self._base_url + path)
        return self._run(method, request, understand)

    def _quietly(self, call_back_uri: str = "") -> Callable[[str], str]:
        """Return what keeps secrets out of what the service says, and tokens of call back URIs.

        Those of `call_back_uri` are kept out wherever they stand.
        """
        tokens = Scrubber()
        for value in values_of(call_back_uri):
            # What is short or a name of its own (the event) stands in texts for other reasons.
            if len(value) >= PIECE and not re.fullmatch("[A-Z_]+", value):
                tokens.learn(value)
        return lambda text: self._secrets.scrub(tokens.scrub(veil_text(text)))

    def _run(
        self,
        method: str,
        request: Any,
        understand: Callable[[Any], T],
        *,
        repeat: bool = True,
        scrub: Callable[[str], str] | None = None,
    ) -> T:
        site = MerchantCall(
            self._name,
            f"{BUCKET}.{method}",
            self._account.account_id,
            self._base_url,
            scrub or self._quietly(),
        )
        return self.calls.run(
            BUCKET,
            lambda: self._understood(site, request, understand),
            repeat=repeat,
            looks=request.method == "GET",
        )

    def _understood(self, site: MerchantCall, request: Any, understand: Callable[[Any], T]) -> T:
        try:
            return understand(whole(self._sent(site, request)))
        except (GarbledMerchantAnswer, UnicodeDecodeError) as error:
            why = error if isinstance(error, GarbledMerchantAnswer) else "no text"
            message = f"the answer is incomplete or of another kind: {why}"
            raise Unclear(site.account, site.operation, message) from error

    def _sent(self, site: MerchantCall, request: Any) -> Any:
        """Send a request, and once more with a new token where the token was refused."""
        for again in (True, False):
            credentials = self._login.credentials(self._http)
            try:
                return self._execute(site, request, credentials)
            except HttpError as error:
                report = read_report(error.resp.status, error.resp, error.content)
                refused = report.status == 401 and not report.unregistered
                if again and refused and self._login.renewed(self._http, credentials.token):
                    continue
                raise translate(site, report) from error
        raise AssertionError("unreachable: the last round returns or raises")

    def _execute(self, site: MerchantCall, request: Any, credentials: Any) -> Any:
        try:
            return request.execute(http=ApiHttp(self._http, credentials), num_retries=0)
        except Failed as error:
            raise error.to_service_error(site.account, site.operation) from error
        except GoogleAuthError as error:
            message = "the access token ran out just now"
            raise Transient(site.account, site.operation, message) from error


@cache
def _described(base_url: str) -> Any:
    """Return the API's methods at `base_url`, built once: requests bring their own connections."""
    service = build(
        "merchantapi",
        "notifications_v1",
        http=ApiHttp(Http()),
        static_discovery=True,
        client_options={"api_endpoint": base_url},
    )
    return service.accounts().notificationsubscriptions()
