"""The declarations of a new repository: small, whole, and valid as they stand.

Numbers, marketplaces and URLs are examples that their owner replaces.
"""

from collections.abc import Iterator

from reconciler.starter.selection import StarterContents

SCHEMA = ".schema.json"
"""Beside the declarations; hidden files are not read as such."""
MODELINE = f"# yaml-language-server: $schema={SCHEMA}\n"

_REGION, _AWS_ID = "eu-west-1", "123456789012"


def example_files(choice: StarterContents) -> dict[str, str]:
    """Return the text of each file by its name."""
    files = {"reconciler.yaml": _head(choice) + "\n".join(_accounts(choice))}
    if not choice.empty:
        files |= _objects(choice)
    return {name: MODELINE + text for name, text in files.items()}


def _objects(choice: StarterContents) -> dict[str, str]:
    files = {}
    if "aws" in choice.services:
        files["queues.yaml"] = _QUEUES.replace("STACK", choice.stack)
    if "sp-api" in choice.services:
        files["amazon-sp-api.yaml"] = _SP_API.replace("QUEUE", _queue(choice))
    if "mws" in choice.services:
        files["amazon-mws.yaml"] = _MWS.replace("QUEUE", _queue(choice))
    if "merchant" in choice.services:
        files["merchant.yaml"] = _MERCHANT.replace("STACK", choice.stack)
    return files


def _head(choice: StarterContents) -> str:
    owns = _OWNS.replace("STACK", choice.stack) if "merchant" in choice.services else ""
    discover = _DISCOVER if "sp-api" in choice.services else ""
    return _HEAD.replace("STACK", choice.stack).replace("OWNS", owns) + discover + _PLACES


def _accounts(choice: StarterContents) -> Iterator[str]:
    for service in choice.services:
        yield _ACCOUNTS[service]


def _queue(choice: StarterContents) -> str:
    if "aws" in choice.services:
        return "notifications"
    arn = f"arn:aws:sqs:{_REGION}:{_AWS_ID}:{choice.stack}-notifications"
    return f'"{arn}"'


_HEAD = """\
# What these declarations own, what a run may do, and where everything lives. Secrets never stand
# here: only where to find them (env:NAME, file:PATH, aws-secretsmanager:ID#key,
# gcp-secretmanager:projects/P/secrets/S).

# Marks what is ours, as the tag reconciler:stack on queues. Choose it once.
stack: STACK
OWNS
policy:
  prune: true       # delete what we own and no longer declare; false: such plans are refused
  maxDeletes: 30%   # refuse plans that delete more than this share of what we own
"""

_OWNS = """
# Merchant subscriptions bear no tags: those that push to this URL, or below it, are ours.
owns:
  callBackUris: ["https://hooks.example.com/STACK/"]
"""

_DISCOVER = """\
  discover: all     # also finds SP-API subscriptions of types that nobody declared; `declared` asks
                    # for the declared types only, which is quicker where there are many sellers
"""

_PLACES = """
accounts:
"""

_ACCOUNTS = {
    "aws": f"""\
  aws-main:
    service: aws
    region: {_REGION}
    accountId: "{_AWS_ID}"   # checked before anything is read or written
""",
    "sp-api": """\
  # One SP-API application, and every seller who authorised it.
  amazon-app:
    service: sp-api
    region: eu                  # na, eu or fe
    credentials:
      clientId: env:LWA_CLIENT_ID
      clientSecret: env:LWA_CLIENT_SECRET
    sellers:
      seller-de: {refreshToken: "env:SELLER_DE_REFRESH_TOKEN"}
""",
    "merchant": """\
  # The Merchant Center account that owns the subscriptions; `adc` is what the workflow's login or
  # `gcloud auth application-default login` provides.
  google-shop:
    service: merchant
    accountId: "5678"
    credentials: adc
""",
    "mws": """\
  # Amazon retired MWS on 31 March 2024: only a gateway or a sandbox (`endpoint`) still answers.
  amazon-mws:
    service: mws
    sellerId: A2EXAMPLE1SELLER
    marketplaceId: A1PA6795UKMFR9   # Germany
    credentials:
      accessKeyId: env:MWS_ACCESS_KEY_ID
      secretKey: env:MWS_SECRET_KEY
""",
}

_QUEUES = """\
# Queues that Amazon delivers to. What is left out has SQS's documented default.

queues:
  notifications:
    name: STACK-notifications
    visibilityTimeout: 2m
    receiveMessageWaitTime: 20s
    deadLetter: {queue: notifications-dlq, maxReceives: 5}
    # Lets Amazon send. Without it subscriptions succeed and nothing ever arrives.
    grants: [{to: amazon-notifications}]

  # Messages that failed five times wait here to be looked at.
  notifications-dlq:
    name: STACK-notifications-dlq
    messageRetentionPeriod: 14d
"""

_SP_API = """\
# SP-API: a destination belongs to the application, subscriptions to each seller.

destinations:
  notifications-sp:
    account: amazon-app
    queue: QUEUE

subscriptions:
  offers:
    destination: notifications-sp
    notificationType: ANY_OFFER_CHANGED
    payloadVersion: "1.0"
    sellers: all                # one subscription each
    filter:
      marketplaceIds: [A1PA6795UKMFR9]   # Germany
      aggregationTimePeriod: FiveMinutes
"""

_MWS = """\
# MWS (retired): a destination is a queue registered for one seller and marketplace.

destinations:
  notifications-mws:
    account: amazon-mws
    queue: QUEUE

subscriptions:
  offers-mws:
    destination: notifications-mws
    notificationType: AnyOfferChanged
"""

_MERCHANT = """\
# Google Merchant Center calls back when a product's status changes.

subscriptions:
  product-status:
    account: google-shop
    registeredEvent: PRODUCT_STATUS_CHANGE
    targetAccount: "5678"       # or targetAccounts: [...], or allManagedAccounts: true
    callBackUri: https://hooks.example.com/STACK/product-status
"""
