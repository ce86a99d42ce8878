"""Reading declarations from texts, with every way to the network cut."""

import socket
from datetime import date

import pytest

from reconciler.core.manifest.reader import Source, read
from reconciler.core.model.errors import DeclarationError
from reconciler.wiring import SERVICES

TODAY = date(2026, 11, 21)
HEAD = """\
stack: acme
policy: {prune: true}
accounts:
  aws-eu: {service: aws, region: eu-west-1, accountId: "123456789012"}
  uk:
    service: mws
    sellerId: A2EXAMPLE1SELLER
    marketplaceId: A1F83G8C2ARO7P
    endpoint: http://127.0.0.1:8765
    credentials: {accessKeyId: "env:ID", secretKey: "env:KEY"}
  app:
    service: sp-api
    region: eu
    credentials: {clientId: "env:ID", clientSecret: "env:SECRET"}
    sellers: {acme-de: {refreshToken: "env:DE"}, acme-fr: {refreshToken: "env:FR"}}
  shop: {service: merchant, accountId: "5678"}
"""


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    def refuse(*arguments, **_):
        raise AssertionError(f"the network was touched: {arguments[1:]}")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.fixture
def declare():
    """Read YAML texts, each as one file, below four accounts (or another head)."""

    def make(*texts, head=HEAD, adapt=None, today=TODAY):
        sources = [
            Source(f"{number}.yaml", text if isinstance(text, bytes) else text.encode())
            for number, text in enumerate((head + texts[0], *texts[1:]))
        ]
        options = {"adapt": adapt} if adapt else {}
        return read(sources, SERVICES, where="declarations", today=today, **options)

    return make


@pytest.fixture
def objects(declare):
    """Read YAML texts and return the desired objects by address."""

    def make(*texts, **options):
        return {item.address: item for item in declare(*texts, **options).desired}

    return make


@pytest.fixture
def refused(declare):
    """Read YAML texts that are wrong and return the messages."""

    def make(*texts, **options):
        with pytest.raises(DeclarationError) as caught:
            declare(*texts, **options)
        return [problem.message for problem in caught.value.problems]

    return make
