"""Commands about the declarations themselves: nothing is asked of any service.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

from pathlib import Path
from typing import Annotated

import typer

from reconciler.cli import exits
from reconciler.cli.options import (
    DEFAULT_PATH,
    AllowHostOption,
    GithubOption,
    OwnerIdOption,
    PathArgument,
    RepositoryIdOption,
    RepositoryOption,
    ServiceOption,
    StackOption,
    ToolOption,
    ValidateFormat,
)
from reconciler.cli.state import state_of, write_result


def init(
    context: typer.Context,
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The repository's directory.")
    ] = Path(),
    stack: StackOption = None,
    service: ServiceOption = [],  # noqa: B006 - typer makes a new list for each run
    repository: RepositoryOption = None,
    repository_id: RepositoryIdOption = None,
    owner_id: OwnerIdOption = None,
    no_workflows: Annotated[
        bool, typer.Option("--no-workflows", help="Write declarations only.")
    ] = False,
    tool: ToolOption = None,
    empty: Annotated[
        bool,
        typer.Option(
            "--empty", help="Declare accounts and nothing in them, as a start of `export`."
        ),
    ] = False,
    portable: Annotated[
        bool,
        typer.Option(
            "--portable",
            help="Leave out what only github.com knows, for GitHub Enterprise Server and others.",
        ),
    ] = False,
) -> int:
    """Write starter declarations and workflows; tell what to allow.

    What is there already is kept. What is told is the policies of AWS, the trust policies by which
    GitHub's jobs take its roles, and Google's condition, all derived from the declarations.
    """
    from reconciler.cli.starting import InitRequest, start
    from reconciler.starter.equipping import WantedEquipment

    request = InitRequest(
        directory=directory,
        stack=stack,
        services=tuple(service),
        repository=repository,
        repository_id=repository_id,
        owner_id=owner_id,
        workflows=not no_workflows,
        empty=empty,
        wish=WantedEquipment(tool, portable),
    )
    return start(state_of(context), request)


def validate(
    context: typer.Context,
    path: PathArgument = DEFAULT_PATH,
    form: Annotated[
        ValidateFormat, typer.Option("--format", help="How to write the findings.")
    ] = ValidateFormat.text,
    allow_host: AllowHostOption = [],  # noqa: B006 - typer makes a new list for each run
    github: GithubOption = False,
) -> int:
    """Check the declarations, without network or credentials."""
    from reconciler.cli.on_github import reporting
    from reconciler.cli.session import RunRequest
    from reconciler.cli.validating import validated
    from reconciler.reports import as_github, as_json

    state = state_of(context)
    with reporting(state, "validate", RunRequest(path), github=github) as reporter:
        validation = validated(path, allow_host)
        match form:
            case ValidateFormat.json:
                state.result(as_json.render(validation))
            case ValidateFormat.github:
                write_result(as_github.render(validation))
            case ValidateFormat.text:
                state.report(validation)
        code = exits.DONE if validation.valid else exits.ERROR
        return reporter.validated(validation, code, annotated=form == ValidateFormat.github)


def schema() -> int:
    """Print the JSON Schema of the declarations, for editors."""
    from reconciler.core.manifest.schema import schema_of
    from reconciler.files.descriptions import descriptions
    from reconciler.wiring import SERVICES

    write_result(schema_of(SERVICES, descriptions))
    return exits.DONE
