"""What has to be set up is said of what is declared, and of nothing else."""

import pytest

from reconciler.core.model.repository import parse_repository
from reconciler.starter.access_text import access_text
from reconciler.wiring import SERVICES, declarations
from tests.worlds import AWS, HEAD, MERCHANT, SP_API, queues

REPOSITORY = parse_repository("acme/shop", "789", "123")
ROLE = "arn:aws:iam::123456789012:role/reconciler"


@pytest.fixture
def said(tmp_path):
    def say(text, repository=REPOSITORY):
        (tmp_path / "world.yaml").write_text(HEAD + text)
        return " ".join(access_text(declarations(tmp_path), repository, SERVICES).split())

    return say


def test_nothing_is_said_where_neither_aws_nor_google_takes_part(said):
    assert said("accounts:" + SP_API) == ""


def test_aws_alone_says_nothing_of_google_and_the_other_way_round(said):
    assert "Google" not in said(AWS + queues(a=""))
    assert "AWS" not in said("accounts:" + MERCHANT)


def test_whoever_declares_with_prune_is_told_that_deleting_goes_by_the_tag(said):
    assert "Deleting goes by the tag reconciler:stack=acme" in said(AWS + queues(a=""))


def test_a_declared_role_has_to_trust_both_roles_and_their_account_is_open(said):
    text = said(AWS.replace('"123456789012"}', f'"123456789012", roleArn: "{ROLE}"}}'))
    assert "accounts.aws-eu.roleArn: the trust policy of that role has to name" in text
    assert "ACCOUNT_ID stands for the AWS account" in text
    assert "arn:aws:iam::ACCOUNT_ID:oidc-provider/" in text


def test_a_profile_is_said_to_be_missing_on_github(said):
    text = said(AWS.replace('"123456789012"}', '"123456789012", profile: acme}'))
    assert "accounts.aws-eu.profile: a job on GitHub has no AWS profiles" in text


def test_readers_of_secrets_are_said_to_need_guarding(said):
    secret = SP_API.replace("env:LWA_SECRET", "aws-secretsmanager:lwa#secret")
    assert "guard the read role too" in said(AWS + secret + queues(a=""))


def test_google_secrets_are_named_without_their_version(said):
    secret = SP_API.replace("env:DE", "gcp-secretmanager:projects/p/secrets/de/versions/3")
    text = said("accounts:" + secret)
    assert "on these secrets: projects/p/secrets/de" in text
    assert "versions" not in text


def test_keys_are_told_of_where_a_queue_is_encrypted_with_one(said):
    encrypted = "encryption: {kmsKey: alias/x}, grants: [{to: amazon-notifications}]"
    assert "437568002678" in said(AWS + queues(a=encrypted))
    assert "437568002678" not in said(AWS + queues(a=""))


def test_known_ids_leave_no_word_to_replace_but_googles_own(said):
    text = said(AWS + MERCHANT + queues(a=""))
    assert "OWNER_ID" not in text
    assert "attribute.repository_id/789" in text
    assert "gh api" not in text
