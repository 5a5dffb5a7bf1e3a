"""REST API: feeds of a seller's catalog, in full or as changes since a cursor (S3, S4, U3).

Docstrings of operations and schemas are published at /api/docs. catalog/feeds generates the documents; the schemas here
only describe them.
"""

import hashlib
from typing import Any, Generic, Literal, TypeVar

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.gzip import gzip_page
from ninja import Field, Query, Router, Schema
from ninja.decorators import decorate_view
from pydantic import create_model

from accounts.auth import ApiKeyAuth, ApiRequest, seller_for
from catalog.feeds import formats, queries
from catalog.feeds.cursors import START, Cursor, CursorError, CursorOutdated, FeedSnapshot
from catalog.feeds.sources import feed_sources
from catalog.models import FeedPosition
from catalog.records import ImageRecord, PriceRecord, ProductRecord, StockRecord, VariantRecord
from common.rest import ApiError, FieldError
from hub.field_registry import FieldType, stored_fields

router = Router(tags=["feeds"])
Feed = FeedPosition.Feed
Item = TypeVar("Item")
State = Literal["live", "suspended", "discontinued", "deleted"]
VENDOR: Any = Field(description="The vendor's name on your order lines. Null for your own items.")


class OptionOut(Schema):
    """An option of a variant, for example size M."""

    name: str
    value: str


def _with_fields(record_class: type, base: type[Schema] = Schema) -> Any:
    """A schema of `base` and those fields of the registry that it does not describe itself."""
    types: dict[str, Any] = {"status": State, "options": list[OptionOut]}
    fields: dict[str, Any] = {
        field.feed_name: types.get(field.name, float | None if field.type is FieldType.DECIMAL else field.annotation)
        for field in stored_fields(record_class)
        if field.feed_name and field.feed_name not in base.model_fields
    }
    return create_model(base.__name__, __base__=base, **fields)


class _PriceDocument(Schema):
    price_list: str
    currency: str
    customer_groups: list[str] = Field(description="The only customer groups with this price. Empty: all customers.")
    min_quantity: int = Field(description="The smallest quantity to which the price applies.")
    max_quantity: int | None = Field(description="The largest quantity to which the price applies. Null: no limit.")
    amount: float
    list_amount: float | None = Field(description="The price before a discount.")


class PriceOut(_with_fields(PriceRecord, _PriceDocument)):  # type: ignore[misc]  # from the registry
    """A price of a variant in a price list."""


class _VariantDocument(Schema):
    id: int


class _ProductDocument(Schema):
    id: int
    vendor: str | None = VENDOR


class VariantOut(_with_fields(VariantRecord, _VariantDocument)):  # type: ignore[misc]  # from the registry
    """A variant with its prices."""

    prices: list[PriceOut]


class ProductOut(_with_fields(ProductRecord, _ProductDocument)):  # type: ignore[misc]  # from the registry
    """A product with its variants. Delete products and variants that are neither `live` nor `suspended`."""

    brand: str | None
    categories: list[str] = Field(description="Category paths, for example `Garden / Chairs`.")
    variants: list[VariantOut]


class _LocationDocument(Schema):
    location: str
    quantity: float


class LocationOut(_with_fields(StockRecord, _LocationDocument)):  # type: ignore[misc]  # from the registry
    """Stock of a variant at a location."""


class InventoryOut(Schema):
    """Stock of a variant."""

    id: int = Field(description="ID of the variant.")
    product_id: int
    vendor: str | None = VENDOR
    status: State
    sku: str
    quantity: float | None = Field(description="Total of all locations. Null if the stock isn't tracked.")
    locations: list[LocationOut]


class ImageOut(_with_fields(ImageRecord)):  # type: ignore[misc]  # from the registry
    """An image of a product."""


class VariantImageOut(Schema):
    """The image of a variant."""

    id: int
    status: State
    sku: str
    image_url: str


class GalleryOut(Schema):
    """All images of a product in order. They replace the images you have."""

    id: int = Field(description="ID of the product.")
    vendor: str | None = VENDOR
    status: State
    title: str
    images: list[ImageOut]
    variants: list[VariantImageOut]


class DeletedItem(Schema):
    """An item that was permanently deleted."""

    id: int
    status: Literal["deleted"]


class FeedPage(Schema, Generic[Item]):
    """A page of items, ordered by their last change."""

    items: list[Item | DeletedItem]
    next: str = Field(
        description="Send this as `cursor`, now or at any later time, to get the changes after these items."
    )
    more: bool = Field(description="Whether more changes are available now.")


class ChangesQuery(Schema):
    """Parameters of a request for changes."""

    cursor: str = Field(
        "", max_length=100, description="`next` of an earlier response. Leave empty to start from the beginning."
    )
    limit: int = Field(500, ge=1, le=1000)
    seller: str | None = Field(None, description="Slug of the seller. Required if the key can access several sellers.")


class FullFeedQuery(Schema):
    """Parameters of a request for a full feed."""

    format: formats.Format = formats.Format.JSON_LINES
    seller: str | None = Field(None, description="Slug of the seller. Required if the key can access several sellers.")


FEEDS_AUTH = ApiKeyAuth("feeds:read")
_UNCHANGED = {304: {"description": "Nothing has changed since the response with the ETag of `If-None-Match`."}}
_CHANGES = {"responses": _UNCHANGED}
_FULL_FEED = {
    "responses": _UNCHANGED
    | {
        200: {
            "description": "The items, one in each line or element.",
            "content": {each: {"schema": {"type": "string"}} for each in formats.CONTENT_TYPES.values()},
            "headers": {
                "Feed-Cursor": {"description": "The cursor to continue with.", "schema": {"type": "string"}},
                "ETag": {"schema": {"type": "string"}},
            },
        }
    }
}


@router.get(
    "/feeds/products",
    auth=FEEDS_AUTH,
    response=FeedPage[ProductOut],
    openapi_extra=_CHANGES,
    summary="List product changes",
)
@decorate_view(gzip_page)
def products_feed(request: ApiRequest, since: Query[ChangesQuery]) -> HttpResponse:
    """List products with variants and prices that changed after the cursor, including discontinued ones."""
    return _changes_page(request, Feed.PRODUCTS, since)


@router.get(
    "/feeds/inventory",
    auth=FEEDS_AUTH,
    response=FeedPage[InventoryOut],
    openapi_extra=_CHANGES,
    summary="List inventory changes",
)
@decorate_view(gzip_page)
def inventory_feed(request: ApiRequest, since: Query[ChangesQuery]) -> HttpResponse:
    """List variants whose stock, SKU or status changed after the cursor."""
    return _changes_page(request, Feed.INVENTORY, since)


@router.get(
    "/feeds/images",
    auth=FEEDS_AUTH,
    response=FeedPage[GalleryOut],
    openapi_extra=_CHANGES,
    summary="List image changes",
)
@decorate_view(gzip_page)
def images_feed(request: ApiRequest, since: Query[ChangesQuery]) -> HttpResponse:
    """List the images of products whose images changed after the cursor."""
    return _changes_page(request, Feed.IMAGES, since)


@router.get("/feeds/{feed}/full", auth=FEEDS_AUTH, openapi_extra=_FULL_FEED, summary="Stream a full feed")
@decorate_view(gzip_page)
def whole_feed(request: ApiRequest, feed: Feed, query: Query[FullFeedQuery]) -> HttpResponseBase:
    """Stream all live and suspended items. Continue with the cursor from the `Feed-Cursor` header."""
    sources = feed_sources(seller_for(request.auth, query.seller))
    snapshot = FeedSnapshot.of(sources)
    etag = _etag(query.format, snapshot.encode(feed, queries.latest_cursor(feed, sources=sources)))
    stream = StreamingHttpResponse(
        formats.encode(query.format, feed, queries.all_documents(feed, sources=sources)),
        content_type=formats.CONTENT_TYPES[query.format],
    )
    answer: HttpResponseBase = get_conditional_response(request, etag=etag) or stream
    answer["ETag"] = etag
    answer["Feed-Cursor"] = snapshot.encode(feed, snapshot.current_cursor)
    return answer


def _changes_page(request: ApiRequest, feed: Feed, since: ChangesQuery) -> HttpResponse:
    sources = feed_sources(seller_for(request.auth, since.seller))
    snapshot = FeedSnapshot.of(sources)
    after = _read_cursor(snapshot, feed, since.cursor)
    changes = queries.find_changes(feed, sources=sources, after=after, limit=since.limit)
    next_cursor = snapshot.encode(feed, changes.entries[-1].cursor if changes.entries else after)
    etag = _etag(next_cursor, changes)
    if answer := get_conditional_response(request, etag=etag):
        return answer
    items = ",".join(queries.documents(feed, changes.entries))
    more = "true" if changes.more else "false"
    answer = HttpResponse(
        f'{{"items":[{items}],"next":"{next_cursor}","more":{more}}}', content_type="application/json"
    )
    answer["ETag"] = etag
    return answer


def _read_cursor(snapshot: FeedSnapshot, feed: Feed, text: str) -> Cursor:
    try:
        return snapshot.decode(feed, text) if text else START
    except CursorError as error:
        message = (
            f"{error} Send the `next` value of an earlier response of this feed, or omit the cursor to start over."
        )
        raise ApiError(
            400, message, field_errors=[FieldError(property="cursor", code="invalid", message=message)]
        ) from error
    except CursorOutdated as error:
        message = (
            "This cursor is no longer valid: the database was restored or replaced, or the seller's vendors "
            "have changed. Fetch the full feed, delete items that it doesn't contain, and continue with its cursor."
        )
        raise ApiError(
            410, message, field_errors=[FieldError(property="cursor", code="outdated", message=message)]
        ) from error


def _etag(*state: object) -> str:
    return quote_etag(hashlib.blake2b(repr(state).encode(), digest_size=12).hexdigest())
