"""A courier on this machine: refuses strangers, dangling channels and channels in use."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Self

Held = dict[str, dict[str, Any]]
Answer = tuple[int, Any]


class StandInCourier:
    """Use as a context manager; `held` are the objects of the one shop by place and id."""

    def __init__(self, token: str = "sandbox-token") -> None:
        self.token = token
        self.held: dict[str, Held] = {"channels": {}, "hooks": {}}
        self._numbers = count(1)

    def __enter__(self) -> Self:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Be quiet."""

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"null")
                allowed = self.headers.get("Authorization") == f"Bearer {outer.token}"
                status, found = (
                    outer.act(self.command, self.path.split("/")[3:], body)
                    if allowed
                    else (401, {"error": "unknown token"})
                )
                content = json.dumps(found).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        for method in ("GET", "POST", "PATCH", "DELETE"):
            setattr(Handler, f"do_{method}", Handler.answer)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def act(self, method: str, path: list[str], body: Any) -> Answer:
        held = self.held.get(path[0] if path else "", {})
        if len(path) == 1:
            return self._among(method, path[0], held, body)
        key = path[1] if len(path) == 2 else ""
        if key not in held:
            return 404, {"error": "no such object"}
        if method == "DELETE":
            if any(hook["channel"] == key for hook in self.held["hooks"].values()):
                return 409, {"error": "a hook uses this channel"}
            return 200, held.pop(key)
        held[key].update(body or {})
        return 200, held[key]

    def _among(self, method: str, place: str, held: Held, body: Any) -> Answer:
        if method == "GET":
            return 200, list(held.values())
        if place == "hooks" and body["channel"] not in self.held["channels"]:
            return 400, {"error": "no such channel"}
        key = f"{place[0]}{next(self._numbers)}"
        held[key] = {"id": key, **({"oldest": 7} if place == "channels" else {}), **body}
        return 201, held[key]
