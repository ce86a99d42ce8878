"""moto's SQS, mended where it differs from AWS. Each mend says what AWS does."""

import re
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from types import SimpleNamespace
from typing import Any

from moto import backends
from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core import responses as moto_responses
from moto.core.request import Request as MotoRequest
from moto.core.resource_tagging import TaggedResource
from moto.core.responses import ActionResult, BaseResponse
from moto.resourcegroupstaggingapi.responses import ResourceGroupsTaggingAPIResponse
from moto.sqs.exceptions import QueueAlreadyExists, QueueDoesNotExist, SQSException
from moto.sqs.models import SQSBackend, sqs_backends
from moto.sqs.responses import SQSResponse
from moto.sts.responses import TokenResponse
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from reconciler.sandbox import queue_rules as rules
from reconciler.sandbox.cloudwatch import NotValid, metric_data
from reconciler.sandbox.sqs_queue import CURRENT, QueueStore, SandboxQueue, refuse

_Made: Any = SandboxQueue  # to type checkers moto's queues are abstract


class SandboxBackend(SQSBackend):
    """SQS of one account and region."""

    @property
    def _url_module(self) -> Any:
        from moto.sqs import urls  # moto derives this from the module of the class

        return urls

    @property
    def queues(self) -> dict[str, Any]:
        """The queues of the current sandbox."""
        world = CURRENT.get()
        with world.lock:
            return world.queues.setdefault((self.account_id, self.region_name), {})

    @queues.setter
    def queues(self, _: dict[str, Any]) -> None:
        """Moto empties its table on construction; the world is emptied by reset."""

    def create_queue(self, name: str, tags: dict[str, str] | None = None, **sent: Any) -> Any:
        """Create, or return what is the same.

        AWS: the suffix and FifoQueue=true go together; other values for an existing queue are
        refused by name; tags of a second call are neither compared nor applied; a deleted name
        rests for a minute. moto lets any name and value pass and applies the tags.
        """
        sent.pop("region", None)
        world = CURRENT.get()
        with world.lock:
            self._check_name(name or "", sent)
            world.figures.wake((self.account_id, self.region_name), name)
            queue = self.queues.get(name)
            if queue is None:
                self._check_rest(world, name)
                queue = _Made(name, self.region_name, self.account_id, sent)
                if tags:
                    self._check_tags(queue, tags)
                    queue.tags, queue.was_tagged = dict(tags), True
                self.queues[name] = queue
                return queue
            self._check_same(queue, sent)
            return queue

    @staticmethod
    def _check_name(name: str, sent: dict[str, Any]) -> None:
        value = sent.get("FifoQueue")
        if value is not None and value != "true":
            refuse(rules.unknown("FifoQueue"))
        stem = name.removesuffix(".fifo")
        if not re.fullmatch(r"[A-Za-z0-9_-]+", stem) or len(name) > 80:
            raise SQSException(
                "InvalidParameterValue",
                "Can only include alphanumeric characters, hyphens, or underscores. "
                "1 to 80 in length",
            )
        if (value == "true") != (stem != name):
            raise SQSException(
                "InvalidParameterValue",
                "The name of a FIFO queue can only include alphanumeric characters, hyphens, or "
                "underscores, must end with .fifo suffix and be 1 to 80 in length.",
            )

    def _check_rest(self, world: QueueStore, name: str) -> None:
        died, _ = world.graves.get((self.account_id, self.region_name, name), (0.0, None))
        if time.monotonic() - died < world.settings["queueQuarantineSeconds"] and died:
            raise SQSException(
                "AWS.SimpleQueueService.QueueDeletedRecently",
                "You must wait 60 seconds after deleting a queue before you can create another "
                "with the same name.",
            )

    @staticmethod
    def _check_same(queue: SandboxQueue, sent: dict[str, Any]) -> None:
        try:
            rules.check(sent, {}, fifo=queue.fifo_queue)
        except rules.RefusedBySqs as error:
            refuse(error)
        now = {**queue.written, "Policy": queue.policy or ""}
        respell = CURRENT.get().settings["respellPolicies"]
        wished = rules.merge(rules.STANDARD_DEFAULTS, sent, respell=respell)
        for name in sent:
            if rules.differing(name, wished.get(name, ""), now):
                raise QueueAlreadyExists(
                    "A queue already exists with the same name and a different value for "
                    f"attribute {name}"
                )

    def get_queue(self, queue_name: str) -> Any:
        """As moto; who is used is awake, and CloudWatch measures it."""
        queue = super().get_queue(queue_name)
        CURRENT.get().figures.wake((self.account_id, self.region_name), queue_name)
        return queue

    def _count(self, queue_name: str, metric: str, times: int = 1) -> None:
        """AWS publishes metrics of queues; moto does not."""
        place, dimensions = (self.account_id, self.region_name), {"QueueName": queue_name}
        CURRENT.get().figures.count(place, "AWS/SQS", metric, dimensions, times)

    def send_message(self, queue_name: str, *args: Any, **named: Any) -> Any:
        """As moto, and counted."""
        message = super().send_message(queue_name, *args, **named)
        self._count(queue_name, "NumberOfMessagesSent")
        return message

    def receive_message(self, queue_name: str, *args: Any, **named: Any) -> Any:
        """As moto, and counted."""
        found = super().receive_message(queue_name, *args, **named)
        metric = "NumberOfMessagesReceived" if found else "NumberOfEmptyReceives"
        self._count(queue_name, metric, len(found) or 1)
        return found

    def delete_message(self, queue_name: str, receipt_handle: str) -> None:
        """As moto, and counted."""
        super().delete_message(queue_name, receipt_handle)
        self._count(queue_name, "NumberOfMessagesDeleted")

    def get_queue_url(self, queue_name: str) -> Any:
        """As moto, but eventually."""
        return self._seen(queue_name)

    def _seen(self, name: str) -> Any:
        """AWS: a queue may not be there yet, or still; moto is always up to date."""
        queue = self._visible(name)
        if queue is None:
            raise QueueDoesNotExist
        CURRENT.get().figures.wake((self.account_id, self.region_name), name)
        return queue

    def _visible(self, name: str) -> Any:
        world = CURRENT.get()
        with world.lock:
            queue = self.queues.get(name)
            if queue is not None:
                queue.unborn -= 1
                return queue if queue.unborn < 0 else None
            _, ghost = world.graves.get((self.account_id, self.region_name, name), (0.0, None))
            if ghost is None:
                return None
            ghost.undead -= 1
            return ghost if ghost.undead >= 0 else None

    def list_queues(self, queue_name_prefix: str | None) -> list[Any]:
        """AWS: the prefix is text; moto reads it as a pattern."""
        with CURRENT.get().lock:
            names = dict.fromkeys([*self.queues, *(name for *_, name in CURRENT.get().graves)])
            found = [self._visible(n) for n in names if n.startswith(queue_name_prefix or "")]
            return [queue for queue in found if queue is not None]

    def delete_queue(self, queue_name: str) -> None:
        """AWS: the name rests for a minute, and the tagging API lists the dead for a while."""
        world = CURRENT.get()
        with world.lock:
            queue = self.get_queue(queue_name)
            del self.queues[queue_name]
            queue.undead = world.lag("queueDeleted")
            world.graves[self.account_id, self.region_name, queue_name] = (time.monotonic(), queue)

    def get_queue_attributes(self, queue_name: str, attribute_names: list[str]) -> dict[str, Any]:
        """AWS: no names, no attributes; RedriveAllowPolicy is one of the names, unlike in moto."""
        queue = self._seen(queue_name)
        for name in attribute_names or ():
            if name not in rules.READABLE:
                refuse(rules.unknown(name))
        with CURRENT.get().lock:
            found: dict[str, Any] = queue.earlier if queue.stale else queue.attributes
            queue.stale = max(0, queue.stale - 1)
        if "All" in (attribute_names or ()):
            return found
        return {name: found[name] for name in attribute_names or () if name in found}

    def set_queue_attributes(self, queue_name: str, attributes: dict[str, Any]) -> Any:
        """AWS: merges, and one bad value refuses the whole call."""
        with CURRENT.get().lock:
            queue = self.get_queue(queue_name)
            queue.write(attributes)
            return queue

    def list_dead_letter_source_queues(self, queue_name: str) -> list[Any]:
        """As moto, but not while another thread creates."""
        with CURRENT.get().lock:
            found: list[Any] = super().list_dead_letter_source_queues(queue_name)
            return found

    def add_permission(self, *args: Any, **named: Any) -> None:
        """AWS: statements without a Sid, or one statement outside a list, are no hindrance."""
        name = named["queue_name"] if "queue_name" in named else args[1]
        with CURRENT.get().lock:
            _regular(self.get_queue(name))
            super().add_permission(*args, **named)

    def remove_permission(self, queue_name: str, label: str) -> None:
        """AWS: as above; the last statement takes the policy along."""
        with CURRENT.get().lock:
            _regular(self.get_queue(queue_name))
            super().remove_permission(queue_name, label)

    @staticmethod
    def _check_tags(queue: SandboxQueue, tags: dict[str, str]) -> None:
        """AWS: 50 tags, keys of 1 to 128 and values of 0 to 256 characters, no aws: prefix."""
        sound = all(
            1 <= len(key) <= 128 and len(value) <= 256 and not key.lower().startswith("aws:")
            for key, value in tags.items()
        )
        if not sound or len({**queue.tags, **tags}) > 50:
            raise SQSException("InvalidParameterValue", "Tag keys or values are not acceptable.")

    def tag_queue(self, queue_name: str, tags: dict[str, str]) -> None:
        """AWS: merges and overwrites."""
        with CURRENT.get().lock:
            queue = self.get_queue(queue_name)
            self._check_tags(queue, tags or {})
            super().tag_queue(queue_name, tags)
            queue.was_tagged = True

    def untag_queue(self, queue_name: str, tag_keys: list[str]) -> None:
        """AWS: unknown keys are ignored."""
        with CURRENT.get().lock:
            super().untag_queue(queue_name, tag_keys)

    def list_queue_tags(self, queue_name: str) -> Any:
        """AWS: without tags the key Tags is missing from the answer; moto sends an empty map."""
        tags = dict(self._seen(queue_name).tags)
        return SimpleNamespace(tags=tags or None)

    def is_message_valid_based_on_retention_period(self, queue_name: str, message: Any) -> bool:
        """As moto, which counts on numbers where attributes are text."""
        kept = int(self.get_queue(queue_name).written["MessageRetentionPeriod"])
        return bool(message.sent_timestamp / 1000 + kept > time.time())

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        """List what the tagging API knows.

        AWS: queues never tagged are not listed, once tagged they are; with a lag, deleted ones
        still are and new ones not yet. moto lists all, at once.
        """
        world = CURRENT.get()
        lag, now = world.settings["taggingLagSeconds"], time.monotonic()
        place = (self.account_id, self.region_name)
        with world.lock:
            living = [q for q in self.queues.values() if time.time() - q.created_timestamp >= lag]
            dead = [
                queue
                for (*where, name), (died, queue) in world.graves.items()
                if tuple(where) == place and now - died < lag and name not in self.queues
            ]
            found = [
                TaggedResource(
                    queue.queue_arn, dict(queue.tags), "sqs:queue", {"include_untagged": True}
                )
                for queue in living + dead
                if queue.was_tagged
            ]
        yield from found


def _regular(queue: SandboxQueue) -> None:
    statements = queue._policy_json["Statement"]  # noqa: SLF001 - moto offers no other way
    statements = statements if isinstance(statements, list) else [statements]
    queue._policy_json["Statement"] = [{"Sid": "", **item} for item in statements]  # noqa: SLF001 - as above


def _named_queue(response: SQSResponse) -> str:
    """AWS: the account in a queue URL counts; moto would take the caller's queue of that name."""
    url = response._get_param("QueueUrl") or response.path  # noqa: SLF001 - moto's own way
    *_, account, name = ["", *str(url).split("/")]
    if account.isdigit() and account != response.current_account:
        return ""  # no queue has this name
    return name


def _list_queues(response: SQSResponse) -> ActionResult:
    """AWS: without queues the key QueueUrls is missing; moto sends an empty list on pages."""
    answer = _moto_list_queues(response)
    result: Any = answer._result  # noqa: SLF001 - moto offers no other way
    return answer if result.get("QueueUrls") else ActionResult({})


_moto_list_queues = SQSResponse.list_queues


def _metric_data(response: CloudWatchResponse) -> ActionResult:
    """AWS: limits, pages, periods and metrics of its own services; moto has none of them."""
    place = (response.current_account, response.region)
    try:
        found = metric_data(CURRENT.get(), place, dict(response._get_params()))  # noqa: SLF001 - moto's own way
    except NotValid as error:
        raise ValidationError(str(error)) from error
    return ActionResult(found)


class _ServedRequest(MotoRequest):
    from_wsgi_server = True


def _answer(kind: type[BaseResponse], environ: dict[str, Any]) -> Response:
    request = _ServedRequest(environ)
    try:
        status, headers, body = kind.dispatch(request, request.raw_url, dict(request.headers))
    except HTTPException as error:
        return Response.force_type(error.get_response(environ), environ)
    return Response(body, status, headers)


def responses() -> dict[str, Callable[[dict[str, Any]], Response]]:
    """Return what answers a request at "/" as moto's server would, by the name it is signed for."""
    kinds: dict[str, type[BaseResponse]] = {
        "sqs": SQSResponse,
        "sts": TokenResponse,
        "tagging": ResourceGroupsTaggingAPIResponse,
        "monitoring": CloudWatchResponse,
    }
    return {name: partial(_answer, kind) for name, kind in kinds.items()}


def install() -> None:
    """Make moto answer with mended queues from now on, in this process."""
    sqs_backends.backend = SandboxBackend
    for name, mended in (("_get_queue_name", _named_queue), ("list_queues", _list_queues)):
        setattr(SQSResponse, name, mended)
    setattr(CloudWatchResponse, "get_metric_data", _metric_data)  # noqa: B010 - it is a class
    # moto looks through its folders for every request, a third of what one takes.
    services = tuple(backends.list_of_moto_modules())
    backends.list_of_moto_modules = lambda: services
    # It also goes through all members of a class, and spells names anew.
    for name in ("method_names_from_class", "camelcase_to_underscores"):
        found = getattr(moto_responses, name)
        if not hasattr(found, "cache_clear"):
            setattr(moto_responses, name, cache(found))
