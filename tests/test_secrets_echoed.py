"""Services that repeat whatever they were sent: nothing of it reaches any output at any level."""

import base64
import hashlib
import html
import json
import textwrap
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest

from reconciler.cli.main import invoke
from reconciler.core.text.scrubbing import PIECE
from reconciler.credentials.secrets import Secrets
from reconciler.wiring import Providers
from tests.worlds import HEAD, destinations, queues, section, subscriptions


def planted(name):
    """Return a secret of real length, 350 characters, with what has to be encoded."""
    token = base64.b64encode(hashlib.shake_256(name.encode()).digest(255)).decode()
    return f"{name[:4]}|{token}+/=&x"[:350]


PLANTED = {
    name: planted(name)
    for name in (
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "KEYID",
        "KEY",
        "AUTH",
        "CID",
        "CSEC",
    )
}
PLANTED |= {name: planted(name) for name in ("DE", "MERCHANT")}
ACCESS = planted("access token")
SECRETS = [*PLANTED.values(), ACCESS]

ACCOUNTS = """
accounts:
  aws-eu: {{service: aws, region: eu-west-1, accountId: "123456789012", endpoint: "{url}/aws"}}
  uk:
    service: mws
    sellerId: A2EXAMPLE1SELLER
    marketplaceId: A1F83G8C2ARO7P
    endpoint: "{url}/mws"
    credentials: {{accessKeyId: "env:KEYID", secretKey: "env:KEY", authToken: "env:AUTH"}}
  app:
    service: sp-api
    region: eu
    endpoint: "{url}/sp"
    tokenEndpoint: "{url}/token"
    credentials: {{clientId: "env:CID", clientSecret: "env:CSEC"}}
    sellers: {{de: {{refreshToken: "env:DE"}}}}
  shop:
    service: merchant
    accountId: "5678"
    endpoint: "{url}/merchant"
    credentials: {{accessToken: "env:MERCHANT"}}
"""
WORLD = (
    queues(q="grants: [{to: amazon-notifications}]")
    + destinations(
        old="account: uk, queue: q",
        new="account: app, queue: q",
        events="account: app, eventBridge: {account: aws-eu}",
    )
    + section("routes", {"r": "from: events, queue: q, types: [LISTINGS_ITEM_STATUS_CHANGE]"})
    + subscriptions(
        uk="destination: old, notificationType: AnyOfferChanged",
        eu="destination: new, notificationType: ANY_OFFER_CHANGED",
        shop="registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: '1', "
        "callBackUri: 'https://hooks.example.com/'",
    )
)

WAYS = {
    "as it is": str,
    "percent-encoded": lambda text: quote(text, safe=""),
    "for HTML": lambda text: f"<pre>{html.escape(text)}</pre>",
    "in JSON": json.dumps,
    "in base64": lambda text: base64.b64encode(text.encode()).decode(),
    "in lines": lambda text: "\n".join(textwrap.wrap(text, 76)),
    "the beginnings": lambda text: " ".join(word[:40] for word in text.split()),
    "the ends": lambda text: " ".join(word[-40:] for word in text.split()),
    "behind a page": lambda text: "x" * 150 + text,
    "not at all": lambda _text: "no",
}


class Echo(BaseHTTPRequestHandler):
    """Answers every request with what it held, in the error form of the service asked."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_one(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode("utf-8", "replace")
        if self.path == "/token" and self.server.grants:
            self._answer(200, {"access_token": ACCESS, "expires_in": 3600})
            return
        values = " ".join(self.headers.values())
        form = body.replace("&", " ").replace("=", " ")
        self._refuse(self.server.way(f"{values} {self.path} {form} {body}"))

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_one  # noqa: N815 - names of http.server

    def _refuse(self, text):
        status = self.server.status
        service = self.path.split("/")[1]
        if self.server.page:
            self._answer(status, text)
        elif service == "mws":
            error = f"<Error><Code>Odd</Code><Message>{escape(text)}</Message></Error>"
            self._answer(status, f"<ErrorResponse>{error}</ErrorResponse>")
        elif service == "sp":
            self._answer(status, {"errors": [{"code": "Odd", "message": text, "details": text}]})
        elif service == "merchant":
            self._answer(status, {"error": {"status": "ODD", "message": text, "code": status}})
        elif service == "token":
            self._answer(status, {"error": "odd", "error_description": text})
        else:
            self._answer(status, {"__type": "Odd", "message": text})

    def _answer(self, status, content):
        data = (content if isinstance(content, str) else json.dumps(content)).encode()
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", f"/elsewhere?{quote(data.decode())[:4000]}")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def echo():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def talk(echo, tmp_path, monkeypatch, capsys):
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    folder = tmp_path / "declared"
    folder.mkdir()
    url = f"http://127.0.0.1:{echo.server_port}"
    (folder / "world.yaml").write_text(HEAD + ACCOUNTS.format(url=url) + WORLD)

    def run(*arguments):
        code = invoke([*arguments[:-1], arguments[-1], str(folder)])
        return code, "".join(capsys.readouterr())

    return run


def shown(text):
    """Return the first piece of a secret that a text shows, plain or with gaps."""
    squeezed = "".join(text.split())
    for secret in SECRETS:
        for at in range(len(secret) - PIECE + 1):
            piece = secret[at : at + PIECE]
            if piece in text or piece in squeezed:
                return piece
    return None


def shown_in_base64(text):
    """Return the first piece of a secret that stands in a text in base64."""
    for secret in SECRETS:
        for shift in range(3):
            coded = base64.b64encode(b"x" * shift + secret.encode()).decode()[4:-4]
            for at in range(0, len(coded) - 20, 4):
                if coded[at : at + 20] in text:
                    return coded[at : at + 20]
    return None


@pytest.mark.parametrize(
    ("way", "page"), [*((way, False) for way in WAYS), *((way, True) for way in list(WAYS)[:5])]
)
def test_no_piece_of_a_secret_is_shown_whatever_services_repeat(talk, echo, way, page):
    echo.way, echo.page, echo.status, echo.grants = WAYS[way], page, 400, True
    code, said = talk("--debug", "plan")
    assert code == 1
    assert "aws-eu, aws-eu/EventBridge: " in said
    assert "app" in said
    assert (shown(said), shown_in_base64(said)) == (None, None)


@pytest.mark.parametrize("status", [302, 307, 401, 403])
@pytest.mark.parametrize("form", ["json", "markdown"])
def test_nor_where_they_redirect_or_refuse(talk, echo, status, form):
    echo.way, echo.page, echo.status, echo.grants = str, False, status, status != 401
    code, said = talk("--log-level", "debug", "plan", "--format", form)
    assert code == 1
    assert (shown(said), shown_in_base64(said)) == (None, None)


@pytest.mark.parametrize("command", ["doctor", "status", "drift", "snapshot", "verify"])
def test_nor_by_any_command(talk, echo, command):
    echo.way, echo.page, echo.status, echo.grants = str, False, 400, True
    _, said = talk("--debug", command)
    assert (shown(said), shown_in_base64(said)) == (None, None)


def test_what_services_say_besides_is_told(talk, echo):
    echo.way, echo.page, echo.status, echo.grants = (lambda _: "come back later"), False, 400, True
    _, said = talk("plan")
    assert said.count("come back later") >= 4


def test_the_check_itself_can_fail():
    assert shown(f"x {ACCESS[30:42]} x")
    assert shown(f"{ACCESS[30:36]}\n   {ACCESS[36:42]}")
    assert shown_in_base64(base64.b64encode(f"ab:{ACCESS}".encode()).decode())


def test_the_password_of_a_proxy_is_kept_out_of_texts(monkeypatch):
    secrets = Secrets()
    proxy = "http://user:a%2Flong-password@proxy.example.com:3128"
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with Providers({}, secrets=secrets):
        pass
    assert secrets.scrub(f"via {proxy}") == "via http://user:***@proxy.example.com:3128"
    assert secrets.scrub("407 for user:a/long-password@proxy") == "407 for user:***@proxy"
    assert secrets.scrub("Basic " + base64.b64encode(b"user:a/long-password").decode()) == (
        "Basic dXNlcj***="
    )
