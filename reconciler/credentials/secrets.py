"""Resolves references to secrets, once each, and keeps what was resolved out of every text."""

import json
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from reconciler.core.model.errors import SettingsError
from reconciler.core.text.expressions import Expression
from reconciler.core.text.scrubbing import Scrubber
from reconciler.credentials.files import read_small
from reconciler.credentials.unobtainable import NoSecretAtAll

if TYPE_CHECKING:
    from reconciler.credentials.secret_managers import AwsClients

_AROUND = Expression(r"^[\s\ufeff]+|[\s\ufeff]+$")
_NO_TEXT = Expression(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def cleaned(reference: str, value: str, *, example: str = "") -> str:
    """Return a secret without white space and a byte order mark around it.

    `example` is how one member of a JSON object would be named.

    Raises:
        SettingsError: it is empty, no text, or JSON null or an object; never holds the value.
    """
    text = _AROUND.sub("", value)
    if not text:
        raise SettingsError(f"{reference} is empty; give it a value")
    if _NO_TEXT.search(text):
        raise SettingsError(f"{reference} is not text: it has control characters; store text")
    if text == "null":
        raise SettingsError(f"{reference} is JSON null; give it a value")
    if text.startswith("{") and isinstance(_json(text), dict):
        how = f"name one member of it ({example})" if example else "give it the value alone"
        raise SettingsError(f"{reference} is a JSON object, not one secret; {how}")
    return text


def member(reference: str, text: str, key: str) -> str:
    """Return the text or number that a JSON object has under `key`, as it is written.

    Raises:
        SettingsError: it is no such object, or has none there; never holds the value.
    """
    found = _json(_AROUND.sub("", text))
    if not isinstance(found, dict) or key not in found:
        raise SettingsError(f"{reference} is not a JSON object with a member {key!r}")
    value = found[key]
    if not isinstance(value, str):
        kind = {dict: "a JSON object", list: "a JSON list", bool: "true or false"}
        what = kind.get(type(value), "JSON null")
        raise SettingsError(f"{reference}#{key} is {what}, not text; give it a text")
    return value


def _json(text: str) -> Any:
    """Return what a text is as JSON, numbers as they are written; "" where it is none."""
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return ""


_THROW_AWAY = "throw-away"
_AWS = "aws-secretsmanager:"
_SILENT_SECONDS = 60.0
"""How long a place is not asked that gave none, nor for a secret that it refused.

A fleet has thousands of secrets in one place, and each seller needs those of the application.
"""


class Secrets:
    """Looks up `env:`, `file:`, `aws-secretsmanager:` and `gcp-secretmanager:` references.

    Every value is asked for once a run and remembered, so that `scrub` can mask it. `environ` is
    the environment to look in.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        self._environ = os.environ if environ is None else environ
        self._lock = threading.Lock()
        self._values: dict[str, str] = {}
        self._expected: set[str] = set()
        self._aws_texts: dict[str, str] = {}
        self._aws_clients: AwsClients | None = None
        self._at_the_end: weakref.finalize[[], Secrets] | None = None
        self._silent: dict[str | None, tuple[str, float]] = {}
        self._refused: dict[str, tuple[str, float]] = {}
        self._scrubber = Scrubber()
        self._known: set[str] = set()
        self._announce: Callable[[str], None] | None = None

    def announce_to(self, announce: Callable[[str], None]) -> None:
        """Call `announce` with every secret the moment it is known, before anybody can use it."""
        with self._lock:
            self._announce = announce

    def expect(self, references: Iterable[str]) -> None:
        """Be told what will be asked for, so that secrets of AWS are fetched many a call."""
        names = {each.removeprefix(_AWS) for each in references if each.startswith(_AWS)}
        with self._lock:
            self._expected |= {name.partition("#")[0] for name in names}

    def resolve(self, reference: str) -> str:
        """Return the secret behind `reference`.

        Raises:
            SettingsError: it cannot be had; names the reference, never a value.
        """
        with self._lock:
            if reference not in self._values:
                scheme, _, rest = reference.partition(":")
                value = self._lookup(scheme, rest)
                self._values[reference] = value
                # What opens the sandbox only is made of names that reports are full of.
                if scheme != _THROW_AWAY:
                    self._know(value)
            return self._values[reference]

    def unset(self, references: Iterable[str]) -> tuple[str, ...]:
        """Return the variables among `references` that are not set, each once, by name."""
        names = {each.removeprefix("env:") for each in references if each.startswith("env:")}
        return tuple(sorted(names - self._environ.keys()))

    def rehearse(self, reference: str, *, here: bool) -> str:
        """Return something to throw away; `here`: the secret itself, if it is at hand."""
        if here and reference.startswith(("env:", "file:")):
            with suppress(SettingsError):
                return self.resolve(reference)
        import hashlib  # loads OpenSSL, which `--help` does without

        return f"sandbox-{hashlib.sha256(reference.encode()).hexdigest()[:16]}"

    def remember(self, value: str) -> str:
        """Keep a secret that came another way (an access token) out of texts too."""
        with self._lock:
            self._know(value)
        return value

    def publish(self, names: Iterable[str]) -> None:
        """Let names of the declarations stand in texts, though a secret may share a piece."""
        self._scrubber.publish(names)

    def scrub(self, text: str) -> str:
        """Return `text` with every known secret masked, and every piece of one."""
        return self._scrubber.scrub(text)

    def scrub_result(self, text: str) -> str:
        """Return a result with pieces of known secrets masked; JSON stays JSON."""
        return self._scrubber.scrub_result(text)

    def close(self) -> None:
        """Let go of connections; whatever is asked for after that makes them anew."""
        with self._lock:
            if self._aws_clients is not None:
                self._aws_clients.close()
                self._aws_clients = None
            if self._at_the_end is not None:
                self._at_the_end.detach()

    def _know(self, value: str) -> None:
        if value in self._known:
            return
        self._known.add(value)
        if self._announce is not None:
            self._announce(value)
        self._scrubber.learn(value)

    def _lookup(self, scheme: str, rest: str) -> str:
        match scheme:
            case "env":
                return cleaned(f"env:{rest}", self._from_environment(rest))
            case "file":
                return cleaned(f"file:{rest}", _from_file(rest))
            case "aws-secretsmanager":
                name, _, key = rest.partition("#")
                reference = f"{scheme}:{name}"
                text = self._from_aws(name)
                if key:
                    return cleaned(f"{scheme}:{rest}", member(reference, text, key))
                return cleaned(reference, text, example=f"{reference}#NAME")
            case "gcp-secretmanager":
                from reconciler.credentials.secret_managers import from_google  # loads an SDK

                text = from_google(rest, self._know, self._scrubber.scrub)
                return cleaned(f"{scheme}:{rest}", text)
            case _:
                # No scheme that YAML may use: wiring gives throw-away credentials to the sandbox.
                return rest

    def _from_aws(self, name: str) -> str:
        """Return the text of a secret at AWS; with the first one come all that are expected."""
        from reconciler.credentials.secret_managers import many_from_aws  # loads an SDK

        clients = self._clients()
        if name not in self._aws_texts:
            wanted = {name, *self._expected} - self._aws_texts.keys()
            self._expected.clear()
            if len(wanted) > 1:
                self._aws_texts |= many_from_aws(wanted, clients)
        if name not in self._aws_texts:
            self._aws_texts[name] = self._alone_from_aws(name)
        return self._aws_texts[name]

    def _clients(self) -> "AwsClients":
        """Return the clients for secrets at AWS, which stay open until `close`."""
        from reconciler.credentials.secret_managers import AwsClients  # loads an SDK

        if self._aws_clients is None:
            self._aws_clients = AwsClients(self._know)
            # Whoever does not close this keeps them, and all that is known here, to the end.
            self._at_the_end = weakref.finalize(self, self._aws_clients.close)
        return self._aws_clients

    def _alone_from_aws(self, name: str) -> str:
        """Return one secret; what was not to be had just now is not asked for for a while."""
        from reconciler.credentials.secret_managers import from_aws, region_of  # loads an SDK

        place, now = region_of(name), time.monotonic()
        why, until = self._silent.get(place, ("", 0.0))
        if now < until:
            raise NoSecretAtAll(f"{_AWS}{name}", why)
        why, until = self._refused.get(name, ("", 0.0))
        if now < until:
            raise SettingsError(why)
        try:
            return from_aws(name, self._clients(), self._scrubber.scrub)
        except NoSecretAtAll as error:
            self._silent[place] = (error.why, time.monotonic() + _SILENT_SECONDS)
            raise
        except SettingsError as error:
            self._refused[name] = (str(error), time.monotonic() + _SILENT_SECONDS)
            raise

    def _from_environment(self, name: str) -> str:
        value = self._environ.get(name)
        if value is None:
            raise SettingsError(f"the environment variable {name} is not set")
        return value


def _from_file(path: str) -> str:
    what = f"the secret file {path}"
    try:
        return read_small(path, what).decode("utf-8")
    except UnicodeDecodeError:
        # The cause would hold the secret.
        raise SettingsError(f"{what} cannot be read: it is not UTF-8 text") from None
