"""What a statement of a declared queue policy must look like.

Sources: IAM User Guide (grammar of the policy language, condition operators, NotPrincipal); SQS
Developer Guide, quotas related to policies. SQS answers every defect with the same sentence and no
reason, so all of them are told here, each where it stands.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.core.manifest.explain import unknown_key
from reconciler.core.model.errors import Defect
from reconciler.core.text.expressions import Expression
from reconciler.core.text.phrases import near, nearest, quoted, suggestion
from reconciler.services.sqs.policy import ACTIONS, AMAZON_NOTIFICATIONS

MAX_ACTIONS = 7

_PAIRS = (("Principal", "NotPrincipal"), ("Action", "NotAction"))
_KEYS = (
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"),
    *("Resource", "NotResource", "Condition"),
)
_PRINCIPALS = ("AWS", "Service", "Federated", "CanonicalUser")
_WHO = r"(\*|root|(?!group/)[a-z-]+/[\w+=,.@*/-]+)"
"""The end of an IAM or STS ARN; a group is no principal."""
IAM_ARN = rf"arn:aws[a-z-]*:(iam|sts)::([0-9]{{12}}|cloudfront):{_WHO}"
_AWS_PRINCIPAL = Expression(rf"\*|[0-9]{{12}}|[A-Z0-9]{{16,}}|{IAM_ARN}")
_SID = Expression(r"[A-Za-z0-9 _-]*")
_RESOURCE = Expression(r"[*?]+|arn:[^\s:]+:sqs:\S+|arn:[*?]+.*|\$\{.*")
_COMPARISONS = ("Equals", "NotEquals")
_ORDERS = ("LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
_OPERATORS = (
    *(f"String{kind}" for kind in (*_COMPARISONS, "Like", "NotLike")),
    *("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    *(f"{kind}{order}" for kind in ("Numeric", "Date") for order in (*_COMPARISONS, *_ORDERS)),
    *(f"Arn{kind}" for kind in (*_COMPARISONS, "Like", "NotLike")),
    *("Bool", "BinaryEquals", "IpAddress", "NotIpAddress", "Null"),
)
_BY_LOWER = {name.lower(): name for name in ACTIONS}


def action_name(name: str) -> str:
    """Return SQS's spelling of an action.

    Raises:
        ValueError: there is no such action.
    """
    found = _BY_LOWER.get(name.lower())
    if found is None:
        hint = near(name, ACTIONS) or f"; the actions are {', '.join(ACTIONS)}"
        raise ValueError(f"{quoted(name)} is not an SQS action{hint}")
    return found


def unknown_keys(given: Mapping[str, Any], known: Iterable[str]) -> Iterator[Defect]:
    """Yield the keys that are none of `known`."""
    names = tuple(known)
    for key in given:
        if key not in names:
            yield Defect(unknown_key(key, names), (key,), at_key=True)


def meant(given: Mapping[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """Return the known keys that are given, rightly or wrongly spelt: {key: value}."""
    names = tuple(known)
    return {nearest(key, names) or key: value for key, value in given.items()} | dict(given)


def statement_defects(statement: Any) -> Iterator[Defect]:
    """Yield everything that is wrong with one statement."""
    if not isinstance(statement, Mapping):
        yield Defect("expected a mapping with Effect, Principal and Action")
        return
    yield from unknown_keys(statement, _KEYS)
    given = meant(statement, _KEYS)
    yield from _lacking(given)
    checks = {
        "Sid": _sid,
        "Effect": _effect,
        "Principal": _principal,
        "NotPrincipal": _principal,
        "Action": _actions,
        "NotAction": _actions,
        "Resource": _resources,
        "NotResource": _resources,
        "Condition": _condition,
    }
    for key, check in checks.items():
        if key in statement:
            yield from (defect.below(key) for defect in check(statement[key]))


def _lacking(given: Mapping[str, Any]) -> Iterator[Defect]:
    if "Effect" not in given:
        yield Defect("'Effect' is missing: Allow or Deny")
    for one, other in _PAIRS:
        found = [key for key in (one, other) if key in given]
        if not found:
            yield Defect(f"{one!r} is missing (or {other})")
        elif len(found) > 1:
            yield Defect(f"{one!r} and {other!r} exclude each other: keep one", (other,), True)
    if "Resource" in given and "NotResource" in given:
        sentence = "'Resource' and 'NotResource' exclude each other: keep one"
        yield Defect(sentence, ("NotResource",), at_key=True)
    if given.get("Effect") == "Allow" and "NotPrincipal" in given:
        sentence = "AWS takes NotPrincipal with Effect Deny only: write Principal"
        yield Defect(sentence, ("NotPrincipal",), at_key=True)


def _sid(sid: Any) -> Iterator[Defect]:
    if not isinstance(sid, str):
        yield Defect(f"expected text, not {quoted(sid)}: put it in quotes")
    elif not _SID.fullmatch(sid):
        yield Defect(f"a Sid has letters, digits, - and _, not {quoted(sid)}")


def _effect(effect: Any) -> Iterator[Defect]:
    if str(effect).capitalize() not in ("Allow", "Deny"):
        hint = near(effect, ("Allow", "Deny")) if isinstance(effect, str) else ""
        yield Defect(f"expected Allow or Deny, not {quoted(effect)}{hint}")


def _principal(principal: Any) -> Iterator[Defect]:
    if principal == "*":
        return
    if not isinstance(principal, Mapping) or not principal:
        shown = "" if isinstance(principal, Mapping | list) else f", not {quoted(principal)}"
        yield Defect(f'expected "*" or a mapping such as {{AWS: "123456789012"}}{shown}')
        return
    yield from unknown_keys(principal, _PRINCIPALS)
    for kind, names in principal.items():
        if kind in _PRINCIPALS:
            yield from (defect.below(kind) for defect in _named(kind, names))


def _named(kind: str, names: Any) -> Iterator[Defect]:
    if names == []:
        yield Defect(f"{kind} names nobody")
    for path, name in _each(names):
        if isinstance(name, int) and not isinstance(name, bool):
            yield Defect(f"put the account id in quotes, not {name}: it is text", path)
        elif not isinstance(name, str) or not name:
            yield Defect(f"expected text or a list of texts, not {quoted(name)}", path)
        elif kind == "AWS" and not _AWS_PRINCIPAL.fullmatch(name):
            yield Defect(f"{_NO_PRINCIPAL}, not {quoted(name)}{_meant_notifier(name)}", path)


_NO_PRINCIPAL = 'expected an account id (12 digits in quotes), an IAM ARN or "*"'


def _meant_notifier(name: str) -> str:
    is_grant = name == "amazon-notifications"
    return f"; in a policy that is {AMAZON_NOTIFICATIONS!r}" if is_grant else ""


def _actions(actions: Any) -> Iterator[Defect]:
    if actions == []:
        yield Defect("expected an action such as sqs:SendMessage")
    different = {str(action).lower() for _, action in _each(actions)}
    if len(different) > MAX_ACTIONS:
        yield Defect(
            f"{len(different)} actions in one statement, and SQS allows {MAX_ACTIONS}: make two "
            'statements of it, or write "sqs:*"'
        )
    for path, action in _each(actions):
        fault = _action_fault(action)
        if fault:
            yield Defect(fault, path)


def _action_fault(action: Any) -> str | None:
    if not isinstance(action, str):
        return f"expected text such as sqs:SendMessage, not {quoted(action)}"
    service, _, name = action.partition(":")
    if action == "*" or (service.lower() == "sqs" and ("*" in name or "?" in name)):
        return None
    if service.lower() != "sqs" or not name:
        hint = f": write sqs:{_BY_LOWER[action.lower()]}" if action.lower() in _BY_LOWER else ""
        return f"{quoted(action)} must begin with sqs:, as in sqs:SendMessage{hint}"
    if name.lower() in _BY_LOWER:
        return None
    like = nearest(name, ACTIONS)
    hint = suggestion(like and f"sqs:{like}") or f"; the actions are {', '.join(ACTIONS)}"
    return f"{quoted(action)} is not an SQS action{hint}"


def _resources(resources: Any) -> Iterator[Defect]:
    if resources == []:
        yield Defect("expected a queue's ARN; left out, it is this queue")
    for path, resource in _each(resources):
        if not isinstance(resource, str) or not _RESOURCE.fullmatch(resource):
            given = f", not {quoted(resource)}"
            yield Defect(f"expected a queue's ARN (left out, it is this queue){given}", path)


def _condition(condition: Any) -> Iterator[Defect]:
    if condition is None:
        return
    if not isinstance(condition, Mapping):
        yield Defect(f"expected {{operator: {{key: value}}}}, not {quoted(condition)}")
        return
    for operator, tests in condition.items():
        fault = _operator_fault(operator)
        if fault:
            yield Defect(fault, (operator,), at_key=True)
        if not isinstance(tests, Mapping):
            sentence = f"expected {{key: value}} to compare with, not {quoted(tests)}"
            yield Defect(sentence, (operator,))
            continue
        for key, wanted in tests.items():
            yield from (defect.below(operator, key) for defect in _values(wanted))


def _operator_fault(operator: str) -> str | None:
    for_each, colon, bare = operator.rpartition(":")
    bare = bare if bare == "NullIfExists" else bare.removesuffix("IfExists")
    if colon and for_each not in ("ForAllValues", "ForAnyValue"):
        return f"unknown condition operator {quoted(operator)}, expected ForAllValues:{bare} or so"
    if bare in _OPERATORS:
        return None
    return f"unknown condition operator {quoted(operator)}{near(bare, _OPERATORS)}"


def _values(wanted: Any) -> Iterator[Defect]:
    for path, value in _each(wanted):
        if not isinstance(value, str | int | float):
            yield Defect(f"expected text or a list of texts, not {quoted(value)}", path)


def _each(value: Any) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Yield (path, item) of a list, or the single item that stands for a list of one."""
    if isinstance(value, list):
        yield from (((number,), item) for number, item in enumerate(value))
    else:
        yield (), value
