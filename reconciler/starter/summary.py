"""What `init` says at its end: the files, the next three steps, what to allow."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.repository import READ_ENVIRONMENT, WRITE_ENVIRONMENT, HostedRepository
from reconciler.core.service import Service
from reconciler.core.text.phrases import heading, paragraph
from reconciler.starter.access_text import access_question, access_text, references_of
from reconciler.starter.workflows import CREDENTIALS, MODE, MOST_SECRETS

DECLARATIONS = "subscriptions"
"""Where the declarations stand below the directory; the workflows look there."""


@dataclass(frozen=True, slots=True)
class Started:
    """What became of a directory; `new`, `kept`, `changed` and `removed` are paths below it.

    `services` are all that are known. `changed` has what changed in each. `fresh`: its
    declarations are new, and hold examples.
    """

    directory: Path
    new: tuple[str, ...]
    kept: tuple[str, ...]
    changed: Mapping[str, tuple[str, ...]]
    removed: tuple[str, ...]
    declared: Declarations
    services: Sequence[Service]
    repository: HostedRepository
    fresh: bool
    workflows: bool


def summary(started: Started) -> str:
    """Return everything that is to be said, ending in a newline."""
    parts = [*_files(started), heading("Next steps") + "\n" + _steps(started)]
    access = access_text(started.declared, started.repository, started.services)
    return "\n\n".join(parts) + "\n" + (f"\n{access}" if access else "")


def _files(started: Started) -> Iterator[str]:
    lists = (
        ("Written:", started.new),
        ("Changed:", started.changed),
        ("Removed:", started.removed),
        ("Kept as it was:", started.kept),
    )
    for title, paths in lists:
        lines = [title]
        for path in sorted(paths):
            lines.append(f"  {started.directory / path}")
            lines += [paragraph(text, lead="    ") for text in started.changed.get(path, ())]
        if paths:
            yield "\n".join(lines)


def _steps(started: Started) -> str:
    rest = (_settings, _start) if started.workflows else (_roles, _run)
    steps = (step(started) for step in (_check, *rest))
    return "\n".join(paragraph(step, lead=f"{number}. ") for number, step in enumerate(steps, 1))


def _check(started: Started) -> str:
    command = f"reconciler validate {_folder(started)}"
    if not started.fresh:
        return f"Check what is declared: `{command}`."
    said = (
        "Put your own account numbers, regions and URLs in the place of the examples in "
        f"{started.directory / DECLARATIONS}, and check them: `{command}`."
    )
    if not started.declared.desired:
        folder = _folder(started)
        said += f" Have what is live written down: `reconciler export {folder} --out {folder}`."
    return f"{said} Then run `{_again(started)}` again: what is described below follows from them."


def _again(started: Started) -> str:
    directory = [] if started.directory == Path() else [shlex.quote(str(started.directory))]
    options = [] if started.workflows else ["--no-workflows"]
    return " ".join(["reconciler init", *directory, *options])


def _settings(started: Started) -> str:
    environments = (
        "Create what is described below. In the repository's settings, create the environments "
        f"{READ_ENVIRONMENT} and {WRITE_ENVIRONMENT}, limit both to the default branch, and give "
        f"{WRITE_ENVIRONMENT} reviewers."
    )
    said = [environments]
    variables = list(_variables(started))
    if variables:
        said.append(f"Set the variables {', '.join(variables)}.")
    names = _environment(started)
    if len(names) > MOST_SECRETS:
        said.append(
            f"Set the secret {CREDENTIALS} in both environments, not in the repository: a line "
            f"NAME=value for each of the {len(names)} references `env:NAME`."
        )
    elif names:
        where = "in both environments, not in the repository"
        said.append(f"Set the secrets {', '.join(names)} {where}.")
    said.append(f"While the variable {MODE} is `off`, nothing is applied.")
    return " ".join(said)


def _start(_started: Started) -> str:
    return (
        "Commit, push to the default branch (apply.yml names it), and run the workflow `drift` "
        "once by hand: it takes the snapshot that pull requests are planned from. From "
        "then on a pull request shows its plan, and its merge applies it."
    )


def _roles(started: Started) -> str:
    names = _environment(started)
    variables = f" Set the environment variables {', '.join(names)}." if names else ""
    return f"Create what is described below.{variables}"


def _run(started: Started) -> str:
    folder = _folder(started)
    commands = f"`reconciler plan {folder}`, `reconciler apply {folder}`"
    return f"See what would be done, and do it: {commands}."


def _folder(started: Started) -> str:
    return shlex.quote(str(started.directory / DECLARATIONS))


def _environment(started: Started) -> tuple[str, ...]:
    return references_of(started.declared).environment


def _variables(started: Started) -> Iterator[str]:
    question = access_question(started.declared, started.repository)
    for service in started.services:
        yield from service.access(question).variables
