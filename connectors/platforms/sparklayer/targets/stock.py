"""Stock of variants, hundreds per call: SparkLayer stores it by SKU and location.

`min_stock_level` is how far below zero may be sold: with -9 and a level of 0, nine units can be ordered
(https://docs.sparklayer.io/tech-docs/update-product-stock). It is not a level at which somebody is warned.
"""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any

from catalog.items import StockItem, VariantItem
from connectors.platforms.sparklayer.client import SparkLayerClient
from connectors.platforms.sparklayer.rejections import batch_rejection, names_field, rejection_text
from connectors.platforms.sparklayer.targets.batch_rows import BatchRows
from connectors.platforms.sparklayer.targets.variants import find_variant
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.operations import Operation, Outcome, References
from connectors.sdk.responses import RequestRejected
from connectors.sdk.streams import Target
from connectors.sdk.values import SOLD_STATUSES
from hub.kinds import DataType, Kind

STOCK = "/api/v1/batch-update-stock"

Row = dict[str, Any]


class StockTarget(Target[SparkLayerClient, VariantItem, Row]):
    data_type = DataType.STOCK
    lane = "stock"
    batch_size = 500

    def payload(self, item: VariantItem, refs: References) -> Row | None:
        """The levels of one variant, one per SparkLayer location; None if stock is not tracked."""
        if item.status not in SOLD_STATUSES or not item.stock or not item.sku:
            return None
        locations, allowance = self.client.settings.stock_locations, self._allowance(item)
        by_location: dict[str, list[StockItem]] = {}
        for each in item.stock:
            by_location.setdefault(locations.get(each.location, each.location), []).append(each)
        return {
            "external_id": refs.shop_or_own_id(Kind.VARIANT, item.id),
            "levels": [_level(item.sku, location, items, allowance) for location, items in sorted(by_location.items())],
        }

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        """Sends absolute levels in one call, so it is safe to repeat. The stock of a removed item is set to zero."""
        rows = BatchRows(operations)
        for position, operation in rows.written:
            rows.add(position, operation.content["levels"])
        for position, operation in rows.removed:
            levels = (operation.previous or {}).get("levels") or _known_levels(self.client, operation.external_id)
            rows.add(
                position, [each | {"stock_level": 0, "restock_date": None, "min_stock_level": 0} for each in levels]
            )
        if rows.entries:
            try:
                self.client.call("POST", STOCK, body=rows.entries)
            except RequestRejected as error:
                if names_field(error, "stock_location"):
                    raise NeedsAttention(
                        rejection_text(error),
                        fix="Map the locations to external IDs of SparkLayer stock locations in the settings of the "
                        "connection, or give SparkLayer's locations these external IDs.",
                    ) from error
                raise batch_rejection(error, rows.entries, rows.position_by_sku) from error
        return rows.outcomes()

    def _allowance(self, item: VariantItem) -> int:
        """How many units of the variant may be sold on back order, at each location; zero unless a field says so."""
        value = item.settings.get(self.client.field_map.back_order_allowance)
        try:
            return max(0, _floor(Decimal(str(value)))) if value is not None else 0
        except InvalidOperation:
            return 0


def _level(sku: str, location: str, items: Sequence[StockItem], allowance: int) -> Row:
    """Whole pieces only, because fractions cannot be sold. All fields are sent, because omitted ones would keep their
    values."""
    dates = [each.restock_date for each in items if each.restock_date is not None]
    return {
        "stock_location_external_id": location,
        "sku": sku,
        "stock_level": _floor(sum((each.quantity for each in items), Decimal(0))),
        "restock_date": min(dates).isoformat() if dates else None,
        "min_stock_level": -allowance,
    }


def _floor(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_FLOOR))


def _known_levels(client: SparkLayerClient, variant: str) -> list[Row]:
    """The locations where SparkLayer has stock of a variant, for when it is unknown what was sent."""
    row = find_variant(client, variant)
    return [{"stock_location_id": each["stock_location_id"], "sku": row["sku"]} for each in row.get("stock") or ()]
