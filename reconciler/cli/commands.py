"""The commands. What they need is imported when they run, so that `--help` loads none of it."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli import exits
from reconciler.cli.delivery_commands import receive, verify
from reconciler.cli.options import (
    AccountOption,
    AdoptOption,
    ApplyFormat,
    DecodeFormat,
    Format,
    FormatOption,
    GithubOption,
    JournalOption,
    LiveOption,
    MaxAgeOption,
    MaxDeadLettersOption,
    MaxDeletesOption,
    MaxUndeliveredOption,
    MaxUpdatesOption,
    MaxWaitingOption,
    MessageAgeOption,
    NonEmptyOption,
    OwnerIdOption,
    PathArgument,
    PlainFormatOption,
    ReferencedOption,
    RepositoryIdOption,
    RepositoryOption,
    SandboxOption,
    SellerOption,
    ServiceOption,
    ShardOption,
    StackOption,
    TargetOption,
    UnprotectOption,
    ValidateFormat,
    YesOption,
)
from reconciler.cli.state import State, colored, save_result, write_result

if TYPE_CHECKING:
    from reconciler.core.drift import Drift
    from reconciler.core.model import Plan

DEFAULT_PATH = Path("subscriptions")
SNAPSHOT_ARTIFACT = "reconciler-snapshot"


def init(
    context: typer.Context,
    directory: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="The repository's directory.")
    ] = Path(),
    stack: StackOption = None,
    service: ServiceOption = [],  # noqa: B006 - typer makes a new list for each run
    repository: RepositoryOption = None,
    repository_id: RepositoryIdOption = None,
    owner_id: OwnerIdOption = None,
    no_workflows: Annotated[
        bool, typer.Option("--no-workflows", help="Write declarations only.")
    ] = False,
) -> int:
    """Write a starter `subscriptions/` and the workflows; tell what AWS and Google must allow."""
    from reconciler.cli.starting import Request, start

    named = tuple(item.value for item in service)
    ids = (repository_id, owner_id)
    request = Request(directory, stack, named, repository, *ids, workflows=not no_workflows)
    return start(_state(context), request)


def validate(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    form: Annotated[
        ValidateFormat, typer.Option("--format", help="How to write the findings.")
    ] = ValidateFormat.text,
    github: GithubOption = False,
) -> int:
    """Check the declarations, without network or credentials."""
    from reconciler.cli.on_github import reporting
    from reconciler.cli.session import Request
    from reconciler.cli.validating import validated
    from reconciler.reports import as_github, as_json, as_text

    state = _state(context)
    with reporting(state, "validate", Request(path), github=github) as reporter:
        validation = validated(path)
        match form:
            case ValidateFormat.json:
                state.result(as_json.render(validation))
            case ValidateFormat.github:
                write_result(as_github.render(validation))
            case ValidateFormat.text:
                state.result(as_text.render(validation, color=colored(sys.stdout)))
        code = exits.DONE if validation.valid else exits.ERROR
        return reporter.validated(validation, code, annotated=form == ValidateFormat.github)


def plan(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    form: FormatOption = Format.text,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save the plan, for `apply --plan`.")
    ] = None,
    live: LiveOption = None,
    target: TargetOption = [],  # noqa: B006 - typer makes a new list for each run
    account: AccountOption = [],  # noqa: B006 - as above
    shard: ShardOption = None,
    max_deletes: MaxDeletesOption = None,
    max_updates: MaxUpdatesOption = None,
    adopt: AdoptOption = [],  # noqa: B006 - as above
    unprotect: UnprotectOption = [],  # noqa: B006 - as above
    allow_non_empty: NonEmptyOption = False,
    allow_referenced: ReferencedOption = False,
    detailed_exitcode: Annotated[
        bool, typer.Option("--detailed-exitcode", help="Exit with 2 if there are changes.")
    ] = False,
    github: GithubOption = False,
    sandbox: SandboxOption = None,
) -> int:
    """Read live state and show what apply would do."""
    from reconciler.cli.on_github import reporting
    from reconciler.cli.session import Request, planned
    from reconciler.core.guards import Overrides
    from reconciler.reports import as_json

    overrides = Overrides(
        max_deletes, max_updates, tuple(adopt), tuple(unprotect), allow_non_empty, allow_referenced
    )
    request = Request(path, sandbox, tuple(target), tuple(account), shard, overrides, live)
    state = _state(context)
    with reporting(state, "plan", request, github=github) as reporter:
        with planned(state, request) as session:
            found = session.plan
        if out is not None:
            save_result(out, as_json.render(found))
        _show(state, found, form)
        code = exits.DIFFERENT if detailed_exitcode and found.actions else exits.DONE
        if not found.complete or found.problems:
            code = exits.ERROR
        return reporter.planned(session, code)


def apply(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    form: Annotated[
        ApplyFormat, typer.Option("--format", help="How to write the result.")
    ] = ApplyFormat.text,
    yes: YesOption = False,
    saved: Annotated[
        Path | None,
        typer.Option(
            "--plan", metavar="FILE", help="Do at most what this plan (from `plan --out`) says."
        ),
    ] = None,
    expect: Annotated[
        str | None,
        typer.Option(metavar="FINGERPRINT", help="Go on only if the plan is exactly this one."),
    ] = None,
    journal: JournalOption = None,
    target: TargetOption = [],  # noqa: B006 - typer makes a new list for each run
    account: AccountOption = [],  # noqa: B006 - as above
    shard: ShardOption = None,
    max_deletes: MaxDeletesOption = None,
    max_updates: MaxUpdatesOption = None,
    adopt: AdoptOption = [],  # noqa: B006 - as above
    unprotect: UnprotectOption = [],  # noqa: B006 - as above
    allow_non_empty: NonEmptyOption = False,
    allow_referenced: ReferencedOption = False,
    github: GithubOption = False,
    sandbox: SandboxOption = None,
) -> int:
    """Plan, ask, and carry the plan out."""
    from reconciler.cli.applying import Agreement, Manner, carry_out
    from reconciler.cli.on_github import reporting
    from reconciler.cli.session import Request
    from reconciler.core.guards import Overrides

    overrides = Overrides(
        max_deletes, max_updates, tuple(adopt), tuple(unprotect), allow_non_empty, allow_referenced
    )
    request = Request(path, sandbox, tuple(target), tuple(account), shard, overrides)
    state = _state(context)
    with reporting(state, "apply", request, github=github) as reporter:
        agreement = Agreement.load(saved, expect)
        return carry_out(state, request, agreement, Manner(form, yes, journal, reporter))


def destroy(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    form: Annotated[
        ApplyFormat, typer.Option("--format", help="How to write the result.")
    ] = ApplyFormat.text,
    yes: YesOption = False,
    journal: JournalOption = None,
    account: AccountOption = [],  # noqa: B006 - typer makes a new list for each run
    max_deletes: MaxDeletesOption = None,
    unprotect: UnprotectOption = [],  # noqa: B006 - as above
    allow_non_empty: NonEmptyOption = False,
    allow_referenced: ReferencedOption = False,
    sandbox: SandboxOption = None,
) -> int:
    """Delete everything the stack owns, through the same guards."""
    from reconciler.cli.applying import Agreement, Manner, carry_out
    from reconciler.cli.session import Request
    from reconciler.core.guards import Overrides

    overrides = Overrides(
        max_deletes=max_deletes,
        unprotect=tuple(unprotect),
        allow_non_empty=allow_non_empty,
        allow_referenced=allow_referenced,
        destroying=True,
    )
    request = Request(path, sandbox, accounts=tuple(account), overrides=overrides)
    return carry_out(_state(context), request, Agreement(), Manner(form, yes, journal))


def snapshot(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write it; left out, to stdout.")
    ] = None,
    shard: ShardOption = None,
    latest: Annotated[
        bool,
        typer.Option(
            "--latest",
            help="Inside a GitHub Actions job: fetch the newest snapshot that a run of the default "
            "branch left as an artifact, instead of taking one.",
        ),
    ] = False,
    artifact: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The artifact's name, for --latest.  [default: reconciler-snapshot]",
        ),
    ] = None,
    max_age: MaxAgeOption = None,
    github: GithubOption = False,
    sandbox: SandboxOption = None,
) -> int:
    """Write the live state of the declared accounts to a file, for `plan --live`."""
    if latest:
        from reconciler.cli.artifacts import fetch_latest

        return fetch_latest(_state(context), out, artifact or SNAPSHOT_ARTIFACT, max_age)
    if artifact is not None or max_age is not None:
        raise typer.BadParameter("--artifact and --max-age go with --latest")
    from reconciler.cli.on_github import reporting
    from reconciler.cli.session import Request
    from reconciler.cli.snapshots import snapshot_to

    state, request = _state(context), Request(path, sandbox, shard=shard)
    with reporting(state, "snapshot", request, github=github):
        return snapshot_to(state, request, out)


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
    sandbox: SandboxOption = None,
) -> int:
    """Write declarations of live objects that no declaration covers."""
    from reconciler.cli.exporting import export_to
    from reconciler.cli.session import Request

    request = Request(path, sandbox, accounts=tuple(account))
    return export_to(_state(context), request, out)


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
    """Write the SP-API declarations that take over from the MWS ones, with the way to get there."""
    from reconciler.cli.migrating import migrate_to

    sellers = {key: name for key, _, name in (item.partition("=") for item in seller)}
    return migrate_to(_state(context), path, out, sellers, keep_first=keep_first)


def drift(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    form: FormatOption = Format.text,
    live: LiveOption = None,
    account: AccountOption = [],  # noqa: B006 - typer makes a new list for each run
    shard: ShardOption = None,
    github: GithubOption = False,
    sandbox: SandboxOption = None,
) -> int:
    """Show how live state differs from the declarations; exit with 2 if it does."""
    from reconciler.cli.on_github import reporting
    from reconciler.cli.session import Request, planned
    from reconciler.core.drift import drift_of

    request = Request(path, sandbox, accounts=tuple(account), shard=shard, live=live)
    state = _state(context)
    with reporting(state, "drift", request, github=github) as reporter:
        with planned(state, request) as session:
            found = drift_of(session.plan)
        _show(state, found, form)
        code = exits.DIFFERENT if found.drifted else exits.DONE
        if not found.complete or found.problems:
            code = exits.ERROR
        return reporter.drifted(session, found, code)


def decode(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="Holds one message; left out or -, stdin does."),
    ] = None,
    form: Annotated[
        DecodeFormat, typer.Option("--format", help="How to write it; text: one line.")
    ] = DecodeFormat.json,
) -> int:
    """Decode a notification: MWS XML, SP-API JSON or a Merchant push, however it is wrapped."""
    from reconciler.cli.decoding import decoded
    from reconciler.notifications import summary
    from reconciler.reports import as_json

    notification = decoded(file)
    match form:
        case DecodeFormat.json:
            write_result(as_json.render(notification))
        case DecodeFormat.text:
            write_result(summary(notification) + "\n")
    return exits.DONE


def status(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    form: PlainFormatOption = ApplyFormat.text,
    check: Annotated[
        bool, typer.Option("--check", help="Exit with 2 if something needs attention.")
    ] = False,
    max_waiting: MaxWaitingOption = 10_000,
    max_age: MessageAgeOption = "1h",  # type: ignore[assignment]  # typer parses defaults too
    max_dead_letters: MaxDeadLettersOption = 0,
    max_undelivered: MaxUndeliveredOption = 100,
    account: AccountOption = [],  # noqa: B006 - typer makes a new list for each run
    sandbox: SandboxOption = None,
) -> int:
    """Show health: messages waiting, dead letters, what is dead or switched off."""
    from reconciler.cli.health import show_status
    from reconciler.cli.session import Request
    from reconciler.core.health import Limits

    request = Request(path, sandbox, accounts=tuple(account))
    limits = Limits(max_waiting, max_age, max_dead_letters, max_undelivered)
    return show_status(_state(context), request, limits, form, check=check)


def doctor(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    form: PlainFormatOption = ApplyFormat.text,
    account: AccountOption = [],  # noqa: B006 - typer makes a new list for each run
    sandbox: SandboxOption = None,
) -> int:
    """Check each account: credentials, permissions, consent, clock; say what to fix."""
    from reconciler.cli.health import show_diagnosis
    from reconciler.cli.session import Request

    return show_diagnosis(_state(context), Request(path, sandbox, accounts=tuple(account)), form)


def schema() -> int:
    """Print the JSON Schema of the declarations, for editors."""
    from reconciler.core.manifest.schema import schema_of
    from reconciler.wiring import SERVICES

    write_result(schema_of(SERVICES))
    return exits.DONE


def sandbox(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0: any.")] = 8765,
) -> int:
    """Serve loopback stand-ins of all four services until stopped."""
    from reconciler.cli.sandboxing import serve

    return serve(port)


def demo(context: typer.Context) -> int:
    """Run the whole story on the bundled declarations, against an embedded sandbox."""
    from reconciler.cli.demo import tell

    return tell(_state(context))


COMMANDS = (
    init,
    validate,
    plan,
    apply,
    destroy,
    drift,
    snapshot,
    status,
    verify,
    receive,
    doctor,
    export,
    migrate,
    decode,
    schema,
    sandbox,
    demo,
)


def _state(context: typer.Context) -> State:
    state: State = context.find_root().obj
    return state


def _show(state: State, report: "Plan | Drift", form: Format) -> None:
    from reconciler.reports import as_json, as_markdown, as_text

    match form:
        case Format.json:
            state.result(as_json.render(report))
        case Format.markdown:
            state.result(as_markdown.render(report))
        case Format.text:
            state.result(as_text.render(report, color=colored(sys.stdout)))
