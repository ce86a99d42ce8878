"""boto3 clients of one account: whose credentials, which endpoint, no retries of their own."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache, partial
from operator import call
from pathlib import Path
from typing import Any

import boto3
import botocore
import botocore.session
from botocore.config import Config
from botocore.credentials import CredentialResolver, DeferredRefreshableCredentials
from botocore.exceptions import ClientError
from botocore.loaders import Loader

from reconciler.core.model.pacing import READS_AT_ONCE
from reconciler.core.provider import Each
from reconciler.credentials.aws import AwsLogin, is_passing, refusal
from reconciler.credentials.secrets import Secrets
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.direct_reads import DirectReads, document, sign_plainly
from reconciler.transport.for_boto import carry
from reconciler.transport.http import Http
from reconciler.transport.lines import AnswerLimits

_Opened = tuple[Any, AwsLogin | None, Callable[[], Any]]
"""A boto3 session, whose credentials it signs with, unless these were given, and these."""

TAGGING = "resourcegroupstaggingapi"
_READ_DIRECTLY = ("sqs", TAGGING)

_CONFIG = Config(
    # Nothing is sent by botocore's own HTTP, so none of the surroundings' ways are looked for.
    proxies={},
    retries={"total_max_attempts": 1},
    # Ours as a whole: botocore composes its own anew for every request, a tenth of its time.
    user_agent="subscription-reconciler",
)
_UNCHECKED = {"sqs": _CONFIG.merge(Config(parameter_validation=False))}
"""Of what is sent to SQS boto3 would look up every type anew, a tenth of its time: ours are typed,
and SQS looks at each itself."""


@dataclass(frozen=True, slots=True)
class AwsKeys:
    """Fixed credentials instead of those of the surroundings; the sandbox's are throw-away."""

    access_key_id: str
    secret_key: str

    def __repr__(self) -> str:
        """Show which keys, not what they are."""
        return f"AwsKeys({self.access_key_id!r}, ***)"


@dataclass(frozen=True, slots=True)
class Clients:
    """The clients of an account's services, each made when first asked for; safe across threads.

    boto3's have no types. `queues` and `tags` read of many queues what `sqs` and the tagging API's
    client would.
    """

    make: Callable[[str], Any]
    http: Http
    credentials: Callable[[], Any]
    login: AwsLogin | None = None
    made: dict[str, Any] = field(default_factory=dict)
    direct: dict[str, DirectReads] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.RLock)

    @property
    def sqs(self) -> Any:
        """Return the client of SQS."""
        return self.of("sqs")

    @property
    def queues(self) -> DirectReads:
        """Return what reads of SQS."""
        return self._reads("sqs")

    @property
    def tags(self) -> DirectReads:
        """Return what reads of the tagging API."""
        return self._reads(TAGGING)

    def of(self, service: str) -> Any:
        """Return the client of a service."""
        return self.made.get(service) or self._made(service)

    def get_ready(self, meanwhile: Callable[[], Any], each: Each) -> Any:
        """Make what reading takes, and return what `meanwhile` returns.

        That is called on this thread: a service that does not answer would keep one of `each`'s,
        which many accounts share.
        """
        returned: list[Any] = []

        def jobs() -> Iterator[Callable[[], Any]]:
            yield from (partial(self.of, service) for service in (*_READ_DIRECTLY, "events"))
            returned.append(meanwhile())

        each(call, jobs())
        return returned[0]

    def close(self) -> None:
        """Let go of connections."""
        for client in self.made.values():
            client.close()
        self.http.close()

    def _made(self, service: str) -> Any:
        with self.lock:
            if service not in self.made:
                client = self.make(service)
                if service in _READ_DIRECTLY:
                    # Before it sends anything: its first request shows what all have in common.
                    self.direct[service] = DirectReads(client, self.http, self.credentials)
                self.made[service] = client
            return self.made[service]

    def _reads(self, service: str) -> DirectReads:
        self.of(service)
        return self.direct[service]


def connect(
    account: AwsAccount,
    keys: AwsKeys | None,
    secrets: Secrets,
    permit: Callable[[str], None] | None,
    limits: AnswerLimits | None = None,
) -> Clients:
    """Return the clients of an account; reads AWS configuration files, and gets credentials.

    `secrets` is told of the surroundings' credentials before the first request is sent. `permit`
    is asked about every place before anything is sent there. `limits` are those of one answer.

    Raises:
        Unobtainable: there are no credentials.
        Failed: who gives them did not answer.
        ClientError: AWS's token service is busy.
    """
    http = Http(connections=READS_AT_ONCE, permit=permit, limits=limits)
    try:
        session, login, credentials = _opened(account, keys, secrets, http)
    except BaseException:
        http.close()
        raise
    return Clients(partial(_client, session, account=account), http, credentials, login)


_JSON = {
    "sqs": "before-parse.sqs",
    TAGGING: "before-parse.resource-groups-tagging-api",
    "events": "before-parse.eventbridge",
}
"""Services whose answers are JSON always, and when they are looked at."""


def _client(session: Any, service: str, account: AwsAccount) -> Any:
    config = _UNCHECKED.get(service, _CONFIG)
    made = session.client(service, endpoint_url=account.endpoint, config=config, verify=True)
    if service in _JSON:
        made.meta.events.register(_JSON[service], _refuse_garbled)
    if service == "sqs":
        sign_plainly(made)
    return made


def _opened(account: AwsAccount, keys: AwsKeys | None, secrets: Secrets, http: Http) -> _Opened:
    region = account.region
    if keys is not None:
        fixed = boto3.session.Session(
            keys.access_key_id, keys.secret_key, region_name=region, botocore_session=_core()
        )
        carry(fixed, http)
        return fixed, None, fixed.get_credentials().get_frozen_credentials
    own = AwsLogin(_core(), http, secrets.remember, profile=account.profile, region=region)
    if account.role_arn is None:
        own.obtain()
        return own.session, own, own.obtain
    core = _core()
    role = _AssumedRole(own, _client(own.session, "sts", account), account.role_arn)
    core.register_component("credential_provider", CredentialResolver([role]))
    assumed = boto3.session.Session(botocore_session=core, region_name=region)
    carry(assumed, http)
    _keep_out_of_texts(assumed, secrets)
    return assumed, own, partial(_remembered, assumed.get_credentials(), secrets)


def _keep_out_of_texts(session: Any, secrets: Secrets) -> None:
    """Remember what requests of this session are signed with; it may be renewed at any time.

    Logging in takes requests of its own, signed with other credentials or with none: the session's
    must not be asked for then, since they wait for that very login.
    """

    def remember(request_signer: Any, signature_version: Any, **_: Any) -> None:
        credentials = request_signer._credentials  # noqa: SLF001 - botocore names them nowhere else
        if credentials is None or signature_version == botocore.UNSIGNED:
            return  # signing will say so where some are needed
        _remembered(credentials, secrets)

    session.events.register("before-sign", remember)


def _remembered(credentials: Any, secrets: Secrets) -> Any:
    """Return credentials to sign with, renewed in time, that no text will show."""
    found = credentials.get_frozen_credentials()
    for secret in (found.secret_key, found.token):
        if secret:
            secrets.remember(secret)
    return found


def _core() -> Any:
    core = botocore.session.Session()
    core.register_component("data_loader", _loader())
    return core


class _Descriptions(Loader):  # type: ignore[misc]  # botocore has no types
    """Descriptions of AWS's services as botocore finds them.

    Each time a service is asked for it looks whether there are files of that kind for any of 400
    services, which took a third of making the clients; here their folders' names tell.
    """

    def list_available_services(self, type_name: str) -> list[str]:
        """Return the services that something is described of."""
        folders = filter(Path.is_dir, map(Path, self.search_paths))
        return sorted({each.name for folder in folders for each in folder.iterdir()})


@cache
def _loader() -> Any:
    """Descriptions of AWS's services, parsed once a process instead of once an account."""
    return _Descriptions()


class _AssumedRole:
    """A credential provider as botocore's resolver wants them: assumes a role when first asked."""

    METHOD = "assume-role"

    def __init__(self, own: AwsLogin, sts: Any, role_arn: str) -> None:
        self._own = own
        self._sts = sts
        self._role_arn = role_arn

    def load(self) -> Any:
        """Return credentials that renew themselves before they expire."""
        return DeferredRefreshableCredentials(self._refresh, self.METHOD)

    def _refresh(self) -> dict[str, str]:
        named = {"RoleArn": self._role_arn, "RoleSessionName": "subscription-reconciler"}
        try:
            answer = self._sts.assume_role(**named)["Credentials"]
        except ClientError as error:
            if is_passing(error):
                raise
            raise refusal(error, self._own.whose, self._role_arn) from None
        return {
            "access_key": answer["AccessKeyId"],
            "secret_key": answer["SecretAccessKey"],
            "token": answer["SessionToken"],
            "expiry_time": answer["Expiration"].isoformat(),
        }


def _refuse_garbled(operation_model: Any, response_dict: Any, **_: Any) -> None:
    """Refuse a success whose body is not JSON, which botocore would read as an empty answer."""
    body = response_dict["body"]
    if response_dict["status_code"] < 300 and (operation_model.output_shape is not None or body):
        document(body)
