"""What the services answer, as far as planning and creating need it. Speed is all that counts."""

import json
import re
from collections import Counter
from typing import Any
from urllib.parse import parse_qs, unquote

AWS_ID = "123456789012"
REGION = "eu-west-1"
EVENTS = ("ACCOUNT_SERVICE_CHANGE", "PRODUCT_STATUS_CHANGE")
TARGETS = 10
"""Target accounts of each Merchant account."""
SELLERS_TYPE = "ANY_OFFER_CHANGED"

Answer = tuple[bytes, str]
JSON = "application/json"
_TAGGING = "/service/ResourceGroupsTaggingAPI_20170126/operation/GetResources"
_CALLER = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
    f"<GetCallerIdentityResult><Arn>arn:aws:iam::{AWS_ID}:user/stub</Arn><UserId>stub</UserId>"
    f"<Account>{AWS_ID}</Account></GetCallerIdentityResult><ResponseMetadata>"
    "<RequestId>stub</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
).encode()


class Services:
    """All services behind one port; `calls` counts by operation."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.sqs = Sqs()

    def answer(
        self, method: str, path: str, query: str, head: str, lowered: str, body: bytes
    ) -> Answer:
        """Answer one request."""
        start = lowered.find("\r\nx-amz-target: amazonsqs.")
        if start >= 0:
            operation = head[start + 26 :].partition("\r\n")[0]
            self.calls[operation] += 1
            return self.sqs.answer(operation, json.loads(body)), "application/x-amz-json-1.0"
        if path == _TAGGING:
            self.calls["GetResources"] += 1
            return self.sqs.resources_cbor(body), "application/cbor"
        if "\r\nx-amz-target: awsevents.listeventbuses" in lowered:
            self.calls["ListEventBuses"] += 1
            return b'{"EventBuses":[]}', "application/x-amz-json-1.1"
        if "\r\nx-amz-target: resourcegroupstaggingapi" in lowered:
            self.calls["GetResources"] += 1
            return self.sqs.resources_json(body), "application/x-amz-json-1.1"
        if path == "/":
            self.calls["GetCallerIdentity"] += 1
            return _CALLER, "text/xml"
        if path == "/auth/o2/token":
            self.calls["token"] += 1
            return _token(body), JSON
        if path == "/notifications/v1/destinations":
            self.calls["getDestinations"] += 1
            return _DESTINATIONS, JSON
        if path == "/notifications/v1/subscriptions":
            self.calls["getSubscriptions"] += 1
            return _seller_subscriptions(query, head, lowered), JSON
        if path.endswith("/notificationsubscriptions"):
            self.calls["notificationsubscriptions.list"] += 1
            return _merchant_subscriptions(path.split("/")[-2]), JSON
        raise AssertionError(f"{method} {path} is not known to the stub")


class Sqs:
    """Queues by name, each held as the bytes that describe it."""

    def __init__(self) -> None:
        self._attributes: dict[str, dict[str, str]] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._described: dict[str, bytes] = {}
        self._mapping: dict[str, tuple[bytes, bytes]] = {}
        self._names: list[str] = []

    def answer(self, operation: str, given: dict[str, Any]) -> bytes:
        """Answer one SQS call."""
        match operation:
            case "GetQueueAttributes":
                return self._described[_name(given)]
            case "CreateQueue":
                self._put(given["QueueName"], given.get("Attributes", {}), given.get("tags", {}))
                return json.dumps({"QueueUrl": _url(given["QueueName"])}).encode()
            case "ListQueues":
                return self._page(int(given.get("NextToken", 0)), given.get("MaxResults", 1000))
            case "ListQueueTags":
                return json.dumps({"Tags": self._tags[_name(given)]}).encode()
            case "GetQueueUrl":
                return json.dumps({"QueueUrl": _url(given["QueueName"])}).encode()
            case "SetQueueAttributes":
                name = _name(given)
                self._put(name, self._attributes[name] | given["Attributes"], self._tags[name])
            case "TagQueue":
                name = _name(given)
                self._put(name, self._attributes[name], self._tags[name] | given["Tags"])
            case _:
                raise AssertionError(f"{operation} is not known to the stub")
        return b"{}"

    def multiply(self, like: str, total: int) -> None:
        """Make queues like the one called `like`-00001, until there are `total`."""
        first = f"{like}-00001"
        pattern, tags = json.dumps(self._attributes[first]), self._tags[first]
        number = 1
        while len(self._names) < total:
            number += 1
            name = f"{like}-{number:05}"
            if name not in self._attributes:
                self._put(name, json.loads(pattern.replace(first, name)), tags)

    def resources_json(self, body: bytes) -> bytes:
        """Return a page of tagged queues to a botocore that prefers JSON."""
        names, token = self._tagged(body)
        items = b",".join(self._mapping[name][0] for name in names)
        return b'{"ResourceTagMappingList":[%s],"PaginationToken":"%s"}' % (items, token.encode())

    def resources_cbor(self, body: bytes) -> bytes:
        """Return a page of tagged queues to a botocore that prefers CBOR."""
        names, token = self._tagged(body)
        items = _head(4, len(names)) + b"".join(self._mapping[name][1] for name in names)
        return (
            _head(5, 2)
            + cbor("ResourceTagMappingList")
            + items
            + cbor("PaginationToken")
            + cbor(token)
        )

    def _tagged(self, body: bytes) -> tuple[list[str], str]:
        """Return 100 names and the next page's token, which says where it begins."""
        found = re.search(rb"from-(\d+)", body)
        start = int(found[1]) if found else 0
        more = start + 100 < len(self._names)
        return self._names[start : start + 100], f"from-{start + 100}" if more else ""

    def _page(self, start: int, size: int) -> bytes:
        page: dict[str, Any] = {"QueueUrls": [_url(n) for n in self._names[start : start + size]]}
        if start + size < len(self._names):
            page["NextToken"] = str(start + size)
        return json.dumps(page).encode()

    def _put(self, name: str, attributes: dict[str, str], tags: dict[str, str]) -> None:
        if name not in self._attributes:
            self._names.append(name)
        arn = f"arn:aws:sqs:{REGION}:{AWS_ID}:{name}"
        self._attributes[name], self._tags[name] = attributes, tags
        self._described[name] = json.dumps(
            {"Attributes": {**_DEFAULTS, "QueueArn": arn, **attributes}}
        ).encode()
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        mapping = {"ResourceARN": arn, "Tags": pairs}
        self._mapping[name] = json.dumps(mapping).encode(), cbor(mapping)


_DEFAULTS = {
    "ApproximateNumberOfMessages": "0",
    "ApproximateNumberOfMessagesDelayed": "0",
    "ApproximateNumberOfMessagesNotVisible": "0",
    "CreatedTimestamp": "1767225600",
    "DelaySeconds": "0",
    "LastModifiedTimestamp": "1767225600",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "SqsManagedSseEnabled": "true",
    "VisibilityTimeout": "30",
}


def _url(name: str) -> str:
    return f"http://127.0.0.1/{AWS_ID}/{name}"


def _name(given: dict[str, Any]) -> str:
    name: str = given["QueueUrl"].rpartition("/")[2]
    return name


def _token(body: bytes) -> bytes:
    """Return a token that names the seller, whose refresh token ends with the name."""
    form = parse_qs(body.decode())
    who = form.get("refresh_token", ["grantless"])[0].rpartition("-")[2]
    return json.dumps(
        {"access_token": f"Atza|{who}", "token_type": "bearer", "expires_in": 3600}
    ).encode()


_DESTINATIONS = json.dumps(
    {
        "payload": [
            {
                "destinationId": "destination-1",
                "name": "bench-queue",
                "resource": {"sqs": {"arn": f"arn:aws:sqs:{REGION}:{AWS_ID}:bench"}},
            }
        ]
    }
).encode()
_NO_SUBSCRIPTIONS = b'{"payload":{"subscriptions":[]}}'


def _seller_subscriptions(query: str, head: str, lowered: str) -> bytes:
    if f"notificationTypes={SELLERS_TYPE}" not in query:
        return _NO_SUBSCRIPTIONS
    start = lowered.find("\r\nx-amz-access-token:") + 21
    seller = unquote(head[start:].partition("\r\n")[0]).strip()
    return (
        f'{{"payload":{{"subscriptions":[{{"subscriptionId":"{seller}","payloadVersion":"1.0",'
        f'"destinationId":"destination-1","processingDirective":{{"eventFilter":{{"eventFilterType":'
        f'"{SELLERS_TYPE}","marketplaceIds":["A1PA6795UKMFR9"],"aggregationSettings":'
        f'{{"aggregationTimePeriod":"FiveMinutes"}}}}}}}}]}}}}'
    ).encode()


def merchant_targets(account: int) -> list[str]:
    """Return the target accounts of a Merchant account."""
    return [str(account * 100 + number) for number in range(1, TARGETS + 1)]


def _merchant_subscriptions(account: str) -> bytes:
    found = [
        {
            "name": f"accounts/{account}/notificationsubscriptions/{event}-{target}",
            "registeredEvent": event,
            "targetAccount": f"accounts/{target}",
            "callBackUri": f"https://hooks.example.com/{target}/{event}",
        }
        for event in EVENTS
        for target in merchant_targets(int(account))
    ]
    return json.dumps({"notificationSubscriptions": found}).encode()


def cbor(value: Any) -> bytes:
    """Encode texts, lists and mappings."""
    if isinstance(value, str):
        data = value.encode()
        return _head(3, len(data)) + data
    if isinstance(value, list):
        return _head(4, len(value)) + b"".join(map(cbor, value))
    return _head(5, len(value)) + b"".join(cbor(key) + cbor(item) for key, item in value.items())


def _head(major: int, length: int) -> bytes:
    if length < 24:
        return bytes([major << 5 | length])
    if length < 256:
        return bytes([major << 5 | 24, length])
    return bytes([major << 5 | 25]) + length.to_bytes(2, "big")
