"""Stock at one location, thousands per call."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from catalog.items import VariantItem
from connectors.platforms.bigcommerce.client import Row
from connectors.platforms.bigcommerce.error_messages import rejection_reason
from connectors.platforms.bigcommerce.inventory import ITEMS, ITEMS_PER_PAGE
from connectors.platforms.bigcommerce.targets.base import split
from connectors.platforms.bigcommerce.targets.inventory import ADJUSTMENTS, ITEMS_PER_REQUEST
from connectors.platforms.bigcommerce.targets.variant_values import VariantValues, variant_outcome
from connectors.platforms.bigcommerce.values import remote_product_id, remote_variant_id
from connectors.sdk import issues
from connectors.sdk.errors import BatchRejected
from connectors.sdk.operations import Operation, Outcome, References
from connectors.sdk.paging import ExistingPage, numbered_page
from connectors.sdk.records import Problem
from connectors.sdk.responses import RequestRejected
from connectors.sdk.values import SOLD_STATUSES
from hub.kinds import DataType

# How an error names an item: by its place in the call, or by its ID in the title.
ITEM_INDEX_PATTERN = re.compile(r"items\[(\d+)\]")
ITEM_ID_PATTERN = re.compile(r"\b(variant_id|product_id) (\d+)")


class StockTarget(VariantValues):
    data_type = DataType.STOCK
    batch_size = ITEMS_PER_REQUEST

    def payload(self, item: VariantItem, refs: References) -> Row | None:
        """The sum of all locations; negative stock is sent as zero. None if stock is not tracked. The vendor names the
        stock of a product without options by the product."""
        if item.status not in SOLD_STATUSES or not item.stock:
            return None
        total = sum((each.quantity for each in item.stock), Decimal(0))
        content = {"variant_id": remote_variant_id(item, refs), "quantity": max(0, int(total))}
        return content if item.options else content | {"product_id": remote_product_id(item, refs)}

    def read_existing(self, *, cursor: Any) -> ExistingPage[Row]:
        """The quantity on hand at the location that is written."""
        query = {"location_id:in": str(self.client.settings.location_id), "limit": ITEMS_PER_PAGE}
        rows, following = numbered_page(cursor, lambda number: self._slice(ITEMS, number, query))
        contents = {
            row["identity"]["variant_id"]: place["total_inventory_onhand"] for row in rows for place in row["locations"]
        }
        return ExistingPage(
            {str(number): {"variant_id": number, "quantity": quantity} for number, quantity in contents.items()},
            following,
        )

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        """Sends absolute quantities, so it is safe to repeat. The store is eventually consistent: reads lag behind."""
        written, _ = split(operations)
        location = self.client.settings.location_id
        items = [{"location_id": location, **_adjustment(operation.content)} for _, operation in written]
        if items:
            try:
                self.client.call("PUT", ADJUSTMENTS, body={"reason": "SyncCenter", "items": items})
            except RequestRejected as error:
                errors = _item_errors(error, items, [position for position, _ in written])
                raise BatchRejected(rejection_reason(error), item_errors=errors) from error
        return [variant_outcome(each) for each in operations]


def _adjustment(content: Row) -> Row:
    """One ID only identifies the item."""
    return {name: value for name, value in content.items() if name != "variant_id" or "product_id" not in content}


def _item_errors(rejection: RequestRejected, items: Sequence[Row], positions: Sequence[int]) -> dict[int, Problem]:
    """The errors of the adjustments that the response names: `{"errors": {"items[3].variant_id": …}}`, or
    `{"title": "[Item with variant_id 106 is tracked by product, …]"}`."""
    body = rejection.body if isinstance(rejection.body, dict) else {}
    errors, title = body.get("errors"), str(body.get("title"))
    named = {(name, int(number)) for name, number in ITEM_ID_PATTERN.findall(title)}
    found = {
        position: issues.REJECTED(reason=title)
        for position, item in zip(positions, items, strict=True)
        if not named.isdisjoint(item.items())
    }
    return found | {
        positions[int(match[1])]: issues.REJECTED(reason=f"{name}: {text}")
        for name, text in (errors.items() if isinstance(errors, dict) else ())
        if (match := ITEM_INDEX_PATTERN.match(name)) and int(match[1]) < len(positions)
    }
