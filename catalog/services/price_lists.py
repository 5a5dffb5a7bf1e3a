"""Price lists: one of each platform for its default prices, and the further lists of a source."""

from collections.abc import Iterable
from typing import Any

from django.utils.text import slugify

from accounts.models import Seller
from catalog.models import PriceList
from catalog.records import PriceListRecord

_STORED = ("name", "currency", "customer_groups")


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


def save_price_lists(
    *, seller_id: int, connection_id: int | None, records: Iterable[PriceListRecord]
) -> dict[str, PriceList]:
    """Save further lists of a source. Returns all that it has here: external ID → list. Call it in a transaction."""
    rows = PriceList.objects.filter(seller=seller_id, source=connection_id).exclude(external_id="")
    found = {each.external_id: each for each in rows}
    wanted = {record.external_id: record for record in records}
    if not wanted:
        return found
    currency = Seller.objects.values_list("currency", flat=True).get(pk=seller_id)
    for external_id, record in sorted(wanted.items()):
        values: dict[str, Any] = {
            "name": record.name or external_id,
            "currency": record.currency or currency,
            "customer_groups": sorted(record.customer_groups),
        }
        known = found.get(external_id)
        if known is None:
            slug = _free_slug(seller_id, slugify(values["name"]) or "prices")
            found[external_id] = PriceList.objects.create(
                seller_id=seller_id, source_id=connection_id, external_id=external_id, slug=slug, **values
            )
        elif any(getattr(known, name) != values[name] for name in _STORED):
            PriceList.objects.filter(pk=known.pk).update(**values)
    return found


def _free_slug(seller_id: int, wanted: str) -> str:
    """`wanted`, or with a number if another list of the seller has it. It stays when the list is renamed."""
    taken = set(PriceList.objects.filter(seller=seller_id, slug__startswith=wanted[:90]).values_list("slug", flat=True))
    candidates = (wanted[:90] if number == 1 else f"{wanted[:90]}-{number}" for number in range(1, len(taken) + 2))
    return next(each for each in candidates if each not in taken)
