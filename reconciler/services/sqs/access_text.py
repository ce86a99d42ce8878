"""What AWS must allow, written for the person who sets it up."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconciler.core.model.repository import (
    ISSUER,
    READ_ENVIRONMENT,
    WRITE_ENVIRONMENT,
    HostedRepository,
)
from reconciler.core.planning.diff import STACK_MARK
from reconciler.core.service import Access, AccessQuestion
from reconciler.core.text.phrases import heading, paragraph
from reconciler.services.sqs.access import (
    RolePolicy,
    aws_accounts,
    key_statement,
    role_owners,
    role_policies,
)
from reconciler.services.sqs.account import AwsAccount

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


READ_ROLE, WRITE_ROLE = "RECONCILER_AWS_READ_ROLE", "RECONCILER_AWS_WRITE_ROLE"
REGION = "RECONCILER_AWS_REGION"
"""Variables of the repository that the workflows read."""

_ENVIRONMENTS = {"read": READ_ENVIRONMENT, "write": WRITE_ENVIRONMENT}
_SOMEONE = ("ACCOUNT_ID", "aws")


def access(question: AccessQuestion) -> Access:
    """Return what AWS must allow: the roles of the jobs, and who may take them."""
    parts = tuple(_parts(question))
    needed = aws_accounts(question) or question.secrets.aws
    return Access((READ_ROLE, WRITE_ROLE, REGION) if needed else (), parts)


def _parts(question: AccessQuestion) -> Iterator[str]:
    policies = role_policies(question)
    if not policies:
        return
    yield heading("AWS: what the roles may do")
    yield from (_policy(policy) for policy in policies)
    notes = "\n".join(paragraph(note, lead="- ") for note in _notes(question))
    if notes:
        yield notes
    yield from _keys(question)
    yield heading("AWS: who may take the roles")
    yield paragraph(f"The account needs the OIDC provider https://{ISSUER}, audience {AUDIENCE}.")
    owners = role_owners(question)
    if not owners:
        yield paragraph("ACCOUNT_ID stands for the AWS account in which you create the roles.")
    yield from _trust(owners or (_SOMEONE,), question.repository)


def _policy(policy: RolePolicy) -> str:
    number = len(policy.documents)
    quota = ", for which the quota of ten a role has to be raised" if number > 10 else ""
    parts = f" ({number} policies: attach all{quota})" if number > 1 else ""
    return "\n".join([f"Policy of the {policy.role}{parts}:", *map(_json, policy.documents)])


def _notes(question: AccessQuestion) -> Iterator[str]:
    accounts = aws_accounts(question)
    if accounts:
        yield (
            "Reading covers all queues of an account and region, since undeclared ones are listed "
            "and snapshots hold their settings. It opens no message. ListQueues and GetResources "
            "cannot be limited to single queues; sts:GetCallerIdentity needs no permission."
        )
        yield (
            "Writing names the declared queues. After declaring another one, run `reconciler init` "
            "again and replace the policy."
        )
        yield _on_deleting(question)
        yield from _on_logins(accounts)
    if question.secrets.aws:
        yield (
            "Both roles read the declared secrets, and SP-API has no credentials that only read: "
            "guard the read role too. A secret with a key of its own takes kms:Decrypt on that key."
        )


def _on_logins(accounts: Mapping[str, AwsAccount]) -> Iterator[str]:
    for name, account in accounts.items():
        if account.role_arn is not None:
            yield (
                f"accounts.{name}.roleArn: the trust policy of that role has to name the read role "
                "and the write role. Since both take it, it is what limits them there."
            )
        if account.profile is not None:
            yield (
                f"accounts.{name}.profile: a job on GitHub has no AWS profiles; use `roleArn` "
                "or the workflow's own login there."
            )


def _on_deleting(question: AccessQuestion) -> str:
    if not question.prune:
        return (
            "policy.prune is false, so sqs:DeleteQueue is left out, which denies `destroy` too. "
            "Run `reconciler init` again when that changes."
        )
    return (
        f"Deleting goes by the tag {STACK_MARK}={question.stack}: a queue that was renamed in YAML "
        "or removed from it can go, and no other. That is as safe as the tag: let nobody else set "
        "it. SQS may take a minute to act on a new tag."
    )


def _keys(question: AccessQuestion) -> Iterator[str]:
    statement = key_statement(question)
    if statement is not None:
        yield heading("AWS: what to add to the keys' own policies")
        yield paragraph(
            "To encrypt a queue with a key the roles need nothing on the key, but Amazon does to "
            "send to it: without this nothing arrives. Who receives needs kms:Decrypt."
        )
        yield _json(statement)


def _trust(owners: Sequence[tuple[str, str]], repository: HostedRepository) -> Iterator[str]:
    for access, environment in _ENVIRONMENTS.items():
        for owner, partition in owners:
            document = trust_policy(repository, environment, owner, partition)
            yield f"Trust policy of the {access} role in AWS account {owner}:\n{_json(document)}"


def _json(value: Any) -> str:
    return json.dumps(value, indent=2)
