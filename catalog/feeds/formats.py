"""Formats of a full feed: JSON Lines and XML. Both encode JSON documents to bytes."""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

import orjson

from catalog.models import FeedPosition


class Format(StrEnum):
    """Format of a full feed."""

    JSON_LINES = "jsonl"
    XML = "xml"


CONTENT_TYPES = {Format.JSON_LINES: "application/jsonl", Format.XML: "application/xml"}
# Characters that XML 1.0 doesn't allow, not even as a reference.
_INVALID_XML_CHARS = "\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff"
# Parsers normalize line ends in text and whitespace in attributes, unless they are references.
_IN_TEXT = re.compile(f"[&<>\r{_INVALID_XML_CHARS}]")
_IN_ATTRIBUTE = re.compile(f'[&<>"\r\n\t{_INVALID_XML_CHARS}]')
_REFERENCES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}
_SINGULAR = {
    "products": "product",
    "inventory": "item",
    "categories": "category",
    "variants": "variant",
    "options": "option",
    "prices": "price",
    "customer_groups": "customer_group",
    "locations": "location",
    "images": "image",
}
# Objects with keys defined by merchants, which can't be element names.
_FREE_FORM = {"attributes": "attribute", "settings": "setting"}
# Options of some sources have other keys, which are left out.
_OPTION_KEYS = ("name", "value")


def encode(output_format: Format, feed: FeedPosition.Feed, documents: Iterable[str]) -> Iterator[bytes]:
    """The full feed, encoded in pieces."""
    return (_json_lines if output_format is Format.JSON_LINES else _xml)(feed, documents)


def _json_lines(feed: FeedPosition.Feed, documents: Iterable[str]) -> Iterator[bytes]:
    for document in documents:
        yield document.encode() + b"\n"


def _xml(feed: FeedPosition.Feed, documents: Iterable[str]) -> Iterator[bytes]:
    element = "product" if feed is FeedPosition.Feed.IMAGES else _SINGULAR[feed]
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<feed of="{feed}">\n'.encode()
    for document in documents:
        yield f"<{element}>{_fields(orjson.loads(document))}</{element}>\n".encode()
    yield b"</feed>\n"


def _fields(record: dict[str, Any]) -> str:
    """One element per field. Null values are left out."""
    return "".join(
        f"<{name}>{_free_form(_FREE_FORM[name], value) if name in _FREE_FORM else _field(name, value)}</{name}>"
        for name, value in record.items()
        if value is not None
    )


def _field(name: str, value: Any) -> str:
    if name == "options":
        value = [{key: one.get(key) for key in _OPTION_KEYS} for one in value]
    if isinstance(value, list):
        each = _SINGULAR[name]
        return "".join(f"<{each}>{_fields(one) if isinstance(one, dict) else _text(one)}</{each}>" for one in value)
    return _text(value)


def _free_form(element: str, value: Any) -> str:
    """A tree with arbitrary keys, which become the attribute `name`. Items of lists have no name."""
    if isinstance(value, dict):
        return "".join(
            f'<{element} name="{_IN_ATTRIBUTE.sub(_reference, name)}">{_free_form("value", one)}</{element}>'
            for name, one in value.items()
        )
    if isinstance(value, list):
        return "".join(f"<value>{_free_form('value', one)}</value>" for one in value)
    return "" if value is None else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return _IN_TEXT.sub(_reference, value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _reference(found: re.Match[str]) -> str:
    return _REFERENCES.get(found[0], "\ufffd")
