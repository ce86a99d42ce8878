"""JSON Schema of the declarations, made of the same classes that check them."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema
from pydantic_core.core_schema import ModelSchema

from reconciler.core.manifest.settings import NAME, STACK, Owns, Policy
from reconciler.core.service import Service

REF = "#/$defs/{model}"


Describe = Callable[[type[BaseModel]], Mapping[str, str]]
"""Returns the descriptions of a class's fields by field."""


def undescribed(_model: type[BaseModel]) -> Mapping[str, str]:
    """Return no description of any field."""
    return {}


def schema_of(services: Sequence[Service], describe: Describe = undescribed) -> str:
    """Return the JSON Schema (draft 2020-12) for one file of declarations, ending in a newline."""
    shapes: dict[str, list[type[BaseModel]]] = {}
    for service in services:
        shapes.setdefault("accounts", []).append(service.account)
        for section, shape in service.declarations.items():
            shapes.setdefault(section, []).append(shape)
    models: list[type[BaseModel]] = [Owns, Policy, *(m for group in shapes.values() for m in group)]
    names, definitions = models_json_schema(
        [(model, "validation") for model in dict.fromkeys(models)],
        by_alias=True,
        ref_template=REF,
        schema_generator=_describing(describe),
    )
    refs = {model: names[(model, "validation")] for model in models}
    sections = [section for section in shapes if section != "accounts"]
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Declarations of subscription-reconciler",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "stack": {"type": "string", "pattern": STACK},
            "owns": refs[Owns],
            "policy": refs[Policy],
            "accounts": _named(refs[model] for model in shapes["accounts"]),
            "defaults": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    section: _partial(shapes[section], definitions["$defs"], refs)
                    for section in sections
                },
            },
            **{
                section: _named(
                    [
                        *(refs[model] for model in shapes[section]),
                        *([{"type": "null"}] if _may_be_empty(shapes[section]) else []),
                    ]
                )
                for section in sections
            },
        },
        "$defs": definitions["$defs"],
    }
    return json.dumps(schema, indent=2, sort_keys=False) + "\n"


def _describing(describe: Describe) -> type[GenerateJsonSchema]:
    class Described(GenerateJsonSchema):
        """Puts descriptions beside the fields of each class."""

        def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
            made = super().model_schema(schema)
            model = schema["cls"]
            for name, text in describe(model).items():
                alias = model.model_fields[name].alias if name in model.model_fields else None
                if alias in made.get("properties", ()):
                    made["properties"][alias]["description"] = text
            return made

    return Described


def _named(alternatives: Iterable[Any]) -> dict[str, Any]:
    options = list(alternatives)
    return {
        "type": ["object", "null"],
        "propertyNames": {"pattern": NAME},
        "additionalProperties": options[0] if len(options) == 1 else {"anyOf": options},
    }


def _may_be_empty(shapes: Iterable[type[BaseModel]]) -> bool:
    """Say whether nothing has to be said below a name."""
    return any(not getattr(it, "one_of", ()) and not _needed(it) for it in shapes)


def _needed(shape: type[BaseModel]) -> bool:
    return any(info.is_required() for info in shape.model_fields.values())


def _partial(
    shapes: Sequence[type[BaseModel]],
    definitions: Mapping[str, Any],
    refs: Mapping[type[BaseModel], Any],
) -> dict[str, Any]:
    """Return what may stand under defaults: any field of the section, none of them required."""
    properties: dict[str, list[Any]] = {}
    for shape in shapes:
        name = str(refs[shape]["$ref"]).rpartition("/")[2]
        for field, schema in definitions[name]["properties"].items():
            options = properties.setdefault(field, [])
            if schema not in options:
                options.append(schema)
    return {
        "type": ["object", "null"],
        "additionalProperties": False,
        "properties": {
            field: options[0] if len(options) == 1 else {"anyOf": options}
            for field, options in properties.items()
        },
    }
