"""The MWS protocol: Signature Version 2 in, namespaced XML out, in answers and in queues.

Source: Amazon MWS Developer Guide (query string format, errors) and recorded exchanges of the
Subscriptions section. MWS itself was switched off on 31 March 2024.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from html import escape
from urllib.parse import quote
from uuid import uuid4

from reconciler.sandbox.service import Answer

NAMESPACE = "http://mws.amazonservices.com/schema/Subscriptions/2013-07-01"
PATH = "/Subscriptions/2013-07-01"
_WINDOW = timedelta(minutes=15)
_DIGESTS = {"HmacSHA256": hashlib.sha256, "HmacSHA1": hashlib.sha1}


class MwsError(Exception):
    """An error document."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def invalid_parameter(message: str) -> MwsError:
    """Return the error for a bad or missing parameter."""
    return MwsError(400, "InvalidParameterValue", message)


def invalid_input(message: str) -> MwsError:
    """Return the Subscriptions section's error for what does not fit its state."""
    return MwsError(400, "InvalidInputFatalException", message)


def sign(parameters: Mapping[str, str], host: str, secret: str, digest: str) -> str:
    """Compute the signature of a POST to the Subscriptions path.

    `host` as in the Host header: it is used in lower case and without port.
    """
    pairs = sorted((name.encode(), name) for name in parameters if name != "Signature")
    query = "&".join(f"{_quote(name)}={_quote(parameters[name])}" for _, name in pairs)
    text = "\n".join(("POST", host.lower().split(":")[0], PATH, query))
    code = hmac.new(secret.encode(), text.encode(), _DIGESTS[digest])
    return base64.b64encode(code.digest()).decode()


def _quote(text: str) -> str:
    return quote(text, safe="-_.~")


def check_signature(parameters: Mapping[str, str], host: str, keys: Mapping[str, str]) -> None:
    """Accept a request signed with one of `keys` less than 15 minutes ago. Raises MwsError."""
    for name in ("AWSAccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "Timestamp"):
        if not parameters.get(name):
            raise invalid_parameter(f"Required parameter {name} not found")
    method = parameters["SignatureMethod"]
    if method not in _DIGESTS or parameters["SignatureVersion"] != "2":
        raise invalid_parameter(f"Value {method} for parameter SignatureMethod is invalid.")
    secret = keys.get(parameters["AWSAccessKeyId"])
    if secret is None:
        raise MwsError(
            403,
            "InvalidAccessKeyId",
            "The AWS Access Key Id you provided does not exist in our records.",
        )
    if not hmac.compare_digest(
        sign(parameters, host, secret, method).encode(), parameters["Signature"].encode()
    ):
        raise MwsError(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check "
            "your AWS Secret Access Key and signing method. Consult the service documentation for "
            "details.",
        )
    _check_time(parameters["Timestamp"])


def _check_time(text: str) -> None:
    try:
        sent = datetime.fromisoformat(text)
    except ValueError:
        raise invalid_parameter(
            f"Timestamp {text} must be in ISO8601 format: yyyy-MM-ddTHH:mm:ssZ"
        ) from None
    sent = sent if sent.tzinfo else sent.replace(tzinfo=UTC)
    if abs(datetime.now(UTC) - sent) > _WINDOW:
        # The window's length and its code are not documented; the code table blames the clock.
        raise MwsError(
            403, "SignatureDoesNotMatch", f"Timestamp {text} is not within 15 minutes of our time."
        )


def element(name: str, *children: str) -> str:
    """Return an element; children are markup already, see text()."""
    inside = "".join(children)
    return f"<{name}>{inside}</{name}>" if inside else f"<{name}/>"


def text(name: str, value: str) -> str:
    """Return an element with escaped text."""
    return element(name, escape(value, quote=False))


def now() -> str:
    """Return the time as MWS writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def response(action: str, *result: str) -> Answer:
    """Return the answer of a successful operation.

    Recordings carry an XML declaration for GetServiceStatus and none for the rest.
    """
    request_id = str(uuid4())
    body = (
        f'<{action}Response xmlns="{NAMESPACE}">'
        + element(f"{action}Result", *result)
        + element("ResponseMetadata", text("RequestId", request_id))
        + f"</{action}Response>"
    )
    declaration = '<?xml version="1.0"?>\n' if action == "GetServiceStatus" else ""
    return Answer(200, (declaration + body).encode(), _headers(request_id))


def error_response(error: MwsError, more: Mapping[str, str] | None = None) -> Answer:
    """Return an error document; its id is spelt RequestID, unlike that of answers."""
    request_id = str(uuid4())
    blame = "Receiver" if error.status >= 500 else "Sender"
    body = (
        f'<ErrorResponse xmlns="{NAMESPACE}">'
        + element(
            "Error",
            text("Type", blame),
            text("Code", error.code),
            text("Message", error.message),
            element("Detail"),
        )
        + text("RequestID", request_id)
        + "</ErrorResponse>"
    )
    return Answer(error.status, body.encode(), {**_headers(request_id), **(more or {})})


def _headers(request_id: str) -> dict[str, str]:
    return {
        "Content-Type": "text/xml",
        "x-mws-request-id": request_id,
        "x-mws-timestamp": now(),
        "x-mws-response-context": base64.b64encode(request_id.encode()).decode(),
    }


def test_message(seller: str) -> str:
    """Return the documentation's test message: metadata as always, an empty payload."""
    return message("Test", seller, None, element("TestNotification"))


def message(kind: str, seller: str, marketplace: str | None, payload: str) -> str:
    """Return a notification; `payload` is the XML inside NotificationPayload."""
    metadata = [
        text("NotificationType", kind),
        text("PayloadVersion", "1.0"),
        text("UniqueId", str(uuid4())),
        text("PublishTime", now()),
        text("SellerId", seller),
    ]
    if marketplace is not None:
        metadata.append(text("MarketplaceId", marketplace))
    return element(
        "Notification",
        element("NotificationMetaData", *metadata),
        element("NotificationPayload", payload),
    )
