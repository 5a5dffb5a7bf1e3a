"""Typed calls to one shop, and data cached for the lifetime of the client."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Generic, NoReturn, TypeVar
from urllib.parse import quote

from connectors.platforms.magento import product_rows
from connectors.platforms.magento.attributes import Attributes
from connectors.platforms.magento.error_messages import error_message
from connectors.platforms.magento.inventory import Inventory
from connectors.platforms.magento.rights import describe_denied_right
from connectors.platforms.magento.search import Filter, Group, any_of, search_params
from connectors.platforms.magento.settings import FieldMap, Settings, StoreViewSettings, TargetMap, TargetSettings
from connectors.platforms.magento.skus import sku_key
from connectors.platforms.magento.values import text
from connectors.platforms.magento.websites import Websites
from connectors.sdk.account import Account
from connectors.sdk.decoding import whole_number
from connectors.sdk.errors import ListingRepeats, NeedsAttention, TryAgainLater
from connectors.sdk.http import HttpClient
from connectors.sdk.paging import Slice, all_pages, numeric_ids
from connectors.sdk.responses import RequestRejected
from connectors.sdk.schemas import Schema

PAGE_SIZE = 100
MAX_PAGE_SIZE = 300  # the limit of shops that limit the size of pages
# Servers accept request lines of 8 KB; the rest of a search takes about 1 KB.
MAX_FILTER_LENGTH = 5000
FILTER_LENGTH = 270  # the names of the three parameters of a filter

Row = dict[str, Any]
SettingsT = TypeVar("SettingsT", bound=StoreViewSettings)
FieldMapT = TypeVar("FieldMapT", bound=Schema)


class MagentoClient(Generic[SettingsT, FieldMapT]):
    """The API of one shop. `config`, `attributes`, `websites` and the configuration of `inventory` are
    fetched once."""

    def __init__(self, account: Account[SettingsT, Any, FieldMapT], http: HttpClient) -> None:
        self.settings = account.settings
        self.field_map = account.field_map
        self.http = http
        http.describe_denial = describe_denied_right
        self.attributes = Attributes(self)
        self.inventory = Inventory(self)
        self.websites = Websites(self)

    @cached_property
    def config(self) -> Row:
        """The configuration of the store view in the settings; of the first store view if there is none with that
        code."""
        return self.read_config()

    def read_config(self) -> Row:
        views = self._store_views()
        return next((each for each in views if each.get("code") == self.settings.store_view), views[0])

    def _store_views(self) -> list[Row]:
        path = "/store/storeConfigs"
        match self.get(path):
            case [{"base_currency_code": str(), "weight_unit": str()}, *_] as configs:
                return [each for each in configs if each.get("code") != "admin"] or configs
        self.raise_malformed_response(path)

    @cached_property
    def customer_groups(self) -> dict[int, str]:
        """The ID of each customer group → its name."""
        rows = self.fetch_all("/customerGroups/search", sort=("id",))
        return {number: text(row.get("code")) for row in rows for number in row_ids([row])}

    # Calls

    def path(self, path: str, *, view: str = "") -> str:
        """By default in the store view of the settings."""
        return f"/rest/{view or self.settings.store_view}/V1{path}"

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """NeedsAttention if the shop rejects it: with a correct connection, the requested path always exists."""
        try:
            return self.http.get(self.path(path), params=params).json()
        except RequestRejected as error:
            raise NeedsAttention(
                f"Magento returned status {error.status} for {path}: {error_message(error)}",
                fix="Check the connection: the URL must not include /rest, and the store view must exist. "
                "Stock also requires Magento's Inventory modules.",
            ) from error

    def post(self, path: str, body: Any) -> Any:
        return self.http.request("POST", self.path(path), body=body).json()

    def raise_malformed_response(self, path: str) -> NoReturn:
        raise TryAgainLater(f"{path} returned data in an unexpected format.")

    # Listings

    def search(
        self, path: str, *groups: Group, sort: Sequence[str], size: int, page: int = 1, fields: str = ""
    ) -> tuple[list[Any], int]:
        """A page of a listing in ascending order, and the number of matching items on all pages.

        `fields`: names that rows are reduced to, with commas
        (https://developer.adobe.com/commerce/webapi/rest/use-rest/retrieve-filtered-responses/).
        """
        params = search_params(groups, sort=sort, size=size, page=page)
        match self.get(path, params | ({"fields": f"items[{fields}],total_count"} if fields else {})):
            case {"items": list(rows), "total_count": given} if (total := whole_number(given)) is not None:
                if len(rows) < min(size, total - (page - 1) * size):
                    self.raise_malformed_response(path)
                return rows, total
        self.raise_malformed_response(path)

    def search_after(
        self, path: str, number: int, *groups: Group, size: int = PAGE_SIZE, key: str = "id", fields: str = ""
    ) -> tuple[list[Any], int | None, int]:
        """Rows with IDs greater than a number, the ID for the next page or None, the number of items left.

        Always requests the first page after the given ID, so that deleting an item meanwhile does not move others onto
        a page that was already read. `key` is the name of the ID in a row; the search field is always entity_id.
        """
        after = [Filter("entity_id", number, "gt")]
        rows, left = self.search(path, after, *groups, sort=("entity_id",), size=size, fields=fields)
        found = row_ids(rows, key)
        if any(each <= number for each in found):
            raise ListingRepeats(f"{path} returned items that were already read: the shop ignores the filter by ID.")
        if left and not found:
            self.raise_malformed_response(path)
        return rows, max(found) if len(rows) < left else None, left

    def fetch_all(self, path: str, *groups: Group, sort: Sequence[str], size: int = PAGE_SIZE) -> list[Any]:
        """All pages of a listing that is always short. A page after the last one would repeat it, so the total decides
        when to stop."""

        def read(number: int) -> Slice:
            rows, total = self.search(path, *groups, sort=sort, size=size, page=number)
            return rows, number * size < total

        return all_pages(read)

    def fetch_by_values(
        self, path: str, field: str, values: Iterable[object], *groups: Group, sort: Sequence[str] = ()
    ) -> list[Any]:
        """Rows whose field has one of the values, in as few calls as possible.

        `sort` names an additional sort field, for fields where several rows may have the same value.
        """
        found: list[Any] = []
        for chunk in chunks(map(str, values)):
            found += self.fetch_all(path, any_of(field, chunk), *groups, sort=(field, *sort), size=MAX_PAGE_SIZE)
        return found

    def fetch_by_ids(self, path: str, external_ids: Iterable[str], *groups: Group) -> list[Any]:
        """Rows with one of the IDs. Values that are not numbers cannot be IDs of the shop and are ignored."""
        return self.fetch_by_values(path, "entity_id", numeric_ids(external_ids), *groups)

    def products_by_sku(self, skus: Iterable[str]) -> dict[str, Row]:
        """`sku_key` → the product that has it."""
        found = self.fetch_by_values(product_rows.PATH, "sku", (sku.strip() for sku in skus))
        return {sku_key(row["sku"]): row for row in found if product_rows.is_product(row)}

    def products_by_id(self, external_ids: Iterable[str]) -> dict[str, Row]:
        """ID → product."""
        found = self.fetch_by_ids(product_rows.PATH, external_ids)
        return {str(row["id"]): row for row in found if product_rows.is_product(row)}


class ShopClient(MagentoClient[Settings, FieldMap]):
    """Client for a shop that is read."""

    @cached_property
    def b2b_view(self) -> Row:
        """The configuration of the B2B storefront's store view; that of the connection's if none is set."""
        wanted = self.settings.b2b_store_id
        if wanted is None:
            return self.config
        found = next((each for each in self._store_views() if whole_number(each.get("id")) == wanted), None)
        if found is None:
            raise NeedsAttention(f"The shop has no store view {wanted}.", fix="Correct the setting “B2B store view”.")
        return found

    def link(self, page: str) -> str:
        """The URL of the admin page where a merchant edits an item; empty if the admin URL is not configured."""
        return f"{self.settings.admin_url.rstrip('/')}/{page}" if self.settings.admin_url else ""


TargetClient = MagentoClient[TargetSettings, TargetMap]


def row_ids(rows: Iterable[Any], key: str = "id") -> list[int]:
    """The IDs of those rows that have one, also if it came as text."""
    return [number for row in rows if isinstance(row, dict) and (number := whole_number(row.get(key))) is not None]


def chunks(values: Iterable[str]) -> Iterator[list[str]]:
    """The values, once each, as many together as fit into a page and into a URL. One with a comma needs a filter of its
    own."""
    chunk: list[str] = []
    length = 0
    for value in dict.fromkeys(values):
        size = len(quote(value, safe="", errors="replace")) + (FILTER_LENGTH if "," in value else len("%2C"))
        if chunk and (length + size > MAX_FILTER_LENGTH or len(chunk) == MAX_PAGE_SIZE):
            yield chunk
            chunk, length = [], 0
        chunk.append(value)
        length += size
    if chunk:
        yield chunk
