"""Secrets that messages bring, kept out of what is shown of them.

Amazon announces a new client secret in a message (`newClientSecret` of the type
APPLICATION_OAUTH_CLIENT_NEW_SECRET). Types come and go without notice, so that every field counts
whose name says that it holds a secret.
"""

import base64
import binascii
import html
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from reconciler.notifications.model import (
    MerchantNotification,
    MerchantPayload,
    Notification,
)

MASK = "***"
_SECRET = re.compile(
    r"(secret|secrets|password|passwd|passphrase|token|tokens|credential|credentials|apikey"
    r"|privatekey|secretkey|secretaccesskey|accesskey|authorization)"
    r"(value|string|text|plain|plaintext|new|old|current|previous|[0-9]+)?$"
)
_AMAZONS = re.compile(r"amzn1\.oa2-cs\.|at[zc][ar]\|", re.IGNORECASE)
"""How client secrets and tokens of Login with Amazon begin, whatever they stand under."""
_VALUES = frozenset({"value", "#text", "secretstring", "plaintext", "data", "content"})
"""Names that mean nothing by themselves: what is there is what the name around them says."""
_SPEAKING = re.compile(
    r"secret|passw|passphrase|token|credential|api[\s_-]*key|private[\s_-]*key|access[\s_-]*key"
    r"|authorization|amzn1\.oa2-cs|at[zc][ar]\|",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    r"(secret|passw(or)?d|passphrase|token|api_?key|private_?key|access_?key)[\\\"']*\s*[:=>]",
    re.IGNORECASE,
)
"""Text that holds fields itself: a document within a field."""
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}")
_LAYERS = 4


def masked(notification: Notification) -> Notification:
    """Return the notification with every secret masked that its payload names as one."""
    if isinstance(notification, MerchantNotification):
        raw = notification.payload.model_dump(mode="json", by_alias=True)
        shown = _masked(raw, secret=False)
        # The model is strict: what is a tuple in it has to be given as one.
        changes = tuple(shown.get("changes") or ())
        push = MerchantPayload.model_validate({**shown, "changes": changes})
        return notification.model_copy(update={"payload": push})
    payload = _masked(notification.payload, secret=False)
    return notification.model_copy(update={"payload": payload})


def speaks_of_secrets(text: str) -> bool:
    """Say whether text that cannot be decoded may hold a secret, in whatever it is wrapped."""
    for _ in range(_LAYERS):
        if _SPEAKING.search(text):
            return True
        inner = unquote(html.unescape(text)).replace("\\", "")
        inner += "".join(_decoded(found) for found in _BASE64.findall(inner))
        if inner == text:
            return False
        text = inner
    return _SPEAKING.search(text) is not None


def without_quotes(sentence: str) -> str:
    """Return a sentence about a message with everything masked that it quotes of it."""
    return _QUOTED.sub(f"'{MASK}'", sentence)


def _masked(value: Any, *, secret: bool) -> Any:
    """Return a value without secrets; `secret`: the name it stands under says that it is one."""
    if isinstance(value, Mapping):
        return {
            name: _masked(item, secret=is_secret(name) or (secret and name.lower() in _VALUES))
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_masked(item, secret=secret) for item in value]
    # Whether there is one may be known.
    shown = value in (None, "") or isinstance(value, bool)
    holds = secret or (isinstance(value, str) and _holds_one(value))
    return MASK if holds and not shown else value


def _holds_one(text: str) -> bool:
    return _ASSIGNED.search(text) is not None or _AMAZONS.search(text) is not None


def is_secret(name: str) -> bool:
    """Say whether a field's name says that it holds a secret, not when it ends or where it is."""
    return _SECRET.search(re.sub(r"[^a-z0-9]", "", name.lower())) is not None


def _decoded(run: str) -> str:
    padded = run.replace("-", "+").replace("_", "/")
    padded += "=" * (-len(padded) % 4)
    try:
        return base64.b64decode(padded).decode("utf-8", "ignore")
    except (binascii.Error, ValueError):
        return ""
