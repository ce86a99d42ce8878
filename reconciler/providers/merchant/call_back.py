"""Call back URIs: what Google can push to, and the placeholders that may stand in one.

Google pushes to public HTTPS with a certificate of a recognised authority only.
"""

import re
from urllib.parse import urlsplit

from reconciler.providers.merchant.addresses import is_public

PLACEHOLDERS = frozenset({"targetAccount", "registeredEvent"})
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_PRIVATE_SUFFIXES = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


def parse_template(value: str) -> str:
    """Return `value` if it is a public https URI once its placeholders are filled in.

    Raises:
        ValueError: says what is wrong with it.
    """
    if set(re.findall(r"\{([^{}]*)\}", value)) - PLACEHOLDERS:
        raise ValueError("expected no placeholders but {targetAccount} and {registeredEvent}")
    uri = fill_in(value, target_account="1", registered_event="E")
    if not _PRINTABLE.fullmatch(uri) or "{" in uri or "}" in uri:
        raise ValueError("expected a URI in plain ASCII without blanks or stray braces")
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        raise ValueError("expected a URI such as https://hooks.example.com/path") from None
    if parts.scheme != "https" or not parts.hostname or port == 0:
        raise ValueError(
            "expected a URI that begins with https://, since Google pushes to no other"
        )
    if parts.username is not None or parts.fragment:
        raise ValueError("expected a URI without user name, password or fragment")
    if not _is_public(parts.hostname):
        raise ValueError("expected a public host: Google cannot reach this machine or network")
    return value


def fill_in(template: str, *, target_account: str | None, registered_event: str) -> str:
    """Return the call back URI with its placeholders replaced."""
    filled = template.replace("{registeredEvent}", registered_event)
    return filled.replace("{targetAccount}", target_account) if target_account else filled


def template_of(uri: str, target_account: str) -> str:
    """Return the URI with the number of its target replaced by the placeholder, where it stands."""
    number = rf"(?<![0-9]){target_account}(?![0-9])"
    template = re.sub(number, "{targetAccount}", uri)
    filled = fill_in(template, target_account=target_account, registered_event="")
    return template if filled == uri else uri


def _is_public(host: str) -> bool:
    name = host.rstrip(".").lower()
    try:
        return is_public(name)
    except ValueError:
        # What ends in a number is an address, in one of the spellings of old.
        is_number = re.fullmatch(r"0x[0-9a-f]*|[0-9]+", name.rpartition(".")[2])
        return "." in name and not is_number and not name.endswith(_PRIVATE_SUFFIXES)
