"""Google credentials: found as Application Default Credentials are, and renewed in one place.

google-auth's own search is not used: it also looks for a project, which nothing here needs, and
starts gcloud, warns and waits for that.
"""

import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from google.auth import aws, compute_engine, identity_pool, impersonated_credentials, pluggable
from google.auth.credentials import with_scopes_if_required
from google.auth.external_account_authorized_user import Credentials as WorkforceCredentials
from google.oauth2.credentials import Credentials as UserCredentials
from google.oauth2.service_account import Credentials as KeyCredentials

from reconciler.core.model.errors import ReconcilerError, SettingsError
from reconciler.core.text.scrubbing import excerpt
from reconciler.credentials import google_failures as words
from reconciler.credentials.files import read_small
from reconciler.credentials.google_failures import RefusedByGoogle
from reconciler.credentials.unobtainable import Unobtainable
from reconciler.transport.failures import Failed
from reconciler.transport.for_google import LoginRequest
from reconciler.transport.http import Http, Response
from reconciler.transport.lines import AnswerLimits

VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"
_METADATA = "169.254.169.254"
_AT_ONCE = 1.0
"""Seconds within which a machine's own metadata server answers, or there is none."""
_LONGEST = 300
_SECRETS = ("subject_token", "assertion", "refresh_token", "client_secret", "actor_token")


class GoogleLogin:
    """Credentials of Google and where they are from; `remember` is told every secret of theirs."""

    def __init__(
        self,
        source: str,
        info: Mapping[str, Any],
        credentials: Any,
        remember: Callable[[str], object],
        scrub: Callable[[str], str],
    ) -> None:
        self._source = source
        self._info = info
        self._credentials = credentials
        self._remember = remember
        self._scrub = scrub

    @property
    def valid(self) -> bool:
        """Say whether there is a token that is not about to expire."""
        return bool(self._credentials.valid)

    @property
    def token(self) -> str:
        """Return the token."""
        return str(self._credentials.token)

    def ticket(self) -> Any:
        """Return credentials that are the token alone, and ask nobody for another."""
        return UserCredentials(self.token, quota_project_id=self._credentials.quota_project_id)  # type: ignore[no-untyped-call]  # partly typed

    def renew(self, http: Http) -> None:
        """Get a new token through `http`.

        Raises:
            Unobtainable: there is none for these credentials.
            Failed: who gives them did not answer, or is busy.
            SettingsError: a variable about proxies or authorities is wrong.
        """
        words.check_subject(self._source, self._info)
        if self._info.get("type") != "metadata":
            self._renew(http)
            return
        nearby = _nearby()
        try:
            self._renew(nearby)
        except Failed as error:
            # It answered a moment ago, and is asked for a second at most.
            raise Failed(error.sentence, passing=False) from None
        finally:
            nearby.close()

    def _renew(self, http: Http) -> None:
        request = _RefusedAtOnce(http, self._remember)
        try:
            self._credentials.refresh(request)
            token = _checked(self._credentials.token)
        except RefusedByGoogle as error:
            raise self._refused(error) from None
        except (Failed, ReconcilerError, Unobtainable):
            raise
        except Exception as error:  # noqa: BLE001 - whatever a library makes of files and answers
            # The cause may quote what a program or a host said, which may be a token.
            raise self._unfit(error, request.last) from None
        self._remember(token)

    def _refused(self, error: RefusedByGoogle) -> Exception:
        refused = words.refusal(self._source, self._info, error, self._scrub)
        return Failed(refused.problem) if words.is_passing(error.answer) else refused

    def _unfit(self, error: Exception, last: RefusedByGoogle | None) -> Unobtainable:
        remedy = "correct what credential_source names"
        match error:
            case subprocess.TimeoutExpired():
                return Unobtainable(f"{self._source}: its program did not end in time", remedy)
            case OSError() if error.filename:
                why = f"{error.filename}: {error.strerror}"
                return Unobtainable(f"{self._source}: {why}", remedy)
        if last is None:
            program = "executable" in str(self._info.get("credential_source"))
            what = "its program gives no subject token" if program else "they cannot be used"
            code = re.search(r"return code (-?\d+)", str(error))
            why = f"exit code {code[1]}" if code else type(error).__name__
            return Unobtainable(f"{self._source}: {what} ({why})", remedy)
        if last.answer.status >= 400:
            return words.refusal(self._source, self._info, last, self._scrub)
        host = urlsplit(last.url).netloc
        return Unobtainable(
            f"{self._source}: {host} answered without a usable token",
            "see that nothing between here and there answers in its place",
        )


def _checked(token: Any) -> str:
    if not isinstance(token, str) or not token:
        raise ValueError("no token")
    return token


class _RefusedAtOnce(LoginRequest):
    """How credentials get, exchange and renew their tokens: a refusal ends it at once.

    Google's library would repeat what it was refused, and wait in between. `last` is the answer to
    the last request that was no refusal.
    """

    def __init__(self, http: Http, remember: Callable[[str], object]) -> None:
        super().__init__(http)
        self._remember = remember
        self.last: RefusedByGoogle | None = None

    def answered(
        self,
        url: str,
        method: str,
        body: bytes | str | None,
        headers: Mapping[str, str],
        timeout: float | None,
    ) -> Response:
        """Send a request and return its answer. Raises Failed and RefusedByGoogle."""
        self._keep(body, headers)
        answer = self._http.exchange(method, url, headers=headers, body=body, within=timeout)
        found = RefusedByGoogle(url, answer)
        if answer.status >= 400 and (method == "POST" or words.is_passing(answer)):
            raise found
        self.last = found
        return answer

    def _keep(self, body: bytes | str | None, headers: Mapping[str, str]) -> None:
        text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body or ""
        for name, values in parse_qs(text).items():
            for value in values if name in _SECRETS else ():
                self._remember(value)
        bearer = next((it for name, it in headers.items() if name.lower() == "authorization"), "")
        if token := bearer.removeprefix("Bearer "):
            self._remember(token)


def default(
    scopes: Sequence[str], remember: Callable[[str], object], scrub: Callable[[str], str]
) -> GoogleLogin:
    """Return the Application Default Credentials. Asks nobody but this machine's metadata server.

    Raises:
        Unobtainable: there are none, or the file that holds them is none.
    """
    if path := os.environ.get(VARIABLE, ""):
        return _of_file(path, _named(path), scopes, remember, scrub)
    path = _left_by_gcloud()
    if Path(path).is_file():
        source = f"the credentials file {path} (of gcloud)"
        return _of_file(path, source, scopes, remember, scrub)
    if _on_google():
        found = with_scopes_if_required(compute_engine.Credentials(), scopes)  # type: ignore[no-untyped-call]  # partly typed
        source = "the service account of this machine"
        return GoogleLogin(source, {"type": "metadata"}, found, remember, scrub)
    raise Unobtainable(
        f"no Application Default Credentials: {VARIABLE} is not set, gcloud left none, and no "
        "metadata server of Google's answers here",
        f"run `gcloud auth application-default login`, set {VARIABLE}, or declare `credentials`",
    )


def of_content(
    content: bytes,
    source: str,
    scopes: Sequence[str],
    remember: Callable[[str], object],
    scrub: Callable[[str], str],
) -> GoogleLogin:
    """Return the credentials that a file holds; `source` names it in messages.

    Raises:
        Unobtainable: it holds none.
    """
    info = words.read_info(content, source)
    for name in ("private_key", "refresh_token", "client_secret"):
        if isinstance(secret := info.get(name), str) and secret:
            remember(secret)
    try:
        made = with_scopes_if_required(_built(info, scopes), scopes)  # type: ignore[no-untyped-call]  # partly typed
        if hasattr(made, "with_quota_project_from_environment"):
            made = made.with_quota_project_from_environment()
    except Exception:  # noqa: BLE001 - whatever a library makes of a file of others
        # The cause may quote the key.
        raise words.unbuilt(source, info) from None
    return GoogleLogin(source, info, made, remember, scrub)


def _of_file(path: str, source: str, *rest: Any) -> GoogleLogin:
    try:
        content = read_small(path, source)
    except SettingsError as error:
        remedy = f"correct {VARIABLE}, or run `gcloud auth application-default login`"
        raise Unobtainable(str(error), remedy) from None
    return of_content(content, source, *rest)


def _named(path: str) -> str:
    if len(path) > _LONGEST or not path.isprintable() or "{" in path:
        # Somebody may have put the credentials themselves there.
        return f"what {VARIABLE} holds, which looks like no path,"
    return f"the credentials file {excerpt(path, _LONGEST, str)} ({VARIABLE})"


def _built(info: Mapping[str, Any], scopes: Sequence[str]) -> Any:
    match info["type"]:
        case "service_account":
            return KeyCredentials.from_service_account_info(info, scopes=scopes)  # type: ignore[no-untyped-call]  # partly typed
        case "authorized_user":
            return UserCredentials.from_authorized_user_info(info)  # type: ignore[no-untyped-call]  # partly typed
        case "external_account_authorized_user":
            return WorkforceCredentials.from_info(info)  # type: ignore[no-untyped-call]  # partly typed
        case "impersonated_service_account":
            of = impersonated_credentials.Credentials.from_impersonated_service_account_info
            return of(info, scopes=scopes)  # type: ignore[no-untyped-call]  # partly typed
    source = info["credential_source"]
    kind: Any = identity_pool
    if str(info["subject_token_type"]).endswith(":aws:token-type:aws4_request"):
        kind = aws
    elif source.get("executable") is not None:
        kind = pluggable
    return kind.Credentials.from_info(info, scopes=scopes)


def _left_by_gcloud() -> str:
    """Return where `gcloud auth application-default login` writes to."""
    folder = os.environ.get("CLOUDSDK_CONFIG")
    if folder is None:
        if os.name == "nt":
            folder = os.path.join(os.environ.get("APPDATA", "C:"), "gcloud")  # noqa: PTH118 - a text
        else:
            folder = str(Path("~/.config/gcloud").expanduser())
    return str(Path(folder) / "application_default_credentials.json")


def _on_google() -> bool:
    """Say whether a metadata server of Google's answers; there is one or there is none, at once."""
    if os.environ.get("NO_GCE_CHECK") == "true":
        return False
    host = os.environ.get("GCE_METADATA_HOST") or os.environ.get("GCE_METADATA_IP") or _METADATA
    http = _nearby()
    try:
        answer = http.exchange("GET", f"http://{host}/", headers={"Metadata-Flavor": "Google"})
    except Failed:
        return False
    finally:
        http.close()
    return answer.status == 200 and answer.headers.get("metadata-flavor") == "Google"


def _nearby() -> Http:
    """Return HTTP to this machine's own link, past every proxy, and without patience."""
    return Http(
        environ={}, limits=AnswerLimits(connect=_AT_ONCE, silence=_AT_ONCE * 3, total=_AT_ONCE * 3)
    )
