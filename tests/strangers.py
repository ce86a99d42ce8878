"""Hosts on a loopback port that answer whatever a test says: a token service, a metadata server."""

from contextlib import contextmanager

from tests.loopback import answering


class Stranger:
    """Answers each request by the first of `answers` whose words stand in its path or body.

    An answer is a status and a body; without one that fits, it is 404. `asked` are the requests.
    """

    def __init__(self):
        self.answers = {}
        self.asked = []
        self.url = ""

    def reply(self, asked):
        self.asked.append(asked)
        found = (answer for words, answer in self.answers.items() if words in asked)
        return next(found, (404, "nothing here"))


@contextmanager
def listening():
    """Yield a stranger that is reachable at its `url`."""
    stranger = Stranger()

    def answer(asked):
        status, said, *headers = stranger.reply(f"{asked.path} {asked.body.decode()}")
        return status, said, {"Content-Type": "application/json", **dict(*headers)}

    with answering(answer) as stranger.url:
        yield stranger
