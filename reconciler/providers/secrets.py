"""Resolves references to secrets, once each, and keeps what was resolved out of every text."""

import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from reconciler.core.errors import SettingsError
from reconciler.core.scrubbing import Scrubber
from reconciler.providers.files import read_small

if TYPE_CHECKING:
    from reconciler.transport.failures import Failed

_THROW_AWAY = "throw-away"
_WAITS = (0.5, 1.0)
"""Seconds before a secret that could not be fetched is asked for again."""
_CLOUD = ["https://www.googleapis.com/auth/cloud-platform"]


class Secrets:
    """Looks up `env:`, `file:`, `aws-secretsmanager:` and `gcp-secretmanager:` references.

    Every value is asked for once a run and remembered, so that `scrub` can mask it. `environ` is
    the environment to look in.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._lock = threading.Lock()
        self._values: dict[str, str] = {}
        self._scrubber = Scrubber()
        self._known: set[str] = set()
        self._announce: Callable[[str], None] | None = None

    def announce_to(self, announce: Callable[[str], None]) -> None:
        """Call `announce` with every secret the moment it is known, before anybody can use it."""
        with self._lock:
            self._announce = announce

    def resolve(self, reference: str) -> str:
        """Return the secret behind `reference`.

        Raises:
            SettingsError: it cannot be had; names the reference, never a value.
        """
        with self._lock:
            if reference not in self._values:
                scheme, _, rest = reference.partition(":")
                value = self._lookup(scheme)(rest)
                if not value:
                    raise SettingsError(f"{reference} is empty; give it a value")
                self._values[reference] = value
                # What opens the sandbox only is made of names that reports are full of.
                if scheme != _THROW_AWAY:
                    self._know(value)
            return self._values[reference]

    def rehearse(self, reference: str, *, here: bool) -> str:
        """Return something to throw away; `here`: the secret itself, if it is at hand."""
        if here and reference.startswith(("env:", "file:")):
            with suppress(SettingsError):
                return self.resolve(reference)
        return f"sandbox-{hashlib.sha256(reference.encode()).hexdigest()[:16]}"

    def remember(self, value: str) -> str:
        """Keep a secret that came another way (an access token) out of texts too."""
        with self._lock:
            self._know(value)
        return value

    def publish(self, names: Iterable[str]) -> None:
        """Let names of the declarations stand in texts, though a secret may share a piece."""
        self._scrubber.publish(names)

    def scrub(self, text: str) -> str:
        """Return `text` with every known secret masked, and every piece of one."""
        return self._scrubber.scrub(text)

    def scrub_result(self, text: str) -> str:
        """Return a result with pieces of known secrets masked; JSON stays JSON."""
        return self._scrubber.scrub_result(text)

    def _know(self, value: str) -> None:
        if value in self._known:
            return
        self._known.add(value)
        if self._announce is not None:
            self._announce(value)
        self._scrubber.learn(value)

    def _lookup(self, scheme: str) -> Callable[[str], str]:
        lookups: dict[str, Callable[[str], str]] = {
            "env": self._from_environment,
            "file": _from_file,
            "aws-secretsmanager": _from_aws,
            "gcp-secretmanager": _from_google,
            # Not a scheme that YAML may use: wiring gives throw-away credentials to the sandbox.
            _THROW_AWAY: str,
        }
        return lookups[scheme]

    def _from_environment(self, name: str) -> str:
        value = self._environ.get(name)
        if value is None:
            raise SettingsError(f"the environment variable {name} is not set")
        return value


def _from_file(path: str) -> str:
    what = f"the secret file {path}"
    try:
        return read_small(path, what).decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        # The cause would hold the secret.
        raise SettingsError(f"{what} cannot be read: it is not UTF-8 text") from None


def _from_aws(rest: str) -> str:
    import boto3  # the SDK is loaded only where a secret of this kind is used
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    from reconciler.transport.failures import Failed
    from reconciler.transport.for_boto import carry
    from reconciler.transport.http import Http

    identifier, _, key = rest.partition("#")
    parts = identifier.split(":")
    region = parts[3] if parts[0] == "arn" and len(parts) > 3 else None
    http = Http(waits=_WAITS)
    try:
        session = boto3.session.Session()
        carry(session, http)
        client = session.client(
            "secretsmanager", region_name=region, config=Config(proxies={}), verify=True
        )
        text = str(client.get_secret_value(SecretId=identifier).get("SecretString") or "")
    except Failed as error:
        raise _unanswered(f"aws-secretsmanager:{identifier}", error) from error
    except (BotoCoreError, ClientError) as error:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else str(error)
        raise SettingsError(
            f"aws-secretsmanager:{identifier} cannot be read ({code}); check its name, the region "
            "and that these credentials may call secretsmanager:GetSecretValue"
        ) from error
    finally:
        http.close()
    return _json_member(text, key, f"aws-secretsmanager:{identifier}") if key else text


def _json_member(text: str, key: str, reference: str) -> str:
    try:
        return str(json.loads(text)[key])
    except (ValueError, KeyError, TypeError):
        # The cause would hold the secret's text.
        raise SettingsError(f"{reference} is not a JSON object with a member {key!r}") from None


def _from_google(name: str) -> str:
    import base64

    import google.auth
    from google.auth.exceptions import GoogleAuthError
    from googleapiclient.discovery import build
    from googleapiclient.errors import Error

    from reconciler.transport.failures import Failed, failed_within
    from reconciler.transport.for_google import ApiHttp, LoginRequest
    from reconciler.transport.http import Http

    path = name if "/versions/" in name else f"{name}/versions/latest"
    http = Http(waits=_WAITS)
    try:
        credentials, _ = google.auth.default(_CLOUD, request=LoginRequest(http))
        service = build(
            "secretmanager", "v1", http=ApiHttp(http, credentials), static_discovery=True
        )
        versions: Any = service.projects().secrets().versions()
        answer = versions.access(name=path).execute(num_retries=2)
    except (GoogleAuthError, Failed, Error, OSError) as error:
        if failed := failed_within(error):
            raise _unanswered(f"gcp-secretmanager:{name}", failed) from error
        raise SettingsError(
            f"gcp-secretmanager:{name} cannot be read; check its name and that these credentials "
            "have the role Secret Manager Secret Accessor"
        ) from error
    finally:
        http.close()
    try:
        return base64.b64decode(answer["payload"]["data"]).decode("utf-8")
    except UnicodeDecodeError:
        # The cause would hold the secret.
        raise SettingsError(f"gcp-secretmanager:{name} is not UTF-8 text") from None


def _unanswered(reference: str, failed: "Failed") -> SettingsError:
    return SettingsError(f"{reference} cannot be read: {failed.sentence}")
