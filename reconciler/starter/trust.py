"""Who may take the roles: this repository's jobs, by the tokens that GitHub gives them.

Facts: IAM demands a condition on `sub` for GitHub's provider ("Identity-provider controls for
shared OIDC providers") and knows repository_id and environment since January 2026, in commercial
regions; google-github-actions/auth, "attribute condition".
"""

from typing import Any

from reconciler.starter.repository import HostedRepository

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


def trust_policy(
    repository: HostedRepository, environment: str, account_id: str, partition: str = "aws"
) -> dict[str, Any]:
    """Return the trust policy of a role that jobs of `environment` take, and no other."""
    equals: dict[str, Any] = {
        f"{ISSUER}:aud": AUDIENCE,
        f"{ISSUER}:sub": list(repository.subjects(f"environment:{environment}")),
    }
    if repository.id is not None and partition == "aws":
        equals[f"{ISSUER}:repository_id"] = repository.id
        equals[f"{ISSUER}:environment"] = environment
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:{partition}:iam::{account_id}:oidc-provider/{ISSUER}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": equals},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


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
