"""What AWS and Google must allow, written for the person who sets it up."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reconciler.core.manifest.reader import Declarations
from reconciler.core.planning.diff import STACK_MARK
from reconciler.services.sqs.account import AwsAccount
from reconciler.starter.aws_policies import (
    RolePolicy,
    aws_accounts,
    key_statement,
    role_owners,
    role_policies,
)
from reconciler.starter.prose import heading, paragraph
from reconciler.starter.references import References, references_of
from reconciler.starter.repository import PLACEHOLDER, HostedRepository
from reconciler.starter.trust import (
    AUDIENCE,
    ISSUER,
    attribute_condition,
    attribute_mapping,
    trust_policy,
)
from reconciler.starter.workflows import READ_ENVIRONMENT, WRITE_ENVIRONMENT

_ENVIRONMENTS = {"read": READ_ENVIRONMENT, "write": WRITE_ENVIRONMENT}
_SOMEONE = ("ACCOUNT_ID", "aws")


def access_text(declared: Declarations, repository: HostedRepository) -> str:
    """Return policies, trust policies and conditions, each under its heading; "" for none."""
    references = references_of(declared)
    services = {account.service for account in declared.accounts.values()}
    parts = list(_aws(declared, repository))
    if "merchant" in services or references.google:
        parts += _google(repository, references)
    if parts:
        parts += _about_repository(repository)
    return "\n\n".join(parts) + "\n" if parts else ""


def _aws(declared: Declarations, repository: HostedRepository) -> Iterator[str]:
    policies = role_policies(declared)
    if not policies:
        return
    yield heading("AWS: what the roles may do")
    yield from (_policy(policy) for policy in policies)
    notes = "\n".join(paragraph(note, lead="- ") for note in _notes(declared))
    if notes:
        yield notes
    yield from _keys(declared)
    yield heading("AWS: who may take the roles")
    yield paragraph(f"The account needs the OIDC provider https://{ISSUER}, audience {AUDIENCE}.")
    owners = role_owners(declared)
    if not owners:
        yield paragraph("ACCOUNT_ID stands for the AWS account in which you create the roles.")
    yield from _trust(owners or (_SOMEONE,), repository)


def _policy(policy: RolePolicy) -> str:
    number = len(policy.documents)
    quota = ", for which the quota of ten a role has to be raised" if number > 10 else ""
    parts = f" ({number} policies: attach all{quota})" if number > 1 else ""
    return "\n".join([f"Policy of the {policy.role}{parts}:", *map(_json, policy.documents)])


def _notes(declared: Declarations) -> Iterator[str]:
    accounts = aws_accounts(declared)
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
        yield _on_deleting(declared)
        yield from _on_logins(accounts)
    if references_of(declared).aws:
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


def _on_deleting(declared: Declarations) -> str:
    if not declared.policy.prune:
        return (
            "policy.prune is false, so sqs:DeleteQueue is left out, which denies `destroy` too. "
            "Run `reconciler init` again when that changes."
        )
    return (
        f"Deleting goes by the tag {STACK_MARK}={declared.stack}: a queue that was renamed in YAML "
        "or removed from it can go, and no other. That is as safe as the tag: let nobody else set "
        "it. SQS may take a minute to act on a new tag."
    )


def _keys(declared: Declarations) -> Iterator[str]:
    statement = key_statement(declared)
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


def _google(repository: HostedRepository, references: References) -> Iterator[str]:
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


def _json(value: Any) -> str:
    return json.dumps(value, indent=2)
