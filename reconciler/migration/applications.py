"""Which SP-API account and seller take over from an MWS account. Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from reconciler.core.model.abilities import Origin, SuccessorApplication
from reconciler.core.model.errors import SettingsError
from reconciler.operate.live_declarations import as_name, assign


class SuccessorApplications:
    """Finds the account and seller that take over, and thinks up what is not declared yet.

    One application serves a region. A seller is known by the choice that was made, by a name that
    is its id, or by being the only one on both sides; else it gets a new account.
    """

    def __init__(
        self,
        service: str,
        declared: Iterable[SuccessorApplication],
        origins: Collection[Origin],
        chosen: Mapping[str, str],
        taken: Collection[str],
    ) -> None:
        """Take up what is declared; `taken` are names of all accounts, `service` is of new ones.

        Raises:
            SettingsError: a choice is about a seller that has no MWS account.
        """
        unknown = sorted(chosen.keys() - {origin.seller for origin in origins})
        if unknown:
            raise SettingsError(f"--seller {unknown[0]}: no MWS account has this seller id")
        self._service = service
        self._declared = sorted(declared, key=lambda item: item.name)
        self._origins = origins
        self._chosen = chosen
        self._taken = taken
        self._new: dict[str, set[str]] = {}
        self.notes: set[str] = set()

    def of(self, seller: str, region: str) -> tuple[str, str]:
        """Return the names of account and seller.

        Raises:
            SettingsError: the choice made for the seller leads nowhere.
        """
        here = [item for item in self._declared if item.region == region]
        if seller in self._chosen:
            return self._as_chosen(seller, here)
        for item in here:
            for name in item.sellers:
                if name.lower() == seller.lower():
                    return item.name, name
        moving = {origin.seller for origin in self._origins if origin.region == region}
        if len(here) == 1 and len(here[0].sellers) == 1 and moving == {seller}:
            return here[0].name, here[0].sellers[0]
        if here:
            self.notes.add(_unknown(seller, here))
        self._new.setdefault(region, set()).add(seller)
        return self._name(region), as_name(seller)

    def stubs(self) -> dict[str, dict[str, Any]]:
        """Return the accounts that were thought up, as they stand in YAML."""
        return {
            self._name(region): _stub(self._service, self._name(region), region, sellers)
            for region, sellers in sorted(self._new.items())
        }

    def _as_chosen(self, seller: str, here: Iterable[SuccessorApplication]) -> tuple[str, str]:
        name = self._chosen[seller]
        for item in here:
            if name in item.sellers:
                return item.name, name
        known = ", ".join(_sellers(here)) or "none"
        raise SettingsError(
            f"--seller {seller}={name}: no SP-API account of the seller's region has a seller "
            f"{name!r} (there are: {known}); declare it there first"
        )

    def _name(self, region: str) -> str:
        return assign({region: [f"sp-api-{region}"]}, self._taken)[region]


def _unknown(seller: str, here: Iterable[SuccessorApplication]) -> str:
    return (
        f"seller {seller} has a new account here, since nothing tells whether it is one of "
        f"{', '.join(_sellers(here))}; if it is, run again with --seller {seller}=NAME"
    )


def _sellers(here: Iterable[SuccessorApplication]) -> list[str]:
    return [f"{name} ({item.name})" for item in here for name in item.sellers]


def _stub(service: str, name: str, region: str, sellers: Iterable[str]) -> dict[str, Any]:
    """Return an account whose secrets are awaited in variables named after it."""
    return {
        "service": service,
        "region": region,
        "credentials": {
            "clientId": f"env:{_variable(name)}_CLIENT_ID",
            "clientSecret": f"env:{_variable(name)}_CLIENT_SECRET",
        },
        "sellers": {
            as_name(seller): {
                "refreshToken": f"env:{_variable(name)}_{_variable(seller)}_REFRESH_TOKEN"
            }
            for seller in sorted(sellers)
        },
    }


def _variable(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name).upper()
