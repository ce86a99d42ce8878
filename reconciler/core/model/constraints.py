"""Constraints of values, said once: what checks a value stands in the JSON Schema, too."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


class Matching(NamedTuple):
    """Marks a text that matches a pattern as a whole; `otherwise` says what is expected."""

    pattern: str
    otherwise: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return how the text is checked."""
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return what JSON Schema says of it."""
        return {**handler(schema), "pattern": f"^({self.pattern})$"}

    def _checked(self, value: str) -> str:
        if not re.fullmatch(self.pattern, value):
            raise ValueError(self.otherwise)
        return value


class Filled(NamedTuple):
    """Marks a list or mapping that is not empty; `otherwise` says what to do about it."""

    otherwise: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return how the list or mapping is checked."""
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return what JSON Schema says of it."""
        made = handler(schema)
        return {**made, "minItems" if made["type"] == "array" else "minProperties": 1}

    def _checked(self, value: Any) -> Any:
        if not value:
            raise ValueError(self.otherwise)
        return value


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
