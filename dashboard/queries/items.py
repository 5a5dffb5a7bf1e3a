"""Titles and pages of items by (kind, ID), as logs and issues refer to them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet

from accounts.models import Seller
from catalog.models import Brand, Category, PriceList, Product, Variant
from hub import links
from hub.kinds import Kind, kind_label
from hub.models import LinkPayload
from orders.models import Customer, Order, OrderLine

Ref = tuple[str, int | None]


@dataclass(frozen=True)
class Item:
    """`page` is the name of a URL that takes `page_id`; empty if no page shows such items."""

    kind: str
    title: str
    page: str = ""
    page_id: int = 0

    @property
    def kind_label(self) -> str:
        return kind_label(self.kind)


def items(*, seller: Seller, refs: Iterable[Ref]) -> dict[Ref, Item]:
    """Each item by (kind, ID), without those that no longer exist. One query for each kind."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for kind, item_id in refs:
        if item_id is not None:
            wanted[kind].add(item_id)
    shared = Q(seller=seller) | Q(seller=None)
    rows: dict[str, QuerySet] = {
        Kind.PRODUCT: Product.objects.filter(seller=seller).values_list("id", "title", "id"),
        Kind.VARIANT: Variant.objects.filter(seller=seller).values_list("id", "sku", "product_id"),
        Kind.CUSTOMER: Customer.objects.filter(seller=seller).values_list("id", "email", "id"),
        Kind.ORDER: Order.objects.filter(seller=seller).values_list("id", "number", "id"),
        Kind.ORDER_LINE: OrderLine.objects.filter(seller=seller).values_list("id", "sku", "order_id"),
        Kind.CATEGORY: Category.objects.filter(shared).values_list("id", "path", F("id")),
        Kind.BRAND: Brand.objects.filter(shared).values_list("id", "name", F("id")),
        Kind.PRICE_LIST: PriceList.objects.filter(seller=seller).values_list("id", "name", F("id")),
    }
    pages = {
        Kind.PRODUCT: "dashboard:product",
        Kind.VARIANT: "dashboard:product",
        Kind.CUSTOMER: "dashboard:customer",
        Kind.ORDER: "dashboard:order",
        Kind.ORDER_LINE: "dashboard:order",
    }
    found: dict[Ref, Item] = {}
    for kind, ids in wanted.items():
        plain = kind.partition("@")[0]
        if plain not in rows:
            continue
        for item_id, title, page_id in rows[plain].filter(id__in=ids):
            found[kind, item_id] = Item(kind, title, pages.get(Kind(plain), ""), page_id)
    return found


def payload_of(*, seller: Seller, link_id: int) -> tuple[LinkPayload, Item]:
    """The payloads of a link (S7) and the item that they describe.

    Raises LinkPayload.DoesNotExist unless the item belongs to the seller and has a page.
    """
    payload = links.payload_of(link_id, seller=seller)
    ref = (payload.link.kind, payload.link.item_id)
    item = items(seller=seller, refs=[ref]).get(ref)
    if item is None or not item.page:
        raise LinkPayload.DoesNotExist(f"Link {link_id} has no item of {seller}.")
    return payload, item
