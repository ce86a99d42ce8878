"""Which secrets the declarations refer to, by where they are kept."""

from collections.abc import Iterable, Iterator

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.repository import HostedRepository
from reconciler.core.model.secret_ref import References, references_in
from reconciler.core.service import AccessQuestion


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


def access_question(declared: Declarations, repository: HostedRepository) -> AccessQuestion:
    """Return what services are asked when they are to say what must be allowed."""
    return AccessQuestion(
        stack=declared.stack,
        prune=declared.policy.prune is True,
        accounts=declared.accounts,
        desired=declared.desired,
        secrets=references_of(declared),
        repository=repository,
    )
