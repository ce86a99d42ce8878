"""Which addresses anybody on the internet may reach: what a push can go to.

Python's own `is_global` is as old as the Python, and calls some addresses global that stand for
others. So here is a table of its own.
"""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# IANA IPv4 Special-Purpose Address Registry as of 2025-10-09, whole, and the multicast addresses.
# Some of it is reachable (anycast of AS112, AMT, PCP, TURN), but nobody's server.
_SPECIAL_V4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private use
            "100.64.0.0/10",  # shared address space
            "127.0.0.0/8",  # loopback
            "169.254.0.0/16",  # link local; metadata services of clouds
            "172.16.0.0/12",  # private use
            "192.0.0.0/24",  # IETF protocol assignments, DS-Lite, NAT64 discovery
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays, deprecated
            "192.168.0.0/16",  # private use
            "192.175.48.0/24",  # AS112, direct delegation
            "198.18.0.0/15",  # benchmarking
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and the limited broadcast
        ),
    )
)
# IANA IPv6 Global Unicast Address Assignments: all there is for servers lies in here.
_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
# IANA IPv6 Special-Purpose Address Registry as of 2025-10-09, as far as it lies in there. Outside
# lie loopback, unspecified, IPv4-mapped, -compatible and -translated addresses, NAT64, discard and
# dummy prefixes, segment routing, unique local, link local, site local and multicast.
_SPECIAL_V6 = tuple(
    map(
        ipaddress.IPv6Network,
        (
            "2001::/23",  # IETF protocol assignments: Teredo, benchmarking, AMT, ORCHID, DRIP, ...
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: stands for an IPv4 address, deprecated
            "2620:4f:8000::/48",  # AS112, direct delegation
            "3fff::/20",  # documentation
        ),
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""The well-known prefix, with which a DNS64 answers for names that have IPv4 addresses only."""


def is_public(address: str) -> bool:
    """Say whether an address is one that anybody may reach, also where it stands in for another.

    Raises:
        ValueError: it is no address.
    """
    return _is_public(ipaddress.ip_address(address.partition("%")[0]))


def _is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _SPECIAL_V4)
    if address.ipv4_mapped is not None:
        return _is_public(address.ipv4_mapped)
    if address in _NAT64:
        return _is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address in _UNICAST_V6 and not any(address in network for network in _SPECIAL_V6)
