"""Objects that a service does not let stand beside each other."""

from typing import NamedTuple


class Exclusion(NamedTuple):
    """Of one `group`, objects of different slots cannot coexist; `rule` says so in words."""

    group: str
    slot: str
    rule: str = ""
