"""An event reaches the callbacks of those who subscribed to it, until they acknowledge it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from clients_of_the_sandbox import ask

from reconciler.notifications import decode
from tests.gate import until

ACKNOWLEDGING = (102, 200, 201, 202, 204)
REFUSING = (203, 206, 301, 400, 500)


class Receiver(ThreadingHTTPServer):
    """A callback that answers with the planned statuses, the last one for ever."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.statuses = [204]
        self.got = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Answering(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers["Content-Type"], body))
        planned = self.server.statuses
        self.send_response(planned.pop(0) if len(planned) > 1 else planned[0])
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver():
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def subscribe(sandbox, http, receiver):
    sandbox.settings(merchantRetrySeconds=0.01)

    def do(owner="1", path="/hook", **wish):
        uri = wish.pop("callBackUri", receiver.url + path)
        wish = {"registeredEvent": "PRODUCT_STATUS_CHANGE", "callBackUri": uri, **wish}
        route = f"/notifications/v1/accounts/{owner}/notificationsubscriptions"
        return ask(http, sandbox.url, "POST", route, wish).json()["name"]

    return do


def settled(sandbox):
    until(lambda: all(push["acknowledged"] for push in sandbox.pushes()))
    return sandbox.pushes()


def test_an_event_is_posted_as_json_that_decodes_to_what_happened(sandbox, subscribe, receiver):
    name = subscribe(targetAccount="accounts/7", path="/hook?secret=s")
    assert sandbox.publish("7", fields={"resourceId": "online~en~DE~9"}) == [name]
    [push] = settled(sandbox)
    [(path, kind, body)] = receiver.got
    assert (path, kind) == ("/hook?secret=s", "application/json")
    found = decode(body)
    assert (found.notification_type, found.id) == ("PRODUCT_STATUS_CHANGE", push["messageId"])
    assert (found.payload.account, found.payload.managing_account) == ("accounts/7", "accounts/1")
    assert found.payload.resource_id == "online~en~DE~9"
    assert found.payload.changes[0].new_value == "disapproved"


def test_an_account_service_change_is_pushed_to_its_own_subscribers(sandbox, subscribe, receiver):
    subscribe(targetAccount="accounts/7")
    name = subscribe(targetAccount="accounts/7", registeredEvent="ACCOUNT_SERVICE_CHANGE")
    assert sandbox.publish("7", registeredEvent="ACCOUNT_SERVICE_CHANGE") == [name]
    settled(sandbox)
    assert decode(receiver.got[0][2]).notification_type == "ACCOUNT_SERVICE_CHANGE"


def test_all_managed_accounts_are_all_but_the_owner(sandbox, subscribe):
    everyone = subscribe("1", allManagedAccounts=True)
    itself = subscribe("1", targetAccount="accounts/1")
    other = subscribe("2", targetAccount="accounts/7")
    assert sandbox.publish("7") == [everyone, other]
    assert sandbox.publish("1") == [itself]
    assert sandbox.publish("2") == [everyone]


@pytest.mark.parametrize("status", ACKNOWLEDGING)
def test_quirk_105_these_statuses_acknowledge(sandbox, subscribe, receiver, status):
    receiver.statuses = [status]
    subscribe(allManagedAccounts=True)
    sandbox.publish("7")
    [push] = settled(sandbox)
    assert push["attempts"] == [status]


@pytest.mark.parametrize("status", REFUSING)
def test_quirk_105_all_others_do_not_and_the_same_message_comes_again(
    sandbox, subscribe, receiver, status
):
    receiver.statuses = [status, status, 200]
    subscribe(allManagedAccounts=True)
    sandbox.publish("7")
    [push] = settled(sandbox)
    assert push["attempts"] == [status, status, 200]
    assert receiver.got[0] == receiver.got[1] == receiver.got[2]


def test_a_callback_that_is_down_is_told_and_tried_again(sandbox, subscribe, receiver):
    subscribe(callBackUri="https://hooks.example.com/a", allManagedAccounts=True)
    sandbox.settings(merchantCallBacks={"https://hooks.example.com/": "http://127.0.0.1:1/"})
    sandbox.publish("7")
    until(lambda: len(sandbox.pushes()[0]["attempts"]) > 1)
    assert sandbox.pushes()[0]["attempts"][0] == "no answer: ConnectionRefusedError"
    sandbox.settings(merchantCallBacks={"https://hooks.example.com/": f"{receiver.url}/b/"})
    settled(sandbox)
    assert receiver.got[0][0] == "/b/a"


def test_a_push_never_leaves_this_machine(sandbox, subscribe):
    subscribe(callBackUri="https://hooks.example.com/a", allManagedAccounts=True)
    sandbox.publish("7")
    until(lambda: sandbox.pushes()[0]["attempts"])
    told = "hooks.example.com is not on this machine: set merchantCallBacks"
    assert sandbox.pushes()[0]["attempts"][0] == told
    for elsewhere in ("https://example.org/", "http://[", "/path"):
        with pytest.raises(ValueError, match="merchantCallBacks must be"):
            sandbox.settings(merchantCallBacks={"https://hooks.example.com/": elsewhere})


def test_an_address_that_is_none_is_an_attempt_without_answer(sandbox, subscribe):
    subscribe(callBackUri="http://127.0.0.1:99999/", allManagedAccounts=True)
    sandbox.publish("7")
    until(lambda: sandbox.pushes()[0]["attempts"])
    assert sandbox.pushes()[0]["attempts"][0] == "no answer: ValueError"


def test_reset_ends_the_retries(sandbox, subscribe, receiver):
    receiver.statuses = [500]
    subscribe(allManagedAccounts=True)
    sandbox.publish("7")
    until(lambda: len(receiver.got) > 1)
    sandbox.reset()
    assert sandbox.pushes() == []
    assert sandbox.publish("7") == []


def test_the_controls_publish_and_tell_over_http(sandbox, http, subscribe):
    name = subscribe(allManagedAccounts=True)
    answer = ask(http, sandbox.url, "POST", "/_sandbox/events", {"account": "7"})
    assert (answer.status, answer.json()) == (200, [name])
    settled(sandbox)
    [push] = ask(http, sandbox.url, "GET", "/_sandbox/pushes").json()
    assert (push["subscription"], push["attempts"]) == (name, [204])


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ([], "An event is"),
        ({"account": "7", "colour": "red"}, "An event is"),
        ({"account": 7}, "account must be"),
        ({"account": "7", "registeredEvent": "X"}, "registeredEvent must be one of"),
        ({"account": "7", "fields": []}, "fields must be"),
    ],
)
def test_a_senseless_event_is_refused_in_a_sentence(sandbox, http, order, words):
    answer = ask(http, sandbox.url, "POST", "/_sandbox/events", order)
    assert answer.status == 400
    assert words in json.dumps(answer.json())
