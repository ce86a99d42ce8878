"""What CONTRIBUTING.md says of the code is so: its files, names, rooms and lists."""

import dataclasses
import importlib
import re
from functools import reduce
from pathlib import Path

import pytest

from reconciler.core.provider import Abilities
from reconciler.core.service import Service

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
SYMBOLS = sorted(set(re.findall(r"`([\w/]+)\.py::([\w.]+)`", TEXT)))
PATHS = sorted(set(re.findall(r"`((?:reconciler|tests|docs)/[\w./-]*)`", TEXT)))


def names_in(heading):
    """Return what stands in code in the first column of a table."""
    table = TEXT[TEXT.index(heading) :].partition("\n\n")[0]
    cells = [line.strip().removeprefix("|").partition("|")[0] for line in table.splitlines()[1:]]
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]


def within(holder, name):
    fields = getattr(holder, "model_fields", {})
    return fields[name] if name in fields else getattr(holder, name)


@pytest.mark.parametrize(("path", "symbol"), SYMBOLS)
def test_a_name_is_where_it_is_said_to_be(path, symbol):
    module = importlib.import_module(path.replace("/", "."))
    assert reduce(within, symbol.split("."), module) is not None


def test_files_and_folders_are_there():
    written_by_the_release = {"reconciler/starter/source.txt"}
    missing = [path for path in PATHS if not (ROOT / path).exists()]
    assert set(missing) <= written_by_the_release


def test_the_map_has_every_room():
    package = ROOT / "reconciler"
    folders = {path.parent.name for path in package.glob("*/__init__.py")}
    files = {path.stem for path in package.glob("[!_]*.py")}
    assert set(names_in("| room |")) == folders | files


@pytest.mark.parametrize(
    ("heading", "fields"),
    [
        ("| `reconciler/core/service.py::Service` |", Service._fields),
        (
            "| `reconciler/core/provider.py::Abilities` |",
            tuple(field.name for field in dataclasses.fields(Abilities)),
        ),
    ],
)
def test_a_list_is_whole(heading, fields):
    assert names_in(heading) == list(fields)
