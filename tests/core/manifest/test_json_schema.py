"""The JSON Schema for editors agrees with the reader."""

import copy
import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import ValidationError

import reconciler
from reconciler.cli.main import invoke
from reconciler.core.manifest.schema import schema_of
from reconciler.core.manifest.settings import Owns, Policy
from reconciler.core.model.errors import Defects
from reconciler.files.descriptions import descriptions
from reconciler.services.merchant.account import MerchantAccount
from reconciler.services.merchant.kinds import MerchantSubscriptionDeclaration
from reconciler.services.spapi.account import SpApiAccount
from reconciler.services.spapi.kinds import (
    SpApiDestinationDeclaration,
    SpApiSubscriptionDeclaration,
)
from reconciler.services.sqs.account import AwsAccount
from reconciler.services.sqs.events.kinds import RouteDeclaration
from reconciler.wiring import SERVICES
from tests.core.manifest.test_contract_example import EXAMPLE
from tests.handbook.pages import ROOT

APP = (
    "accounts: {a: {service: sp-api, region: eu, sellers: %s,"
    " credentials: {clientId: 'env:ID', clientSecret: 'env:SECRET'}}}\n"
)
SELLERS = "subscriptions: {a: {destination: x, notificationType: X, sellers: %s}}\n"
SHOPS = (
    "subscriptions: {a: {registeredEvent: PRODUCT_STATUS_CHANGE, targetAccounts: %s,"
    " callBackUri: 'https://hooks.example.com/'}}\n"
)
SUBSCRIPTIONS = Path(reconciler.__file__).parents[1] / "subscriptions"


@pytest.fixture(scope="module")
def schema():
    return json.loads(schema_of(SERVICES, descriptions))


@pytest.fixture(scope="module")
def complaints(schema):
    """Return the paths at which the schema refuses a YAML text."""
    validator = Draft202012Validator(schema)

    def check(text):
        document = yaml.load(text, Loader=yaml.BaseLoader if "#base" in text else yaml.SafeLoader)
        return sorted("/".join(map(str, item.path)) for item in validator.iter_errors(document))

    return check


def test_it_is_a_valid_schema_of_draft_2020_12(schema):
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_command_prints_it_and_nothing_else(schema, capsys):
    assert invoke(["schema"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == schema
    assert said.err == ""


@pytest.mark.parametrize("file", sorted(SUBSCRIPTIONS.rglob("*.yaml")), ids=lambda file: file.name)
def test_it_accepts_the_bundled_files(complaints, file):
    assert complaints(file.read_text()) == []


def test_it_accepts_the_example_of_the_contract(complaints):
    assert complaints(EXAMPLE) == []


@pytest.mark.parametrize(
    "text",
    [
        "queues: {offers: }\ndestinations:\nsubscriptions: {}\n",
        "queues: {a: {visibilityTimeout: 120, maximumMessageSize: 256 KiB, encryption: none}}\n",
        "queues: {a: {encryption: {kmsKey: alias/x}, redriveAllow: none}}\n",
        "policy: {prune: false, maxDeletes: 5, maxUpdates: 10%}\n",
        "policy: {prune: true, allow: [{guard: maxDeletes, upTo: 4, until: '2026-12-05'}]}\n",
        "policy: {prune: true, allow: [{guard: adopt, address: a, until: '2026-12-05'}]}\n",
        "policy: {prune: true, allow: [{guard: adopt, address: a, upTo: , until: '2026-12-05'}]}",
        "defaults: {subscriptions: {enabled: false}, queues: {delay: 5s}}\n",
        "defaults: {queues: , subscriptions: {}}\n",
        "subscriptions: {a: {destination: x, notificationType: X, sellers: all}}\n",
        "accounts: {a: {service: merchant, accountId: 5678, credentials: anonymous}}\n",
        APP % "{from: sellers.csv, refreshToken: 'env:ACME_{seller}', labels: {tier: gold}}",
        SHOPS % "{from: shops.csv, where: {tier: 1}}",
        SHOPS % "[accounts/1234, 5678]",
    ],
)
def test_it_accepts_what_the_reader_accepts(complaints, text):
    assert complaints(text) == []


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("queue: {}\n", ""),
        ("policy: {}\n", "policy"),
        ("policy: {prune: true, force: true}\n", "policy"),
        ("policy: {prune: yes please}\n", "policy/prune"),
        ("policy: {prune: true, maxDeletes: a third}\n", "policy/maxDeletes"),
        ("policy: {prune: true, allow: [{guard: adopt, address: a}]}\n", "policy/allow/0"),
        ("policy: {prune: true, allow: [{guard: adopt, until: '2026-12-05'}]}\n", "policy/allow/0"),
        (
            "policy: {prune: no, allow: [{guard: adopt, address: a, upTo: 4,until: '2026-12-05'}]}",
            "policy/allow/0",
        ),
        (
            "policy: {prune: true, allow: [{guard: adopt, address: a, until: '5.12.'}]}",
            "policy/allow/0/until",
        ),
        ("stack: Acme\n", "stack"),
        ("owns: {callBackUri: []}\n", "owns"),
        ("queues: {offers: {visibilityTimout: 5s}}\n", "queues/offers"),
        ("queues: {offers: {visibility_timeout: 5s}}\n", "queues/offers"),
        ("queues: {offers: {visibilityTimeout: 2 weeks}}\n", "queues/offers"),
        ("queues: {offers: []}\n", "queues/offers"),
        ("queues: {'a b': {}}\n", "queues"),
        ("queues: []\n", "queues"),
        ("destinations: {a: {que: offers}}\n", "destinations/a"),
        ("subscriptions: {a: {notificationType: X}}\n", "subscriptions/a"),
        ("accounts: {a: {service: azure}}\n", "accounts/a"),
        ("accounts: {a: {service: aws, region: eu-west-1}}\n", "accounts/a"),
        (
            (
                "accounts: {a: {service: mws, sellerId: A, marketplaceId: B,"
                " credentials: {accessKeyId: 'env:A', secretKey: hunter2}}}\n"
            ),
            "accounts/a",
        ),
        ("defaults: {queues: {visibilityTimout: 5s}}\n", "defaults/queues"),
        ("defaults: {queue: {}}\n", "defaults"),
        (APP % "{acme de: {refreshToken: 'env:A'}}", "accounts/a"),
        (APP % "{from: sellers.csv}", "accounts/a"),
        (APP % "{from: sellers.csv, refreshToken: 'env:A', refrshToken: 'env:B'}", "accounts/a"),
        (SELLERS % "[]", "subscriptions/a"),
        (SELLERS % "[acme-de, acme-de]", "subscriptions/a"),
        (SELLERS % "{where: {}}", "subscriptions/a"),
        (SHOPS % "[]", "subscriptions/a"),
        (SHOPS % "{from: shops.csv, where: {}}", "subscriptions/a"),
        (SHOPS % "{where: {tier: gold}}", "subscriptions/a"),
        ("routes: {a: }\n", "routes/a"),
    ],
)
def test_it_refuses_where_the_reader_would(complaints, text, where):
    assert complaints(text) == [where]


def test_an_editor_is_told_what_each_field_of_the_schema_is(capsys):
    assert invoke(["schema"]) == 0
    described = json.loads(capsys.readouterr().out)
    for name, shape in described["$defs"].items():
        for field, schema in shape.get("properties", {}).items():
            assert name == "Limit" or schema.get("description"), f"{name}.{field}"


MISSING = object()
WRONG = (
    *(MISSING, None, True, 0, -1, 1.5, "", "x", "x y", "%", "101%", "all", [], [""], ["x", "x"]),
    *([1], {}, {"": "x"}, {"x": 1}, {"where": {}}, {"where": {"tier": True}}),
)
EXAMPLES = json.loads(
    json.dumps(yaml.safe_load((ROOT / "tests/handbook/examples.yaml").read_text()), default=str)
)
BEYOND_A_SCHEMA = {
    # What a type takes stands in a catalogue, and a template with its secret.
    SpApiSubscriptionDeclaration: {"filter", "filterExpression", "notificationType"},
    MerchantSubscriptionDeclaration: {"callBackUri", "secret"},
}


def places(value, path=()):
    if path:
        yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(inner, (*path, key))


def with_wrong(value, path, wrong):
    changed = copy.deepcopy(value)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    if wrong is MISSING:
        del inner[path[-1]]
    else:
        inner[path[-1]] = wrong
    return changed


def takes(model, value):
    try:
        model.model_validate(value)
    except (ValidationError, Defects):
        return False
    return True


@pytest.mark.parametrize(
    ("model", "section"),
    [
        (Policy, "policy"),
        (Owns, "owns"),
        (AwsAccount, "accounts"),
        (SpApiAccount, "accounts"),
        (MerchantAccount, "accounts"),
        (SpApiDestinationDeclaration, "destinations"),
        (RouteDeclaration, "routes"),
        (SpApiSubscriptionDeclaration, "subscriptions"),
        (MerchantSubscriptionDeclaration, "subscriptions"),
    ],
    ids=lambda it: getattr(it, "__name__", ""),
)
def test_it_refuses_what_the_class_refuses_and_nothing_else(schema, model, section):
    validator = Draft202012Validator(
        {"$ref": f"#/$defs/{model.__name__}", "$defs": schema["$defs"]}
    )
    found = EXAMPLES[section]
    examples = [found] if takes(model, found) else [it for it in found.values() if takes(model, it)]
    beyond = BEYOND_A_SCHEMA.get(model, ())
    differing = [
        (path, wrong, "passes" if validator.is_valid(changed) else "is refused")
        for example in examples
        for path in places(example)
        for wrong in WRONG
        for changed in [with_wrong(example, path, wrong)]
        if validator.is_valid(changed) != takes(model, changed)
        and (path[0] not in beyond or not validator.is_valid(changed))
    ]
    assert examples
    assert differing == []
