"""Commands that write live state down: as a snapshot, or as declarations.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli.options import (
    DEFAULT_PATH,
    AccountOption,
    AllowHostOption,
    DiscoverOption,
    GithubOption,
    MaxAgeOption,
    PathArgument,
    SandboxOption,
    SellerOption,
    ShardOption,
    SinceOption,
)
from reconciler.cli.state import state_of

SNAPSHOT_ARTIFACT = "reconciler-snapshot"


class Ended(StrEnum):
    """How a run ended: nothing to apply, refused by a guard, or in GitHub's words."""

    unchanged = "unchanged"
    refused = "refused"
    success = "success"
    failure = "failure"
    cancelled = "cancelled"
    skipped = "skipped"


def _workflow(value: str) -> str:
    name = value.removeprefix(".github/workflows/")
    if "/" in name or not name.endswith((".yml", ".yaml")):
        raise typer.BadParameter("expected a file under .github/workflows, as in drift.yml")
    return name


def snapshot(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    more: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Further snapshots, with --merge.")
    ] = [],  # noqa: B006 - typer makes a new list for each run
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write it; left out, to stdout.")
    ] = None,
    shard: ShardOption = None,
    merge: Annotated[
        list[Path],
        typer.Option(
            metavar="FILE...",
            help="Make one of these snapshots (of shards) instead of taking one; as old as the "
            "oldest of them.",
        ),
    ] = [],  # noqa: B006 - as above
    discover: DiscoverOption = None,
    since: SinceOption = None,
    latest: Annotated[
        bool,
        typer.Option(
            "--latest",
            help="Inside a GitHub Actions job: fetch the newest snapshot that a workflow of the "
            "default branch left as an artifact, instead of taking one.",
        ),
    ] = False,
    artifact: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The artifact's name, for --latest.  [default: reconciler-snapshot]",
        ),
    ] = None,
    workflow: Annotated[
        list[str],
        typer.Option(
            metavar="FILE",
            parser=_workflow,
            help="For --latest: a file under .github/workflows whose runs leave it (repeatable).  "
            "[default: apply.yml and drift.yml, and what calls them]",
        ),
    ] = [],  # noqa: B006 - typer makes a new list for each run
    max_age: MaxAgeOption = None,
    github: GithubOption = False,
    allow_host: AllowHostOption = [],  # noqa: B006 - typer makes a new list for each run
    sandbox: SandboxOption = None,
) -> int:
    """Write what is live in the accounts to a file, for `plan --live`."""
    if latest:
        from reconciler.cli.artifacts import WantedArtifact, fetch_latest

        wanted = WantedArtifact(artifact or SNAPSHOT_ARTIFACT, tuple(workflow), max_age)
        return fetch_latest(state_of(context), out, wanted)
    if artifact is not None or workflow or max_age is not None:
        raise typer.BadParameter("--artifact, --workflow and --max-age go with --latest")
    if merge:
        return _merged(context, [*merge, path, *more], out)
    if more:
        raise typer.BadParameter(f"unexpected further argument {more[0]}: only --merge takes some")
    from reconciler.cli.on_github import reporting
    from reconciler.cli.request import RunRequest
    from reconciler.cli.snapshots import snapshot_to
    from reconciler.core.planning.terms import Terms

    state, request = (
        state_of(context),
        RunRequest(
            path,
            sandbox,
            terms=Terms(shard=shard),
            allow_hosts=tuple(allow_host),
            discover=discover,
            since=since,
        ),
    )
    with reporting(state, "snapshot", request, github=github):
        return snapshot_to(state, request, out)


def _merged(context: typer.Context, given: list[Path], out: Path | None) -> int:
    """Merge the files among what was given; a directory, or YAML, is the declarations' PATH."""
    from reconciler.cli.snapshots import merge_to

    if context.params["shard"] is not None:
        raise typer.BadParameter("--shard goes with taking a snapshot, not with --merge")
    source = context.get_parameter_source("path")
    implied = source is None or source.name == "DEFAULT"
    named = [item for item in given if not (implied and item == DEFAULT_PATH)]
    paths = [it for it in named if it.is_dir() or it.suffix.lower() in (".yaml", ".yml")]
    files = [item for item in named if item not in paths]
    if len(paths) > 1 or not files:
        raise typer.BadParameter("--merge takes snapshots, and at most one PATH of declarations")
    return merge_to(state_of(context), files, paths[0] if paths else None, out)


def post(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    result: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="What `apply --out` left; where it is not there, --ended counts."
        ),
    ] = None,
    ended: Annotated[
        Ended, typer.Option(help="How the run ended, where it left no result.")
    ] = Ended.failure,
    shard: ShardOption = None,
) -> int:
    """Tell the merged pull request on GitHub what apply did.

    Where everything is as declared, the drift issue is closed, too. For a job of GitHub Actions
    without any service's credentials, after the one that applies.
    """
    from reconciler.cli.posting import Left, post_to
    from reconciler.cli.request import RunRequest
    from reconciler.core.planning.terms import Terms

    return post_to(
        state_of(context), RunRequest(path, terms=Terms(shard=shard)), Left(result, ended.value)
    )


def export(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write DIR/exported.yaml, and beside it the declarations if they lie elsewhere; "
            "left out, to stdout.",
        ),
    ] = None,
    account: AccountOption = [],  # noqa: B006 - typer makes a new list for each run
    discover: DiscoverOption = None,
    since: SinceOption = None,
    allow_host: AllowHostOption = [],  # noqa: B006 - typer makes a new list for each run
    sandbox: SandboxOption = None,
) -> int:
    """Write declarations of live objects that no declaration covers."""
    from reconciler.cli.exporting import export_to
    from reconciler.cli.request import RunRequest
    from reconciler.core.planning.terms import Terms

    request = RunRequest(
        path,
        sandbox,
        terms=Terms(accounts=tuple(account)),
        allow_hosts=tuple(allow_host),
        discover=discover,
        since=since,
    )
    return export_to(state_of(context), request, out)


def migrate(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write; left out, to stdout.")
    ] = None,
    seller: SellerOption = [],  # noqa: B006 - typer makes a new list for each run
    keep_first: Annotated[
        bool,
        typer.Option(
            "--keep-first",
            help="Where MWS sent one type to several queues, keep the first by name.",
        ),
    ] = False,
) -> int:
    """Write the SP-API declarations that take over from MWS ones.

    The comment at their head tells the way over.
    """
    from reconciler.cli.migrating import migrate_to

    sellers = {key: name for key, _, name in (item.partition("=") for item in seller)}
    return migrate_to(state_of(context), path, out, sellers, keep_first=keep_first)
