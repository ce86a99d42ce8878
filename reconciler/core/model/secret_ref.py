"""References to secrets: what may stand in YAML instead of a secret."""

import re
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, BeforeValidator, WithJsonSchema

from reconciler.core.text.expressions import Expression

JOBS_OWN = ("AWS_", "ACTIONS_", "GITHUB_", "RUNNER_")
"""How names of variables begin that belong to the job: what they hold is not ours to send."""


def _any_case(text: str) -> str:
    """Return a pattern for `text` in any case, in every dialect of regular expressions."""
    return "".join(f"[{it}{it.lower()}]" if it.isalpha() else it for it in text)


_NOT_THE_JOBS = "".join(f"(?!{_any_case(prefix)})" for prefix in JOBS_OWN)
_AWS_ARN = (
    # Regions whose hosts lie elsewhere (of closed and sovereign partitions) have longer names.
    r"arn:aws(-cn|-us-gov)?:secretsmanager:[a-z]{2}(-gov)?-[a-z]+-[0-9]{1,2}:[0-9]{12}:secret:[^#]+"
)
PATTERN = (
    rf"^(env:{_NOT_THE_JOBS}[A-Za-z_][A-Za-z0-9_]*"
    r"|file:.+"
    rf"|aws-secretsmanager:({_AWS_ARN}|[^#:]+)(#.+)?"
    r"|gcp-secretmanager:projects/[^/]+/secrets/[^/]+(/versions/[^/]+)?)$"
)
_JOBS_VARIABLE = Expression(rf"env:({'|'.join(map(_any_case, JOBS_OWN))})[A-Za-z0-9_]*")


class LiteralSecret(ValueError):
    """A secret may stand in the clear; the message never repeats it."""


def parse_secret_ref(value: Any) -> Any:
    """Return `value` if it is a reference; refuse everything else without repeating it.

    Raises:
        LiteralSecret: not a reference, so perhaps the secret itself.
    """
    if isinstance(value, str) and re.fullmatch(PATTERN, value):
        return value
    if isinstance(value, str) and (match := _JOBS_VARIABLE.fullmatch(value)):
        raise LiteralSecret(
            f"variables that begin with {match[1].upper()} are the job's own and are never sent "
            "to a service: pass the secret on under a name of its own"
        )
    if isinstance(value, str) and value.startswith("env:"):
        raise LiteralSecret(
            "expected env:NAME, whose NAME has letters, digits and _ and begins with no digit; if "
            "this was the secret itself, replace it at its issuer, since it stood in a file"
        )
    if isinstance(value, str) and value.startswith("aws-secretsmanager:arn:"):
        raise LiteralSecret(
            "expected an ARN such as arn:aws:secretsmanager:eu-west-1:123456789012:secret:NAME, or "
            "a secret's name alone"
        )
    raise LiteralSecret(
        "expected a reference to a secret (env:NAME, file:PATH, aws-secretsmanager:ID[#jsonKey] or "
        "gcp-secretmanager:projects/P/secrets/S); if this was the secret itself, replace it at its "
        "issuer, since it stood in a file"
    )


def references_in(value: Any) -> list[str]:
    """Return every reference to a secret in a validated value, however deep, in its order."""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    if isinstance(value, dict):
        return [found for item in value.values() for found in references_in(item)]
    if isinstance(value, list | tuple):
        return [found for item in value for found in references_in(item)]
    return [value] if isinstance(value, str) and re.fullmatch(PATTERN, value) else []


SecretRef = Annotated[
    str,
    BeforeValidator(parse_secret_ref),
    WithJsonSchema({"type": "string", "pattern": PATTERN}),
]


class References(NamedTuple):
    """Names, never values: sorted, each once.

    `environment` are variables, `aws` ids or ARNs of Secrets Manager without their `#jsonKey`,
    `google` names in Secret Manager without their version.
    """

    environment: tuple[str, ...]
    aws: tuple[str, ...]
    google: tuple[str, ...]
