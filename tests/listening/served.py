"""A real ASGI server."""

import http.client
import socket
import threading

import uvicorn
from pushes import PATH, QUERY, push

TARGET = f"{PATH}?{QUERY}"


class Served:
    """uvicorn on a free port of this machine, in a thread."""

    def __init__(self, application, **options):
        config = uvicorn.Config(application, port=0, log_config=None, **options)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run)

    def __enter__(self):
        self.thread.start()
        while not self.server.started:
            self.thread.join(0.01)
            assert self.thread.is_alive(), "the server did not start: its log says why"
        [listening] = self.server.servers[0].sockets
        self.port = listening.getsockname()[1]
        return self

    def __exit__(self, *_):
        self.server.should_exit = True
        self.thread.join()

    def ask(self, method="POST", target=TARGET, body=None, **headers):
        """Return status, headers and body of one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            sent = push() if body is None and method == "POST" else body
            kind = {"Content-Type": "application/json", **headers}
            connection.request(method, target, sent, kind)
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def raw(self, *pieces):
        """Send bytes as they are; return everything that comes back until it is closed."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            for piece in pieces:
                connection.sendall(piece)
            found = b""
            while more := connection.recv(65536):
                found += more
            return found
