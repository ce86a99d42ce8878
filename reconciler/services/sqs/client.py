"""The wire calls: SQS, the tagging API and STS, paced, repeated where that does no harm.

Everything that goes wrong leaves as one of the core's errors; operations are called what AWS calls
them. Repeating is harmless for all but CreateQueue: setting and tagging merge, deleting what is
gone says so.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from sys import intern
from typing import Any, TypeVar

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from reconciler.core.model.errors import Denied, PlanRefused, Rejected, Transient
from reconciler.core.model.pacing import READS_AT_ONCE, UNLIMITED, Pace
from reconciler.core.provider import Each
from reconciler.core.text.halves import whole
from reconciler.credentials.secrets import Secrets
from reconciler.credentials.unobtainable import Unobtainable
from reconciler.services.sqs import attributes as wire
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.failures import PAGE_EXPIRED, GarbledAwsAnswer, translate
from reconciler.services.sqs.queue import TAGS, TAGS_PACE
from reconciler.services.sqs.session import AwsKeys, Clients, connect
from reconciler.transport.calls import Calls, Clock, Pages
from reconciler.transport.failures import Failed
from reconciler.transport.lines import AnswerLimits

T = TypeVar("T")
Tags = dict[str, str]

PACES = {"*": UNLIMITED, TAGS: TAGS_PACE, "events": Pace(50, 50)}
"""SQS publishes no limits for these calls but one: tagging, which all three tag calls share.

EventBridge has one for most of its calls.
"""
TAGGING_RATE = 5.0
"""Tag calls a second that AWS documents; raised for many accounts, so taken only when throttled."""

QUICK = AnswerLimits(connect=2.0, silence=4.0, total=6.0)
"""For callers whose own callers wait for seconds only."""

_LATELY = 2.0
"""Seconds for which a list of queues tells well enough whether one turned up since the plan."""
_PAGE = 1000
_TAG_PAGE = 100
_RESTARTS = 3
_LOOKS = ("Describe", "Get", "List")
"""How AWS calls all operations that change nothing."""
_FAILURES = (
    ClientError,
    BotoCoreError,
    ResponseParserError,
    Failed,
    GarbledAwsAnswer,
    Unobtainable,
    ValueError,
    KeyError,
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose credentials are used: an AWS account id and a principal's ARN."""

    account: str
    arn: str


class SqsClient:
    """One AWS account and region. Connects when first used; safe across threads.

    `quick`: answers come within seconds or not at all, and nothing is repeated.
    """

    def __init__(
        self,
        name: str,
        account: AwsAccount,
        clock: Clock,
        secrets: Secrets,
        keys: AwsKeys | None,
        permit: Callable[[str], None] | None = None,
        *,
        quick: bool = False,
    ) -> None:
        self._name = name
        self._limits = QUICK if quick else None
        self._permit = permit
        self._secrets = secrets
        self._account = account
        self._keys = keys
        self._lock = threading.RLock()
        self._verifying = threading.Lock()
        self._clients: Clients | None = None
        self._verified = False
        self._clock = clock
        self._listed: tuple[float, frozenset[str]] | None = None
        tries = {"tries": 1} if quick else {}
        self.calls = Calls(clock, paces=PACES, concurrency=READS_AT_ONCE, **tries)

    def verify_account(self, each: Each | None = None) -> None:
        """Make sure, once, that the credentials belong to the declared account.

        With `each`, what reading takes is made ready while AWS is asked.

        Raises:
            PlanRefused: they belong to another one.
        """
        with self._verifying:
            if self._verified:
                return
            found = self._run("GetCallerIdentity", partial(_caller, each=each))
            if found.account != self._account.account_id:
                raise PlanRefused(
                    f"accounts.{self._name}: the credentials belong to AWS account "
                    f"{found.account}, declared is {self._account.account_id}; nothing was read or "
                    "changed"
                )
            self._verified = True

    def caller(self) -> Caller:
        """Return whose credentials these are."""
        return self._run("GetCallerIdentity", _caller)

    def log_in(self) -> None:
        """Get the credentials of the surroundings; SQS need not answer for that."""

        def obtain(clients: Clients) -> None:
            if clients.login is not None:
                clients.login.obtain()

        self._run("GetCredentials", obtain)

    def ask(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Return the whole answer of any operation of any AWS service, errors as elsewhere."""
        method = xform_name(operation)

        def call(clients: Clients) -> dict[str, Any]:
            answer: dict[str, Any] = whole(getattr(clients.of(service), method)(**parameters))
            return answer

        return self._run(operation, call, bucket=service if service in PACES else "")

    def pages(self, operation: str) -> Pages:
        """Return what notices that a list of an operation does not end."""
        return Pages(self._name, operation)

    def queue_urls(self) -> dict[str, str]:
        """Return the URL of every queue by name, all pages."""
        return {name: url for page in self.queue_pages() for name, url in page.items()}

    def queue_pages(self) -> Iterator[dict[str, str]]:
        """Yield the URLs of queues by name, page by page; each is asked for when it is wanted."""
        token: str | None = None
        pages = self.pages("ListQueues")
        while True:
            # Without MaxResults SQS gives 1000 queues and no token, however many there are.
            more = {"NextToken": token} if token else {}
            page = self._sqs("ListQueues", MaxResults=_PAGE, **more)
            yield {url.rpartition("/")[2]: url for url in page.get("QueueUrls") or ()}
            token = page.get("NextToken")
            if not token:
                return
            pages.turn(token)

    def listed_lately(self) -> frozenset[str]:
        """Return the names of the queues there were a moment ago; many ask, one call answers."""
        with self._lock:
            if self._listed is None or self._clock.now() - self._listed[0] > _LATELY:
                self._listed = self._clock.now(), frozenset(self.queue_urls())
            return self._listed[1]

    def tag_index(self) -> dict[str, Tags]:
        """Return the tags of queues by name, as the tagging API knows them: late, and not all.

        It lists deleted queues for a while, new ones late, and never those without a tag.
        """
        for restart in range(_RESTARTS):
            try:
                return self._tag_index()
            except Rejected as error:
                if error.code != PAGE_EXPIRED or restart + 1 == _RESTARTS:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def attributes(self, url: str) -> dict[str, str]:
        """Return all attributes of a queue: a whole answer or an error."""
        operation, asked = "GetQueueAttributes", {"QueueUrl": url, "AttributeNames": ["All"]}

        def read(clients: Clients) -> dict[str, str]:
            found: dict[str, str] = clients.queues.read(operation, asked).get("Attributes") or {}
            wire.check(found)
            # Ten thousand queues have the same twenty names, and most have the same values.
            return {intern(name): wire.once(value) for name, value in found.items()}

        return self._run(operation, read)

    def tags(self, url: str) -> Tags:
        """Return all tags of a queue; SQS leaves the key out when there are none."""
        operation, asked = "ListQueueTags", {"QueueUrl": url}

        def read(clients: Clients) -> Tags:
            return dict(clients.queues.read(operation, asked).get("Tags") or {})

        return self._run(operation, read, bucket="tags")

    def sources(self, url: str) -> list[str]:
        """Return the URLs of the queues that use this one as their dead-letter queue, all pages.

        SQS names none for a queue that is gone.
        """
        found: list[str] = []
        token: str | None = None
        pages = self.pages("ListDeadLetterSourceQueues")
        while True:
            page = self._sqs(
                "ListDeadLetterSourceQueues",
                QueueUrl=url,
                MaxResults=_PAGE,
                **({"NextToken": token} if token else {}),
            )
            found += page.get("queueUrls") or ()
            token = page.get("NextToken")
            if not token:
                return found
            pages.turn(token)

    def queue_url(self, name: str) -> str:
        """Return the URL of a queue. Raises Missing where there is none."""
        return self._run(
            "GetQueueUrl",
            lambda clients: str(clients.sqs.get_queue_url(QueueName=name)["QueueUrl"]),
        )

    def create(self, name: str, attributes: Mapping[str, str], tags: Tags) -> str:
        """Create a queue with attributes and tags at once, and return its URL.

        Raises:
            Unclear: the answer was lost; the queue may be there.
        """

        def send(clients: Clients) -> str:
            answer = clients.sqs.create_queue(
                QueueName=name, Attributes=dict(attributes), tags=dict(tags)
            )
            return str(answer["QueueUrl"])

        return self._run("CreateQueue", send, repeat=False)

    def set_attributes(self, url: str, attributes: Mapping[str, str]) -> None:
        """Set these attributes; the others stay."""
        self._sqs("SetQueueAttributes", QueueUrl=url, Attributes=dict(attributes))

    def tag(self, url: str, tags: Tags) -> None:
        """Add or overwrite tags."""
        self._sqs("TagQueue", bucket="tags", QueueUrl=url, Tags=tags)

    def untag(self, url: str, keys: Collection[str]) -> None:
        """Remove tags."""
        self._sqs("UntagQueue", bucket="tags", QueueUrl=url, TagKeys=sorted(keys))

    def send(self, url: str, entries: Collection[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Send up to 10 messages; return those that were not taken, as SQS tells them.

        Raises:
            ServiceError: none is known to be taken.
        """

        def call(clients: Clients) -> list[dict[str, Any]]:
            answer = clients.sqs.send_message_batch(QueueUrl=url, Entries=list(entries))
            failed = {item["Id"]: item for item in answer.get("Failed") or ()}
            sent = {item["Id"] for item in answer.get("Successful") or ()}
            lost = {"Code": "NotAnswered", "SenderFault": False}
            every = [str(entry["Id"]) for entry in entries]
            return [failed.get(key, {"Id": key, **lost}) for key in every if key not in sent]

        return self._run("SendMessageBatch", call, repeat=False)

    def receive(self, url: str, *, most: int, wait: int, hidden: int) -> list[dict[str, Any]]:
        """Return up to `most` (10) messages, waiting up to `wait` (20) seconds for the first.

        Others do not get them for `hidden` seconds.
        """
        answer = self._sqs(
            "ReceiveMessage",
            QueueUrl=url,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=wait,
            VisibilityTimeout=hidden,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        )
        return list(answer.get("Messages") or ())

    def show(self, url: str, receipts: Collection[str]) -> None:
        """Let others have up to 10 received messages at once; those that are gone stay gone."""
        entries = [
            {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0}
            for number, receipt in enumerate(receipts)
        ]
        self._sqs("ChangeMessageVisibilityBatch", QueueUrl=url, Entries=entries)

    def delete_messages(self, url: str, receipts: Collection[str]) -> list[str]:
        """Delete up to 10 received messages and return why some were not."""
        entries = [
            {"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(receipts)
        ]
        answer = self._sqs("DeleteMessageBatch", QueueUrl=url, Entries=entries)
        return [
            str(failed.get("Message") or failed["Code"]) for failed in answer.get("Failed") or ()
        ]

    def delete(self, url: str) -> None:
        """Delete a queue. Raises Missing where there is none."""
        self._sqs("DeleteQueue", QueueUrl=url)

    def close(self) -> None:
        """Let go of connections."""
        with self._lock:
            if self._clients is not None:
                self._clients.close()
                self._clients = None

    def _tag_index(self) -> dict[str, Tags]:
        found: dict[str, Tags] = {}
        prefix, token = self._account.queue_arn(""), ""
        pages = self.pages("GetResources")
        while True:
            mappings, token = self._run("GetResources", partial(_tag_page, token=token))
            for arn, tags in mappings:
                if arn.startswith(prefix):
                    found[arn.removeprefix(prefix)] = tags
            if not token:
                return found
            pages.turn(token)

    def _sqs(self, operation: str, *, bucket: str = "", **parameters: Any) -> dict[str, Any]:
        return self._run(
            operation, lambda clients: _by_boto(clients, operation, parameters), bucket=bucket
        )

    def _run(
        self, operation: str, call: Callable[[Clients], T], *, bucket: str = "", repeat: bool = True
    ) -> T:
        def once() -> T:
            try:
                return call(self._connected())
            except _FAILURES as error:
                login = self._clients.login if self._clients is not None else None
                failure = translate(self._name, operation, error, self._secrets.scrub, login)
                if bucket == "tags" and isinstance(failure, Transient) and failure.code:
                    self.calls.announce(bucket, TAGGING_RATE)
                # What AWS says of bad credentials may hold the signed request.
                raise failure from (None if isinstance(failure, Denied) else error)

        looks = operation.startswith(_LOOKS)
        return self.calls.run(bucket or operation, once, repeat=repeat, looks=looks)

    def _connected(self) -> Clients:
        with self._lock:
            if self._clients is None:
                self._clients = connect(
                    self._account, self._keys, self._secrets, self._permit, self._limits
                )
            return self._clients


def _by_boto(clients: Clients, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = getattr(clients.sqs, xform_name(operation))(**parameters)
    # Messages are left as they are.
    return whole(answer) if operation.startswith(_LOOKS) else answer


def _caller(clients: Clients, each: Each | None = None) -> Caller:
    ask = clients.of("sts").get_caller_identity
    answer = clients.get_ready(ask, each) if each else ask()
    return Caller(str(answer["Account"]), str(answer["Arn"]))


def _tag_page(clients: Clients, token: str) -> tuple[list[tuple[str, Tags]], str]:
    page = {"ResourcesPerPage": _TAG_PAGE, "PaginationToken": token}
    answer = clients.tags.read("GetResources", {"ResourceTypeFilters": ["sqs"], **page})
    mappings = [
        (
            str(item["ResourceARN"]),
            {intern(tag["Key"]): tag["Value"] for tag in item.get("Tags") or ()},
        )
        for item in answer["ResourceTagMappingList"]
    ]
    return mappings, str(answer.get("PaginationToken") or "")
