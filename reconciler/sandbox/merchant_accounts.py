"""Accounts that are linked to others, and the filter by which accounts.list finds them.

Source: discovery document merchantapi.accounts_v1; the guides "Filter accounts you can access" and
"Filter syntax" under developers.google.com/merchant/api. How a page is sorted is documented
nowhere. That a sub-account's own service counts as APPROVED is a guess.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from reconciler.sandbox.merchant_rules import invalid

SUBACCOUNTS = 'relationship(providerId = {} AND service(type = "ACCOUNT_AGGREGATION"))'
_DEFAULTS = {"type": "ACCOUNT_AGGREGATION", "handshakeState": "APPROVED"}
_TOKEN = re.compile(r'\s*(?:([A-Za-z]+)|([0-9]+)|"([^"]*)"|([()=]))')
_FIELDS = {
    "": ("accountName",),
    "relationship": ("providerId",),
    "service": ("type", "handshakeState"),
}

Facts = Mapping[str, str]
_Test = Callable[[Facts], bool]


def is_links(value: Any) -> bool:
    """Say whether a setting tells who is linked to whom, and by which service."""
    return isinstance(value, dict) and all(
        isinstance(linked, dict) and all(_is_service(it) for it in linked.values())
        for linked in value.values()
    )


def _is_service(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() <= _DEFAULTS.keys()


def found_by(links: Mapping[str, Mapping[str, Facts]], text: str) -> list[dict[str, str]]:
    """Return the accounts that a filter finds, once each; no filter finds all.

    Raises:
        MerchantError: it is no filter.
    """
    test = _Filter(text).test() if text else lambda _: True
    numbers = {
        account
        for provider, linked in links.items()
        for account, service in linked.items()
        if test({**_DEFAULTS, **service, "providerId": provider, "accountName": f"Shop {account}"})
    }
    return [
        {"name": f"accounts/{number}", "accountId": number, "accountName": f"Shop {number}"}
        for number in sorted(numbers, key=int)
    ]


class _Filter:
    """A filter, read from left to right; AND binds tighter than OR."""

    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None:
                raise _no_filter(text[at:])
            quoted = match[3] is not None
            self._tokens.append(f'"{match[3]}' if quoted else match[0].strip())
            at = match.end()

    def test(self) -> _Test:
        """Return the test that the whole of it is."""
        made = self._any("")
        if self._tokens:
            raise _no_filter(self._tokens[0])
        return made

    def _any(self, inside: str) -> _Test:
        tests = [self._all(inside)]
        while self._next("OR"):
            tests.append(self._all(inside))
        return lambda facts: any(test(facts) for test in tests)

    def _all(self, inside: str) -> _Test:
        tests = [self._one(inside)]
        while self._next("AND"):
            tests.append(self._one(inside))
        return lambda facts: all(test(facts) for test in tests)

    def _one(self, inside: str) -> _Test:
        name = "" if self._tokens[:1] == ["("] else self._take()
        if self._next("("):
            if name not in ("", "relationship" if inside == "" else "service"):
                raise _no_filter(name)
            made = self._any(name or inside)
            if not self._next(")"):
                raise _no_filter(name)
            return made
        if name not in _FIELDS[inside] or not self._next("="):
            raise _no_filter(name)
        wanted = self._take().removeprefix('"')
        return lambda facts: facts[name] == wanted

    def _next(self, token: str) -> bool:
        if self._tokens[:1] != [token]:
            return False
        self._tokens.pop(0)
        return True

    def _take(self) -> str:
        if not self._tokens:
            raise _no_filter("its end")
        return self._tokens.pop(0)


def _no_filter(at: str) -> Exception:
    return invalid("filter", f"[filter] Invalid filter at {at!r}.")
