"""Queue URLs and ARNs: MWS names a queue by its URL, everything else here by its ARN.

AWS gave the same queue URLs of several host styles over the years; they all mean one ARN.
"""

from urllib.parse import urlsplit

from reconciler.core.text.expressions import Expression

ARN_PATTERN = (
    r"^arn:(aws|aws-cn|aws-us-gov):sqs:[a-z0-9-]+:[0-9]{12}:"
    r"([A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\.fifo)$"
)

_ARN = Expression(ARN_PATTERN)
_HOSTS = (
    Expression(r"sqs(?:-fips)?\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?"),
    Expression(r"sqs\.(?P<region>[a-z0-9-]+)\.api\.aws"),
    Expression(r"(?P<region>[a-z0-9-]+)\.queue\.amazonaws\.com(?:\.cn)?"),
    Expression(r"(?P<region>)queue\.amazonaws\.com"),
)
_PATH = Expression(r"/(?P<account>[0-9]{12})/(?P<name>[A-Za-z0-9_-]+(?:\.fifo)?)/?")


def canonical_queue(value: str) -> str:
    """Return the ARN behind a queue URL on one of AWS's hosts; any other text as it is."""
    if not value.startswith(("https://", "http://")):
        return value
    parts = urlsplit(value)
    host = parts.hostname or ""
    path = _PATH.fullmatch(parts.path)
    for pattern in _HOSTS:
        match = pattern.fullmatch(host)
        if match and path:
            region = match["region"] or "us-east-1"
            return f"arn:{_partition(region)}:sqs:{region}:{path['account']}:{path['name']}"
    return value


def queue_url(value: str) -> str:
    """Return the URL of today's host style for a queue ARN; any other text as it is."""
    if not _ARN.fullmatch(value):
        return value
    _, partition, _, region, account, name = value.split(":")
    suffix = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    return f"https://sqs.{region}.{suffix}/{account}/{name}"


def _partition(region: str) -> str:
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    found = (name for prefix, name in prefixes.items() if region.startswith(prefix))
    return next(found, "aws")
