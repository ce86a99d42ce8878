"""The entry point: global options, and what becomes of every error."""

import sys
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from io import StringIO
from itertools import pairwise
from typing import Annotated, Any

import typer

from reconciler.cli import exits
from reconciler.cli.commands import CommandGroup
from reconciler.cli.examples import OF_ALL, epilog
from reconciler.cli.exits import (
    Interrupted,
    Terminated,
    as_interrupts,
    end_at_once,
    expect_result,
    result_expected,
)
from reconciler.cli.open_files import allow_many
from reconciler.cli.state import State, prepare_streams
from reconciler.cli.waking import hear_while_waiting
from reconciler.core.model.errors import (
    DeclarationError,
    Misdirected,
    PlanRefused,
    Problem,
    ReconcilerError,
    WrongUsage,
)

app = typer.Typer(
    name="reconciler",
    cls=CommandGroup,
    help="GitOps for marketplace notifications: SQS queues, EventBridge routes, Amazon MWS and "
    "SP-API destinations and subscriptions, Google Merchant subscriptions, declared in YAML.",
    epilog=epilog(OF_ALL),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


class LogLevel(StrEnum):
    """How much is told about what happens inside."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"


def _version(wanted: bool) -> None:
    if wanted:
        from reconciler import __version__

        typer.echo(f"reconciler {__version__}")
        raise typer.Exit


@app.callback()
def main(
    context: typer.Context,
    log_level: Annotated[
        LogLevel, typer.Option(help="How much to log, on stderr.")
    ] = LogLevel.warning,
    debug: Annotated[
        bool, typer.Option("--debug", help="Log everything, and show tracebacks of errors.")
    ] = False,
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Take the options that stand before the command."""
    state: State = context.obj
    state.debug = debug
    state.log_to_stderr("debug" if debug else log_level.value)


@cache
def _command() -> Any:
    """Build the parser once a process; typer by itself builds it anew for each line."""
    return typer.main.get_command(app)


def run(arguments: list[str] | None = None) -> None:
    """Run the command line and exit the process with the contract's code."""
    prepare_streams()
    allow_many()
    as_interrupts()
    hear_while_waiting()
    code = invoke(sys.argv[1:] if arguments is None else arguments)
    end_at_once()
    sys.exit(code)


def invoke(arguments: list[str]) -> int:
    """Run one command line and return its exit code; every error ends as a sentence on stderr.

    Where the result was asked for as JSON, stdout gets a document that says so, too.
    """
    state = State(invoke)
    if _wants_json(arguments):
        expect_result(lambda sentence: _failure(sentence, exits.ERROR))
    try:
        result = _command().main(
            arguments, standalone_mode=False, obj=state, prog_name="reconciler"
        )
    except typer.Abort:
        return _ended(state, "declined, nothing was changed", exits.REFUSED)
    except typer.TyperException as error:
        return _ended(state, _misused(error), exits.USAGE)
    except Terminated:
        return _ended(state, "terminated", exits.TERMINATED)
    except Interrupted:
        return _ended(state, "interrupted", exits.INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - here a defect becomes a sentence
        problems = error.problems if isinstance(error, DeclarationError | Misdirected) else ()
        return _ended(state, _sentence(error), _code(error), problems)
    finally:
        expect_result(None)
        state.close()
    return int(result or 0)


def _code(error: Exception) -> int:
    match error:
        case PlanRefused():
            return exits.REFUSED
        case WrongUsage():
            return exits.USAGE
        case _:
            return exits.ERROR


def _sentence(error: Exception) -> str:
    match error:
        case DeclarationError():
            return str(error)
        case PlanRefused():
            return f"refused: {error}"
        case ReconcilerError():
            return f"error: {error}"
        case _:
            return (
                f"unexpected {type(error).__name__}: this is a defect of the reconciler; run again "
                "with --debug before the command and report what it shows"
            )


def _wants_json(arguments: list[str]) -> bool:
    return "--format=json" in arguments or ("--format", "json") in pairwise(arguments)


def _failure(sentence: str, code: int, problems: Iterable[Problem] = ()) -> str:
    from reconciler.reports import as_json
    from reconciler.reports.model import FailedCommand
    from reconciler.reports.validation import Located

    return as_json.render(
        FailedCommand(
            result="refused" if code == exits.REFUSED else "failed",
            error=sentence,
            errors=tuple(Located.of(problem) for problem in problems),
        )
    )


def _ended(state: State, sentence: str, code: int, problems: Iterable[Problem] = ()) -> int:
    """Tell why there is no result, as a document too where one is still expected."""
    if result_expected():
        state.result(_failure(sentence, code, problems))
    return _say(state, sentence, code)


def _say(state: State, message: str, code: int) -> int:
    if state.debug and sys.exc_info()[0] is not None:
        import traceback

        state.say(traceback.format_exc())
    state.say(message)
    return code


def _misused(error: typer.TyperException) -> str:
    show = getattr(error, "show", None)
    shown = StringIO()
    if show is not None:
        show(file=shown)
    # The library of the command line lets one of pydantic's words through.
    return (shown.getvalue() or f"Error: {error}").replace("Value error, ", "").rstrip()
