"""The software bill of materials, written from the lock that everybody installs."""

import json
import re
import sys
from pathlib import Path
from typing import Any

from release.building import commit_time
from release.process import ROOT, demand, run
from release.version import project

LOCK = ROOT / "requirements/run.txt"
_PIN = re.compile(r"^([\w.-]+)(?:\[[\w,.-]+\])?==([^\s;\\]+)", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def write_bill(file: Path) -> int:
    """Write the bill as CycloneDX JSON that keeps to the schema; return how much it lists.

    Raises:
        NotReleasable: it does not tell what the lock tells, or not the same each time.
    """
    told = _told("--validate")
    demand(_told("--no-validate") == told, "the bill differs from one time to the next")
    bill = json.loads(told)
    check_bill(bill, LOCK.read_text("utf-8"))
    file.write_text(told, "utf-8")
    return len(bill["components"])


def check_bill(bill: dict[str, Any], lock: str) -> None:
    """Check that a bill is of this version and lists what a lock pins, with the lock's hashes.

    Raises:
        NotReleasable: naming what differs.
    """
    subject, declared = bill["metadata"]["component"], project()
    told_of = (subject["name"], subject["version"])
    demand(told_of == (declared["name"], declared["version"]), f"the bill is of {told_of}")
    listed = {(item["name"], item["version"]) for item in bill["components"]}
    locked = set(_PIN.findall(lock))
    demand(listed == locked, f"the bill and the lock differ in {sorted(listed ^ locked)}")
    hashes = {
        found["content"]
        for item in bill["components"]
        for reference in item.get("externalReferences", ())
        for found in reference.get("hashes", ())
    }
    demand(hashes == set(_HASH.findall(lock)), "the bill and the lock differ in their hashes")


def _told(validate: str) -> str:
    # A lock does not say what depends on what, and the tool warns of that.
    tool = [sys.executable, "-W", "ignore::UserWarning", "-m", "cyclonedx_py", "requirements"]
    form = ["--output-reproducible", "--of", "JSON", "--sv", "1.6", validate]
    about = ["--pyproject", str(ROOT / "pyproject.toml"), "--mc-type", "application"]
    return run([*tool, *form, *about, LOCK], environ={"SOURCE_DATE_EPOCH": commit_time()})
