"""boto3 clients of one account: whose credentials, which endpoint, no retries of their own."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import boto3
import botocore
import botocore.session
from botocore.config import Config
from botocore.credentials import CredentialResolver, DeferredRefreshableCredentials
from botocore.loaders import create_loader

from reconciler.providers.secrets import Secrets
from reconciler.providers.sqs.account import AwsAccount
from reconciler.providers.sqs.failures import Garbled
from reconciler.transport.for_boto import carry
from reconciler.transport.http import Http

CONNECTIONS = 64

_CONFIG = Config(
    # Nothing is sent by botocore's own HTTP, so none of the surroundings' ways are looked for.
    proxies={},
    retries={"total_max_attempts": 1},
    # Ours as a whole: botocore composes its own anew for every request, a tenth of its time.
    user_agent="subscription-reconciler",
)


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
    """The three services queues need; boto3's clients have no types and are safe across threads.

    `make` makes the client of another service, which few runs need.
    """

    sqs: Any
    sts: Any
    tagging: Any
    make: Callable[[str], Any]
    http: Http
    made: dict[str, Any] = field(default_factory=dict)

    def of(self, service: str) -> Any:
        """Return the client of another service; not safe across threads."""
        if service not in self.made:
            self.made[service] = self.make(service)
        return self.made[service]

    def close(self) -> None:
        """Let go of connections."""
        for client in (self.sqs, self.sts, self.tagging, *self.made.values()):
            client.close()
        self.http.close()


def connect(account: AwsAccount, keys: AwsKeys | None, secrets: Secrets) -> Clients:
    """Make the clients of an account. Reads AWS configuration files; calls nothing.

    `secrets` is told of the surroundings' credentials before the first request is sent.
    """
    http = Http(connections=CONNECTIONS)
    session = _session(account, keys, secrets, http)
    make = partial(_client, session, account=account)
    clients = Clients(make("sqs"), make("sts"), make("resourcegroupstaggingapi"), make, http)
    clients.sqs.meta.events.register("before-parse.sqs", _refuse_garbled)
    return clients


def _client(session: Any, service: str, account: AwsAccount) -> Any:
    return session.client(service, endpoint_url=account.endpoint, config=_CONFIG, verify=True)


def _session(account: AwsAccount, keys: AwsKeys | None, secrets: Secrets, http: Http) -> Any:
    region = account.region
    if keys is not None:
        fixed = boto3.session.Session(
            keys.access_key_id, keys.secret_key, region_name=region, botocore_session=_core()
        )
        carry(fixed, http)
        return fixed
    own = boto3.session.Session(
        botocore_session=_core(), profile_name=account.profile, region_name=region
    )
    carry(own, http)
    _keep_out_of_texts(own, secrets)
    if account.role_arn is None:
        return own
    core = _core()
    role = _AssumedRole(_client(own, "sts", account), account.role_arn)
    core.register_component("credential_provider", CredentialResolver([role]))
    assumed = boto3.session.Session(botocore_session=core, region_name=region)
    carry(assumed, http)
    _keep_out_of_texts(assumed, secrets)
    return assumed


def _keep_out_of_texts(session: Any, secrets: Secrets) -> None:
    """Remember what requests of this session are signed with; it may be renewed at any time.

    Logging in takes requests of its own, signed with other credentials or with none: the session's
    must not be asked for then, since they wait for that very login.
    """

    def remember(request_signer: Any, signature_version: Any, **_: Any) -> None:
        credentials = request_signer._credentials  # noqa: SLF001 - botocore names them nowhere else
        if credentials is None or signature_version == botocore.UNSIGNED:
            return  # signing will say so where some are needed
        found = credentials.get_frozen_credentials()
        for secret in (found.secret_key, found.token):
            if secret:
                secrets.remember(secret)

    session.events.register("before-sign", remember)


def _core() -> Any:
    core = botocore.session.Session()
    core.register_component("data_loader", _loader())
    return core


@cache
def _loader() -> Any:
    """Descriptions of AWS's services, parsed once a process instead of once an account."""
    return create_loader()


class _AssumedRole:
    """A credential provider as botocore's resolver wants them: assumes a role when first asked."""

    METHOD = "assume-role"

    def __init__(self, sts: Any, role_arn: str) -> None:
        self._sts = sts
        self._role_arn = role_arn

    def load(self) -> Any:
        """Return credentials that renew themselves before they expire."""
        return DeferredRefreshableCredentials(self._refresh, self.METHOD)

    def _refresh(self) -> dict[str, str]:
        answer = self._sts.assume_role(
            RoleArn=self._role_arn, RoleSessionName="subscription-reconciler"
        )["Credentials"]
        return {
            "access_key": answer["AccessKeyId"],
            "secret_key": answer["SecretAccessKey"],
            "token": answer["SessionToken"],
            "expiry_time": answer["Expiration"].isoformat(),
        }


def _refuse_garbled(operation_model: Any, response_dict: Any, **_: Any) -> None:
    """Refuse a success whose body is not JSON, which botocore would read as an empty answer."""
    body = response_dict["body"]
    if response_dict["status_code"] >= 300 or (operation_model.output_shape is None and not body):
        return
    try:
        sound = isinstance(json.loads(body), dict)
    except ValueError:
        sound = False
    if not sound:
        raise Garbled("it is not JSON")
