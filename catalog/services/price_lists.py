"""Price lists: one per platform holds its default prices."""

from typing import Any

from catalog.models import PriceList


def ensure_price_list(*, connection: Any, slug: str, name: str) -> PriceList:
    """The price list that holds a platform's default prices, named after it (D12)."""
    price_list, _ = PriceList.objects.get_or_create(
        seller=connection.seller,
        slug=slug,
        defaults={"name": name, "connection": connection, "currency": connection.seller.currency},
    )
    return price_list


def set_currency(*, seller_id: int, connection_id: int, currency: str) -> None:
    """The shop's base currency holds for its price list (D15)."""
    PriceList.objects.filter(seller_id=seller_id, connection_id=connection_id).exclude(currency=currency).update(
        currency=currency
    )
