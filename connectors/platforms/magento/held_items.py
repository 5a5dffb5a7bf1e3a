"""What a shop holds of the products, stock and prices that it was sent, read back for comparisons (N9)."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any

from connectors.contract import HeldPage
from connectors.platforms.magento.client import Filter, Group, MagentoClient, is_product, number
from connectors.platforms.magento.products import SIMPLE_TYPES, shown
from connectors.platforms.magento.source_base import IdPagedListing
from connectors.platforms.magento.stock_and_prices import ALL_STORE_VIEWS
from hub.kinds import DataType

Rows = list[dict[str, Any]]


class _ProductListing(IdPagedListing):
    path = "/products"


class HeldItems:
    """By the number of the product there, as everything that is sent is known."""

    def __init__(self, client: MagentoClient) -> None:
        self.client = client

    def page(self, data_type: DataType, cursor: int | None) -> HeldPage:
        rows, following, _ = _ProductListing(self.client).after(cursor or 0, self._filters_for(data_type))
        if not all(map(is_product, rows)):
            self.client.raise_malformed_response(_ProductListing.path)
        return HeldPage(self._contents(data_type, rows), following)

    def holds(self, data_type: DataType, external_ids: Collection[str]) -> set[str]:
        found = self.client.fetch_by_values(
            _ProductListing.path, "entity_id", [each for each in external_ids if each.isdecimal()]
        )
        return set(self._contents(data_type, [row for row in found if is_product(row)]))

    @staticmethod
    def _filters_for(data_type: DataType) -> Group:
        return shown() if data_type is DataType.PRODUCTS else [Filter("type_id", ",".join(SIMPLE_TYPES), "in")]

    def _contents(self, data_type: DataType, rows: Rows) -> Mapping[str, Any]:
        match data_type:
            case DataType.STOCK:
                return self._stock(rows)
            case DataType.PRICES:
                return {str(row["id"]): _price(row) for row in rows}
        return {str(row["id"]): None for row in rows}

    def _stock(self, rows: Rows) -> dict[str, Any]:
        """Of the source that stock is sent to; what it does not have is not held."""
        source = self.client.settings.source_code
        found = self.client.fetch_by_values(
            "/inventory/source-items", "sku", [row["sku"] for row in rows], [Filter("source_code", source)]
        )
        by_sku = {each["sku"].lower(): each for each in found}
        return {
            str(row["id"]): {
                "sku": row["sku"],
                "source_code": source,
                "quantity": _number(item.get("quantity")),
                "status": item.get("status"),
            }
            for row in rows
            if (item := by_sku.get(row["sku"].lower()))
        }


def _price(row: dict[str, Any]) -> dict[str, Any]:
    return {"sku": row["sku"], "price": _number(row.get("price")), "store_id": ALL_STORE_VIEWS}


def _number(value: Any) -> Any:
    return number(Decimal(str(value))) if isinstance(value, int | float) else value
