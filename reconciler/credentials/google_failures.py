"""What is wrong with a file of Google credentials, and what the refusals of Google's services mean.

No value of a file is repeated, nor anything that a program printed.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from reconciler.core.model.errors import SettingsError
from reconciler.core.model.hosts import parse_endpoint
from reconciler.core.text.scrubbing import excerpt
from reconciler.credentials.files import read_small
from reconciler.credentials.unobtainable import Unobtainable
from reconciler.transport.http import Response

_LOGIN = "run `gcloud auth application-default login`"
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "service_account": ("client_email", "private_key", "token_uri"),
    "authorized_user": ("client_id", "client_secret", "refresh_token"),
    "external_account": ("audience", "subject_token_type", "token_url", "credential_source"),
    "external_account_authorized_user": ("refresh_token", "token_url", "client_id"),
    "impersonated_service_account": ("source_credentials", "service_account_impersonation_url"),
}
_URLS = ("token_uri", "token_url", "service_account_impersonation_url")
_EXECUTABLES = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"


class RefusedByGoogle(Exception):
    """A service of Google's gave `answer` to a request to `url`."""

    def __init__(self, url: str, answer: Response) -> None:
        self.url = url
        self.answer = answer
        super().__init__(answer.status)


def read_info(content: bytes, source: str) -> dict[str, Any]:
    """Return what a file of credentials holds.

    Raises:
        Unobtainable: it is no such file.
    """
    try:
        info = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        # The cause may quote the key.
        raise Unobtainable(f"{source} is not JSON", _anew("")) from None
    if not isinstance(info, dict):
        raise Unobtainable(f"{source} is JSON, but no object", _anew(""))
    kind = info.get("type")
    if not isinstance(kind, str) or kind not in _NEEDED:
        raise Unobtainable(f"{source} {_other_kind(info)}", _anew(""))
    if lacking := [name for name in _NEEDED[kind] if not info.get(name)]:
        raise Unobtainable(
            f"{source} lacks {', '.join(lacking)} (it is of the type {kind})", _anew(kind)
        )
    for name in _URLS:
        try:
            parse_endpoint(str(info.get(name) or "https://x"))
        except ValueError as error:
            raise Unobtainable(f"{source} ({kind}): {name}: {error}", _anew(kind)) from None
    return info


def _other_kind(info: Mapping[str, Any]) -> str:
    if {"installed", "web"} & info.keys():
        return "is of an OAuth client, which is nobody's credentials"
    if "type" not in info:
        return "has no `type`, so it holds no credentials"
    return f"has a `type` that is none of {', '.join(_NEEDED)}"


def _anew(kind: str) -> str:
    if kind == "authorized_user":
        return _LOGIN
    return "name the file of a service account, of a workload identity, or of `gcloud`'s login"


def unbuilt(source: str, info: Mapping[str, Any]) -> Unobtainable:
    """Return that a file has all that is needed, and something of it is of no use."""
    if info["type"] == "service_account":
        return Unobtainable(
            f"{source}: its private_key is no RSA key in PEM form", "download a new key"
        )
    return Unobtainable(
        f"{source} ({info['type']}) has fields of another kind than Google documents",
        _anew(info["type"]),
    )


def check_subject(source: str, info: Mapping[str, Any]) -> None:
    """Look whether the token that a workload identity exchanges is there.

    Raises:
        Unobtainable: it is not.
    """
    given = info.get("credential_source")
    given = given if isinstance(given, dict) else {}
    if "executable" in given and os.environ.get(_EXECUTABLES) != "1":
        raise Unobtainable(
            f"{source}: the program that gives its subject token may not be run",
            f"set {_EXECUTABLES}=1 if it is yours",
        )
    path = given.get("file")
    if not isinstance(path, str):
        return
    what = f"{source}: its subject token file {path}"
    remedy = "see that whatever writes it has run, or correct credential_source"
    try:
        text = read_small(path, what).decode("utf-8")
    except SettingsError as error:
        raise Unobtainable(str(error), remedy) from None
    except UnicodeDecodeError:
        raise Unobtainable(f"{what} is not UTF-8 text", remedy) from None
    if not text.strip():
        raise Unobtainable(f"{what} is empty", remedy)
    form = given.get("format")
    if isinstance(form, dict) and form.get("type") == "json":
        _check_member(what, text, str(form.get("subject_token_field_name")), remedy)


def _check_member(what: str, text: str, name: str, remedy: str) -> None:
    try:
        found = json.loads(text)[name]
    except (ValueError, KeyError, TypeError, RecursionError):
        found = None
    if not isinstance(found, str) or not found:
        raise Unobtainable(f"{what} is no JSON object with a text {name!r}", remedy)


def is_passing(answer: Response) -> bool:
    """Say whether a refusal may be over soon."""
    return answer.status == 429 or answer.status >= 500


def refusal(
    source: str, info: Mapping[str, Any], refused: RefusedByGoogle, scrub: Callable[[str], str]
) -> Unobtainable:
    """Return what the refusal of one of Google's services means."""
    host = urlsplit(refused.url).netloc
    code, said = _said(refused.answer, scrub)
    why = f"HTTP {refused.answer.status}{f', {code}' if code else ''}{f': {said}' if said else ''}"
    kind = info.get("type")
    if ":generateAccessToken" in refused.url:
        who = excerpt(refused.url.rpartition("/")[2].partition(":")[0], 100, scrub)
        return Unobtainable(
            f"{source}: {host} does not let them act as {who} ({why})",
            "grant them Service Account Token Creator or Workload Identity User on it, and enable "
            "the IAM Service Account Credentials API",
            refused=True,
        )
    return Unobtainable(
        f"{source}: {host} gives no token for them ({why})", _remedy(str(kind)), refused=True
    )


def _remedy(kind: str) -> str:
    match kind:
        case "authorized_user":
            return f"{_LOGIN} again"
        case "external_account":
            return (
                "check audience, conditions and issuer of the workload identity pool's provider, "
                "and the subject token"
            )
        case "metadata":
            return "give this machine a service account with the scope that is needed"
        case _:
            return (
                "check that key and account still exist, that the scope is allowed, and that this "
                "machine's clock is right"
            )


def _said(answer: Response, scrub: Callable[[str], str]) -> tuple[str, str]:
    """Return code and text of a refusal; nothing of a page that is none of Google's."""
    try:
        document = json.loads(answer.body)
        error = document["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "", ""
    if isinstance(error, dict):
        code, text = error.get("status"), error.get("message")
    else:
        code, text = error, document.get("error_description")
    named = str(code) if re.fullmatch(r"[A-Za-z_]{1,60}", str(code or "")) else ""
    return named, excerpt(text, 200, scrub).rstrip(". ") if isinstance(text, str) else ""
