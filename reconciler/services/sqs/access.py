"""Least-privilege IAM policies for the role that plans and the role that applies.

Both follow from the declarations. Reading covers every queue of the declared accounts and regions,
since undeclared queues are listed and snapshots hold their settings; writing names the declared
queues one by one; deleting goes by our mark, since what is deleted is no longer question.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from reconciler.core.model.addresses import AFTER_STACK
from reconciler.core.service import AccessQuestion
from reconciler.services.sqs import permissions
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.events.names import SELLING_PARTNER, bus_arn, rule_arn, source_arn
from reconciler.services.sqs.events.specs import EventBus
from reconciler.services.sqs.policy import AMAZON_NOTIFICATIONS
from reconciler.services.sqs.queue import Queue
from reconciler.services.sqs.queue_settings import KmsEncryption

Way = Literal["read", "write"]
Statement = dict[str, Any]
Document = dict[str, Any]

LIMIT = 6144
"""Characters of a managed policy, blanks not counted. A role takes ten policies by default."""
_ROOM = 4000
MOST_NAMED = 10
"""Secrets of one folder that a policy names one by one."""
_ANY_BUS = f"{SELLING_PARTNER}*"
_FULL_ARN = re.compile(r"arn:.*-[A-Za-z0-9]{6}")


@dataclass(frozen=True, slots=True)
class RolePolicy:
    """What a role is to be allowed: `role` says which one, for people; attach all `documents`."""

    role: str
    documents: tuple[Document, ...]


def aws_accounts(question: AccessQuestion) -> dict[str, AwsAccount]:
    """Return the declared AWS accounts by name."""
    return {
        name: account
        for name, account in question.accounts.items()
        if isinstance(account, AwsAccount)
    }


def role_owners(question: AccessQuestion) -> tuple[tuple[str, str], ...]:
    """Return id and partition of the AWS accounts in which the workflows' own roles are.

    None for queues that are reached through `roleArn` only: the roles may be anywhere.
    """
    direct = (item for item in aws_accounts(question).values() if item.role_arn is None)
    return tuple(sorted({(item.account_id, item.partition()) for item in direct}))


def role_policies(question: AccessQuestion) -> tuple[RolePolicy, ...]:
    """Return the policies of the workflows' two roles, and of every role they assume.

    Where queues lie in several AWS accounts without `roleArn`, each account has its own two roles.
    """
    accounts = aws_accounts(question)
    own = [*_own(question, accounts, "read"), *_own(question, accounts, "write")]
    return (*own, *_assumed(question, accounts))


def _own(
    question: AccessQuestion, accounts: Mapping[str, AwsAccount], way: Way
) -> Iterator[RolePolicy]:
    owners = role_owners(question)
    shared = list(_beyond_queues(question, accounts))
    for owner, _ in owners:
        theirs = {
            name: item
            for name, item in accounts.items()
            if item.role_arn is None and item.account_id == owner
        }
        statements = list(_on_queues(question, theirs, way))
        if len(owners) == 1:
            statements += shared
        yield _policy(f"{way} role in AWS account {owner}", statements)
    if len(owners) != 1 and shared:
        yield _policy(f"{way} role that the workflow logs in with", shared)


def key_statement(question: AccessQuestion) -> Statement | None:
    """Return what key policies lack where Amazon sends to queues encrypted with a customer's key.

    None where no declared queue is.
    """
    queues = [item.spec for item in question.desired if isinstance(item.spec, Queue)]
    if not any(_takes_encrypted(queue) for queue in queues):
        return None
    return {
        "Sid": "AmazonNotificationsUseTheKey",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{AMAZON_NOTIFICATIONS}:root"},
        "Action": list(permissions.SENDING_ENCRYPTED),
        "Resource": "*",
    }


def _takes_encrypted(queue: Queue) -> bool:
    own_key = isinstance(queue.encryption, KmsEncryption)
    return own_key and not any(queue.delivery.obstacles(queue, AMAZON_NOTIFICATIONS))


def _assumed(question: AccessQuestion, accounts: Mapping[str, AwsAccount]) -> Iterator[RolePolicy]:
    for role in sorted({item.role_arn for item in accounts.values() if item.role_arn}):
        theirs = {name: item for name, item in accounts.items() if item.role_arn == role}
        names = ", ".join(f"accounts.{name}.roleArn" for name in sorted(theirs))
        title = f"role {role} ({names}), with which both read and write"
        yield _policy(title, list(_on_queues(question, theirs, "write")))


def _policy(role: str, statements: Sequence[Statement]) -> RolePolicy:
    return RolePolicy(role, tuple(_documents(statements)))


def _on_queues(
    question: AccessQuestion, accounts: Mapping[str, AwsAccount], way: Way
) -> Iterator[Statement]:
    """Yield what the queues of `accounts` take."""
    everywhere = sorted({account.queue_arn("*") for account in accounts.values()})
    yield _statement("FindQueues", permissions.FINDING, ["*"])
    yield _statement("ReadQueues", permissions.READING, everywhere)
    buses = [
        account
        for name, account in accounts.items()
        if any(it.account == name and isinstance(it.spec, EventBus) for it in question.desired)
    ]
    if buses:
        yield _statement(
            "ReadEventBusesAndRoutes",
            [*permissions.READING_EVENTS, *permissions.TESTING_PATTERNS],
            ["*"],
        )
    if way == "read":
        yield _statement("MeasureQueues", permissions.MEASURING, ["*"])
        return
    if buses:
        yield from _on_events(question, buses)
    queues = sorted(
        str(item.outputs["arn"])
        for item in question.desired
        if item.account in accounts and isinstance(item.spec, Queue)
    )
    if queues:
        yield _statement("WriteDeclaredQueues", permissions.WRITING, queues)
    if question.prune:
        ours = {"StringEquals": {permissions.OF_OUR_STACK: question.stack}}
        yield {
            **_statement("DeleteQueuesOfOurStack", permissions.DELETING, everywhere),
            "Condition": ours,
        }


def _on_events(question: AccessQuestion, accounts: Sequence[AwsAccount]) -> Iterator[Statement]:
    """Yield what writing event buses and routes takes: those of Amazon's notifications only."""
    own = sorted(
        {
            arn
            for account in accounts
            for arn in (bus_arn(account, _ANY_BUS), source_arn(account, _ANY_BUS))
        }
    )
    rules = sorted(
        {rule_arn(item, _ANY_BUS, f"{question.stack}{AFTER_STACK}*") for item in accounts}
    )
    yield _statement("WriteEventBuses", permissions.WRITING_BUSES, own)
    yield _statement("WriteRoutesOfOurStack", permissions.WRITING_ROUTES, rules)
    if question.prune:
        everything = [*own, *rules]
        yield _statement("DeleteRoutesAndBuses", permissions.DELETING_EVENTS, everything)


def _beyond_queues(
    question: AccessQuestion, accounts: Mapping[str, AwsAccount]
) -> Iterator[Statement]:
    """Yield what the role needs for itself: roles to assume, secrets to read."""
    roles = sorted({item.role_arn for item in accounts.values() if item.role_arn})
    if roles:
        yield _statement("AssumeDeclaredRoles", permissions.ASSUMING, roles)
    secrets = question.secrets.aws
    if secrets:
        arns = _few({_secret_arn(secret, accounts) for secret in secrets})
        yield _statement("ReadDeclaredSecrets", ["secretsmanager:GetSecretValue"], arns)
        # Several are fetched a call, which by itself gives access to none of them.
        yield _statement("FetchSecretsTogether", ["secretsmanager:BatchGetSecretValue"], ["*"])


def _few(arns: Collection[str]) -> list[str]:
    """Return ARNs, many of one folder as one pattern: policies hold 6,144 characters."""
    folders: dict[str, list[str]] = {}
    for arn in sorted(arns):
        folders.setdefault(arn.rpartition("/")[0], []).append(arn)
    return sorted(
        it
        for folder, names in folders.items()
        for it in (names if not folder or len(names) <= MOST_NAMED else [f"{folder}/*"])
    )


def _secret_arn(identifier: str, accounts: Mapping[str, AwsAccount]) -> str:
    """Return the ARN or pattern of a secret: AWS adds six characters to the names it is given."""
    if identifier.startswith("arn:"):
        return identifier if _FULL_ARN.fullmatch(identifier) else f"{identifier}-??????"
    owners = {(item.partition(), item.account_id) for item in accounts.values()}
    partition, owner = owners.pop() if len(owners) == 1 else ("aws", "*")
    return f"arn:{partition}:secretsmanager:*:{owner}:secret:{identifier}-??????"


def _statement(sid: str, actions: Iterable[str], resources: list[str]) -> Statement:
    return {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": resources}


def _documents(statements: Sequence[Statement]) -> Iterator[Document]:
    """Yield as few policies as AWS's limit allows."""
    held: list[Statement] = []
    for statement in (piece for whole in statements for piece in _pieces(whole)):
        if held and _length(_document([*held, statement])) > LIMIT:
            yield _document(held)
            held = []
        held.append(statement)
    if held:
        yield _document(held)


def _pieces(statement: Statement) -> Iterator[Statement]:
    """Yield the statement, in parts where it names more than fits one policy."""
    parts: list[list[str]] = [[]]
    for resource in statement["Resource"]:
        if parts[-1] and _length([*parts[-1], resource]) > _ROOM:
            parts.append([])
        parts[-1].append(resource)
    for number, part in enumerate(parts, 1):
        sid = statement["Sid"] + (str(number) if len(parts) > 1 else "")
        yield {**statement, "Sid": sid, "Resource": part}


def _document(statements: Sequence[Statement]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _length(value: Any) -> int:
    return len(json.dumps(value, separators=(",", ":")))
