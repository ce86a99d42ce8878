"""export: live objects that no declaration covers, to stdout or into a directory.

What a command needs is imported when it runs, so that `--help` loads none of it.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reconciler.cli import exits
from reconciler.cli.options import (
    DEFAULT_PATH,
    AccountOption,
    AllowHostOption,
    DiscoverOption,
    PathArgument,
    SandboxOption,
    SinceOption,
)
from reconciler.cli.state import State, in_the_way, state_of, write_result
from reconciler.core.model.errors import SettingsError
from reconciler.core.text.phrases import counted
from reconciler.core.text.veil import veil_text

if TYPE_CHECKING:
    from reconciler.cli.request import RunRequest
    from reconciler.core.manifest.reader import Source
    from reconciler.core.world.observation import Observation
    from reconciler.operate.export import Exported

FILE = "exported.yaml"


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


def export_to(state: State, request: "RunRequest", out: Path | None) -> int:
    """Write declarations of what is live and undeclared to a file in `out`, or to stdout."""
    from reconciler.cli.session import opened, watched
    from reconciler.operate.export import export as export_live
    from reconciler.reports.findings import only

    copies = list(_copies(request.path, out)) if out is not None else []
    with opened(state, request) as session, watched(state) as ticker:
        exported = export_live(session, progress=ticker)
    if copies and out is not None:
        tables = session.declarations.tables
        copies += [_beside(source, request.path, out) for source in tables]
    observation = exported.observation
    _tell(state, observation, exported)
    where = "written"
    if out is None:
        write_result(exported.text)
    elif exported.text:
        where = f"written to {_write(out, exported, copies)}"
    state.say(_closing(observation, exported, where, only(session.terms.limits)))
    if copies and exported.text and out is not None:
        state.say(f"the declarations were copied beside it, so that {out} is complete by itself")
    return exits.ERROR if observation.unread else exits.DONE


def _copies(path: Path, out: Path) -> "Iterator[Source]":
    """Yield what a directory lacks to be complete by itself: the declarations, if not read with it.

    Raises:
        SettingsError: it holds other declarations.
    """
    from reconciler.files.sources import load

    here, there = path.resolve(), out.resolve()
    if here.is_relative_to(there) or (here.is_dir() and there.is_relative_to(here)):
        return
    others = load(out) if out.is_dir() else []
    if others:
        raise SettingsError(
            f"{out} holds other declarations ({others[0].name}): choose a new directory, or one in "
            f"{path}"
        )
    for source in load(path):
        yield _beside(source, path, out)


def _beside(source: "Source", path: Path, out: Path) -> "Source":
    """Return a file of the declarations at `path` as it will lie in `out`."""
    from reconciler.core.manifest.reader import Source

    file = Path(source.name)
    name = file.relative_to(path if path.is_dir() else path.parent)
    return Source(str(out / name), source.content)


def _tell(state: State, observation: "Observation", exported: "Exported") -> None:
    from reconciler.core.world.unread import by_cause
    from reconciler.reports.findings import sentence

    for unread in by_cause(item.finding() for item in observation.unread):
        state.say(f"not read: {sentence(unread)}")
    for warning in observation.warnings:
        state.say(f"{sentence(warning)} (warning)")
    for item in observation.not_looked:
        state.say(f"{item.address}: {item.message}")
    for note in exported.notes:
        state.say(note)
    if veil_text(exported.text) != exported.text:
        state.say(
            "call back URIs are written out in full, tokens and all, as a plan needs them: keep "
            "the result as you keep secrets, or put {secret} and `secret: REFERENCE` in their place"
        )


def _closing(observation: "Observation", exported: "Exported", where: str, only: str) -> str:
    """Return the last line: what was written, and what was not though it is undeclared.

    `only` says what the run was limited to.
    """
    lacking = [
        f"{counted(number, 'live object')} {what}"
        for number, what in (
            (exported.refused, "could not be expressed (see above)"),
            (exported.foreign, "left to other stacks"),
        )
        if number
    ]
    if exported.text:
        return "; ".join([f"{counted(len(exported.live), 'live object')} {where}", *lacking])
    if lacking:
        return f"nothing was exported: {'; '.join(lacking)}"
    seen = " of what could be read" if observation.unread else ""
    if observation.not_looked and not seen:
        seen = " of what was looked for"
    return f"nothing to export{only}: no live object{seen} is without a declaration"


def _write(out: Path, exported: "Exported", copies: "list[Source]") -> Path:
    """Write the files of an export; return the one that holds what was undeclared."""
    from reconciler.starter.writing import write_files

    if os.path.lexists(out / FILE):
        raise in_the_way(out / FILE)
    files = {os.path.relpath(source.name, out): source.content for source in copies}
    write_files(out, {**files, FILE: exported.text.encode()})
    return out / FILE
