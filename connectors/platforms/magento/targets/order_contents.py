"""What is left to ship of the shop's orders, and which SKUs that takes out of stock."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from pydantic import ValidationError

from connectors.platforms.magento.client import ShopClient
from connectors.sdk.api_model import ApiModel, Text
from connectors.sdk.values import json_number

PATH = "/orders"
Pieces = dict[int, float]


class _Item(ApiModel):
    item_id: int
    parent_item_id: int | None = None
    sku: Text = ""
    is_qty_decimal: bool = False
    qty_ordered: Decimal = Decimal(0)
    qty_shipped: Decimal = Decimal(0)
    qty_canceled: Decimal = Decimal(0)
    qty_refunded: Decimal = Decimal(0)

    @property
    def left(self) -> Decimal:
        return max(Decimal(0), self.qty_ordered - self.qty_shipped - self.qty_canceled - self.qty_refunded)


class _Order(ApiModel):
    entity_id: int
    store_id: int = 0
    items: list[_Item]


class OrderContents:
    """The contents of an order, less what is taken from it."""

    def __init__(self, order: _Order) -> None:
        self.store_id = order.store_id
        self._items = {item.item_id: item for item in order.items}
        self._left = {item.item_id: item.left for item in order.items}

    def take(self, wanted: Mapping[int, Decimal]) -> tuple[Pieces, list[str]]:
        """What the shop accepts of a shipment, and which quantities it would cut without an error."""
        pieces: Pieces = {}
        cut = []
        for item_id, quantity in wanted.items():
            item = self._items.get(item_id)
            if item is None:  # the shop says what is wrong with it
                pieces[item_id] = json_number(quantity)
                continue
            whole = quantity if item.is_qty_decimal else Decimal(int(quantity))
            accepted = min(whole, self._left[item_id])
            self._left[item_id] -= accepted
            if accepted > 0:
                pieces[item_id] = json_number(accepted)
            if accepted < quantity:
                cut.append(f"{item.sku}: {quantity.normalize():f} → {accepted.normalize():f}")
        return pieces, cut

    def pieces_per_unit(self, item_id: int) -> dict[str, float]:
        """SKU → how many pieces of it one unit of a line takes out of stock: those of its parts if it has any."""
        item = self._items.get(item_id)
        if item is None or not item.qty_ordered:
            return {}
        parts = [each for each in self._items.values() if each.parent_item_id == item_id] or [item]
        return {each.sku: float(each.qty_ordered / item.qty_ordered) for each in parts}


def fetch_contents(client: ShopClient, order_ids: Iterable[int]) -> dict[int, OrderContents]:
    """Order ID → its contents, in as few calls as possible."""
    rows = client.fetch_by_ids(PATH, [str(each) for each in order_ids])
    try:
        return {order.entity_id: OrderContents(order) for order in map(_Order.model_validate, rows)}
    except ValidationError:
        client.raise_malformed_response(PATH)
