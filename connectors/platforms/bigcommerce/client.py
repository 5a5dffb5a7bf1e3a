"""One store: how it is called, and what it says of itself."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import count
from typing import Annotated, Any, Literal, NoReturn

from pydantic import Field, SecretStr

from connectors.contract import Account, Schema
from connectors.errors import NeedsAttention, TryAgainLater
from connectors.http import HttpClient, retry_after

# Units of weight by the names that stores have for them.
GRAMS_PER_UNIT = {
    "grams": Decimal(1),
    "kgs": Decimal(1000),
    "tonnes": Decimal(1_000_000),
    "ounces": Decimal("28.349523125"),
    "lbs": Decimal("453.59237"),
}
PAGE_SIZE = 250
IDS_PER_REQUEST = 250  # ids a call: about 2,000 characters of address
# What is carried inside a product is believed to be complete only below the vendor's own default page.
MAX_INCLUDED_ITEMS = 50


class Settings(Schema):
    page_size: int = Field(
        PAGE_SIZE, ge=1, le=PAGE_SIZE, title="Items per page", description="Less where a store answers 504 to pages."
    )
    channel_ids: tuple[int, ...] = Field(
        (), title="Storefronts", description="Only products and categories of these channels; empty: all."
    )
    b2b_channel_id: int | None = Field(
        None, title="B2B channel", description="Only orders placed through this channel are read; empty: all."
    )


class TargetSettings(Schema):
    price_list: str = Field("", title="Price list", description="Slug of our list of default prices; empty: the first.")
    price_list_id: int | None = Field(
        None, title="Price list of the store", description="Its id in BigCommerce; empty: no price records are sent."
    )
    location_id: int = Field(1, title="Stock location", description="Id of the store's location that stock is sent to.")
    channel_id: int = Field(1, title="Storefront", description="Id of the channel whose category tree is written.")
    on_removal: Literal["hide", "delete"] = Field(
        "hide", title="What is discontinued", description="Brands cannot be hidden: they stay then."
    )


class Credentials(Schema):
    access_token: Annotated[SecretStr, Field(min_length=1)] = Field(
        title="Access token", description="Of a store-level API account, with the scopes of the data to be synced."
    )


class SourceCredentials(Credentials):
    client_secret: SecretStr = Field(
        SecretStr(""),
        title="Client secret",
        description="Of the same API account: webhooks are then trusted by their signature as well as by our secret.",
    )


class BigCommerceClient:
    """Calls one store and reads the shape of its answers. `info` is asked once, when it is first needed."""

    def __init__(self, account: Account, http: HttpClient) -> None:
        self.settings: Any = account.settings
        self.field_map: Any = account.field_map
        self.http = http

    @cached_property
    def info(self) -> dict[str, Any]:
        """`GET /v2/store`: name, currency, weight unit, address of the control panel."""
        answer = self.http.get("/v2/store").json()
        if not isinstance(answer, dict) or "weight_units" not in answer:
            raise TryAgainLater("The store did not describe itself.")
        return answer

    def clear_cache(self) -> None:
        """What the store says of itself may have changed: ask again."""
        for name in ("info", "grams_per_unit"):
            vars(self).pop(name, None)

    @cached_property
    def grams_per_unit(self) -> Decimal:
        unit = str(self.info["weight_units"])
        if unit.lower() not in GRAMS_PER_UNIT:
            raise NeedsAttention(
                f"The store weighs in {unit!r}, which is not known here.",
                fix="Choose another unit of weight in the store's settings.",
            )
        return GRAMS_PER_UNIT[unit.lower()]

    def link(self, page: str) -> str:
        """A page of the control panel, where a merchant mends an item."""
        return f"{str(self.info.get('control_panel_base_url', '')).rstrip('/')}/manage/{page}"

    def list_page(self, path: str, **query: Any) -> tuple[list[Any], int]:
        """A page of a V3 listing and the number of items that match on all pages."""
        answer = self.http.get(f"/v3{path}", params=query).json()
        match answer:
            case {"data": list(rows), "meta": {"pagination": {"total": int(total)}}}:
                return rows, total
        self.raise_malformed_response(path)

    def list_page_by_cursor(self, path: str, **query: Any) -> tuple[list[Any], str | None, int | None]:
        """A page of a V3 listing that pages by cursor: rows, the cursor of the next page, the total if told."""
        answer = self.http.get(f"/v3{path}", params=query).json()
        match answer:
            case {"data": list(rows), "meta": {"cursor_pagination": {"links": dict(links), **cursor}, **meta}}:
                numbered: Any = meta.get("pagination")
                following: Any = cursor.get("end_cursor") if links.get("next") else None
                return rows, following, numbered.get("total") if isinstance(numbered, dict) else None
        self.raise_malformed_response(path)

    def list_unpaged(self, path: str, **query: Any) -> list[Any]:
        """A V3 listing that is never long, and has no pages in the vendor's specification."""
        match self.http.get(f"/v3{path}", params=query).json():
            case {"data": list(rows)}:
                return rows
        self.raise_malformed_response(path)

    def fetch_all(self, path: str, **query: Any) -> list[Any]:
        """All pages of a V3 listing that belongs to one item."""
        found: list[Any] = []
        for page in count(1):
            rows, total = self.list_page(path, **query, page=page, limit=PAGE_SIZE)
            found += rows
            if not rows or len(found) >= total:
                break
        return found

    def v2_list(self, path: str, **query: Any) -> list[Any]:
        """A page of a V2 listing; the vendor answers 204 to an empty one."""
        response = self.http.get(f"/v2{path}", params=query)
        if response.status == 204:
            return []
        answer = response.json()
        if isinstance(answer, list):
            return answer
        self.raise_malformed_response(path)

    def v2_fetch_all(self, path: str) -> list[Any]:
        """All pages of a V2 listing, which does not tell how many there are."""
        found: list[Any] = []
        for page in count(1):
            rows = self.v2_list(path, page=page, limit=PAGE_SIZE)
            found += rows
            if len(rows) < PAGE_SIZE:
                break
        return found

    def existing(self, path: str, ids: Sequence[str], *, name: str = "id", **query: Any) -> list[Any]:
        """Those of the ids that exist. TryAgainLater rather than a part of them (L11)."""
        wanted = sorted({int(each) for each in ids if each.isdecimal()})
        found: list[Any] = []
        for start in range(0, len(wanted), IDS_PER_REQUEST):
            chunk = wanted[start : start + IDS_PER_REQUEST]
            rows, total = self.list_page(path, **{f"{name}:in": join(chunk)}, limit=PAGE_SIZE, **query)
            if total > len(rows):
                raise TryAgainLater(f"{path} gave {len(rows)} of the {total} items asked for.")
            found += rows
        return found

    def complete(self, product: dict[str, Any]) -> None:
        """What a listing may have cut off inside a product is read in full."""
        for name in ("variants", "images"):
            if isinstance(product.get(name), list) and len(product[name]) >= MAX_INCLUDED_ITEMS:
                product[name] = self.fetch_all(f"/catalog/products/{product['id']}/{name}")

    def raise_malformed_response(self, path: str) -> NoReturn:
        raise TryAgainLater(f"{path} answered in a shape that is not the vendor's.")


def join(values: Sequence[object]) -> str:
    return ",".join(map(str, values))


def retry_at(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When a 429 or 503 may be repeated: the end of the window, or the longer `X-Retry-After` of an overloaded store.

    Without either (store overload) the engine's own growing pause decides.
    """
    candidates = [retry_after(headers, now)]
    milliseconds = headers.get("X-Rate-Limit-Time-Reset-Ms", "")
    if milliseconds.isdecimal():
        candidates.append(now + timedelta(milliseconds=int(milliseconds)))
    if headers.get("X-Retry-After", "").isdecimal():
        candidates.append(now + timedelta(seconds=int(headers["X-Retry-After"])))
    return max((timestamp for timestamp in candidates if timestamp), default=None)
