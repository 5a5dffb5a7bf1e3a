"""Reads a shop's products for comparisons (N9). Items are linked by the shop's product ID."""

from collections.abc import Collection
from typing import Any

from connectors.platforms.magento import product_rows
from connectors.platforms.magento.client import Row, TargetClient
from connectors.platforms.magento.search import Group


def read_page(client: TargetClient, group: Group, *, cursor: Any) -> tuple[list[Row], int | None]:
    """A page of the products of the connection's website that match the filters, and the cursor of the next page."""
    own = product_rows.of_website(client.websites)
    rows, following, _ = client.search_after(product_rows.PATH, cursor or 0, group, *own)
    if not all(map(product_rows.is_product, rows)):
        client.raise_malformed_response(product_rows.PATH)
    return rows, following


def find(client: TargetClient, external_ids: Collection[str]) -> list[Row]:
    """The products with one of the IDs."""
    return list(client.products_by_id(external_ids).values())
