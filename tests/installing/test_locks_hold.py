"""A lock is the whole closure of what is asked for, on every Python and system it is for."""

import re
import tomllib
from functools import cache
from importlib import metadata

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

from tests.github.workflows import ROOT
from tests.index import PIN, canonical

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ASKED = {
    "run": [],
    "sandbox": ["sandbox"],
    "listen": ["listen"],
    "dev": ["dev", "listen", "sandbox"],
}
"""The extras of the project that each lock is for."""
PYTHONS = [
    found[1]
    for name in PROJECT["classifiers"]
    if (found := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", name))
]
NEED_NOTHING = {"colorama"}
"""What is installed on other systems only, so that nothing here tells what it needs."""
SYSTEMS = {
    "linux": {"os_name": "posix", "platform_system": "Linux", "platform_machine": "x86_64"},
    "darwin": {"os_name": "posix", "platform_system": "Darwin", "platform_machine": "arm64"},
    "win32": {"os_name": "nt", "platform_system": "Windows", "platform_machine": "AMD64"},
}


def machine(python, system):
    """Return what markers are evaluated with on a machine."""
    return {
        **SYSTEMS[system],
        "sys_platform": system,
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_version": "",
    }


@cache
def pinned(lock):
    """Return the requirements of a lock."""
    text = (ROOT / f"requirements/{lock}.txt").read_text(encoding="utf-8")
    found = [
        Requirement(f"{pin['name']}{pin['extras'] or ''}=={pin['version']}{pin['marker']}")
        for pin in PIN.finditer(text)
    ]
    assert len(found) == len(re.findall("^[^ #]", text, re.MULTILINE))
    return found


def asked_for(lock):
    """Return what the project and its build ask for."""
    build = (ROOT / "requirements/build.in").read_text(encoding="utf-8")
    lines = [line for line in build.splitlines() if line and not line.startswith("#")]
    lines += PROJECT["dependencies"]
    for extra in ASKED[lock]:
        lines += PROJECT["optional-dependencies"][extra]
    found = map(Requirement, lines)
    return [item for item in found if item.name != PROJECT["name"]]


def applies(requirement, environment, extras=()):
    return requirement.marker is None or any(
        _holds(str(requirement.marker), extra, *environment.items()) for extra in extras or ("",)
    )


@cache
def _holds(marker, extra, *environment):
    return Marker(marker).evaluate({**dict(environment), "extra": extra})


def needs(pin):
    """Return what a pinned package says that it needs."""
    if canonical(pin.name) in NEED_NOTHING:
        return ()
    version, found = needs_of(pin.name)
    assert pin.specifier.contains(version), f"not {pin} is here: make .venv/.dev"
    return found


@cache
def needs_of(name):
    found = metadata.distribution(name)
    return found.version, tuple(map(Requirement, found.requires or ()))


def without_marker(requirement):
    return Requirement(str(requirement).partition(";")[0])


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", ASKED)
def test_whatever_a_package_of_a_lock_needs_on_a_machine_the_lock_pins_there(lock, python, system):
    environment = machine(python, system)
    pins = {canonical(pin.name): pin for pin in pinned(lock) if applies(pin, environment)}
    waiting, seen = asked_for(lock), set()
    while waiting:
        wanted = waiting.pop()
        if str(wanted) in seen or not applies(wanted, environment):
            continue
        seen.add(str(wanted))
        pin = pins.get(canonical(wanted.name))
        assert pin, f"{lock}.txt has no {wanted} for Python {python} on {system}"
        assert all(wanted.specifier.contains(exact.version) for exact in pin.specifier)
        assert wanted.extras <= pin.extras, f"{lock}.txt does not keep the extras of {wanted}"
        extras = ("", *wanted.extras)
        active = [need for need in needs(pin) if applies(need, environment, extras)]
        waiting += map(without_marker, active)
    assert pins.keys() == {canonical(Requirement(text).name) for text in seen}
