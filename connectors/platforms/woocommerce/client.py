"""Calls to one shop's REST API, the format of its responses, and data cached for one turn."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from html import unescape
from typing import Any, Generic, NoReturn, TypeVar
from urllib.parse import quote

from connectors.platforms.woocommerce.error_messages import (
    describe_denial,
    describe_missing_api,
    describe_web_page,
    error_body,
)
from connectors.platforms.woocommerce.php_output import without_messages
from connectors.platforms.woocommerce.settings import FieldMap, Settings, SiteSettings, TargetSettings
from connectors.sdk.account import Account
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import NeedsAttention, TryAgainLater
from connectors.sdk.http import HttpClient
from connectors.sdk.paging import Slice, all_pages, numeric_ids
from connectors.sdk.responses import RequestRejected, Response
from connectors.sdk.schemas import Schema

PRODUCTS = "/products"
CATEGORIES = "/products/categories"
BRANDS = "/products/brands"
CUSTOMERS = "/customers"
ORDERS = "/orders"
WEBHOOKS = "/webhooks"

# The most rows of a page, and the most objects of a batch.
PAGE_SIZE = 100
# Weight units that a shop can choose.
GRAMS_PER_UNIT = {
    "kg": Decimal(1000),
    "g": Decimal(1),
    "lbs": Decimal("453.59237"),
    "oz": Decimal("28.349523125"),
}

Row = dict[str, Any]
SettingsT = TypeVar("SettingsT", bound=SiteSettings)
FieldMapT = TypeVar("FieldMapT", bound=Schema)


class WooClient(Generic[SettingsT, FieldMapT]):
    """The API of one site. Paths are relative to `wc/v3`; information about the site is fetched once, on first use."""

    def __init__(self, account: Account[SettingsT, Any, FieldMapT], http: HttpClient) -> None:
        self.settings = account.settings
        self.field_map = account.field_map
        self.site = account.base_url.partition("/wp-json")[0].rstrip("/")
        self.http = http
        http.describe_denial = describe_denial
        # A cache in front of the site has to ask it again (RFC 9111, 5.2.1.4): events and changes are fetched at once.
        http.headers["Cache-Control"] = "no-cache"

    # The site

    @cached_property
    def index(self) -> Row:
        """Name, address and time zone of the site, which WordPress tells everybody. A site may keep it from visitors:
        it is empty then."""
        try:
            answer = self._decoded(self.http.get(self._url(""), authenticate=False))
        except NeedsAttention as error:
            if error.status in (401, 403):
                return {}
            raise
        except RequestRejected as error:
            self._raise_missing_api(error)
        if not isinstance(answer, dict) or "namespaces" not in answer:
            raise TryAgainLater("The site's information cannot be read.")
        return answer

    @property
    def name(self) -> str:
        return unescape(str(self.index.get("name") or ""))

    @property
    def time_zone(self) -> str:
        """IANA name of the site's time zone; empty if the site has an offset of less than full hours, or hides it."""
        if name := self.index.get("timezone_string"):
            return str(name)
        try:
            offset = Decimal(str(self.index.get("gmt_offset", "")))
        except ArithmeticError:
            return ""
        # The sign of these names is the opposite of the offset's.
        return f"Etc/GMT{-int(offset):+d}" if offset == int(offset) and -12 <= offset <= 14 else ""

    def setting(self, group: str, name: str) -> str:
        """The value of one of the shop's own settings."""
        answer = self.get(f"/settings/{group}/{name}")
        match answer:
            case {"value": str(value)} if value:
                return value
        raise_malformed_response(f"/settings/{group}/{name}")

    @cached_property
    def currency(self) -> str:
        return self.setting("general", "woocommerce_currency")

    @cached_property
    def grams_per_unit(self) -> Decimal:
        unit = self.setting("products", "woocommerce_weight_unit")
        if unit not in GRAMS_PER_UNIT:
            raise NeedsAttention(
                f"The shop uses the weight unit {unit!r}, which is not supported.",
                fix="Choose kg, g, lbs or oz in WooCommerce under Settings, Products.",
            )
        return GRAMS_PER_UNIT[unit]

    def clear_cache(self) -> None:
        """Fetch the information about the site again on next use, because it may have changed."""
        for name in ("index", "currency", "grams_per_unit"):
            vars(self).pop(name, None)

    def admin_link(self, page: str) -> str:
        """The URL of a page of WordPress's administration."""
        return f"{self.site}/wp-admin/{page}"

    # Calls

    def get(self, path: str, **query: Any) -> Any:
        """NeedsAttention if the path does not exist; RequestRejected for a single item that does not."""
        return self._decoded(self._get(path, query))

    def send(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """Make one call that writes."""
        return self._decoded(self.http.request(method, self._url(f"/wc/v3{path}"), body=body, params=query))

    def list_page(self, path: str, **query: Any) -> tuple[list[Any], int | None]:
        """A page of a listing, and the number of matching items on all pages; None if a proxy took the header away."""
        response = self._get(path, query)
        rows = self._decoded(response)
        if not isinstance(rows, list):
            raise_malformed_response(path)
        return rows, whole_number(response.headers.get("X-WP-Total"))

    def fetch_all(self, path: str, **query: Any) -> list[Any]:
        """All pages of a listing that belongs to one item."""

        def read(number: int) -> Slice:
            rows, total = self.list_page(path, **query, page=number, per_page=PAGE_SIZE)
            return rows, has_more(rows, total, number)

        return all_pages(read)

    def find(self, path: str, **query: Any) -> Row | None:
        """One item; None if it does not exist."""
        try:
            answer = self.get(path, **query)
        except RequestRejected as error:
            if error.status == 404:
                return None
            raise
        if not isinstance(answer, dict) or "id" not in answer:
            raise_malformed_response(path)
        return answer

    def existing(self, path: str, ids: Iterable[str], **query: Any) -> list[Any]:
        """Those of the IDs that exist and match the query, in one call for a hundred of them, or in more if the site
        returns fewer at once."""
        wanted = numeric_ids(ids)
        found: list[Any] = []
        for start in range(0, len(wanted), PAGE_SIZE):
            chunk = wanted[start : start + PAGE_SIZE]
            while chunk:
                rows, total = self.list_page(path, include=join(chunk), per_page=PAGE_SIZE, **query)
                ids_found = {*row_ids(rows)}
                if not ids_found <= {*chunk}:
                    raise TryAgainLater(f"{path} returned items that were not requested.")
                found += rows
                chunk = [each for each in chunk if each not in ids_found]
                if not ids_found or (total is not None and total <= len(rows)):
                    break
        return found

    def _get(self, path: str, query: Row) -> Response:
        try:
            return self.http.get(self._url(f"/wc/v3{path}"), params=query)
        except RequestRejected as error:
            # An item that does not exist has a code of its own, such as woocommerce_rest_product_invalid_id.
            if error.status == 404 and "invalid" not in str(error_body(error.response).get("code", "")):
                self._raise_missing_api(error)
            raise

    def _url(self, path: str) -> str:
        if self.settings.permalinks == "plain":
            return f"{self.site}/index.php?rest_route={quote(path or '/')}"
        return f"{self.site}/wp-json{path}"

    def _decoded(self, response: Response) -> Any:
        """The parsed JSON of a response, around which the site may have printed messages of PHP."""
        content = without_messages(response.content)
        if content[:1] == b"<":
            raise TryAgainLater(describe_web_page())
        return replace(response, content=content).json()

    @staticmethod
    def _raise_missing_api(error: RequestRejected) -> NoReturn:
        message, fix = describe_missing_api(error)
        raise NeedsAttention(message, fix=fix, status=error.status) from error


ShopClient = WooClient[Settings, FieldMap]
TargetClient = WooClient[TargetSettings, Schema]


def has_more(rows: Sequence[Any], total: int | None, number: int) -> bool:
    """Whether a listing goes on after the page with this number, counted from 1. A page may be short although it is not
    the last, since the shop leaves out items that it cannot load, and a plug-in may make all pages smaller than was
    asked for; without a total, only an empty page is the end."""
    return bool(rows) if total is None else number * (len(rows) or PAGE_SIZE) < total


def raise_malformed_response(path: str) -> NoReturn:
    raise TryAgainLater(f"{path} returned data in an unexpected format.")


def row_ids(rows: Iterable[Any]) -> list[int]:
    """The IDs of those rows that have one, also if it came as text."""
    return [number for row in rows if isinstance(row, dict) and (number := whole_number(row.get("id"))) is not None]


def join(values: Iterable[object]) -> str:
    return ",".join(map(str, values))
