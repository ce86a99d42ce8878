"""Which of Amazon's MWS hosts serves which marketplace.

From the MWS developer guide's table of endpoints; MWS itself ended on 31 March 2024.
"""

from reconciler.core.model import hosts

_PLACES = {
    "mws.amazonservices.com": ("NA", ("ATVPDKIKX0DER", "A2Q3Y263D00KWC")),
    "mws.amazonservices.ca": ("NA", ("A2EUQ1WTGCTBG2",)),
    "mws.amazonservices.com.mx": ("NA", ("A1AM78C64UM0Y8",)),
    "mws-eu.amazonservices.com": (
        "EU",
        (
            *("A1PA6795UKMFR9", "A1RKKUPIHCS9HS", "A13V1IB3VIYZZH", "A1F83G8C2ARO7P"),
            *("APJ6JRA9NG5V4", "A1805IZSGTT6HS", "A2NODRKZP88ZB9", "A1C3SOZRARQ6R3"),
            *("AMEN7PMS3EDWL", "A33AVAJ2PDY3EV", "ARBP9OOSHTCHU", "A17E79C6D8DWNP"),
        ),
    ),
    "mws.amazonservices.co.uk": ("EU", ()),
    "mws.amazonservices.ae": ("EU", ("A2VIGQ35RCS4UG",)),
    "mws.amazonservices.in": ("EU", ("A21TJRUUN4KGV",)),
    "mws.amazonservices.jp": ("FE", ("A1VC38T7YXB528",)),
    "mws.amazonservices.com.au": ("FE", ("A39IBJ37TRP1C6",)),
    "mws-fe.amazonservices.com": ("FE", ("A19VAU5U5O7RUS",)),
    "mws.amazonservices.com.cn": ("CN", ("AAHKV2X7AFYLW",)),
}
AMAZON_HOSTS = tuple(_PLACES)
"""Amazon's own MWS hosts, the only ones: others may have bought names that look like them."""
_HOSTS = {place: host for host, (_, places) in _PLACES.items() for place in places}
_REGIONS = {host: region for host, (region, _) in _PLACES.items()}


def host_of(marketplace: str) -> str | None:
    """Return the MWS host that serves a marketplace, None for a marketplace we do not know."""
    return _HOSTS.get(marketplace)


def is_amazon(url: str) -> bool:
    """Say whether a URL leads to one of Amazon's own MWS hosts."""
    return hosts.host_of(url) in AMAZON_HOSTS


def region_conflict(marketplace: str, url: str) -> tuple[str, str] | None:
    """Return (host's region, marketplace's region) where both are known and differ."""
    host = _REGIONS.get(hosts.host_of(url))
    place = _REGIONS.get(_HOSTS.get(marketplace, ""))
    return (host, place) if host and place and host != place else None


def sp_api_region(marketplace: str) -> str | None:
    """Return the region of the SP-API that serves a marketplace; China has none."""
    region = _REGIONS.get(_HOSTS.get(marketplace, ""))
    return region.lower() if region in ("NA", "EU", "FE") else None
