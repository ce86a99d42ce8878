"""An AWS account in one region, and how its queues are named by ARN and URL."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from reconciler.core.endpoint import Endpoint
from reconciler.core.provider import Account

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d{1,2}")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/.+")


def _account_id(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError("put the account id in quotes, or its leading zeros are lost")
    if isinstance(value, str) and not re.fullmatch(r"\d{12}", value, re.ASCII):
        raise ValueError("expected an AWS account id: 12 digits in quotes")
    return value


def _region(value: Any) -> Any:
    if isinstance(value, str) and not _REGION.fullmatch(value):
        raise ValueError("expected an AWS region such as eu-west-1")
    return value


def _role_arn(value: Any) -> Any:
    if isinstance(value, str) and not _ROLE.fullmatch(value):
        raise ValueError("expected the ARN of a role: arn:aws:iam::123456789012:role/NAME")
    return value


class AwsAccount(Account):
    """One AWS account in one region."""

    service: Literal["aws"]
    region: Annotated[str, BeforeValidator(_region)]
    account_id: Annotated[str, BeforeValidator(_account_id)]
    """Verified against STS before anything is read or written."""
    profile: str | None = None
    """A profile of the AWS configuration; left out, boto3 looks for credentials itself."""
    role_arn: Annotated[str, BeforeValidator(_role_arn)] | None = None
    """A role to assume."""
    endpoint: Endpoint | None = None

    def real(self) -> tuple[str, ...]:
        """Return region and account id: a queue's name is unique within them."""
        return self.service, self.region, self.account_id

    def partition(self) -> str:
        """Return the AWS partition of the region: aws, aws-cn or aws-us-gov."""
        for prefix, name in (("cn-", "aws-cn"), ("us-gov-", "aws-us-gov")):
            if self.region.startswith(prefix):
                return name
        return "aws"

    def queue_arn(self, name: str) -> str:
        """Return the ARN of the queue with this name."""
        return f"arn:{self.partition()}:sqs:{self.region}:{self.account_id}:{name}"

    def queue_outputs(self, name: str) -> dict[str, str]:
        """Return the ARN and URL of a queue, which are known before it exists."""
        suffix = "amazonaws.com.cn" if self.partition() == "aws-cn" else "amazonaws.com"
        base = self.endpoint or f"https://sqs.{self.region}.{suffix}"
        return {"arn": self.queue_arn(name), "url": f"{base}/{self.account_id}/{name}"}

    def own_alias(self, key: str) -> str:
        """Return a KMS key as declared, an alias of this account and region without its ARN."""
        own = f"arn:{self.partition()}:kms:{self.region}:{self.account_id}:alias/"
        return f"alias/{key.removeprefix(own)}" if key.startswith(own) else key
