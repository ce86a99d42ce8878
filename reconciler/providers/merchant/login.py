"""Where the Merchant API's access tokens come from."""

import json
import threading
from typing import Any

import google.auth
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, RefreshError
from google.oauth2.credentials import Credentials as TokenCredentials
from google.oauth2.service_account import Credentials as KeyFileCredentials

from reconciler.core.endpoint import parse_endpoint
from reconciler.core.errors import Denied, ServiceError, SettingsError, Transient, Unreachable
from reconciler.providers.files import read_small
from reconciler.providers.merchant.account import AccessToken, MerchantAccount, ServiceAccountFile
from reconciler.providers.secrets import Secrets
from reconciler.transport.failures import Failed, failed_within
from reconciler.transport.for_google import LoginRequest
from reconciler.transport.http import Http

SCOPES = ["https://www.googleapis.com/auth/content"]


class Login:
    """The credentials of one account, made when first used and renewed by one thread at a time."""

    def __init__(self, name: str, account: MerchantAccount, secrets: Secrets) -> None:
        self._name = name
        self._account = account
        self._secrets = secrets
        self._lock = threading.Lock()
        self._credentials: Any = None

    def credentials(self, http: Http) -> Any:
        """Return credentials that hold a valid token; `http` fetches one where needed.

        Raises:
            SettingsError: there are no credentials.
            Denied: Google refuses them.
            Transient: Google's token service did not answer.
        """
        with self._lock:
            if self._credentials is None:
                self._credentials = self._make()
                self._keep_out_of_texts()
            if not self._credentials.valid:
                self._renew(http)
            return self._credentials

    def renewed(self, http: Http, token: str | None) -> bool:
        """Replace `token`, which the service refused; False if no other can be had.

        Where another thread has replaced it already, that is enough.
        """
        with self._lock:
            if isinstance(self._account.credentials, AccessToken) or token is None:
                return False
            if self._credentials.token == token:
                self._renew(http)
            return True

    def _make(self) -> Any:
        source = self._account.credentials
        if isinstance(source, AccessToken):
            token = self._secrets.resolve(source.access_token)
            return TokenCredentials(token)  # type: ignore[no-untyped-call]  # partly typed
        if isinstance(source, ServiceAccountFile):
            return self._from_key_file(source.service_account_file)
        if source == "anonymous":
            return AnonymousCredentials()  # type: ignore[no-untyped-call]  # partly typed
        try:
            found, _project = google.auth.default(scopes=SCOPES)
        except DefaultCredentialsError as error:
            raise SettingsError(
                f"{self._name}: no Application Default Credentials; run `gcloud auth "
                "application-default login`, set GOOGLE_APPLICATION_CREDENTIALS, or declare "
                "`credentials`"
            ) from error
        return found

    def _renew(self, http: Http) -> None:
        try:
            self._credentials.refresh(LoginRequest(http))
        except RefreshError as error:
            if failed := failed_within(error):
                raise _unanswered(self._name, failed) from error
            raise Denied(
                self._name,
                "token",
                "Google gives no token for these credentials; check that the key or login is "
                "still valid, is allowed the scope content, and that this machine's clock is right",
            ) from error
        except GoogleAuthError as error:
            failed = failed_within(error) or Failed("Google's token service did not answer")
            raise _unanswered(self._name, failed) from error
        self._keep_out_of_texts()

    def _keep_out_of_texts(self) -> None:
        """Remember what the credentials hold, also what only Google's own login makes use of."""
        for name in ("token", "refresh_token", "client_secret", "id_token"):
            secret = getattr(self._credentials, name, None)
            if isinstance(secret, str) and secret:
                self._secrets.remember(secret)

    def _from_key_file(self, path: str) -> Any:
        # The path is not repeated: somebody may have put the key there.
        what = f"{self._name}: the key file that credentials.serviceAccountFile names"
        content = read_small(path, what)
        try:
            key = json.loads(content)
            self._secrets.remember(key["private_key"])
            parse_endpoint(key["token_uri"])
            read = KeyFileCredentials.from_service_account_info
            return read(key, scopes=SCOPES)  # type: ignore[no-untyped-call]  # partly typed
        except (ValueError, KeyError, TypeError, AttributeError, GoogleAuthError):
            # The cause may quote the key.
            raise SettingsError(f"{what} is not the key file of a Google service account") from None


def _unanswered(account: str, failed: Failed) -> ServiceError:
    """Return what a request for a token without an answer means; asking twice does no harm."""
    kind = Transient if failed.passing else Unreachable
    return kind(account, "token", failed.sentence)
