"""Secrets kept at AWS and at Google: fetched once, and told by cause where they cannot be had.

Loads the SDKs, so it is loaded where a secret of this kind is used.
"""

import base64
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError
from botocore.parsers import ResponseParserError
from googleapiclient import discovery
from googleapiclient.errors import Error, HttpError

from reconciler.core.model.errors import SettingsError
from reconciler.core.text.scrubbing import excerpt
from reconciler.credentials import google
from reconciler.credentials.aws import BAD_CREDENTIALS, AwsLogin
from reconciler.credentials.unobtainable import NoSecretAtAll, Unobtainable
from reconciler.transport.failures import Failed
from reconciler.transport.for_google import ApiHttp
from reconciler.transport.http import Http

Remember = Callable[[str], object]
Scrub = Callable[[str], str]

_WAITS = (0.5, 1.0)
"""Seconds before a secret that could not be fetched is asked for again."""
_A_BATCH = 20
_SIDE_BY_SIDE = 8
_BUSY = {
    *("Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequestsException"),
    *("InternalServiceError", "InternalFailure", "ServiceUnavailable", "500", "502", "503", "504"),
}
_FOR_ALL = frozenset({*_BUSY, *BAD_CREDENTIALS})
"""Codes of refusals that asking for each by itself would only multiply."""
_NONSENSE = (
    *(BotoCoreError, ResponseParserError),
    *(ValueError, KeyError, TypeError, AttributeError),
)
"""What botocore and we make of requests and answers that are none."""
_NOT_HAD = (Unobtainable, Failed, ClientError, *_NONSENSE)
_CLOUD = ["https://www.googleapis.com/auth/cloud-platform"]
_BETWEEN = "see that nothing between here and there answers in its place"
_AWS_REMEDIES = {
    "ResourceNotFoundException": "check its name, the account and the region",
    "DecryptionFailure": "allow kms:Decrypt on its key to these credentials",
    "InvalidRequestException": "see whether it is marked for deletion",
}
_GOOGLE_REMEDIES = {
    400: "see whether that version is disabled or destroyed",
    403: "give these credentials the role Secret Manager Secret Accessor in that project, and "
    "enable the Secret Manager API there",
    404: "check project, name and version, and give these credentials the role Secret Manager "
    "Secret Accessor",
}


class AwsClients:
    """Clients of AWS Secrets Manager, one a region, made when first needed."""

    def __init__(self, remember: Remember) -> None:
        self._remember = remember
        self._made: dict[str | None, tuple[Any, AwsLogin, Http]] = {}

    @contextmanager
    def at(self, region: str | None) -> Iterator[tuple[Any, AwsLogin]]:
        """Give a client, and whose credentials it signs with; let go of it where it is no use.

        Whoever asks after that has credentials looked for anew.
        """
        if region not in self._made:
            self._made[region] = _aws_client(region, self._remember)
        client, login, _ = self._made[region]
        try:
            yield client, login
        except (NoSecretAtAll, Unobtainable):
            self._drop(region)
            raise

    def close(self) -> None:
        """Let go of all of them."""
        for region in list(self._made):
            self._drop(region)

    def _drop(self, region: str | None) -> None:
        client, _, http = self._made.pop(region)
        client.close()
        http.close()


def from_aws(identifier: str, clients: AwsClients, scrub: Scrub) -> str:
    """Return the text of a secret of AWS Secrets Manager, by name or ARN.

    Raises:
        SettingsError: it cannot be had; names the reference. NoSecretAtAll where no other can.
    """
    reference = f"aws-secretsmanager:{identifier}"
    try:
        with clients.at(region_of(identifier)) as (client, login):
            try:
                answer = client.get_secret_value(SecretId=identifier)
            except ClientError as error:
                raise _aws_refuses(reference, error, scrub, login) from None
        text = answer.get("SecretString")
    except (Failed, Unobtainable) as error:
        raise NoSecretAtAll(reference, str(error)) from None
    except ClientError as error:
        # Getting credentials takes calls of its own.
        raise SettingsError(
            f"{reference} cannot be read: AWS's token service is busy ({_code(error, scrub)}); "
            "try again later"
        ) from None
    except NoRegionError:
        raise NoSecretAtAll(
            reference,
            "no region is known; set AWS_DEFAULT_REGION, or name the secret by its ARN",
        ) from None
    except _NONSENSE:
        raise SettingsError(
            f"{reference} cannot be read: no such secret can be asked for, or AWS gave an answer "
            f"that is none; check its name and the region, and {_BETWEEN}"
        ) from None
    if not isinstance(text, str):
        kind = "binary" if "SecretBinary" in answer else "empty"
        raise SettingsError(f"{reference} is {kind}, not text; store it as text (SecretString)")
    return text


def many_from_aws(identifiers: Collection[str], clients: AwsClients) -> dict[str, str]:
    """Return the texts of those secrets that can be had, by identifier: 20 a call, side by side.

    What is missing is no error here: whoever needs it asks `from_aws`, which says why. Where
    BatchGetSecretValue is not allowed, each is asked for by itself.
    """
    regions: dict[str | None, list[str]] = {}
    for identifier in sorted(identifiers):
        regions.setdefault(region_of(identifier), []).append(identifier)
    found: dict[str, str] = {}
    for region, names in regions.items():
        with suppress(*_NOT_HAD), clients.at(region) as (client, _):
            found.update(_fetched(client, names))
    return found


def _fetched(client: Any, names: Sequence[str]) -> dict[str, str]:
    batches = [names[start : start + _A_BATCH] for start in range(0, len(names), _A_BATCH)]
    found: dict[str, str] = {}
    with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="secrets") as pool:
        for part in pool.map(partial(_batch_or_each, client), batches):
            found.update(part)
    return found


def _batch_or_each(client: Any, names: Sequence[str]) -> dict[str, str]:
    """Return the texts of a batch; where AWS refuses it as a whole, of each that it does not.

    One name that is none has all of its batch refused. What goes wrong costs no other batch.
    """
    try:
        return _batch(client, names)
    except ClientError as error:
        if _code(error, str) in _FOR_ALL:
            return {}
    except _NOT_HAD:
        return {}
    return dict(pair for name in names if (pair := _one(client, name)))


def _batch(client: Any, names: Sequence[str]) -> dict[str, str]:
    """Return the texts of up to 20 secrets, each under the identifier it was asked for by."""
    texts: dict[str, str] = {}
    asked: dict[str, Any] = {"SecretIdList": list(names)}
    # Pages are no more than names, so that no answer makes this go on for ever.
    for _ in names:
        answer = client.batch_get_secret_value(**asked)
        for item in answer.get("SecretValues", ()):
            text, arn = item.get("SecretString"), str(item.get("ARN"))
            if isinstance(text, str):
                # An ARN may be given without the six characters that AWS adds to a name.
                texts |= dict.fromkeys((str(item.get("Name")), arn, arn[:-7]), text)
        if not answer.get("NextToken"):
            break
        asked["NextToken"] = answer["NextToken"]
    return {name: texts[name] for name in names if name in texts}


def _one(client: Any, name: str) -> tuple[str, str] | None:
    with suppress(*_NOT_HAD):
        text = client.get_secret_value(SecretId=name).get("SecretString")
        return (name, text) if isinstance(text, str) else None
    return None


def region_of(identifier: str) -> str | None:
    """Return the region that an ARN names, None for a name alone."""
    parts = identifier.split(":")
    return parts[3] if parts[0] == "arn" and len(parts) > 3 else None


def _aws_client(region: str | None, remember: Remember) -> tuple[Any, AwsLogin, Http]:
    """Return a client, whose credentials it signs with, and its connections."""
    http = Http(waits=_WAITS)
    try:
        login = AwsLogin(botocore.session.Session(), http, remember, region=region)
        login.obtain()
        config = Config(proxies={}, max_pool_connections=_SIDE_BY_SIDE)
        return login.session.client("secretsmanager", config=config, verify=True), login, http
    except BaseException:
        http.close()
        raise


def _aws_refuses(
    reference: str, error: ClientError, scrub: Scrub, login: AwsLogin
) -> SettingsError:
    code = _code(error, scrub)
    if code in BAD_CREDENTIALS:
        why = f"AWS does not accept the credentials {login.whose} ({code}); {login.renewal}"
        return NoSecretAtAll(reference, f"{why}, and check the clock")
    remedy = _AWS_REMEDIES.get(code, "check its name, the region and")
    if code not in _AWS_REMEDIES or code == "ResourceNotFoundException":
        remedy = remedy.removesuffix(" and") + (
            " and that these credentials may call secretsmanager:GetSecretValue"
        )
    return SettingsError(f"{reference} cannot be read ({code}); {remedy}")


def _code(error: ClientError, scrub: Scrub) -> str:
    code = str(error.response.get("Error", {}).get("Code", ""))
    return excerpt(code.rpartition("#")[2], 60, scrub)


def from_google(name: str, remember: Remember, scrub: Scrub) -> str:
    """Return the text of a secret of Google's Secret Manager: `projects/P/secrets/S[/versions/V]`.

    Raises:
        SettingsError: it cannot be had; names the reference.
    """
    reference = f"gcp-secretmanager:{name}"
    http = Http(waits=_WAITS)
    try:
        data = _google_data(name, http, remember, scrub)
        return base64.b64decode(data, validate=True).decode("utf-8")
    except UnicodeDecodeError:
        # The cause would hold the secret.
        raise SettingsError(f"{reference} is not UTF-8 text; store it as text") from None
    except (Unobtainable, Failed) as error:
        raise SettingsError(f"{reference} cannot be read: {error}") from None
    except HttpError as error:
        raise SettingsError(_google_refuses(reference, error, scrub)) from None
    except (Error, ValueError, KeyError, TypeError):
        raise SettingsError(
            f"{reference} cannot be read: the answer of Secret Manager holds none; {_BETWEEN}"
        ) from None
    finally:
        http.close()


def _google_data(name: str, http: Http, remember: Remember, scrub: Scrub) -> Any:
    path = name if "/versions/" in name else f"{name}/versions/latest"
    chain = google.default(_CLOUD, remember, scrub)
    chain.renew(http)
    asks = ApiHttp(http, chain.ticket())
    service = discovery.build("secretmanager", "v1", http=asks, static_discovery=True)
    versions: Any = service.projects().secrets().versions()
    return versions.access(name=path).execute(num_retries=2)["payload"]["data"]


def _google_refuses(reference: str, error: HttpError, scrub: Scrub) -> str:
    status = int(error.resp.status)
    try:
        said = excerpt(str(json.loads(error.content)["error"]["message"]), 200, scrub)
    except (ValueError, KeyError, TypeError):
        said = ""
    why = f"HTTP {status}: {said.rstrip('. ')}" if said else f"HTTP {status}"
    remedy = _GOOGLE_REMEDIES.get(status, "try again later, or check its name")
    return f"{reference} cannot be read ({why.replace(';', ',')}); {remedy}"
