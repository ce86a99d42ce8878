"""What can go wrong while AWS credentials are got, and the one sentence that each is told by."""

from reconciler.core.model.errors import Denied, SettingsError

SECRET = "wJalrXUtnFEMI-hush-K7MDENG"
ROLE = "arn:aws:iam::123456789012:role/ours"
SSO = """
sso_session = acme
sso_account_id = 123456789012
sso_role_name = reader
[sso-session acme]
sso_start_url = https://acme.awsapps.com/start
sso_region = eu-west-1
"""
KEYS = f"aws_access_key_id = AKIAHUSH\naws_secret_access_key = {SECRET}\n"


def refusal(code, text):
    return 403, (
        "<ErrorResponse><Error><Type>Sender</Type>"
        f"<Code>{code}</Code><Message>{text}</Message></Error></ErrorResponse>"
    )


CASES = {
    # id: (how it is declared and configured, whose fault it is, the sentence)
    "profile-declared-missing": (
        {"declared": "acme", "config": "[profile other]\nregion = eu-west-1\n"},
        SettingsError,
        "there is no profile acme in {config} or {credentials}; add it there, or correct `profile`",
    ),
    "profile-of-variable-missing": (
        {"AWS_PROFILE": "acme", "config": ""},
        SettingsError,
        (
            "there is no profile acme (AWS_PROFILE) in {config} or {credentials}; add it there, or "
            "correct AWS_PROFILE"
        ),
    ),
    "profile-without-credentials": (
        {"declared": "acme", "config": "[profile acme]\nregion = eu-west-1\n"},
        SettingsError,
        (
            "profile acme leads to no AWS credentials; give it keys, a role, a process or SSO in "
            "{config}, or correct `profile`"
        ),
    ),
    "config-malformed": (
        {"config": f"[default]\nregion = eu-west-1\n{SECRET}\n"},
        SettingsError,
        (
            "the AWS configuration file {config} cannot be read: it is no file of [sections] with "
            "keys "
            "(line 3); mend it, or name another in AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE"
        ),
    ),
    "config-latin-1": (
        {"config": b"[default]\n# M\xfcnchen\nregion = eu-west-1\n"},
        SettingsError,
        (
            "the AWS configuration file {config} cannot be read: it is not UTF-8 text (byte 13); "
            "mend "
            "it, or name another in AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE"
        ),
    ),
    "credentials-latin-1": (
        {"credentials": b"[default]\naws_access_key_id = \xfc\n"},
        SettingsError,
        (
            "the AWS configuration file {credentials} cannot be read: it is not UTF-8 text (byte "
            "30); "
            "mend it, or name another in AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE"
        ),
    ),
    "setting-wrong": (
        {"AWS_METADATA_SERVICE_TIMEOUT": "soon"},
        SettingsError,
        (
            "a setting for AWS's own software is wrong; correct it among the variables AWS_..., "
            "or in "
            "{config}"
        ),
    ),
    "process-missing": (
        {"declared": "acme", "process": "/opt/nope/get-creds"},
        SettingsError,
        (
            "the credential_process of profile acme cannot be run: /opt/nope/get-creds: No such "
            "file "
            "or directory; run it by hand and mend it, or correct it in {config}"
        ),
    ),
    "process-fails": (
        {"declared": "acme", "script": f"echo {SECRET}; echo {SECRET} >&2; exit 3"},
        SettingsError,
        (
            "the credential_process of profile acme ended with exit code 3 (what it wrote is not "
            "shown); run it by hand and mend it, or correct it in {config}"
        ),
    ),
    "process-prints-nonsense": (
        {"declared": "acme", "script": f"echo {SECRET}"},
        SettingsError,
        (
            "the credential_process of profile acme printed something else than JSON; run it by "
            "hand "
            "and mend it, or correct it in {config}"
        ),
    ),
    "process-prints-bytes": (
        {"declared": "acme", "script": r"printf '\377\376'"},
        SettingsError,
        (
            "the credential_process of profile acme printed something else than JSON; run it by "
            "hand "
            "and mend it, or correct it in {config}"
        ),
    ),
    "process-prints-a-list": (
        {"declared": "acme", "script": f"echo '[\"{SECRET}\"]'"},
        SettingsError,
        (
            "the credential_process of profile acme printed JSON that is not what AWS documents; "
            "run "
            "it by hand and mend it, or correct it in {config}"
        ),
    ),
    "process-prints-null": (
        {
            "declared": "acme",
            "prints": {"Version": 1, "AccessKeyId": None, "SecretAccessKey": SECRET},
        },
        SettingsError,
        (
            "the credential_process of profile acme printed JSON that is not what AWS documents; "
            "run "
            "it by hand and mend it, or correct it in {config}"
        ),
    ),
    "process-prints-half": (
        {"declared": "acme", "prints": {"Version": 1, "SecretAccessKey": SECRET}},
        SettingsError,
        (
            "the credential_process of profile acme printed no credentials: Version 1, "
            "AccessKeyId or "
            "SecretAccessKey is missing; run it by hand and mend it, or correct it in {config}"
        ),
    ),
    "process-prints-expired": (
        {"declared": "acme", "prints": {"Expiration": "2020-01-01T00:00:00Z"}},
        SettingsError,
        (
            "the credential_process of profile acme printed credentials that have expired "
            "already; run "
            "it by hand and mend it, or correct it in {config}"
        ),
    ),
    "process-prints-a-wrong-time": (
        {"declared": "acme", "prints": {"Expiration": "soon"}},
        SettingsError,
        (
            "the credential_process of profile acme printed an Expiration that is no time; run it "
            "by "
            "hand and mend it, or correct it in {config}"
        ),
    ),
    "process-quoted-wrongly": (
        {"declared": "acme", "process": "/bin/sh -c 'echo"},
        SettingsError,
        (
            "the credential_process of profile acme is not written as a command line: a quotation "
            "mark "
            "is never closed; run it by hand and mend it, or correct it in {config}"
        ),
    ),
    "process-of-a-source-profile-fails": (
        {
            "declared": "acme",
            "config": f"[profile acme]\nrole_arn = {ROLE}\nsource_profile = base\n"
            "[profile base]\ncredential_process = /bin/false\n",
        },
        SettingsError,
        (
            "the credential_process of profile base failed (what it wrote is not shown); run it by "
            "hand and mend it, or correct it in {config}"
        ),
    ),
    "web-identity-file-missing": (
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "/nope/token", "AWS_ROLE_ARN": ROLE},
        SettingsError,
        (
            "the web identity token file /nope/token (AWS_WEB_IDENTITY_TOKEN_FILE) cannot be "
            "read: No "
            "such file or directory; see that whatever writes it has run, or correct "
            "AWS_WEB_IDENTITY_TOKEN_FILE"
        ),
    ),
    "web-identity-refused": (
        {
            "AWS_WEB_IDENTITY_TOKEN_FILE": "{token}",
            "AWS_ROLE_ARN": ROLE,
            "says": refusal("InvalidIdentityToken", f"{SECRET} is no token of ours"),
        },
        Denied,
        (
            f"AWS does not let the credentials of profile default assume {ROLE} "
            "(InvalidIdentityToken); allow sts:AssumeRole on it to them, and them in its trust "
            "policy; "
            "or renew them"
        ),
    ),
    "sso-never-logged-in": (
        {"declared": "acme", "config": f"[profile acme]{SSO}"},
        Denied,
        (
            "the SSO login of profile acme has expired or was never made; run `aws sso login "
            "--profile "
            "acme`"
        ),
    ),
    "sso-of-a-source-profile": (
        {
            "AWS_PROFILE": "acme",
            "config": f"[profile acme]\nrole_arn = {ROLE}\nsource_profile = base\n"
            f"[profile base]{SSO}",
        },
        Denied,
        (
            "the SSO login of profile base has expired or was never made; run `aws sso login "
            "--profile "
            "base`"
        ),
    ),
    "sso-expired": (
        {
            "declared": "acme",
            "config": f"[profile acme]{SSO}",
            "sso": {"accessToken": SECRET, "expiresAt": "2020-01-01T00:00:00Z"},
        },
        Denied,
        (
            "the SSO login of profile acme has expired or was never made; run `aws sso login "
            "--profile "
            "acme`"
        ),
    ),
    "sso-session-missing": (
        {"declared": "acme", "config": "[profile acme]" + SSO.partition("[")[0]},
        SettingsError,
        'profile acme: The specified sso-session does not exist: "acme"; correct it in {config}',
    ),
    "roles-in-a-circle": (
        {
            "declared": "a",
            "config": f"[profile a]\nrole_arn = {ROLE}\nsource_profile = b\n"
            f"[profile b]\nrole_arn = {ROLE}\nsource_profile = a\n",
        },
        SettingsError,
        (
            "the roles of profile a lead in a circle: a → b → a; let one of these profiles have "
            "credentials of its own in {config}"
        ),
    ),
    "role-of-nobody": (
        {"declared": "a", "config": f"[profile a]\nrole_arn = {ROLE}\nsource_profile = b\n"},
        SettingsError,
        (
            'profile a: The source_profile "b" referenced in the profile "a" does not exist; '
            "correct "
            "it in {config}"
        ),
    ),
    "role-with-credentials-of-nowhere": (
        {
            "AWS_PROFILE": "a",
            "config": f"[profile a]\nrole_arn = {ROLE}\ncredential_source = Environment\n",
        },
        SettingsError,
        (
            "profile a (AWS_PROFILE) has its role assumed with credentials of Environment "
            "(credential_source), and there are none; provide them, or correct it in {config}"
        ),
    ),
    "role-refused": (
        {
            "declared": "a",
            "config": f"[profile a]\nrole_arn = {ROLE}\nsource_profile = b\n[profile b]\n{KEYS}",
            "says": refusal("AccessDenied", "User: x is not authorized to perform: it"),
        },
        Denied,
        (
            f"AWS does not let the credentials of profile a assume {ROLE} (AccessDenied: User: x "
            f"is "
            "not authorized to perform: it); allow sts:AssumeRole on it to them, and them in its "
            "trust "
            "policy; or renew them"
        ),
    ),
    "declared-role-refused": (
        {
            "roleArn": ROLE,
            "AWS_ACCESS_KEY_ID": "AKIAHUSH",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "says": refusal("AccessDenied", "User: x is not authorized to perform: it"),
        },
        Denied,
        (
            f"AWS does not let the credentials in AWS_ACCESS_KEY_ID assume {ROLE} (AccessDenied: "
            f"User: "
            "x is not authorized to perform: it); allow sts:AssumeRole on it to them, and them in "
            "its "
            "trust policy; or renew them"
        ),
    ),
    "only-the-key-id": (
        {"AWS_ACCESS_KEY_ID": "AKIAHUSH"},
        SettingsError,
        "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not; set both, or neither",
    ),
    "only-the-secret": (
        {"AWS_SECRET_ACCESS_KEY": SECRET},
        SettingsError,
        "AWS_SECRET_ACCESS_KEY is set and AWS_ACCESS_KEY_ID is not; set both, or neither",
    ),
    "file-with-only-the-key-id": (
        {"declared": "acme", "credentials": "[acme]\naws_access_key_id = AKIAHUSH\n"},
        SettingsError,
        (
            "profile acme has aws_access_key_id and lacks aws_secret_access_key; give it both in "
            "{config} or {credentials}"
        ),
    ),
    "file-with-only-the-secret": (
        {"declared": "acme", "credentials": f"[acme]\naws_secret_access_key = {SECRET}\n"},
        SettingsError,
        (
            "profile acme has aws_secret_access_key and lacks aws_access_key_id; give it both in "
            "{config} or {credentials}"
        ),
    ),
    "nothing-at-all": (
        {},
        SettingsError,
        (
            "no AWS credentials are found: not in the environment, not in profile default of "
            "{config} "
            "or {credentials}, and no role of this machine or container answers; log in (aws "
            "configure, aws sso login), set AWS_PROFILE or keys, or declare `profile`"
        ),
    ),
    "container-elsewhere": (
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://example.com/"},
        SettingsError,
        (
            "the credentials of this container cannot be had from where the variables "
            "AWS_CONTAINER_... lead; correct or unset them, and see that the container has a role"
        ),
    ),
    "expired": (
        {
            "AWS_ACCESS_KEY_ID": "AKIAHUSH",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "says": refusal("ExpiredToken", f"{SECRET} has expired"),
        },
        Denied,
        (
            "AWS does not accept the credentials in AWS_ACCESS_KEY_ID (ExpiredToken); set fresh "
            "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and check the clock"
        ),
    ),
}
