"""Options that several commands take."""

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from reconciler.core.manifest.settings import Limit
else:
    Limit = object  # typer asks the parser, and `--help` must not load the core


class Format(StrEnum):
    """How plans and drift are written."""

    text = "text"
    json = "json"
    markdown = "markdown"


class ApplyFormat(StrEnum):
    """How the result of apply is written."""

    text = "text"
    json = "json"


class ValidateFormat(StrEnum):
    """How findings are written; github: workflow annotations."""

    text = "text"
    json = "json"
    github = "github"


class VerifyFormat(StrEnum):
    """How verdicts are written."""

    text = "text"
    json = "json"


class ReceiveFormat(StrEnum):
    """How received messages are written; json: one list, jsonl: a document a line."""

    text = "text"
    json = "json"
    jsonl = "jsonl"


class DecodeFormat(StrEnum):
    """How a decoded notification is written."""

    json = "json"
    text = "text"


def _limit(value: Any) -> Limit:
    from reconciler.core.manifest.settings import parse_limit

    try:
        limit: Limit = parse_limit(value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return limit


def _shard(value: str) -> str:
    match = re.fullmatch(r"(\d+)/(\d+)", value)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise typer.BadParameter("expected I/N with I from 1 to N")
    return value


def _url(value: str | None) -> str | None:
    from reconciler.core.endpoint import parse_endpoint

    if value is None:
        return None
    try:
        return parse_endpoint(value)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


PathArgument = Annotated[
    Path, typer.Argument(metavar="[PATH]", help="Directory of declarations, or one file.")
]
FormatOption = Annotated[Format, typer.Option("--format", help="How to write the result.")]
SandboxOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="RECONCILER_SANDBOX",
        callback=_url,
        help="Send every account to this sandbox, with throw-away credentials.",
    ),
]
TargetOption = Annotated[
    list[str],
    typer.Option(
        metavar="ADDRESS",
        help="Only these addresses (repeatable; * and ? stand for any characters). "
        "Nothing is deleted then.",
    ),
]
AccountOption = Annotated[
    list[str], typer.Option(metavar="NAME", help="Only these accounts (repeatable).")
]
ShardOption = Annotated[
    str | None,
    typer.Option(
        metavar="I/N",
        parser=_shard,
        help="Only the I-th of N parts of the accounts, for fleets planned side by side.",
    ),
]
MaxDeletesOption = Annotated[
    Limit | None,
    typer.Option(metavar="LIMIT", parser=_limit, help="Override policy.maxDeletes once."),
]
MaxUpdatesOption = Annotated[
    Limit | None,
    typer.Option(metavar="LIMIT", parser=_limit, help="Override policy.maxUpdates once."),
]
AdoptOption = Annotated[
    list[str],
    typer.Option(
        metavar="ADDRESS", help="Take over this object, which exists without our mark (repeatable)."
    ),
]
UnprotectOption = Annotated[
    list[str],
    typer.Option(
        metavar="ADDRESS",
        help="Allow this protected object to be deleted or replaced (repeatable).",
    ),
]
NonEmptyOption = Annotated[
    bool, typer.Option("--allow-non-empty", help="Allow queues that hold messages to be deleted.")
]
ReferencedOption = Annotated[
    bool, typer.Option("--allow-referenced", help="Allow what others point at to be deleted.")
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
JournalOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Append a JSON line before and after every write, on disk at once."
    ),
]
