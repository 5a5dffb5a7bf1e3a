"""A shop's shipments, read for orders of the shop and for orders that others ship."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from pydantic import ValidationError

from connectors.platforms.magento.api_model import ApiModel
from connectors.platforms.magento.client import ShopClient
from connectors.sdk.listing_protocol import Text, UtcDatetime

PATH = "/shipments"
# The start of the comment that we add to a shipment; the shipment's key follows, up to the end of the line.
COMMENT_PREFIX = "SyncCenter shipment "
# The prefix before the ID of a shipment imported from this shop, so that it is not sent back.
MAGENTO_ID_PREFIX = "magento-"


def fetch_by_order(client: ShopClient, order_ids: Iterable[int]) -> dict[int, list["Shipment"]]:
    """Order → its shipments, in as few calls as possible."""
    found: dict[int, list[Shipment]] = defaultdict(list)
    for row in client.fetch_by_values(PATH, "order_id", order_ids, sort=("entity_id",)):
        try:
            shipment = Shipment.model_validate(row)
        except ValidationError:
            client.raise_malformed_response(PATH)
        found[shipment.order_id].append(shipment)
    return found


class _Item(ApiModel):
    order_item_id: Text
    qty: Decimal


class Track(ApiModel):
    track_number: Text = ""
    title: Text = ""


class _Comment(ApiModel):
    comment: Text = ""


class Shipment(ApiModel):
    """A shipment as returned by the shop."""

    entity_id: int
    order_id: int
    created_at: UtcDatetime | None = None
    items: list[_Item] = []
    tracks: list[Track] = []
    comments: list[_Comment] = []

    @property
    def key(self) -> str | None:
        """Our key of the shipment, if a comment contains one."""
        keys = [each.comment for each in self.comments if each.comment.startswith(COMMENT_PREFIX)]
        return keys[0].removeprefix(COMMENT_PREFIX).partition("\n")[0] if keys else None
