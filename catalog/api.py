"""REST: the outgoing feeds of a seller's catalogue, since a cursor or whole (S3, S4, U3).

Docstrings of operations and schemas are shown at /api/docs. The documents themselves are made in catalog/feeds; the
schemas here tell what they hold.
"""

import hashlib
from datetime import date
from typing import Any, Generic, Literal, TypeVar

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.gzip import gzip_page
from ninja import Field, Query, Router, Schema
from ninja.decorators import decorate_view

from accounts.auth import ApiKeyAuth, ApiRequest, seller_for
from accounts.rest import ApiError, FieldError
from catalog.feeds import formats, queries
from catalog.feeds.cursors import START, Cursor, CursorError, CursorOutdated, FeedSnapshot
from catalog.feeds.sources import feed_sources
from catalog.models import FeedPosition

router = Router(tags=["feeds"])
Feed = FeedPosition.Feed
Item = TypeVar("Item")
State = Literal["live", "suspended", "discontinued", "deleted"]
VENDOR: Any = Field(description="Whose item it is, by its name in your orders; null for your own.")


class PriceOut(Schema):
    price_list: str
    currency: str
    min_quantity: int = Field(description="From so many pieces on.")
    amount: float
    list_amount: float | None = Field(description="Before a reduction.")


class OptionOut(Schema):
    name: str
    value: str


class VariantOut(Schema):
    id: int
    status: State
    sku: str
    barcode: str
    weight_in_grams: float | None
    image_url: str
    options: list[OptionOut]
    settings: dict[str, Any]
    rrp: float | None
    prices: list[PriceOut]


class ProductOut(Schema):
    """A product group with its variants. Remove what is neither `live` nor `suspended`."""

    id: int
    vendor: str | None = VENDOR
    status: State
    title: str
    slug: str
    description: str
    type: str
    brand: str | None
    categories: list[str] = Field(description="Paths, as in `Garden / Chairs`.")
    attributes: dict[str, Any]
    variants: list[VariantOut]


class LocationOut(Schema):
    location: str
    quantity: float
    min_level: float | None
    restock_date: date | None


class InventoryOut(Schema):
    """How many of a variant there are."""

    id: int = Field(description="The variant's.")
    product_id: int
    vendor: str | None = VENDOR
    status: State
    sku: str
    quantity: float | None = Field(description="At all locations together; null if it is not counted.")
    locations: list[LocationOut]


class ImageOut(Schema):
    url: str
    label: str
    position: int


class VariantImageOut(Schema):
    id: int
    status: State
    sku: str
    image_url: str


class GalleryOut(Schema):
    """All images of a product, in their order: replace what you have by it."""

    id: int = Field(description="The product's.")
    vendor: str | None = VENDOR
    status: State
    title: str
    images: list[ImageOut]
    variants: list[VariantImageOut]


class DeletedItem(Schema):
    """An item that was deleted for good: nothing but its id is known any more."""

    id: int
    status: Literal["deleted"]


class FeedPage(Schema, Generic[Item]):
    """Items in the order in which they changed last."""

    items: list[Item | DeletedItem]
    next: str = Field(description="Send it as `cursor` for what comes after these items, at once or any time later.")
    more: bool = Field(description="Whether there is more already.")


class ChangesQuery(Schema):
    """Where to go on."""

    cursor: str = Field("", max_length=100, description="`next` of an earlier answer; without it, from the beginning.")
    limit: int = Field(500, ge=1, le=1000)
    seller: str | None = Field(None, description="Its slug, where the key reaches several.")


class FullFeedQuery(Schema):
    format: formats.Format = formats.Format.JSON_LINES
    seller: str | None = Field(None, description="Its slug, where the key reaches several.")


FEEDS_AUTH = ApiKeyAuth("feeds:read")


@router.get("/feeds/products", auth=FEEDS_AUTH, response=FeedPage[ProductOut], summary="Products since a cursor")
@decorate_view(gzip_page)
def products_feed(request: ApiRequest, since: Query[ChangesQuery]) -> HttpResponse:
    """Product groups with variants and prices that changed after the cursor, discontinued ones too."""
    return _changes_page(request, Feed.PRODUCTS, since)


@router.get("/feeds/inventory", auth=FEEDS_AUTH, response=FeedPage[InventoryOut], summary="Inventory since a cursor")
@decorate_view(gzip_page)
def inventory_feed(request: ApiRequest, since: Query[ChangesQuery]) -> HttpResponse:
    """Variants whose stock, SKU or status changed after the cursor."""
    return _changes_page(request, Feed.INVENTORY, since)


@router.get("/feeds/images", auth=FEEDS_AUTH, response=FeedPage[GalleryOut], summary="Image galleries since a cursor")
@decorate_view(gzip_page)
def images_feed(request: ApiRequest, since: Query[ChangesQuery]) -> HttpResponse:
    """The galleries of products whose images changed after the cursor."""
    return _changes_page(request, Feed.IMAGES, since)


@router.get("/feeds/{feed}/full", auth=FEEDS_AUTH, summary="A whole feed, as a stream")
@decorate_view(gzip_page)
def whole_feed(request: ApiRequest, feed: Feed, query: Query[FullFeedQuery]) -> HttpResponseBase:
    """Everything that is live or suspended, as JSON Lines or XML. Go on with the cursor in the header `Feed-Cursor`."""
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
        message = f"{error} Send the `next` of an earlier answer of this feed, or leave it out to begin anew."
        raise ApiError(
            400, message, field_errors=[FieldError(property="cursor", code="invalid", message=message)]
        ) from error
    except CursorOutdated as error:
        message = (
            "What this cursor counted from is gone: the data were restored or replaced since, or the seller has other "
            "vendors now. Fetch the whole feed, remove what it does not hold, and go on with its cursor."
        )
        raise ApiError(
            410, message, field_errors=[FieldError(property="cursor", code="outdated", message=message)]
        ) from error


def _etag(*state: object) -> str:
    return quote_etag(hashlib.blake2b(repr(state).encode(), digest_size=12).hexdigest())
