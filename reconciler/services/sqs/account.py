"""An AWS account in one region, and how its queues are named by ARN and URL."""

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from reconciler.core.model.account_fields import IDENTIFYING, PLAIN
from reconciler.core.model.addresses import Outputs, remote_values
from reconciler.core.model.constraints import matching
from reconciler.core.model.errors import PlanRefused
from reconciler.core.model.hosts import Endpoint, Lead, Reading, host_of
from reconciler.core.service import Account

PART = "EventBridge"
"""The part of an account in which event buses and routes are read."""

_REGION = matching(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}", "expected an AWS region such as eu-west-1")
_ACCOUNT_ID = matching("[0-9]{12}", "expected an AWS account id: 12 digits in quotes")
_ROLE = matching(
    "arn:aws[a-z-]*:iam::[0-9]{12}:role/.+",
    "expected the ARN of a role: arn:aws:iam::123456789012:role/NAME",
)
_PARTITIONS = (
    # How names of regions begin; the partition; the domain of its hosts.
    ("cn-", "aws-cn", "amazonaws.com.cn"),
    ("us-gov-", "aws-us-gov", "amazonaws.com"),
    ("eusc-", "aws-eusc", "amazonaws.eu"),
    ("us-iso-", "aws-iso", "c2s.ic.gov"),
    ("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
    ("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"),
    ("us-isof-", "aws-iso-f", "csp.hci.ic.gov"),
    ("", "aws", "amazonaws.com"),
)


@cache
def _partition(region: str) -> tuple[str, str]:
    """Return the partition of a region and its domain; asked for with every ARN."""
    return next((name, domain) for start, name, domain in _PARTITIONS if region.startswith(start))


def _in_quotes(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        raise ValueError("put the account id in quotes, or its leading zeros are lost")
    return value


class AwsAccount(Account):
    """One AWS account in one region."""

    hosts: ClassVar[tuple[str, ...]] = ("*.amazonaws.com", "*.amazonaws.com.cn", "*.api.aws")

    service: Annotated[Literal["aws"], IDENTIFYING]
    region: Annotated[str, _REGION, IDENTIFYING]
    """The region of the queues."""
    account_id: Annotated[str, _ACCOUNT_ID, BeforeValidator(_in_quotes), IDENTIFYING]
    """Verified against STS before anything is read or written."""
    profile: Annotated[str | None, Field(max_length=128), PLAIN] = None
    """A profile of the AWS configuration; left out, boto3 looks for credentials itself."""
    role_arn: Annotated[Annotated[str, _ROLE] | None, PLAIN] = None
    """A role to assume."""
    endpoint: Annotated[Endpoint | None, IDENTIFYING] = None
    """Another URL than the own one of the region."""

    def leads(self, read: Reading | None = None) -> Iterable[Lead]:
        """Yield the endpoint, or else what AWS's own software makes of the region."""
        yield from super().leads(read)
        if self.endpoint is None:
            yield Lead("region", f"https://sqs.{self.region}.{self._domain()}", self.hosts)

    def ensure_own(self, name: str, url: str, allowed: Collection[str]) -> None:
        """Make sure that AWS's own configuration leads to a host of AWS too, or an allowed one.

        `name` is the account's, `url` where a request would go.

        Raises:
            PlanRefused: it leads elsewhere.
        """
        # What the account itself says was looked at before.
        own = (*self.hosts, f"*.{self._domain()}", host_of(self.endpoint or ""))
        host = Lead("endpoint", url, own).foreign(allowed)
        if host is not None:
            raise PlanRefused(
                f"{name}: secrets and requests would go to {host}, which is no host of AWS: the "
                "configuration of this machine leads there (AWS_ENDPOINT_URL, or endpoint_url of "
                f"the profile); correct it, or allow it (--allow-host {host}, or "
                "RECONCILER_ALLOWED_HOSTS)"
            )

    def real(self) -> tuple[str, ...]:
        """Return region and account id: a queue's name is unique within them."""
        return self.service, self.region, self.account_id

    def parts(self, kind: str) -> Sequence[str | None]:
        """Return the part that event buses and routes are read in, after the queues."""
        return (PART,) if kind in ("bus", "route") else (None,)

    def holds(self, kind: str, value: str) -> bool:
        """Say whether a queue with this ARN would be of this account and region."""
        return kind == "queue" and value.startswith(self.queue_arn(""))

    def partition(self) -> str:
        """Return the AWS partition of the region: aws, aws-cn, aws-us-gov and others."""
        return _partition(self.region)[0]

    def _domain(self) -> str:
        return _partition(self.region)[1]

    def queue_arn(self, name: str) -> str:
        """Return the ARN of the queue with this name."""
        return f"arn:{self.partition()}:sqs:{self.region}:{self.account_id}:{name}"

    def queue_outputs(self, name: str) -> Outputs:
        """Return the ARN and URL of a queue, which are known before it exists."""
        base = self.endpoint or f"https://sqs.{self.region}.{self._domain()}"
        return remote_values(arn=self.queue_arn(name), url=f"{base}/{self.account_id}/{name}")

    def own_key(self, key: str) -> str:
        """Return a KMS key in one spelling: of this account and region alias or id without its ARN.

        Ids are in small letters. Which key an alias stands for is not known here.
        """
        own = f"arn:{self.partition()}:kms:{self.region}:{self.account_id}:"
        name = key.removeprefix(own) if key.startswith(own) else key
        if name.startswith(("alias/", "arn:")):
            return name
        return name.removeprefix("key/").lower()
