"""Which addresses are public: none of the special ranges, whatever they are written as."""

import ipaddress

import pytest

from reconciler.services.merchant.addresses import is_public
from reconciler.services.merchant.call_back import parse_template

SPECIAL = """
    0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254
    169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.8 192.0.0.9 192.0.0.10 192.0.0.170
    192.0.0.171 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.1.1 192.175.48.1
    198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1
    255.255.255.255
    :: ::1 ::2 ::8.8.8.8 ::127.0.0.1 ::ffff:10.0.0.1 ::ffff:127.0.0.1 ::ffff:169.254.169.254
    ::ffff:100.64.0.1 ::ffff:0:8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::169.254.169.254
    64:ff9b::127.0.0.1 64:ff9b:1::8.8.8.8 64:ff9b:1:ffff::1 100::1 100:0:0:1::1 200::1 1000::1
    2001::1 2001:0:53aa:64c::8.8.8.8 2001:1::1 2001:1::2 2001:1::3 2001:2::1 2001:3::1 2001:4:112::1
    2001:10::1 2001:20::1 2001:30::1 2001:1ff:ffff::1 2001:db8::1 2002:7f00:1::1 2002:808:808::1
    2002:a9fe:a9fe::1 2620:4f:8000::1 3fff::1 3fff:fff::1 4000::1 5f00::1 8000::1 fc00::1 fd00::1
    fdff::1 fe00::1 fe80::1 fe80::1%eth0 febf::1 fec0::1 feff::1 ff00::1 ff02::1 ff0e::1
"""
PUBLIC = """
    1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 93.184.215.14 100.63.255.255 100.128.0.0 126.255.255.255
    128.0.0.1 169.253.255.255 172.15.255.255 172.32.0.0 192.0.1.1 192.167.255.255 198.17.255.255
    198.20.0.0 223.255.255.255
    2001:200::1 2001:4860:4860::8888 2606:2800:21f:cb07::1 2a00:1450:4001::1 2003::1 3ffe::1
    ::ffff:8.8.8.8 64:ff9b::8.8.8.8
"""


@pytest.mark.parametrize("address", SPECIAL.split())
def test_a_special_address_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC.split())
def test_an_ordinary_address_is_public(address):
    assert is_public(address)


def _not_global(constants):
    """Return networks that this Python's own table, as old as it is, calls not global."""
    return [*constants._private_networks, *getattr(constants, "_reserved_networks", ())]


@pytest.mark.parametrize(
    "network",
    [*_not_global(ipaddress._IPv4Constants), *_not_global(ipaddress._IPv6Constants)],
    ids=str,
)
def test_what_the_standard_library_calls_private_or_reserved_is_not_public(network):
    mapped = ipaddress.ip_network("::ffff:0:0/96")
    nat64 = ipaddress.ip_network("64:ff9b::/96")
    for number in (0, 1, network.num_addresses // 2, network.num_addresses - 1):
        address = network[min(number, network.num_addresses - 1)]
        if address in mapped or address in nat64:
            continue  # stands for an IPv4 address, which decides
        assert not is_public(str(address)), address


@pytest.mark.parametrize(
    "host",
    [
        *("2130706433", "0x7f000001", "0x7f.0.0.1", "127.1", "0177.0.0.1", "127.0.0.1."),
        *("10.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::a00:1]", "[3fff::1]", "[fec0::1]"),
        *("localhost", "hook", "hook.local", "metadata.google.internal", "router.home.arpa"),
    ],
)
def test_a_call_back_uri_may_not_name_what_is_not_public(host):
    with pytest.raises(ValueError, match="expected a public host"):
        parse_template(f"https://{host}/x")


@pytest.mark.parametrize("host", ["hooks.example.com", "8.8.8.8", "[2001:4860:4860::8888]", "a.b1"])
def test_a_call_back_uri_may_name_what_is_public(host):
    assert parse_template(f"https://{host}/x")
