import json
from pathlib import Path

import googleapiclient.discovery
import googleapiclient.discovery_cache
import googleapiclient.errors
import httplib2
import jsonschema
import pytest
import referencing
import referencing.jsonschema
from clients_of_the_sandbox import ask

PARENT = "accounts/5678"
URI = "https://example.org/hook"


@pytest.fixture
def google_api(sandbox):
    transport = httplib2.Http(timeout=20)

    def build(name):
        return googleapiclient.discovery.build(
            "merchantapi",
            name,
            http=transport,
            static_discovery=True,
            client_options={"api_endpoint": sandbox.url},
        )

    yield build
    transport.close()


@pytest.fixture
def subscriptions(google_api):
    return google_api("notifications_v1").accounts().notificationsubscriptions()


def wish(event="PRODUCT_STATUS_CHANGE", **interest):
    return {"registeredEvent": event, "callBackUri": URI, **(interest or everyone())}


def everyone():
    return {"allManagedAccounts": True}


def only(account):
    return {"targetAccount": f"accounts/{account}"}


def create(subscriptions, **body):
    return subscriptions.create(parent=PARENT, body=wish(**body)).execute()


def refused(call):
    with pytest.raises(googleapiclient.errors.HttpError) as caught:
        call()
    return caught.value


def test_what_is_created_can_be_read_listed_and_deleted(subscriptions):
    made = create(subscriptions)
    assert made["name"].startswith(f"{PARENT}/notificationsubscriptions/")
    assert made == {"name": made["name"], **wish()}
    assert subscriptions.get(name=made["name"]).execute() == made
    listed = subscriptions.list(parent=PARENT).execute()
    assert listed == {"notificationSubscriptions": [made]}
    assert subscriptions.delete(name=made["name"]).execute() == {}
    assert subscriptions.list(parent=PARENT).execute() == {}


def test_an_unknown_subscription_is_not_found(subscriptions):
    name = f"{PARENT}/notificationsubscriptions/1"
    for method in (subscriptions.get, subscriptions.delete):
        error = refused(method(name=name).execute)
        assert error.status_code == 404


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (everyone(), only(5678)),
        (only(5678), everyone()),
        (only(1), only(5678)),
        (only(1), only(2)),
    ],
)
def test_these_two_live_side_by_side(subscriptions, first, second):
    create(subscriptions, **first)
    create(subscriptions, **second)


@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        (everyone(), everyone(), 409),
        (only(5678), only(5678), 409),
        (only(1), only(1), 409),
        (everyone(), only(1), 400),
        (only(1), everyone(), 400),
    ],
)
def test_these_two_do_not(subscriptions, first, second, status):
    create(subscriptions, **first)
    error = refused(lambda: create(subscriptions, **second))
    assert error.status_code == status
    [info] = error.error_details
    assert info["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    assert info["domain"] == "merchantapi.googleapis.com"
    expected = {409: "ALREADY_EXISTS", 400: "FAILED_PRECONDITION"}[status]
    assert f'"status": "{expected}"' in error.content.decode()


def test_another_event_or_account_is_no_conflict(subscriptions):
    create(subscriptions)
    create(subscriptions, event="ACCOUNT_SERVICE_CHANGE", **everyone())
    subscriptions.create(parent="accounts/9", body=wish()).execute()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"registeredEvent": "NOTIFICATION_EVENT_TYPE_UNSPECIFIED"}, "registered_event"),
        ({"callBackUri": "http://example.org/hook"}, "call_back_uri"),
        ({"callBackUri": None}, "call_back_uri"),
        ({"targetAccount": "accounts/1"}, "interested_in"),
        ({"allManagedAccounts": False}, "interested_in"),
        ({"allManagedAccounts": None, "targetAccount": "1"}, "target_account"),
        ({"callbackUri": URI}, "callbackUri"),
    ],
)
def test_a_bad_field_is_an_invalid_argument(subscriptions, change, field):
    body = {**wish(), **change}
    error = refused(subscriptions.create(parent=PARENT, body=body).execute)
    assert error.status_code == 400
    assert error.error_details[0]["metadata"]["FIELD_LOCATION"] == field


def test_a_receiver_on_the_loopback_may_do_without_tls(subscriptions):
    body = {**wish(), "callBackUri": "http://127.0.0.1:8080/hook"}
    assert subscriptions.create(parent=PARENT, body=body).execute()["callBackUri"]


def test_a_false_flag_is_left_out(subscriptions):
    made = create(subscriptions, allManagedAccounts=False, **only(1))
    assert "allManagedAccounts" not in made


def test_a_patch_changes_only_what_the_mask_names(subscriptions):
    made = create(subscriptions)
    body = {"callBackUri": f"{URI}/two", "registeredEvent": "ACCOUNT_SERVICE_CHANGE"}
    changed = subscriptions.patch(name=made["name"], body=body, updateMask="callBackUri").execute()
    assert changed == {**made, "callBackUri": f"{URI}/two"}
    assert subscriptions.get(name=made["name"]).execute() == changed


def test_a_patch_can_exchange_the_interest_but_not_break_coexistence(subscriptions):
    made = create(subscriptions, **only(1))
    other = create(subscriptions, **only(2))
    patch = {"name": made["name"], "updateMask": "targetAccount"}
    error = refused(subscriptions.patch(body=only(2), **patch).execute)
    assert error.status_code == 409
    subscriptions.delete(name=other["name"]).execute()
    assert subscriptions.patch(body=only(2), **patch).execute()["targetAccount"] == "accounts/2"
    patch["updateMask"] = "allManagedAccounts"
    changed = subscriptions.patch(body=everyone(), **patch).execute()
    assert "targetAccount" not in changed


@pytest.mark.parametrize("mask", [None, "call_back_uri", "name", "callBackUri,nothing"])
def test_a_mask_is_required_in_camel_case(subscriptions, mask):
    name = create(subscriptions)["name"]
    options = {"updateMask": mask} if mask else {}
    error = refused(subscriptions.patch(name=name, body={"callBackUri": URI}, **options).execute)
    assert error.status_code == 400
    assert error.error_details[0]["metadata"]["FIELD_LOCATION"] == "update_mask"


def test_the_mask_may_be_spelt_as_in_the_guides(sandbox, http, subscriptions):
    name = create(subscriptions)["name"]
    path = f"/notifications/v1/{name}?update_mask=callBackUri"
    answer = ask(http, sandbox.url, "PATCH", path, {"callBackUri": f"{URI}/two"})
    assert answer.json()["callBackUri"] == f"{URI}/two"


def test_the_list_comes_in_pages_and_a_large_size_is_coerced(sandbox, subscriptions):
    for number in range(1, 6):
        create(subscriptions, **only(number))
    sandbox.settings(merchantPageCap=2)
    request, sizes = subscriptions.list(parent=PARENT, pageSize=500), []
    while request is not None:
        answer = request.execute()
        sizes.append(len(answer["notificationSubscriptions"]))
        request = subscriptions.list_next(request, answer)
    assert sizes == [2, 2, 1]


def test_the_create_address_may_end_in_a_slash(sandbox, http):
    path = f"/notifications/v1/{PARENT}/notificationsubscriptions/?alt=json&prettyPrint=false"
    assert ask(http, sandbox.url, "POST", path, wish()).status == 200


def test_v1beta_is_shut_down(sandbox, http):
    path = f"/notifications/v1beta/{PARENT}/notificationsubscriptions"
    answer = ask(http, sandbox.url, "GET", path)
    assert answer.status == 404
    assert "shut down" in answer.json()["error"]["message"]


def test_an_unregistered_project_is_unauthenticated_until_it_registers(
    sandbox, google_api, subscriptions
):
    sandbox.settings(merchantUnregistered=["5678"])
    error = refused(subscriptions.list(parent=PARENT).execute)
    assert error.status_code == 401
    assert "is not registered with the merchant account" in error.reason
    developer = google_api("accounts_v1").accounts().developerRegistration()
    name = f"{PARENT}/developerRegistration"
    body = {"developerEmail": "dev@example.org"}
    made = developer.registerGcp(name=name, body=body).execute()
    assert made["gcpIds"]
    assert developer.getAccountForGcpRegistration().execute() == {"name": PARENT}
    subscriptions.list(parent=PARENT).execute()
    developer.unregisterGcp(name=name, body={}).execute()
    assert refused(subscriptions.list(parent=PARENT).execute).status_code == 401


def test_a_revoked_bearer_token_is_unauthenticated(sandbox, http):
    sandbox.settings(revoked=["ya29.old"])
    path = f"{sandbox.url}/notifications/v1/{PARENT}/notificationsubscriptions"
    for token, status in (("ya29.old", 401), ("ya29.new", 200)):
        headers = {"Authorization": f"Bearer {token}"}
        assert http.request("GET", path, headers=headers).status == status


def test_an_account_that_is_no_number_is_invalid(sandbox, http):
    answer = ask(
        http, sandbox.url, "GET", "/notifications/v1/accounts/mine/notificationsubscriptions"
    )
    assert answer.status == 400
    reason = answer.json()["error"]["details"][0]["reason"]
    assert reason == "INVALID_NAME_PART_NOT_NUMBER"


def test_health_is_not_there_unless_set(sandbox, http, subscriptions):
    name = create(subscriptions)["name"]
    path = f"/notifications/v1/{name}:getHealth"
    assert ask(http, sandbox.url, "GET", path).status == 404
    sandbox.settings(
        merchantHealth={"*": {"acknowledgedMessagesCount": 5, "undeliveredMessagesCount": 0}}
    )
    found = ask(http, sandbox.url, "GET", path).json()
    assert found == {"name": name, "acknowledgedMessagesCount": "5"}


def test_a_caller_is_told_its_access_rights(sandbox, google_api):
    users = google_api("accounts_v1").accounts().users()
    assert users.get(name=f"{PARENT}/users/me").execute()["accessRights"] == ["ADMIN"]
    sandbox.settings(merchantAccessRights=["READ_ONLY"])
    found = users.get(name=f"{PARENT}/users/me").execute()
    assert found["accessRights"] == ["READ_ONLY"]
    assert fits("accounts_v1", "User", found)


def test_quotas_are_told_per_account(google_api):
    quotas = google_api("quota_v1").accounts().quotas().list(parent=PARENT).execute()
    assert quotas["quotaGroups"][0]["quotaMinuteLimit"] == "600"


def test_the_shapes_are_those_of_the_discovery_document(sandbox, http, subscriptions):
    made = create(subscriptions, **only(1))
    create(subscriptions, **only(2))
    sandbox.settings(merchantPageCap=1)
    base = f"/notifications/v1/{PARENT}/notificationsubscriptions"
    fits("notifications_v1", "NotificationSubscription", made)
    listed = ask(http, sandbox.url, "GET", base).json()
    assert fits("notifications_v1", "ListNotificationSubscriptionsResponse", listed)
    quotas = ask(http, sandbox.url, "GET", f"/quota/v1/{PARENT}/quotas").json()
    fits("quota_v1", "ListQuotaGroupsResponse", quotas)
    path = f"/accounts/v1/{PARENT}/developerRegistration:registerGcp"
    registered = ask(http, sandbox.url, "POST", path, {}).json()
    fits("accounts_v1", "DeveloperRegistration", registered)


def fits(document, schema, answer):
    """Whether the answer has every property of the schema; it must have no others."""
    folder = Path(googleapiclient.discovery_cache.__file__).parent / "documents"
    published = json.loads((folder / f"merchantapi.{document}.json").read_text())
    closed = {
        name: {**shape, "additionalProperties": False}
        for name, shape in published["schemas"].items()
    }
    registry = referencing.Registry().with_resources(
        (name, referencing.jsonschema.DRAFT4.create_resource(shape))
        for name, shape in closed.items()
    )
    jsonschema.Draft4Validator(closed[schema], registry=registry).validate(answer)
    return answer.keys() == closed[schema]["properties"].keys()


@pytest.mark.parametrize("strange", [None, 0, True, "", "x", [], [None], {}, {"a": None}])
def test_strange_bodies_are_refused_not_crashed_upon(sandbox, http, subscriptions, strange):
    path = f"/notifications/v1/{PARENT}/notificationsubscriptions"
    name = create(subscriptions)["name"]
    others = {"registeredEvent", "callBackUri", "targetAccount"}
    for body in (strange, *({**wish(**only(1)), field: strange} for field in others)):
        assert ask(http, sandbox.url, "POST", path, body).status == 400
    mask = f"/notifications/v1/{name}?updateMask=callBackUri"
    assert ask(http, sandbox.url, "PATCH", mask, {"callBackUri": strange}).status == 400


LINKS = {
    "5678": {
        "3": {"type": "ACCOUNT_MANAGEMENT", "handshakeState": "PENDING"},
        "2": {},
        "10": {"type": "ACCOUNT_MANAGEMENT"},
    },
    "9": {"10": {}, "4": {}},
}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", "2 3 4 10"),
        ("relationship(providerId = 5678)", "2 3 10"),
        ('accountName = "Shop 2"', "2"),
        ('relationship(service(handshakeState="PENDING"))', "3"),
        ('relationship(providerId = 9 AND service(type = "ACCOUNT_AGGREGATION"))', "4 10"),
        (
            '(relationship(providerId = 9) OR accountName = "Shop 3") AND accountName = "Shop 4"',
            "4",
        ),
    ],
)
def test_linked_accounts_are_found_by_a_filter_on_all_pages(sandbox, google_api, wanted, found):
    sandbox.settings(merchantLinks=LINKS, merchantPageCap=2)
    accounts, numbers = google_api("accounts_v1").accounts(), []
    request = accounts.list(filter=wanted)
    while request is not None:
        answer = request.execute()
        numbers += [item["accountId"] for item in answer.get("accounts", [])]
        request = accounts.list_next(request, answer)
    assert numbers == found.split()


@pytest.mark.parametrize("wanted", ["(", "name = 1", "relationship(type = 1)", "?", "x"])
def test_a_filter_that_is_none_is_refused(sandbox, google_api, wanted):
    error = refused(google_api("accounts_v1").accounts().list(filter=wanted).execute)
    assert error.status_code == 400


def test_sub_accounts_are_those_that_are_aggregated(sandbox, google_api):
    sandbox.settings(merchantLinks=LINKS)
    answer = google_api("accounts_v1").accounts().listSubaccounts(provider=PARENT).execute()
    assert [item["name"] for item in answer["accounts"]] == ["accounts/2"]
