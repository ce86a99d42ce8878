"""validate and schema: the declarations by themselves; nothing is asked of any service.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli import exits
from reconciler.cli.options import (
    DEFAULT_PATH,
    AllowHostOption,
    GithubOption,
    PathArgument,
)
from reconciler.cli.state import state_of, write_result

if TYPE_CHECKING:
    from reconciler.cli.on_github import Reporter
    from reconciler.cli.state import State
    from reconciler.reports.validation import Validation


class ValidateFormat(StrEnum):
    """How findings are written; github: workflow annotations."""

    text = "text"
    json = "json"
    github = "github"


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
    from reconciler.reports import as_github, as_json

    state = state_of(context)
    with _reporting(state, path, github=github) as reporter:
        validation = _validated(path, allow_host)
        match form:
            case ValidateFormat.json:
                state.result(as_json.render(validation))
            case ValidateFormat.github:
                write_result(as_github.render(validation))
            case ValidateFormat.text:
                state.report(validation)
        code = exits.DONE if validation.valid else exits.ERROR
        return reporter.validated(validation, code, annotated=form == ValidateFormat.github)


def _reporting(state: "State", path: Path, *, github: bool) -> "AbstractContextManager[Reporter]":
    """Return whom to tell the result; what a request and its terms are only GitHub has to know."""
    from reconciler.cli.on_github import SILENT, reporting

    if not github:
        return nullcontext(SILENT)
    from reconciler.cli.request import RunRequest

    return reporting(state, "validate", RunRequest(path), github=True)


def _validated(path: Path, allow_hosts: Iterable[str]) -> "Validation":
    """Return everything that is wrong with the declarations, or worth a warning."""
    from reconciler.core.model.errors import DeclarationError
    from reconciler.credentials.allowed_hosts import strays_of
    from reconciler.reports.validation import Located, Validation
    from reconciler.wiring import declarations

    try:
        declared = declarations(path, digested=False)
    except DeclarationError as error:
        return Validation(valid=False, errors=tuple(map(Located.of, error.problems)))
    found = (*strays_of(declared, allow_hosts), *declared.warnings, *declared.hints)
    warnings = tuple(map(Located.of, found))
    unlisted = tuple(item.address for item in declared.unlisted)
    return Validation(
        valid=True, warnings=warnings, declared=len(declared.desired), unlisted=unlisted
    )


def schema() -> int:
    """Print the JSON Schema of the declarations, for editors."""
    from reconciler.core.manifest.schema import schema_of
    from reconciler.files.descriptions import descriptions
    from reconciler.wiring import SERVICES

    write_result(schema_of(SERVICES, descriptions))
    return exits.DONE
