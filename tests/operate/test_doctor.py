"""Each broken link in turn names itself, says what to do, and keeps only what rests on it."""

import http.server
import threading

import pytest
from operated import WORLD

from tests.worlds import AWS

SELLER_FR = "sandbox-seller-app-fr"
SECRET = "sandbox-secret"
TOKEN = "sandbox-token"
DOES = "arn:aws:sts::123456789012:user/moto"


def told(diagnosis):
    return [(item.account, item.problem, item.remedy) for item in diagnosis.problems]


def account(diagnosis, name):
    [found] = [item for item in diagnosis.accounts if item.account == name]
    return found


def fault(service, operation, kind):
    return [{"service": service, "operation": operation, "kind": kind, "times": None}]


def state(world):
    return {name: held for name, held in world.sandbox.state().items() if held}


def test_accounts_that_lack_nothing_are_ready_and_nothing_was_changed(world):
    world.apply()
    before = state(world)
    found = world.doctor()
    assert found.healthy
    assert found.problems == ()
    assert [(it.account, it.service, it.healthy, it.skipped) for it in found.accounts] == [
        ("app", "sp-api", True, 0),
        ("aws-eu", "aws", True, 0),
        ("shop", "merchant", True, 0),
        ("uk", "mws", True, 0),
    ]
    assert state(world) == before


def test_where_no_account_is_declared_nothing_was_examined_and_nothing_is_well(world):
    world.declare("", "")
    found = world.doctor()
    assert (found.healthy, found.accounts) == (False, ())


def test_an_empty_world_is_examined_without_creating_anything(world):
    world.declare()
    assert world.doctor().healthy
    assert state(world) == {}


RIGHTS = (
    "CreateQueue",
    "DeleteQueue",
    "GetQueueUrl",
    "ListQueueTags",
    "SetQueueAttributes",
    "TagQueue",
    "UntagQueue",
)


@pytest.mark.parametrize("hidden", [[], ["iam:SimulatePrincipalPolicy"]])
def test_each_right_that_is_missing_is_named_whether_the_simulator_may_be_asked_or_not(
    world, hidden
):
    world.apply()
    before = state(world)
    assert told(world.doctor()) == []
    world.sandbox.settings(awsDenied=[*hidden, *(f"sqs:{name}" for name in RIGHTS)])
    found = told(world.doctor())
    rights = [item for item in found if "is not allowed" in item[1]]
    assert [problem.partition(" is")[0] for _, problem, _ in rights] == [
        f"sqs:{name}" for name in RIGHTS
    ]
    assert all(problem.partition(" on ")[2].startswith("dead") for _, problem, _ in rights)
    assert [remedy for _, _, remedy in rights] == [f"allow sqs:{name} to {DOES}" for name in RIGHTS]
    # What was told from calls that can do nothing is not as sure as what IAM says.
    assert len([item for item in found if "IAM could not be asked" in item[1]]) == len(hidden)
    assert state(world) == before


def test_without_declared_queues_rights_are_asked_for_in_general(world):
    world.declare("", AWS)
    world.sandbox.settings(awsDenied=["sqs:DeleteQueue"])
    [(_, problem, _)] = told(world.doctor())
    assert problem == "sqs:DeleteQueue is not allowed"


def test_rights_that_plan_and_apply_do_without_are_told_but_fail_nothing(world):
    world.declare()
    world.sandbox.settings(awsDenied=["tag:GetResources", "cloudwatch:GetMetricData"])
    found = world.doctor()
    assert found.healthy
    assert [item.check for item in found.problems] == [
        "tag:GetResources",
        "cloudwatch:GetMetricData",
    ]
    assert all(item.optional for item in found.problems)


def test_what_blocks_comes_first_and_what_rests_on_it_is_not_asked(world):
    world.declare()
    world.sandbox.settings(revoked=[SECRET, TOKEN], awsDenied=["sqs:ListQueues"])
    found = world.doctor()
    assert [(it.account, it.stage) for it in found.problems] == [
        ("app", "credentials"),
        ("shop", "account"),
        ("aws-eu", "reading"),
    ]
    assert "client secret is refused" in found.problems[0].problem
    assert found.problems[0].remedy.endswith("put it where accounts.app.credentials points")
    assert account(found, "app").skipped > 0
    operations = {call["operation"] for call in world.sandbox.calls()}
    assert not operations & {"getDestinations", "refresh_token"}


def test_a_seller_without_consent_keeps_no_other_seller_from_being_examined(world):
    world.declare()
    world.sandbox.settings(revoked=[SELLER_FR])
    found = world.doctor()
    [(name, problem, remedy)] = told(found)
    assert (name, problem) == (
        "app",
        "seller fr has withdrawn consent, or the refresh token is wrong",
    )
    assert "accounts.app.sellers.fr.refreshToken" in remedy
    assert account(found, "app").skipped == 1
    asked = [call for call in world.sandbox.calls() if call["operation"] == "getSubscriptions"]
    assert len(asked) == 1


def test_a_role_that_the_application_lacks_is_told_by_type_and_seller(world):
    world.declare()
    world.sandbox.faults(fault("sp-api", "getSubscriptions", "denied"))
    found = world.doctor()
    problems = [item.problem for item in found.problems]
    assert problems == [
        f"the application may not see subscriptions to ANY_OFFER_CHANGED of seller {seller}"
        for seller in ("de", "fr")
    ]
    assert all("the role that ANY_OFFER_CHANGED needs" in it.remedy for it in found.problems)


def test_mws_keys_that_are_refused_are_told(world):
    world.declare()
    world.sandbox.faults(fault("mws", "ListRegisteredDestinations", "denied"))
    [(name, problem, remedy)] = told(world.doctor())
    assert (name, problem.partition(":")[0]) == ("uk", "ListRegisteredDestinations")
    assert "authorised this developer" in remedy


def test_an_unregistered_cloud_project_is_told_with_the_call_that_registers_it(world):
    world.declare()
    world.sandbox.settings(merchantUnregistered=["5678"])
    found = world.doctor()
    [(name, problem, remedy)] = told(found)
    assert name == "shop"
    assert "is not registered with the merchant account" in problem
    assert "developerRegistration:registerGcp" in remedy
    assert account(found, "shop").skipped == 1


def test_a_google_user_who_is_not_of_the_account_is_told(world):
    world.declare()
    world.sandbox.faults(fault("merchant", "list", "denied"))
    [(_, problem, remedy)] = told(world.doctor())
    assert "does not have permission" in problem
    assert "add the credentials' e-mail address as a user" in remedy


def test_a_google_user_who_may_only_read_is_told(world):
    world.declare()
    world.sandbox.settings(merchantAccessRights=["READ_ONLY", "PERFORMANCE_REPORTING"])
    [(_, problem, remedy)] = told(world.doctor())
    assert problem.endswith("they have READ_ONLY, PERFORMANCE_REPORTING")
    assert "STANDARD" in remedy


def test_a_queue_that_shuts_the_sender_out_is_told_as_declared_or_as_live(world):
    world.apply()
    world.sqs.set_queue_attributes(QueueUrl=world.url("offers"), Attributes={"Policy": ""})
    [(name, problem, remedy)] = told(world.doctor())
    assert (name, remedy) == ("aws-eu", "apply, which brings it back to what is declared")
    assert problem.startswith("nothing is delivered to queue.offers: live, it does not let")
    world.declare(WORLD.replace("    grants: [{to: amazon-notifications}]\n", ""))
    [(name, problem, remedy)] = told(world.doctor())
    assert problem.startswith("nothing will be delivered to queue.offers: it does not let")
    assert remedy.startswith("add `grants: [{to: amazon-notifications}]`")


def test_a_queue_that_admits_the_sender_under_a_condition_is_told_and_fails_nothing(world):
    statement = (
        '{"Effect": "Allow", "Principal": {"AWS": "437568002678"}, "Action": "sqs:*", '
        '"Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}'
    )
    policy = f'{{"Statement": [{statement}]}}'
    world.apply()
    world.sqs.set_queue_attributes(QueueUrl=world.url("offers"), Attributes={"Policy": policy})
    found = world.doctor()
    [(_, problem, remedy)] = told(found)
    assert found.healthy
    assert problem.startswith("whether anything is delivered to queue.offers cannot be told")
    assert "(Allow if StringEquals aws:sourcevpc vpc-1)" in problem
    assert remedy == "apply, which brings it back to what is declared"
    world.declare(WORLD.replace("grants: [{to: amazon-notifications}]", f"policy: {policy}"))
    [(_, _, remedy)] = told(world.doctor())
    assert remedy == "let it without any, as `grants: [{to: amazon-notifications}]` does"


@pytest.mark.parametrize(("seconds", "healthy"), [(100, True), (3600, False)])
def test_a_clock_that_is_off_is_told_and_fails_where_signatures_would(world, seconds, healthy):
    world.declare("", AWS)
    world.sandbox.settings(clockSkewSeconds=seconds)
    found = world.doctor()
    [(_, problem, remedy)] = told(found)
    assert "this machine's clock is" in problem
    assert " s behind that of 127.0.0.1" in problem
    assert remedy.startswith("set the clock")
    assert found.healthy is healthy
    assert (account(found, "aws-eu").skipped == 0) is healthy


USE = "use credentials of 999999999999 (`profile`, `roleArn`), or correct accounts.aws-eu.accountId"
ELSEWHERE = """
accounts:
  aws-eu: {{service: aws, region: eu-west-1, accountId: "999999999999", endpoint: "{url}"}}
  app:
    service: sp-api
    region: eu
    endpoint: "{url}"
    tokenEndpoint: "{url}/auth/o2/token"
    credentials: {{clientId: "env:LWA_ID", clientSecret: "env:LWA_SECRET"}}
    sellers:
      de: {{refreshToken: "env:DE"}}
      fr: {{refreshToken: "env:FR"}}
"""


@pytest.fixture
def own_credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "123456789012")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@pytest.mark.usefixtures("own_credentials")
def test_every_secret_that_is_missing_is_named_and_the_wrong_aws_account_is_told(world):
    world.declare("", ELSEWHERE.format(url=world.sandbox.url))
    found = world.doctor(environ={"LWA_ID": "one", "DE": "two"}, sandbox=False)
    assert told(found) == [
        (
            "app",
            "the environment variable LWA_SECRET is not set",
            "give env:LWA_SECRET a value, or correct accounts.app.credentials.clientSecret",
        ),
        (
            "app",
            "the environment variable FR is not set",
            "give env:FR a value, or correct accounts.app.sellers.fr.refreshToken",
        ),
        (
            "aws-eu",
            "the credentials belong to AWS account 123456789012, declared is 999999999999",
            USE,
        ),
    ]
    assert not [call for call in world.sandbox.calls() if call["operation"] == "ListQueues"]


def test_credentials_of_the_surroundings_that_are_missing_are_told(world, tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    nowhere = str(tmp_path / "nowhere")
    for name in (
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "GOOGLE_APPLICATION_CREDENTIALS",
    ):
        monkeypatch.setenv(name, nowhere)
    shop = f'  shop: {{service: merchant, accountId: "5678", endpoint: "{world.sandbox.url}"}}\n'
    aws = ELSEWHERE.format(url=world.sandbox.url).partition("  app:")[0]
    world.declare("", aws + shop)
    first, second = told(world.doctor(sandbox=False))
    assert first[0] == "aws-eu"
    assert first[1].startswith("no AWS credentials are found: not in the environment")
    assert first[2].startswith("log in (aws configure, aws sso login)")
    assert second[0] == "shop"
    assert second[1].startswith(f"the credentials file {nowhere} (GOOGLE_APPLICATION_CREDENTIALS)")
    assert second[2].startswith("correct GOOGLE_APPLICATION_CREDENTIALS")


@pytest.mark.usefixtures("own_credentials")
def test_an_endpoint_where_nobody_answers_is_told_and_nothing_else_tried(world):
    class Closed(http.server.BaseHTTPRequestHandler):
        def setup(self):
            self.request.close()

        def handle(self):
            """Hang up."""

        def finish(self):
            """Nothing is left to do."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Closed)
    threading.Thread(target=server.serve_forever, args=(0.05,)).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}"
        world.declare("", ELSEWHERE.format(url=url).partition("  app:")[0])
        found = world.doctor(sandbox=False)
    finally:
        server.shutdown()
        server.server_close()
    [(name, problem, remedy)] = told(found)
    assert name == "aws-eu"
    assert "did not answer completely" in problem
    assert remedy.startswith("check network")
    assert account(found, "aws-eu").checks == 2


@pytest.mark.parametrize("role", ["", ", roleArn: arn:aws:iam::123456789012:role/r"])
def test_credentials_that_are_missing_are_told_before_an_endpoint_where_nobody_answers(
    world, tmp_path, monkeypatch, role
):
    config = tmp_path / "config"
    config.write_text("[profile acme]\ncredential_process = /nowhere/get-creds\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    aws = ELSEWHERE.format(url="http://127.0.0.1:9").partition("  app:")[0]
    world.declare("", aws.rstrip().removesuffix("}") + f", profile: acme{role}}}\n")
    found = world.doctor(sandbox=False)
    [(name, problem, _)] = told(found)
    assert name == "aws-eu"
    assert problem.startswith("the credential_process of profile acme cannot be run")


def test_a_host_of_two_endpoints_is_told_once(world):
    app = ELSEWHERE.format(url="http://127.0.0.1:9").partition("  app:")
    world.declare("", "\naccounts:\n" + app[1] + app[2])
    environ = {"LWA_ID": "one", "LWA_SECRET": "two", "DE": "three", "FR": "four"}
    [(name, problem, _)] = told(world.doctor(environ=environ, sandbox=False))
    assert name == "app"
    assert problem.startswith("127.0.0.1:9 is not reachable")


def test_google_credentials_are_told_before_an_endpoint_where_nobody_answers(
    world, tmp_path, monkeypatch
):
    nowhere = tmp_path / "nowhere"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(nowhere))
    world.declare(
        "",
        "\naccounts:\n"
        '  shop: {service: merchant, accountId: "5678", endpoint: "http://127.0.0.1:9"}\n',
    )
    [(name, problem, _)] = told(world.doctor(sandbox=False))
    assert name == "shop"
    assert problem.startswith(f"the credentials file {nowhere} (GOOGLE_APPLICATION_CREDENTIALS)")
