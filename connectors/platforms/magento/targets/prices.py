"""Prices for a quantity of one, in all store views.

https://developer.adobe.com/commerce/webapi/rest/tutorials/catalog-pricing/
"""

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.items import VariantItem
from connectors.platforms.magento.client import Row
from connectors.platforms.magento.error_messages import error_message, fill_placeholders
from connectors.platforms.magento.skus import sku_key
from connectors.platforms.magento.targets.sku_values import Entry, SkuValueTarget, json_value
from connectors.platforms.magento.targets.variants import sku_of
from connectors.sdk import issues
from connectors.sdk.errors import BatchRejected, SkipRecord, TryAgainLater
from connectors.sdk.operations import References
from connectors.sdk.responses import RequestRejected
from connectors.sdk.values import SOLD_STATUSES, default_price, json_number
from hub.kinds import DataType

PATH = "/products/base-prices"
ALL_STORE_VIEWS = 0  # the ID that stands for all store views


class PriceTarget(SkuValueTarget):
    """Prices are never removed, because a product must have a price."""

    data_type = DataType.PRICES
    lane = "prices"

    def payload(self, item: VariantItem, refs: References) -> Entry | None:
        price = default_price(item, self.client.settings.price_list)
        if item.status not in SOLD_STATUSES or price is None:
            return None
        if price.amount < 0:
            raise SkipRecord(issues.PRICE_NEGATIVE(names=sku_of(item)))
        return {"sku": sku_of(item), "price": json_number(price.amount), "store_id": ALL_STORE_VIEWS}

    def save(self, entries: list[Entry]) -> dict[str, Exception]:
        """Save the prices. The shop saves the valid ones and reports the others."""
        try:
            answer = self.client.post(PATH, {"prices": entries})
        except RequestRejected as error:
            raise BatchRejected(f"Magento rejected the prices: {error_message(error)}") from error
        return _rejected(answer, entries)

    def removal_entry(self, sku: str) -> Entry | None:
        return None

    def existing_entries(self, rows: list[Row]) -> Mapping[str, Entry]:
        return {
            str(row["id"]): {
                "sku": row["sku"],
                "price": json_value(row.get("price")),
                "store_id": ALL_STORE_VIEWS,
            }
            for row in rows
        }


def _rejected(answer: Any, entries: Sequence[Entry]) -> dict[str, Exception]:
    """SKU → why its price was rejected. The shop names the value that is wrong: an SKU, or only the price."""
    if not isinstance(answer, list) or not all(isinstance(each, dict) and "message" in each for each in answer):
        raise TryAgainLater("Magento did not say which prices it accepted.")
    found: dict[str, Exception] = {}
    for each in answer:
        parameters = each.get("parameters")
        given = [str(value) for value in (parameters.values() if isinstance(parameters, dict) else parameters or ())]
        message = fill_placeholders(each["message"], parameters)
        keys = {sku_key(value) for value in given}
        named = [entry["sku"] for entry in entries if sku_key(entry["sku"]) in keys] or [
            entry["sku"] for entry in entries if f"{entry['price']:.14g}" in given
        ]
        if not named:
            raise BatchRejected(f"Magento rejected some of the prices: {message}")
        found |= dict.fromkeys(named, SkipRecord(issues.REJECTED(reason=message)))
    return found
