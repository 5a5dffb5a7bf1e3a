"""Prices for a quantity of one, in all store views or for a website; with tier prices, also for quantities and customer
groups.

https://developer.adobe.com/commerce/webapi/rest/tutorials/catalog-pricing/
"""

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.items import VariantItem
from connectors.platforms.magento.client import Row
from connectors.platforms.magento.error_messages import error_message, fill_placeholders
from connectors.platforms.magento.skus import sku_key
from connectors.platforms.magento.targets.sku_values import Entry, SkuValueTarget, json_value
from connectors.platforms.magento.targets.tier_prices import (
    ALL_WEBSITES,
    stored_tiers,
    tier_key,
    tier_rows,
    tiers_of,
)
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
        if item.status not in SOLD_STATUSES or item.parts:
            return None  # the price of a bundle is sent with its product
        price = default_price(item, self.client.settings.price_list)
        if price is None:
            return None
        entry = {"sku": sku_of(item), "price": json_number(price.amount)} | self._scope
        return entry | {"tiers": tiers_of(item, price.price_list)} if self.client.settings.tier_prices else entry

    def save(self, entries: list[Entry]) -> dict[str, Exception]:
        """Save the prices. The shop saves the valid ones and reports the others."""
        store = self.client.websites.own_store if self._by_website else ALL_STORE_VIEWS
        base = [{"sku": each["sku"], "price": each["price"], "store_id": store} for each in entries]
        rejected = _rejected(self._call("POST", PATH, base), entries)
        if self.client.settings.tier_prices:
            rejected |= self._save_tiers(entries)
        return rejected

    @property
    def _by_website(self) -> bool:
        return self.client.settings.prices_by_website and self.client.websites.limited

    @property
    def _scope(self) -> Entry:
        return {"store_view": self.client.settings.store_view} if self._by_website else {"store_id": ALL_STORE_VIEWS}

    def _save_tiers(self, entries: list[Entry]) -> dict[str, Exception]:
        """Replace the tier prices of products: all of them, or only those of the connection's website."""
        website = self.client.websites.own if self._by_website else ALL_WEBSITES
        tiers = [row for each in entries for row in tier_rows(each, website)]
        if self._by_website:
            self._remove_tiers([each["sku"] for each in entries], website, kept=tiers)
            return _rejected(self._call("POST", TIERS_PATH, tiers), entries) if tiers else {}
        rejected = _rejected(self._call("PUT", TIERS_PATH, tiers), entries) if tiers else {}
        if without := [each["sku"] for each in entries if each["tiers"] == []]:
            self._remove_tiers(without, None, kept=[])
        return rejected

    def _remove_tiers(self, skus: list[str], website: int | None, *, kept: list[Row]) -> None:
        """Remove the tier prices of a website (None: of all) but those that are written again."""
        found = self.client.post(f"{TIERS_PATH}-information", {"skus": skus})
        keys = {tier_key(each) for each in kept}
        gone = [row for row in found if website in (None, row.get("website_id")) and tier_key(row) not in keys]
        if gone and _rejected(self._call("POST", f"{TIERS_PATH}-delete", gone), []):
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
            str(row["id"]): {"sku": row["sku"], "price": json_value(row.get("price"))}
            | self._scope
            | ({"tiers": stored_tiers(self.client, row, self._by_website)} if self.client.settings.tier_prices else {})
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
