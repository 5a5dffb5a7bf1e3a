"""The stock of products at each inventory source, less what open orders have reserved (C7).

The quantity of a source is physical: an order only reserves, a shipment takes. What can be sold is known for the stock
of a website, which several sources may supply; the difference is taken off those that are used last, and the sum of all
is what can be sold.
"""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from connectors.platforms.magento.client import ShopClient, chunks
from connectors.platforms.magento.search import any_of, search_params
from connectors.platforms.magento.skus import sku_key
from connectors.sdk.decoding import flag, whole_number
from connectors.sdk.records import StockRecord

IN_STOCK = 1
_ZERO = Decimal(0)
_UNREADABLE = Decimal("NaN")
# `sku_key` → source → quantity.
Quantities = dict[str, dict[str, Decimal]]


def fetch_stock(client: ShopClient, skus: Sequence[str]) -> dict[str, list[StockRecord]]:
    """`sku_key` → its stock at each enabled source of the connection's website; none for a product whose stock the shop
    does not track.

    A source that is marked as out of stock has none. A product that only other sources have cannot be sold.
    """
    supplying = _supplying_sources(client)
    physical: Quantities = defaultdict(dict)
    elsewhere: dict[str, list[str]] = defaultdict(list)
    for row in client.fetch_by_values("/inventory/source-items", "sku", skus, sort=("source_code",)):
        match row:
            case {"sku": str(sku), "source_code": str(source), "quantity": quantity}:
                own = physical[sku_key(sku)]
                if source in client.inventory.disabled_sources or (supplying is not None and source not in supplying):
                    elsewhere[sku_key(sku)].append(source)
                else:
                    counts = whole_number(row.get("status", IN_STOCK)) == IN_STOCK
                    own[source] = _number(quantity) if counts else _ZERO
    if client.settings.deduct_reservations and physical:
        for website in client.websites.codes:
            if (stock_id := client.inventory.stock_of_website(website)) is not None:
                _deduct_reservations(client, website, stock_id, skus, physical)
    return {
        key: [
            StockRecord(quantity=quantity, location=source)
            for source, quantity in sorted((by_source or dict.fromkeys(elsewhere[key], _ZERO)).items())
        ]
        for key, by_source in physical.items()
    }


def _supplying_sources(client: ShopClient) -> set[str] | None:
    """The sources of the connection's website; None: all sources."""
    if not client.websites.limited:
        return None
    stocks = (client.inventory.stock_of_website(code) for code in client.websites.codes)
    return {source for stock in stocks if stock is not None for source in client.inventory.sources_of(stock)}


def _deduct_reservations(
    client: ShopClient, website: str, stock_id: int, skus: Sequence[str], physical: Quantities
) -> None:
    sources = client.inventory.sources_of(stock_id)
    for sku, (salable, is_salable) in _salable(client, website, skus).items():
        by_source = physical.get(sku, {})
        if not all(each.is_finite() for each in (salable, *by_source.values())):
            continue
        supplying = [source for source in reversed(sources) if source in by_source]
        total = sum((by_source[source] for source in supplying), _ZERO)
        if is_salable and salable <= 0:
            physical.pop(sku, None)  # sold whatever the stock: it is not managed, or may be backordered
            continue
        reserved = max(_ZERO, total - max(_ZERO, salable))
        for source in supplying:
            taken = min(reserved, by_source[source])
            by_source[source] -= taken
            reserved -= taken


def _salable(client: ShopClient, website: str, skus: Sequence[str]) -> dict[str, tuple[Decimal, bool]]:
    """`sku_key` → what can be sold on a website, and whether the product can be sold at all."""
    path = f"/inventory/export-stock-salable-qty/website/{website}"
    found = {}
    for chunk in chunks(skus):
        params = search_params([any_of("sku", chunk)], sort=("entity_id",), size=len(chunk), page=1)
        match client.get(path, params):
            case {"items": list(rows)}:
                # `total_count` counts the page only, before 2.4.9.
                for row in rows:
                    match row:
                        case {"sku": str(sku), "qty": quantity, "is_salable": given} if (
                            is_salable := flag(given)
                        ) is not None:
                            found[sku_key(sku)] = _number(quantity), is_salable
            case _:
                client.raise_malformed_response(path)
    return found


def _number(value: object) -> Decimal:
    """A quantity, also as text. One that cannot be read is not a number, for which its product is refused."""
    try:
        return _UNREADABLE if isinstance(value, bool) else Decimal(str(value))
    except InvalidOperation:
        return _UNREADABLE
