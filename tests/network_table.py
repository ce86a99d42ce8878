"""The table of everybody we talk to and everything a network can do, over real sockets.

`python -m tests.network_table` fills it in and prints it. A row asks one question with the library
that asks it in earnest; a column is a network. The services' own names are asked, which a hook of
name resolution (and the proxy) leads to hosts of this process.
"""

import json
import os
import sys
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reconciler.core.model.errors import ReconcilerError
from reconciler.credentials.secrets import Secrets
from reconciler.github.client import RepositoryClient
from reconciler.github.job import Job
from reconciler.services.merchant.account import MerchantAccount
from reconciler.services.merchant.client import MerchantClient
from reconciler.services.mws.client import MwsClient
from reconciler.services.mws.kinds import MwsAccount
from reconciler.services.spapi.account import SpApiAccount
from reconciler.services.spapi.provider import SpApiProvider
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.client import SqsClient
from reconciler.transport import http as transport
from reconciler.transport.lines import AnswerLimits
from tests.operate.hooks import Authority
from tests.wires import ANSWERS, FOREIGN, Host, Proxy, named, running

AUTHORITY = "Table Authority"
PASSWORD = "p@ss/of:the-proxy"
ENVIRON = {
    "AWS_ACCESS_KEY_ID": "AKIATABLE",
    "AWS_SECRET_ACCESS_KEY": "aws-secret-of-the-table",
    "AWS_SESSION_TOKEN": "aws-session-of-the-table",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "KEY_ID": "mws-key-of-the-table",
    "KEY": "mws-secret-of-the-table",
    "CLIENT": "lwa-client-of-the-table",
    "TOKEN": "a-token-of-the-table",
}
GITHUB = "ghp_a-token-of-the-table"
ADC = {
    "type": "authorized_user",
    "client_id": "adc-client",
    "client_secret": "adc-secret-of-the-table",
    "refresh_token": "adc-refresh-of-the-table",
}
HIDDEN = (
    *(value for value in ENVIRON.values() if "-of-the-table" in value),
    *(ADC["client_secret"], ADC["refresh_token"], GITHUB),
    *("a-token-of-lwa", "a-token-of-google", "a-secret-kept-at"),
)
"""What nobody but the host that it is for may see, and no message may hold."""


class Hasty:
    """A clock on which so much time has passed at every look that nothing is tried twice."""

    def __init__(self):
        self._now = 0.0

    def now(self):
        self._now += 100.0
        return self._now

    def sleep(self, seconds):
        self._now += seconds


def sqs():
    account = AwsAccount(service="aws", region="eu-west-1", account_id="123456789012")
    client = SqsClient("eu", account, Hasty(), Secrets(), None)
    try:
        client.queue_urls()
    finally:
        client.close()


def mws():
    keys = {"accessKeyId": "env:KEY_ID", "secretKey": "env:KEY"}
    named_so = {"sellerId": "A2EXAMPLE1SELLER", "marketplaceId": "A1F83G8C2ARO7P"}
    account = MwsAccount.model_validate({"service": "mws", **named_so, "credentials": keys})
    with _pool() as http:
        client = MwsClient("uk", account, secrets=Secrets(), http=http, clock=Hasty())
        client.list_registered_destinations()


def sp_api():
    keys = {"clientId": "env:CLIENT", "clientSecret": "env:KEY"}
    sellers = {"de": {"refreshToken": "env:TOKEN"}}
    given = {"service": "sp-api", "region": "eu", "credentials": keys, "sellers": sellers}
    account = SpApiAccount.model_validate(given)
    with _pool() as http:
        provider = SpApiProvider("app", account, secrets=Secrets(), http=http, clock=Hasty())
        provider._client.get_destinations()


def merchant():
    token = {"accessToken": "env:TOKEN"}
    given = {"service": "merchant", "accountId": "5678", "credentials": token}
    account = MerchantAccount.model_validate(given)
    client = MerchantClient("shop", account, secrets=Secrets(), clock=Hasty())
    try:
        list(client.list())
    finally:
        client.close()


def github():
    where = {"api_url": "https://api.github.com", "server_url": "https://github.com"}
    told = {"output": Path(os.devnull), "summary": Path(os.devnull), "workspace": Path()}
    run = {"run_id": "1", "attempt": "1", "sha": "a" * 40, "actor": "me", "event": {}}
    job = Job(**where, **told, **run, repository="acme/notifications", token=GITHUB)
    with RepositoryClient(job) as repository:
        repository.comments(7)


def aws_secrets():
    assert Secrets().resolve("aws-secretsmanager:acme/key") == "a-secret-kept-at-aws"


def google_secrets():
    found = Secrets().resolve("gcp-secretmanager:projects/p/secrets/s")
    assert found == "a-secret-kept-at-google"


@contextmanager
def _pool():
    http = transport.Http()
    try:
        yield http
    finally:
        http.close()


ROWS = {
    "sqs": sqs,
    "mws": mws,
    "sp-api": sp_api,
    "merchant": merchant,
    "GitHub": github,
    "AWS Secrets Manager": aws_secrets,
    "Google Secret Manager": google_secrets,
}


@dataclass(frozen=True)
class Column:
    """A network: `says` is what the error must hold, "" where all is well.

    `environ` may hold {proxy} and {bundle}; `mode` is how hosts answer, `asked` whether the proxy
    is to be asked.
    """

    says: str = ""
    environ: dict = field(default_factory=dict)
    bundle: str | None = "RECONCILER_CA_BUNDLE"
    mode: str = "well"
    proxy_status: int = 200
    asked: bool = False
    place: str = "good"


VIA = {"HTTPS_PROXY": "{proxy}"}
COLUMNS = {
    "direct": Column(),
    "proxy": Column(environ=VIA, asked=True),
    "proxy with password": Column(
        environ={"https_proxy": "http://user:p%40ss%2Fof%3Athe-proxy@{proxy}"}, asked=True
    ),
    "NO_PROXY": Column(
        environ={
            **VIA,
            "NO_PROXY": ".amazonaws.com,amazonservices.com,amazon.com,googleapis.com,"
            "api.github.com",
        },
    ),
    "proxy refused": Column(
        "is not reachable: proxy refused (HTTP 403 from {proxy}, set in HTTPS_PROXY)",
        environ=VIA,
        asked=True,
        proxy_status=403,
    ),
    "proxy asks for a password": Column(
        "proxy refused (HTTP 407 from {proxy}, set in ALL_PROXY): it asks for user and password",
        environ={"ALL_PROXY": "http://{proxy}"},
        asked=True,
        proxy_status=407,
    ),
    "RECONCILER_CA_BUNDLE": Column(environ={"SSL_CERT_FILE": "/nowhere.pem"}),
    "SSL_CERT_FILE": Column(bundle="SSL_CERT_FILE", environ={"REQUESTS_CA_BUNDLE": "/nowhere.pem"}),
    "REQUESTS_CA_BUNDLE": Column(bundle="REQUESTS_CA_BUNDLE"),
    "AWS_CA_BUNDLE": Column(bundle="AWS_CA_BUNDLE"),
    "CA missing": Column(
        "SSL_CERT_FILE: /nowhere.pem cannot be read (No such file or directory)",
        bundle=None,
        environ={"SSL_CERT_FILE": "/nowhere.pem"},
    ),
    "certificate not trusted": Column(
        f"is not reachable: certificate not trusted (issued by “{AUTHORITY}”)", bundle=None
    ),
    "not trusted, by proxy": Column(
        f"is not reachable: certificate not trusted (issued by “{AUTHORITY}”)",
        bundle=None,
        environ=VIA,
        asked=True,
    ),
    "certificate expired": Column(
        f"is not reachable: certificate expired (issued by “{AUTHORITY}”)", place="expired"
    ),
    "name not found": Column("is not reachable: name not found", place="nowhere"),
    "connection refused": Column("is not reachable: connection refused", place="closed"),
    "drip": Column("did not answer completely: timed out after 0.", mode="drip"),
    "oversized": Column("did not answer completely: answer too large", mode="large"),
    "oversized when unpacked": Column("did not answer completely: answer too large", mode="packed"),
    "redirect to another host": Column(f"redirects to {FOREIGN} (HTTP 307)", mode="redirect"),
}


class Network:
    """The hosts, the proxy and the files of a table; a cell is asked of it."""

    def __init__(self, folder, stack):
        authority = Authority(folder, AUTHORITY)
        self.bundle = str(authority.file)
        first, *others = (*ANSWERS, FOREIGN)
        hosts = {
            "good": Host(authority.certificate(first, also=others)),
            "expired": Host(authority.certificate(first, days=-1, also=others)),
        }
        self.foreign = stack.enter_context(running(Host(authority.certificate(FOREIGN))))
        self.hosts = {name: stack.enter_context(running(host)) for name, host in hosts.items()}
        self.ports = {}
        self.proxy = Proxy(self.ports.__getitem__)
        stack.callback(self.proxy.close)
        self.adc = folder / "adc.json"
        self.adc.write_text(json.dumps(ADC))

    def ask(self, row, column):
        """Return how a row fares in a column: "" or what it says."""
        with pytest.MonkeyPatch.context() as patch:
            self._prepare(patch, column)
            try:
                ROWS[row]()
            except ReconcilerError as error:
                return str(error)
        return ""

    def leaked(self):
        """Return what others than the services were told that is not theirs to know."""
        outside = [*self.proxy.seen, *map(str, self.foreign.seen)]
        return [text for text in outside if any(secret in text for secret in HIDDEN)]

    def _prepare(self, patch, column):
        for name in list(os.environ):
            if name.lower().endswith("_proxy") or name.startswith(("AWS_", "GOOGLE_")):
                patch.delenv(name)
        for name in ("RECONCILER_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
            patch.delenv(name, raising=False)
        for name, value in {**ENVIRON, **column.environ}.items():
            patch.setenv(name, value.replace("{proxy}", self.proxy.place))
        patch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(self.adc))
        if column.bundle is not None:
            patch.setenv(column.bundle, self.bundle)
        for host in (*self.hosts.values(), self.foreign):
            host.seen.clear()
            host.mode = column.mode
        self.proxy.seen.clear()
        self.proxy.status = column.proxy_status
        self.ports.clear()
        if column.place != "nowhere":
            where = self.hosts.get(column.place)
            self.ports.update(dict.fromkeys(ANSWERS, where.server_port if where else 9))
            self.ports[FOREIGN] = self.foreign.server_port
        named(patch, self.ports)
        total = 0.4 if column.mode == "drip" else 20.0
        limits = AnswerLimits(connect=10.0, silence=total, total=total, most_bytes=100_000)
        patch.setattr(transport, "LIMITS", limits)
        patch.setattr(transport, "SystemClock", Hasty)
        patch.setattr("reconciler.github.line.SystemClock", Hasty)


@contextmanager
def network(folder):
    """Return a network that lasts as long as the context."""
    with ExitStack() as stack:
        yield Network(folder, stack)


def main():
    """Print the table filled in, and the sentences of one row."""
    with tempfile.TemporaryDirectory() as folder, network(Path(folder)) as wires:
        found = {
            (row, name): wires.ask(row, column) for name, column in COLUMNS.items() for row in ROWS
        }
        place = wires.proxy.place
    out = sys.stdout.write
    out(f"| | {' | '.join(ROWS)} |\n|---{'|---' * len(ROWS)}|\n")
    for name, column in COLUMNS.items():
        says = column.says.replace("{proxy}", place)
        cells = [_cell(found[row, name], says) for row in ROWS]
        out(f"| {name} | {' | '.join(cells)} |\n")
    out("\nWhat sp-api says:\n")
    for name in COLUMNS:
        if said := found["sp-api", name]:
            out(f"- {name}: {said.replace(place, 'PROXY')}\n")


def _cell(said, says):
    if not says:
        return f"WRONG: {said}" if said else "answered"
    return "told" if says in said else f"WRONG: {said}"


if __name__ == "__main__":
    main()
