"""References to secrets: what may stand in YAML instead of a secret."""

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

PATTERN = (
    r"^(env:[A-Za-z_][A-Za-z0-9_]*"
    r"|file:.+"
    r"|aws-secretsmanager:[^#]+(#.+)?"
    r"|gcp-secretmanager:projects/[^/]+/secrets/[^/]+(/versions/[^/]+)?)$"
)


class LiteralSecret(ValueError):
    """A secret may stand in the clear; the message never repeats it."""


def parse_secret_ref(value: Any) -> Any:
    """Return `value` if it is a reference; refuse everything else without repeating it.

    Raises:
        LiteralSecret: not a reference, so perhaps the secret itself.
    """
    if isinstance(value, str) and re.fullmatch(PATTERN, value):
        return value
    raise LiteralSecret(
        "expected a reference to a secret (env:NAME, file:PATH, aws-secretsmanager:ID[#jsonKey] or "
        "gcp-secretmanager:projects/P/secrets/S); if this was the secret itself, replace it at its "
        "issuer, since it stood in a file"
    )


SecretRef = Annotated[
    str,
    BeforeValidator(parse_secret_ref),
    WithJsonSchema({"type": "string", "pattern": PATTERN}),
]
