"""The reference of declarations, made of the classes that check them and of one set of examples."""

import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from reconciler.core.manifest.settings import Limit, Owns, Policy
from reconciler.core.model.account_fields import Tabled
from reconciler.core.model.units import Unit, format_unit, parts_of
from reconciler.core.service import Service
from reconciler.files.descriptions import descriptions
from reconciler.wiring import SERVICES
from tests.handbook.pages import ROOT

EXAMPLES = ROOT / "tests/handbook/examples.yaml"
"""Valid declarations in which every field stands at least once."""
COLUMNS = 5
LONG = 90
"""Characters of an example from which on its parts, which have rows of their own, are enough."""
HEAD = """# Declarations

<!-- Written by `make pages` from the classes that check declarations, and their examples. -->

Every section, and every field with its type, default and an example. [Declare](../declaring.md)
tells how they work together. Names of accounts and declarations have letters, digits, `_`, `.`
and `-`, and begin with a letter or digit. A duration is seconds, or `30s`, `2m`, `12h`, `14d`; a
size is bytes, or `256KiB`, `1MiB`. A *reference* leads to a secret in one of
[four forms](../secrets.md).

## Top level

| section | holds | stands |
|---|---|---|
| `stack` | the name that marks what is owned: 2 to 40 of a-z, 0-9, `-`, no `--` | once | |
| [`owns`](#owns) | what is ours beyond marks and references | once |
| [`policy`](#policy) | what a run may do | once |
| `defaults` | by section below, fields that are merged under every declaration of it | once |
| [`accounts`](#accounts) | where everything lives, by name | in any file |
"""


def reference() -> str:
    """Return the page of all sections and fields."""
    examples = json.loads(json.dumps(yaml.safe_load(EXAMPLES.read_text("utf-8")), default=str))
    sections = _sections(SERVICES)
    row = "| [`{0}`](#{0}) | {0}, by name | in any file |\n"
    parts = [HEAD, *(row.format(name) for name in sections)]
    for name, model in (("owns", Owns), ("policy", Policy)):
        parts += [f"\n## {name}\n", *_model(model, [examples[name]])]
    accounts: dict[str, type[BaseModel]] = {one.name: one.account for one in SERVICES}
    for name, shapes in {"accounts": accounts, **sections}.items():
        parts.append(f"\n## {name}\n")
        for service, shape in shapes.items():
            found = [*_of_service(name, service, examples)]
            parts += [f"\n### {name}: {service}\n", *_model(shape, found)]
    return "".join(parts)


def undescribed() -> list[str]:
    """Return the rows of fields that lack a description or an example."""
    rows = [line.split(" | ") for line in reference().splitlines() if line.startswith("| `")]
    return [
        row[0]
        for row in rows
        if len(row) == COLUMNS and not (row[3].strip() and row[4].strip(" |"))
    ]


def _sections(services: tuple[Service, ...]) -> dict[str, dict[str, type[BaseModel]]]:
    found: dict[str, dict[str, type[BaseModel]]] = {}
    for service in services:
        for section, shape in service.declarations.items():
            found.setdefault(section, {})[service.name] = shape
    return found


def _of_service(section: str, service: str, examples: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the examples of a section that are of a service."""
    accounts = {name: item["service"] for name, item in examples["accounts"].items()}
    for item in examples.get(section, {}).values():
        home = item.get("service") or accounts.get(_account(item, examples), "")
        if home == service:
            yield item


def _account(item: Mapping[str, Any], examples: Mapping[str, Any]) -> str:
    behind = examples["destinations"].get(item.get("destination"), {})
    return str(item.get("account") or behind.get("account") or "aws-eu")


def _model(model: type[BaseModel], examples: list[Any]) -> Iterator[str]:
    """Yield the text and table of a class, and of those within it."""
    yield f"\n{_prose(model)}\n\n| field | type | default | means | example |\n"
    yield "|---|---|---|---|---|\n"
    inner: list[tuple[type[BaseModel], list[Any]]] = []
    kinds = model.model_json_schema(by_alias=True)
    for name, info in model.model_fields.items():
        alias = info.alias or name
        given = [item[alias] for item in examples if isinstance(item, dict) and alias in item]
        kind = _kind(kinds["properties"][alias], info)
        about, example = descriptions(model).get(name, ""), _example(alias, given, info)
        yield f"| `{alias}` | {kind} | {_default(info)} | {about} | {example} |\n"
        inner += [(one, [*_flat(given)]) for one in _models(info)]
    for one, found in inner:
        yield f"\n**{_title(one)}**\n"
        yield from _model(one, found)


def _models(info: FieldInfo) -> list[type[BaseModel]]:
    parts = parts_of(info.annotation)
    found = (item for item in parts if isinstance(item, type) and issubclass(item, BaseModel))
    return [item for item in dict.fromkeys(found) if item is not Limit]


def _flat(values: list[Any]) -> Iterator[Any]:
    """Yield mappings, from lists and from mappings by name too."""
    for value in values:
        if isinstance(value, list):
            yield from value
        elif isinstance(value, dict):
            yield value
            yield from (item for item in value.values() if isinstance(item, dict))


def _title(model: type[BaseModel]) -> str:
    words = "".join(
        f" {letter.lower()}" if letter.isupper() else letter for letter in model.__name__
    )
    return words.strip().capitalize()


def _prose(model: type[BaseModel]) -> str:
    return " ".join(inspect.cleandoc(model.__doc__ or "").split())


def _unit(info: FieldInfo) -> Unit | None:
    marks = [*info.metadata, *parts_of(info.annotation)]
    return next((mark for mark in marks if isinstance(mark, Unit)), None)


def _kind(schema: Mapping[str, Any], info: FieldInfo) -> str:
    """Say in words what a field takes."""
    unit = _unit(info)
    if unit is not None:
        return {"seconds": "duration", "bytes": "size"}[unit.name]
    if Limit in parts_of(info.annotation):
        return "number or share"
    table = ["table `{from: FILE.csv}`"] if _has(info, Tabled) else []
    return " or ".join(dict.fromkeys([*_words(schema), *table]))


def _has(info: FieldInfo, mark: type) -> bool:
    return any(isinstance(item, mark) for item in (*info.metadata, *parts_of(info.annotation)))


def _words(schema: Mapping[str, Any]) -> Iterator[str]:
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        for option in options:
            yield from _words(option)
    elif "const" in schema:
        yield f"`{_plain(schema['const'])}`"
    elif "enum" in schema:
        yield from (f"`{item}`" for item in schema["enum"])
    elif "$ref" in schema or schema.get("type") == "object":
        yield "mapping"
    elif schema.get("type") == "array":
        yield f"list of {' or '.join(dict.fromkeys(_words(schema.get('items', {}))))}"
    elif schema.get("type") != "null":
        yield {"string": "text", "integer": "number", "boolean": "true or false"}[schema["type"]]


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "needed"
    default = info.get_default(call_default_factory=True, validated_data={})
    if default is None or default is PydanticUndefined or default in ("", (), {}):
        return ""
    unit = _unit(info)
    return f"`{format_unit(default, unit.name) if unit else _plain(default)}`"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(list(value) if isinstance(value, tuple) else value)


def _example(alias: str, given: list[Any], info: FieldInfo) -> str:
    if not given:
        return ""
    text = yaml.safe_dump({alias: given[0]}, default_flow_style=True, width=10_000, sort_keys=False)
    if len(text) > LONG and _models(info):
        return "*below*"
    if len(text) > LONG:
        text = f"{text[:LONG]}…"
    return f"`{text.strip().removeprefix('{').removesuffix('}')}`".replace("|", "\\|")
