"""Stock of one inventory source.

https://developer.adobe.com/commerce/webapi/rest/inventory/manage-source-items/
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from catalog.items import VariantItem
from connectors.platforms.magento.client import Row
from connectors.platforms.magento.error_messages import error_message
from connectors.platforms.magento.search import Filter
from connectors.platforms.magento.skus import sku_key
from connectors.platforms.magento.targets.sku_values import Entry, SkuValueTarget, json_value
from connectors.platforms.magento.targets.variants import sku_of
from connectors.sdk import issues
from connectors.sdk.errors import BatchRejected, NeedsAttention, SkipRecord, TryAgainLater
from connectors.sdk.operations import References
from connectors.sdk.responses import RequestRejected
from connectors.sdk.values import SOLD_STATUSES, json_number
from hub.kinds import DataType

PATH = "/inventory/source-items"


class StockTarget(SkuValueTarget):
    """A variant that is no longer offered or whose stock is not tracked is set to out of stock."""

    data_type = DataType.STOCK
    lane = "stock"

    def payload(self, item: VariantItem, refs: References) -> Entry | None:
        """The sum of our locations, for one inventory source; negative stock is sent as zero. None if stock is not
        tracked, and for a bundle, whose parts have it."""
        if item.status not in SOLD_STATUSES or not item.stock or item.parts:
            return None
        total = max(Decimal(0), sum((each.quantity for each in item.stock), Decimal(0)))
        return self._entry(sku_of(item), json_number(total))

    def save(self, entries: list[Entry]) -> dict[str, Exception]:
        """Save the entries, and read them back: the shop accepts some that it does not store."""
        try:
            answer = self.client.post(PATH, {"sourceItems": entries})
        except RequestRejected as error:
            self._check_source()
            raise BatchRejected(f"Magento rejected the stock: {error_message(error)}") from error
        if answer != []:
            raise TryAgainLater("Magento did not confirm the stock.")
        stored = self._stored([each["sku"] for each in entries])
        found = {each["sku"]: _not_stored(each, stored.get(sku_key(each["sku"]))) for each in entries}
        return {sku: problem for sku, problem in found.items() if problem}

    def removal_entry(self, sku: str) -> Entry | None:
        return self._entry(sku, 0)

    def existing_entries(self, rows: list[Row]) -> Mapping[str, Entry]:
        """Stock of the configured inventory source; products that it does not have are left out."""
        by_sku = self._stored([row["sku"] for row in rows])
        return {
            str(row["id"]): {
                "sku": row["sku"],
                "source_code": self.client.settings.source_code,
                "quantity": json_value(item.get("quantity")),
                "status": item.get("status"),
            }
            for row in rows
            if (item := by_sku.get(sku_key(row["sku"])))
        }

    def _stored(self, skus: Sequence[str]) -> dict[str, Row]:
        """`sku_key` → the item of the configured inventory source."""
        own = [Filter("source_code", self.client.settings.source_code)]
        found = self.client.fetch_by_values(PATH, "sku", [sku.strip() for sku in skus], own)
        return {sku_key(each["sku"]): each for each in found}

    def _entry(self, sku: str, quantity: int | float) -> Entry:
        return {
            "sku": sku,
            "source_code": self.client.settings.source_code,
            "quantity": quantity,
            "status": int(quantity > 0),
        }

    def _check_source(self) -> None:
        """Check that the inventory source exists: otherwise each item would be rejected, for one problem that a person
        has to fix."""
        source = self.client.settings.source_code
        try:
            self.client.http.get(self.client.path(f"/inventory/sources/{source}"))
        except RequestRejected as error:
            raise NeedsAttention(
                f"The shop has no inventory source {source!r}: {error_message(error)}",
                fix="Correct the source in the settings of the connection.",
            ) from error


def _not_stored(entry: Entry, item: Row | None) -> Exception | None:
    """The error for an entry that the shop accepted and does not have. Sales may have changed the quantity since."""
    if item is None:
        return SkipRecord(issues.NOT_STORED(name=entry["sku"]))
    if (json_value(item.get("quantity")), item.get("status")) != (entry["quantity"], entry["status"]):
        return TryAgainLater(f"Magento stored another quantity of {entry['sku']} than it was sent.")
    return None
