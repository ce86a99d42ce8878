"""What tells that a live object is ours."""

from dataclasses import dataclass
from typing import Literal

EvidenceRule = Literal["mark", "name", "reference", "below"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One way to tell which stack a live object belongs to; `field` is a YAML path of the spec.

    mark: the object's own mark names it. name: `field` starts with `STACK--`. reference: it is that
    of the object behind `field`. below: `field` lies below one of our call back URIs. Of several
    the first that tells anything counts.
    """

    rule: EvidenceRule
    field: str = ""
