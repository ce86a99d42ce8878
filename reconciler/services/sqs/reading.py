"""Reads all queues of an account: few calls for many queues, and nothing guessed.

The names come from ListQueues. Tags come from the tagging API in pages of 100, which lags behind:
for a declared queue they are believed only where they are what was declared, else the queue itself
is asked. Attributes cost a call a queue and are read of those that matter: declared, or ours.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from operator import call

from reconciler.core.model.addresses import Outputs, remote_values
from reconciler.core.model.errors import Denied, Missing, Rejected
from reconciler.core.model.objects import Live
from reconciler.core.planning.diff import PROTECT_MARK, STACK_MARK
from reconciler.core.provider import Interest
from reconciler.services.sqs import attributes as wire
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.client import SqsClient, Tags
from reconciler.services.sqs.queue import Queue


class Reading:
    """One reading of one account. `name` is the account's own in the declarations.

    `apart` tells a queue's policy apart from what routes imply.
    """

    def __init__(
        self,
        name: str,
        account: AwsAccount,
        client: SqsClient,
        interest: Interest,
        apart: Callable[[Queue], Queue],
    ) -> None:
        self._apart = apart
        self._name = name
        self._account = account
        self._client = client
        self._interest = interest
        self._declared = {spec.name: spec for spec in interest.declared if isinstance(spec, Queue)}
        self._urls: dict[str, str] = {}
        self._attributes: dict[str, dict[str, str]] = {}
        self._tags: dict[str, Tags] = {}
        self._index: dict[str, Tags] | None = None
        self._gone: set[str] = set()

    def queues(self) -> list[Live]:
        """Return every queue, sorted by name. Raises the first ServiceError."""
        self._do(self._known_at_once())
        listed = sorted(self._urls)
        here = [name for name in listed if name in self._declared]
        asked = listed if self._index is None else [n for n in here if not self._believable(n)]
        self._do([partial(self._read_tags, name) for name in asked])
        stack = self._interest.stack
        wanted = [
            name
            for name in listed
            if self._interest.everything or self._tags_of(name).get(STACK_MARK) == stack
        ]
        self._do([partial(self._read_attributes, n) for n in wanted if n not in self._declared])
        return [self._live(name) for name in listed if name not in self._gone]

    def _known_at_once(self) -> Iterator[Callable[[], None]]:
        """Yield what can be read while the names are listed, and list them.

        The list and the index take a page after the other each: meanwhile the declared queues are
        read.
        """
        yield self._read_index
        for page in self._client.queue_pages():
            new = [name for name in page if name in self._declared and name not in self._urls]
            self._urls |= page
            yield from (partial(self._read_attributes, name) for name in new)

    def _do(self, jobs: Iterable[Callable[[], None]]) -> None:
        self._interest.each(call, jobs)

    def _read_index(self) -> None:
        try:
            self._index = self._client.tag_index()
        except Denied as error:
            self._interest.warn(
                f"{error}; tags are read queue by queue instead, which takes a call each "
                "(the permission is tag:GetResources)"
            )

    def _read_attributes(self, name: str) -> None:
        try:
            self._attributes[name] = self._client.attributes(self._urls[name])
        except Missing:
            self._gone.add(name)  # ListQueues shows deleted queues for up to a minute

    def _read_tags(self, name: str) -> None:
        if name in self._gone:
            return
        try:
            self._tags[name] = self._client.tags(self._urls[name])
        except Missing:
            self._gone.add(name)

    def _believable(self, name: str) -> bool:
        indexed = (self._index or {}).get(name, {})
        return (
            indexed.get(STACK_MARK) == self._interest.stack
            and wire.users_tags(indexed) == self._declared[name].tags
        )

    def _tags_of(self, name: str) -> Tags:
        found = self._tags.get(name)
        return (self._index or {}).get(name, {}) if found is None else found

    def _live(self, name: str) -> Live:
        tags, attributes = self._tags_of(name), self._attributes.pop(name, None)
        outputs = remote_values(arn=self._account.queue_arn(name), url=self._urls[name])
        if attributes is not None:
            return live_queue(self._name, self._account, outputs, attributes, tags, self._apart)
        bare = {"name": name, "fifo": name.endswith(".fifo"), "tags": wire.users_tags(tags)}
        return Live(
            account=self._name,
            spec=Queue.of(self._account, bare),
            outputs=outputs,
            owner=tags.get(STACK_MARK),
            protected=tags.get(PROTECT_MARK) == "true",
            detailed=False,
        )


def as_read(queue: Queue) -> Queue:
    """Leave a queue's policy as it was read."""
    return queue


def live_queue(
    name: str,
    account: AwsAccount,
    outputs: Outputs,
    attributes: dict[str, str],
    tags: Tags,
    apart: Callable[[Queue], Queue] = as_read,
) -> Live:
    """Return the queue that SQS describes by these attributes and tags.

    `apart` tells its policy apart from what routes imply.

    Raises:
        Rejected: it has a value that this version does not know.
    """
    queue = outputs["arn"].rpartition(":")[2]
    try:
        spec = apart(wire.queue_from(account, queue, attributes, tags))
    except ValueError as error:
        raise Rejected(
            name,
            "GetQueueAttributes",
            f"the queue {queue} has a setting that this version does not know; update the "
            "reconciler, or leave the queue to others",
        ) from error
    return Live(
        account=name,
        spec=spec,
        outputs=outputs,
        owner=tags.get(STACK_MARK),
        protected=tags.get(PROTECT_MARK) == "true",
        waiting=wire.waiting(attributes),
        backlog=wire.backlog(attributes),
        created=wire.created(attributes),
    )
