"""Builds sdist and wheel of the tracked files, under circumstances that must not matter."""

import hashlib
import os
import shutil
import sys
import tarfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from reconciler.starter.wheel import RELEASED
from release.process import ROOT, demand, run

_DAY = 86_400
# Python imports a module of this name before anything else.
_LATER = "import time\n_now = time.time\ntime.time = lambda: _now() + {seconds}\n"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where and when a build happens. `umask` also decides the modes of the sources."""

    name: str
    umask: int
    timezone: str
    locale: str
    seed: str
    days: int
    through_sdist: bool

    def environ(self, workplace: Path) -> dict[str, str]:
        """Return the variables of the build's process."""
        clock = workplace / "clock"
        clock.mkdir()
        (clock / "sitecustomize.py").write_text(_LATER.format(seconds=self.days * _DAY), "utf-8")
        return {
            "SOURCE_DATE_EPOCH": commit_time(),
            "PYTHONPATH": str(clock),
            "PYTHONHASHSEED": self.seed,
            "TZ": self.timezone,
            "LC_ALL": self.locale,
            "HOME": str(workplace),
        }


PLAIN = Surroundings("here", 0o022, "UTC", "C.UTF-8", "0", 0, through_sdist=True)
OTHER = Surroundings(
    "elsewhere, later", 0o077, "Pacific/Chatham", "C", "4711", 400, through_sdist=False
)


def commit_time() -> str:
    """Return when the commit was made that is checked out, in seconds, as builds ask for it."""
    return run(["git", "log", "-1", "--format=%ct"]).strip()


def tracked() -> list[str]:
    """Return the files that Git knows, as paths from the root."""
    names = run(["git", "ls-files", "-z"]).split("\0")
    return sorted(name for name in names if name and (ROOT / name).is_file())


def build(surroundings: Surroundings, workplace: Path, origin: str | None = None) -> list[Path]:
    """Build sdist and wheel in an empty directory; return both files, sorted by name.

    `through_sdist` builds the wheel from the sdist, as whoever has only that does. `origin` is
    OWNER/NAME@COMMIT, if that is what this is a release of.
    """
    source, out = workplace / "source", workplace / "out"
    _copy(source, surroundings)
    record(origin, source)
    kinds = () if surroundings.through_sdist else ("--sdist", "--wheel")
    run(
        [sys.executable, "-m", "build", "--no-isolation", *kinds, "--outdir", out, source],
        cwd=workplace,
        environ=surroundings.environ(workplace),
        umask=surroundings.umask,
    )
    built = sorted(out.iterdir())
    names = [path.name for path in built]
    demand(len(built) == 2, f"expected an sdist and a wheel, got {names}")
    return built


def record(origin: str | None, source: Path) -> None:
    """Write down in a copy of the sources what it is a release of, for `reconciler init`."""
    if origin is not None:
        (source / RELEASED).write_text(f"{origin}\n", "utf-8")


def _copy(directory: Path, surroundings: Surroundings) -> None:
    """Copy the tracked files as they would be checked out in other surroundings."""
    moment = time.time() + surroundings.days * _DAY
    for name in tracked():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, target)
        executable = (ROOT / name).stat().st_mode & 0o100
        target.chmod((0o777 if executable else 0o666) & ~surroundings.umask)
        os.utime(target, (moment, moment))


def compare(first: list[Path], second: list[Path]) -> None:
    """Demand the same files with the same bytes.

    Raises:
        NotReleasable: naming what differs.
    """
    names = [[path.name for path in built] for built in (first, second)]
    demand(names[0] == names[1], f"the builds differ in their files: {names[0]} and {names[1]}")
    for one, other in zip(first, second, strict=True):
        if one.read_bytes() != other.read_bytes():
            mine, theirs = members(one), members(other)
            differing = sorted(n for n in {*mine, *theirs} if mine.get(n) != theirs.get(n))
            where = ", ".join(differing[:5]) or "its packing"
            demand(False, f"{one.name} differs from build to build, in {where}")


def members(archive: Path) -> dict[str, str]:
    """Return the digest of each file in an sdist or a wheel, by name."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return {name: _digest(wheel.read(name)) for name in wheel.namelist()}
    found = {}
    with tarfile.open(archive) as sdist:
        for member in sdist:
            content = sdist.extractfile(member)
            found[member.name] = _digest(content.read()) if content else "no file"
    return found


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
