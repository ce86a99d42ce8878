"""The YAML of the contract's first section means what the contract says."""

from pathlib import Path

import pytest

import reconciler
from reconciler.services.merchant.account import AccessToken, ServiceAccountFile
from reconciler.services.mws.kinds import MwsSubscription
from reconciler.services.spapi.specs import SpApiSubscription
from reconciler.wiring import declarations

EXAMPLE = """\
stack: acme-notifications

owns:
  callBackUris: ["https://hooks.example.com/"]

policy:
  prune: true
  maxDeletes: 30%                    # deletes + replaces a run may make: a share of the owned live
  maxUpdates: 100%                   # likewise for updates (default: no limit)
  protectNonEmptyQueues: true        # never delete a queue that still holds messages (default true)
  adopt: false                       # take over declared objects that exist without our mark
  ignoreTags: ["aws:*"]              # tags on queues that others manage (default: none but aws:)
  discover: all

accounts:
  aws-eu:
    service: aws
    region: eu-west-1
    accountId: "123456789012"        # verified against STS before anything is read or written
    profile: acme                    # optional; otherwise boto3's own credential chain
    roleArn: arn:aws:iam::123456789012:role/reconciler        # optional, assumed
    endpoint: http://127.0.0.1:5000  # optional (every service has it); https unless loopback
  acme-mws-uk:
    service: mws
    sellerId: A2EXAMPLE1SELLER
    marketplaceId: A1F83G8C2ARO7P    # the MWS host follows from it unless `endpoint` is given
    credentials:
      accessKeyId: env:ACME_MWS_ACCESS_KEY_ID
      secretKey: env:ACME_MWS_SECRET_KEY
      authToken: env:ACME_MWS_AUTH_TOKEN          # optional
  acme-app:
    service: sp-api
    region: eu                       # na | eu | fe
    tokenEndpoint: https://api.amazon.com/auth/o2/token       # optional
    credentials:
      clientId: env:ACME_LWA_CLIENT_ID
      clientSecret: env:ACME_LWA_CLIENT_SECRET
    sellers:                         # every seller who authorised this application
      acme-de: {refreshToken: "env:ACME_DE_REFRESH_TOKEN"}
      acme-fr: {refreshToken: "env:ACME_FR_REFRESH_TOKEN"}
  acme-shop:
    service: merchant
    accountId: "5678"                # the account that owns the subscriptions
    credentials: adc

defaults:                            # merged under every declaration of the section
  queues: {messageRetentionPeriod: 14d, encryption: sqs}

queues:
  offers:
    account: aws-eu                  # may be left out where only one account of that service exists
    name: acme-offers                # default: the key; FIFO names end in .fifo
    fifo: false
    # contentBasedDeduplication, deduplicationScope, fifoThroughputLimit: FIFO only
    visibilityTimeout: 2m            # durations: seconds, or 30s 2m 12h 14d
    messageRetentionPeriod: 14d
    delay: 0s
    receiveMessageWaitTime: 20s
    maximumMessageSize: 256KiB       # sizes: bytes, or KiB MiB
    encryption: sqs                  # sqs | none | {kmsKey: alias/offers, dataKeyReuse: 5m}
    deadLetter: {queue: offers-dlq, maxReceives: 5}
    grants:                          # the "Add a permission" step
      - to: amazon-notifications     # 437568002678: SendMessage + GetQueueAttributes
      - to: "444455556666"           # an account id, an IAM ARN, or "*"
        actions: all                 # or a list: [SendMessage, ReceiveMessage]
    # policy: {Version: "2012-10-17", Statement: [...]}   # raw policy; excludes grants. Sid and Id
    tags: {team: pricing}
  offers-dlq: {messageRetentionPeriod: 14d}

destinations:
  offers-mws: {account: acme-mws-uk, queue: offers}
  offers-sp:  {account: acme-app, queue: offers, name: acme-offers}   # name: SP-API only, default
  events-sp:  {account: acme-app, eventBridge: {region: eu-west-1, accountId: "123456789012"}}

subscriptions:
  uk-offers:                         # MWS: CamelCase notification types
    destination: offers-mws
    notificationType: AnyOfferChanged
    enabled: true
  de-offers:                         # SP-API: UPPER_SNAKE notification types
    destination: offers-sp
    notificationType: ANY_OFFER_CHANGED
    payloadVersion: "1.0"
    sellers: [acme-de]               # or `all`; may be left out where the account has one seller
    filter:                          # the API's own eventFilter fields; eventFilterType is implied
      marketplaceIds: [A1PA6795UKMFR9]
      aggregationTimePeriod: FiveMinutes          # or TenMinutes
      # orderChangeTypes: [OrderStatusChange]     # ORDER_CHANGE only
    # filterExpression: "..."        # instead of filter; several may exist for one type
  product-status:                    # Merchant: registeredEvent
    account: acme-shop
    registeredEvent: PRODUCT_STATUS_CHANGE
    targetAccounts: ["1234", "5678"] # or targetAccount: "1234", or allManagedAccounts: true
    callBackUri: https://hooks.example.com/{targetAccount}/{registeredEvent}
"""


@pytest.fixture
def example(declare):
    """Read the example, perhaps with some of its text replaced."""

    def read(*replacements):
        text = EXAMPLE
        for old, new in replacements:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        return declare(text, head="")

    return read


@pytest.fixture
def named(example):
    def read(*replacements):
        return {item.address: item for item in example(*replacements).desired}

    return read


def test_the_example_declares_the_addresses_of_the_contract(named):
    assert list(named()) == [
        "destination.events-sp",
        "destination.offers-mws",
        "destination.offers-sp",
        "queue.offers",
        "queue.offers-dlq",
        "subscription.de-offers[acme-de]",
        "subscription.product-status[1234]",
        "subscription.product-status[5678]",
        "subscription.uk-offers",
    ]


def test_stack_owns_and_policy_are_read(example):
    found = example()
    assert found.stack == "acme-notifications"
    assert found.owns.call_back_uris == ("https://hooks.example.com/",)
    policy = found.policy
    assert (policy.prune, policy.protect_non_empty_queues, policy.adopt) == (True, True, False)
    assert (str(policy.max_deletes), str(policy.max_updates)) == ("30%", "100%")
    assert (policy.ignore_tags, policy.discover) == (("aws:*",), "all")


def test_what_the_policy_leaves_out_has_the_contracts_defaults(declare):
    policy = declare("stack: acme\npolicy: {prune: false}\n", head="").policy
    assert str(policy.max_deletes) == "30%"
    assert str(policy.max_updates) == "100%"
    assert policy.protect_non_empty_queues
    assert not policy.adopt
    assert policy.discover == "all"


def test_durations_and_sizes_are_seconds_and_bytes_inside(named):
    queue = named()["queue.offers"].spec
    assert queue.visibility_timeout == 120
    assert queue.message_retention_period == 14 * 86_400
    assert queue.receive_message_wait_time == 20
    assert queue.maximum_message_size == 256 * 1024


def test_a_queue_is_called_by_its_name_or_else_by_its_key(named):
    found = named()
    assert found["queue.offers"].spec.name == "acme-offers"
    assert found["queue.offers-dlq"].spec.name == "offers-dlq"


def test_a_destination_is_named_after_stack_and_key_unless_it_has_a_name(named):
    found = named()
    assert found["destination.offers-sp"].spec.name == "acme-offers"
    assert found["destination.events-sp"].spec.name == "acme-notifications--events-sp"


def test_declarations_belong_to_the_accounts_the_contract_infers(named):
    assert {address: item.account for address, item in named().items()} == {
        "destination.events-sp": "acme-app",
        "destination.offers-mws": "acme-mws-uk",
        "destination.offers-sp": "acme-app",
        "queue.offers": "aws-eu",
        "queue.offers-dlq": "aws-eu",
        "subscription.de-offers[acme-de]": "acme-app",
        "subscription.product-status[1234]": "acme-shop",
        "subscription.product-status[5678]": "acme-shop",
        "subscription.uk-offers": "acme-mws-uk",
    }


def test_references_lead_to_the_addresses_meant(named):
    links = {address: item.references for address, item in named().items() if item.references}
    assert links == {
        "destination.offers-mws": {"queue": "queue.offers"},
        "destination.offers-sp": {"queue": "queue.offers"},
        "queue.offers": {"deadLetter.queue": "queue.offers-dlq"},
        "subscription.de-offers[acme-de]": {"destination": "destination.offers-sp"},
        "subscription.uk-offers": {"destination": "destination.offers-mws"},
    }


def test_types_in_camel_case_are_of_mws_and_in_upper_snake_of_the_sp_api(named):
    found = named()
    assert isinstance(found["subscription.uk-offers"].spec, MwsSubscription)
    assert isinstance(found["subscription.de-offers[acme-de]"].spec, SpApiSubscription)


def test_placeholders_of_a_call_back_uri_are_filled_in_for_each_target(named):
    found = named()
    uris = [
        found[f"subscription.product-status[{n}]"].spec.call_back_uri.reveal() for n in (1234, 5678)
    ]
    assert uris == [
        "https://hooks.example.com/1234/PRODUCT_STATUS_CHANGE",
        "https://hooks.example.com/5678/PRODUCT_STATUS_CHANGE",
    ]


def test_sellers_all_stands_for_every_seller_each_with_an_address(named):
    found = named(("sellers: [acme-de]", "sellers: all"))
    assert [name for name in found if name.startswith("subscription.de-offers")] == [
        "subscription.de-offers[acme-de]",
        "subscription.de-offers[acme-fr]",
    ]


def test_a_filter_expression_may_stand_instead_of_a_filter(named):
    old = EXAMPLE[EXAMPLE.index("    filter:  ") : EXAMPLE.index("    # filterExpression")]
    found = named((old, '    filterExpression: "Summary.Count > 1"\n'))
    spec = found["subscription.de-offers[acme-de]"].spec
    assert (spec.filter, spec.filter_expression) == (None, "Summary.Count > 1")


TARGETS = 'targetAccounts: ["1234", "5678"]'
PATH = "{targetAccount}/{registeredEvent}"


@pytest.mark.parametrize(
    ("target", "path", "identity"),
    [
        ('targetAccount: "1234"', PATH, {"targetAccount": "1234"}),
        ("allManagedAccounts: true", "{registeredEvent}", {"allManagedAccounts": True}),
    ],
)
def test_one_target_and_all_managed_accounts_carry_no_member(named, target, path, identity):
    found = named((TARGETS, target), (PATH, path))
    spec = found["subscription.product-status"].spec
    assert spec.identity_values() == {"registeredEvent": "PRODUCT_STATUS_CHANGE", **identity}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("credentials: adc", "adc"),
        ("", "adc"),
        (
            "credentials: {serviceAccountFile: keys/sa.json} ",
            ServiceAccountFile(service_account_file="keys/sa.json"),
        ),
        (
            'credentials: {accessToken: "env:GOOGLE_TOKEN"} ',
            AccessToken(access_token="env:GOOGLE_TOKEN"),
        ),
        ('endpoint: "http://127.0.0.1:1"\n    credentials: anonymous ', "anonymous"),
    ],
)
def test_merchant_credentials_take_every_form_of_the_contract(example, given, expected):
    account = example(("credentials: adc\n", given + "\n")).accounts["acme-shop"]
    assert account.credentials == expected


@pytest.mark.parametrize(
    "reference",
    [
        "env:ACME_KEY",
        "file:/run/secrets/key",
        "aws-secretsmanager:acme/mws",
        "aws-secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:acme-AbCdEf#key",
        "gcp-secretmanager:projects/acme/secrets/mws",
        "gcp-secretmanager:projects/acme/secrets/mws/versions/3",
    ],
)
def test_a_credential_takes_every_kind_of_reference(example, reference):
    found = example(("env:ACME_MWS_SECRET_KEY", f'"{reference}"'))
    assert found.accounts["acme-mws-uk"].credentials.secret_key == reference


@pytest.mark.parametrize(
    ("given", "path", "expected"),
    [
        ("encryption: none", "encryption", "none"),
        (
            "encryption: {kmsKey: alias/offers, dataKeyReuse: 5m}",
            "encryption",
            {"kmsKey": "alias/offers", "dataKeyReuse": 300},
        ),
        ("visibilityTimeout: 120", "visibilityTimeout", 120),
        ("maximumMessageSize: 1 MiB", "maximumMessageSize", 1_048_576),
    ],
)
def test_other_values_that_the_contract_names_are_read(declare, given, path, expected):
    head, _, _ = EXAMPLE.partition("queues:\n  offers:")
    text = head.partition("defaults:")[0] + f"queues:\n  offers: {{{given}}}\n"
    (queue,) = declare(text, head="").desired
    assert queue.spec.fields()[path] == expected


def test_a_raw_policy_is_taken_and_its_labels_do_not_count(declare):
    head = EXAMPLE.partition("defaults:")[0]
    statement = 'Effect: Allow, Principal: "*", Action: "sqs:SendMessage"'
    labelled, bare = (
        f'policy: {{Version: "2012-10-17", Statement: [{{{label}{statement}}}]}}'
        for label in ("Sid: mine, ", "")
    )
    one, other = (
        declare(f"{head}queues:\n  offers: {{{text}}}\n", head="").desired[0].spec
        for text in (labelled, bare)
    )
    assert one.policy == other.policy
    assert one.policy["Statement"]


def test_a_field_may_be_protected_and_changes_ignored_on_every_kind(named):
    found = named(
        ("    fifo: false\n", "    fifo: false\n    protect: true\n    ignoreChanges: [tags]\n"),
        ("    enabled: true\n", "    enabled: true\n    protect: true\n"),
        ("offers-mws: {", "offers-mws: {protect: true, "),
    )
    assert {name for name, item in found.items() if item.protect} == {
        "destination.offers-mws",
        "queue.offers",
        "subscription.uk-offers",
    }
    assert found["queue.offers"].ignore == {"tags"}


def test_the_tour_that_is_bundled_is_valid():
    found = declarations(Path(reconciler.__file__).parents[1] / "subscriptions")
    assert len(found.desired) == 11
    assert found.warnings == ()
