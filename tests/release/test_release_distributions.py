"""Sdist and wheel: the same bytes each time, and nothing in them that does not belong there."""

import io
import subprocess
import sys
import tarfile
import zipfile

import pytest

from release import building
from release.contents import check_sdist, check_wheel
from release.process import NotReleasable

pytestmark = pytest.mark.external

LOOK = "import os, time; print(int(time.time()), time.tzname[1], hash('a'), os.umask(0))"


def changed_wheel(wheel, directory, change, more=()):
    """Copy a wheel with what `change` makes of each file: other bytes, or None to leave it out."""
    copy = directory / wheel.name
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            content = change(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
        for name in more:
            new.writestr(name, b"")
    return copy


def changed_sdist(sdist, directory, more):
    copy = directory / sdist.name
    with tarfile.open(sdist) as old, tarfile.open(copy, "w:gz") as new:
        for member in old:
            new.addfile(member, old.extractfile(member))
        new.addfile(more, io.BytesIO(b"x" * more.size))
    return copy


def test_what_is_built_says_what_pyproject_says_and_holds_what_it_should(built):
    sdist, wheel = built
    check_sdist(sdist)
    check_wheel(wheel)


def replace(suffix, old, new):
    def change(name, content):
        if not name.endswith(suffix):
            return content
        assert old in content
        return content.replace(old, new)

    return change


def test_a_wheel_that_would_install_something_beside_us_is_refused(built, tmp_path):
    wheel = changed_wheel(built[1], tmp_path, lambda _name, content: content, ["tests/a.py"])
    with pytest.raises(NotReleasable, match=r"tests/a\.py"):
        check_wheel(wheel)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda name, content: None if name.endswith("py.typed") else content, "py.typed"),
        (replace("cli/main.py", b"import sys", b"import os"), "RECORD is wrong about"),
        (replace("METADATA", b"\nVersion: ", b"\nVersion: 9"), "version is '90.1.0'"),
        (replace("METADATA", b"boto3>=", b"boto4>="), "dependencies"),
        (replace("METADATA", b"\nLicense-Expression: ", b"\nLicense-Expression: ?"), "invalid"),
        (replace("METADATA", b"text/markdown", b"text/plain"), "description"),
        (replace("entry_points.txt", b"reconciler =", b"reconcile ="), "no command reconciler"),
    ],
)
def test_a_wheel_that_is_not_what_it_should_be_is_refused(built, tmp_path, change, told):
    with pytest.raises(NotReleasable, match=told):
        check_wheel(changed_wheel(built[1], tmp_path, change))


@pytest.mark.parametrize("name", ["outside.py", "{top}/../../outside.py"])
def test_an_sdist_with_files_elsewhere_is_refused(built, tmp_path, name):
    sdist = built[0]
    member = tarfile.TarInfo(name.format(top=sdist.name.removesuffix(".tar.gz")))
    member.size = 1
    with pytest.raises(NotReleasable, match=r"outside\.py"):
        check_sdist(changed_sdist(sdist, tmp_path, member))


def test_a_link_in_an_sdist_is_refused(built, tmp_path):
    sdist = built[0]
    member = tarfile.TarInfo(f"{sdist.name.removesuffix('.tar.gz')}/link")
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with pytest.raises(NotReleasable, match="link"):
        check_sdist(changed_sdist(sdist, tmp_path, member))


def test_builds_that_differ_are_refused_with_the_file_that_does(built, tmp_path):
    sdist, wheel = built
    building.compare([sdist, wheel], [sdist, wheel])
    other = changed_wheel(wheel, tmp_path, replace("cli/main.py", b"import sys", b"import os"))
    with pytest.raises(NotReleasable, match=r"reconciler/cli/main\.py"):
        building.compare([sdist, wheel], [sdist, other])
    repacked = changed_wheel(wheel, tmp_path, lambda _name, content: content)
    with pytest.raises(NotReleasable, match="its packing"):
        building.compare([sdist, wheel], [sdist, repacked])
    with pytest.raises(NotReleasable, match="differ in their files"):
        building.compare([sdist, wheel], [sdist])


def test_the_two_builds_do_not_happen_under_the_same_circumstances(tmp_path):
    seen = []
    for surroundings in (building.PLAIN, building.OTHER):
        workplace = tmp_path / surroundings.name
        workplace.mkdir()
        told = subprocess.run(
            [sys.executable, "-c", LOOK],
            env=surroundings.environ(workplace),
            umask=surroundings.umask,
            capture_output=True,
            text=True,
            check=True,
        )
        seen.append(told.stdout.split())
    assert all(one != other for one, other in zip(*seen, strict=True)), seen
    assert int(seen[1][0]) - int(seen[0][0]) > 300 * 86_400
    assert building.PLAIN.through_sdist != building.OTHER.through_sdist


def test_what_is_tracked_is_built_and_nothing_else_that_lies_about(built):
    sdist = building.members(built[0])
    top = built[0].name.removesuffix(".tar.gz")
    assert {name.removeprefix(f"{top}/") for name in sdist} - {"PKG-INFO"} <= set(
        building.tracked()
    )
