"""Which secrets the declarations refer to, by where they are kept."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.secret_ref import references_in


@dataclass(frozen=True, slots=True)
class References:
    """Names, never values: sorted, each once.

    `environment` are variables, `aws` ids or ARNs of Secrets Manager without their `#jsonKey`,
    `google` names in Secret Manager without their version.
    """

    environment: tuple[str, ...]
    aws: tuple[str, ...]
    google: tuple[str, ...]


def references_of(declared: Declarations) -> References:
    """Return the references to secrets in accounts and in objects."""
    found: dict[str, set[str]] = {}
    for text in _all(declared):
        scheme, _, rest = text.partition(":")
        found.setdefault(scheme, set()).add(rest)
    return References(
        environment=_sorted(found.get("env", ())),
        aws=_sorted(item.partition("#")[0] for item in found.get("aws-secretsmanager", ())),
        google=_sorted(
            item.partition("/versions/")[0] for item in found.get("gcp-secretmanager", ())
        ),
    )


def _all(declared: Declarations) -> Iterator[str]:
    for account in declared.accounts.values():
        yield from references_in(account)
    for item in declared.desired:
        yield from item.spec.secrets()


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))
