"""XML as MWS sends it, read into mappings of local names, without document types or entities."""

from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from reconciler.core.model.errors import DecodeError
from reconciler.notifications.limits import MAX_DEPTH, quoted

_LISTED = frozenset({"BuyBoxPrice", "LowestPrice", "Offer", "OfferCount", "SalesRank"})


class NotXml(DecodeError):
    """The text is not well-formed XML, so it may be something else."""


def parse_xml(text: str) -> tuple[str, Any]:
    """Return the root element's local name and its value.

    A value is the element's text without white space around it, None if it is empty, or a mapping
    of its children, `@attributes` and, beside those, `#text`. A child that repeats is a list;
    those that MWS documents as repeating are lists even when there is one.

    Raises:
        NotXml: it is not well-formed.
        DecodeError: it declares a document type or entities, or elements are nested too deeply.
    """
    builder = _XmlBuilder()
    parser = DefusedXMLParser(target=builder, forbid_dtd=True)
    try:
        parser.feed(text)
        parser.close()
    except ParseError as error:
        raise NotXml(str(error)) from None
    except DefusedXmlException:
        raise DecodeError("the XML declares a document type or entities: refused") from None
    return builder.root()


@dataclass(slots=True)
class _Element:
    name: str
    attributes: dict[str, str]
    children: dict[str, list[Any]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)

    def value(self) -> Any:
        """Return what the element holds, once it is complete."""
        text = "".join(self.texts).strip() or None
        if not self.children and not self.attributes:
            return text
        children = {
            name: found if len(found) > 1 or name in _LISTED else found[0]
            for name, found in self.children.items()
        }
        own = {"#text": text} if text is not None else {}
        return {**self.attributes, **own, **children}


class _XmlBuilder:
    """What expat calls; elements are completed on a stack, so that no depth needs recursion."""

    def __init__(self) -> None:
        self._open = [_Element("", {})]

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Open an element."""
        if len(self._open) > MAX_DEPTH:
            raise DecodeError(f"elements are nested more than {MAX_DEPTH} deep")
        own = {f"@{_local(name)}": value for name, value in attributes.items()}
        if len(own) != len(attributes):
            raise DecodeError(f"the element {quoted(_local(tag))} has an attribute twice")
        self._open.append(_Element(_local(tag), own))

    def data(self, text: str) -> None:
        """Add text to the open element."""
        self._open[-1].texts.append(text)

    def end(self, tag: str) -> None:
        """Close the open element."""
        done = self._open.pop()
        self._open[-1].children.setdefault(done.name, []).append(done.value())

    def root(self) -> tuple[str, Any]:
        """Return the root's name and value."""
        [(name, [value])] = self._open[0].children.items()
        return name, value


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
