"""What the services must allow, and which secrets are referred to, for who sets it up."""

from collections.abc import Iterable, Iterator, Sequence

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.repository import PLACEHOLDER, HostedRepository
from reconciler.core.model.secret_ref import References, references_in
from reconciler.core.service import AccessQuestion, Service
from reconciler.core.text.phrases import paragraph


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


def access_text(
    declared: Declarations, repository: HostedRepository, services: Sequence[Service]
) -> str:
    """Return policies, trust policies and conditions, each under its heading; "" for none."""
    question = access_question(declared, repository)
    parts = [part for service in services for part in service.access(question).parts]
    if parts:
        parts += _about_repository(repository)
    return "\n\n".join(parts) + "\n" if parts else ""


def _about_repository(repository: HostedRepository) -> Iterator[str]:
    if not repository.named:
        yield paragraph(
            f"{PLACEHOLDER} stands for your repository: no git remote on github.com was found. "
            "Run again with --repository OWNER/NAME."
        )
    if not repository.numbered:
        yield paragraph(
            "OWNER_ID and REPOSITORY_ID stand for numbers, which GitHub puts into the subjects of "
            "repositories created or renamed since 15 July 2026. In the place of words they match "
            "nothing: run again with --owner-id and --repository-id, as shown by"
        )
        yield f"  gh api repos/{repository} --jq '.owner.id, .id'"
