import json

import pytest
from clients_of_the_sandbox import LwaApplication

ARN = "arn:aws:sqs:eu-west-1:123456789012:offers"
OFFERS = {"eventFilterType": "ANY_OFFER_CHANGED"}


def create(application, specification, name="offers"):
    body = {"name": name, "resourceSpecification": specification}
    return application.send("POST", "destinations", application.grantless(), body)


def test_a_token_for_a_seller_and_one_for_the_application_differ(application):
    seller = application.login(grant_type="refresh_token", refresh_token="Atzr|x").json()
    assert seller["access_token"].startswith("Atza|")
    assert (seller["token_type"], seller["expires_in"]) == ("bearer", 3600)
    scope = "sellingpartnerapi::notifications"
    own = application.login(grant_type="client_credentials", scope=scope).json()
    assert own["access_token"].startswith("Atc|")
    assert own["scope"] == scope


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"refresh_token": "x"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "client_secret": ""}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": "all"}, 400, "invalid_scope"),
        ({"grant_type": "refresh_token", "refresh_token": "gone"}, 400, "invalid_grant"),
        ({"grant_type": "refresh_token", "client_secret": "old"}, 401, "invalid_client"),
    ],
)
def test_a_bad_login_is_an_oauth_error(sandbox, application, form, status, code):
    sandbox.settings(revoked=["gone", "old"])
    answer = application.login(**form)
    assert (answer.status, answer.json()["error"]) == (status, code)
    assert answer.json()["error_description"]


def test_a_destination_is_answered_with_nulls_for_what_it_is_not(application):
    key = application.destination()
    answer = application.send("GET", f"destinations/{key}", application.grantless()).json()
    assert answer["payload"] == {
        "name": "offers",
        "destinationId": key,
        "resource": {"sqs": {"arn": ARN}, "eventBridge": None, "privateSqs": None, "webhook": None},
    }
    listed = application.send("GET", "destinations", application.grantless()).json()
    assert listed["payload"] == [answer["payload"]]


def test_a_second_destination_for_the_same_arn_conflicts(application):
    application.destination()
    status, code, details = application.details(create(application, {"sqs": {"arn": ARN}}, "two"))
    assert (status, code) == (409, "Conflict")
    assert ARN in details
    assert application.client in details


def test_names_of_destinations_may_coincide(application):
    assert application.destination() != application.destination(arn=f"{ARN}2")


def test_one_aws_account_has_one_event_bridge_destination(application):
    made = application.event_bridge().json()["payload"]["resource"]["eventBridge"]
    head, _, solution = made["name"].rpartition("/")
    assert head == "aws.partner/sellingpartnerapi.amazon.com/123456789012"
    assert solution.startswith("amzn1.sp.solution.")
    assert application.event_bridge().status == 409
    assert application.event_bridge("210987654321").status == 200


@pytest.mark.parametrize(
    ("specification", "words"),
    [
        ({"sqs": {"arn": ARN}, "eventBridge": None}, "multiple resource types"),
        ({}, "resourceSpecification"),
        ({"sqs": {"arn": "arn:aws-cn:sqs:cn-north-1:123456789012:offers"}}, "ARN"),
        ({"sqs": {"arn": f"{ARN}.fifo"}}, "FIFO"),
        ({"eventBridge": {"region": "eu-west-1"}}, "accountId"),
        ({"webhook": {"url": "https://example.org"}}, "webhook"),
    ],
)
def test_a_resource_is_exactly_one_standard_queue_or_event_source(
    application, specification, words
):
    status, code, details = application.details(create(application, specification))
    assert (status, code) == (400, "InvalidInput")
    assert words in details


def test_a_destination_needs_a_name_of_at_most_256_characters(application):
    assert create(application, {"sqs": {"arn": ARN}}, "").status == 400
    assert create(application, {"sqs": {"arn": ARN}}, "n" * 257).status == 400
    assert create(application, {"sqs": {"arn": ARN}}, "n" * 256).status == 200


def test_a_destination_with_subscriptions_is_forbidden_to_delete(application):
    key = application.destination()
    made = application.subscribe(key).json()["payload"]["subscriptionId"]
    token = application.grantless()
    answer = application.send("DELETE", f"destinations/{key}", token)
    assert application.details(answer) == (403, "Unauthorized", "Destination has subscriptions")
    path = f"subscriptions/ANY_OFFER_CHANGED/{made}"
    assert application.send("DELETE", path, token).json() == {}
    assert application.send("DELETE", f"destinations/{key}", token).json() == {}
    assert application.send("GET", f"destinations/{key}", token).status == 404


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", "destinations", "seller"),
        ("GET", "destinations/x", "seller"),
        ("DELETE", "destinations/x", "seller"),
        ("GET", "subscriptions/ANY_OFFER_CHANGED/x", "seller"),
        ("DELETE", "subscriptions/ANY_OFFER_CHANGED/x", "seller"),
        ("GET", "subscriptions/ANY_OFFER_CHANGED", "grantless"),
        ("POST", "subscriptions/ANY_OFFER_CHANGED", "grantless"),
        ("GET", "subscriptions?notificationTypes=ANY_OFFER_CHANGED", "grantless"),
    ],
)
def test_the_wrong_kind_of_token_is_unauthorized(application, method, path, kind):
    token = application.seller() if kind == "seller" else application.grantless()
    body = {} if method == "POST" else None
    answer = application.send(method, path, token, body)
    assert application.details(answer)[:2] == (403, "Unauthorized")


@pytest.mark.parametrize(
    ("rule", "grantless", "seller"),
    [("grantless", 200, 403), ("seller", 403, 200), ("either", 200, 200)],
)
def test_which_token_deletes_by_id_is_a_setting(sandbox, application, rule, grantless, seller):
    sandbox.settings(deleteByIdToken=rule)
    key = application.destination()
    for token, status in (
        (application.grantless(), grantless),
        (application.seller("Atzr|one"), seller),
    ):
        answer = application.subscribe(key)
        if answer.status == 409:
            answer = application.send(
                "GET", "subscriptions/ANY_OFFER_CHANGED", application.seller("Atzr|one")
            )
        made = answer.json()["payload"]["subscriptionId"]
        path = f"subscriptions/ANY_OFFER_CHANGED/{made}"
        assert application.send("DELETE", path, token).status == status


def test_an_expired_token_says_so(sandbox, application):
    sandbox.settings(tokenSeconds=0)
    token = application.grantless()
    status, code, details = application.details(application.send("GET", "destinations", token))
    assert (status, code) == (403, "Unauthorized")
    assert "expired" in details


@pytest.mark.parametrize("token", [None, "Atza|nonsense", "nonsense"])
def test_no_token_or_a_strange_one_is_unauthorized(application, token):
    answer = application.send("GET", "destinations", token)
    assert application.details(answer)[:2] == (403, "Unauthorized")


@pytest.mark.parametrize("path", ["destinations/", "subscriptions/", "subscriptions/A/B/C"])
def test_a_path_that_does_not_exist_is_403(application, path):
    answer = application.send("GET", path, application.grantless())
    assert answer.status == 403
    assert answer.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"


def test_an_encoded_slash_stays_in_its_segment(application):
    answer = application.send("GET", "destinations/a%2Fb", application.grantless())
    assert application.details(answer)[:2] == (404, "NotFound")


def test_one_subscription_per_seller_type_and_version(application):
    key = application.destination()
    assert application.subscribe(key).status == 200
    assert application.details(application.subscribe(key)) == (409, "StateConflict", None)
    assert application.subscribe(key, refresh="Atzr|two").status == 200
    assert application.subscribe(key, kind="FEE_PROMOTION").status == 200


def test_each_filter_expression_permits_another_subscription(application):
    key = application.destination()
    one, two = ({"filterExpression": f"a == {number}"} for number in (1, 2))
    assert application.subscribe(key, directive=one).status == 200
    assert application.subscribe(key, directive=two).status == 200
    assert application.subscribe(key, directive=one).status == 409


def test_two_applications_of_one_seller_do_not_see_each_other(sandbox, http, application):
    other = LwaApplication(sandbox.url, http, client="two")
    key = application.destination()
    application.subscribe(key)
    answer = other.send("GET", "subscriptions/ANY_OFFER_CHANGED", other.seller("Atzr|one"))
    assert other.details(answer)[:2] == (404, "NotFound")
    assert "No destination with id" in other.details(other.subscribe(key))[2]
    assert set(sandbox.state()["sp-api"]) == {application.client}


def test_a_subscription_is_read_by_type_and_by_id(application):
    directive = {"eventFilter": {**OFFERS, "marketplaceIds": ["A1PA6795UKMFR9"]}}
    made = application.subscribe(application.destination(), directive=directive).json()["payload"]
    assert made["processingDirective"] == directive
    path = "subscriptions/ANY_OFFER_CHANGED"
    found = application.send("GET", path, application.seller("Atzr|one")).json()
    assert found["payload"] == made
    path = f"{path}/{made['subscriptionId']}"
    assert application.send("GET", path, application.grantless()).json()["payload"] == made
    elsewhere = path.replace("ANY_OFFER_CHANGED", "FEE_PROMOTION")
    assert application.send("GET", elsewhere, application.grantless()).status == 404


def test_without_a_version_only_the_latest_is_read(application):
    key = application.event_bridge().json()["payload"]["destinationId"]
    kind = "LISTINGS_ITEM_ISSUES_CHANGE"
    assert application.subscribe(key, kind, "1.0").status == 200
    token = application.seller("Atzr|one")
    assert application.send("GET", f"subscriptions/{kind}", token).status == 404
    assert application.send("GET", f"subscriptions/{kind}?payloadVersion=1.0", token).status == 200
    application.subscribe(key, kind, "2023-12-13")
    latest = application.send("GET", f"subscriptions/{kind}", token).json()["payload"]
    assert latest["payloadVersion"] == "2023-12-13"


def test_the_list_of_subscriptions_comes_in_pages(application):
    key = application.destination()
    for number in range(31):
        application.subscribe(key, directive={"filterExpression": f"a == {number}"})
    token = application.seller("Atzr|one")
    path = "subscriptions?notificationTypes=ANY_OFFER_CHANGED"
    first = application.send("GET", path, token).json()["payload"]
    assert len(first["subscriptions"]) == 30
    rest = application.send("GET", f"{path}&nextToken={first['nextToken']}", token).json()
    assert len(rest["payload"]["subscriptions"]) == 1
    assert "nextToken" not in rest["payload"]
    whole = application.send("GET", f"{path}&pageSize=100", token).json()["payload"]
    assert len(whole["subscriptions"]) == 31


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?notificationTypes=ANY_OFFER_CHANGED,FEE_PROMOTION",
        "?notificationTypes=ANY_OFFER_CHANGED&notificationTypes=FEE_PROMOTION",
        "?notificationTypes=ANY_OFFER_CHANGED&pageSize=29",
        "?notificationTypes=ANY_OFFER_CHANGED&pageSize=101",
        "?notificationTypes=ANY_OFFER_CHANGED&nextToken=nonsense",
        "?notificationTypes=NOTHING",
    ],
)
def test_the_list_wants_one_type_and_a_page_size_in_range(application, query):
    answer = application.send("GET", f"subscriptions{query}", application.seller())
    assert application.details(answer)[:2] == (400, "InvalidInput")


def test_the_list_can_be_missing_as_before_2026(sandbox, application):
    sandbox.settings(getSubscriptionsRoute=False)
    path = "subscriptions?notificationTypes=ANY_OFFER_CHANGED"
    assert application.send("GET", path, application.seller()).status == 403


@pytest.mark.parametrize(
    ("kind", "directive", "words"),
    [
        ("ORDER_CHANGE", None, "must not be empty"),
        (
            "ORDER_CHANGE",
            {"eventFilter": {"eventFilterType": "ORDER_CHANGE", "marketplaceIds": ["A"]}},
            "failed to validate for notification type ORDER_CHANGE",
        ),
        ("FEE_PROMOTION", {"eventFilter": OFFERS}, "not supported"),
        (
            "ANY_OFFER_CHANGED",
            {"eventFilter": {"eventFilterType": "ORDER_CHANGE"}},
            "eventFilterType",
        ),
        (
            "ANY_OFFER_CHANGED",
            {"eventFilter": OFFERS, "filterExpression": "a"},
            "not have both",
        ),
        ("ANY_OFFER_CHANGED", {"filterExpression": "a" * 257}, "256"),
        (
            "ANY_OFFER_CHANGED",
            {
                "eventFilter": {
                    **OFFERS,
                    "aggregationSettings": {"aggregationTimePeriod": "Never"},
                }
            },
            "failed to validate",
        ),
    ],
)
def test_a_directive_must_fit_its_type(application, kind, directive, words):
    answer = application.subscribe(application.destination(), kind, directive=directive)
    status, code, details = application.details(answer)
    assert (status, code) == (400, "InvalidInput")
    assert words in details


@pytest.mark.parametrize(
    "directive",
    [
        {"eventFilter": {"eventFilterType": "ORDER_CHANGE"}},
        {
            "eventFilter": {
                "eventFilterType": "ORDER_CHANGE",
                "orderChangeTypes": ["OrderStatusChange"],
            }
        },
        {"filterExpression": "has(a.b)"},
    ],
)
def test_order_change_takes_a_filter_without_marketplaces(application, directive):
    key = application.destination()
    assert application.subscribe(key, "ORDER_CHANGE", directive=directive).status == 200


def test_an_event_bridge_type_on_a_queue_is_refused_without_a_word(application):
    answer = application.subscribe(application.destination(), "LISTINGS_ITEM_STATUS_CHANGE")
    assert application.details(answer) == (400, "InvalidInput", "")


def test_an_unknown_destination_is_named_with_the_application(application):
    details = application.details(application.subscribe("nowhere"))[2]
    assert details == f"No destination with id nowhere for applicationId {application.client}"


def test_an_unknown_type_is_an_invalid_path_parameter(sandbox, application):
    key = application.destination()
    details = application.details(application.subscribe(key, "NEW_TYPE"))[2]
    assert details == 'Invalid value "NEW_TYPE" for path parameter notificationType'
    sandbox.settings(notificationTypes={"NEW_TYPE": ["1.0"]})
    assert application.subscribe(key, "NEW_TYPE").status == 200


@pytest.mark.parametrize("body", [{"destinationId": "x"}, {"payloadVersion": "1.0"}, {}])
def test_version_and_destination_are_required(application, body):
    answer = application.send("POST", "subscriptions/ANY_OFFER_CHANGED", application.seller(), body)
    assert "is required" in application.details(answer)[2]


def test_a_version_the_type_does_not_have_is_refused(application):
    answer = application.subscribe(application.destination(), "FEED_PROCESSING_FINISHED", "1.0")
    assert application.details(answer)[:2] == (400, "InvalidInput")


def test_another_media_type_is_415(application):
    answer = application.send(
        "POST", "destinations", application.grantless(), {}, {"Content-Type": "text/plain"}
    )
    assert answer.status == 415


def test_a_test_notification_arrives_in_the_queue(sandbox, aws, application):
    sandbox.settings(checkQueuePolicy=False)
    queue = aws.queue()
    key = application.destination()
    test = {"payloadVersion": "1.0", "testScenario": "TEST_CASE_200"}
    path = "subscriptions/ANY_OFFER_CHANGED/testNotification"
    token = application.grantless()
    body = {"destinationId": key, "testNotification": test}
    assert application.send("POST", path, token, body).status == 200
    [message] = aws.sqs.receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["NotificationType"] == "ANY_OFFER_CHANGED"
    empty = {"destinationId": key, "testNotification": {**test, "testScenario": ""}}
    assert application.send("POST", path, token, empty).status == 400


def test_the_list_can_lag_the_conflict(sandbox, application):
    sandbox.settings(lagReads={"destinationCreated": 1})
    key = application.destination()
    token = application.grantless()
    assert create(application, {"sqs": {"arn": ARN}}).status == 409
    assert application.send("GET", "destinations", token).json()["payload"] == []
    [found] = application.send("GET", "destinations", token).json()["payload"]
    assert found["destinationId"] == key


STRANGE = [None, 0, True, "", "x", [], [None], {}, {"a": None}, {"eventFilter": []}]


@pytest.mark.parametrize("strange", STRANGE)
def test_strange_bodies_are_refused_not_crashed_upon(application, strange):
    key = application.destination()
    good = {"payloadVersion": "1.0", "destinationId": key}
    bodies = [strange] + [{**good, name: strange} for name in good]
    for body in bodies:
        if body is not None:
            answer = application.send(
                "POST", "subscriptions/ANY_OFFER_CHANGED", application.seller(), body
            )
            assert answer.status == 400
    specification = {"sqs": {"arn": f"{ARN}2"}}
    for body in (
        {"name": strange, "resourceSpecification": {"sqs": {"arn": strange}}},
        {"name": "offers", "resourceSpecification": strange},
        {"name": "offers", "resourceSpecification": {"sqs": strange}},
        {"name": "offers", "resourceSpecification": {"eventBridge": strange}},
    ):
        answer = application.send("POST", "destinations", application.grantless(), body)
        assert answer.status == 400
    assert create(application, specification).status == 200


@pytest.mark.parametrize("strange", STRANGE)
def test_strange_directives_never_crash(application, strange):
    key = application.destination()
    filters = [
        {"aggregationSettings": strange},
        {"marketplaceIds": strange},
        {"orderChangeTypes": strange},
        {"trackingIdentifier": strange},
        {"eventFilterType": strange},
    ]
    kinds = {
        "ANY_OFFER_CHANGED": "1.0",
        "ORDER_CHANGE": "1.0",
        "SHIPMENT_TRACKING_MILESTONE_CHANGED": "2026-01-30",
    }
    for kind, version in kinds.items():
        directives = [{"eventFilter": {"eventFilterType": kind, **more}} for more in filters]
        for directive in (strange, {"filterExpression": strange}, *directives):
            answer = application.subscribe(key, kind, version, directive)
            assert answer.status in (200, 400, 409)
