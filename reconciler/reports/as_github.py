"""Findings of validate as workflow commands, which GitHub shows on the lines they are about."""

from reconciler.reports.model import Located, Validation


def render(validation: Validation) -> str:
    """Return one workflow command a finding, ending in a newline; empty if there is none."""
    lines = [_command("warning", item) for item in validation.warnings]
    lines += [_command("error", item) for item in validation.errors]
    return "".join(f"{line}\n" for line in lines)


def _command(level: str, item: Located) -> str:
    where = f"file={_property(item.file)},line={item.line},col={item.column}"
    return f"::{level} {where}::{_data(item.message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
