"""Options that several commands take."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.completing import accounts, addresses, completion
from reconciler.cli.option_values import (
    as_duration,
    as_host,
    as_limit,
    as_shard,
    as_url,
)
from reconciler.cli.state import state_of

if TYPE_CHECKING:
    from reconciler.core.manifest.settings import Limit
else:
    Limit = object  # typer asks the parser, and `--help` must not load the core


DEFAULT_PATH = Path("subscriptions")


class Discover(StrEnum):
    """Which types a service is asked for that lists one a call."""

    all = "all"
    declared = "declared"


class ApplyFormat(StrEnum):
    """How the result of apply is written."""

    text = "text"
    json = "json"


PathArgument = Annotated[
    Path, typer.Argument(metavar="PATH", help="Directory of declarations, or one file.")
]
SandboxOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        envvar="RECONCILER_SANDBOX",
        callback=as_url,
        help="Send every account to this sandbox, with throw-away credentials.",
    ),
]
AllowHostOption = Annotated[
    list[str],
    typer.Option(
        "--allow-host",
        metavar="HOST",
        parser=as_host,
        help="Send secrets to this host too, beyond the services' own (repeatable; besides those "
        "in RECONCILER_ALLOWED_HOSTS, comma separated).",
    ),
]
TargetOption = Annotated[
    list[str],
    typer.Option(
        metavar="ADDRESS",
        autocompletion=completion("target", addresses),
        help="Only these addresses (repeatable; * and ? stand for any characters). "
        "Nothing is deleted then.",
    ),
]
AccountOption = Annotated[
    list[str],
    typer.Option(
        metavar="NAME",
        autocompletion=completion("account", accounts),
        help="Only these accounts (repeatable).",
    ),
]
ShardOption = Annotated[
    str | None,
    typer.Option(
        metavar="I/N",
        parser=as_shard,
        help="Only the I-th of N parts of the accounts, for fleets planned side by side; auto/N "
        "takes I from JOB_COMPLETION_INDEX or CI_NODE_INDEX.",
    ),
]
WaitOption = Annotated[
    int,
    typer.Option(
        "--wait",
        metavar="DURATION",
        parser=as_duration,
        help="With --shard: how long to wait for what other shards make.",
    ),
]
TimeLimitOption = Annotated[
    int | None,
    typer.Option(
        "--time-limit",
        metavar="DURATION",
        parser=as_duration,
        help="Begin nothing more after this time (50m), say what is left, and end with 1.",
    ),
]
MaxDeletesOption = Annotated[
    Limit | None,
    typer.Option(metavar="LIMIT", parser=as_limit, help="Override policy.maxDeletes once."),
]
MaxUpdatesOption = Annotated[
    Limit | None,
    typer.Option(metavar="LIMIT", parser=as_limit, help="Override policy.maxUpdates once."),
]
AdoptOption = Annotated[
    list[str],
    typer.Option(
        metavar="ADDRESS",
        autocompletion=completion("adopt", addresses),
        help="Take over this object, which exists without our mark (repeatable).",
    ),
]
UnprotectOption = Annotated[
    list[str],
    typer.Option(
        metavar="ADDRESS",
        # All of them: an object may bear the mark that protects it without a declared one.
        autocompletion=completion("unprotect", addresses),
        help="Allow this protected object to be deleted or replaced (repeatable).",
    ),
]
NonEmptyOption = Annotated[
    bool, typer.Option("--allow-non-empty", help="Allow queues that hold messages to be deleted.")
]
ReferencedOption = Annotated[
    bool, typer.Option("--allow-referenced", help="Allow what others point at to be deleted.")
]
GithubOption = Annotated[
    bool,
    typer.Option(
        "--github",
        help="Inside a GitHub Actions job: write outputs, job summary and annotations too, and "
        "keep the pull-request comment or the drift issue.",
    ),
]
NewestOption = Annotated[
    bool,
    typer.Option(
        "--newest",
        help="Inside a GitHub Actions job: refuse if the default branch declares something else "
        "by now, as where an old run is run again.",
    ),
]
LiveOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Read this snapshot instead of the services: no credentials, no network.",
    ),
]
DiscoverOption = Annotated[
    Discover | None,
    typer.Option(
        help="Which SP-API notification types to ask for: all that there may be, or the declared "
        "ones; default: all, for plan and apply as policy.discover says.",
    ),
]
SinceOption = Annotated[
    Path | None,
    typer.Option(
        metavar="SNAPSHOT",
        help="Ask for the notification types that this snapshot has seen too, as where "
        "policy.discover is `declared`.",
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
JournalOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Append a JSON line before and after every write, on disk at once."
    ),
]


def _full(context: typer.Context, wanted: bool) -> bool:
    return _take(context, "full", wanted)


def _verbose(context: typer.Context, wanted: bool) -> bool:
    return _take(context, "verbose", wanted)


def _quiet(context: typer.Context, wanted: bool) -> bool:
    return _take(context, "quiet", wanted)


def _take(context: typer.Context, name: str, wanted: bool) -> bool:
    if wanted:
        state = state_of(context)
        state.wish = state.wish._replace(**{name: True})
    return wanted


FullOption = Annotated[
    bool,
    typer.Option(
        "--full",
        callback=_full,
        help="List everything; left out, what is alike is told as one beyond 100 lines.",
    ),
]
VerboseOption = Annotated[
    bool,
    typer.Option(
        "--verbose",
        "-v",
        callback=_verbose,
        help="Tell every field of what is created or deleted.",
    ),
]
QuietOption = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        callback=_quiet,
        help="Tell only the counts and what needs attention; no progress.",
    ),
]
