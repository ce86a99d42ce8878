"""What sound declarations mean: defaults, accounts, members, references, anchors, the digest."""

import pytest

from reconciler.core.manifest import nodes
from reconciler.core.manifest.reader import Source, read
from reconciler.core.model.errors import DeclarationError
from reconciler.core.service import Account, Declaration, Implied, Member
from reconciler.services.mws.kinds import RETIRED
from reconciler.services.spapi.account import SANDBOX_WARNING
from reconciler.wiring import to_sandbox
from tests.toys import TODAY, Tank, service

ARN = "arn:aws:sqs:eu-west-1:123456789012:"
OFFERS = "queues: {offers: {}}\n"


# --- defaults


def test_defaults_are_merged_under_every_declaration_of_their_section(objects):
    found = objects(
        "defaults: {queues: {delay: 5s, visibilityTimeout: 1m}}\n"
        "queues: {one: {}, two: {delay: 7s}, three: }\n"
    )
    delays = {name: item.spec.delay for name, item in found.items()}
    assert delays == {"queue.one": 5, "queue.two": 7, "queue.three": 5}
    assert {item.spec.visibility_timeout for item in found.values()} == {60}


def test_defaults_may_stand_in_another_file_than_what_they_are_for(objects):
    found = objects(OFFERS, "defaults: {queues: {delay: 5s}}\n")
    assert found["queue.offers"].spec.delay == 5


def test_mappings_are_merged_with_their_defaults_and_lists_are_replaced(objects):
    found = objects(
        "defaults:\n"
        "  queues:\n"
        "    tags: {team: pricing, env: prod}\n"
        "    deadLetter: {queue: dlq, maxReceives: 5}\n"
        "    ignoreChanges: [tags]\n"
        "queues:\n"
        "  offers: {tags: {team: offers}, deadLetter: {maxReceives: 9}, ignoreChanges: [delay]}\n"
        "  dlq: {deadLetter: null}\n"
    )
    offers = found["queue.offers"]
    assert offers.spec.tags == {"team": "offers", "env": "prod"}
    assert offers.spec.dead_letter.max_receives == 9
    assert offers.references == {"deadLetter.queue": "queue.dlq"}
    assert offers.ignore == {"delay"}


def test_null_takes_a_default_away(objects):
    found = objects(
        "defaults: {queues: {deadLetter: {queue: dlq, maxReceives: 5}}}\n"
        "queues: {dlq: {deadLetter: null}}\n"
    )
    assert found["queue.dlq"].spec.dead_letter is None


def test_a_field_that_is_given_hides_the_defaults_of_those_it_excludes(objects):
    found = objects(
        "defaults: {queues: {grants: [{to: amazon-notifications}]}}\n"
        "queues:\n"
        "  granted: {}\n"
        "  raw: {policy: {Statement: "
        '[{Effect: Deny, Principal: "*", Action: "sqs:DeleteQueue"}]}}\n'
    )
    assert found["queue.granted"].spec.policy["Statement"][0]["Effect"] == "Allow"
    (statement,) = found["queue.raw"].spec.policy["Statement"]
    assert statement["Effect"] == "Deny"


def test_defaults_of_a_section_reach_only_the_services_that_know_them(objects):
    found = objects(
        OFFERS + "defaults: {subscriptions: {payloadVersion: '1.0', enabled: false}}\n"
        "destinations: {mws: {account: uk, queue: offers}, sp: {account: app, queue: offers}}\n"
        "subscriptions:\n"
        "  a: {destination: mws, notificationType: AnyOfferChanged}\n"
        "  b: {destination: sp, notificationType: FEE_PROMOTION, sellers: [acme-de]}\n"
        "  c: {registeredEvent: PRODUCT_STATUS_CHANGE, targetAccount: 1,"
        " callBackUri: https://hooks.example.com/x}\n"
    )
    assert found["subscription.a"].spec.enabled is False
    assert found["subscription.b[acme-de]"].spec.payload_version == "1.0"
    assert found["subscription.c"].account == "shop"


def test_a_default_destination_or_account_is_used_where_none_is_given(objects):
    found = objects(
        OFFERS + "defaults: {destinations: {account: app}, subscriptions: {destination: sp}}\n"
        "destinations: {sp: {queue: offers}}\n"
        "subscriptions: {a: {notificationType: FEE_PROMOTION, sellers: [acme-de]}}\n"
    )
    assert found["destination.sp"].account == "app"
    assert found["subscription.a[acme-de]"].references == {"destination": "destination.sp"}


# --- accounts


def test_the_only_account_of_a_service_need_not_be_named(objects):
    assert objects(OFFERS)["queue.offers"].account == "aws-eu"


def test_of_two_services_the_one_that_knows_the_fields_is_meant(objects):
    found = objects("destinations: {bus: {eventBridge: {region: eu-west-1, accountId: '1'}}}\n"
                    .replace("'1'", '"123456789012"'))  # fmt: skip
    assert found["destination.bus"].account == "app"


def test_a_subscription_belongs_to_the_account_of_its_destination(objects):
    found = objects(
        OFFERS + "destinations: {mws: {account: uk, queue: offers}}\n"
        "subscriptions: {a: {destination: mws, notificationType: AnyOfferChanged}}\n"
    )
    assert found["subscription.a"].account == "uk"


def test_an_account_given_as_null_counts_as_left_out(objects):
    assert objects("queues: {offers: {account: null}}\n")["queue.offers"].account == "aws-eu"


def test_a_destination_that_is_not_declared_is_told_rather_than_an_account_asked_for(refused):
    told = refused("subscriptions: {a: {destination: sp, notificationType: FEE_PROMOTION}}\n")
    assert told == ["subscriptions.a.destination: there is no destination 'sp'"]


def test_a_defective_account_brings_no_complaints_about_what_is_declared_for_it(refused):
    head = (
        "stack: acme\npolicy: {prune: true}\naccounts: {aws: {service: aws, region: eu-west-1}}\n"
    )
    assert refused("queues: {a: {}, b: {account: aws}}\n", head=head) == [
        "accounts.aws: 'accountId' is missing"
    ]


def test_a_defective_declaration_brings_no_complaints_about_what_refers_to_it(refused):
    told = refused(
        "queues: {offers: {delay: 1h}, prices: {deadLetter: {queue: offers, maxReceives: 5}}}\n"
        "destinations: {sp: {account: app, queue: offers}}\n"
        "subscriptions: {a: {destination: sp, notificationType: FEE_PROMOTION, sellers: all}}\n"
    )
    assert told == ["queues.offers.delay: expected 0s to 15m, not '1h'"]


def test_two_entries_for_one_aws_account_may_share_it_without_sharing_a_queue(objects):
    second = '  too: {service: aws, region: eu-west-1, accountId: "123456789012", profile: x}\n'
    found = objects(second + "queues: {a: {account: aws-eu}, b: {account: too}}\n")
    assert {item.account for item in found.values()} == {"aws-eu", "too"}


# --- members and references


def test_a_list_of_one_carries_its_member_in_the_address(objects):
    found = objects(
        "subscriptions: {a: {registeredEvent: PRODUCT_STATUS_CHANGE, targetAccounts: [1234],"
        " callBackUri: https://hooks.example.com/x}}\n"
    )
    assert list(found) == ["subscription.a[1234]"]


def test_the_only_seller_of_an_account_need_not_be_named_and_is_no_member(objects):
    head = (
        "stack: acme\npolicy: {prune: true}\naccounts:\n"
        '  aws: {service: aws, region: eu-west-1, accountId: "123456789012"}\n'
        "  app: {service: sp-api, region: eu, sellers: {only: {refreshToken: 'env:T'}},\n"
        "        credentials: {clientId: 'env:ID', clientSecret: 'env:SECRET'}}\n"
    )
    found = objects(
        OFFERS + "destinations: {sp: {queue: offers}}\n"
        "subscriptions: {a: {destination: sp, notificationType: FEE_PROMOTION}}\n",
        head=head,
    )
    assert found["subscription.a"].spec.seller == "only"


def test_references_reach_across_files_in_any_order(objects):
    found = objects(
        "",
        "destinations: {sp: {account: app, queue: offers}}\n",
        "queues: {offers: {deadLetter: {queue: dlq, maxReceives: 5}}}\n",
        "queues: {dlq: {}}\n",
    )
    assert found["destination.sp"].spec.queue == ARN + "offers"
    assert found["queue.offers"].spec.dead_letter.queue == ARN + "dlq"


def test_an_arn_may_stand_for_a_queue_that_is_not_declared(objects):
    found = objects(f"destinations: {{sp: {{account: app, queue: '{ARN}elsewhere'}}}}\n")
    assert found["destination.sp"].spec.queue == ARN + "elsewhere"
    assert found["destination.sp"].references == {}


def test_an_arn_of_a_declared_queue_means_its_declaration(objects):
    found = objects(
        f"queues: {{a: {{deadLetter: {{queue: '{ARN}live-z', maxReceives: 5}}}},"
        " z: {name: live-z}}\n"
        f"destinations: {{sp: {{account: app, queue: '{ARN}a'}}}}\n"
    )
    assert found["queue.a"].references == {"deadLetter.queue": "queue.z"}
    assert found["destination.sp"].references == {"queue": "queue.a"}


def test_a_circle_through_arns_is_a_circle(refused):
    told = refused(
        f"queues: {{a: {{deadLetter: {{queue: '{ARN}b', maxReceives: 5}}}},"
        f" b: {{deadLetter: {{queue: '{ARN}a', maxReceives: 5}}}}}}\n"
    )
    assert told == ["queue.a: references go in a circle: queue.a → queue.b → queue.a"]


def test_the_sources_of_a_dead_letter_queue_are_named_like_queues_everywhere(objects):
    """And in either order, which is no circle: the ARN of a queue is known before it is there."""
    found = objects(
        "queues:\n"
        "  offers: {name: acme-offers, deadLetter: {queue: dead, maxReceives: 5}}\n"
        f"  dead: {{redriveAllow: [offers, orders, '{ARN}old', '{ARN}acme-offers']}}\n"
        "  orders: {}\n"
    )
    allowed = found["queue.dead"].spec.redrive_allow
    assert allowed == (f"{ARN}acme-offers", f"{ARN}old", f"{ARN}orders")
    assert found["queue.dead"].references == {}
    assert "redriveAllow" not in found["queue.offers"].spec.declared_fields()


def test_a_dead_letter_arn_in_another_declared_account_is_refused_by_the_service(refused):
    other = '  aws-us: {service: aws, region: us-east-1, accountId: "123456789012"}\n'
    arn = "arn:aws:sqs:us-east-1:123456789012:b"
    told = refused(
        other + f"queues: {{a: {{account: aws-eu, deadLetter: {{queue: '{arn}', maxReceives: 5}}}},"
        " b: {account: aws-us}}\n"
    )
    assert told == [
        "queue.a: deadLetter.queue: a dead-letter queue must be in the same AWS account and region"
    ]


def test_a_queue_is_referred_to_by_its_key_not_by_its_live_name(refused):
    told = refused(
        "queues: {offers: {name: acme-prices}}\n"
        "destinations: {sp: {account: app, queue: acme-prices}}\n"
    )
    assert told == [
        "destinations.sp.queue: there is no queue 'acme-prices', and it is not the ARN of a queue"
    ]


def test_ignored_grants_are_the_policy_they_become(objects):
    found = objects("queues: {a: {ignoreChanges: [grants, deadLetter.maxReceives, tags.team]}}\n")
    assert found["queue.a"].ignore == {"policy", "deadLetter.maxReceives", "tags.team"}


def test_one_live_object_may_be_declared_in_two_accounts_that_differ(objects):
    other = '  aws-us: {service: aws, region: us-east-1, accountId: "123456789012"}\n'
    found = objects(
        other + "queues: {a: {account: aws-eu, name: x}, b: {account: aws-us, name: x}}\n"
    )
    assert len(found) == 2


# --- YAML as people write it


def test_anchors_and_merge_keys_share_what_queues_have_in_common(objects):
    found = objects(
        "queues:\n"
        "  one: &common {delay: 5s, tags: &tags {team: a}}\n"
        "  two: {<<: *common, delay: 6s}\n"
        "  three: {<<: [{delay: 7s}, *common], tags: {<<: *tags, env: b}}\n"
    )
    assert [found[f"queue.{name}"].spec.delay for name in ("one", "two", "three")] == [5, 6, 7]
    assert found["queue.two"].spec.tags == {"team": "a"}
    assert found["queue.three"].spec.tags == {"team": "a", "env": "b"}


def test_an_alias_may_stand_for_a_name(objects):
    found = objects(
        "queues: {&name offers : {}, b: {deadLetter: {queue: *name, maxReceives: 5}}}\n"
    )
    assert found["queue.b"].references == {"deadLetter.queue": "queue.offers"}


def test_several_documents_in_a_file_are_merged(objects):
    found = objects("queues: {one: {}}\n---\n---\nqueues: {two: {}}\n...\n")
    assert list(found) == ["queue.one", "queue.two"]


@pytest.mark.parametrize(
    ("written", "text"),
    [("012345678901", "012345678901"), ("'123456789012'", "123456789012")],
)
def test_an_account_id_keeps_its_leading_zero_even_without_quotes(declare, written, text):
    head = f"stack: acme\npolicy: {{prune: true}}\naccounts: {{a: {{service: aws, region: eu-west-1, accountId: {written}}}}}\n"  # noqa: E501 - one line of YAML
    assert declare("", head=head).accounts["a"].account_id == text


@pytest.mark.parametrize(
    "word", ["no", "on", "2020-09-04", "1_000", "0x1F", "12:30:45", ".inf", "=", "1e3x"]
)
def test_words_that_yaml_1_1_would_turn_into_something_else_stay_text(objects, word):
    assert objects(f"queues: {{a: {{tags: {{key: {word}}}}}}}\n")["queue.a"].spec.tags == {
        "key": word
    }


def test_a_date_is_a_payload_version_without_quotes(objects):
    found = objects(
        OFFERS + "destinations: {sp: {account: app, queue: offers}}\n"
        "subscriptions: {a: {destination: sp, notificationType: FEED_PROCESSING_FINISHED,"
        " payloadVersion: 2020-09-04, sellers: [acme-de]}}\n"
    )
    assert found["subscription.a[acme-de]"].spec.payload_version == "2020-09-04"


def test_a_key_is_its_text_whatever_it_looks_like(objects):
    found = objects("queues: {1: {}, true: {}, 2020-09-04: {}}\n")
    assert sorted(found) == ["queue.1", "queue.2020-09-04", "queue.true"]


def test_tags_of_the_core_schema_and_quotes_decide_between_text_and_number(objects):
    found = objects('queues: {a: {delay: !!int "5", tags: {n: !!str 5, q: "5"}}}\n')
    assert found["queue.a"].spec.delay == 5
    assert found["queue.a"].spec.tags == {"n": "5", "q": "5"}


def test_aliases_that_stay_small_are_no_explosion(objects):
    queues = "".join(f"  q{number}: *q\n" for number in range(1000))
    assert len(objects("queues:\n  q: &q {delay: 5s, tags: {team: a}}\n" + queues)) == 1001


def test_empty_sections_and_files_declare_nothing(declare):
    found = declare("queues:\ndestinations: {}\nsubscriptions:\ndefaults: {queues: }\n", "", "#\n")
    assert found.desired == ()


def test_an_alias_of_null_as_a_key_is_the_word_null(refused):
    told = refused("queues: {a: {deadLetter: &nothing , *nothing : 1}}\n")
    assert [message.partition(", ")[0] for message in told] == ["queues.a: unknown key 'null'"]


def test_a_file_of_absurdly_many_values_is_refused(refused, monkeypatch):
    monkeypatch.setattr(nodes, "MAX_VALUES", 40)
    queues = "".join(f"  q{number}: {{}}\n" for number in range(40))
    assert refused("queues:\n" + queues) == ["more than 40 values in one file: split it"]


# --- digest


def test_the_digest_ignores_comments_layout_and_the_order_of_files(declare):
    one = declare("queues: {a: {delay: 5s}}\n", "queues: {b: {}}\n").digest
    other = declare(
        "", "# hello\nqueues:\n  b: {}   # b\n", "queues:\n  a:\n    delay: 5s\n"
    ).digest
    assert one == other
    assert one.startswith("sha256:")


@pytest.mark.parametrize(
    "text",
    [
        "queues: {a: {delay: 6s}}\n",
        "queues: {b: {delay: 5s}}\n",
        "queues: {a: {delay: 5s}, b: {}}\n",
        "queues: {a: {delay: 5s}}\nowns: {callBackUris: ['https://hooks.example.com/']}\n",
        "queues: {a: {delay: 5s}}\ndefaults: {queues: {delay: 5s}}\n",
        (
            "  aws-us: {service: aws, region: us-east-1, accountId: '000000000000'}\n"
            "queues: {a: {account: aws-eu, delay: 5s}}\n"
        ),
    ],
)
def test_the_digest_changes_with_the_content(declare, text):
    assert declare(text).digest != declare("queues: {a: {delay: 5s}}\n").digest


def test_objects_come_in_the_order_of_their_addresses_whatever_the_order_of_files(declare):
    texts = ("queues: {z: {}, a: {}}\n", "queues: {m: {}}\n")
    for order in (texts, texts[::-1]):
        found = declare("", *order)
        assert [item.address for item in found.desired] == ["queue.a", "queue.m", "queue.z"]


# --- warnings


def test_amazons_own_mws_host_is_warned_of_and_a_gateway_is_not(declare):
    account = (
        "  {name}:\n    service: mws\n    sellerId: A2\n    marketplaceId: A1F83G8C2ARO7P\n{more}"
        "    credentials: {{accessKeyId: 'env:ID', secretKey: 'env:KEY'}}\n"
    )
    found = declare(
        account.format(name="real", more="")
        + account.format(name="gateway", more="    endpoint: https://mws.acme.example\n")
    )
    assert [(item.line, item.column, item.message) for item in found.warnings] == [
        (17, 3, f"accounts.real: {RETIRED}")
    ]
    assert "31 March 2024" in RETIRED
    assert "reconciler migrate" in RETIRED


def test_amazons_sp_api_sandbox_is_warned_of(declare):
    found = declare(
        "  box:\n    service: sp-api\n    region: eu\n"
        "    endpoint: https://sandbox.sellingpartnerapi-eu.amazon.com\n"
        "    credentials: {clientId: 'env:ID', clientSecret: 'env:SECRET'}\n"
    )
    assert [item.message for item in found.warnings] == [f"accounts.box: {SANDBOX_WARNING}"]


def test_an_unknown_notification_type_passes_with_one_hint_for_all_its_sellers(declare):
    """Quirk 87."""
    found = declare(
        OFFERS + "destinations: {sp: {account: app, queue: offers}}\n"
        "subscriptions: {a: {destination: sp, notificationType: ANY_OFER_CHANGED,"
        " payloadVersion: '1.0', sellers: all}}\n"
    )
    assert len([item for item in found.desired if item.spec.kind == "subscription"]) == 2
    [doubt] = [item.message for item in found.hints if "unknown" in item.message]
    assert doubt.startswith(
        "subscription.a: unknown notification type 'ANY_OFER_CHANGED', "
        "did you mean ANY_OFFER_CHANGED?"
    )


# --- the sandbox


def test_every_account_leads_to_the_sandbox_with_throw_away_credentials(declare):
    found = declare(OFFERS, adapt=to_sandbox("http://127.0.0.1:9/"))
    accounts = found.accounts
    assert {account.endpoint for account in accounts.values()} == {"http://127.0.0.1:9"}
    assert accounts["app"].token_endpoint == "http://127.0.0.1:9/auth/o2/token"
    secrets = [
        accounts["uk"].credentials.secret_key,
        accounts["app"].credentials.client_secret,
        accounts["app"].sellers["acme-de"].refresh_token,
        accounts["shop"].credentials.access_token,
    ]
    assert all(secret.startswith("throw-away:") for secret in secrets)


def test_accounts_and_sellers_keep_apart_in_the_sandbox(declare):
    second = (
        "  app-2:\n    service: sp-api\n    region: eu\n"
        "    credentials: {clientId: 'env:ID2', clientSecret: 'env:SECRET2'}\n"
        "    sellers: {acme-de: {refreshToken: 'env:DE2'}}\n"
    )
    accounts = declare(second, adapt=to_sandbox("http://127.0.0.1:9")).accounts
    tokens = [
        accounts[app].sellers[seller].refresh_token
        for app, seller in (("app", "acme-de"), ("app", "acme-fr"), ("app-2", "acme-de"))
    ]
    assert len(set(tokens)) == 3
    assert accounts["app"].credentials.client_id != accounts["app-2"].credentials.client_id


def test_the_sandbox_changes_neither_digest_nor_references(declare):
    text = OFFERS + "destinations: {sp: {account: app, queue: offers}}\n"
    real, pretended = declare(text), declare(text, adapt=to_sandbox("http://127.0.0.1:9"))
    assert real.digest == pretended.digest
    assert [item.references for item in real.desired] == [
        item.references for item in pretended.desired
    ]


def test_the_sandbox_does_not_excuse_a_secret_in_clear(refused):
    head = (
        "stack: acme\npolicy: {prune: true}\naccounts:\n"
        "  shop: {service: merchant, accountId: 1, credentials: {accessToken: hunter2}}\n"
    )
    (told,) = refused("", head=head, adapt=to_sandbox("http://127.0.0.1:9"))
    assert told.startswith("accounts.shop.credentials.accessToken: expected a reference")
    assert "hunter2" not in told


# --- what is wrong with a declaration as a whole


def test_a_key_that_makes_too_long_a_name_is_told_with_what_to_do(refused):
    (message,) = refused(
        OFFERS + f"destinations: {{{'d' * 300}: {{account: app, queue: offers}}}}\n"
    )
    assert message.endswith("the key makes a name beyond 256 characters: set `name`")


@pytest.mark.parametrize(
    ("field", "part", "inside"),
    [
        (
            "policy",
            'Effect: Allow, Principal: "*", Action: "sqs:SendMessage", Resource: "*"',
            "policy: {{Statement: [{}]}}",
        ),
        ("grants", 'to: "arn:aws:iam::123456789012:root", actions: all', "grants: [{}]"),
    ],
)
def test_a_policy_over_sqs_s_limit_is_told_at_the_field_it_was_declared_by(
    refused, field, part, inside
):
    parts = ", ".join(f"{{{part}}}" for _ in range(150))
    (message,) = refused(f"queues: {{q: {{{inside.format(parts)}}}}}\n")
    assert message.startswith(f"queues.q.{field}: the policy has ")
    assert message.endswith("and SQS allows 8192: make it shorter")


def test_a_dead_letter_queue_that_allows_a_queue_that_is_none_is_told_once(refused):
    (message,) = refused("queues: {offers: {}, dead: {redriveAllow: [ofers]}}\n")
    assert message.startswith("queues.dead.redriveAllow.0: there is no queue 'ofers'")


# --- where a field of an account stands


def test_a_field_that_is_not_written_stands_where_its_account_does(declare):
    found = declare(OFFERS)
    whole = found.place("uk")
    assert found.place("uk", "tokenEndpoint") == whole
    assert found.place("uk", "endpoint").line > whole.line
    assert found.place("app", "sellers.acme-de.refreshToken").line > whole.line


def test_what_is_no_account_stands_nowhere(declare):
    assert declare(OFFERS).place("nobody", "endpoint") is None


def test_what_a_declaration_stands_for_elsewhere_is_refused_where_the_service_has_no_such_kind():
    class TankDeclaration(Declaration):
        spec_type = Tank

        def members(self, context):
            yield Member(Tank(name=context.name))

        def implied(self, context):
            yield Implied("moat", context.account_name, {})

    depot = service("depot", Account, {"tanks": TankDeclaration})
    text = (
        "stack: acme\npolicy: {prune: true}\naccounts: {a: {service: depot}}\ntanks: {deep: {}}\n"
    )
    with pytest.raises(DeclarationError) as caught:
        read([Source("x.yaml", text.encode())], [depot], where="x", today=TODAY)
    expected = "x.yaml:4:9: tanks.deep: 'a' is an account of depot, which has no moat"
    assert [str(problem) for problem in caught.value.problems] == [expected]
