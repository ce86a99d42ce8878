"""Our HTTP in the shapes that Google's libraries ask for."""

import copy

import pytest
from google.auth.exceptions import TransportError

from reconciler.transport.failures import Failed
from reconciler.transport.for_google import ApiHttp, LoginRequest
from reconciler.transport.http import Http
from tests.wires import WELL, serving


@pytest.fixture
def http():
    made = Http(environ={})
    yield made
    made.close()


def test_a_login_without_an_answer_is_what_google_expects_and_keeps_its_cause(http):
    with pytest.raises(TransportError) as raised:
        LoginRequest(http)("http://127.0.0.1:9/token", method="POST", body="a=b")
    assert raised.value.retryable
    failed = raised.value.__cause__
    assert isinstance(failed, Failed)
    assert (
        failed.sentence == "127.0.0.1:9 is not reachable: connection refused: check host and port"
    )


def test_a_login_request_may_be_handed_to_other_threads(http):
    request = LoginRequest(http)
    assert copy.deepcopy(request) is request


def test_a_body_may_be_text_and_an_answer_has_what_google_reads(http):
    with serving(WELL) as server:
        answer = LoginRequest(http)(f"http://127.0.0.1:{server.port}/", "POST", "grant=a", {})
        assert (answer.status, answer.data) == (200, b"ok")
        head, body = ApiHttp(http).request(f"http://127.0.0.1:{server.port}/")
        assert (head.status, head["status"], body) == (200, "200", b"ok")
