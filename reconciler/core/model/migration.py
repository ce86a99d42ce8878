"""What a migration has to know of accounts: where it leads from, and where to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """The seller and marketplace of an MWS account, and the SP-API region that serves it, if any.

    Source: "SP-API Endpoints" on developer-docs.amazon.com/sp-api.
    """

    seller: str
    marketplace: str
    region: str | None


@dataclass(frozen=True, slots=True)
class SuccessorApplication:
    """A declared SP-API account: its region and the names of its sellers."""

    name: str
    region: str
    sellers: tuple[str, ...]
