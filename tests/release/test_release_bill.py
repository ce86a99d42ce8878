"""The bill of materials tells what the lock pins, to the letter."""

import json
import re

import pytest

from release import bill
from release.process import NotReleasable
from release.version import project

LOCK = f"""one==1.0 \\
    --hash=sha256:{"a" * 64}
two==2.0 ; python_version < '4' \\
    --hash=sha256:{"b" * 64} \\
    --hash=sha256:{"c" * 64}
"""


def component(name, version, *hashes):
    told = [{"alg": "SHA-256", "content": content * 64} for content in hashes]
    references = [{"type": "distribution", "hashes": told}]
    return {"name": name, "version": version, "externalReferences": references}


def told(*components, version=None):
    declared = project()
    subject = {"name": declared["name"], "version": version or declared["version"]}
    return {"metadata": {"component": subject}, "components": list(components)}


ONE, TWO = component("one", "1.0", "a"), component("two", "2.0", "b", "c")


def test_a_bill_that_tells_what_the_lock_pins_is_taken():
    bill.check_bill(told(ONE, TWO), LOCK)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (told(ONE), "two"),
        (told(ONE, TWO, component("three", "3.0", "d")), "three"),
        (told(ONE, component("two", "2.1", "b", "c")), r"2\.1"),
        (told(ONE, component("two", "2.0", "b")), "hashes"),
        (told(ONE, component("two", "2.0")), "hashes"),
        (told(ONE, TWO, version="9.9"), r"9\.9"),
    ],
)
def test_a_bill_that_tells_anything_else_is_refused(wrong, why):
    with pytest.raises(NotReleasable, match=why):
        bill.check_bill(wrong, LOCK)


@pytest.mark.external
def test_the_bill_of_the_lock_is_cyclonedx_and_the_same_each_time(tmp_path, monkeypatch):
    # Without it every format is looked at but that of international addresses, whose grammar takes
    # four seconds to load. A release does without nothing.
    (tmp_path / "rfc3987_syntax.py").write_text("raise ImportError(__name__)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    file = tmp_path / "bill.json"
    number = bill.write_bill(file)
    written = json.loads(file.read_text("utf-8"))
    assert (written["bomFormat"], written["specVersion"]) == ("CycloneDX", "1.6")
    assert number == len(re.findall("^[a-z].*==", bill.LOCK.read_text("utf-8"), re.MULTILINE))
    assert "serialNumber" not in written, "it would be another one each time"
