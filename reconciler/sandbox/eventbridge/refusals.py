"""EventBridge says no: codes and the texts that were recorded."""


class Refused(Exception):
    """An error answer of the service; `code` is its exception's name."""

    def __init__(self, code: str, message: str, status: int = 400):
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def invalid(message: str) -> Refused:
    """Return a ValidationException, which no operation declares and many answer."""
    return Refused("ValidationException", message)


def no_bus(name: str) -> Refused:
    """Return the answer about a bus that there is not."""
    return Refused("ResourceNotFoundException", f"Event bus {name} does not exist.")


def no_rule(name: str, bus: str) -> Refused:
    """Return the answer about a rule that there is not."""
    return Refused("ResourceNotFoundException", f"Rule {name} does not exist on EventBus {bus}.")


def no_source(name: str) -> Refused:
    """Return the answer about a partner event source that there is not."""
    text = f"Event source {name} or event bus {name} does not exist."
    return Refused("ResourceNotFoundException", text)


def too_many() -> Refused:
    """Return the answer to one more than a quota allows."""
    text = "The requested resource exceeds the maximum number allowed."
    return Refused("LimitExceededException", text)


def unsuitable(message: str) -> Refused:
    """Return the answer of a source that is not in the state for it."""
    return Refused("InvalidStateException", message)


def bad_pattern(reason: str) -> Refused:
    """Return the answer to an event pattern that is none."""
    text = f"Event pattern is not valid. Reason: {reason}"
    return Refused("InvalidEventPatternException", text)


def denied(action: str, resource: str, account: str) -> Refused:
    """Return IAM's answer to a caller without the right."""
    text = (
        f"User: arn:aws:iam::{account}:user/sandbox is not authorized to perform: {action} on "
        f"resource: {resource} because no identity-based policy allows the {action} action"
    )
    return Refused("AccessDeniedException", text)
