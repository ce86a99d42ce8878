"""The wheel of an installed tool, made again: whole, valid, and the same wherever it is made."""

import base64
import csv
import hashlib
import io
import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest
from hatchling.build import build_wheel

import reconciler
from reconciler.core.model.errors import SettingsError
from reconciler.starter.wheel import packed, rebuilt_wheel
from tests.installed import fresh, needed_by_the_tool, pip_install

ROOT = Path(reconciler.__file__).parents[1]
PIN = ".github/reconciler"


def contents(content):
    with ZipFile(content) as wheel:
        assert wheel.testzip() is None
        return {name: wheel.read(name) for name in wheel.namelist()}


def init(commands, directory, *options):
    command = [str(commands / "reconciler"), "init", str(directory), "--service", "aws", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")


def wheel_of(directory):
    [wheel] = (directory / PIN).glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return folder / build_wheel(str(folder))


@pytest.fixture(scope="module")
def needed(tmp_path_factory):
    return needed_by_the_tool(tmp_path_factory.mktemp("needed") / "packages")


@pytest.fixture(scope="module")
def installed(built, needed, tmp_path_factory):
    commands = fresh(tmp_path_factory.mktemp("installed") / "environment", needed)
    pip_install(commands, built)
    return commands


@pytest.mark.external
def test_a_checkout_makes_the_wheel_that_its_own_build_makes(built):
    ours, theirs = contents(io.BytesIO(rebuilt_wheel().content)), contents(built)
    # The metadata are those of the last installation, and what they quote may have changed since.
    about = {name for name in theirs if name.endswith(("/METADATA", "/RECORD"))}
    assert ours.keys() == theirs.keys()
    assert {name for name in ours if ours[name] != theirs[name]} <= about
    assert rebuilt_wheel().name == built.name


def test_the_record_names_every_file_with_its_digest_and_size():
    files = contents(io.BytesIO(rebuilt_wheel().content))
    record = next(name for name in files if name.endswith("/RECORD"))
    rows = {row[0]: row[1:] for row in csv.reader(files[record].decode().splitlines())}
    assert list(files) == list(rows)
    assert rows.pop(record) == ["", ""]
    for name, (digest, size) in rows.items():
        wanted = base64.urlsafe_b64encode(hashlib.sha256(files[name]).digest()).decode()
        assert (digest, size) == (f"sha256={wanted.rstrip('=')}", str(len(files[name])))


def test_the_order_in_which_files_are_found_does_not_matter():
    files = {"reconciler/b,c.py": b"2", "x.dist-info/METADATA": b"", "reconciler/a.py": b"1"}
    again = dict(reversed(files.items()))
    assert packed(files, "x.dist-info") == packed(again, "x.dist-info")
    assert b'"reconciler/b,c.py",' in packed(files, "x.dist-info")


@pytest.mark.external
def test_what_an_installed_tool_vendors_can_be_installed_and_vendors_the_same(
    installed, needed, built, tmp_path
):
    ended = init(installed, tmp_path / "one")
    assert (ended.returncode, ended.stderr) == (0, "")
    vendored = wheel_of(tmp_path / "one")
    assert contents(vendored).keys() == contents(built).keys()

    commands = fresh(tmp_path / "second", needed)
    pip_install(commands, vendored)
    assert init(commands, tmp_path / "two").returncode == 0
    for file in sorted((tmp_path / "one").rglob("*")):
        other = tmp_path / "two" / file.relative_to(tmp_path / "one")
        if file.is_file() and file.suffix != ".yaml":
            assert file.read_bytes() == other.read_bytes(), file
    command = [str(commands / "reconciler"), "demo", "--help"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.external
def test_the_requirements_pin_that_very_wheel_and_hold_everything_it_needs(installed, tmp_path):
    init(installed, tmp_path)
    text = (tmp_path / PIN / "requirements.txt").read_text()
    wheel = wheel_of(tmp_path)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    pinned = (ROOT / "requirements/run.txt").read_text()
    assert text == f"{pinned}./{wheel.name} --hash=sha256:{digest}\n"


@pytest.fixture
def tampered_with(installed):
    """Return the commands of the installed tool, one of whose files is not as it was."""
    [package] = installed.parent.glob("lib/*/site-packages/reconciler")
    changed = package / "starter/workflows.py"
    former = changed.read_text()
    changed.write_text(f"{former}# changed\n")
    yield installed
    changed.write_text(former)


@pytest.mark.external
def test_a_tool_that_was_tampered_with_is_not_vendored(tampered_with, tmp_path):
    ended = init(tampered_with, tmp_path / "shop")
    assert ended.returncode == 1
    assert "reconciler/starter/workflows.py is not as it was installed" in ended.stderr
    assert not (tmp_path / "shop").exists()
    source = f"acme/tool@{'a' * 40}"
    assert init(tampered_with, tmp_path / "shop", "--tool", source).returncode == 0


def test_where_nothing_is_installed_the_source_has_to_be_named(monkeypatch):
    monkeypatch.setattr("reconciler.starter.wheel.DISTRIBUTION", "not-installed-anywhere")
    with pytest.raises(SettingsError, match="--tool OWNER/NAME@COMMIT"):
        rebuilt_wheel()
