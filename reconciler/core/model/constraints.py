"""Constraints of values, said once: what checks a value stands in the JSON Schema, too."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


class Constraint(NamedTuple):
    """Marks a value of which something holds; `otherwise` says what is expected, or what to do.

    `described` adds what JSON Schema says of it to the schema of the value.
    """

    holds: Callable[[Any], object]
    otherwise: str
    described: Callable[[JsonSchemaValue], JsonSchemaValue]

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return how the value is checked."""
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return what JSON Schema says of it."""
        return self.described(handler(schema))

    def _checked(self, value: Any) -> Any:
        if not self.holds(value):
            raise ValueError(self.otherwise)
        return value


def matching(pattern: str, otherwise: str) -> Constraint:
    """Mark a text that matches a pattern as a whole."""
    anchored = f"^({pattern})$"
    return Constraint(
        partial(re.fullmatch, pattern), otherwise, lambda schema: {**schema, "pattern": anchored}
    )


def filled(otherwise: str) -> Constraint:
    """Mark a list or mapping that is not empty."""
    return Constraint(bool, otherwise, _at_least_one)


def _at_least_one(schema: JsonSchemaValue) -> JsonSchemaValue:
    return {**schema, "minItems" if schema["type"] == "array" else "minProperties": 1}


@dataclass(frozen=True, slots=True, eq=False)
class Noted:
    """Marks what JSON Schema can say of a check that stands elsewhere."""

    schema: Mapping[str, Any]

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the schema with that."""
        return {**handler(schema), **self.schema}


UNIQUE = Noted({"uniqueItems": True})


def one_of(*forms: Mapping[str, Any]) -> dict[str, Any]:
    """Return the JSON Schema of a mapping in exactly one of several forms."""
    return {"oneOf": [*forms]}


def form(given: Collection[str], absent: Iterable[str] = (), **fields: Any) -> dict[str, Any]:
    """Return the JSON Schema of a mapping in which fields are given, and others are not.

    A null counts as left out. `fields` are schemas of further ones.
    """
    null = {"type": "null"}
    here = {name: {"not": null} for name in given}
    return {
        "properties": {**here, **dict.fromkeys(absent, null), **fields},
        "required": [*given],
    }
