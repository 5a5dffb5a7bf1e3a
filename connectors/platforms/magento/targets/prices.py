"""Prices for a quantity of one, in all store views; with tier prices, also for quantities and customer groups.

https://developer.adobe.com/commerce/webapi/rest/tutorials/catalog-pricing/
"""

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.items import VariantItem
from connectors.platforms.magento.client import Row
from connectors.platforms.magento.error_messages import error_message, fill_placeholders
from connectors.platforms.magento.skus import sku_key
from connectors.platforms.magento.targets.sku_values import Entry, SkuValueTarget, json_value
from connectors.platforms.magento.targets.tier_prices import stored_tiers, tier_rows, tiers_of
from connectors.platforms.magento.targets.variants import sku_of
from connectors.sdk import issues
from connectors.sdk.errors import BatchRejected, SkipRecord, TryAgainLater
from connectors.sdk.operations import References
from connectors.sdk.responses import RequestRejected
from connectors.sdk.values import SOLD_STATUSES, default_price, json_number
from hub.kinds import DataType

PATH = "/products/base-prices"
TIERS_PATH = "/products/tier-prices"
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
        entry = {"sku": sku_of(item), "price": json_number(price.amount), "store_id": ALL_STORE_VIEWS}
        return entry | {"tiers": tiers_of(item, price.price_list)} if self.client.settings.tier_prices else entry

    def save(self, entries: list[Entry]) -> dict[str, Exception]:
        """Save the prices. The shop saves the valid ones and reports the others."""
        base = [{name: value for name, value in each.items() if name != "tiers"} for each in entries]
        rejected = _rejected(self._call("POST", PATH, base), entries)
        tiers = [row for each in entries for row in tier_rows(each)]
        if tiers:
            rejected |= _rejected(self._call("PUT", TIERS_PATH, tiers), entries)
        if without := [each["sku"] for each in entries if each.get("tiers") == []]:
            self._remove_tiers(without)
        return rejected

    def _remove_tiers(self, skus: list[str]) -> None:
        """Remove all tier prices of products that have none any more."""
        found = self.client.post(f"{TIERS_PATH}-information", {"skus": skus})
        if found and _rejected(self._call("POST", f"{TIERS_PATH}-delete", found), []):
            raise TryAgainLater("Magento did not remove all tier prices.")

    def _call(self, method: str, path: str, prices: list[Entry]) -> Any:
        try:
            return self.client.http.request(method, self.client.path(path), body={"prices": prices}).json()
        except RequestRejected as error:
            raise BatchRejected(f"Magento rejected the prices: {error_message(error)}") from error

    def removal_entry(self, sku: str) -> Entry | None:
        return None

    def existing_entries(self, rows: list[Row]) -> Mapping[str, Entry]:
        return {
            str(row["id"]): {
                "sku": row["sku"],
                "price": json_value(row.get("price")),
                "store_id": ALL_STORE_VIEWS,
            }
            | ({"tiers": stored_tiers(self.client, row)} if self.client.settings.tier_prices else {})
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
            entry["sku"] for entry in entries if not _values(entry).isdisjoint(given)
        ]
        if not named:
            raise BatchRejected(f"Magento rejected some of the prices: {message}")
        found |= dict.fromkeys(named, SkipRecord(issues.REJECTED(reason=message)))
    return found


def _values(entry: Entry) -> set[str]:
    """The values of an entry, as the shop may name them."""
    tiers = entry.get("tiers", ())
    numbers = [entry["price"], *(number for each in tiers for number in (each["price"], each["quantity"]))]
    return {f"{number:.14g}" for number in numbers} | {each["customer_group"] for each in tiers}
