import socket
import threading
import time

import botocore.exceptions
import httplib2
import pytest
import urllib3
from clients_of_the_sandbox import AwsAccount, LwaApplication, MwsSeller, Xml, ask, destination

from reconciler.sandbox import Sandbox

PATH = "/notifications/v1/accounts/1/notificationsubscriptions"
WISH = {
    "registeredEvent": "PRODUCT_STATUS_CHANGE",
    "callBackUri": "https://example.org",
    "allManagedAccounts": True,
}


def control(http, sandbox, method, path, body=None):
    return ask(http, sandbox.url, method, f"/_sandbox/{path}", body)


def test_the_controls_explain_themselves(sandbox, http):
    assert "POST /_sandbox/faults" in control(http, sandbox, "GET", "").json()["calls"]
    assert "deed" in control(http, sandbox, "GET", "").json()["orders"]["event-sources"]
    assert control(http, sandbox, "GET", "nothing").status == 404


def test_reset_forgets_state_calls_faults_and_settings(sandbox, http, aws):
    aws.queue()
    ask(http, sandbox.url, "POST", PATH, WISH)
    sandbox.faults([{"service": "aws", "kind": "throttle"}])
    sandbox.settings(tokenSeconds=1)
    assert control(http, sandbox, "POST", "reset").status == 200
    assert control(http, sandbox, "GET", "state").json() == {
        "aws": {},
        "mws": {},
        "sp-api": {},
        "merchant": {},
    }
    assert control(http, sandbox, "GET", "calls").json()["calls"] == []
    assert control(http, sandbox, "GET", "faults").json() == []
    assert control(http, sandbox, "GET", "settings").json()["tokenSeconds"] == 3600


def test_state_shows_what_the_services_hold(sandbox, http, seller, application):
    seller.call("RegisterDestination", **destination())
    made = application.subscribe(application.destination()).json()["payload"]
    ask(http, sandbox.url, "POST", PATH, WISH)
    state = control(http, sandbox, "GET", "state").json()
    assert state == sandbox.state()
    [subscription] = state["sp-api"][application.client]["subscriptions"]
    assert subscription == {
        "seller": "Atzr|one",
        "notificationType": "ANY_OFFER_CHANGED",
        **made,
    }
    assert [item["callBackUri"] for item in state["merchant"]["1"]] == ["https://example.org"]
    [shop] = state["mws"].values()
    assert shop["subscriptions"] == []


def test_the_wire_log_is_in_order_and_counted(sandbox, http):
    ask(http, sandbox.url, "POST", f"{PATH}/?alt=json", WISH)
    ask(http, sandbox.url, "GET", PATH)
    first, second = sandbox.calls()
    assert (first["service"], first["operation"], first["status"]) == ("merchant", "create", 200)
    assert (first["body"], first["query"]) == (WISH, {"alt": "json"})
    assert second["operation"] == "list"
    found = control(http, sandbox, "GET", "calls").json()
    assert found["counts"] == {"merchant.create": 1, "merchant.list": 1} == sandbox.counts()
    assert control(http, sandbox, "DELETE", "calls").json()["calls"] == []


def test_the_wire_log_has_no_secrets(sandbox, http):
    application = LwaApplication(sandbox.url, http, secret="hush-secret")
    token = application.seller("Atzr|hush-refresh")
    application.send("GET", "subscriptions/ANY_OFFER_CHANGED", token)
    MwsSeller(sandbox.url, http).call("ListSubscriptions", MWSAuthToken="amzn.mws.hush")
    log = str(sandbox.calls())
    assert "hush" not in log
    assert token not in log
    signature = sandbox.calls()[-1]["body"]["Signature"]
    assert signature == "(redacted)"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"colour": "red"}, "no setting 'colour'"),
        ({"tokenSeconds": -1}, "tokenSeconds must be seconds"),
        ({"latencySeconds": {"sqs": 1}}, "latencySeconds must be"),
        ({"rateLimits": {"mws": {"rate": 1}}}, "rateLimits must be"),
        ([], "object"),
    ],
)
def test_a_senseless_setting_is_refused_in_a_sentence(sandbox, http, changes, words):
    answer = control(http, sandbox, "PATCH", "settings", changes)
    assert answer.status == 400
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"service": "sqs", "kind": "throttle"}, "no service 'sqs'"),
        ({"service": "aws", "kind": "fire"}, "no fault 'fire'"),
        ({"service": "aws", "kind": "throttle", "when": 1}, "no 'when'"),
        ({"service": "aws", "kind": "throttle", "times": 0}, "times"),
        ({"service": "aws", "kind": "stall", "seconds": "long"}, "seconds"),
        ("throttle", "object"),
    ],
)
def test_a_senseless_fault_is_refused_in_a_sentence(sandbox, http, order, words):
    answer = control(http, sandbox, "POST", "faults", order)
    assert answer.status == 400
    assert words in answer.json()["error"]


def test_a_fault_strikes_its_operation_after_skipping(sandbox, http):
    fault = {"service": "merchant", "operation": "list", "kind": "error503", "skip": 1, "times": 2}
    control(http, sandbox, "POST", "faults", [fault])
    ask(http, sandbox.url, "POST", PATH, WISH)
    statuses = [ask(http, sandbox.url, "GET", PATH).status for _ in range(4)]
    assert statuses == [200, 503, 503, 200]
    assert [call.get("fault") for call in sandbox.calls()[2:]] == ["error503", "error503", None]
    assert sandbox.faults() == []


def test_a_fault_without_number_lasts_until_cleared(sandbox, http):
    sandbox.faults([{"service": "*", "kind": "error500", "times": None}])
    assert {ask(http, sandbox.url, "GET", PATH).status for _ in range(3)} == {500}
    control(http, sandbox, "DELETE", "faults")
    assert ask(http, sandbox.url, "GET", PATH).status == 200


def aws_code(aws, call):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(aws)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("throttle", 403, "RequestThrottled"),
        ("error500", 500, "InternalError"),
        ("error503", 503, "ServiceUnavailable"),
        ("denied", 403, "AccessDenied"),
    ],
)
def test_aws_words_its_failures(sandbox, aws, kind, status, code):
    sandbox.faults([{"service": "aws", "kind": kind, "times": 2}])
    assert aws_code(aws, lambda aws: aws.sqs.list_queues()) == (status, code)
    assert aws_code(aws, lambda aws: aws.sts.get_caller_identity()) == (status, code)


def test_the_tagging_api_words_its_throttle_in_cbor(sandbox, aws):
    sandbox.faults([{"service": "aws", "kind": "throttle"}])
    found = aws_code(aws, lambda aws: aws.resourcegroupstaggingapi.get_resources())
    assert found == (400, "ThrottledException")


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("throttle", 503, "RequestThrottled"),
        ("error500", 500, "InternalError"),
        ("error503", 503, "ServiceUnavailable"),
        ("denied", 401, "AccessDenied"),
    ],
)
def test_mws_words_its_failures(sandbox, seller, kind, status, code):
    sandbox.faults([{"service": "mws", "kind": kind}])
    assert seller.refused("ListSubscriptions") == (status, code)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("throttle", 429, "QuotaExceeded"),
        ("error500", 500, "InternalFailure"),
        ("error503", 503, "ServiceUnavailable"),
        ("denied", 403, "Unauthorized"),
    ],
)
def test_the_sp_api_words_its_failures(sandbox, application, kind, status, code):
    token = application.grantless()
    sandbox.faults([{"service": "sp-api", "kind": kind}])
    answer = application.send("GET", "destinations", token)
    assert application.details(answer)[:2] == (status, code)


@pytest.mark.parametrize(
    ("kind", "status", "name"),
    [
        ("throttle", 429, "RESOURCE_EXHAUSTED"),
        ("error500", 500, "INTERNAL"),
        ("error503", 503, "UNAVAILABLE"),
        ("denied", 403, "PERMISSION_DENIED"),
    ],
)
def test_merchant_words_its_failures(sandbox, http, kind, status, name):
    sandbox.faults([{"service": "merchant", "kind": kind, "retryAfter": 7}])
    answer = ask(http, sandbox.url, "GET", PATH)
    assert (answer.status, answer.json()["error"]["status"]) == (status, name)
    assert answer.json()["error"]["code"] == status
    if kind != "denied":
        assert answer.headers["Retry-After"] == "7"


@pytest.mark.parametrize(("kind", "status"), [("throttle", 429), ("error503", 503)])
def test_lwa_words_its_failures(sandbox, application, kind, status):
    sandbox.faults([{"service": "lwa", "kind": kind}])
    answer = application.login(grant_type="refresh_token", refresh_token="x")
    assert answer.status == status
    assert "error" in answer.json()


def count(sandbox):
    return len(sandbox.state()["merchant"].get("1", []))


@pytest.mark.parametrize(("kind", "done"), [("cutBefore", 0), ("cutAfter", 1), ("truncate", 1)])
def test_a_broken_line_leaves_the_work_done_or_not(sandbox, http, kind, done):
    sandbox.faults([{"service": "merchant", "kind": kind}])
    with pytest.raises(urllib3.exceptions.ProtocolError):
        ask(http, sandbox.url, "POST", PATH, WISH)
    assert count(sandbox) == done
    assert ask(http, sandbox.url, "GET", PATH).status == 200


def test_a_stall_does_nothing_and_then_hangs_up(sandbox, http):
    sandbox.faults([{"service": "merchant", "kind": "stall", "seconds": 0.05}])
    with pytest.raises(urllib3.exceptions.ProtocolError):
        ask(http, sandbox.url, "POST", PATH, WISH)
    assert count(sandbox) == 0


def test_garbage_and_a_proxys_page_are_not_json(sandbox, http):
    sandbox.faults([{"service": "merchant", "kind": kind} for kind in ("garbage", "html")])
    garbage = ask(http, sandbox.url, "POST", PATH, WISH)
    assert garbage.status == 200
    with pytest.raises(ValueError, match=r"."):
        garbage.json()
    page = ask(http, sandbox.url, "POST", PATH, WISH)
    assert (page.status, page.headers["Content-Type"]) == (503, "text/html")
    assert count(sandbox) == 0


def test_requests_over_the_rate_are_throttled_and_counted(sandbox, http):
    sandbox.settings(rateLimits={"merchant": {"rate": 0.001, "burst": 2}})
    statuses = [ask(http, sandbox.url, "GET", PATH).status for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert ask(http, sandbox.url, "GET", PATH.replace("/1/", "/2/")).status == 200
    assert sandbox.counts(over_limit=True) == {"merchant.list": 1}
    assert control(http, sandbox, "GET", "calls").json()["overLimit"] == {"merchant.list": 1}


def test_mws_throttles_each_seller_apart(sandbox, http):
    sandbox.settings(rateLimits={"mws": {"rate": 0.001, "burst": 1}})
    one, two = MwsSeller(sandbox.url, http), MwsSeller(sandbox.url, http, seller="A2")
    one.call("ListSubscriptions")
    assert one.refused("ListSubscriptions") == (503, "RequestThrottled")
    two.call("ListSubscriptions")


def test_latency_is_per_service(sandbox, http):
    sandbox.settings(latencySeconds={"merchant": 0.05})
    start = time.monotonic()
    ask(http, sandbox.url, "GET", PATH)
    assert time.monotonic() - start >= 0.05


def test_connections_are_kept(sandbox):
    with urllib3.PoolManager(retries=False, maxsize=1) as pool:
        for _ in range(3):
            ask(pool, sandbox.url, "POST", PATH, WISH)
            ask(pool, sandbox.url, "GET", "/_sandbox/settings")
        [host] = [pool.pools.get(key) for key in pool.pools.keys()]  # noqa: SIM118
        assert (host.num_connections, host.num_requests) == (1, 6)


def test_httplib2_keeps_its_connection(sandbox):
    client = httplib2.Http(timeout=10)
    for _ in range(2):
        answer, body = client.request(f"{sandbox.url}{PATH}")
        assert (answer.status, body) == (200, b"{}")
    client.close()


def test_a_chunked_body_is_read(sandbox, http):
    body = iter([b'{"registeredEvent": "PRODUCT_STATUS_CHANGE", "callBackUri": "https://a.b", '])
    rest = iter([b'"allManagedAccounts": true}'])
    answer = http.request("POST", f"{sandbox.url}{PATH}", body=(*body, *rest), chunked=True)
    assert answer.status == 200


def test_many_clients_at_once_lose_nothing(sandbox):
    def work(number):
        account = AwsAccount(sandbox.url)
        for step in range(5):
            account.sqs.create_queue(QueueName=f"q-{number}-{step}", tags={"a": "1"})
            account.resourcegroupstaggingapi.get_resources(ResourceTypeFilters=["sqs"])
            account.sqs.list_queues()
        account.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sandbox.state()["aws"]["123456789012"]["eu-west-1"]["queues"]) == 40


def test_two_sandboxes_do_not_share_queues(sandbox, aws):
    aws.queue()
    with Sandbox(tokenSeconds=7) as other:
        account = AwsAccount(other.url)
        assert "QueueUrls" not in account.sqs.list_queues()
        account.close()
        assert other.settings()["tokenSeconds"] == 7
        other.reset()
        assert other.settings()["tokenSeconds"] == 7
    assert aws.sqs.list_queues()["QueueUrls"]


def test_stop_ends_stalled_and_kept_connections():
    running = Sandbox().start()
    port = int(running.url.rpartition(":")[2])
    running.faults([{"service": "merchant", "kind": "stall", "seconds": 600}])
    request = f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    with (
        socket.create_connection(("127.0.0.1", port)) as stalled,
        socket.create_connection(("127.0.0.1", port)) as kept,
    ):
        stalled.sendall(request)
        kept.sendall(request.replace(PATH.encode(), b"/_sandbox/"))
        assert kept.recv(100).startswith(b"HTTP/1.1 200")
        while not running.calls():
            time.sleep(0.001)
        running.stop()
        assert stalled.recv(100) == b""
    with pytest.raises(RuntimeError):
        running.url  # noqa: B018
    with running:
        assert running.url


def test_it_says_nothing(sandbox, http, capfd):
    ask(http, sandbox.url, "GET", PATH)
    ask(http, sandbox.url, "GET", "/nowhere")
    assert capfd.readouterr() == ("", "")


def test_the_service_answers_xml_even_to_nonsense(sandbox, http):
    answer = http.request("GET", f"{sandbox.url}/Subscriptions/2013-07-01")
    assert Xml(answer.data).text("Code") == "InvalidAddress"
