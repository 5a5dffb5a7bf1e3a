"""Variants of a product group: which can be sold, their prices by market, their stock online and in stores."""

from collections.abc import Collection
from decimal import Decimal
from typing import Any

from catalog.items import PriceItem, ProductItem, VariantItem
from connectors.platforms.elevate.settings import FieldMap, Settings
from connectors.sdk.values import json_number


def sellable_variants(
    item: ProductItem, settings: Settings
) -> tuple[dict[str, tuple[VariantItem, PriceItem]], set[str]]:
    """The live variants that have a key and a price, by key; and what the others lack."""
    variants: dict[str, tuple[VariantItem, PriceItem]] = {}
    missing = set()
    for variant in item.variants:
        if variant.status != "live":
            continue
        key = variant.sku if settings.variant_key == "sku" else f"v{variant.id}"
        price = _price(variant, settings.price_list)
        if not key:
            missing.add("a SKU")
        elif price is None:
            missing.add(f"a price in the list {settings.price_list}")
        elif price.amount < 0:
            missing.add("a price of zero or more")
        else:
            variants[key] = (variant, price)
    return variants, missing


def variant_data(
    variant: VariantItem, price: PriceItem, settings: Settings, field_map: FieldMap
) -> tuple[Collection[str], dict[str, Any]]:
    """The markets in which the variant has a price, and its content.

    `market|*` overrides the price in a market with a price list of its own: prices of another list, perhaps in another
    currency, are never shown there.
    """
    defaults = _stock(variant, settings, field_map) | _amounts(price)
    if settings.size_option:
        size = next((each["value"] for each in variant.options if each["name"] == settings.size_option), "")
        defaults |= {"size": size} if size else {}
    overrides, priced = {}, []
    for market in settings.markets:
        own_list = field_map.markets[market].price_list if market in field_map.markets else ""
        own = _price(variant, own_list) if own_list else price
        if own is not None:
            priced.append(market)
            if own_list:
                overrides[f"{market}|*"] = _amounts(own)
    return priced, {"defaults": defaults} | ({"overrides": overrides} if overrides else {})


def _price(variant: VariantItem, price_list: str) -> PriceItem | None:
    return next((each for each in variant.prices if each.price_list == price_list and each.min_quantity == 1), None)


def _amounts(price: PriceItem) -> dict[str, Any]:
    return {
        "sellingPrice": json_number(price.amount),
        "listPrice": json_number(price.amount if price.list_amount is None else price.list_amount),
    }


def _stock(variant: VariantItem, settings: Settings, field_map: FieldMap) -> dict[str, Any]:
    """Negative stock is sent as zero, because the index does not accept it. A store without stock is left out, which
    means the same to the vendor and keeps the feed small (guides/store-specific-stock-numbers)."""
    stores: dict[str, Decimal] = {}
    online = Decimal(0)
    for each in variant.stock:
        store = field_map.stores.get(each.location)
        if store is not None:
            stores[store] = stores.get(store, Decimal(0)) + each.quantity
        if store is None or settings.stores_sell_online:
            online += each.quantity
    in_stock = {store: json_number(quantity) for store, quantity in sorted(stores.items()) if quantity > 0}
    stock = json_number(max(online, Decimal(0))) if variant.stock else settings.untracked_stock
    return {"stock": stock} | ({"storeStock": in_stock} if in_stock else {})
