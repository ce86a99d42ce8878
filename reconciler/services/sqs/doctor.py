"""What `doctor` looks at in an AWS account. Nothing is changed (see `rights`)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from urllib.parse import urlsplit

from reconciler.core.model.abilities import Examination, Impediment, Stage
from reconciler.core.model.errors import Denied
from reconciler.core.model.objects import Desired
from reconciler.credentials.checks import reaching
from reconciler.services.sqs import rights
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.client import SqsClient
from reconciler.services.sqs.events.doctor import EventsDoctor
from reconciler.services.sqs.metrics import probe_metrics
from reconciler.services.sqs.queue import Queue

_ANY = "reconciler-doctor"
"""Stands for all queues where none is declared."""


class AwsDoctor:
    """One AWS account and the queues declared in it."""

    def __init__(self, account: AwsAccount, name: str, client: SqsClient) -> None:
        self._account = account
        self._name = name
        self._client = client

    def examinations(self, desired: Iterable[Desired]) -> Sequence[Examination]:
        """Return what can be looked at, in no order."""
        wanted = list(desired)
        names = sorted(item.spec.name for item in wanted if isinstance(item.spec, Queue))
        parts = urlsplit(self._account.queue_outputs(_ANY)["url"])
        return [
            Examination(Stage.secrets, "AWS credentials", self._own),
            reaching(self._name, f"{parts.scheme}://{parts.netloc}"),
            Examination(Stage.credentials, "GetCallerIdentity", self._credentials),
            Examination(Stage.account, "account id", self._identity),
            Examination(Stage.reading, "ListQueues", self._list),
            Examination(Stage.reading, "tag:GetResources", self._tags),
            Examination(Stage.writing, "rights on queues", lambda: self._rights(names or [_ANY])),
            Examination(Stage.extras, "cloudwatch:GetMetricData", self._metrics),
            *EventsDoctor(self._name, self._account, self._client).examinations(wanted),
        ]

    def _own(self) -> Iterator[Impediment]:
        self._client.log_in()
        yield from ()

    def _credentials(self) -> Iterator[Impediment]:
        self._client.caller()
        yield from ()

    def _identity(self) -> Iterator[Impediment]:
        found = self._client.caller().account
        if found != self._account.account_id:
            yield Impediment(
                f"the credentials belong to AWS account {found}, declared is "
                f"{self._account.account_id}",
                f"use credentials of {self._account.account_id} (`profile`, `roleArn`), or correct "
                f"accounts.{self._name}.accountId",
            )

    def _list(self) -> Iterator[Impediment]:
        return self._allowed("sqs:ListQueues", self._client.queue_urls)

    def _tags(self) -> Iterator[Impediment]:
        reason = "tags are read queue by queue without it, which takes a call each"
        return self._allowed("tag:GetResources", self._client.tag_index, reason)

    def _metrics(self) -> Iterator[Impediment]:
        reason = "`status` cannot tell the age of the oldest message, nor what arrived, without it"
        return self._allowed(
            "cloudwatch:GetMetricData", lambda: probe_metrics(self._client), reason
        )

    def _rights(self, names: Sequence[str]) -> Iterator[Impediment]:
        denied, by_iam = rights.denied(self._client, self._account, names)
        for operation, queues in sorted(denied.items()):
            more = f" and {len(queues) - 1} more" if len(queues) > 1 else ""
            where = "" if queues[0] == _ANY else f" on {queues[0]}{more}"
            yield self._missing(f"sqs:{operation}", where)
        if not by_iam:
            yield Impediment(
                "IAM could not be asked what these credentials may do: rights to write were told "
                "from calls that change nothing, and a policy that names queues may deny them",
                f"allow iam:SimulatePrincipalPolicy to {rights.who(self._client)} to be sure",
                optional=True,
            )

    def _allowed(
        self, action: str, call: Callable[[], object], reason: str = ""
    ) -> Iterator[Impediment]:
        """Make a call; with a `reason`, plans and applies work without the right to."""
        try:
            call()
        except Denied:
            yield self._missing(action, reason=reason)

    def _missing(self, action: str, where: str = "", reason: str = "") -> Impediment:
        problem = f"{action} is not allowed{where}" + (f": {reason}" if reason else "")
        remedy = f"allow {action} to {rights.who(self._client)}"
        return Impediment(problem, remedy, optional=bool(reason))
