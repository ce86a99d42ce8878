"""init: starts a repository with declarations, workflows, and what its owner has to allow.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli import exits
from reconciler.cli.asking import asked
from reconciler.cli.completing import services
from reconciler.cli.option_values import as_number, as_repository, as_services, as_stack, as_tool
from reconciler.cli.state import State, state_of, write_result

if TYPE_CHECKING:
    from reconciler.core.manifest.reader import Declarations
    from reconciler.core.model.repository import HostedRepository
    from reconciler.core.service import Example
    from reconciler.starter.equipping import Equipment, WantedEquipment


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


@dataclass(frozen=True, slots=True)
class InitRequest:
    """What the command line asks for; what is None or empty follows from the surroundings."""

    directory: Path
    stack: str | None
    services: tuple[str, ...]
    repository: str | None
    repository_id: str | None
    owner_id: str | None
    workflows: bool
    empty: bool
    wish: "WantedEquipment"


@dataclass(frozen=True, slots=True)
class _Declared:
    """Declarations: those that were there, in the files `kept`, or new ones, to be written."""

    understood: "Declarations"
    kept: tuple[str, ...] = ()
    new: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the variables that hold credentials."""
        from reconciler.starter.access_text import references_of

        return references_of(self.understood).environment


def start(state: State, request: InitRequest) -> int:
    """Write what is missing, bring credentials up to date and say what comes next.

    Raises:
        DeclarationError: declarations are there already, and wrong.
        SettingsError: something cannot be written.
    """
    from reconciler import wiring
    from reconciler.core.manifest.schema import schema_of
    from reconciler.files.descriptions import descriptions
    from reconciler.starter.selection import SCHEMA
    from reconciler.starter.summary import DECLARATIONS, Started, summary
    from reconciler.starter.writing import write_files

    repository = _repository(request)
    declared = _found(request.directory) or _made(state, request)
    made = _equipment(request, declared)
    files = {**declared.new, f"{DECLARATIONS}/{SCHEMA}": schema_of(wiring.SERVICES, descriptions)}
    contents = {path: text.encode() for path, text in files.items()} | made.files
    written = write_files(request.directory, contents, made.changes, made.removed)
    for sentence in (*_remarks(request, declared), *made.remarks, *_unseen(request, made)):
        state.say(sentence)
    started = Started(
        directory=request.directory,
        new=written.new,
        kept=tuple({*written.kept, *declared.kept, *made.kept}),
        changed={path: made.lines.get(path, ()) for path in written.changed},
        removed=written.removed,
        declared=declared.understood,
        services=wiring.SERVICES,
        repository=repository,
        fresh=bool(declared.new),
        workflows=request.workflows,
    )
    write_result(summary(started))
    return exits.DONE


def _found(directory: Path) -> _Declared | None:
    from reconciler import wiring
    from reconciler.core.manifest.reader import read
    from reconciler.files.sources import load, table_opener
    from reconciler.starter.summary import DECLARATIONS
    from reconciler.wiring import today

    folder = directory / DECLARATIONS
    sources = load(folder) if folder.is_dir() else []
    if not sources:
        return None
    kept = tuple(str(Path(source.name).relative_to(directory)) for source in sources)
    tables = table_opener(folder)
    found = read(sources, wiring.SERVICES, where=str(folder), today=today(), open_table=tables)
    return _Declared(found, kept=kept)


def _made(state: State, request: InitRequest) -> _Declared:
    """Make declarations, and understand them before any of them is written."""
    from reconciler import wiring
    from reconciler.core.manifest.reader import Source, read
    from reconciler.starter.selection import StarterContents, example_files, offered, stack_like
    from reconciler.starter.summary import DECLARATIONS
    from reconciler.wiring import today

    stack = request.stack or stack_like(request.directory.resolve().name)
    known = offered(wiring.SERVICES)
    services = request.services or _ask(state, known)
    choice = StarterContents(stack, services, known, empty=request.empty)
    files = {f"{DECLARATIONS}/{name}": text for name, text in example_files(choice).items()}
    sources = [Source(name, text.encode()) for name, text in files.items()]
    understood = read(sources, wiring.SERVICES, where=DECLARATIONS, today=today())
    return _Declared(understood, new=files)


def _repository(request: InitRequest) -> "HostedRepository":
    from reconciler.core.model.repository import parse_repository
    from reconciler.starter.surroundings import known_ids, repository_name

    name = request.repository or repository_name(request.directory, os.environ)
    repository_id, owner_id = known_ids(name, os.environ)
    return parse_repository(
        name, request.repository_id or repository_id, request.owner_id or owner_id
    )


def _ask(state: State, known: "Mapping[str, Example]") -> tuple[str, ...]:
    from reconciler.starter.selection import parse_services, usual

    default = usual(known)
    if not sys.stdin.isatty():
        return default
    while True:
        line = asked(f"Services, of {', '.join(known)} [{' '.join(default)}]: ")
        names = line.replace(",", " ").split()
        if not names:
            return default
        try:
            return parse_services(names, known)
        except ValueError as error:
            state.say(str(error))


def _equipment(request: InitRequest, declared: _Declared) -> "Equipment":
    from reconciler.starter.bundle import bundled_workflows
    from reconciler.starter.equipping import Equipment, equipment, found_in
    from reconciler.starter.surroundings import default_branch
    from reconciler.starter.workflows import taken_names

    if not request.workflows:
        return Equipment()
    taken = taken_names(bundled_workflows())
    names = tuple(name for name in declared.names if name not in taken)
    wish = replace(request.wish, branch=default_branch(request.directory))
    return equipment(request.directory, found_in(request.directory), names, wish)


def _remarks(request: InitRequest, declared: _Declared) -> Iterator[str]:
    from reconciler.starter.equipping import WantedEquipment
    from reconciler.starter.summary import DECLARATIONS
    from reconciler.starter.surroundings import repository_root

    understood = declared.understood
    yield from (f"{warning} (warning)" for warning in understood.warnings)
    if declared.kept and (request.stack or request.services or request.empty):
        yield (
            f"{request.directory / DECLARATIONS} holds declarations (stack {understood.stack}), so "
            "--stack, --service and --empty change nothing"
        )
    if not request.workflows:
        if request.wish != WantedEquipment():
            yield "without workflows --tool and --portable change nothing"
        return
    yield from _on_names(declared.names)
    if request.wish.portable:
        yield (
            "the trust policies name the issuer of github.com: on another server it is "
            "https://HOST/_services/token"
        )
    root = repository_root(request.directory)
    if root is not None and root != request.directory.absolute():
        yield (
            f"{request.directory} is not the top of its repository, {root}: GitHub runs workflows "
            "from there only"
        )


def _on_names(names: tuple[str, ...]) -> Iterator[str]:
    from reconciler.starter.bundle import bundled_workflows
    from reconciler.starter.workflows import taken_names

    taken = ", ".join(sorted(taken_names(bundled_workflows()).intersection(names)))
    if taken:
        yield f"env:{taken} cannot reach the workflows, which use that name: choose another"
    first: dict[str, str] = {}
    for name in names:
        other = first.setdefault(name.upper(), name)
        if other != name:
            yield f"GitHub keeps one secret for env:{other} and env:{name}: choose another name"


def _unseen(request: InitRequest, made: "Equipment") -> Iterator[str]:
    from reconciler.starter.surroundings import ignored

    for path in ignored(request.directory, made.files):
        yield f"git ignores {request.directory / path}: add it with `git add --force`"
