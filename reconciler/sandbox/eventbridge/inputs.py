"""What of an event a target gets: all, a constant, a part, or a template's text.

Source: EventBridge User Guide, "Input transformation". Of JSONPath: names and positions.
"""

import json
import re
from typing import Any

_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]|\['([^']+)'\]")
_MISSING = object()


def body(target: dict[str, Any], event: dict[str, Any]) -> str:
    """Return the text that is sent to a target for an event."""
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath") is not None:
        part = _part(target["InputPath"], event)
        return _written({} if part is _MISSING else part)
    if target.get("InputTransformer") is not None:
        return _transformed(target["InputTransformer"], event)
    return _written(event)


def is_path(text: str) -> bool:
    """Say whether a text is a path that can be followed."""
    return text.startswith("$") and re.fullmatch(f"(?:{_STEP.pattern})*", text[1:]) is not None


def _part(path: str, event: Any) -> Any:
    found = event
    for step in _STEP.finditer(path):
        name, position, quoted = step.groups()
        try:
            found = found[int(position)] if position else found[name or quoted]
        except (KeyError, IndexError, TypeError):
            return _MISSING
    return found


def _transformed(transformer: dict[str, Any], event: dict[str, Any]) -> str:
    # Texts are put in as they are: AWS escapes nothing, and what is missing vanishes.
    text = str(transformer["InputTemplate"])
    for name, path in (transformer.get("InputPathsMap") or {}).items():
        part = _part(path, event)
        shown = part if isinstance(part, str) else "" if part is _MISSING else _written(part)
        text = text.replace(f"<{name}>", shown)
    return text


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
