"""Which files are declarations, and what is said where there are none."""

import os
import socket
from pathlib import Path

import pytest

from reconciler.core.model.errors import DeclarationError
from reconciler.files.sources import load
from reconciler.wiring import declarations

HEAD = "stack: acme\npolicy: {prune: true}\n"
AWS = 'accounts:\n  aws: {service: aws, region: eu-west-1, accountId: "123456789012"}\n'


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def write(tmp_path):
    def to(name, text):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    return to


@pytest.fixture
def refused(tmp_path):
    def read(path):
        with pytest.raises(DeclarationError) as caught:
            declarations(tmp_path / path)
        return str(caught.value).replace(f"{tmp_path}{os.sep}", "")

    return read


def names(tmp_path, folder="."):
    return [item.address for item in declarations(tmp_path / folder).desired]


def test_yaml_and_yml_files_are_read_recursively_and_merged(write, tmp_path):
    write("a.yaml", HEAD + AWS)
    write("b.yml", "queues: {one: {}}\n")
    write("deep/er/c.yaml", "queues: {two: {}}\n")
    write("D.YAML", "queues: {three: {}}\n")
    write("e.Yml", "queues: {four: {}}\n")
    assert names(tmp_path) == ["queue.four", "queue.one", "queue.three", "queue.two"]


def test_hidden_files_and_folders_and_other_suffixes_are_skipped(write, tmp_path):
    write("a.yaml", HEAD)
    for name in (".hidden.yaml", ".git/config.yaml", "deep/.x/y.yml", "notes.txt", "a.yaml.bak"):
        write(name, "not: declarations\n")
    assert names(tmp_path) == []


def test_files_are_read_in_sorted_order_so_that_the_first_of_two_is_always_the_same(write, refused):
    write("z.yaml", HEAD)
    write("a/b.yaml", "stack: second\n")
    write("a.yaml", "stack: third\n")
    told = refused(".").splitlines()
    assert [line.split(":")[0] for line in told] == ["a.yaml", "z.yaml"]
    assert all("first at" in line and "a/b.yaml:1:1" in line for line in told)


def test_a_single_file_may_be_given_whatever_its_name(write, tmp_path):
    write("declarations.txt", HEAD + AWS + "queues: {one: {}}\n")
    assert names(tmp_path, "declarations.txt") == ["queue.one"]


def test_a_byte_order_mark_is_accepted_and_counts_as_no_column(write, tmp_path, refused):
    write("good/a.yaml", b"\xef\xbb\xbf" + HEAD.encode())
    assert names(tmp_path, "good") == []
    write("bad/a.yaml", b"\xef\xbb\xbfstak: acme\n" + HEAD.encode())
    assert refused("bad") == "bad/a.yaml:1:1: unknown key 'stak', did you mean 'stack'?"


def test_windows_line_ends_change_no_position(write, refused):
    write("a.yaml", "stack: acme\r\npolicy:\r\n  prune: 1\r\n")
    assert refused("a.yaml") == "a.yaml:3:10: policy.prune: expected true or false, not 1"


def test_a_column_counts_characters_not_bytes(write, refused):
    write("a.yaml", 'stack: acme\npolicy: {prune: true, ignoreTags: ["größe"], adopt: 1}\n')
    assert refused("a.yaml") == "a.yaml:2:53: policy.adopt: expected true or false, not 1"


def test_an_empty_directory_is_told(tmp_path, refused):
    (tmp_path / "subscriptions").mkdir()
    assert refused("subscriptions") == (
        "subscriptions: no *.yaml or *.yml file here: give the directory that holds them"
    )


@pytest.mark.parametrize("name", ["nowhere", "n" * 5000])
def test_a_path_that_leads_nowhere_is_told(refused, name):
    assert refused(name) == (
        f"{name}: no such file or directory: name the directory that holds the declarations"
    )


def test_a_file_that_cannot_be_read_is_told(write, tmp_path, refused):
    write("a.yaml", HEAD)
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    assert refused(".") == "gone.yaml: cannot be read: No such file or directory"


def test_a_folder_that_cannot_be_read_is_told_and_not_taken_for_empty(write, tmp_path):
    # Nobody, not even root, may read a folder whose path is longer than the system allows.
    write("a.yaml", HEAD)
    for _ in range(20):
        Path("d" * 250).mkdir()
        os.chdir("d" * 250)
    with pytest.raises(DeclarationError, match=r"d: cannot be read: File name too long"):
        declarations(tmp_path)


def test_links_within_the_directory_are_followed_and_each_file_is_read_once(write, tmp_path):
    write("stack/a.yaml", HEAD + AWS)
    write("stack/shared/b.yaml", "queues: {one: {}}\n")
    write("stack/.data/c.yaml", "queues: {two: {}}\n")
    (tmp_path / "stack" / "again").symlink_to(tmp_path / "stack" / "shared")
    (tmp_path / "stack" / "c.yaml").symlink_to(Path(".data/c.yaml"))
    (tmp_path / "stack" / "d.yaml").symlink_to(Path("shared/b.yaml"))
    assert names(tmp_path, "stack") == ["queue.one", "queue.two"]


def test_the_directory_itself_may_be_a_link_beside_what_it_leads_to(write, tmp_path):
    write("releases/5/a.yaml", HEAD)
    (tmp_path / "current").symlink_to(Path("releases/5"))
    assert names(tmp_path, "current") == []


HIDDEN = "hunter2: [unclosed\n"
OUT = "is a link that leads out of the directory of the declarations"


@pytest.mark.parametrize("target", ["outside/secret.yaml", "stack-2/secret.yaml"])
def test_a_link_that_leaves_the_directory_is_refused_and_nothing_behind_it_quoted(
    write, refused, tmp_path, target
):
    write("stack/a.yaml", HEAD)
    write(target, HIDDEN)
    (tmp_path / "stack" / "file.yaml").symlink_to(tmp_path / target)
    (tmp_path / "stack" / "folder").symlink_to((tmp_path / target).parent)
    (tmp_path / "stack" / "hop.yaml").symlink_to(Path("file.yaml"))
    told = refused("stack")
    assert told.splitlines() == [
        f"stack/{name}:1:1: {OUT}" for name in ("file.yaml", "folder", "hop.yaml")
    ]


def test_a_path_that_is_itself_such_a_link_is_refused(write, refused, tmp_path):
    write("elsewhere/secret.yaml", HIDDEN)
    (tmp_path / "repository").mkdir()
    for name in ("subscriptions", "one.yaml"):
        target = tmp_path / "elsewhere" / ("secret.yaml" if name.endswith("yaml") else "")
        (tmp_path / "repository" / name).symlink_to(target)
        os.chdir(tmp_path / "repository")
        assert refused(f"repository/{name}") == (
            f"repository/{name}:1:1: is a link that leads out of its directory: give the path it "
            "leads to"
        )


def test_links_in_a_circle_are_refused(write, refused, tmp_path):
    write("stack/a.yaml", HEAD)
    (tmp_path / "stack" / "deep").mkdir()
    (tmp_path / "stack" / "deep" / "up").symlink_to(Path(".."))
    (tmp_path / "stack" / "self.yaml").symlink_to(Path("self.yaml"))
    assert refused("stack").splitlines() == [
        "stack/deep/up:1:1: is a link to a folder that it lies in, which would never end",
        "stack/self.yaml: is a link that leads back to itself",
    ]


def test_a_fifo_a_device_and_a_socket_are_refused_without_waiting(write, refused, tmp_path):
    write("stack/a.yaml", HEAD)
    os.mkfifo(tmp_path / "stack" / "fifo.yml")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("stack/socket.yaml")
        told = refused("stack").splitlines()
    assert told[0] == "stack/fifo.yml:1:1: is no regular file, and only such are read"
    assert told[1].startswith("stack/socket.yaml:1:1: ")
    assert refused("/dev/null") == "/dev/null:1:1: is no regular file, and only such are read"
    (tmp_path / "stack" / "null.yaml").symlink_to("/dev/null")
    assert f"stack/null.yaml:1:1: {OUT}" in refused("stack")


def test_a_file_over_32_mib_is_refused(write, refused):
    write("a.yaml", HEAD + "#" * (32 * 1024 * 1024 - len(HEAD)))
    assert len(load(Path("a.yaml"))) == 1
    write("a.yaml", HEAD + "#" * (32 * 1024 * 1024 - len(HEAD) + 1))
    assert refused("a.yaml") == "a.yaml:1:1: is larger than 32 MiB: split it into several files"
