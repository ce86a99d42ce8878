"""What holds for every test: how hypothesis draws, what is made once, and interrupts."""

import gc
import os
import signal
import sys
import threading
from dataclasses import fields
from functools import cache

import pytest
from hypothesis import settings

from reconciler.sandbox import Sandbox
from tests.drawing import EVERY_RUN, draw_alike_whatever_is_loaded
from tests.plain_heads import read_heads_plainly
from tests.preloaded import Preloaded, parse_descriptions_once

pytest_plugins = ["tests.tracing"]

# `make matrix` names the other one on its command line, which is read later.
settings.load_profile(EVERY_RUN)

parse_descriptions_once()
read_heads_plainly()

# With it jsonschema works for seconds on the grammar of a format that no schema here names.
sys.modules.setdefault("rfc3987_syntax", None)

# What a shell starts in the background ignores interrupts, and so would all that it starts itself.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    """Draw the same examples wherever not asked for random ones."""
    if settings.get_current_profile_name() == EVERY_RUN:
        draw_alike_whatever_is_loaded()


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Start half as many workers again as there are cores: a quarter of the time each waits."""
    cores = yield
    return cores + cores // 2


def pytest_collection_finish():
    """Leave what was loaded out of every search for garbage, of which it is nearly all."""
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.fixture(scope="session", autouse=True)
def _no_waiting():
    """Let time pass by waiting where a run makes its own clock; pacing has tests of its own."""
    from tests.clocks import Clock

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reconciler.wiring.system_clock", Clock)
        yield


@pytest.fixture(scope="session", autouse=True)
def _what_init_writes_is_made_once():
    """Make the JSON Schema and the wheel of this very program once, of which `init` is most."""
    from reconciler.core.manifest import schema
    from reconciler.starter import bundle

    made, anew = {}, schema.schema_of

    def schema_of(services, describe):
        if id(services) not in made:
            made[id(services)] = services, anew(services, describe)
        return made[id(services)][1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "schema_of", schema_of)
        patch.setattr(bundle, "rebuilt_wheel", cache(bundle.rebuilt_wheel))
        yield


@pytest.fixture(scope="session", autouse=True)
def _aws_clients_with_throw_away_keys_are_made_once():
    """Make boto3's clients once for an endpoint of a sandbox, which costs as much as 20 calls."""
    from reconciler.services.sqs import client, session
    from reconciler.transport import http

    made, lock, anew = {}, threading.Lock(), session.connect

    class Lasting(session.Clients):
        def close(self):
            """Stay open for the next test."""

    def connect(account, keys, secrets, permit, limits=None):
        if keys is None or limits is not None:
            return anew(account, keys, secrets, permit, limits)
        place = (account.endpoint, account.region, keys, http.LIMITS, _surroundings())
        with lock:
            if place not in made:
                made[place] = anew(account, keys, secrets, None)
            found = made[place]
        return Lasting(**{field.name: getattr(found, field.name) for field in fields(found)})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "connect", connect)
        yield
    for clients in made.values():
        clients.close()


@pytest.fixture(scope="session", autouse=True)
def _private_keys_are_read_once():
    """Read a key as Google's logins are made with once: it costs as much as 10 calls."""
    from cryptography.hazmat.primitives import serialization

    with pytest.MonkeyPatch.context() as patch:
        read = cache(serialization.load_pem_private_key)
        patch.setattr(serialization, "load_pem_private_key", read)
        yield


@pytest.fixture(scope="session")
def shared_sandbox():
    """Serve whoever resets it first: a sandbox of one's own costs as much as 50 calls."""
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="session")
def preloaded(tmp_path_factory):
    """Return what runs the command line as a process that has loaded everything already."""
    with Preloaded(tmp_path_factory.mktemp("bin")) as loaded:
        yield loaded


def _surroundings():
    """Return the variables of which clients take note when they are made."""
    return frozenset(
        (name, value)
        for name, value in os.environ.items()
        if name.startswith("AWS_") or name.lower().endswith("_proxy") or name == "HOME"
    )


@pytest.fixture(scope="session")
def private_key():
    """Make a key as Google gives to service accounts."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(*form, serialization.NoEncryption()).decode()
