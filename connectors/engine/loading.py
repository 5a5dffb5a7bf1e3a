"""Items of any kind by id, as adapters get them, and the ids at a target of what they refer to."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from catalog import items as catalog
from connectors.adapters.registry import adapter_for
from connectors.sdk.errors import NeedsAttention
from connectors.sdk.operations import References
from hub.kinds import Direction, Kind, Role
from hub.models import Connection, Link
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
    """Those of the items that exist."""
    return _LOADERS[kind](ids)


def holders(connection: Connection, ids: Collection[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """(kind, external id) → the item that is linked to it, for those that are."""
    rows = Link.objects.filter(
        connection=connection,
        kind__in={kind for kind, _ in ids},
        external_id__in={external_id for _, external_id in ids if external_id},
    )
    found = {(kind, external_id): pk for kind, external_id, pk in rows.values_list("kind", "external_id", "item_id")}
    return {each: found[each] for each in ids if each in found}


def references(connection: Connection, items: Iterable[Any]) -> References:
    """What the items refer to, by the ids that the target knows it by; where it goes by the shop's ids, these too.

    One query, and two more for the shop's.
    """
    wanted: set[tuple[str, int]] = set()
    themselves: set[tuple[str, int]] = set()
    for item in items:
        if isinstance(item, catalog.ProductItem):
            themselves.add((Kind.PRODUCT, item.id))
            wanted |= {(Kind.CATEGORY, pk) for pk in item.category_ids}
            wanted |= {(Kind.VARIANT, variant.id) for variant in item.variants}
            if item.brand_id:
                wanted.add((Kind.BRAND, item.brand_id))
        elif isinstance(item, catalog.VariantItem):
            wanted |= {(Kind.VARIANT, item.id), (Kind.PRODUCT, item.product_id)}
        elif isinstance(item, orders.CustomerItem):
            themselves.add((Kind.CUSTOMER, item.id))
            if item.parent_id:
                wanted.add((Kind.CUSTOMER, item.parent_id))
        elif isinstance(item, orders.OrderItem):
            themselves.add((Kind.ORDER, item.id))
            wanted |= {(Kind.ORDER_LINE, line.id) for line in item.lines}
            wanted |= {(Kind.VARIANT, line.variant_id) for line in item.lines if line.variant_id}
            if item.customer_id:
                wanted.add((Kind.CUSTOMER, item.customer_id))
        elif isinstance(item, catalog.CategoryItem) and item.parent_id:
            wanted.add((Kind.CATEGORY, item.parent_id))
    at_shop = {}
    if adapter_for(connection.platform).uses_shop_ids and (shop := _shop_of(connection)) is not None:
        at_shop = _ids_at(shop, wanted | themselves)
    return References(_ids_at(connection, wanted), at_shop)


def _ids_at(connection: Connection, wanted: set[tuple[str, int]]) -> dict[tuple[str, int], str]:
    if not wanted:
        return {}
    rows = Link.objects.filter(connection=connection, item_id__in={pk for _, pk in wanted}, missing=False).values_list(
        "kind", "item_id", "external_id"
    )
    found = {(kind.partition("@")[0], pk): external_id for kind, pk, external_id in rows}
    return {key: found[key] for key in wanted if key in found}


def _shop_of(connection: Connection) -> Connection | None:
    """The seller's shop that is read, and whose ids the connection's platform goes by. NeedsAttention if the one that
    is named is none: by other ids everything would be made there once more."""
    if connection.seller_id is None:
        return None
    shops = Connection.objects.filter(
        seller_id=connection.seller_id, role=Role.SHOP, jobs__direction=Direction.IMPORT
    ).distinct()
    if not (slug := connection.settings.get("shop")):
        return min(shops, key=lambda shop: (shop.state == Connection.State.UNINSTALLED, shop.pk), default=None)
    if (named := shops.filter(slug=slug).first()) is None:
        raise NeedsAttention(
            f"{connection} stands on the shop {slug!r}, and the seller has none of that name.",
            fix="Correct the shop in the connection's settings: the slug of a connection that is read.",
        )
    return named
