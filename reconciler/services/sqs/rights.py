"""Which operations the credentials are not allowed, found out without changing anything.

IAM's simulator knows best, since it looks at each queue's own name, and is asked first
(iam:SimulatePrincipalPolicy). Who may not ask it, or is no user or role of this account, is told
from calls that cannot do anything:

- GetQueueUrl, GetQueueAttributes, ListQueueTags read.
- SetQueueAttributes, TagQueue, UntagQueue and DeleteQueue name a queue that does not exist. Its
  name begins as a declared one does, so that rights given by prefix count; they answer either that
  access is denied or that there is no such queue.
- CreateQueue asks for a name that no queue can have, so that it is refused even if allowed.

Such a call that is not denied proves little: rights may still depend on the very name.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

from reconciler.core.model.errors import Denied, Missing, Rejected, ServiceError
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.client import SqsClient

READS = ("GetQueueAttributes", "GetQueueUrl", "ListQueueTags")
WRITES = ("CreateQueue", "DeleteQueue", "SetQueueAttributes", "TagQueue", "UntagQueue")

_QUEUES_A_CALL = 50
_ASSUMED = re.compile(r"arn:([a-z-]+):sts::([0-9]{12}):assumed-role/([^/]+)/.*")


def denied(
    client: SqsClient, account: AwsAccount, names: Sequence[str]
) -> tuple[dict[str, list[str]], bool]:
    """Return by operation the queues (of `names`) on which it is denied; and whether by IAM."""
    arns = [account.queue_arn(name) for name in names]
    try:
        return _simulated(client, arns), True
    except ServiceError:
        return _tried(client, account, names), False


def principal(arn: str) -> str:
    """Return the user or role whose policies count: a session's role, without its path."""
    match = _ASSUMED.fullmatch(arn)
    return f"arn:{match[1]}:iam::{match[2]}:role/{match[3]}" if match else arn


def _simulated(client: SqsClient, arns: Sequence[str]) -> dict[str, list[str]]:
    actions = [f"sqs:{name}" for name in (*READS, *WRITES)]
    found = simulated(client, actions, arns)
    return {
        name: [arn.rpartition(":")[2] for arn in denied_on] for name, denied_on in found.items()
    }


def simulated(
    client: SqsClient, actions: Sequence[str], arns: Sequence[str]
) -> dict[str, list[str]]:
    """Return by operation the ARNs on which IAM says that an action (`sqs:SendMessage`) is denied.

    Raises ServiceError where it may not be asked.
    """
    source = principal(client.caller().arn)
    found: dict[str, list[str]] = {}
    for start in range(0, len(arns), _QUEUES_A_CALL):
        parameters = {
            "PolicySourceArn": source,
            "ActionNames": list(actions),
            "ResourceArns": list(arns[start : start + _QUEUES_A_CALL]),
        }
        for action, arn in _denials(client, parameters):
            found.setdefault(action.partition(":")[2], []).append(arn)
    return found


def _denials(client: SqsClient, parameters: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield action and ARN of what is denied, all pages."""
    marker: dict[str, str] = {}
    pages = client.pages("SimulatePrincipalPolicy")
    while True:
        answer = client.ask("iam", "SimulatePrincipalPolicy", **parameters, **marker)
        for result in answer["EvaluationResults"]:
            if result["EvalDecision"] != "allowed":
                yield str(result["EvalActionName"]), str(result.get("EvalResourceName", "*"))
        if not answer.get("IsTruncated"):
            return
        marker = {"Marker": answer["Marker"]}
        pages.turn(marker["Marker"])


def _tried(client: SqsClient, account: AwsAccount, names: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for operation, name, call in _harmless(client, account, names):
        try:
            call()
        except Denied:
            found.setdefault(operation, []).append(name)
        except (Missing, Rejected):
            continue  # allowed, and refused for what was asked
    return found


Call = tuple[str, str, Callable[[], object]]
"""An operation, the declared queue it stands for, and how to try it."""


def _harmless(client: SqsClient, account: AwsAccount, names: Sequence[str]) -> Iterator[Call]:
    for name in names:
        url = account.queue_outputs(name)["url"]
        yield "GetQueueUrl", name, partial(client.queue_url, name)
        yield "GetQueueAttributes", name, partial(client.attributes, url)
        yield "ListQueueTags", name, partial(client.tags, url)
    name = names[0]
    stem = f"{name.removesuffix('.fifo')[:50]}-doctor-{uuid4().hex[:12]}"
    url = account.queue_outputs(stem)["url"]
    yield "CreateQueue", name, lambda: client.create(f"{stem}!", {}, {})
    yield "SetQueueAttributes", name, lambda: client.set_attributes(url, {"DelaySeconds": "0"})
    yield "TagQueue", name, lambda: client.tag(url, {"reconciler:doctor": "asks"})
    yield "UntagQueue", name, lambda: client.untag(url, ["reconciler:doctor"])
    yield "DeleteQueue", name, lambda: client.delete(url)


def who(client: SqsClient) -> str:
    """Return the ARN to which rights are to be given."""
    try:
        return principal(client.caller().arn)
    except ServiceError:
        return "these credentials"
