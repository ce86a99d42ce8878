"""AWS credentials as boto3's own chain finds them; where it breaks is told as Unobtainable.

The only place that asks botocore for credentials: a client signs with what was had here, so that an
error of a call is never one of getting credentials.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.credentials import ProcessProvider
from botocore.exceptions import ClientError

from reconciler.core.model.errors import ReconcilerError
from reconciler.core.text.scrubbing import excerpt
from reconciler.credentials import aws_failures
from reconciler.credentials.aws_process import Watched
from reconciler.credentials.unobtainable import Unobtainable
from reconciler.transport.failures import Failed
from reconciler.transport.for_boto import carry
from reconciler.transport.http import Http

Remember = Callable[[str], object]
"""Is told every secret the moment it is known, before it is used."""

_PASSING = frozenset(
    {"Throttling", "ThrottlingException", "RequestLimitExceeded", "IDPCommunicationError"}
)
_QUOTED = frozenset(
    {"AccessDenied", "AccessDeniedException", "ForbiddenException", "ValidationError"}
)
"""Refusals whose text holds nothing of a token; others may repeat what was signed."""
BAD_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
"""Codes of what AWS refuses whoever asks for whatever, until the credentials are others."""
_HELD = ("aws_secret_access_key", "aws_session_token")


class AwsLogin:
    """The credentials of one session, and whose they are.

    `session` is a boto3 session whose clients sign with them.
    """

    def __init__(
        self,
        core: Any,
        http: Http,
        remember: Remember,
        *,
        profile: str | None = None,
        region: str | None = None,
    ) -> None:
        """Read the configuration; `core` is a botocore session, and calls nothing yet.

        Raises:
            Unobtainable: the configuration is wrong, or the profile is not there.
        """
        self._place = aws_failures.AwsLoginPlace(profile, dict(os.environ))
        self._remember = remember
        self._here = threading.local()
        self._process = Watched()
        self._config: dict[str, Any] = {}
        self._method = ""
        try:
            self.session = boto3.session.Session(
                botocore_session=core, profile_name=profile, region_name=region
            )
            self._config = core.full_config
            core.get_scoped_config()
            carry(self.session, http)
            chain = core.get_component("credential_provider")
        except Exception as error:  # noqa: BLE001 - whatever botocore makes of files and variables
            raise aws_failures.misconfigured(self._place, error) from None
        core.register_component("credential_provider", _Telling(self, self._own(chain.providers)))
        self.session.events.register("before-sign", self._before_sign)

    @property
    def whose(self) -> str:
        """Return whose credentials were found, as in "the credentials of ..."."""
        return self._place.whose(self._method)

    @property
    def renewal(self) -> str:
        """Return how they are renewed."""
        return self._place.renewal(self._method, self._config)

    def obtain(self) -> Any:
        """Return the credentials, or new ones in time; many clients may ask.

        None while they are being got, since the clients that do so sign as well.

        Raises:
            Unobtainable: there are none.
            Failed: who gives them did not answer.
            ClientError: AWS's token service is busy.
        """
        if getattr(self._here, "obtaining", False):
            return None
        self._here.obtaining = True
        try:
            return self._obtain()
        finally:
            self._here.obtaining = False

    def _before_sign(self, **_: Any) -> None:
        self.obtain()

    def load(self, providers: list[Any]) -> Any:
        """Return the first credentials that one of botocore's providers has."""
        for provider in providers:
            with self.telling(provider.METHOD):
                found = provider.load()
            if found is not None:
                self._method = found.method
                return found
        raise aws_failures.nothing(self._place, self._config)

    @contextmanager
    def telling(self, method: str) -> Iterator[None]:
        """Tell what goes wrong within, which getting credentials in this way comes to."""
        try:
            yield
        except (Unobtainable, Failed, ReconcilerError):
            raise
        except ClientError as error:
            raise self._answered(error) from None
        except Exception as error:  # noqa: BLE001 - whatever a library makes of files and answers
            words = aws_failures.why(method, error, self._place, self._config, self._process)
            raise words from None

    def _answered(self, error: ClientError) -> Exception:
        if is_passing(error):
            busy: Exception = error
            return busy
        profiles = self._config.get("profiles", {})
        own = profiles.get(self._place.profile, {})
        if error.operation_name == "GetRoleCredentials":
            own = profiles.get(aws_failures.rooted(self._config, self._place.profile), {})
            role = f"SSO role {own.get('sso_role_name')} in account {own.get('sso_account_id')}"
        else:
            role = self._place.environ.get("AWS_ROLE_ARN") or "its role"
            role = str(own.get("role_arn") or role)
        return refusal(error, f"of {self._place.named}", role)

    def _own(self, providers: list[Any]) -> list[Any]:
        """Return botocore's providers, with the one of programs so that it can be told."""
        for profile in self._config.get("profiles", {}).values():
            self._keep(profile)
        return [
            ProcessProvider(self._place.profile, lambda: self._config, popen=self._process)
            if provider.METHOD == ProcessProvider.METHOD
            else provider
            for provider in providers
        ]

    def _keep(self, profile: dict[str, Any]) -> None:
        for name in _HELD:
            if isinstance(value := profile.get(name), str) and value:
                self._remember(value)

    def _obtain(self) -> Any:
        found = self.session.get_credentials()
        with self.telling(found.method):
            frozen = found.get_frozen_credentials()
            if not all(isinstance(it, str) for it in (*frozen[:2], frozen.token or "")):
                raise TypeError("a part of the credentials is no text")
        for secret in (frozen.secret_key, frozen.token):
            if secret:
                self._remember(secret)
        return frozen


class _Telling:
    """Botocore's providers one after the other, each told by what goes wrong in it."""

    def __init__(self, login: AwsLogin, providers: list[Any]) -> None:
        self._providers = providers
        self._login = login

    def load_credentials(self) -> Any:
        """Return credentials, or raise why there are none."""
        return self._login.load(self._providers)


def is_passing(error: ClientError) -> bool:
    """Say whether AWS's token service is only busy."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return int(status) >= 500 or error.response.get("Error", {}).get("Code") in _PASSING


def refusal(error: ClientError, whose: str, role: str) -> Unobtainable:
    """Return that AWS does not let credentials assume a role."""
    details = error.response.get("Error", {})
    code, text = str(details.get("Code", "")), str(details.get("Message") or "")
    said = excerpt(text, 300, str).rstrip(".") if code in _QUOTED else ""
    return aws_failures.refused(whose, role, f"{code}: {said}" if said else code)
