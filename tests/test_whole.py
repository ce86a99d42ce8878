"""Files are written whole or not at all."""

import os
import resource
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from reconciler.files.whole import write_new, write_whole


def names(folder):
    return sorted(item.name for item in folder.iterdir())


def test_a_new_file_is_written_with_the_usual_mode(tmp_path):
    former = os.umask(0o027)
    try:
        write_whole(tmp_path / "a", b"x")
        write_new(tmp_path / "b", b"y")
    finally:
        os.umask(former)
    assert [(tmp_path / name).read_bytes() for name in "ab"] == [b"x", b"y"]
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"] == [0o640] * 2
    assert names(tmp_path) == ["a", "b"]


def test_an_old_file_is_replaced_and_keeps_its_mode(tmp_path):
    file = tmp_path / "a"
    file.write_bytes(b"long content")
    file.chmod(0o604)
    write_whole(file, b"x")
    assert file.read_bytes() == b"x"
    assert stat.S_IMODE(file.stat().st_mode) == 0o604


def test_what_a_link_leads_to_is_replaced_and_not_the_link(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "link").symlink_to("deep/file")
    for content in (b"new", b"newer"):
        write_whole(tmp_path / "link", content)
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "deep" / "file").read_bytes() == content
    assert names(tmp_path / "deep") == ["file"]


def test_a_new_file_takes_nothings_place(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("a", "dangling"):
        with pytest.raises(FileExistsError) as caught:
            write_new(tmp_path / name, b"x")
        assert caught.value.filename == str(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == ["a", "dangling"]


def test_of_two_who_write_a_new_file_at_once_one_is_told(tmp_path):
    failed = []

    def write(content):
        try:
            write_new(tmp_path / "a", content)
        except FileExistsError:
            failed.append(content)

    threads = [threading.Thread(target=write, args=(bytes([number]) * 9,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failed) == 7
    assert (tmp_path / "a").read_bytes() not in failed


SCRIPT = """
import sys
from pathlib import Path
from reconciler.files.whole import write_new, write_whole
write = {"new": write_new, "whole": write_whole}[sys.argv[1]]
try:
    write(Path(sys.argv[2]), b"x" * 1_000_000)
except OSError as error:
    print(error.strerror, error.filename)
"""


def _almost_full():
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


@pytest.mark.parametrize(("way", "name"), [("whole", "old"), ("whole", "fresh"), ("new", "fresh")])
def test_where_there_is_no_room_what_was_there_stays(tmp_path, way, name):
    (tmp_path / "old").write_bytes(b"old")
    command = [sys.executable, "-c", SCRIPT, way, str(tmp_path / name)]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=_almost_full)
    assert done.stdout == f"File too large {tmp_path / name}\n"
    assert names(tmp_path) == ["old"]
    assert (tmp_path / "old").read_bytes() == b"old"


def test_a_directory_is_not_replaced(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "a", b"x")
    assert names(tmp_path) == ["a"]


def test_a_missing_directory_is_told_by_the_files_own_name(tmp_path):
    with pytest.raises(FileNotFoundError) as caught:
        write_whole(tmp_path / "no" / "a", b"x")
    assert caught.value.filename == str(tmp_path / "no" / "a")


def test_a_pipe_is_written_to(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    got = []
    reader = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    write_whole(tmp_path / "pipe", b"x" * 200_000)
    reader.join()
    assert got == [b"x" * 200_000]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
@pytest.mark.parametrize("piped", [True, False])
def test_stdout_by_name_is_written_to_wherever_it_leads(tmp_path, name, piped):
    script = (
        "from pathlib import Path; from reconciler.files.whole import write_whole; "
        f"print('before', flush=True); write_whole(Path({name!r}), b'result\\n')"
    )
    command = [sys.executable, "-c", script]
    if piped:
        said = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    else:
        with (tmp_path / "out").open("wb") as out:
            subprocess.run(command, stdout=out, check=True)
        said = (tmp_path / "out").read_bytes()
        assert names(tmp_path) == ["out"]
    assert said == b"before\nresult\n"


def test_a_full_device_is_told():
    with pytest.raises(OSError, match="No space left on device"):
        write_whole(Path("/dev/full"), b"x")
