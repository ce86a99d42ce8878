"""Clients written from the services' documentation, apart from the sandbox and the project."""

import base64
import hashlib
import hmac
import json
import time
import urllib.parse
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

import boto3
import botocore.config
import botocore.loaders
import botocore.session
import jsonschema

SWAGGER = Path(__file__).with_name("sp-api-notifications.swagger.json")
MARKET = "A1PA6795UKMFR9"
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/offers"


@cache
def core():
    """Make botocore's part of a session once a process, which costs as much as 20 calls."""
    made = botocore.session.get_session()
    made.register_component("data_loader", botocore.loaders.create_loader())
    return made


class AwsAccount:
    def __init__(self, url, account="123456789012", region="eu-west-1"):
        self._options = {
            "endpoint_url": url,
            "region_name": region,
            "aws_access_key_id": account,
            "aws_secret_access_key": "any",
            "config": botocore.config.Config(retries={"total_max_attempts": 1}),
        }
        self._session = boto3.session.Session(botocore_session=core())
        self._clients = {}

    def __getattr__(self, service):
        if service not in self._clients:
            self._clients[service] = self._session.client(service, **self._options)
        return self._clients[service]

    def queue(self, name="offers", **attributes):
        return self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def read(self, url):
        answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return answer["Attributes"]

    def write(self, url, **attributes):
        self.sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)

    def close(self):
        for client in self._clients.values():
            client.close()


def sigv2(parameters, host, secret):
    """AWS Signature Version 2 as its documentation words it."""

    def escaped(text):
        kept = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~"
        return "".join(chr(b) if b in kept else f"%{b:02X}" for b in text.encode())

    names = sorted(parameters, key=str.encode)
    query = "&".join(f"{escaped(name)}={escaped(parameters[name])}" for name in names)
    text = f"POST\n{host}\n/Subscriptions/2013-07-01\n{query}"
    code = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(code).decode()


class MwsSeller:
    def __init__(self, url, http, seller="A1EXAMPLE", key="AKIASANDBOX", secret="sandbox-secret"):
        self.url, self.http, self.seller, self.key, self.secret = url, http, seller, key, secret

    def send(self, action, market=MARKET, leave_out=(), **parameters):
        """POST and return the raw answer."""
        sent = {
            "AWSAccessKeyId": self.key,
            "Action": action,
            "SellerId": self.seller,
            "SignatureMethod": "HmacSHA256",
            "SignatureVersion": "2",
            "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "Version": "2013-07-01",
            **({"MarketplaceId": market} if market else {}),
            **{name.replace("__", "."): value for name, value in parameters.items()},
        }
        sent = {name: value for name, value in sent.items() if name not in leave_out}
        if "Signature" not in sent and "Signature" not in leave_out:
            sent["Signature"] = sigv2(sent, "127.0.0.1", self.secret)
        return self.http.request(
            "POST",
            f"{self.url}/Subscriptions/2013-07-01",
            body=urllib.parse.urlencode(sent),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )

    def call(self, action, **parameters):
        """POST, expect success, and return the parsed document."""
        answer = self.send(action, **parameters)
        assert answer.status == 200, answer.data
        return Xml(answer.data)

    def refused(self, action, **parameters):
        """POST, expect an error, and return (status, code)."""
        answer = self.send(action, **parameters)
        return answer.status, Xml(answer.data).text("Code")


def destination(queue=QUEUE, prefix=""):
    return {
        f"{prefix}Destination__DeliveryChannel": "SQS",
        f"{prefix}Destination__AttributeList__member__1__Key": "sqsQueueUrl",
        f"{prefix}Destination__AttributeList__member__1__Value": queue,
    }


def subscription(kind="AnyOfferChanged", queue=QUEUE, enabled="true"):
    return {
        "Subscription__NotificationType": kind,
        "Subscription__IsEnabled": enabled,
        **destination(queue, "Subscription__"),
    }


class Xml:
    def __init__(self, data):
        self.root = ET.fromstring(data)

    def names(self):
        return [element.tag.rpartition("}")[2] for element in self.root.iter()]

    def text(self, name):
        return next(self.texts(name), None)

    def texts(self, name):
        return (e.text for e in self.root.iter() if e.tag.rpartition("}")[2] == name)


class LwaApplication:
    """An SP-API application; every answer is checked against the published model."""

    model = json.loads(SWAGGER.read_text())

    def __init__(self, url, http, client="amzn1.application-oa2-client.one", secret="secret-one"):
        self.url, self.http, self.client, self.secret = url, http, client, secret

    def login(self, **form):
        body = {"client_id": self.client, "client_secret": self.secret, **form}
        return self.http.request(
            "POST",
            f"{self.url}/auth/o2/token",
            body=urllib.parse.urlencode(body),
            headers={"Content-Type": "application/x-www-form-urlencoded;charset=UTF-8"},
        )

    def grantless(self):
        scope = "sellingpartnerapi::notifications"
        return self.login(grant_type="client_credentials", scope=scope).json()["access_token"]

    def seller(self, refresh="Atzr|seller-one"):
        answer = self.login(grant_type="refresh_token", refresh_token=refresh)
        return answer.json()["access_token"]

    def send(self, method, path, token=None, body=None, headers=None):
        answer = self.http.request(
            method,
            f"{self.url}/notifications/v1/{path}",
            body=None if body is None else json.dumps(body),
            headers={
                "Accept": "application/json",
                **({"Content-Type": "application/json"} if body is not None else {}),
                **({"x-amz-access-token": token} if token else {}),
                **(headers or {}),
            },
        )
        self._validate(method, path.partition("?")[0], answer)
        return answer

    def _validate(self, method, path, answer):
        operation = self._operation(method.lower(), path.split("/"))
        assert "x-amzn-RequestId" in answer.headers
        assert ("x-amzn-RateLimit-Limit" in answer.headers) == (answer.status in (200, 400, 404))
        assert ("x-amzn-ErrorType" in answer.headers) == (answer.status >= 400)
        if operation is None:
            return
        schema = operation["responses"][str(answer.status)]["schema"]
        resolvable = {**schema, "definitions": self.model["definitions"]}
        jsonschema.Draft4Validator(resolvable).validate(_dropped(answer.json()))

    def _operation(self, method, parts):
        for pattern, operations in self.model["paths"].items():
            wished = pattern.removeprefix("/notifications/v1/").split("/")
            fits = len(wished) == len(parts) and all(
                name.startswith("{") or name == part
                for name, part in zip(wished, parts, strict=True)
            )
            if fits and method in operations:
                return operations[method]
        return None

    def details(self, answer):
        [error] = answer.json()["errors"]
        return answer.status, error["code"], error.get("details")

    def destination(self, name="offers", arn="arn:aws:sqs:eu-west-1:123456789012:offers"):
        body = {"name": name, "resourceSpecification": {"sqs": {"arn": arn}}}
        answer = self.send("POST", "destinations", self.grantless(), body)
        assert answer.status == 200, answer.data
        return answer.json()["payload"]["destinationId"]

    def event_bridge(self, account="123456789012"):
        specification = {"eventBridge": {"region": "eu-west-1", "accountId": account}}
        body = {"name": "bus", "resourceSpecification": specification}
        return self.send("POST", "destinations", self.grantless(), body)

    def subscribe(
        self, target, kind="ANY_OFFER_CHANGED", version="1.0", directive=None, refresh="Atzr|one"
    ):
        body = {"payloadVersion": version, "destinationId": target}
        if directive is not None:
            body["processingDirective"] = directive
        return self.send("POST", f"subscriptions/{kind}", self.seller(refresh), body)


def _dropped(value):
    """The model knows no nulls, real answers have them: the notes say to drop them."""
    if isinstance(value, dict):
        return {key: _dropped(item) for key, item in value.items() if item is not None}
    return [_dropped(item) for item in value] if isinstance(value, list) else value


def ask(http, url, method, path, body=None):
    """Plain JSON over HTTP, for the controls and the Merchant API."""
    return http.request(
        method,
        f"{url}{path}",
        body=None if body is None else json.dumps(body),
        headers={"Content-Type": "application/json"},
    )
