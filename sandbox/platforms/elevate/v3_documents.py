"""The documents of Elevate's Admin API v3, parsed into the same operations as the lines of v4.

From the vendor's format specification: UTF-8, `data_import`, `modify` with market and locale, product groups with their
products and variants, and the element names (`images/image/urls/url`, `sizes/size`). Assumed: the types `partial` and
`attributes` with `remove` and `update`; that a market occurs in one `modify`; `custom_attributes/attribute@name` with
`value@id`. From the page about scheduling: within an import, the ID of an advanced attribute has a single name. The
properties of a product in its first market apply to all its markets.
"""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

ALLOWED = {
    "full": {"add_or_replace": "replace"},
    "partial": {"add_or_replace": "replace", "remove": "remove"},
    "attributes": {"update": "edit"},
}
GROUP = ("brand", "department")
PRODUCT = {"title": "title", "url": "url", "release_date": "releaseDate", "description": "description"}
VARIANT = {"stock_number": "stock", "selling_price": "sellingPrice", "list_price": "listPrice", "cost": "cost"}


class InvalidDocument(Exception):
    """A document that is not XML or does not follow the format. The message says where."""


@dataclass
class Document:
    """`operations` are (verb, content) as in v4; a removal lists its markets. `names`: (attribute, ID) → name."""

    full: bool
    operations: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    names: dict[tuple[str, str], str] = field(default_factory=dict)


def read(body: bytes, *, compressed: bool, markets: dict[str, list[str]]) -> Document:
    """Parse the body of a request. Raises `InvalidDocument` for invalid syntax, unknown elements and IDs with two
    names.
    """
    try:
        root = ElementTree.fromstring(gzip.decompress(body) if compressed else body)  # noqa: S314 - our own client's
    except (OSError, EOFError, zlib.error, ElementTree.ParseError) as error:
        raise InvalidDocument(f"The document cannot be read: {error}") from error
    kind = root.get("type", "")
    if root.tag != "data_import" or kind not in ALLOWED:
        raise InvalidDocument("'data_import' with the type full, partial or attributes is expected")
    document = Document(kind == "full")
    found: dict[tuple[str, str], dict[str, Any]] = {}
    seen: set[str] = set()
    for modify in _children(root, "modify"):
        market, locale = modify.get("market", ""), modify.get("locale", "")
        if locale not in markets.get(market, ()):
            raise InvalidDocument(f"'{market}' with the locale '{locale}' has not been configured")
        if market in seen:
            raise InvalidDocument(f"the market '{market}' occurs twice")
        seen.add(market)
        for groups in _children(modify, "product_groups"):
            for element in groups:
                if element.tag not in ALLOWED[kind]:
                    raise InvalidDocument(f"'{element.tag}' is not allowed in an import of type {kind}")
                _read_groups(element, ALLOWED[kind][element.tag], market, locale, found, document.names)
    document.operations = [(verb, content) for (verb, _), content in found.items()]
    return document


def _read_groups(
    parent: Element,
    verb: str,
    market: str,
    locale: str,
    found: dict[tuple[str, str], dict[str, Any]],
    names: dict[tuple[str, str], str],
) -> None:
    """Parse the groups of one market and merge them with those of the markets before."""
    keys: set[str] = set()
    for element in _children(parent, "product_group"):
        key = _key(element)
        if key in keys:
            raise InvalidDocument(f"product group '{key}': Duplicate key")
        keys.add(key)
        content = found.setdefault((verb, key), {"key": key} | ({"markets": []} if verb == "remove" else {}))
        if verb == "remove":
            content["markets"].append(market)
            continue
        group = _group(element, market, locale, names, whole=verb == "replace")
        if "productGroup" not in content:
            content["productGroup"] = group
        elif verb == "replace":
            for product, other in zip(
                content["productGroup"]["products"].values(), group["products"].values(), strict=True
            ):
                product["markets"] += other["markets"]


def _group(
    element: Element, market: str, locale: str, names: dict[tuple[str, str], str], *, whole: bool
) -> dict[str, Any]:
    shared = {child.tag: child.text or "" for child in element if child.tag in GROUP}
    products = {}
    for parent in element:
        if parent.tag in GROUP:
            continue
        if parent.tag != "products":
            raise InvalidDocument(f"product group '{_key(element)}': unknown element '{parent.tag}'")
        for product in _children(parent, "product"):
            products[_key(product)] = _product(product, shared, market, locale, names, whole=whole)
    return {"products": products}


def _product(
    element: Element,
    shared: dict[str, str],
    market: str,
    locale: str,
    names: dict[tuple[str, str], str],
    *,
    whole: bool,
) -> dict[str, Any]:
    defaults: dict[str, Any] = dict(shared)
    read: dict[str, Any] = {"markets": [market]} if whole else {}
    if whole:
        defaults["dataLocale"] = locale
    for child in element:
        if child.tag in PRODUCT:
            defaults[PRODUCT[child.tag]] = child.text or ""
        elif child.tag == "images":
            read["images"] = [{"defaults": {"urls": _urls(image)}} for image in _children(child, "image")]
        elif child.tag == "custom_attributes":
            defaults["customLabels"] = _labels(child, names)
        elif child.tag == "variants":
            read["variants"] = {
                _key(variant): {"defaults": _variant(variant)} for variant in _children(child, "variant")
            }
        else:
            raise InvalidDocument(f"product '{_key(element)}': unknown element '{child.tag}'")
    return read | ({"defaults": defaults} if defaults else {})


def _labels(element: Element, names: dict[tuple[str, str], str]) -> dict[str, list[str]]:
    labels: dict[str, list[str]] = {}
    for attribute in _children(element, "attribute"):
        label = attribute.get("name", "")
        if not label or label in labels:
            raise InvalidDocument(f"a custom attribute must not have the name '{label}'")
        labels[label] = []
        for value in _children(attribute, "value"):
            name = value.text or ""
            identifier = value.get("id")
            if identifier is not None and names.setdefault((label, identifier), name) != name:
                known = names[label, identifier]
                raise InvalidDocument(f"'{identifier}' of {label} is called both '{known}' and '{name}' in this import")
            labels[label].append(name if identifier is None else identifier)
    return labels


def _urls(image: Element) -> list[str]:
    return [url.text or "" for urls in _children(image, "urls") for url in _children(urls, "url")]


def _variant(element: Element) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for child in element:
        if child.tag == "url":
            continue
        if child.tag == "sizes":
            figures["size"] = ", ".join(size.text or "" for size in _children(child, "size"))
            continue
        if child.tag not in VARIANT:
            raise InvalidDocument(f"variant '{_key(element)}': unknown element '{child.tag}'")
        try:
            figure = float(child.text or "")
        except ValueError as error:
            raise InvalidDocument(f"variant '{_key(element)}': '{child.tag}' must be a number") from error
        figures[VARIANT[child.tag]] = int(figure) if figure.is_integer() else figure
    return figures


def _children(parent: Element, tag: str) -> Iterator[Element]:
    for child in parent:
        if child.tag != tag:
            raise InvalidDocument(f"unknown element '{child.tag}' in '{parent.tag}', where '{tag}' is expected")
        yield child


def _key(element: Element) -> str:
    if not (key := element.get("key")):
        raise InvalidDocument(f"'{element.tag}' requires a key")
    return key
