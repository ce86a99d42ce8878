"""Starts a repository: declarations, workflows, and what its owner has to allow."""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.cli import exits
from reconciler.cli.state import State, write_result
from reconciler.core.manifest.reader import Declarations, Source, read
from reconciler.core.manifest.schema import schema_of
from reconciler.sources import load
from reconciler.starter.bundle import bundled_workflows
from reconciler.starter.choice import SERVICES as SERVICE_NAMES
from reconciler.starter.choice import USUAL, Choice, parse_services, stack_like
from reconciler.starter.examples import SCHEMA, example_files
from reconciler.starter.references import references_of
from reconciler.starter.repository import Repository, parse_repository
from reconciler.starter.summary import DECLARATIONS, Started, summary
from reconciler.starter.surroundings import known_ids, repository_name, repository_root
from reconciler.starter.workflows import WORKFLOWS, unmapped, workflows_for
from reconciler.starter.writing import Written, write_missing
from reconciler.wiring import SERVICES, today


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for; what is None or empty follows from the surroundings."""

    directory: Path
    stack: str | None
    services: tuple[str, ...]
    repository: str | None
    repository_id: str | None
    owner_id: str | None
    workflows: bool


@dataclass(frozen=True, slots=True)
class _Declared:
    """Declarations: those that were there, in the files `kept`, or the examples, to be written."""

    understood: Declarations
    kept: tuple[str, ...] = ()
    examples: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the variables that hold credentials."""
        return references_of(self.understood.accounts.values()).environment


def start(state: State, request: Request) -> int:
    """Write what is missing and say what comes next.

    Raises:
        DeclarationError: declarations are there already, and wrong.
        SettingsError: something cannot be written.
    """
    repository = _repository(request)
    declared = _found(request.directory) or _made(state, request)
    written = write_missing(request.directory, _files(request, declared))
    for sentence in (*_remarks(request, declared), *_stale(request, written, declared)):
        state.say(sentence)
    started = Started(
        directory=request.directory,
        new=written.new,
        kept=(*written.kept, *declared.kept),
        declared=declared.understood,
        repository=repository,
        examples=bool(declared.examples),
        workflows=request.workflows,
    )
    write_result(summary(started))
    return exits.DONE


def _found(directory: Path) -> _Declared | None:
    folder = directory / DECLARATIONS
    sources = load(folder) if folder.is_dir() else []
    if not sources:
        return None
    kept = tuple(str(Path(source.name).relative_to(directory)) for source in sources)
    return _Declared(read(sources, SERVICES, where=str(folder), today=today()), kept=kept)


def _made(state: State, request: Request) -> _Declared:
    """Make examples, and understand them before any of them is written."""
    stack = request.stack or stack_like(request.directory.resolve().name)
    choice = Choice(stack, request.services or _ask(state))
    files = {f"{DECLARATIONS}/{name}": text for name, text in example_files(choice).items()}
    sources = [Source(name, text.encode()) for name, text in files.items()]
    understood = read(sources, SERVICES, where=DECLARATIONS, today=today())
    return _Declared(understood, examples=files)


def _repository(request: Request) -> Repository:
    name = request.repository or repository_name(request.directory, os.environ)
    repository_id, owner_id = known_ids(name, os.environ)
    return parse_repository(
        name, request.repository_id or repository_id, request.owner_id or owner_id
    )


def _ask(state: State) -> tuple[str, ...]:
    if not sys.stdin.isatty():
        return USUAL
    while True:
        sys.stderr.write(f"Services, of {', '.join(SERVICE_NAMES)} [{' '.join(USUAL)}]: ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        names = line.replace(",", " ").split()
        if not names:
            return USUAL
        try:
            return parse_services(names)
        except ValueError as error:
            state.say(str(error))


def _files(request: Request, declared: _Declared) -> dict[str, str]:
    files = {**declared.examples, f"{DECLARATIONS}/{SCHEMA}": schema_of(SERVICES)}
    if request.workflows:
        files |= workflows_for(bundled_workflows(), declared.names)
    return files


def _remarks(request: Request, declared: _Declared) -> Iterator[str]:
    understood = declared.understood
    yield from (f"{warning} (warning)" for warning in understood.warnings)
    if declared.kept and (request.stack or request.services):
        yield (
            f"{request.directory / DECLARATIONS} holds declarations (stack {understood.stack}), so "
            "--stack and --service change nothing"
        )
    root = repository_root(request.directory)
    if request.workflows and root is not None and root != request.directory.absolute():
        yield (
            f"{request.directory} is not the top of its repository, {root}: GitHub runs workflows "
            "from there only"
        )


def _stale(request: Request, written: Written, declared: _Declared) -> Iterator[str]:
    """Say which kept workflows do not pass on what is declared by now."""
    for path in written.kept:
        file = request.directory / path
        if path.startswith(WORKFLOWS) and file.is_file():
            text = file.read_text(encoding="utf-8", errors="replace")
            missing = ", ".join(unmapped(text, declared.names))
            if missing:
                yield f"{path} was kept and does not pass on {missing}: add it between its markers"
