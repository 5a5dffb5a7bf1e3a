"""All products of a large store, read by a bulk operation: a file of JSON Lines, in chunks.

Each object is a line of its own; nested ones name their parent. The operation is asked to write them below their
parents, but a product is only taken from the file if all its variants, stock levels and images are there; others are
read one by one. What an operation that failed has written (`partialDataUrl`) is never taken for the whole.

Source: https://shopify.dev/docs/api/usage/bulk-operations/queries
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from connectors.platforms.shopify import documents
from connectors.platforms.shopify.client import Row, ShopifyClient, malformed
from connectors.platforms.shopify.documents import ProductDocuments
from connectors.platforms.shopify.error_messages import user_error
from connectors.sdk import clock
from connectors.sdk.decoding import decode_json, whole_number
from connectors.sdk.errors import NeedsAttention, TryAgainLater
from connectors.sdk.paging import Cursor
from connectors.sdk.responses import RequestRejected

CHUNK = 4 * 1024 * 1024
MAX_CHUNK = 32 * 1024 * 1024
_ASK_AGAIN = timedelta(seconds=10)
_UNFINISHED = ("CREATED", "RUNNING", "CANCELING")


@dataclass(frozen=True, slots=True)
class BulkPage:
    """`rows` are products with lists instead of connections, `incomplete` the global IDs of those whose parts are not
    all in this chunk."""

    rows: list[Any]
    incomplete: set[str]
    cursor: Cursor
    total: int | None = None


class BulkProducts:
    def __init__(self, client: ShopifyClient, product_documents: ProductDocuments) -> None:
        self._client = client
        self._documents = product_documents

    def start(self) -> Cursor:
        """The cursor of the operation; that of paging if the store refuses it, such as while five others run."""
        result = self._client.query(documents.BULK_RUN, query=self._documents.bulk).get("bulkOperationRunQuery")
        match result:
            case {"bulkOperation": {"id": str(identifier)}}:
                return {"bulk": identifier, "offset": 0, "chunk": CHUNK}
            case {"userErrors": list(errors)} if user_error(errors):
                return {"after": None}
        raise malformed("bulkOperationRunQuery")

    def read(self, cursor: Row) -> BulkPage:
        """The next chunk of the file. TryAgainLater while the operation runs; paging if it or its file has failed."""
        operation: Any = self._client.query(documents.BULK_STATUS, id=cursor["bulk"]).get("bulkOperation")
        match operation:
            case {"status": str(status)} if status in _UNFINISHED:
                raise TryAgainLater(
                    "Shopify is still collecting the products.", not_before=clock.now() + _ASK_AGAIN, sent=False
                )
            case {"status": "COMPLETED", "url": str(url), **others}:
                try:
                    return self._chunk(url, cursor, whole_number(others.get("fileSize")))
                except (RequestRejected, NeedsAttention):
                    return BulkPage([], set(), {"after": None})  # the link is valid for a week
            case {"status": "COMPLETED"}:
                return BulkPage([], set(), None)  # there is no file if nothing was found
            case {"status": str()} | None:
                return BulkPage([], set(), {"after": None})
        raise malformed("bulkOperation")

    def _chunk(self, url: str, cursor: Row, size: int | None) -> BulkPage:
        """Products from the offset on. The last one may be cut off, so the next chunk begins with it."""
        offset, length = cursor["offset"], cursor["chunk"]
        content, is_last = self._download(url, offset, length, size)
        lines = content.splitlines(keepends=True)
        parsed = [_parse(line) for line in lines]
        kept = len(lines)
        if not is_last:
            kept = max((place for place, row in enumerate(parsed) if row and "__parentId" not in row), default=0)
            if not kept:
                if length >= MAX_CHUNK:
                    raise TryAgainLater(f"A product of the bulk operation is larger than {MAX_CHUNK} bytes.")
                return BulkPage([], set(), cursor | {"chunk": length * 2})
        rows, incomplete = assemble(parsed[:kept])
        following = None if is_last else {**cursor, "offset": offset + sum(map(len, lines[:kept])), "chunk": CHUNK}
        return BulkPage(rows, incomplete, following)

    def _download(self, url: str, offset: int, length: int, size: int | None) -> tuple[bytes, bool]:
        """Whole lines from the offset on, and whether the file ends with them. The link needs no credentials."""
        wanted = {"Range": f"bytes={offset}-{offset + length - 1}", "Accept-Encoding": "identity"}
        response = self._client.http.get(url, headers=wanted, authenticate=False)
        content = response.content
        if response.status == 206:
            is_last = len(content) < length or (size is not None and offset + length >= size)
        else:  # a server that does not know ranges answers with the whole file
            content, is_last = content[offset : offset + length], len(content) <= offset + length
        return (content if is_last else content[: content.rfind(b"\n") + 1]), is_last


def _parse(line: bytes) -> Row:
    """A line, decoded leniently; empty for a blank one. TryAgainLater for any other that is no object."""
    if not line.strip():
        return {}
    try:
        row, _ = decode_json(line)
    except ValueError as error:
        raise TryAgainLater("A line of the bulk operation is not JSON.") from error
    if not isinstance(row, dict):
        raise malformed("bulk operation")
    return row


def assemble(lines: Iterable[Row]) -> tuple[list[Row], set[str]]:
    """Products with their parts, and the global IDs of those that lack a part or of which only a part is here."""
    products: dict[str, Row] = {}
    variants: dict[str, Row] = {}
    parts: list[Row] = []
    for row in filter(None, lines):
        if "__parentId" in row:
            parts.append(row)
        else:
            products[str(row.get("id"))] = row | {"variants": [], "media": [], "collections": []}
    incomplete: set[str] = set()
    for row in (each for each in parts if _kind(each) == "ProductVariant"):
        item = row.get("inventoryItem")
        row["inventoryItem"] = item | {"inventoryLevels": []} if isinstance(item, dict) else item
        # A stock level may name the variant or its item as its parent.
        variants[str(row.get("id"))] = row
        if isinstance(item, dict):
            variants[str(item.get("id"))] = row
    for row in parts:
        parent = str(row.pop("__parentId"))
        match _kind(row):
            case "InventoryLevel" if parent in variants:
                variants[parent]["inventoryItem"]["inventoryLevels"].append(row)
            case "ProductVariant" | "MediaImage" | "Collection" as kind if parent in products:
                field = {"ProductVariant": "variants", "MediaImage": "media", "Collection": "collections"}[kind]
                products[parent][field].append(row)
            case "InventoryLevel":
                pass  # its variant has fewer levels than it should, and so its product is incomplete
            case _:
                incomplete.add(parent)
    incomplete |= {identifier for identifier, row in products.items() if not _is_complete(row)}
    return list(products.values()), {each for each in incomplete if each.startswith("gid://shopify/Product/")}


def _kind(row: Row) -> str:
    return str(row.get("id", "")).removeprefix("gid://shopify/").partition("/")[0]


def _is_complete(product: Row) -> bool:
    items = [each.get("inventoryItem") for each in product["variants"]]
    return (
        len(product["variants"]) == _count(product, "variantsCount")
        and len(product["media"]) >= min(1, _count(product, "mediaCount"))
        and all(
            isinstance(item, dict) and len(item["inventoryLevels"]) == _count(item, "locationsCount") for item in items
        )
    )


def _count(row: Row, name: str) -> int:
    value = row.get(name)
    return (whole_number(value.get("count")) if isinstance(value, dict) else None) or 0
