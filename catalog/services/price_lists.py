"""Price lists. Each platform has one for its default prices."""

from typing import Any

from catalog.models import PriceList


def ensure_price_list(*, connection: Any, slug: str, name: str) -> PriceList:
    """Get or create the price list for the default prices of a connection (D12)."""
    price_list, _ = PriceList.objects.get_or_create(
        seller=connection.seller,
        slug=slug,
        defaults={"name": name, "connection": connection, "currency": connection.seller.currency},
    )
    return price_list


def set_currency(*, seller_id: int, connection_id: int, currency: str) -> None:
    """Set the currency of a shop's price list to the shop's base currency (D15)."""
    PriceList.objects.filter(seller_id=seller_id, connection_id=connection_id).exclude(currency=currency).update(
        currency=currency
    )
