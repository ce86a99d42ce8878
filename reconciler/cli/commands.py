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
    JournalOption,
    MaxDeletesOption,
    MaxUpdatesOption,
    NonEmptyOption,
    PathArgument,
    ReferencedOption,
    SandboxOption,
    ShardOption,
    TargetOption,
    UnprotectOption,
    ValidateFormat,
    YesOption,
)
from reconciler.cli.state import State, colored, save_result, write_result
from reconciler.core.errors import DeclarationError

if TYPE_CHECKING:
    from reconciler.core.drift import Drift
    from reconciler.core.model import Plan

DEFAULT_PATH = Path("subscriptions")


def validate(
    path: PathArgument = DEFAULT_PATH,
    form: Annotated[
        ValidateFormat, typer.Option("--format", help="How to write the findings.")
    ] = ValidateFormat.text,
) -> int:
    """Check the declarations, without network or credentials."""
    from reconciler.reports import as_github, as_json, as_text
    from reconciler.reports.model import Located, Validation
    from reconciler.wiring import declarations

    try:
        declared = declarations(path)
    except DeclarationError as error:
        errors = tuple(Located.of(problem) for problem in error.problems)
        validation = Validation(valid=False, errors=errors)
    else:
        found = (*declared.warnings, *declared.hints)
        warnings = tuple(Located.of(problem) for problem in found)
        validation = Validation(valid=True, warnings=warnings, declared=len(declared.desired))
    match form:
        case ValidateFormat.json:
            write_result(as_json.render(validation))
        case ValidateFormat.github:
            write_result(as_github.render(validation))
        case ValidateFormat.text:
            write_result(as_text.render(validation, color=colored(sys.stdout)))
    return exits.DONE if validation.valid else exits.ERROR


def plan(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    form: FormatOption = Format.text,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Save the plan, for `apply --plan`.")
    ] = None,
    live: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Plan against this snapshot, without credentials or network.",
        ),
    ] = None,
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
    sandbox: SandboxOption = None,
) -> int:
    """Read live state and show what apply would do."""
    from reconciler.cli.session import Request, planned
    from reconciler.core.guards import Overrides
    from reconciler.reports import as_json

    overrides = Overrides(
        max_deletes, max_updates, tuple(adopt), tuple(unprotect), allow_non_empty, allow_referenced
    )
    request = Request(path, sandbox, tuple(target), tuple(account), shard, overrides, live)
    with planned(_state(context), request) as session:
        found = session.plan
    if out is not None:
        save_result(out, as_json.render(found))
    _show(found, form)
    if not found.complete or found.problems:
        return exits.ERROR
    return exits.DIFFERENT if detailed_exitcode and found.actions else exits.DONE


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
    sandbox: SandboxOption = None,
) -> int:
    """Plan, ask, and carry the plan out."""
    from reconciler.cli.applying import Agreement, Manner, carry_out
    from reconciler.cli.session import Request
    from reconciler.core.guards import Overrides

    overrides = Overrides(
        max_deletes, max_updates, tuple(adopt), tuple(unprotect), allow_non_empty, allow_referenced
    )
    request = Request(path, sandbox, tuple(target), tuple(account), shard, overrides)
    agreement = Agreement.load(saved, expect)
    return carry_out(_state(context), request, agreement, Manner(form, yes, journal))


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
    sandbox: SandboxOption = None,
) -> int:
    """Write the live state of the declared accounts to a file, for `plan --live`."""
    from reconciler.cli.snapshots import snapshot_to

    return snapshot_to(_state(context), path, out, sandbox)


def drift(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    form: FormatOption = Format.text,
    account: AccountOption = [],  # noqa: B006 - typer makes a new list for each run
    shard: ShardOption = None,
    sandbox: SandboxOption = None,
) -> int:
    """Show how live state differs from the declarations; exit with 2 if it does."""
    from reconciler.cli.session import Request, planned
    from reconciler.core.drift import drift_of

    request = Request(path, sandbox, (), tuple(account), shard)
    with planned(_state(context), request) as session:
        found = drift_of(session.plan)
    _show(found, form)
    if not found.complete or found.problems:
        return exits.ERROR
    return exits.DIFFERENT if found.drifted else exits.DONE


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
    validate,
    plan,
    apply,
    destroy,
    drift,
    snapshot,
    verify,
    receive,
    decode,
    schema,
    sandbox,
    demo,
)


def _state(context: typer.Context) -> State:
    state: State = context.find_root().obj
    return state


def _show(report: "Plan | Drift", form: Format) -> None:
    from reconciler.reports import as_json, as_markdown, as_text

    match form:
        case Format.json:
            write_result(as_json.render(report))
        case Format.markdown:
            write_result(as_markdown.render(report))
        case Format.text:
            write_result(as_text.render(report, color=colored(sys.stdout)))
