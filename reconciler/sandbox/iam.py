"""IAM's policy simulator, which moto lacks: it knows the same denials as the services.

Source: IAM API Reference, SimulatePrincipalPolicy.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape

SIMULATE = "SimulatePrincipalPolicy"

_PREFIXES = {"monitoring": "cloudwatch", "tagging": "tag"}
"""IAM's names of services whose signatures name them otherwise."""
_NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"


def action(service: str, operation: str) -> str:
    """Return IAM's name of an operation: `sqs:DeleteQueue`."""
    return f"{_PREFIXES.get(service, service)}:{operation}"


def simulated(form: Mapping[str, str], denied: Collection[str]) -> bytes:
    """Return the simulator's answer about every action and resource that a form names."""
    members = "".join(
        f"<member><EvalActionName>{escape(name)}</EvalActionName>"
        f"<EvalResourceName>{escape(resource)}</EvalResourceName>"
        f"<EvalDecision>{'implicitDeny' if name in denied else 'allowed'}</EvalDecision></member>"
        for name in _members(form, "ActionNames")
        for resource in list(_members(form, "ResourceArns")) or ["*"]
    )
    return (
        f'<{SIMULATE}Response xmlns="{_NAMESPACE}"><{SIMULATE}Result>'
        f"<IsTruncated>false</IsTruncated><EvaluationResults>{members}</EvaluationResults>"
        f"</{SIMULATE}Result><ResponseMetadata><RequestId>sandbox</RequestId></ResponseMetadata>"
        f"</{SIMULATE}Response>"
    ).encode()


def _members(form: Mapping[str, str], name: str) -> Iterator[str]:
    number = 1
    while (value := form.get(f"{name}.member.{number}")) is not None:
        yield value
        number += 1


def identity(account: str, key: str, role: Any) -> dict[str, Any]:
    """Return the userIdentity of a caller in CloudTrail: a role's session (moto's), or a user."""
    if role is None:
        return {
            "type": "IAMUser",
            "principalId": "AIDASANDBOX",
            "arn": f"arn:aws:iam::{account}:user/sandbox",
            "accountId": account,
            "accessKeyId": key,
            "userName": "sandbox",
        }
    issuer = {
        "type": "Role",
        "principalId": role.user_id.partition(":")[0],
        "arn": role.role_arn,
        "accountId": account,
        "userName": role.role_arn.rpartition("/")[2],
    }
    return {
        "type": "AssumedRole",
        "principalId": role.user_id,
        "arn": role.arn,
        "accountId": account,
        "accessKeyId": key,
        "sessionContext": {"sessionIssuer": issuer, "attributes": {"mfaAuthenticated": "false"}},
    }
