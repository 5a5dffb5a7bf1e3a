"""Shipments of a store's orders, and how those that SyncCenter created are told from the store's own.

The store keeps no external ID of a shipment, but comments; a line of them has our key.
"""

from connectors.sdk.api_model import ApiModel, Text

COMMENT_PREFIX = "SyncCenter shipment "


class ShippedItem(ApiModel):
    order_product_id: int
    quantity: int


class Shipment(ApiModel):
    """A shipment as returned by the store. Each belongs to one shipping address of the order."""

    id: int
    tracking_number: Text = ""
    comments: Text = ""
    items: list[ShippedItem]

    @property
    def key(self) -> str:
        return shipment_key(self.comments)


def shipment_key(comments: str) -> str:
    """Our key of the shipment with these comments; empty if it is one of the store's own."""
    lines = (line.strip() for line in comments.splitlines())
    return next((line.removeprefix(COMMENT_PREFIX) for line in lines if line.startswith(COMMENT_PREFIX)), "")
