"""A shop's shipments, read for orders of the shop and for orders that others ship."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import TypeVar

from pydantic import ValidationError

from connectors.platforms.magento.client import ShopClient
from connectors.sdk.api_model import ApiModel, Text, UtcDatetime
from connectors.sdk.decoding import whole_number

PATH = "/shipments"
# The start of the comment that we add to a shipment; the shipment's key follows, up to the end of the line.
COMMENT_PREFIX = "SyncCenter shipment "
# The prefix before the ID of a shipment imported from this shop, so that it is not sent back.
MAGENTO_ID_PREFIX = "magento-"


RowT = TypeVar("RowT", bound="OfOrder")


def fetch_by_order(client: ShopClient, order_ids: Iterable[int]) -> dict[int, list["Shipment"]]:
    """Order → its shipments, in as few calls as possible."""
    found, unreadable = read_by_order(client, PATH, Shipment, order_ids)
    if unreadable:
        client.raise_malformed_response(PATH)
    return found


def read_by_order(
    client: ShopClient, path: str, schema: type[RowT], order_ids: Iterable[int]
) -> tuple[dict[int, list[RowT]], set[int]]:
    """Order → its rows of a listing, and the orders of which a row cannot be read; in as few calls as possible."""
    found: dict[int, list[RowT]] = defaultdict(list)
    unreadable: set[int] = set()
    for row in client.fetch_by_values(path, "order_id", order_ids, sort=("entity_id",)):
        try:
            parsed = schema.model_validate(row)
            found[parsed.order_id].append(parsed)
        except ValidationError:
            order_id = whole_number(row.get("order_id")) if isinstance(row, dict) else None
            if order_id is None:
                client.raise_malformed_response(path)
            unreadable.add(order_id)
    return found, unreadable


class OfOrder(ApiModel):
    """A row that belongs to an order."""

    entity_id: int
    order_id: int


class _Item(ApiModel):
    order_item_id: Text
    qty: Decimal


class Track(ApiModel):
    track_number: Text = ""
    title: Text = ""


class _Comment(ApiModel):
    comment: Text = ""


class Shipment(OfOrder):
    """A shipment as returned by the shop."""

    created_at: UtcDatetime | None = None
    items: list[_Item] = []
    tracks: list[Track] = []
    comments: list[_Comment] = []

    @property
    def key(self) -> str | None:
        """Our key of the shipment, if a comment contains one."""
        keys = [each.comment for each in self.comments if each.comment.startswith(COMMENT_PREFIX)]
        return keys[0].removeprefix(COMMENT_PREFIX).partition("\n")[0] if keys else None
