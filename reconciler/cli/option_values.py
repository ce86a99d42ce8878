"""What the values of options have to look like: how each is read, and what is said if it is not."""

import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import typer

if TYPE_CHECKING:
    from reconciler.core.manifest.settings import Limit
else:
    Limit = object  # typer asks the parser, and `--help` must not load the core

T = TypeVar("T")


def as_limit(value: Any) -> Limit:
    """Return what `limit` was given as; typer.BadParameter says what is wrong with it."""
    from reconciler.core.manifest.settings import parse_limit

    try:
        limit: Limit = parse_limit(value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return limit


_PLACES = (("JOB_COMPLETION_INDEX", 1), ("CI_NODE_INDEX", 0))
"""Variables that tell which of several jobs this is, and what makes it count from 1."""


def _automatic(total: str) -> str:
    """Return the shard that the job's own environment tells."""
    for name, more in _PLACES:
        value = os.environ.get(name, "")
        if value:
            if not re.fullmatch(r"[0-9]{1,9}", value):
                raise typer.BadParameter(f"{name} is {value!r}, and no number")
            first, last = 1 - more, int(total) - more
            if not first <= int(value) <= last:
                raise typer.BadParameter(
                    f"{name} is {value}, but with auto/{total} it is from {first} to {last}: let "
                    "as many jobs run as there are shards"
                )
            return f"{int(value) + more}/{total}"
    names = " nor ".join(name for name, _ in _PLACES)
    raise typer.BadParameter(f"auto: neither {names} is set")


def as_shard(value: str) -> str:
    """Return what `shard` was given as; typer.BadParameter says what is wrong with it."""
    if re.fullmatch(r"auto/0*[1-9][0-9]{0,8}", value):
        value = _automatic(value.removeprefix("auto/"))
    match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", value)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise typer.BadParameter(f"expected I/N with I from 1 to N, not {value}")
    return value


def as_seller(value: str) -> str:
    """Return what `seller` was given as; typer.BadParameter says what is wrong with it."""
    if re.fullmatch(r"[^=]+=[^=]+", value) is None:
        raise typer.BadParameter("expected SELLERID=NAME, as in A2EXAMPLE1SELLER=acme-uk")
    return value


def as_url(value: str | None) -> str | None:
    """Return what `url` was given as; typer.BadParameter says what is wrong with it."""
    from reconciler.core.model.hosts import parse_endpoint

    return value if value is None else _checked(parse_endpoint, value)


def as_host(value: str) -> str:
    """Return what `host` was given as; typer.BadParameter says what is wrong with it."""
    from reconciler.core.model.hosts import parse_allowed

    return _checked(parse_allowed, value)


def as_duration(value: str) -> int:
    """Return what `duration` was given as; typer.BadParameter says what is wrong with it."""
    from reconciler.core.model.units import parse_duration

    return _checked(lambda text: int(parse_duration(text)), value)


def as_window(value: str) -> int:
    """Return what `arrivals` was given as; typer.BadParameter says what is wrong with it."""
    seconds = as_duration(value)
    if not 3600 <= seconds <= 84 * 86_400:
        raise typer.BadParameter(f"expected 1h to 84d, not {value}")
    return seconds


def as_times(value: str) -> float:
    """Return what `max_quiet` was given as; typer.BadParameter says what is wrong with it."""
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,4})?x?", value) or float(value.rstrip("x")) < 1:
        raise typer.BadParameter(f"expected how many times, from 1x: 2x or 1.5x, not {value}")
    return float(value.rstrip("x"))


def as_stack(value: str | None) -> str | None:
    """Return what `stack` was given as; typer.BadParameter says what is wrong with it."""
    from reconciler.starter.selection import parse_stack

    return value if value is None else _checked(parse_stack, value)


def as_services(names: list[str]) -> list[str]:
    """Return what `services` was given as; typer.BadParameter says what is wrong with it."""
    from reconciler.starter.selection import offered
    from reconciler.wiring import SERVICES

    known = offered(SERVICES)
    for name in names:
        if name not in known:
            choices = ", ".join(map(repr, known))
            raise typer.BadParameter(f"{name!r} is not one of {choices}.")
    return names


def as_repository(value: str | None) -> str | None:
    """Return what `repository` was given as; typer.BadParameter says what is wrong with it."""
    from reconciler.core.model.repository import parse_repository

    return value if value is None else _checked(lambda text: str(parse_repository(text)), value)


def as_tool(value: str | None) -> str | None:
    """Return what `tool` was given as; typer.BadParameter says what is wrong with it."""
    from reconciler.starter.tool import parse_tool

    return value if value is None else _checked(parse_tool, value)


def as_number(value: str | None) -> str | None:
    """Return what `number` was given as; typer.BadParameter says what is wrong with it."""
    from reconciler.core.model.repository import parse_number

    return value if value is None else _checked(parse_number, value)


def _checked(parse: Callable[[str], T], value: str) -> T:
    try:
        return parse(value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
