"""What the class of an account says about its fields: which are plain, which lead somewhere.

Whatever a class does not mark as plain may hold a secret, by mistake or not, and is never repeated.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from reconciler.core.model.hosts import Leads
from reconciler.core.model.units import parts_of

_SHOWN = 24
"""Characters of a plain value that messages repeat: longer ones may be secrets in a wrong place."""
_SHOWN_OF_A_URL = 64


class Plain(NamedTuple):
    """Marks a field that holds no secret; `identifies`: it tells one real account from another."""

    identifies: bool = False


PLAIN = Plain()
IDENTIFYING = Plain(identifies=True)


class Tabled(NamedTuple):
    """Marks a field that may be written as a table: `{from: FILE.csv, ...}`, one entry a row.

    `column` names the column that tells entries apart. The rows are `entries` (a mapping, whose
    other fields are templates, `{column}` in them the row's value) or `names` (a list), of which
    `parse` returns each in one spelling or raises ValueError. `words` may stand in the place of
    either.
    """

    column: str
    rows: Literal["entries", "names"] = "entries"
    words: tuple[str, ...] = ()
    parse: Callable[[str], str] = str

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Return the schema of the field, or of the table in its place."""
        made = handler(schema)
        text: JsonSchemaValue = {"type": "string", "minLength": 1}
        values = {"type": "object", "additionalProperties": {"type": ["string", "number"]}}
        fields: dict[str, Any] = {"where": {**values, "minProperties": 1}}
        needed: list[str] = []
        if self.rows == "entries":
            made = _all_named(made)
            entry = handler.resolve_ref_schema(made["additionalProperties"])
            needed = entry["required"]
            # A template is no such text yet.
            fields = {
                name: text if it.get("type") == "string" else it
                for name, it in entry["properties"].items()
            }
        table = {
            "type": "object",
            "properties": {"from": text, **fields},
            "required": ["from", *needed],
            "additionalProperties": False,
        }
        return {"anyOf": [made, table, *({"const": word} for word in self.words)]}


def _all_named(made: JsonSchemaValue) -> JsonSchemaValue:
    """Return the schema of a mapping whose names all match the pattern; pydantic's lets others by.

    They would not be looked at below either.
    """
    rest = {key: it for key, it in made.items() if key != "patternProperties"}
    for pattern, values in made.get("patternProperties", {}).items():
        rest["propertyNames"] = {**made.get("propertyNames", {}), "pattern": pattern}
        rest["additionalProperties"] = values
    return rest


@cache
def tabled_fields(model: type[BaseModel]) -> Mapping[str, Tabled]:
    """Return by YAML name the fields that may be written as a table."""
    return {alias: mark for _, alias, mark in _marked(model, Tabled)}


@cache
def plain_fields(model: type[BaseModel]) -> frozenset[str]:
    """Return the YAML names of the fields that hold no secret."""
    return frozenset(alias for _, alias, mark in _marked(model, Plain))


@cache
def identifying_fields(model: type[BaseModel]) -> frozenset[str]:
    """Return the fields that tell one real account from another."""
    return frozenset(name for name, _, mark in _marked(model, Plain) if mark.identifies)


@cache
def leading_fields(model: type[BaseModel]) -> Mapping[str, tuple[str, tuple[str, ...] | None]]:
    """Return YAML name and own hosts of each field whose URL secrets are sent to."""
    found: dict[str, tuple[str, tuple[str, ...] | None]] = {}
    for name, alias, mark in _marked(model, Leads):
        own = mark.own or found.get(name, ("", None))[1]
        found[name] = (alias, own)
    return found


def harmless(value: Any) -> bool:
    """Say whether the value of a plain field is short enough to be what belongs there."""
    text = str(value)
    limit = _SHOWN_OF_A_URL if "://" in text and "?" not in text else _SHOWN
    return isinstance(value, dict | list) or len(text) <= limit


def _marked(model: type[BaseModel], kind: type) -> Iterator[tuple[str, str, Any]]:
    for name, info in model.model_fields.items():
        for mark in (*info.metadata, *parts_of(info.annotation)):
            if isinstance(mark, kind):
                yield name, info.alias or name, mark
