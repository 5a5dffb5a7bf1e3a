"""The data of one site."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.platforms.sparklayer.responses import ApiError

# Stock locations that every site has, by ID.
LOCATIONS = {
    "3f2c0b1e-0000-4000-8000-000000000001": "default",
    "3f2c0b1e-0000-4000-8000-000000000002": "warehouse",
}
GROUPS = ("Trade", "Wholesale", "VIP")
ROLES = ("customer", "limited-customer")
Row = dict[str, Any]


class Site:
    """Products and variants by external ID, stock by (location ID, SKU), locations by ID, prices by list and SKU,
    customers by SparkLayer ID, purchases by the ID they were created with.
    """

    def __init__(self) -> None:
        self.products: dict[str, Row] = {}
        self.variants: dict[str, Row] = {}
        self.levels: dict[tuple[str, str], Row] = {}
        self.locations: dict[str, Row] = {
            key: {"id": key, "name": name.capitalize(), "external_id": name} for key, name in LOCATIONS.items()
        }
        self.price_lists: dict[str, Row] = {}
        self.prices: dict[str, dict[str, list[Row]]] = {}
        self.customers: dict[str, Row] = {}
        self.purchases: dict[str, Row] = {}
        self.logs: dict[str, Row] = {}
        self.currency = ""
        self._changing: set[str] = set()

    @contextmanager
    def exclusive(self, method: str, slug: str | None) -> Iterator[None]:
        """Reject a request that changes a price list while another one does, without naming a field."""
        if method == "GET" or slug is None:
            yield
            return
        if slug in self._changing:
            raise ApiError(409, "Another update of the price list is under way")
        self._changing.add(slug)
        try:
            yield
        finally:
            self._changing.discard(slug)

    def views(self) -> dict[str, dict[str, Row]]:
        """Return the rows by key, for each kind of state."""
        offered = {
            key: row
            for key, row in self.products.items()
            if any(v["status"] != "discontinued" for v in row["variants"])
        }
        counted = {sku for (_, sku), level in self.levels.items() if level["stock_level"]}
        return {
            "products": self.products,
            "offered": offered,
            "variants": self.variants,
            "in_stock": {key: row for key, row in self.variants.items() if row.get("sku") in counted},
            "priced": {
                f"{slug}/{key}": row | {"priced_as": f"{slug}/{key}", "pricing": prices[row["sku"]]}
                for slug, prices in self.prices.items()
                for key, row in self.variants.items()
                if row.get("sku") in prices
            },
            "stock": {
                f"{sku}@{self.locations[location]['external_id']}": level
                for (location, sku), level in self.levels.items()
            },
            "prices": {
                f"{slug}/{sku}": {"price_list": slug, "sku": sku, "pricing": tiers}
                for slug, prices in self.prices.items()
                for sku, tiers in prices.items()
            },
            "price_lists": self.price_lists,
            "customers": self.customers,
            "purchases": self.purchases,
            "logs": self.logs,
            "store": {"currency": {"currency_code": self.currency}} if self.currency else {},
        }
