"""Everybody we talk to, in every network: the right sentence, and no token elsewhere."""

import base64

import pytest

from tests.network_table import COLUMNS, HIDDEN, PASSWORD, ROWS, network


@pytest.fixture(scope="module")
def wires(tmp_path_factory):
    with network(tmp_path_factory.mktemp("network")) as made:
        yield made


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("row", ROWS)
def test_each_cell_of_the_table(wires, row, column):
    expected = COLUMNS[column]
    said = wires.ask(row, expected)
    if expected.says:
        assert expected.says.replace("{proxy}", wires.proxy.place) in said
    else:
        assert said == ""
    assert "\n" not in said
    assert not [secret for secret in (*HIDDEN, PASSWORD) if secret in said]
    assert wires.leaked() == []
    assert wires.foreign.seen == []
    assert bool(wires.proxy.seen) == expected.asked
    asked = [host for server in wires.hosts.values() for host, *_ in server.seen]
    assert bool(asked) == (not expected.says or expected.mode != "well")


@pytest.mark.parametrize("row", ROWS)
def test_a_proxy_gets_its_password_and_nobody_else_does(wires, row):
    wires.ask(row, COLUMNS["proxy with password"])
    login = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
    assert all(f"Proxy-Authorization: Basic {login}" in seen for seen in wires.proxy.seen)
    told = str([host.seen for host in wires.hosts.values()])
    assert login not in told
    assert "Proxy-Authorization" not in told
