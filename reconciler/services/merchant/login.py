"""Where the Merchant API's access tokens come from."""

import threading
from typing import TYPE_CHECKING, Any

from google.auth.credentials import AnonymousCredentials
from google.oauth2.credentials import Credentials as TokenCredentials

from reconciler.core.model.errors import ServiceError, Transient, Unreachable
from reconciler.credentials.files import read_small
from reconciler.credentials.google_failures import read_info
from reconciler.credentials.secrets import Secrets
from reconciler.credentials.unobtainable import Unobtainable
from reconciler.services.merchant.account import AccessToken, MerchantAccount, ServiceAccountFile
from reconciler.transport.failures import Failed
from reconciler.transport.http import Http

if TYPE_CHECKING:
    from reconciler.credentials import google

SCOPES = ["https://www.googleapis.com/auth/content"]
_TOKEN = "token"  # noqa: S105 - the operation's name


class MerchantLogin:
    """The credentials of one account, made when first used and renewed by one thread at a time."""

    def __init__(self, name: str, account: MerchantAccount, secrets: Secrets) -> None:
        self._name = name
        self._account = account
        self._secrets = secrets
        self._lock = threading.Lock()
        self._fixed: Any = None
        self._chain: google.GoogleLogin | None = None

    def credentials(self, http: Http) -> Any:
        """Return credentials that hold a valid token; `http` fetches one where needed.

        Raises:
            SettingsError: there are no credentials.
            Denied: Google refuses them.
            Transient: Google's token service did not answer.
        """
        with self._lock:
            if self._fixed is None and self._chain is None:
                self._make()
            if self._chain is None:
                return self._fixed
            if not self._chain.valid:
                self._renew(self._chain, http)
            return self._chain.ticket()

    def renewed(self, http: Http, token: str | None) -> bool:
        """Replace `token`, which the service refused; False if no other can be had.

        Where another thread has replaced it already, that is enough.
        """
        with self._lock:
            if self._chain is None or token is None:
                return False
            if self._chain.token == token:
                self._renew(self._chain, http)
            return True

    def _make(self) -> None:
        source = self._account.credentials
        if isinstance(source, AccessToken):
            token = self._secrets.resolve(source.access_token)
            self._fixed = TokenCredentials(token)  # type: ignore[no-untyped-call]  # partly typed
        elif source == "anonymous":
            self._fixed = AnonymousCredentials()  # type: ignore[no-untyped-call]  # partly typed
        else:
            from reconciler.credentials import google  # loads much that a token alone needs not

            kept = self._secrets.remember, self._secrets.scrub
            try:
                if isinstance(source, ServiceAccountFile):
                    self._chain = self._from_key_file(source.service_account_file)
                else:
                    self._chain = google.default(SCOPES, *kept)
            except Unobtainable as error:
                raise error.of(self._name, _TOKEN) from None

    def _renew(self, chain: "google.GoogleLogin", http: Http) -> None:
        try:
            chain.renew(http)
        except Unobtainable as error:
            raise error.of(self._name, _TOKEN) from None
        except Failed as error:
            raise _unanswered(self._name, error) from error

    def _from_key_file(self, path: str) -> "google.GoogleLogin":
        # The path is not repeated: somebody may have put the key there.
        what = "the key file that credentials.serviceAccountFile names"
        content = read_small(path, f"accounts.{self._name}: {what}")
        try:
            kind = read_info(content, what)["type"]
            why = "" if kind == "service_account" else f"is of the type {kind}"
        except Unobtainable as error:
            why = error.problem.removeprefix(what).strip()
        if why:
            raise Unobtainable(
                f"{what} is not the key file of a Google service account: it {why}",
                "name one, or declare `credentials: adc`",
            )
        from reconciler.credentials import google  # loads much that a token alone needs not

        kept = self._secrets.remember, self._secrets.scrub
        return google.of_content(content, what, SCOPES, *kept)


def _unanswered(account: str, failed: Failed) -> ServiceError:
    """Return what a request for a token without an answer means; asking twice does no harm."""
    kind = Transient if failed.passing else Unreachable
    return kind(account, _TOKEN, failed.sentence)
