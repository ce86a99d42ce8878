"""Our HTTP as PyGithub uses it."""

import pytest

from reconciler.github import line
from reconciler.github.line import PlainLine
from reconciler.transport.failures import Failed
from tests.clocks import Clock
from tests.wires import serving

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"


@pytest.fixture
def to():
    """Return what makes a line to a server; lines are closed."""
    made = []

    def make(server):
        made.append(PlainLine("127.0.0.1", server.port, clock=Clock()))
        return made[-1]

    yield make
    for each in made:
        each.close()


def ask(line, verb="GET"):
    line.request(verb, "/repos/a/b", None, {})
    return line.getresponse()


def test_pages_without_end_are_noticed_and_a_write_between_begins_anew(to, monkeypatch):
    monkeypatch.setattr(line, "MOST_PAGES", 3)
    with serving(OK, lasting=True) as server:
        github = to(server)
        for verb in ("GET", "GET", "GET", "POST", "GET", "GET", "GET"):
            assert ask(github, verb).read() == "[]"
        with pytest.raises(Failed, match="after 3 pages there are more"):
            ask(github)


@pytest.mark.parametrize(("verb", "times"), [("GET", 3), ("POST", 1)])
def test_an_answer_that_is_lost_is_asked_for_again_by_reads_alone(to, verb, times):
    with serving(b"") as server:
        with pytest.raises(Failed, match="it hung up"):
            ask(to(server), verb)
        assert len(server.heads) == times


@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_what_was_not_sent_is_tried_again_whatever_it_is(verb):
    closed = PlainLine("127.0.0.1", 9, clock=(clock := Clock()))
    with pytest.raises(Failed, match="connection refused"):
        ask(closed, verb)
    closed.close()
    assert clock.slept == [0.2, 0.4]


@pytest.mark.parametrize("status", [302, 303, 307, 308])
def test_no_other_host_gets_the_token(to, status):
    away = f"HTTP/1.1 {status} Away\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n"
    with serving(away.encode()) as server:
        with pytest.raises(Failed, match=rf"redirects to evil\.example \(HTTP {status}\)"):
            ask(to(server))
        assert len(server.heads) == 1
