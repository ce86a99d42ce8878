"""A callback with TLS on this machine, its certificate made by an authority of the test's own."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "hooks.example.com"


class Authority:
    """Signs certificates; `file` is its own, for those who are to trust it."""

    def __init__(self, folder, name="Test Authority"):
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        own = self._signed(self._name, self._key, 365, x509.BasicConstraints(True, None))
        self.file = folder / "authority.pem"
        self.file.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def certificate(self, host=HOST, days=90, also=()):
        """Write a certificate with its key to a file and return it; negative days: it is over.

        `also` are further hosts that it is for.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        names = x509.SubjectAlternativeName([x509.DNSName(name) for name in (host, *also)])
        made = self._signed(subject, key, days, names)
        file = self._folder / f"{host}-{days}.pem"
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
        return file

    def _signed(self, name, key, days, extension):
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=400))
            .not_valid_after(now + timedelta(days=days, hours=1))
            .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        )
        return builder.sign(self._key, hashes.SHA256())


class Hook(ThreadingHTTPServer):
    """A callback that answers with `status`; `got` are (path, headers, body) of what came.

    Where `raw` is given it is what is answered, in pieces; None among them waits for the client.
    """

    daemon_threads = True

    def __init__(self, certificate):
        super().__init__(("127.0.0.1", 0), _Answering)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.status = 204
        self.raw = ()
        self.got = []
        self.uri = f"https://{HOST}:{self.server_port}/hook"

    def handle_error(self, request, client_address):
        """Say nothing of clients that do not like the certificate."""

    def __enter__(self):
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Answering(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, dict(self.headers), body))
        if self.server.raw:
            self._answer_raw(self.server.raw)
            return
        if self.server.status == "silent":
            self._await_the_end()
            return
        if self.server.status == "hang up":
            return
        if self.server.status == "trickle":
            self._trickle()
            return
        self.send_response(self.server.status)
        self.send_header("Location", f"https://{HOST}:{self.server.server_port}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _answer_raw(self, pieces):
        for piece in pieces:
            if piece is None:
                self._await_the_end()
            else:
                self.wfile.write(piece)

    def _await_the_end(self):
        self.connection.settimeout(60)
        self.rfile.read(1)

    def _trickle(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        stop = threading.Event()
        for _ in range(100):
            self.wfile.write(b"x")
            stop.wait(0.05)

    def log_message(self, *_):
        pass


def resolving(monkeypatch, **addresses):
    """Let names (dots as _) resolve to given addresses; everything else as always."""
    table = {name.replace("_", "."): where for name, where in addresses.items()}
    real = socket.getaddrinfo

    def look_up(host, port, *arguments, **named):
        if host not in table:
            return real(host, port, *arguments, **named)
        found = table[host]
        if found is None:
            raise socket.gaierror(-2, "Name or service not known")
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port),
            )
            for address in found
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
