"""All files or none, and never over one that is there."""

import pytest

from reconciler.core.errors import SettingsError
from reconciler.starter.writing import write_missing

FILES = {"b/c/one.txt": "1\n", "two.txt": "2\n"}


def everything(folder):
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_directories_are_made_as_needed(tmp_path):
    written = write_missing(tmp_path / "new" / "er", FILES)
    assert (written.new, written.kept) == (("b/c/one.txt", "two.txt"), ())
    assert everything(tmp_path / "new" / "er") == FILES


def test_what_is_there_is_kept_byte_for_byte(tmp_path):
    (tmp_path / "two.txt").write_text("mine")
    written = write_missing(tmp_path, FILES)
    assert (written.new, written.kept) == (("b/c/one.txt",), ("two.txt",))
    assert everything(tmp_path) == {**FILES, "two.txt": "mine"}
    again = write_missing(tmp_path, FILES)
    assert (again.new, again.kept) == ((), ("b/c/one.txt", "two.txt"))


def test_a_link_that_leads_nowhere_is_kept_too(tmp_path):
    (tmp_path / "two.txt").symlink_to(tmp_path / "elsewhere")
    assert write_missing(tmp_path, FILES).kept == ("two.txt",)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("block", ["b", "b/c"])
def test_a_file_in_the_way_stops_everything(tmp_path, block):
    (tmp_path / block).parent.mkdir(exist_ok=True)
    (tmp_path / block).write_text("mine")
    with pytest.raises(SettingsError, match=f"{block} is no directory"):
        write_missing(tmp_path, FILES)
    assert everything(tmp_path) == {block: "mine"}


def test_a_directory_in_the_place_of_a_file_stops_everything(tmp_path):
    (tmp_path / "two.txt").mkdir()
    with pytest.raises(SettingsError, match=r"two\.txt is a directory"):
        write_missing(tmp_path, FILES)
    assert everything(tmp_path) == {}


def test_what_was_written_before_a_failure_is_taken_back(tmp_path):
    name = "x" * 300
    with pytest.raises(SettingsError, match="cannot be written: File name too long; nothing was"):
        write_missing(tmp_path, {"a/one.txt": "1", f"b/{name}": "2"})
    assert list(tmp_path.iterdir()) == []
