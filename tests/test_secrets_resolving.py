"""References to secrets: where they are looked up, and what is said when they cannot be had."""

import base64
import gc
import json
import os
import threading
import weakref
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
import urllib3
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from reconciler.core.model.errors import SettingsError
from reconciler.core.text.scrubbing import MASK
from reconciler.credentials.secrets import Secrets

AWS_NAME = "aws-secretsmanager:acme/mws"


def refusal(secrets, reference):
    with pytest.raises(SettingsError) as caught:
        secrets.resolve(reference)
    return str(caught.value)


AROUND = ["\n", "\r\n", " \t", "\ufeff", "\n\ufeff ", "\ufeff\r\n"]


@pytest.mark.parametrize(
    ("by", "around"),
    [*(("env", around) for around in AROUND), *((by, AROUND[-1]) for by in ("file", "aws", "gcp"))],
)
def test_white_space_and_a_byte_order_mark_around_a_secret_are_dropped(kept, by, around):
    assert Secrets().resolve(kept(by, f"{around}a = \t b{around}")) == "a = \t b"


NO_SECRETS = {
    "": "is empty; give it a value",
    " \ufeff\n": "is empty; give it a value",
    "null": "is JSON null; give it a value",
    '\ufeff{"hush": "hush"}\n': "is a JSON object, not one secret",
    "hu\x1bsh": "is not text: it has control characters",
}


@pytest.mark.parametrize(
    ("by", "value", "said"),
    [
        *((by, *case) for by in ("env", "file") for case in NO_SECRETS.items()),
        *((by, *case) for by in ("aws", "gcp") for case in [*NO_SECRETS.items()][-2:]),
    ],
)
def test_what_is_no_secret_is_an_error_that_names_the_reference(kept, by, value, said):
    reference = kept(by, value)
    told = refusal(Secrets(), reference)
    assert told.startswith(f"{reference} {said}")
    assert "hush" not in told


@pytest.mark.parametrize(
    ("member", "said"),
    [
        (None, "is JSON null"),
        ({"hush": 1}, "is a JSON object"),
        (["hush"], "is a JSON list"),
        (True, "is true or false"),
        ("  ", "is empty"),
    ],
)
def test_a_json_member_that_is_no_text_is_an_error_that_names_the_reference(kept, member, said):
    reference = kept("aws", json.dumps({"key": member}))
    told = refusal(Secrets(), f"{reference}#key")
    assert told.startswith(f"{reference}#key {said}")
    assert "hush" not in told


def test_a_number_in_json_is_taken_as_it_is_written(kept):
    reference = kept("aws", '{"key": 12345678901234567890.10}')
    assert Secrets().resolve(f"{reference}#key") == "12345678901234567890.10"


@pytest.fixture
def kept(request, tmp_path, monkeypatch):
    """Put a value where a reference of some kind finds it, and return the reference."""

    def put(by, value):
        match by:
            case "env":
                monkeypatch.setenv("KEPT", value)
                return "env:KEPT"
            case "file":
                (tmp_path / "kept").write_text(value, encoding="utf-8", newline="")
                return f"file:{tmp_path}/kept"
            case "aws":
                request.getfixturevalue("manager")
                _, clients = request.getfixturevalue("moto")
                clients["eu-west-1"].create_secret(Name="acme/kept", SecretString=value)
                return "aws-secretsmanager:acme/kept"
        held, _ = request.getfixturevalue("at_google")
        held["projects/p/secrets/kept/versions/latest"] = value.encode()
        return "gcp-secretmanager:projects/p/secrets/kept"

    return put


def test_a_variable_that_is_not_set_is_named():
    assert refusal(Secrets({}), "env:KEY") == "the environment variable KEY is not set"


def test_an_empty_variable_is_no_secret():
    assert refusal(Secrets({"KEY": ""}), "env:KEY") == "env:KEY is empty; give it a value"


def test_a_file_below_the_home_directory_may_be_written_with_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "key").write_text("s3cret")
    assert Secrets({}).resolve("file:~/key") == "s3cret"


def test_a_missing_file_is_named_with_the_reason(tmp_path):
    said = refusal(Secrets({}), f"file:{tmp_path}/key")
    assert said == f"the secret file {tmp_path}/key cannot be read: No such file or directory"


def test_a_file_that_is_no_text_is_refused_without_showing_it(tmp_path):
    (tmp_path / "key").write_bytes(b"hush\xff")
    said = refusal(Secrets({}), f"file:{tmp_path}/key")
    assert said.endswith("it is not UTF-8 text")
    assert "hush" not in said


def test_an_empty_file_is_no_secret(tmp_path):
    (tmp_path / "key").write_text("\n")
    assert refusal(Secrets({}), f"file:{tmp_path}/key").endswith("is empty; give it a value")


def test_a_secret_is_looked_up_once_a_run(tmp_path):
    file, secrets = tmp_path / "key", Secrets({})
    file.write_text("first")
    assert secrets.resolve(f"file:{file}") == "first"
    file.write_text("second")
    assert secrets.resolve(f"file:{file}") == "first"


def test_a_secret_that_could_not_be_had_is_looked_up_again():
    environ = {}
    secrets = Secrets(environ)
    refusal(secrets, "env:KEY")
    environ["KEY"] = "there"
    assert secrets.resolve("env:KEY") == "there"


def test_every_secret_that_was_had_is_masked_the_longest_first():
    secrets = Secrets({"A": "abc", "B": "abcdef"})
    secrets.resolve("env:A")
    secrets.resolve("env:B")
    secrets.remember("token-9")
    assert secrets.scrub("abcdef, abc and token-9") == f"{MASK}, {MASK} and {MASK}"


def test_what_was_never_had_is_not_masked():
    assert Secrets({"A": "abc"}).scrub("abc") == "abc"


def test_a_secret_is_masked_in_its_url_encoded_and_json_forms_too():
    secrets = Secrets({"A": 'p+w/d="x'})
    secrets.resolve("env:A")
    assert "p%2Bw" not in secrets.scrub("secret=p%2Bw%2Fd%3D%22x&x=1")
    assert "p+w" not in secrets.scrub(json.dumps({"secret": 'p+w/d="x'}))


@pytest.fixture(scope="module")
def moto():
    """Return the address of a server of moto, and boto3's clients of it by their region."""
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url, session = f"http://{host}:{port}", boto3.session.Session("AKIAEXAMPLE", "any")
    clients = {
        region: session.client("secretsmanager", region_name=region, endpoint_url=url)
        for region in ("eu-west-1", "us-west-2")
    }
    yield url, clients
    for client in clients.values():
        client.close()
    server.stop()


@pytest.fixture
def manager(moto, monkeypatch):
    """AWS Secrets Manager as moto serves it, filled with two secrets."""
    url, clients = moto
    for name, value in {
        "AWS_ENDPOINT_URL_SECRETS_MANAGER": url,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_MAX_ATTEMPTS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    urllib3.request("POST", f"{url}/moto-api/reset")
    client = clients["eu-west-1"]
    client.create_secret(Name="acme/mws", SecretString=json.dumps({"key": "k-1", "port": 5}))
    made = client.create_secret(Name="acme/plain", SecretString="plain-1")
    client.create_secret(Name="acme/bytes", SecretBinary=b"\x00\x01")
    far = clients["us-west-2"].create_secret(Name="acme/far", SecretString="far-1")
    return {"near": made["ARN"], "far": far["ARN"]}


def test_aws_secrets_are_found_by_name_json_key_and_arn_of_any_region(manager):
    secrets = Secrets({})
    assert secrets.resolve("aws-secretsmanager:acme/plain") == "plain-1"
    assert secrets.resolve(f"{AWS_NAME}#key") == "k-1"
    assert secrets.resolve(f"{AWS_NAME}#port") == "5"
    assert secrets.resolve(f"aws-secretsmanager:{manager['near']}") == "plain-1"
    assert secrets.resolve(f"aws-secretsmanager:{manager['far']}") == "far-1"


def test_an_aws_secret_that_cannot_be_read_is_named_with_awss_own_code(manager):
    said = refusal(Secrets({}), "aws-secretsmanager:acme/none")
    assert "aws-secretsmanager:acme/none cannot be read (ResourceNotFoundException)" in said
    assert "GetSecretValue" in said


def test_an_arn_that_is_cut_short_is_told_like_any_wrong_name(manager):
    assert "cannot be read" in refusal(Secrets({}), "aws-secretsmanager:arn:aws")


def test_a_json_key_that_is_not_there_is_told_without_the_secret(manager):
    said = refusal(Secrets({}), f"{AWS_NAME}#nothing")
    assert "member 'nothing'" in said
    assert "k-1" not in said
    said = refusal(Secrets({}), "aws-secretsmanager:acme/plain#key")
    assert "is not a JSON object" in said
    assert "plain-1" not in said


def test_a_binary_secret_is_no_text(manager):
    said = refusal(Secrets({}), "aws-secretsmanager:acme/bytes")
    assert said == (
        "aws-secretsmanager:acme/bytes is binary, not text; store it as text (SecretString)"
    )


def test_an_aws_secret_without_a_region_or_credentials_says_what_is_missing(monkeypatch, tmp_path):
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    said = refusal(Secrets({}), AWS_NAME)
    assert said.startswith(f"{AWS_NAME} cannot be read: no AWS credentials are found")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    said = refusal(Secrets({}), AWS_NAME)
    assert said.startswith(f"{AWS_NAME} cannot be read: no region is known; set AWS_DEFAULT_REGION")


@pytest.fixture(scope="module")
def private_key():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.fixture
def google(monkeypatch, tmp_path, private_key):
    """Google's token service and Secret Manager on a loopback port; `held` is what it holds."""
    held, asked = {}, []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(200, {"access_token": "ya29.hush", "expires_in": 3600})

        def do_GET(self):
            name = self.path.partition("?")[0].removeprefix("/v1/").removesuffix(":access")
            asked.append(name)
            if isinstance(held.get(name), tuple):
                self.answer(*held[name])
            elif name in held:
                data = base64.b64encode(held[name]).decode()
                self.answer(200, {"name": name, "payload": {"data": data}})
            else:
                self.answer(404, {"error": {"code": 404, "message": "none", "status": "NOT_FOUND"}})

        def answer(self, status, body):
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    login = {
        "type": "service_account",
        "project_id": "p",
        "client_email": "robot@p.iam.gserviceaccount.com",
        "private_key_id": "1",
        "private_key": private_key,
        "token_uri": f"{url}/token",
    }
    (tmp_path / "adc.json").write_text(json.dumps(login))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "adc.json"))
    yield url, held, asked
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def at_google(google, monkeypatch):
    """Lead Google's client to the loopback port: it has no variable for that."""
    import googleapiclient.discovery

    url, held, asked = google
    real = googleapiclient.discovery.build

    def build(*arguments, **options):
        return real(*arguments, **options, client_options={"api_endpoint": url})

    monkeypatch.setattr(googleapiclient.discovery, "build", build)
    return held, asked


def test_google_secrets_are_found_by_name_in_their_latest_or_a_given_version(at_google):
    held, asked = at_google
    name = "projects/p/secrets/s"
    held[f"{name}/versions/latest"] = "hüsh".encode()
    held[f"{name}/versions/3"] = b"third"
    secrets = Secrets({})
    assert secrets.resolve(f"gcp-secretmanager:{name}") == "hüsh"
    assert secrets.resolve(f"gcp-secretmanager:{name}/versions/3") == "third"
    assert asked == [f"{name}/versions/latest", f"{name}/versions/3"]


def test_a_google_secret_that_cannot_be_read_is_named(at_google):
    said = refusal(Secrets({}), "gcp-secretmanager:projects/p/secrets/none")
    assert said.startswith("gcp-secretmanager:projects/p/secrets/none cannot be read")
    assert "Secret Manager Secret Accessor" in said


def test_a_google_secret_that_is_no_text_is_told(at_google):
    held, _ = at_google
    held["projects/p/secrets/s/versions/latest"] = b"\xff\xfe"
    assert "not UTF-8 text" in refusal(Secrets({}), "gcp-secretmanager:projects/p/secrets/s")


REFUSED_BY_GOOGLE = {
    403: (
        "PERMISSION_DENIED",
        (
            "give these credentials the role Secret Manager Secret Accessor in that project, and "
            "enable the Secret Manager API there"
        ),
    ),
    404: (
        "NOT_FOUND",
        (
            "check project, name and version, and give these credentials the role Secret Manager "
            "Secret Accessor"
        ),
    ),
    400: ("FAILED_PRECONDITION", "see whether that version is disabled or destroyed"),
}


@pytest.mark.parametrize("status", REFUSED_BY_GOOGLE)
def test_what_google_refuses_is_told_with_its_reason_and_what_to_do(at_google, status):
    code, remedy = REFUSED_BY_GOOGLE[status]
    held, _ = at_google
    name = "projects/other/secrets/s/versions/7"
    held[name] = (status, {"error": {"code": status, "message": f"Not {name}.", "status": code}})
    assert refusal(Secrets({}), f"gcp-secretmanager:{name}") == (
        f"gcp-secretmanager:{name} cannot be read (HTTP {status}: Not {name}); {remedy}"
    )


def test_without_google_credentials_it_is_said_where_they_are_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    said = refusal(Secrets({}), "gcp-secretmanager:projects/p/secrets/s")
    assert "cannot be read" in said


def said(code):
    return json.dumps({"__type": code, "Message": "no"}).encode()


class Counter(BaseHTTPRequestHandler):
    """Passes calls on to moto, counts them by operation, and refuses those it is told to."""

    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        self.server.connections += 1

    def do_POST(self):
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        self.server.seen.append(operation)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.silent:
            self.close_connection = True
            return
        if operation in self.server.refused:
            status, text = 400, said(self.server.code)
        elif self.server.poison in body and operation == "BatchGetSecretValue":
            status, text = self.server.poisoned
        else:
            answer = urllib3.request(
                "POST", self.server.upstream, body=body, headers=dict(self.headers)
            )
            status, text = answer.status, answer.data
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@pytest.fixture
def counted(manager, monkeypatch):
    """Secrets at AWS, one more than go into a call, and a server before it that counts."""
    client = boto3.session.Session().client("secretsmanager")
    for number in range(21):
        client.create_secret(Name=f"sellers/{number}", SecretString=f"token-{number}")
    client.close()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Counter)
    server.connections = 0
    server.seen, server.refused, server.silent, server.poison = [], set(), False, b"no such text"
    server.code, server.poisoned = "AccessDeniedException", (400, said("InvalidParameterException"))
    server.upstream = os.environ["AWS_ENDPOINT_URL_SECRETS_MANAGER"]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    server.server_close()


def sellers(*more):
    return [f"aws-secretsmanager:sellers/{number}" for number in (*range(21), *more)]


def test_secrets_that_are_expected_come_twenty_a_call(counted):
    secrets = Secrets({})
    secrets.expect([*sellers(), AWS_NAME + "#key", "env:OTHER"])
    assert [secrets.resolve(each) for each in sellers()] == [f"token-{n}" for n in range(21)]
    assert secrets.resolve(f"{AWS_NAME}#key") == "k-1"
    assert counted.seen == ["BatchGetSecretValue"] * 2


def test_secrets_that_come_one_by_one_share_a_client(counted):
    secrets = Secrets({})
    assert [secrets.resolve(each) for each in sellers()[:5]] == [f"token-{n}" for n in range(5)]
    refusal(secrets, "aws-secretsmanager:sellers/none")
    assert counted.seen == ["GetSecretValue"] * 6
    assert counted.connections == 1
    secrets.close()
    assert secrets.resolve("aws-secretsmanager:sellers/5") == "token-5"
    assert counted.connections == 2


def test_what_was_known_is_forgotten_once_it_is_closed(counted):
    secrets = Secrets({})
    secrets.resolve(sellers()[0])
    secrets.close()
    known = weakref.ref(secrets)
    del secrets
    gc.collect()
    assert known() is None


def test_where_batches_are_not_allowed_each_is_asked_for_by_itself(counted):
    counted.refused = {"BatchGetSecretValue"}
    secrets = Secrets({})
    secrets.expect(sellers())
    assert [secrets.resolve(each) for each in sellers()] == [f"token-{n}" for n in range(21)]
    assert counted.seen.count("GetSecretValue") == 21


def test_a_batch_that_is_refused_for_one_name_costs_the_others_nothing(counted):
    counted.poison = b"sellers/20"
    secrets = Secrets({})
    secrets.expect(sellers())
    assert [secrets.resolve(each) for each in sellers()] == [f"token-{n}" for n in range(21)]
    assert sorted(set(counted.seen)) == ["BatchGetSecretValue", "GetSecretValue"]
    assert counted.seen.count("BatchGetSecretValue") == 2
    assert counted.seen.count("GetSecretValue") < 21


@pytest.mark.parametrize(
    "answer",
    [
        (400, said("ThrottlingException")),
        (503, b"<html>busy</html>"),
        (200, b'{"SecretValues": [null]}'),
        (200, b'{"SecretValues": null}'),
        (200, b'{"SecretValues": [], "NextToken": "on and on"}'),
    ],
)
def test_a_batch_that_comes_to_nothing_costs_no_other_batch(counted, answer):
    counted.poison, counted.poisoned = b"sellers/9", answer
    secrets = Secrets({})
    secrets.expect(sellers())
    assert [secrets.resolve(each) for each in sellers()] == [f"token-{n}" for n in range(21)]
    assert counted.seen.count("GetSecretValue") == 1


def test_credentials_that_aws_refuses_are_not_tried_for_every_secret(counted):
    counted.refused = {"BatchGetSecretValue", "GetSecretValue"}
    counted.code = "ExpiredTokenException"
    secrets = Secrets({})
    secrets.expect(sellers())
    (told,) = {refusal(secrets, each).replace(each, "it") for each in sellers()}
    assert told == (
        "it cannot be read: AWS does not accept the credentials in AWS_ACCESS_KEY_ID "
        "(ExpiredTokenException); set fresh AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and "
        "AWS_SESSION_TOKEN, and check the clock"
    )
    assert sorted(counted.seen) == ["BatchGetSecretValue"] * 2 + ["GetSecretValue"]


def test_one_that_is_missing_among_many_is_told_as_if_it_were_alone(counted):
    secrets = Secrets({})
    secrets.expect(sellers("none"))
    assert secrets.resolve("aws-secretsmanager:sellers/7") == "token-7"
    said = refusal(secrets, "aws-secretsmanager:sellers/none")
    assert "sellers/none cannot be read (ResourceNotFoundException)" in said
    # Thousands of sellers may need the same one.
    assert refusal(secrets, "aws-secretsmanager:sellers/none") == said
    assert counted.seen.count("GetSecretValue") == 1


def test_several_members_of_one_secret_are_one_call(counted):
    secrets = Secrets({})
    assert (secrets.resolve(f"{AWS_NAME}#key"), secrets.resolve(f"{AWS_NAME}#port")) == ("k-1", "5")
    assert counted.seen == ["GetSecretValue"]


def test_where_nobody_answers_thousands_of_secrets_do_not_wait_one_after_the_other(
    counted, monkeypatch
):
    monkeypatch.setattr("reconciler.credentials.secret_managers._WAITS", ())
    counted.silent = True
    secrets = Secrets({})
    secrets.expect(sellers())
    said = [refusal(secrets, each) for each in sellers()]
    assert all("cannot be read" in each for each in said)
    assert "sellers/7 " in said[7]
    assert counted.seen.count("GetSecretValue") == 1
