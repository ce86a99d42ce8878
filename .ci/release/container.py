"""The Dockerfile as data, and its commands run without a container engine."""

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from release.building import record, tracked
from release.process import ROOT, demand, run

_OURS = re.compile(r"(?<![\w.])/(?=opt/reconciler|src\b)")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One line of a Dockerfile, continued lines joined."""

    name: str
    rest: str

    @property
    def copied(self) -> list[str]:
        """Return what a COPY from the build's context takes."""
        words = self.rest.split()
        return words[:-1] if self.name == "COPY" and not words[0].startswith("--from") else []


def stages(text: str) -> list[list[Instruction]]:
    """Return the instructions of each stage, FROM first."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    found: list[list[Instruction]] = []
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            if name == "FROM":
                found.append([])
            found[-1].append(Instruction(name, " ".join(rest.split())))
    return found


def carry_out(stage: list[Instruction], directory: Path, origin: str | None) -> Path:
    """Do in `directory` what a stage does in its container; return the environment it makes.

    /src and /opt/reconciler lie below `directory`, and `python` is the one that runs this. `origin`
    is OWNER/NAME@COMMIT, if that is what this is a release of.

    Raises:
        NotReleasable: a command fails, or a file is copied that is not there.
    """
    source = directory / "src"
    source.mkdir(parents=True)
    bin_directory = Path(sys.executable).parent
    variables = {"PATH": f"{bin_directory}{os.pathsep}/usr/bin{os.pathsep}/bin"}
    for step in stage:
        if step.name == "RUN":
            command = _OURS.sub(f"{directory}/", step.rest)
            run(["bash", "-euc", command], cwd=source, environ=variables)
        for name in step.copied:
            _copy(name, source)
            if name == "reconciler":
                record(origin, source)
    return directory / "opt/reconciler"


def _copy(name: str, source: Path) -> None:
    files = [file for file in tracked() if file == name or file.startswith(f"{name}/")]
    demand(files, f"Dockerfile copies {name}, which is not there")
    for file in files:
        (source / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, source / file)
