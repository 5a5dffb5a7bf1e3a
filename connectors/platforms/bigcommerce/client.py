"""API calls to one store, the format of its responses, and the store's own information."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, NoReturn

from connectors.platforms.bigcommerce.settings import (
    MAX_PAGE_SIZE,
    Credentials,
    FieldMap,
    Settings,
    SourceCredentials,
    TargetMap,
    TargetSettings,
)
from connectors.sdk.account import Account
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import NeedsAttention, TryAgainLater
from connectors.sdk.http import HttpClient
from connectors.sdk.paging import Slice, all_pages, numeric_ids
from connectors.sdk.responses import Response, retry_after, seconds_ahead

# Collections of the V3 API.
PRODUCTS = "/catalog/products"
VARIANTS = "/catalog/variants"
BRANDS = "/catalog/brands"
TREES = "/catalog/trees"
CATEGORIES = "/catalog/trees/categories"

# The names that stores use for units of weight.
GRAMS_PER_UNIT = {
    "grams": Decimal(1),
    "kgs": Decimal(1000),
    "tonnes": Decimal(1_000_000),
    "ounces": Decimal("28.349523125"),
    "lbs": Decimal("453.59237"),
}
PAGE_SIZE = MAX_PAGE_SIZE
# Keeps the URL below about 2,000 characters.
IDS_PER_REQUEST = 250
# The rows of a page if a request names no limit. A list nested in a product, or a page of V2, is only assumed to be
# complete if it is shorter.
DEFAULT_PAGE_SIZE = 50

Row = dict[str, Any]


class BigCommerceClient:
    """The API of one store. `info` is fetched once, on first use. Paths are relative to the V3 API unless stated
    otherwise."""

    def __init__(self, http: HttpClient) -> None:
        self.http = http
        http.retry_at = retry_at

    @cached_property
    def info(self) -> Row:
        """`GET /v2/store`: name, currency, weight unit, URL of the control panel."""
        answer = self.http.get("/v2/store").json()
        if not isinstance(answer, dict) or "weight_units" not in answer:
            raise TryAgainLater("The store's information cannot be read.")
        return answer

    def clear_cache(self) -> None:
        """Fetch the store information again on next use, because it may have changed."""
        for name in ("info", "grams_per_unit"):
            vars(self).pop(name, None)

    @cached_property
    def grams_per_unit(self) -> Decimal:
        unit = str(self.info["weight_units"])
        if unit.lower() not in GRAMS_PER_UNIT:
            raise NeedsAttention(
                f"The store uses the weight unit {unit!r}, which is not supported.",
                fix="Choose another weight unit in the settings of the store in BigCommerce.",
            )
        return GRAMS_PER_UNIT[unit.lower()]

    def link(self, page: str) -> str:
        """The URL of the control panel page where a merchant edits an item."""
        return f"{str(self.info.get('control_panel_base_url', '')).rstrip('/')}/manage/{page}"

    def call(self, method: str, path: str, *, body: Any = None, params: Mapping[str, Any] | None = None) -> Response:
        """Make one call that writes."""
        return self.http.request(method, f"/v3{path}", body=body, params=params)

    def list_page(self, path: str, **query: Any) -> tuple[list[Any], int]:
        """A page of a listing, and the number of matching items on all pages."""
        match self.http.get(f"/v3{path}", params=query).json():
            case {"data": list(rows), "meta": {"pagination": {"total": given}}} if (
                total := whole_number(given)
            ) is not None:
                return rows, total
        raise_malformed_response(path)

    def list_page_by_cursor(self, path: str, **query: Any) -> tuple[list[Any], str | None, int | None]:
        """A page of a listing with cursor pagination: rows, the next cursor, and the total if the response has it."""
        answer = self.http.get(f"/v3{path}", params=query).json()
        match answer:
            case {"data": list(rows), "meta": {"cursor_pagination": {"links": dict(links), **cursor}, **meta}}:
                numbered: Any = meta.get("pagination")
                following: Any = cursor.get("end_cursor") if links.get("next") else None
                return rows, following, numbered.get("total") if isinstance(numbered, dict) else None
        raise_malformed_response(path)

    def list_unpaged(self, path: str, **query: Any) -> list[Any]:
        """A listing that is always short and has no pages in the vendor's specification."""
        match self.http.get(f"/v3{path}", params=query).json():
            case {"data": list(rows)}:
                return rows
        raise_malformed_response(path)

    def fetch_all(self, path: str, **query: Any) -> list[Any]:
        """All pages of a listing that belongs to one item."""
        seen = 0

        def read(number: int) -> Slice:
            nonlocal seen
            rows, total = self.list_page(path, **query, page=number, limit=PAGE_SIZE)
            seen += len(rows)
            if not rows and seen < total:
                raise TryAgainLater(f"{path} returned {seen} of {total} items.")
            return rows, seen < total

        return all_pages(read)

    def v2_list(self, path: str, **query: Any) -> list[Any]:
        """A page of a V2 listing; the vendor responds with 204 if it is empty."""
        response = self.http.get(f"/v2{path}", params=query)
        if response.status == 204:
            return []
        answer = response.json()
        if isinstance(answer, list):
            return answer
        raise_malformed_response(path)

    def v2_fetch_all(self, path: str) -> list[Any]:
        """All pages of a V2 listing, whose responses have no total and whose largest page is not documented."""

        def read(number: int) -> Slice:
            rows = self.v2_list(path, page=number, limit=PAGE_SIZE)
            return rows, len(rows) >= DEFAULT_PAGE_SIZE

        return all_pages(read)

    def existing(self, path: str, ids: Sequence[str], *, name: str = "id", **query: Any) -> list[Any]:
        """Those of the IDs that exist. Raises TryAgainLater instead of returning an incomplete result (L11)."""
        wanted = numeric_ids(ids)
        found: list[Any] = []
        for start in range(0, len(wanted), IDS_PER_REQUEST):
            chunk = wanted[start : start + IDS_PER_REQUEST]
            rows, total = self.list_page(path, **{f"{name}:in": join(chunk)}, limit=PAGE_SIZE, **query)
            if total > len(rows):
                raise TryAgainLater(f"{path} returned {len(rows)} of {total} items.")
            found += rows
        return found

    def complete(self, product: Row) -> None:
        """Replace nested lists that the listing may have truncated by complete ones."""
        for name in ("variants", "images"):
            if isinstance(product.get(name), list) and len(product[name]) >= DEFAULT_PAGE_SIZE:
                product[name] = self.fetch_all(f"{PRODUCTS}/{product['id']}/{name}")


class SourceClient(BigCommerceClient):
    """Client for a store that is read."""

    def __init__(self, account: Account[Settings, SourceCredentials, FieldMap], http: HttpClient) -> None:
        super().__init__(http)
        self.settings = account.settings
        self.field_map = account.field_map
        self.app_client_id = account.credentials.app_client_id
        self.app_client_secret = account.credentials.app_client_secret.get_secret_value()
        self.store_hash = account.base_url.rstrip("/").rpartition("/")[2]


class TargetClient(BigCommerceClient):
    """Client for a store that is written to."""

    def __init__(self, account: Account[TargetSettings, Credentials, TargetMap], http: HttpClient) -> None:
        super().__init__(http)
        self.settings = account.settings
        self.field_map = account.field_map


def raise_malformed_response(path: str) -> NoReturn:
    raise TryAgainLater(f"{path} returned data in an unexpected format.")


def join(values: Sequence[object]) -> str:
    return ",".join(map(str, values))


def retry_at(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When to retry after a 429 or 503: the end of the rate limit window, or the later time in the `X-Retry-After`
    header of an overloaded store.

    Without either header (store overload) the engine's exponential backoff decides.
    """
    candidates = [retry_after(headers, now)]
    until_reset = seconds_ahead(headers.get("X-Rate-Limit-Time-Reset-Ms", ""), unit=timedelta(milliseconds=1))
    candidates += [now + wait for wait in (until_reset, seconds_ahead(headers.get("X-Retry-After", ""))) if wait]
    return max((timestamp for timestamp in candidates if timestamp), default=None)
