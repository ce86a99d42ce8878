"""What Google must allow, written for the person who sets it up.

Source: google-github-actions/auth, "attribute condition".
"""

from collections.abc import Iterator

from reconciler.core.model.repository import (
    ISSUER,
    READ_ENVIRONMENT,
    WRITE_ENVIRONMENT,
    HostedRepository,
)
from reconciler.core.model.secret_ref import References
from reconciler.core.service import Access, AccessQuestion
from reconciler.core.text.phrases import heading, paragraph
from reconciler.services.merchant.account import MerchantAccount

GOOGLE_PROVIDER = "RECONCILER_GOOGLE_PROVIDER"
GOOGLE_ACCOUNT = "RECONCILER_GOOGLE_SERVICE_ACCOUNT"
"""Variables of the repository that the workflows read."""


def access(question: AccessQuestion) -> Access:
    """Return what Google must allow: who may act as the service account, and as what."""
    merchants = any(isinstance(item, MerchantAccount) for item in question.accounts.values())
    if not merchants and not question.secrets.google:
        return Access()
    parts = tuple(_parts(question.repository, question.secrets))
    return Access((GOOGLE_PROVIDER, GOOGLE_ACCOUNT), parts)


def _parts(repository: HostedRepository, references: References) -> Iterator[str]:
    condition = attribute_condition(repository, (READ_ENVIRONMENT, WRITE_ENVIRONMENT))
    yield heading("Google: who may act as the service account")
    yield (
        f"Workload identity provider with the issuer https://{ISSUER}:\n"
        f"  attribute mapping:   {attribute_mapping()}\n"
        f"  attribute condition: {condition}"
    )
    member = f"repository_id/{repository.id}" if repository.id else f"repository/{repository}"
    yield (
        "Grant roles/iam.workloadIdentityUser on the service account to:\n"
        "  principalSet://iam.googleapis.com/projects/PROJECT_NUMBER/locations/global/"
        f"workloadIdentityPools/POOL/attribute.{member}"
    )
    yield paragraph(
        "The service account must be a user of the Merchant Center account. Google has one scope "
        "for reading and writing, so one service account serves both environments."
    )
    if references.google:
        names = "\n".join(f"  {name}" for name in references.google)
        yield f"Grant it roles/secretmanager.secretAccessor on these secrets:\n{names}"


def attribute_mapping() -> str:
    """Return the attribute mapping of a Google workload identity provider."""
    names = ("repository_id", "repository_owner_id", "repository", "environment")
    mapped = [f"attribute.{name}=assertion.{name}" for name in names]
    return ",".join(["google.subject=assertion.sub", *mapped])


def attribute_condition(repository: HostedRepository, environments: tuple[str, ...]) -> str:
    """Return the attribute condition of a Google workload identity provider, in CEL.

    By ids where both are known, since names can pass to somebody else.
    """
    if repository.numbered:
        ours = (
            f"assertion.repository_id == '{repository.id}' && "
            f"assertion.repository_owner_id == '{repository.owner_id}'"
        )
    else:
        ours = f"assertion.repository == '{repository}'"
    names = ", ".join(f"'{name}'" for name in environments)
    return f"{ours} && assertion.environment in [{names}]"
