"""Loads items of any kind by ID, as adapters get them, and the external IDs of what they refer to."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from catalog import items as catalog
from connectors.adapters.registry import adapter_for
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.operations import References
from hub import links
from hub.kinds import Direction, Kind, Role
from hub.models import Connection
from orders import items as orders

_LOADERS: dict[str, Callable[[Sequence[int]], dict[int, Any]]] = {
    Kind.PRODUCT: catalog.load_products,
    Kind.VARIANT: catalog.load_variants,
    Kind.CATEGORY: catalog.load_categories,
    Kind.BRAND: catalog.load_brands,
    Kind.CUSTOMER: orders.load_customers,
    Kind.ORDER: orders.load_orders,
    Kind.STORE: catalog.load_stores,
}


def load(kind: str, ids: Sequence[int]) -> dict[int, Any]:
    """The items that exist, by ID."""
    return _LOADERS[kind](ids)


def references(connection: Connection, items: Iterable[Any]) -> References:
    """The target's IDs of everything that the items refer to; for platforms that use the shop's IDs, these too.

    One query, and two more for the shop's IDs.
    """
    wanted: set[tuple[str, int]] = set()
    own: set[tuple[str, int]] = set()
    for item in items:
        if isinstance(item, catalog.ProductItem):
            own.add((Kind.PRODUCT, item.id))
            wanted |= {(Kind.CATEGORY, pk) for pk in item.category_ids}
            wanted |= {(Kind.VARIANT, variant.id) for variant in item.variants}
            if item.brand_id:
                wanted.add((Kind.BRAND, item.brand_id))
        elif isinstance(item, catalog.VariantItem):
            wanted |= {(Kind.VARIANT, item.id), (Kind.PRODUCT, item.product_id)}
        elif isinstance(item, orders.CustomerItem):
            own.add((Kind.CUSTOMER, item.id))
            if item.parent_id:
                wanted.add((Kind.CUSTOMER, item.parent_id))
        elif isinstance(item, orders.OrderItem):
            own.add((Kind.ORDER, item.id))
            wanted |= {(Kind.ORDER_LINE, line.id) for line in item.lines}
            wanted |= {(Kind.VARIANT, line.variant_id) for line in item.lines if line.variant_id}
            if item.customer_id:
                wanted.add((Kind.CUSTOMER, item.customer_id))
        elif isinstance(item, catalog.CategoryItem) and item.parent_id:
            wanted.add((Kind.CATEGORY, item.parent_id))
    shop_ids = {}
    if adapter_for(connection.platform).uses_shop_ids and (shop := shop_of(connection)) is not None:
        shop_ids = links.external_ids(shop.pk, wanted | own)
    return References(links.external_ids(connection.pk, wanted), shop_ids)


def runs_on(storefront: Connection, shop_id: int) -> bool:
    """Whether this is the shop of a storefront."""
    try:
        shop = shop_of(storefront)
    except NeedsAttention:
        return False
    return shop is not None and shop.pk == shop_id


def shop_of(connection: Connection) -> Connection | None:
    """The seller's shop that is imported and whose IDs the connection's platform uses.

    NeedsAttention if the settings name a shop that does not exist: with other IDs everything would be created twice.
    """
    if connection.seller_id is None:
        return None
    shops = Connection.objects.filter(
        seller_id=connection.seller_id, role=Role.SHOP, jobs__direction=Direction.IMPORT
    ).distinct()
    if not (slug := connection.settings.get("shop")):
        return min(shops, key=lambda shop: (shop.state == Connection.State.UNINSTALLED, shop.pk), default=None)
    if (named := shops.filter(slug=slug).first()) is None:
        raise NeedsAttention(
            f"The settings of {connection} name the shop {slug!r}, which does not exist.",
            fix="Enter the slug of one of the seller's shop connections in the settings.",
        )
    return named
