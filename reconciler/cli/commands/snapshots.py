"""snapshot: live state to a file, merged from files, or fetched from where another run left it.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli import exits
from reconciler.cli.on_github import reporting
from reconciler.cli.option_values import as_duration
from reconciler.cli.options import (
    DEFAULT_PATH,
    AllowHostOption,
    DiscoverOption,
    GithubOption,
    PathArgument,
    SandboxOption,
    ShardOption,
    SinceOption,
)
from reconciler.cli.state import State, state_of
from reconciler.core.model.errors import PlanRefused, SettingsError
from reconciler.core.text.phrases import age, counted

if TYPE_CHECKING:
    from reconciler.cli.request import RunRequest
    from reconciler.core.manifest.reader import Declarations
    from reconciler.core.model.finding import Finding
    from reconciler.core.world.snapshot import Snapshot
    from reconciler.github.artifact import Artifact
    from reconciler.github.client import RepositoryClient
    from reconciler.github.job import Job


SNAPSHOT_ARTIFACT = "reconciler-snapshot"


MaxAgeOption = Annotated[
    int | None,
    typer.Option(
        metavar="DURATION",
        parser=as_duration,
        help="Warn if the artifact is older (26h): whatever takes snapshots has stopped.",
    ),
]


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
        wanted = WantedArtifact(artifact or SNAPSHOT_ARTIFACT, tuple(workflow), max_age)
        return fetch_latest(state_of(context), out, wanted)
    if artifact is not None or workflow or max_age is not None:
        raise typer.BadParameter("--artifact, --workflow and --max-age go with --latest")
    if merge:
        return _merged(context, [*merge, path, *more], out)
    if more:
        raise typer.BadParameter(f"unexpected further argument {more[0]}: only --merge takes some")
    from reconciler.cli.request import RunRequest
    from reconciler.core.planning.terms import Terms

    state = state_of(context)
    request = RunRequest(
        path,
        sandbox,
        terms=Terms(shard=shard),
        allow_hosts=tuple(allow_host),
        discover=discover,
        since=since,
    )
    with reporting(state, "snapshot", request, github=github):
        return snapshot_to(state, request, out)


def _merged(context: typer.Context, given: list[Path], out: Path | None) -> int:
    """Merge the files among what was given; a directory, or YAML, is the declarations' PATH."""
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


def snapshot_to(state: State, request: "RunRequest", out: Path | None) -> int:
    """Observe the accounts that a plan of `request` reads; write them to `out`, or to stdout."""
    from reconciler.cli.session import opened, watched
    from reconciler.run import snapshot as take

    with opened(state, request) as session, watched(state) as ticker:
        taken = take(session, progress=ticker)
    unread = [item.finding() for item in taken.observation.unread]
    _say_unread(state, unread)
    _write(state, taken.snapshot, out)
    return exits.ERROR if unread else exits.DONE


def _say_unread(state: State, unread: "Sequence[Finding]") -> None:
    from reconciler.core.world.unread import by_cause
    from reconciler.reports.findings import sentence

    for item in by_cause(unread):
        state.say(f"not read: {sentence(item)}")


def merge_to(state: State, files: Sequence[Path], declared: Path | None, out: Path | None) -> int:
    """Make one snapshot of several, and write it to `out`, or to stdout.

    Raises:
        PlanRefused: one was damaged, or they do not belong together, or not to what is `declared`.
    """
    from reconciler.api import read_snapshot
    from reconciler.core.world.merging import lacking, merge
    from reconciler.core.world.snapshot import opened as unsealed
    from reconciler.wiring import declarations

    found = []
    for file in files:
        try:
            found.append(unsealed(read_snapshot(file)))
        except PlanRefused as error:
            raise type(error)(f"{file}: {error}") from error
    merged = merge(found)
    unread = lacking(merged)
    if declared is not None:
        now = declarations(declared)
        if now.stack != merged.stack:
            raise PlanRefused(
                f"the snapshots are of stack {merged.stack!r}, {declared} is of {now.stack!r}"
            )
        told = {item.address for item in unread}
        unread += [item for item in _not_held(merged, now) if item.address not in told]
    _say_unread(state, unread)
    _write(state, merged, out)
    return exits.ERROR if unread else exits.DONE


def _not_held(merged: "Snapshot", now: "Declarations") -> "list[Finding]":
    """Return what is declared now and a snapshot tells nothing of."""
    from reconciler.core.world.snapshot import unseal
    from reconciler.reports import as_json
    from reconciler.wiring import SERVICES

    # That an account is another one now is told by a plan, which knows where it is sent.
    accounts = {name: merged.accounts.get(name, it.identity()) for name, it in now.accounts.items()}
    _, seen = unseal(as_json.render(merged).encode(), now, SERVICES, accounts)
    return [item.finding() for item in seen.unread]


def _write(state: State, snapshot: "Snapshot", out: Path | None) -> None:
    from reconciler.core.world.snapshot import Snapshot
    from reconciler.reports import as_json

    text = as_json.render(snapshot)
    scrubbed = state.secrets.scrub_result(text)
    if scrubbed != text:
        # A live object may hold a secret, in a tag; the digest is of what is written.
        text = as_json.render(Snapshot.model_validate_json(scrubbed).sealed())
    if out is None:
        state.result(text)
        return
    state.save(out, text)
    state.say(f"{counted(len(snapshot.live), 'live object')} written to {out}")


@dataclass(frozen=True, slots=True)
class WantedArtifact:
    """Which artifact is looked for, and from which age on (in seconds) a warning is due.

    `workflows` are the files whose runs are believed; none: those we ship.
    """

    name: str
    workflows: tuple[str, ...]
    max_age: int | None


def fetch_latest(state: State, out: Path | None, wanted: WantedArtifact) -> int:
    """Write the newest snapshot artifact to `out` or stdout; warn of an old one.

    Whether it was tampered with, and whether it is of these declarations, is for `plan --live` to
    say.

    Raises:
        SettingsError: this is no job, there is no such artifact, or it is not a snapshot.
        ServiceError: the API refuses or does not answer.
    """
    from reconciler.github.artifact import content
    from reconciler.github.client import RepositoryClient
    from reconciler.github.job import Job

    job = Job.of(os.environ)
    state.enter_job(job.token)
    with RepositoryClient(job) as repository:
        found = _newest(job, repository, wanted)
        text = _decoded(content(repository.archive(found)))
    if out is None:
        state.result(text)
    else:
        state.save(out, text)
    _tell_age(state, found, wanted.max_age)
    return exits.DONE


def _newest(job: "Job", repository: "RepositoryClient", wanted: WantedArtifact) -> "Artifact":
    """Return the newest artifact of a run that is believed; each is held against GitHub's word."""
    from reconciler.github.artifact import SHIPPED, believed, candidates

    branch, workflows = repository.default_branch(), wanted.workflows or SHIPPED
    artifacts = repository.artifacts(wanted.name)
    possible = candidates(artifacts, wanted.name, branch)
    head = repository.head(branch) if possible else ""
    for artifact in possible:
        run = repository.run(artifact.run)
        if believed(run, job.repository, workflows) and (
            run.sha == head or repository.since(run.sha, head).on_branch
        ):
            return artifact
    passed = sum(not artifact.expired for artifact in artifacts)
    others = f" ({passed} by others were passed over)" if passed else ""
    raise SettingsError(
        f"{job.repository} has no artifact {wanted.name} of {' or '.join(workflows)} from a "
        f"commit of {branch}{others}: run the drift workflow there first, which leaves one behind"
    )


def _decoded(snapshot: bytes) -> str:
    try:
        return snapshot.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SettingsError("the artifact's snapshot is not UTF-8 text: take a new one") from error


def _tell_age(state: State, artifact: "Artifact", max_age: int | None) -> None:
    from reconciler.github.annotations import Annotation

    seconds = (datetime.now(UTC) - artifact.created_at).total_seconds()
    text = f"the newest snapshot is {age(seconds)} old ({artifact.created_at:%Y-%m-%dT%H:%MZ})"
    if max_age is None or seconds <= max_age:
        state.say(text)
        return
    message = f"{text}: the runs that take snapshots have stopped or fail, look at them"
    state.speak(str(Annotation("warning", message)))
