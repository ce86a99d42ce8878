"""Which room may use what of others: also in folders, and of packages, that nobody named yet."""

import ast
import sys
from collections import defaultdict
from functools import cache
from pathlib import Path

import reconciler

PACKAGE = Path(reconciler.__file__).parent
EVERYWHERE = {"pydantic", "pydantic_core"}
OURS = {"reconciler", *EVERYWHERE}
ROOMS = {
    "cli": {"typer", "boto3", "uvicorn"},
    "core": {"deepdiff", "yaml"},
    "credentials": {"boto3", "botocore", "google", "googleapiclient"},
    "files": set(),
    "github": {"github"},
    "listening": set(),
    "migration": set(),
    "notifications": {"defusedxml"},
    "operate": {"yaml"},
    "reports": {"jinja2", "markupsafe", "rich"},
    "run": set(),
    "starter": {"yaml", "packaging"},
    "transport": {"botocore", "certifi", "cryptography", "google", "httplib2", "urllib3"},
}
OF_THEIR_OWN = ("services", "sandbox")


@cache
def imports():
    """Return (room, folder below it, package of others) for each import there is."""
    found = []
    for file in PACKAGE.rglob("*.py"):
        room, folder, *_ = (*file.relative_to(PACKAGE).parts, "")
        for node in ast.walk(ast.parse(file.read_text())):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module]
                if isinstance(node, ast.ImportFrom) and node.module and not node.level
                else []
            )
            tops = {name.partition(".")[0] for name in names} - OURS - sys.stdlib_module_names
            found.extend((room, folder, top) for top in tops)
    return found


def test_a_room_uses_what_its_row_says():
    found = {
        (room, name)
        for room, _, name in imports()
        if room not in OF_THEIR_OWN and name not in ROOMS.get(room, ())
    }
    assert found == set()


def test_what_a_service_uses_no_other_service_uses():
    users = defaultdict(set)
    for room, folder, name in imports():
        if room == "services":
            users[name].add(folder)
    shared = {name: folders for name, folders in users.items() if len(folders) > 1}
    assert shared == {}
