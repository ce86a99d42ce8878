"""The courier behind the four verbs. In a real service the calls would have a `client.py`."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from reconciler.core.model.abilities import Examination, Impediment, Measured, Metrics, Stage
from reconciler.core.model.addresses import remote_values
from reconciler.core.model.errors import Denied, Missing, Rejected, Transient, Unclear
from reconciler.core.model.objects import Desired, Live
from reconciler.core.model.plan import FieldChange
from reconciler.core.model.spec import Spec
from reconciler.core.provider import Abilities, Each, Interest, Scope
from reconciler.credentials.checks import reaching, resolving
from reconciler.credentials.tools import Tools
from reconciler.transport.calls import Calls
from tests.newcomer.courier.account import CourierAccount
from tests.newcomer.courier.kinds import Channel, Hook

PLACES: dict[type[Spec], str] = {Channel: "channels", Hook: "hooks"}
_ERRORS = {401: Denied, 403: Denied, 404: Missing, 429: Transient, 503: Transient}


class CourierProvider:
    """One shop."""

    def __init__(self, name: str, account: CourierAccount, tools: Tools) -> None:
        self._name, self._account, self._tools = name, account, tools
        self._calls = Calls(tools.clock)

    @property
    def abilities(self) -> Abilities:
        """Return what can be done beyond reading and writing: there are no test messages."""
        return Abilities(
            calls_so_far=self._calls.so_far,
            examinations=self.examinations,
            measure=self.measure,
        )

    def scopes(self) -> Sequence[Scope]:
        """Return the one scope."""
        return (Scope(self._name, (Channel, Hook)),)

    def observe(self, scope: Scope, interest: Interest) -> Iterator[Live]:
        """Return all channels and hooks."""
        for kind, place in PLACES.items():
            for found in self._call("GET", place):
                yield self._live(kind, found)

    def read(self, live: Live, *, thorough: bool = False) -> Live | None:
        """Return the object as it is now."""
        try:
            return self._live(type(live.spec), self._call("GET", self._path(live)))
        except Missing:
            return None

    def create(self, desired: Desired) -> Live:
        """Create once; after a lost answer look whether it is there."""
        kind = type(desired.spec)
        try:
            made = self._call("POST", PLACES[kind], desired.spec.fields(), repeat=False)
        except Unclear:
            wanted = desired.spec.fields()
            found = (self._live(kind, item) for item in self._call("GET", PLACES[kind]))
            there = next((live for live in found if live.spec.fields() == wanted), None)
            if there is None:
                raise
            return there
        return self._live(kind, made)

    def update(self, desired: Desired, live: Live, changes: Sequence[FieldChange]) -> Live:
        """Change exactly these fields."""
        fields = {change.path: change.after for change in changes}
        return self._live(type(live.spec), self._call("PATCH", self._path(live), fields))

    def delete(self, live: Live) -> None:
        """Delete; already gone is done."""
        try:
            self._call("DELETE", self._path(live))
        except Missing:
            return

    def examinations(self, desired: Sequence[Desired]) -> Sequence[Examination]:
        """Return what `doctor` looks at."""
        look = self._looking(lambda: self._call("GET", "channels"))
        return [
            resolving(self._name, "token", self._account.token, self._tools.secrets),
            reaching(self._name, self._account.base_url),
            Examination(Stage.reading, "list channels", look),
        ]

    def measure(self, live: Sequence[Live], each: Each) -> Measured:
        """Return how old the oldest news of each channel is."""
        channels = [item for item in live if isinstance(item.spec, Channel)]
        answers = each(lambda item: self._call("GET", self._path(item)), channels)
        metrics: dict[str, Metrics] = {
            item.live_address: Metrics(oldest_seconds=found["oldest"])
            for item, found in zip(channels, answers, strict=True)
        }
        return Measured(metrics)

    def close(self) -> None:
        """Hold nothing: the connections are shared."""

    def _looking(self, call: Callable[[], object]) -> Callable[[], Iterator[Impediment]]:
        def look() -> Iterator[Impediment]:
            call()
            yield from ()

        return look

    def _path(self, live: Live) -> str:
        return f"{PLACES[type(live.spec)]}/{quote(live.outputs['id'])}"

    def _live(self, kind: type[Spec], found: dict[str, Any]) -> Live:
        fields = {name: value for name, value in found.items() if name not in ("id", "oldest")}
        return Live(self._name, kind.model_validate(fields), remote_values(id=found["id"]))

    def _call(self, method: str, path: str, fields: Any = None, *, repeat: bool = True) -> Any:
        return self._calls.run(path, lambda: self._once(method, path, fields), repeat=repeat)

    def _once(self, method: str, path: str, fields: Any) -> Any:
        url = f"{self._account.base_url}/shops/{self._account.shop}/{path}"
        headers = {"Authorization": f"Bearer {self._tools.secrets.resolve(self._account.token)}"}
        body = None if fields is None else json.dumps(fields).encode()
        operation = f"{method} {path}"
        answer = self._tools.http.request(
            self._name, operation, method, url, headers=headers, body=body
        )
        if answer.status >= 300:
            error = _ERRORS.get(answer.status, Rejected)
            raise error(self._name, operation, answer.excerpt(self._tools.secrets.scrub))
        return json.loads(answer.body or b"null")
