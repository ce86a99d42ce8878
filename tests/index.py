"""A package index on the loopback (PEP 503): what a lock pins as tiny wheels, and newer ones."""

import base64
import hashlib
import io
import os
import re
import threading
from collections import Counter
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata
from zipfile import ZipFile, ZipInfo

NEWER = "999.0"
"""The version of everything that was released after the lock was made."""
PIN = re.compile(
    r"^(?P<name>[\w.-]+)(?P<extras>\[[^\]]+\])?==(?P<version>[^\s;\\]+)(?P<marker>[^\\\n]*)"
    r"(?:\\\n(?: +--hash=\S+(?: \\)?\n)+)",
    re.MULTILINE,
)
"""A requirement of a lock in the form that ours have, with its hashes."""


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def needs_of(name, version):
    """Return what a package says that it needs, where this very version is installed here."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return ()
    return tuple(found.requires or ()) if found.version == version else ()


def code_of(name):
    """Return the modules of a package that is installed here, as files for a wheel."""
    return {
        file.as_posix(): file.read_text(encoding="utf-8")
        for file in metadata.files(name) or ()
        if file.suffix in {".py", ".txt", ".pem"} and file.parts[0] == name
    }


def tiny_wheel(name, version, needs=(), files=()):
    """Return the name and the bytes of a wheel with metadata and `files` (text by name) alone."""
    stem = f"{canonical(name).replace('-', '_')}-{version}"
    lines = [f"Requires-Dist: {need}\n" for need in needs]
    extras = sorted(
        {extra for need in needs for extra in re.findall(r"extra == ['\"](.*?)['\"]", need)}
    )
    lines += [f"Provides-Extra: {extra}\n" for extra in extras]
    about = f"{stem}.dist-info"
    told = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{''.join(lines)}"
    entries = {
        **dict(files),
        f"{about}/METADATA": told,
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{entry},{_digest(text)},{len(text.encode())}\n" for entry, text in entries.items()
    )
    content = io.BytesIO()
    with ZipFile(content, "w") as wheel:
        for entry, text in {**entries, f"{about}/RECORD": f"{record}{about}/RECORD,,\n"}.items():
            wheel.writestr(ZipInfo(entry), text)
    return f"{stem}-py3-none-any.whl", content.getvalue()


def _digest(text):
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256={base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


class Index:
    """Serves wheels; `asked` counts by project what was looked up, `fetched` names the wheels."""

    def __init__(self):
        self._wheels: dict[str, dict[str, bytes]] = {}
        self.asked: Counter[str] = Counter()
        self.fetched: list[str] = []

    def add(self, name, version, needs=(), files=()):
        """Take a wheel in; return its SHA-256."""
        file, content = tiny_wheel(name, version, needs, files)
        self._wheels.setdefault(canonical(name), {})[file] = content
        return hashlib.sha256(content).hexdigest()

    def relock(self, lock, files=(), most=None):
        """Offer what a lock pins and a newer release of each; return the lock with these hashes.

        `files` are put into the first of its wheels. Beyond `most` pins the rest is left out. pip
        alone is served whole, since it is what goes on installing.
        """
        names = [pin["name"] for pin in PIN.finditer(lock)]

        def repin(pin):
            name, version = pin["name"], pin["version"]
            if name not in names[:most]:
                return ""
            needs = needs_of(name, version)
            self.add(name, NEWER, needs)
            given = files if name == names[0] else code_of(name) if name == "pip" else ()
            digest = self.add(name, version, needs, given)
            pinned = f"{name}{pin['extras'] or ''}=={version}{pin['marker']}"
            return f"{pinned}\\\n    --hash=sha256:{digest}\n"

        return PIN.sub(repin, lock)

    def environ(self, **more):
        """Return variables for pip to know this index and no other."""
        known = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
        return {
            **known,
            "PIP_INDEX_URL": f"{self.url}/simple/",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_CACHE_DIR": "1",
            "PIP_NO_COMPILE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            **more,
        }

    def __enter__(self):
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, path):
        """Return the type and the content of a page or a wheel, or None."""
        kind, project, *file = path.strip("/").split("/")
        wheels = self._wheels.get(project, {})
        if kind == "simple":
            self.asked[project] += 1
            links = (
                f'<a href="/files/{project}/{name}#sha256={hashlib.sha256(content).hexdigest()}">'
                f"{name}</a>"
                for name, content in wheels.items()
            )
            return ("text/html", "".join(links).encode()) if wheels else None
        self.fetched += file
        return "application/octet-stream", wheels[file[0]]


def _handler(index):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self):
            status, (kind, content) = 200, index.answer(self.path) or (None, b"")
            if kind is None:
                status, kind = 404, "text/plain"
            self.send_response_only(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            """Say nothing."""

    return Handler
