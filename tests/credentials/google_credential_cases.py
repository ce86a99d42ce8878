"""What can go wrong while Google credentials are got, and the one sentence that each is told by.

`<adc>` stands for the file of the credentials, `<folder>` for where it lies, `<url>` and `<host>`
for who answers in Google's place, `<key>` for a private key.
"""

import json

from reconciler.core.model.errors import Denied, SettingsError

SECRET = "hush-4xJ9-private-words"
FILE = "the credentials file <adc> (GOOGLE_APPLICATION_CREDENTIALS)"
NAME_ANOTHER = "name the file of a service account, of a workload identity, or of `gcloud`'s login"
MEND = "see that whatever writes it has run, or correct credential_source"
KEY = {
    "type": "service_account",
    "client_email": "robot@p.iam.gserviceaccount.com",
    "private_key_id": "1",
    "private_key": "<key>",
    "token_uri": "<url>/token",
}
EXTERNAL = {
    "type": "external_account",
    "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/x/g",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "token_url": "<url>/sts",
    "credential_source": {"file": "<folder>/token"},
}
ACTS_AS = "<url>/v1/projects/-/serviceAccounts/x@p.iam.gserviceaccount.com:generateAccessToken"
PROGRAM = {"executable": {"command": "/bin/sh <folder>/token", "timeout_millis": 5000}}
ALLOW = "GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"


def refusal(code, text):
    return 400, json.dumps({"error": code, "error_description": text})


def external(**source):
    return EXTERNAL | {"credential_source": source}


CASES = {
    # id: (files, variables and answers; whose fault it is; the sentence)
    "nothing-at-all": (
        {"GOOGLE_APPLICATION_CREDENTIALS": ""},
        SettingsError,
        (
            "no Application Default Credentials: GOOGLE_APPLICATION_CREDENTIALS is not set, "
            "gcloud left "
            "none, and no metadata server of Google's answers here; run `gcloud auth "
            "application-default login`, set GOOGLE_APPLICATION_CREDENTIALS, or declare "
            "`credentials`"
        ),
    ),
    "file-missing": (
        {},
        SettingsError,
        (
            f"{FILE} cannot be read: No such file or directory; correct "
            "GOOGLE_APPLICATION_CREDENTIALS, or run `gcloud auth application-default login`"
        ),
    ),
    "file-is-a-directory": (
        {"GOOGLE_APPLICATION_CREDENTIALS": "<folder>"},
        SettingsError,
        (
            "the credentials file <folder> (GOOGLE_APPLICATION_CREDENTIALS) is no regular file; "
            "correct "
            "GOOGLE_APPLICATION_CREDENTIALS, or run `gcloud auth application-default login`"
        ),
    ),
    "file-is-the-key-itself": (
        {"GOOGLE_APPLICATION_CREDENTIALS": f'{{"private_key": "{SECRET}"}}'},
        SettingsError,
        (
            "what GOOGLE_APPLICATION_CREDENTIALS holds, which looks like no path, cannot be read: "
            "No "
            "such file or directory; correct GOOGLE_APPLICATION_CREDENTIALS, or run `gcloud auth "
            "application-default login`"
        ),
    ),
    "file-no-json": ({"adc": SECRET}, SettingsError, f"{FILE} is not JSON; {NAME_ANOTHER}"),
    "file-latin-1": (
        {"adc": b'{"type": "\xfc"}'},
        SettingsError,
        f"{FILE} is not JSON; {NAME_ANOTHER}",
    ),
    "file-a-list": (
        {"adc": [SECRET]},
        SettingsError,
        f"{FILE} is JSON, but no object; {NAME_ANOTHER}",
    ),
    "file-of-another-type": (
        {"adc": {"type": SECRET}},
        SettingsError,
        (
            f"{FILE} has a `type` that is none of service_account, authorized_user, "
            f"external_account, "
            f"external_account_authorized_user, impersonated_service_account; {NAME_ANOTHER}"
        ),
    ),
    "file-of-an-oauth-client": (
        {"adc": {"installed": {"client_secret": SECRET}}},
        SettingsError,
        f"{FILE} is of an OAuth client, which is nobody's credentials; {NAME_ANOTHER}",
    ),
    "file-lacks-fields": (
        {"adc": {"type": "service_account", "private_key": SECRET}},
        SettingsError,
        f"{FILE} lacks client_email, token_uri (it is of the type service_account); {NAME_ANOTHER}",
    ),
    "private-key-is-garbage": (
        {"adc": KEY | {"private_key": SECRET}},
        SettingsError,
        f"{FILE}: its private_key is no RSA key in PEM form; download a new key",
    ),
    "tokens-from-plain-http": (
        {"adc": KEY | {"token_uri": "http://example.com/token"}},
        SettingsError,
        (
            f"{FILE} (service_account): token_uri: plain http would send credentials in the "
            f"clear: use "
            f"https; {NAME_ANOTHER}"
        ),
    ),
    "refresh-refused": (
        {"adc": KEY, "answers": {"/token": refusal("invalid_grant", "Invalid JWT: account gone")}},
        Denied,
        (
            f"{FILE}: <host> gives no token for them (HTTP 400, invalid_grant: Invalid JWT: "
            f"account "
            "gone); check that key and account still exist, that the scope is allowed, and that "
            "this "
            "machine's clock is right"
        ),
    ),
    "answer-no-token": (
        {"adc": KEY, "answers": {"/token": (200, SECRET)}},
        SettingsError,
        (
            f"{FILE}: <host> answered without a usable token; see that nothing between here and "
            f"there "
            "answers in its place"
        ),
    ),
    "subject-token-missing": (
        {"adc": EXTERNAL},
        SettingsError,
        (
            f"{FILE}: its subject token file <folder>/token cannot be read: No such file or "
            f"directory; "
            f"{MEND}"
        ),
    ),
    "subject-token-empty": (
        {"adc": EXTERNAL, "token": "\n"},
        SettingsError,
        f"{FILE}: its subject token file <folder>/token is empty; {MEND}",
    ),
    "subject-token-not-in-json": (
        {
            "adc": external(
                file="<folder>/token",
                format={"type": "json", "subject_token_field_name": "id_token"},
            ),
            "token": json.dumps({"other": SECRET}),
        },
        SettingsError,
        (
            f"{FILE}: its subject token file <folder>/token is no JSON object with a text "
            f"'id_token'; "
            f"{MEND}"
        ),
    ),
    "subject-token-refused-by-its-url": (
        {"adc": external(url="<url>/subject"), "answers": {"/subject": (403, SECRET)}},
        Denied,
        (
            f"{FILE}: <host> gives no token for them (HTTP 403); check audience, conditions and "
            f"issuer "
            "of the workload identity pool's provider, and the subject token"
        ),
    ),
    "program-not-allowed": (
        {"adc": EXTERNAL | {"credential_source": PROGRAM}},
        SettingsError,
        (
            f"{FILE}: the program that gives its subject token may not be run; set {ALLOW}=1 if "
            f"it is "
            "yours"
        ),
    ),
    "program-fails": (
        {
            "adc": EXTERNAL | {"credential_source": PROGRAM},
            ALLOW: "1",
            "token": f"echo {SECRET}; exit 3",
        },
        SettingsError,
        (
            f"{FILE}: its program gives no subject token (exit code 3); correct what "
            "credential_source names"
        ),
    ),
    "sts-refuses": (
        {
            "adc": EXTERNAL,
            "token": SECRET,
            "answers": {"/sts": refusal("invalid_grant", f"The audience does not match {SECRET}")},
        },
        Denied,
        (
            f"{FILE}: <host> gives no token for them (HTTP 400, invalid_grant: The audience does "
            f"not "
            "match ***); check audience, conditions and issuer of the workload identity pool's "
            "provider, and the subject token"
        ),
    ),
    "impersonation-refused": (
        {
            "adc": EXTERNAL | {"service_account_impersonation_url": ACTS_AS},
            "token": SECRET,
            "answers": {
                "subject_token=": (200, '{"access_token": "sts-1", "expires_in": 60}'),
                "generateAccessToken": (
                    403,
                    json.dumps({"error": {"status": "PERMISSION_DENIED", "message": "Not so."}}),
                ),
            },
        },
        Denied,
        (
            f"{FILE}: <host> does not let them act as x@p.iam.gserviceaccount.com (HTTP 403, "
            "PERMISSION_DENIED: Not so); grant them Service Account Token Creator or "
            "Workload Identity User on it, and enable the IAM Service Account Credentials API"
        ),
    ),
}
