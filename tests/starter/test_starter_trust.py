"""Who may take the roles: this repository's jobs in the right environment, and nobody else."""

import pytest

from reconciler.core.model.repository import parse_number, parse_repository, repository_at
from reconciler.services.merchant.access import attribute_condition, attribute_mapping
from reconciler.services.sqs.access_text import trust_policy

NAMED = parse_repository("acme/notifications")
NUMBERED = parse_repository("acme/notifications", "789012", "123456")
ISSUER = "token.actions.githubusercontent.com"


def equals(repository, partition="aws"):
    document = trust_policy(repository, "production", "123456789012", partition)
    [statement] = document["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Principal"] == {
        "Federated": f"arn:{partition}:iam::123456789012:oidc-provider/{ISSUER}"
    }
    assert list(statement["Condition"]) == ["StringEquals"]
    return statement["Condition"]["StringEquals"]


def test_known_ids_give_both_subjects_and_the_conditions_that_names_cannot_fool():
    assert equals(NUMBERED) == {
        f"{ISSUER}:aud": "sts.amazonaws.com",
        f"{ISSUER}:sub": [
            "repo:acme/notifications:environment:production",
            "repo:acme@123456/notifications@789012:environment:production",
        ],
        f"{ISSUER}:repository_id": "789012",
        f"{ISSUER}:environment": "production",
    }


def test_unknown_ids_stand_as_words_that_match_nothing():
    found = equals(NAMED)
    assert found[f"{ISSUER}:sub"] == [
        "repo:acme/notifications:environment:production",
        "repo:acme@OWNER_ID/notifications@REPOSITORY_ID:environment:production",
    ]
    assert f"{ISSUER}:repository_id" not in found


def test_no_condition_has_a_wildcard():
    assert "*" not in str(equals(NUMBERED)) + str(equals(NAMED))


def test_partitions_without_githubs_own_claims_get_the_subjects_alone():
    assert set(equals(NUMBERED, "aws-cn")) == {f"{ISSUER}:aud", f"{ISSUER}:sub"}


def test_google_is_told_ids_where_both_are_known_and_else_the_name():
    environments = ("production-read", "production")
    assert attribute_condition(NUMBERED, environments) == (
        "assertion.repository_id == '789012' && assertion.repository_owner_id == '123456' && "
        "assertion.environment in ['production-read', 'production']"
    )
    assert attribute_condition(NAMED, ("production",)) == (
        "assertion.repository == 'acme/notifications' && assertion.environment in ['production']"
    )


def test_googles_mapping_has_the_subject_and_what_the_condition_and_the_grant_name():
    mapped = dict(item.split("=") for item in attribute_mapping().split(","))
    assert mapped["google.subject"] == "assertion.sub"
    assert {"attribute.repository_id", "attribute.repository"} <= set(mapped)


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/acme/notifications",
        "https://github.com/acme/notifications.git\n",
        "https://user:secret@github.com/acme/notifications.git",
        "git@github.com:acme/notifications.git",
        "ssh://git@github.com/acme/notifications.git",
        "ssh://git@github.com:22/acme/notifications/",
    ],
)
def test_a_remote_on_github_tells_the_repository(remote):
    assert repository_at(remote) == "acme/notifications"


@pytest.mark.parametrize(
    "remote",
    [
        "",
        "https://gitlab.com/acme/notifications",
        "https://github.com.evil.example/a/b",
        "/srv/git",
    ],
)
def test_any_other_remote_tells_nothing(remote):
    assert repository_at(remote) is None


@pytest.mark.parametrize("name", ["acme", "acme/", "/x", "acme/a/b", "acme/..", "a b/c", "acme/x*"])
def test_what_is_no_repository_is_refused(name):
    with pytest.raises(ValueError, match="expected OWNER/NAME"):
        parse_repository(name)


@pytest.mark.parametrize("number", ["", "0", "12a", "-1", "\u0661"])
def test_what_is_no_id_is_refused(number):
    with pytest.raises(ValueError, match="expected a number"):
        parse_number(number)
