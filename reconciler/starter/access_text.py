"""What the services must allow, written for the person who sets it up."""

from collections.abc import Iterator, Sequence

from reconciler.core.manifest.reader import Declarations
from reconciler.core.model.repository import PLACEHOLDER, HostedRepository
from reconciler.core.service import Service
from reconciler.core.text.prose import paragraph
from reconciler.starter.references import access_question


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
