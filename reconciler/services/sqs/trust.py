"""Who may take the roles: this repository's jobs, by the tokens that GitHub gives them.

Facts: IAM demands a condition on `sub` for GitHub's provider ("Identity-provider controls for
shared OIDC providers") and knows repository_id and environment since January 2026, in commercial
regions.
"""

from typing import Any

from reconciler.core.model.repository import ISSUER, HostedRepository

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
