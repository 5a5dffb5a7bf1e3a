"""Stock and prices: values of variants that are set by separate calls."""

from collections.abc import Sequence
from typing import ClassVar

from catalog.items import VariantItem
from connectors.platforms.seller_center_shop.client import Entry, ShopClient
from connectors.platforms.seller_center_shop.targets.entries import (
    NO_SPECIAL_PRICE,
    STATUSES,
    amounts,
    identity,
    rejection,
    removal_outcome,
    whole_stock,
    with_ids,
)
from connectors.platforms.seller_center_shop.targets.retry import retry_at, send_with_retries
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.streams import Target
from hub.kinds import DataType


class _ValueTarget(Target[ShopClient, VariantItem, Entry]):
    """`method` sets the value; `empty_value` is set for a variant that no longer exists."""

    lane = "push"
    batch_size = 100
    method: ClassVar[str]
    empty_value: ClassVar[Entry]

    def send(self, operations: Sequence[Operation[Entry]]) -> list[Outcome]:
        return send_with_retries(operations, self._send)

    @property
    def _seller(self) -> Entry:
        """What identifies the seller, for methods that ask for it."""
        return {}

    def _send(self, operations: Sequence[Operation[Entry]]) -> list[Outcome]:
        kept = [operation.content for operation in operations if operation.action is not Action.REMOVE]
        known = self.client.fetch_ids(kept)
        entries: list[Entry] = []
        positions: dict[int, int] = {}
        outcomes = []
        for number, operation in enumerate(operations):
            if operation.action is Action.REMOVE:
                if operation.external_id:
                    positions[number] = len(entries)
                    entries.append({"product_id": operation.external_id} | self.empty_value | self._seller)
                outcomes.append(removal_outcome(operation.external_id))
            elif (sku := operation.content["seller_sku"]) in known:
                positions[number] = len(entries)
                entries.append(with_ids(operation.content, known))
                outcomes.append(Outcome(external_id=known[sku][0]))
            else:
                message = f"The shop does not have {sku} yet. It is sent once the shop has it."
                outcomes.append(Outcome(error=TryAgainLater(message, not_before=retry_at(operation), sent=False)))
        results = self.client.push(self.data_type, self.method, entries)
        for number, position in positions.items():
            # Entries and results have the same order, and a failure may lack its product.
            outcomes[number].error = rejection(results[position : position + 1])
        return outcomes


class StockTarget(_ValueTarget):
    """`quantity` is text, and `seller_id` is sent if the settings name the seller (product-api/updatestock)."""

    data_type = DataType.STOCK
    method = "Product.updateStock"
    empty_value = {"quantity": "0"}

    @property
    def _seller(self) -> Entry:
        return {"seller_id": self.client.settings.seller} if self.client.settings.seller else {}

    def payload(self, item: VariantItem, refs: References) -> Entry | None:
        """None where stock is not tracked."""
        stock = whole_stock(item)
        if item.status not in STATUSES or stock is None:
            return None
        return identity(item, refs) | {"quantity": str(stock)} | self._seller


class PriceTarget(_ValueTarget):
    data_type = DataType.PRICES
    method = "Product.updatePrices"
    empty_value = {"price": None} | NO_SPECIAL_PRICE

    def payload(self, item: VariantItem, refs: References) -> Entry | None:
        """The default price, from the price list in the settings or else from the first one."""
        prices = amounts(item, self.client.settings)
        if item.status not in STATUSES or not prices:
            return None
        return identity(item, refs) | prices
