"""Hosts with TLS, a proxy that keeps what it is sent, and names that lead to them: all loopback."""

import base64
import gzip
import json
import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FOREIGN = "elsewhere.example"
MWS_LIST = (
    "<ListRegisteredDestinationsResponse><ListRegisteredDestinationsResult><DestinationList/>"
    "</ListRegisteredDestinationsResult><ResponseMetadata><RequestId>1</RequestId>"
    "</ResponseMetadata></ListRegisteredDestinationsResponse>"
)
WELL = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
LARGE = 300_000
"""Bytes of an oversized answer, many times the limit that the table sets."""
ANSWERS = {
    "sqs.eu-west-1.amazonaws.com": {"QueueUrls": []},
    "secretsmanager.eu-west-1.amazonaws.com": {"SecretString": "a-secret-kept-at-aws"},
    "mws-eu.amazonservices.com": MWS_LIST,
    "api.amazon.com": {"access_token": "Atza|a-token-of-lwa", "expires_in": 3600},
    "sellingpartnerapi-eu.amazon.com": {"payload": []},
    "merchantapi.googleapis.com": {},
    "oauth2.googleapis.com": {"access_token": "ya29.a-token-of-google", "expires_in": 3600},
    "secretmanager.googleapis.com": {
        "payload": {"data": base64.b64encode(b"a-secret-kept-at-google").decode()}
    },
    "api.github.com": [],
}
"""What each host answers when all is well."""


class Host(ThreadingHTTPServer):
    """Serves every host of ANSWERS with one certificate; `mode` is how.

    `seen` are (host, path, headers, body) of all requests.
    """

    daemon_threads = True

    def __init__(self, certificate):
        super().__init__(("127.0.0.1", 0), _Answering)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.mode = "well"
        self.seen = []

    def handle_error(self, request, client_address):
        """Say nothing of clients that hang up."""


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        host = self.headers["Host"].partition(":")[0]
        self.server.seen.append((host, self.path, str(self.headers), body))
        content = ANSWERS[host]
        text = content if isinstance(content, str) else json.dumps(content)
        getattr(self, self.server.mode)(text.encode())

    do_GET = do_POST = answer  # noqa: N815 - http.server's names

    def head(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def well(self, text):
        """Answer as the service would."""
        self.head(200, Content_Length=str(len(text)), Content_Type="application/json")
        self.wfile.write(text)

    def drip(self, _):
        """Send a byte now and then, each well before anybody would call it silence."""
        self.head(200, Content_Length="1000000")
        stop = threading.Event()
        with suppress(OSError):
            for _ in range(1000):
                self.wfile.write(b" ")
                stop.wait(0.02)
        self.close_connection = True

    def large(self, _):
        """Send more than is taken, without saying how much it will be."""
        self.close_connection = True
        self.head(200, Connection="close")
        with suppress(OSError):
            self.wfile.write(b" " * LARGE)

    def packed(self, _):
        """Send little that is much when unpacked."""
        packed = gzip.compress(b" " * LARGE)
        self.head(200, Content_Length=str(len(packed)), Content_Encoding="gzip")
        self.wfile.write(packed)

    def redirect(self, _):
        """Send the caller to another host."""
        self.head(307, Location=f"https://{FOREIGN}/x?y=z", Content_Length="0")

    def log_message(self, *_):
        pass


class Proxy:
    """An HTTP proxy: opens tunnels to the port that a name leads to, or answers with `status`.

    `seen` is all it was sent outside of tunnels: request lines and headers.
    """

    def __init__(self, look_up):
        self._look_up = look_up
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.status = 200
        self.seen = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _accept(self):
        with suppress(OSError):
            while True:
                line, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line):
        with line, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head and (piece := line.recv(65536)):
                head += piece
            self.seen.append(head.decode())
            target = head.split()[1].decode()
            port = self._look_up(target.rpartition(":")[0])
            if self.status != 200:
                line.sendall(b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % self.status)
                return
            with socket.create_connection(("127.0.0.1", port)) as other:
                line.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=_pump, args=(other, line), daemon=True)
                back.start()
                _pump(line, other)
                back.join()


def _pump(source, sink):
    with suppress(OSError):
        while piece := source.recv(65536):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def running(server):
    """Serve until the context ends."""
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def named(patch, ports):
    """Let the names in `ports` lead to these ports of this machine, and every other one nowhere."""
    real = socket.getaddrinfo

    def look_up(host, port, *arguments, **more):
        if host == "127.0.0.1":
            return real(host, port, *arguments, **more)
        if host not in ports:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", ports[host]))]

    patch.setattr(socket, "getaddrinfo", look_up)


class Server:
    """Answers each connection with pieces of bytes; None among them waits for the client to go.

    `heads` are the requests that came, without bodies. `lasting` connections take more than one,
    `standing` ones are answered well at first.
    """

    def __init__(self, *pieces, context=None, lasting=False, standing=False):
        self._pieces, self._context = pieces, context
        self._lasts = lasting or pieces == (WELL,)
        self._standing = standing
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.heads = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _accept(self):
        with suppress(OSError):
            while True:
                line, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line):
        line.settimeout(60)
        with suppress(OSError), line:
            if self._context is None:
                self._answer(line)
                return
            with self._context.wrap_socket(line, server_side=True) as secured:
                self._answer(secured)

    def _answer(self, line):
        if self._standing and line.recv(65536):
            line.sendall(WELL)
        while head := line.recv(65536):
            self.heads.append(head.decode("latin-1"))
            for piece in self._pieces:
                if piece is None:
                    line.recv(1)
                else:
                    line.sendall(piece)
            if not self._lasts:
                break


@contextmanager
def serving(*pieces, **more):
    """Serve until the context ends."""
    server = Server(*pieces, **more)
    try:
        yield server
    finally:
        server.close()
