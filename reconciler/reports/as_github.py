"""Findings of validate as workflow commands, which GitHub shows on the lines they are about."""

from reconciler.core.text.visible import visible
from reconciler.reports.model import Located, Validation
from reconciler.reports.workflow_commands import command


def render(validation: Validation) -> str:
    """Return one workflow command a finding, ending in a newline; empty if there is none."""
    lines = [_command("warning", item) for item in validation.warnings]
    lines += [_command("error", item) for item in validation.errors]
    return "".join(f"{line}\n" for line in lines)


def _command(level: str, item: Located) -> str:
    message, file = visible(item.message), visible(item.file)
    return command(level, message, file=file, line=item.line or 0, col=item.column or 0)
