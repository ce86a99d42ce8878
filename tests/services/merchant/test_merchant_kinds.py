import pytest
from pydantic import ValidationError

from reconciler.core.model.secret_ref import LiteralSecret
from reconciler.core.model.spec import Evidence
from reconciler.core.service import Account, Context
from reconciler.services.merchant.account import (
    AccessToken,
    ServiceAccountFile,
    parse_account_number,
)
from reconciler.services.merchant.kinds import (
    MerchantSubscription,
    MerchantSubscriptionDeclaration,
)
from reconciler.services.merchant.service import SERVICE

EVENT = "PRODUCT_STATUS_CHANGE"
URI = "https://hooks.example.com/{targetAccount}/{registeredEvent}"


def entry(**changes):
    return {"registeredEvent": EVENT, "callBackUri": "https://hooks.example.com/a", **changes}


def complaint(**changes):
    with pytest.raises(ValidationError) as caught:
        MerchantSubscriptionDeclaration.model_validate(entry(**changes))
    (detail,) = caught.value.errors()
    return detail


@pytest.fixture
def members(account):
    """Return the members of a declaration."""

    def of(**changes):
        declaration = MerchantSubscriptionDeclaration.model_validate(entry(**changes))
        return list(declaration.members(Context("acme", "x", "shop", account())))

    return of


@pytest.fixture
def findings(members, desired):
    """Return the invariants' findings over several declarations, as (address, message)."""

    def of(*declarations):
        objects = []
        for number, changes in enumerate(declarations):
            for member in members(**changes):
                one = desired(member.spec)
                objects.append(type(one)(f"subscription.{number}", *_rest(one)))
        return [(item.address, item.message) for item in SERVICE.invariants(objects)]

    return of


def _rest(desired):
    return desired.account, desired.spec, desired.stack, desired.position


def test_application_default_credentials_are_the_default(account):
    assert account().credentials == "adc"


def test_credentials_come_in_four_shapes(account):
    key = account(credentials={"serviceAccountFile": "key.json"}).credentials
    token = account(credentials={"accessToken": "env:TOKEN"}).credentials
    nobody = account(credentials="anonymous", endpoint="http://127.0.0.1:5000").credentials
    assert (key, token, nobody) == (
        ServiceAccountFile(service_account_file="key.json"),
        AccessToken(access_token="env:TOKEN"),
        "anonymous",
    )


@pytest.mark.parametrize("endpoint", [None, "https://merchant.example.com"])
def test_anonymous_credentials_stay_on_this_machine(account, endpoint):
    with pytest.raises(ValidationError, match="on this machine only") as caught:
        account(credentials="anonymous", endpoint=endpoint)
    assert caught.value.errors()[0]["loc"] == ("credentials",)


@pytest.mark.parametrize("credentials", ["ya29.token", {"accessToken": "ya29.token"}, 5, ["adc"]])
def test_quirk_111_what_may_be_a_token_is_refused_as_a_literal_secret(account, credentials):
    with pytest.raises(ValidationError) as caught:
        account(credentials=credentials)
    (detail,) = caught.value.errors()
    assert isinstance(detail["ctx"]["error"], LiteralSecret)
    assert "ya29" not in detail["msg"]


def test_two_kinds_of_credentials_at_once_are_refused(account):
    with pytest.raises(ValidationError, match="accessToken"):
        account(credentials={"serviceAccountFile": "key.json", "accessToken": "env:TOKEN"})


@pytest.mark.parametrize(
    "endpoint",
    ["https://merchantapi.googleapis.com/notifications/v1beta", "http://127.0.0.1:5000/V1BETA/"],
)
def test_quirk_90_v1beta_is_refused_with_its_last_day(account, endpoint):
    with pytest.raises(ValidationError, match="28 February 2026"):
        account(endpoint=endpoint)


@pytest.mark.parametrize("number", ["", "x", "0123", "12 34", "accounts/", True, "١٢"])
def test_an_account_number_is_digits(account, number):
    with pytest.raises(ValidationError) as caught:
        account(accountId=number)
    assert caught.value.errors()[0]["loc"] == ("accountId",)


def test_account_numbers_may_be_numbers_or_text(account, members):
    assert account(accountId=5678) == account(accountId="5678")
    assert members(targetAccount=1234) == members(targetAccount="1234")


def test_the_services_spelling_of_an_account_means_the_same(members):
    (member,) = members(targetAccount="1234")
    live = MerchantSubscription(
        registered_event=EVENT,
        target_account="accounts/1234",
        all_managed_accounts=False,
        call_back_uri="https://hooks.example.com/a",
        owner="5678",
    )
    assert member.spec == live


def test_a_single_target_is_no_list_and_has_no_member(members):
    (member,) = members(targetAccount="1234")
    assert member.member is None
    assert member.spec.identity_values() == {"registeredEvent": EVENT, "targetAccount": "1234"}


def test_a_list_of_targets_fans_out_by_account(members):
    found = members(targetAccounts=["1234", 5678], callBackUri=URI)
    assert [member.member for member in found] == ["1234", "5678"]
    assert [member.spec.call_back_uri.reveal() for member in found] == [
        f"https://hooks.example.com/1234/{EVENT}",
        f"https://hooks.example.com/5678/{EVENT}",
    ]


def test_all_managed_accounts_are_one_subscription(members):
    (member,) = members(allManagedAccounts=True)
    assert member.spec.identity_values() == {"registeredEvent": EVENT, "allManagedAccounts": True}
    assert "targetAccount" not in member.spec.declared_fields()


def test_the_event_may_stand_in_the_uri_of_all_managed_accounts(members):
    uri = "https://hooks.example.com/{registeredEvent}"
    (member,) = members(allManagedAccounts=True, callBackUri=uri)
    assert member.spec.call_back_uri.reveal() == f"https://hooks.example.com/{EVENT}"


def test_a_target_account_in_the_uri_of_all_managed_accounts_is_refused():
    detail = complaint(allManagedAccounts=True, callBackUri=URI)
    assert detail["loc"] == ("callBackUri",)
    assert "{targetAccount}" in detail["msg"]


@pytest.mark.parametrize(
    "targets",
    [
        {},
        {"targetAccount": "1234", "targetAccounts": ["4321"]},
        {"targetAccount": "1234", "allManagedAccounts": True},
        {"targetAccounts": ["1234"], "allManagedAccounts": True},
    ],
)
def test_a_subscription_has_one_kind_of_target(targets):
    assert "expected one of `targetAccount`" in complaint(**targets)["msg"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"targetAccounts": []}, "targetAccounts"),
        ({"targetAccounts": ["1234", 1234]}, "targetAccounts"),
        ({"allManagedAccounts": False}, "allManagedAccounts"),
        ({"allManagedAccounts": "true"}, "allManagedAccounts"),
        ({"targetAccount": "1234", "registeredEvent": "product_status_change"}, "registeredEvent"),
        ({"targetAccount": "1234", "targets": ["1"]}, "targets"),
    ],
)
def test_what_a_subscription_cannot_be_is_refused_at_its_field(changes, field):
    assert complaint(**changes)["loc"][0] == field


@pytest.mark.parametrize(
    "uri",
    [
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "hooks.example.com",
        "https://",
        "https://localhost/",
        "https://localhost:8443/x",
        "https://api.localhost/",
        "https://hooks/",
        "https://printer.local/",
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://192.168.0.9/",
        "https://169.254.169.254/",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://[oops/",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:99999/",
        "https://user:word@hooks.example.com/",
        "https://hooks.example.com/#part",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/ü",
        "https://hooks.example.com/{account}",
        "https://hooks.example.com/{targetAccount",
        "",
    ],
)
def test_quirk_106_a_uri_that_google_cannot_push_to_is_refused(uri):
    assert complaint(targetAccount="1234", callBackUri=uri)["loc"] == ("callBackUri",)


@pytest.mark.parametrize(
    "uri",
    [
        "https://hooks.example.com",
        "https://hooks.example.com:8443/a?b={targetAccount}",
        "https://{targetAccount}.hooks.example.com/",
        "https://8.8.8.8/",
        "https://xn--bcher-kva.example/",
    ],
)
def test_quirk_106_a_public_uri_is_accepted(members, uri):
    assert len(members(targetAccount="1234", callBackUri=uri)) == 1


def test_quirk_92_all_and_partial_exclude_each_other_for_one_event(members):
    (whole,) = members(allManagedAccounts=True)
    (part,) = members(targetAccount="1234")
    (own,) = members(targetAccount="5678")
    assert whole.spec.succession.exclusion(whole.spec)[:2] == (EVENT, "all")
    assert part.spec.succession.exclusion(part.spec)[:2] == (EVENT, "partial")
    assert "never both" in part.spec.succession.exclusion(part.spec).rule
    assert own.spec.succession.exclusion(own.spec) is None


def test_quirk_93_all_beside_partial_is_refused_with_both_addresses(findings):
    ((address, message),) = findings({"allManagedAccounts": True}, {"targetAccount": "1234"})
    assert address == "subscription.1"
    assert "subscription.0" in message


@pytest.mark.parametrize(
    "declarations",
    [
        ({"allManagedAccounts": True}, {"targetAccount": "5678"}),
        ({"targetAccounts": ["1234", "4321"]}, {"targetAccount": "5678"}),
        (
            {"allManagedAccounts": True},
            {"targetAccount": "1234", "registeredEvent": "ACCOUNT_SERVICE_CHANGE"},
        ),
    ],
)
def test_quirk_93_what_google_lets_coexist_is_accepted(findings, declarations):
    assert findings(*declarations) == []


def test_ownership_is_by_call_back_uri_alone_declared_or_not():
    assert MerchantSubscription.evidence == (Evidence("below", "callBackUri"),)


def test_the_owner_is_neither_shown_nor_compared(members):
    (member,) = members(targetAccount="1234")
    assert "owner" not in member.spec.fields()


def test_an_account_number_of_another_type_is_left_to_the_field_to_refuse():
    assert parse_account_number(["1234"]) == ["1234"]


def test_a_merchant_subscription_of_another_services_account_is_a_defect_of_ours(account):
    declaration = MerchantSubscriptionDeclaration.model_validate(entry(targetAccount="1234"))
    with pytest.raises(TypeError, match="belongs to a Merchant account"):
        list(declaration.members(Context("acme", "x", "shop", Account(service="mws"))))


def test_the_quota_is_shared_by_all_actions(members):
    (member,) = members(targetAccount="1234")
    assert member.spec.cost.bucket(member.spec, "create") == member.spec.cost.bucket(
        member.spec, "delete"
    )
