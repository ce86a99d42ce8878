"""All files or none, and never over one that is there."""

import pytest

from reconciler.core.model.errors import SettingsError
from reconciler.starter.writing import write_files

FILES = {"b/c/one.txt": b"1\n", "two.txt": b"2\n"}


def everything(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_directories_are_made_as_needed(tmp_path):
    written = write_files(tmp_path / "new" / "er", FILES)
    assert (written.new, written.kept) == (("b/c/one.txt", "two.txt"), ())
    assert everything(tmp_path / "new" / "er") == FILES


def test_what_is_there_is_kept_byte_for_byte(tmp_path):
    (tmp_path / "two.txt").write_text("mine")
    written = write_files(tmp_path, FILES)
    assert (written.new, written.kept) == (("b/c/one.txt",), ("two.txt",))
    assert everything(tmp_path) == {**FILES, "two.txt": b"mine"}
    again = write_files(tmp_path, FILES)
    assert (again.new, again.kept) == ((), ("b/c/one.txt", "two.txt"))


def test_a_link_that_leads_nowhere_is_kept_too(tmp_path):
    (tmp_path / "two.txt").symlink_to(tmp_path / "elsewhere")
    assert write_files(tmp_path, FILES).kept == ("two.txt",)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("block", ["b", "b/c"])
def test_a_file_in_the_way_stops_everything(tmp_path, block):
    (tmp_path / block).parent.mkdir(exist_ok=True)
    (tmp_path / block).write_text("mine")
    with pytest.raises(SettingsError, match=f"{block} is no directory"):
        write_files(tmp_path, FILES)
    assert everything(tmp_path) == {block: b"mine"}


def test_a_directory_in_the_place_of_a_file_stops_everything(tmp_path):
    (tmp_path / "two.txt").mkdir()
    with pytest.raises(SettingsError, match=r"two\.txt is a directory"):
        write_files(tmp_path, FILES)
    assert everything(tmp_path) == {}


def test_what_was_written_before_a_failure_is_taken_back(tmp_path):
    name = "x" * 300
    with pytest.raises(SettingsError, match="cannot be written: File name too long; nothing was"):
        write_files(tmp_path, {"a/one.txt": b"1", f"b/{name}": b"2"})
    assert list(tmp_path.iterdir()) == []


def test_a_changed_file_keeps_its_rights_and_the_link_that_leads_to_it(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "real.txt").chmod(0o640)
    (tmp_path / "link.txt").symlink_to("real.txt")
    written = write_files(tmp_path, {"link.txt": b""}, {"link.txt": b"new"})
    assert (written.new, written.kept, written.changed) == ((), (), ("link.txt",))
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"
    assert (tmp_path / "real.txt").stat().st_mode & 0o777 == 0o640


def test_a_change_to_what_is_there_already_is_none(tmp_path):
    (tmp_path / "two.txt").write_text("same")
    written = write_files(tmp_path, FILES, {"two.txt": b"same"})
    assert (written.kept, written.changed) == (("two.txt",), ())


def test_a_failure_puts_back_what_was_changed_and_what_was_removed(tmp_path):
    (tmp_path / "two.txt").write_text("before")
    (tmp_path / "old.txt").write_text("gone")
    (tmp_path / "old.txt").chmod(0o600)
    removed = ("old.txt", "zz-is-not-there.txt")
    with pytest.raises(SettingsError, match=r"zz-is-not-there\.txt cannot be written"):
        write_files(tmp_path, {"one.txt": b"1"}, {"two.txt": b"after"}, removed)
    assert everything(tmp_path) == {"two.txt": b"before", "old.txt": b"gone"}
    assert (tmp_path / "old.txt").stat().st_mode & 0o777 == 0o600
