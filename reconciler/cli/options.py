"""Options that several commands take."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli.completing import accounts, addresses, completion, queues, services
from reconciler.cli.option_values import (
    as_duration,
    as_host,
    as_limit,
    as_number,
    as_repository,
    as_seller,
    as_services,
    as_shard,
    as_stack,
    as_times,
    as_tool,
    as_url,
    as_window,
)

if TYPE_CHECKING:
    from reconciler.core.manifest.settings import Limit
else:
    Limit = object  # typer asks the parser, and `--help` must not load the core


DEFAULT_PATH = Path("subscriptions")


class Discover(StrEnum):
    """Which types a service is asked for that lists one a call."""

    all = "all"
    declared = "declared"


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


class ListenFormat(StrEnum):
    """How pushes are printed where no queue takes them; jsonl: a document a line."""

    text = "text"
    jsonl = "jsonl"


class DecodeFormat(StrEnum):
    """How a decoded notification is written."""

    json = "json"
    text = "text"


PathArgument = Annotated[
    Path, typer.Argument(metavar="PATH", help="Directory of declarations, or one file.")
]
QueueArgument = Annotated[
    str,
    typer.Argument(
        metavar="QUEUE",
        autocompletion=completion("queue", queues),
        help="A declared queue: offers, or queue.offers.",
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How to write the result.")]
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
MaxAgeOption = Annotated[
    int | None,
    typer.Option(
        metavar="DURATION",
        parser=as_duration,
        help="Warn if the artifact is older (26h): whatever takes snapshots has stopped.",
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
SellerOption = Annotated[
    list[str],
    typer.Option(
        metavar="SELLERID=NAME",
        parser=as_seller,
        help="The SP-API seller that an MWS seller id is (repeatable).",
    ),
]
ShowSecretsOption = Annotated[
    bool,
    typer.Option("--show-secrets", help="Show secrets that a message brings, instead of ***."),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
JournalOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Append a JSON line before and after every write, on disk at once."
    ),
]
StackOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        callback=as_stack,
        help="What marks everything these declarations own (default: after the directory).",
    ),
]
ServiceOption = Annotated[
    list[str],
    typer.Option(
        metavar="NAME",
        callback=as_services,
        autocompletion=services,
        help="A service to start with (repeatable; default: ask, or all but retired ones).",
    ),
]
RepositoryOption = Annotated[
    str | None,
    typer.Option(
        metavar="OWNER/NAME",
        callback=as_repository,
        help="The repository on GitHub (default: git's remote `origin`).",
    ),
]
RepositoryIdOption = Annotated[
    str | None,
    typer.Option(
        metavar="NUMBER",
        callback=as_number,
        help="GitHub's id of the repository, for conditions that names cannot fool.",
    ),
]
OwnerIdOption = Annotated[
    str | None,
    typer.Option(metavar="NUMBER", callback=as_number, help="GitHub's id of its owner, likewise."),
]
ToolOption = Annotated[
    str | None,
    typer.Option(
        metavar="OWNER/NAME@COMMIT",
        callback=as_tool,
        help="Where the workflows get this tool from: its repository at a full commit hash, or "
        "`vendored`, a wheel in your own (default: as the workflows there do, else where this was "
        "built from, else a wheel). Given again, it changes the workflows that are there.",
    ),
]
PlainFormatOption = Annotated[
    ApplyFormat, typer.Option("--format", help="How to write the result.")
]
MaxWaitingOption = Annotated[
    int, typer.Option(metavar="N", min=0, help="Messages that may wait in a queue.")
]
MessageAgeOption = Annotated[
    int,
    typer.Option(
        metavar="DURATION",
        parser=as_duration,
        help="How long the oldest message may wait: 30m, 2h.",
    ),
]
ArrivalsOption = Annotated[
    int | None,
    typer.Option(
        metavar="[DURATION]",
        parser=as_window,
        help="Say what arrived in that time (7d), when something last did, and whether it is "
        "quieter than usual. Tells first what that costs.",
    ),
]
MaxQuietOption = Annotated[
    float | None,
    typer.Option(
        metavar="TIMES",
        parser=as_times,
        help="How many times its longest silence before something may be silent: 2x. Asks for "
        "--arrivals.",
    ),
]
MaxDeadLettersOption = Annotated[
    int, typer.Option(metavar="N", min=0, help="Messages that may lie in a dead-letter queue.")
]
MaxUndeliveredOption = Annotated[
    int,
    typer.Option(metavar="N", min=0, help="Pushes to a callBackUri that may be unacknowledged."),
]
