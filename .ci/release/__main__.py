"""`make release-check`: build, compare, check, install, try; leaves what a release consists of.

With the variable RELEASE_TAG it is the release of that tag, otherwise one that might be made.
"""

import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

from reconciler.sandbox import Sandbox
from release import building, container, trying
from release.bill import write_bill
from release.contents import check_sdist, check_wheel
from release.process import ROOT, NotReleasable, demand, run, say
from release.version import notes_for, project

DISTRIBUTIONS = ROOT / "dist"
BESIDE = ROOT / "build/release"
BILL = "subscription-reconciler.cdx.json"


def main() -> int:
    """Check everything, say what was seen, and return the exit code."""
    tag = os.environ.get("RELEASE_TAG") or None
    try:
        with tempfile.TemporaryDirectory() as directory:
            check(tag, Path(directory))
    except NotReleasable as error:
        sys.stderr.write(f"not releasable: {error}\n")
        return 1
    return 0


def check(tag: str | None, directory: Path) -> None:
    """Check a release step by step.

    Raises:
        NotReleasable: at the first thing that is wrong.
    """
    version = project()["version"]
    notes = notes_for(tag, version, (ROOT / "CHANGELOG.md").read_text("utf-8"))
    say(f"version {version}: " + (f"the tag {tag}" if tag else "no tag given (RELEASE_TAG)"))
    say(f"notes: {len(notes.splitlines())} lines of CHANGELOG.md")
    changed = run(["git", "status", "--porcelain", "--untracked-files=no"]).splitlines()
    demand(not (tag and changed), f"{len(changed)} tracked files differ from the commit")
    for name in changed:
        say(f"changed since the commit: {name[3:]}")
    origin = _origin(tag)
    say(f"made of {origin}" if origin else "made of this checkout, not recorded")
    sdist, wheel = _built(directory, origin)
    _tried(wheel, directory, origin)
    _kept(sdist, wheel, notes)


def _origin(tag: str | None) -> str | None:
    """Return OWNER/NAME@COMMIT of a release that GitHub makes."""
    repository = os.environ.get("GITHUB_REPOSITORY")
    if not tag or not repository:
        return None
    return f"{repository}@{run(['git', 'rev-parse', 'HEAD']).strip()}"


def _built(directory: Path, origin: str | None) -> tuple[Path, Path]:
    made = []
    for number, surroundings in enumerate((building.PLAIN, building.OTHER)):
        workplace = directory / f"build {number}"
        workplace.mkdir()
        made.append(building.build(surroundings, workplace, origin))
        way = "the wheel from the sdist" if surroundings.through_sdist else "both from the tree"
        say(f"built {surroundings.name}: {way}")
    building.compare(*made)
    say("both builds are the same, byte by byte")
    sdist, wheel = sorted(made[0], key=lambda path: path.suffix == ".whl")
    check_sdist(sdist)
    check_wheel(wheel)
    say(f"metadata and contents: {sdist.name}, {wheel.name}")
    return sdist, wheel


def _tried(wheel: Path, directory: Path, origin: str | None) -> None:
    environment = trying.installed(wheel, directory / "wheel")
    _try(environment, directory / "trial", "the wheel in an empty environment", origin)
    stage = container.stages((ROOT / "Dockerfile").read_text("utf-8"))[0]
    environment = container.carry_out(stage, directory / "container", origin)
    trying.compare_installed(environment, wheel)
    _try(environment, directory / "contained", "what the Dockerfile installs", origin)


def _try(environment: Path, directory: Path, what: str, origin: str | None) -> None:
    trial = trying.Trial(environment, directory)
    trying.look_around(trial)
    with Sandbox() as sandbox:
        trying.walk(trial, sandbox.url, origin)
    say(f"{what}: version, schema, sample, init, plan, apply and drift against the sandbox")


def _kept(sdist: Path, wheel: Path, notes: str) -> None:
    for place in (DISTRIBUTIONS, BESIDE):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
    kept = [Path(shutil.copy(file, DISTRIBUTIONS)) for file in (sdist, wheel)]
    say(f"bill of materials: {write_bill(BESIDE / BILL)} components, valid CycloneDX")
    (BESIDE / "notes.md").write_text(f"{notes}\n", "utf-8")
    digests = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}" for file in kept]
    say("\n".join(digests))
    say(f"left in {DISTRIBUTIONS.relative_to(ROOT)} and {BESIDE.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
