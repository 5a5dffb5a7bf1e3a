"""Admin API v3, until the vendor shuts it down: an XML document of one type, `full`, `partial` or `attributes`.

From the vendor's format specification: `data_import`, a `modify` for each market with its locale, product groups in
`add_or_replace`, and the elements of groups, products and variants. Assumptions that no documentation confirms, and
that only this module relies on: the types `partial` and `attributes`; `remove` and `update` beside `add_or_replace`;
attributes that an update leaves out are kept; the format of custom attributes; a rejection quotes the keys of the
invalid entities.
"""

import gzip
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from connectors.platforms.elevate.admin_api import AdminApi
from connectors.platforms.elevate.changes import incremental_change
from connectors.platforms.elevate.product_groups import key_of
from connectors.platforms.elevate.settings import Settings
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.feeds import FeedFile
from connectors.sdk.operations import Action, Operation
from hub.kinds import DataType

END_OF_LIFE = date(2026, 12, 31)
# Our names → the elements of a product and of a variant.
PRODUCT = {"title": "title", "url": "url", "description": "description"}
VARIANT = {"stock": "stock_number", "sellingPrice": "selling_price", "listPrice": "list_price"}
_INVALID_XML_CHARS = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_QUOTED = re.compile(r"""'([^']+)'|"([^"]+)\"""")


class XmlFeedFile(FeedFile):
    """Every market gets the same content, and the import's type is known only at the end, so the parts are first
    written to temporary files.

    A partial import consists of whole groups. Changes of single attributes are sent alone (F6) only if the import
    contains nothing else; otherwise their whole groups are sent, because an import has one type.
    """

    def __init__(self, path: str, *, replace_all: bool, settings: Settings) -> None:
        self.path = path
        self.replace_all = replace_all
        self.settings = settings
        folder = Path(path).parent
        self._exit_stack = ExitStack()
        self._full_groups, self._removed, self._updates, self._full_updated_groups = (
            self._exit_stack.enter_context(TemporaryFile(dir=folder))  # noqa: SIM115 - closed with `_exit_stack`
            for _ in range(4)
        )

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        with self._exit_stack:
            if kind is None:
                self._assemble()

    def add(self, data_type: DataType, operation: Operation[dict[str, Any]]) -> None:
        key = operation.external_id or key_of(operation.item_id)
        if operation.action is Action.REMOVE:
            self._removed.write(f"<product_group key={_quoted(key)}/>".encode())
            return
        payload, previous = operation.content, operation.previous
        whole = _group(key, payload["productGroup"], payload.get("names", {}))
        changed = None if self.replace_all else _changed(previous, payload)
        if changed is None:
            self._full_groups.write(whole)
        else:
            self._updates.write(_group(key, changed, payload.get("names", {})))
            self._full_updated_groups.write(whole)

    def _assemble(self) -> None:
        structural = self.replace_all or self._full_groups.tell() or self._removed.tell()
        if self.replace_all:
            kind, parts = "full", {"add_or_replace": [self._full_groups]}
        elif structural:
            kind, parts = (
                "partial",
                {"add_or_replace": [self._full_groups, self._full_updated_groups], "remove": [self._removed]},
            )
        else:
            kind, parts = "attributes", {"update": [self._updates]}
        with gzip.open(self.path, "wb", compresslevel=4) as file:
            file.write(f'<?xml version="1.0" encoding="UTF-8"?>\n<data_import type="{kind}">'.encode())
            for market in self.settings.markets:
                where = f"market={quoteattr(market)} locale={quoteattr(self.settings.locale)}"
                file.write(f"<modify {where}><product_groups>".encode())
                for element, temp_files in parts.items():
                    _copy(element, temp_files, file)
                file.write(b"</product_groups></modify>")
            file.write(b"</data_import>\n")


def _copy(element: str, temp_files: Sequence[IO[bytes]], file: gzip.GzipFile) -> None:
    if not any(temp_file.seek(0, 2) for temp_file in temp_files):
        return
    file.write(f"<{element}>".encode())
    for temp_file in temp_files:
        temp_file.seek(0)
        shutil.copyfileobj(temp_file, file)
    file.write(f"</{element}>".encode())


class V3(AdminApi):
    version = "v3"
    other_version = "v4"
    moves_silently = False
    consequences = (
        "Forcing this import moves it back to v3 (downgrade=true): imports by v4, also those of other systems, then "
        f"fail. v3 ends on {END_OF_LIFE}."
    )
    move_parameters = {"downgrade": "true"}

    catalog = "/api/admin/v3/import/data"
    status = "/api/admin/v3/import/status"
    content_type = "application/xml"

    def open_file(self, path: str, *, replace_all: bool) -> FeedFile:
        if any(market.price_list for market in self.field_map.markets.values()):
            raise NeedsAttention(
                "Price lists of single markets are not sent by v3.",
                fix="Choose v4 in the settings, or remove the price lists from the markets in the field mapping.",
            )
        return XmlFeedFile(path, replace_all=replace_all, settings=self.settings)

    def method(self, *, replace_all: bool) -> str:
        return "POST"

    def item_errors(self, answer: Any, path: str) -> dict[str, str]:
        """Errors are plain texts that contain the entity's key in quotation marks."""
        error_texts = [(text, {one or other for one, other in _QUOTED.findall(text)}) for text in _texts(answer)]
        found = {}
        for group, keys in _keys_by_group(path):
            if reasons := dict.fromkeys(text for text, quoted in error_texts if quoted & keys):
                found[group] = "; ".join(reasons)
        return found


def _changed(previous: dict[str, Any] | None, payload: dict[str, Any]) -> dict[str, Any] | None:
    """The update; None if the whole group has to be sent. A label with changed display names is sent in full."""
    changed = incremental_change(previous, payload)
    if previous is None or changed is None:
        return None
    before, after = previous.get("names", {}), payload.get("names", {})
    for label in [each for each in after if after[each] != before.get(each)]:
        for key, product in payload["productGroup"]["products"].items():
            target = changed.setdefault("products", {}).setdefault(key, {}).setdefault("defaults", {})
            target.setdefault("customLabels", {})[label] = product["defaults"]["customLabels"][label]
    return changed


def _group(key: str, group: dict[str, Any], names: dict[str, dict[str, str]]) -> bytes:
    """Built as text, because an object tree per group takes several times as long."""
    brand = next((product["defaults"]["brand"] for product in group["products"].values() if _has_brand(product)), None)
    products = [_product(product_key, product, names) for product_key, product in group["products"].items()]
    inner = [_text_element("brand", brand)] if brand is not None else []
    inner += ["<products>", *products, "</products>"] if products else []
    return f"<product_group key={_quoted(key)}>{''.join(inner)}</product_group>".encode()


def _has_brand(product: dict[str, Any]) -> bool:
    return "brand" in product.get("defaults", {})


def _product(key: str, product: dict[str, Any], names: dict[str, dict[str, str]]) -> str:
    texts = product.get("defaults", {})
    inner = [_text_element(tag, texts[field]) for field, tag in PRODUCT.items() if field in texts]
    if "images" in product:
        images = [
            f"<image><urls>{''.join(_text_element('url', url) for url in image['defaults']['urls'])}</urls></image>"
            for image in product["images"]
        ]
        inner += ["<images>", *images, "</images>"]
    labels = texts.get("customLabels", {}) | ({"category": texts["category"]} if "category" in texts else {})
    if labels:
        attributes = [_attribute(label, values, names.get(label, {})) for label, values in labels.items()]
        inner += ["<custom_attributes>", *attributes, "</custom_attributes>"]
    if product.get("variants"):
        variants = [
            _variant(variant_key, each.get("defaults", {})) for variant_key, each in product["variants"].items()
        ]
        inner += ["<variants>", *variants, "</variants>"]
    return f"<product key={_quoted(key)}>{''.join(inner)}</product>"


def _attribute(label: str, values: list[str], names: dict[str, str]) -> str:
    elements = [
        f"<value id={_quoted(value)}>{_text(names.get(value, value))}</value>"
        if names
        else _text_element("value", value)
        for value in values
    ]
    return f"<attribute name={_quoted(label)}>{''.join(elements)}</attribute>"


def _variant(key: str, values: dict[str, Any]) -> str:
    inner = "".join(_text_element(tag, values[field]) for field, tag in VARIANT.items() if field in values)
    if "size" in values:
        inner += f"<sizes>{_text_element('size', values['size'])}</sizes>"
    return f"<variant key={_quoted(key)}>{inner}</variant>"


def _text_element(name: str, value: Any) -> str:
    return f"<{name}>{_text(str(value))}</{name}>"


def _text(text: str) -> str:
    """The text without control characters, which XML does not allow."""
    return escape(_INVALID_XML_CHARS.sub("", text))


def _quoted(text: str) -> str:
    return quoteattr(_INVALID_XML_CHARS.sub("", text))


def _texts(value: Any) -> Iterator[str]:
    """Every string in a response, at any depth."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)
    elif isinstance(value, str):
        yield from value.splitlines()


def _keys_by_group(path: str) -> Iterator[tuple[str, set[str]]]:
    """Each group of a document with all keys in it, including its own. Every market has the same groups."""
    with gzip.open(path) as document:
        for event, element in ElementTree.iterparse(document, events=("end",)):  # noqa: S314 - written by ourselves
            if event == "end" and element.tag == "product_group":
                yield element.attrib["key"], {each.attrib["key"] for each in element.iter() if "key" in each.attrib}
                element.clear()
            elif element.tag == "modify":
                return
