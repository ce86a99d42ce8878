"""What GitHub needs in a repository: which files are to be there, and what changes in those it has.

Workflows belong to their owners once they are written: only lines for credentials, and on request
the tool they use, are changed in them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.core.model.errors import SettingsError
from reconciler.starter.bundle import (
    ACTION_FILE,
    FOLDER,
    REQUIREMENTS,
    bundled_workflows,
    outdated,
    vendored_files,
    wheel_in,
)
from reconciler.starter.credentials import Unchangeable
from reconciler.starter.surroundings import MAIN
from reconciler.starter.tool import HERE, VENDORED, Tool, called, recorded_source, used_in, vendored
from reconciler.starter.wheel import installed_distribution
from reconciler.starter.workflows import (
    CREDENTIALS,
    WORKFLOWS,
    Kept,
    github_only,
    kept_workflow,
    portable,
    unmapped,
    workflow_for,
)

_AGAIN = f"run `reconciler init --tool {VENDORED}`"


@dataclass(frozen=True, slots=True)
class WantedEquipment:
    """What is asked for: `tool` as on the command line, None for what is there or known.

    `branch` is what new workflows take for the default branch.
    """

    tool: str | None = None
    portable: bool = False
    branch: str = MAIN


@dataclass(frozen=True, slots=True)
class Found:
    """What a repository has: its workflows by path, its action, and names in the wheel's folder."""

    workflows: Mapping[str, str]
    action: str | None
    requirements: str | None
    names: tuple[str, ...]


@dataclass(slots=True)
class Equipment:
    """`files` to be there unless they are, `changes` to those that are, what is to go.

    `kept` are more paths that are there and stay; `told` says by path what changes in a file.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    changes: dict[str, bytes] = field(default_factory=dict)
    removed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    lines: dict[str, tuple[str, ...]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def found_in(directory: Path) -> Found:
    """Look at what a repository has.

    Raises:
        SettingsError: a workflow cannot be read.
    """
    paths = (path for path in bundled_workflows() if path.startswith(WORKFLOWS))
    workflows = {path: _text(directory / path) for path in paths if (directory / path).is_file()}
    folder, requirements = directory / FOLDER, directory / REQUIREMENTS
    action = directory / ACTION_FILE
    return Found(
        workflows=workflows,
        action=_text(action) if action.is_file() else None,
        requirements=_text(requirements) if requirements.is_file() else None,
        names=tuple(file.name for file in folder.iterdir()) if folder.is_dir() else (),
    )


def equipment(
    directory: Path, found: Found, names: Sequence[str], wish: WantedEquipment
) -> Equipment:
    """Return what a repository needs for declarations that refer to the variables `names`.

    Raises:
        SettingsError: a workflow that is there cannot be changed, or this program cannot be made a
            wheel.
    """
    made, tool = Equipment(), _tool(found, wish)
    wanted = tool if wish.tool else None
    leave_out = wish.portable or tool.action.startswith(HERE)
    for path, template in bundled_workflows().items():
        if path.startswith(WORKFLOWS):
            ours = portable(template) if leave_out else template
            made.files[path] = workflow_for(ours, names, tool, wish.branch).encode()
            if path in found.workflows:
                kept = _kept(directory / path, found.workflows[path], names, wanted)
                _keep(made, path, kept, found.workflows[path])
                made.remarks += _lacking(path, template, kept.text, names, wish)
    if any(used.vendored for text in _final(made, found) if (used := used_in([text]))):
        _vendor(made, found, renew=wish.tool == VENDORED)
    elif wish.tool and found.requirements is not None:
        made.remarks.append(f"{FOLDER} and {ACTION_FILE} are used no longer: remove them")
    return made


def _final(made: Equipment, found: Found) -> Iterator[str]:
    for path, written in made.files.items():
        kept = found.workflows.get(path, written.decode())
        yield made.changes[path].decode() if path in made.changes else kept


def _tool(found: Found, wish: WantedEquipment) -> Tool:
    """Return what new workflows use: what is asked for, what the others use, what is known."""
    used = used_in(found.workflows.values())
    if wish.tool == VENDORED:
        return used if used and used.vendored else vendored(portable=wish.portable)
    if wish.tool is not None:
        return called(wish.tool)
    # A server other than github.com may not reach what was recorded.
    known = None if wish.portable else recorded_source()
    return used or (called(known) if known else vendored(portable=wish.portable))


def _kept(file: Path, text: str, names: Sequence[str], tool: Tool | None) -> Kept:
    try:
        return kept_workflow(text, names, tool)
    except Unchangeable as error:
        raise SettingsError(f"{file}:{error.line}: {error}; nothing was written") from error


def _keep(made: Equipment, path: str, kept: Kept, before: str) -> None:
    if kept.text == before:
        return
    made.changes[path] = kept.text.encode()
    made.lines[path] = tuple(
        f"{what}: {', '.join(names)}"
        for what, names in (
            ("passes on", kept.passing.added),
            ("no longer passes on", kept.passing.dropped),
            ("calls", (kept.calls,) if kept.calls else ()),
        )
        if names
    )


def _lacking(
    path: str, template: str, text: str, names: Sequence[str], wish: WantedEquipment
) -> Iterator[str]:
    missing = ", ".join(unmapped(template, text, names))
    if missing:
        yield (
            f"{path} has no markers for credentials and was left as it is: pass on {missing} "
            f"there, or in the secret {CREDENTIALS}"
        )
    only = ", ".join(github_only(text)) if wish.portable else ""
    if only:
        yield f"{path} was kept and has what only github.com knows: {only}"


def _vendor(made: Equipment, found: Found, *, renew: bool) -> None:
    if found.requirements is None or renew:
        files = vendored_files()
        made.files |= files
        there = {f"{FOLDER}/{name}" for name in found.names}
        there |= {ACTION_FILE} if renew and found.action else set()
        made.changes |= {path: files[path] for path in files.keys() & there}
        made.removed = outdated(found.names, files) if renew else ()
        return
    made.files[ACTION_FILE] = bundled_workflows()[ACTION_FILE].encode()
    wheel = wheel_in(found.requirements)
    present = wheel is not None and wheel[0].removeprefix(f"{FOLDER}/") in found.names
    made.kept = (REQUIREMENTS, *([wheel[0]] if wheel and present else []))
    on_tool = [*_on_wheel(wheel, present=present)]
    if not on_tool and found.action is not None and _differs(found.action, made.files[ACTION_FILE]):
        on_tool.append(f"{ACTION_FILE} is not the one of this version: to renew it, {_AGAIN}")
    made.remarks += on_tool


def _differs(text: str, content: bytes) -> bool:
    return text.replace("\r\n", "\n") != content.decode()


def _on_wheel(wheel: tuple[str, str] | None, *, present: bool) -> Iterator[str]:
    ours = installed_distribution()
    if wheel is None:
        yield f"{REQUIREMENTS} names no wheel of the tool: to write both again, {_AGAIN}"
    elif not present:
        yield f"{REQUIREMENTS} names {wheel[0]}, which is not there: to write both again, {_AGAIN}"
    elif ours is not None and wheel[1] != ours.version:
        yield f"the workflows run version {wheel[1]}, this is {ours.version}: to renew it, {_AGAIN}"


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file} is not UTF-8: nothing was written") from error
