"""Why AWS credentials cannot be had, and what to do: for each way in which botocore looks for them.

Nothing that a program printed or a service answered is repeated, nor any value of a file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ConfigParseError,
    InfiniteLoopConfigError,
    InvalidConfigError,
    LoginError,
    PartialCredentialsError,
    ProfileNotFound,
    RefreshWithMFAUnsupportedError,
    SSOError,
    TokenRetrievalError,
)

from reconciler.core.text.scrubbing import excerpt
from reconciler.credentials import aws_process
from reconciler.credentials.unobtainable import Unobtainable

_KEY, _SECRET = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"
_PROFILE_VARIABLES = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
_RENEW = "set fresh AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN"


@dataclass(frozen=True, slots=True)
class AwsLoginPlace:
    """Where credentials are looked for: a declared profile, or else what `environ` names."""

    declared: str | None
    environ: Mapping[str, str]

    @property
    def variable(self) -> str:
        """Return the variable that names the profile, "" if none does."""
        if self.declared is not None:
            return ""
        return next((name for name in _PROFILE_VARIABLES if self.environ.get(name)), "")

    @property
    def profile(self) -> str:
        """Return the profile's name."""
        return self.declared or self.environ.get(self.variable, "") or "default"

    @property
    def chosen(self) -> bool:
        """Say whether somebody named the profile."""
        return self.declared is not None or bool(self.variable)

    @property
    def named(self) -> str:
        """Return the profile for messages, and who named it."""
        return f"profile {self.profile}" + (f" ({self.variable})" if self.variable else "")

    @property
    def to_correct(self) -> str:
        """Return what to correct where the profile is the wrong one."""
        return self.variable or "`profile`"

    @property
    def files(self) -> tuple[str, str]:
        """Return the configuration file and that of credentials."""
        return (
            self.environ.get("AWS_CONFIG_FILE") or "~/.aws/config",
            self.environ.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials",
        )

    def whose(self, method: str) -> str:
        """Return whose credentials were found, as in "the credentials of ..."."""
        match method:
            case "env":
                return f"in {_KEY}"
            case "iam-role":
                return "of this machine's role"
            case "container-role":
                return "of this container's role"
            case _:
                return f"of {self.named}"

    def renewal(self, method: str, config: Mapping[str, Any]) -> str:
        """Return how credentials that were found are renewed."""
        if method == "env":
            return _RENEW
        return _login(rooted(config, self.profile)) if "sso" in method else "renew them"


def rooted(config: Mapping[str, Any], profile: str) -> str:
    """Return the profile that a chain of `source_profile` ends with."""
    profiles = config.get("profiles", {})
    seen = {profile}
    while True:
        further = profiles.get(profile, {}).get("source_profile")
        if not isinstance(further, str) or further in seen or further not in profiles:
            return profile
        seen.add(profile := further)


def misconfigured(place: AwsLoginPlace, error: Exception) -> Unobtainable:
    """Return what is wrong with the configuration, before credentials are looked for."""
    config, credentials = place.files
    match error:
        case ProfileNotFound():
            return Unobtainable(
                f"there is no {place.named} in {config} or {credentials}",
                f"add it there, or correct {place.to_correct}",
            )
        case ConfigParseError() | UnicodeDecodeError():
            path, why = _unreadable(error, place)
            return Unobtainable(
                f"the AWS configuration file {path} cannot be read: {why}",
                "mend it, or name another in AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE",
            )
        case OSError():
            path = error.filename or config
            return Unobtainable(
                f"the AWS configuration file {path} cannot be read: {error.strerror}", "mend it"
            )
        case _:
            said = f": {excerpt(str(error), 160, str)}" if isinstance(error, BotoCoreError) else ""
            return Unobtainable(
                f"a setting for AWS's own software is wrong{said.rstrip('.')}",
                f"correct it among the variables AWS_..., or in {config}",
            )


def _unreadable(error: Exception, place: AwsLoginPlace) -> tuple[str, str]:
    """Return which file it is, and why, without quoting it."""
    details = getattr(error, "kwargs", {})
    cause = details.get("error")
    for path in (details.get("path"), *place.files):
        try:
            Path(str(path)).expanduser().read_bytes().decode("utf-8")
        except UnicodeDecodeError as wrong:
            return str(path), f"it is not UTF-8 text (byte {wrong.start})"
        except (OSError, RuntimeError, ValueError):
            continue
    lines = [line for line, _ in getattr(cause, "errors", ())]
    line = getattr(cause, "lineno", None) or (lines[0] if lines else None)
    where = f" (line {line})" if line else ""
    return str(
        details.get("path") or place.files[0]
    ), f"it is no file of [sections] with keys{where}"


def nothing(place: AwsLoginPlace, config: Mapping[str, Any]) -> Unobtainable:
    """Return that no way brought credentials, and which looks as if it was meant to."""
    if place.environ.get(_SECRET) and not place.environ.get(_KEY) and not place.declared:
        return Unobtainable(f"{_SECRET} is set and {_KEY} is not", "set both, or neither")
    own = config.get("profiles", {}).get(place.profile, {})
    if own.get("aws_secret_access_key") and not own.get("aws_access_key_id"):
        return _half(place, "aws_secret_access_key", "aws_access_key_id")
    if place.chosen:
        return Unobtainable(
            f"{place.named} leads to no AWS credentials",
            f"give it keys, a role, a process or SSO in {place.files[0]}, or correct "
            f"{place.to_correct}",
        )
    return Unobtainable(
        "no AWS credentials are found: not in the environment, not in profile default of "
        f"{' or '.join(place.files)}, and no role of this machine or container answers",
        "log in (aws configure, aws sso login), set AWS_PROFILE or keys, or declare `profile`",
    )


def _half(place: AwsLoginPlace, given: str, missing: str) -> Unobtainable:
    return Unobtainable(
        f"{place.named} has {given} and lacks {missing}",
        f"give it both in {' or '.join(place.files)}",
    )


def why(
    method: str,
    error: Exception,
    place: AwsLoginPlace,
    config: Mapping[str, Any],
    process: aws_process.Watched,
) -> Unobtainable:
    """Return why one way (`method` is botocore's name of it) brought no credentials."""
    root = rooted(config, place.profile)
    if (sentence := _by_itself(method, error, place, root)) is not None:
        return sentence
    own = config.get("profiles", {}).get(root, {})
    if method == "custom-process" or (method == "assume-role" and "credential_process" in own):
        problem = f"the credential_process of profile {root} {aws_process.why(error, process)}"
        return Unobtainable(
            problem, f"run it by hand and mend it, or correct it in {place.files[0]}"
        )
    if "sso" in method or "sso_account_id" in own:
        return _logged_out("SSO login", root, _login(root))
    if isinstance(error, OSError) and error.filename:
        return _no_token_file(method, error, place)
    if method == "assume-role" and "credential_source" in own:
        return Unobtainable(
            f"{place.named} has its role assumed with credentials of {own['credential_source']} "
            "(credential_source), and there are none",
            f"provide them, or correct it in {place.files[0]}",
        )
    return _elsewhere(method, place)


def _by_itself(
    method: str, error: Exception, place: AwsLoginPlace, root: str
) -> Unobtainable | None:
    """Return what an exception means whose kind says it; `root` is the profile that logs in."""
    match error:
        case LoginError():
            return _logged_out("login", root, f"run `aws login --profile {root}`")
        case SSOError() | TokenRetrievalError():
            return _logged_out("SSO login", root, _login(root))
        case InfiniteLoopConfigError():
            return _circle(place, error)
        case RefreshWithMFAUnsupportedError() | EOFError():
            return Unobtainable(
                f"the role of {place.named} asks for an MFA code, which nobody is there to give",
                "log in where there is a terminal, or use a role without `mfa_serial`",
            )
        case InvalidConfigError():
            said = excerpt(str(error), 200, str).rstrip(".")
            return Unobtainable(f"{place.named}: {said}", f"correct it in {place.files[0]}")
        case PartialCredentialsError():
            return _partial(method, error, place)
        case _:
            return None


def _elsewhere(method: str, place: AwsLoginPlace) -> Unobtainable:
    if method == "container-role":
        return Unobtainable(
            "the credentials of this container cannot be had from where the variables "
            "AWS_CONTAINER_... lead",
            "correct or unset them, and see that the container has a role",
        )
    if method == "iam-role":
        return Unobtainable(
            "this machine's metadata service gives no usable credentials",
            "give the machine a role, or set AWS_PROFILE or keys",
        )
    return Unobtainable(
        f"the AWS credentials of {place.named} cannot be had",
        f"try `aws sts get-caller-identity --profile {place.profile}`, and mend what it says",
    )


def _no_token_file(method: str, error: OSError, place: AwsLoginPlace) -> Unobtainable:
    if method != "assume-role-with-web-identity":
        return Unobtainable(
            f"the AWS credentials of {place.named} cannot be had: {error.filename}: "
            f"{error.strerror}",
            "mend that file, or name another",
        )
    variable = "AWS_WEB_IDENTITY_TOKEN_FILE"
    by = variable if place.environ.get(variable) and not place.declared else place.named
    return Unobtainable(
        f"the web identity token file {error.filename} ({by}) cannot be read: {error.strerror}",
        f"see that whatever writes it has run, or correct {by}",
    )


def _login(profile: str) -> str:
    return f"run `aws sso login --profile {profile}`"


def _logged_out(login: str, profile: str, command: str) -> Unobtainable:
    problem = f"the {login} of profile {profile} has expired or was never made"
    return Unobtainable(problem, command, refused=True)


def _circle(place: AwsLoginPlace, error: InfiniteLoopConfigError) -> Unobtainable:
    details = getattr(error, "kwargs", {})
    way = [*map(str, details.get("visited_profiles", ())), str(details.get("source_profile"))]
    return Unobtainable(
        f"the roles of {place.named} lead in a circle: {' → '.join(way)}",
        f"let one of these profiles have credentials of its own in {place.files[0]}",
    )


def _partial(method: str, error: PartialCredentialsError, place: AwsLoginPlace) -> Unobtainable:
    missing = str(getattr(error, "kwargs", {}).get("cred_var", "")).strip("'\"")
    if method == "env":
        given = _KEY if missing != _KEY else _SECRET
        return Unobtainable(f"{given} is set and {missing} is not", "set both, or neither")
    return _half(place, "aws_access_key_id", missing or "aws_secret_access_key")


def refused(whose: str, role: str, why_so: str) -> Unobtainable:
    """Return that AWS's token service, asked with credentials, gives none for a role."""
    return Unobtainable(
        f"AWS does not let the credentials {whose} assume {role} ({why_so})",
        "allow sts:AssumeRole on it to them, and them in its trust policy; or renew them",
        refused=True,
    )
