"""Prices from a quantity on, for all customers or for a customer group (tier prices)."""

from decimal import Decimal
from typing import Any

from catalog.items import VariantItem
from connectors.platforms.magento.client import Row, TargetClient
from connectors.platforms.magento.skus import sku_key
from connectors.platforms.magento.targets.sku_values import Entry, json_value
from connectors.sdk.decoding import whole_number
from connectors.sdk.values import json_number, refuse_negative

ALL_GROUPS, ALL_GROUPS_ID = "ALL GROUPS", 32000
ALL_WEBSITES = 0


def tiers_of(item: VariantItem, price_list: str) -> list[Entry]:
    """`[{"customer_group", "quantity", "price"}]`: the prices in the list from the second piece on, for everybody, and
    those in lists for customer groups, which have the names of the shop's groups. SkipRecord if one is below zero."""
    refuse_negative(item, (each for each in item.prices if each.customer_groups or each.price_list == price_list))
    found: dict[tuple[str, int], Decimal] = {}
    for each in item.prices:
        groups = each.customer_groups or (
            [ALL_GROUPS] if each.price_list == price_list and each.min_quantity > 1 else []
        )
        for group in groups:
            key = group, each.min_quantity
            found[key] = min(each.amount, found.get(key, each.amount))
    return [
        {"customer_group": group, "quantity": quantity, "price": json_number(amount)}
        for (group, quantity), amount in sorted(found.items())
    ]


def tier_rows(entry: Entry, website: int) -> list[Row]:
    """The tier prices of a payload as the shop takes them."""
    about = {"price_type": "fixed", "website_id": website, "sku": entry["sku"]}
    return [about | each for each in entry.get("tiers", ())]


def tier_key(row: Row) -> tuple[str, str, float, str]:
    """What two tier prices of one website must not have in common."""
    return sku_key(str(row["sku"])), str(row["customer_group"]), float(row["quantity"]), str(row["price_type"])


def stored_tiers(client: TargetClient, row: Row, by_website: bool) -> list[Entry]:
    """The tier prices of the shop's product in the form of `tiers_of`: all, or only those of the connection's
    website."""
    given = [each for each in row.get("tier_prices") or () if isinstance(each, dict)]
    if by_website:
        given = [e for e in given if (e.get("extension_attributes") or {}).get("website_id") == client.websites.own]
    found = [_stored(client, each) for each in given]
    return sorted(found, key=lambda each: (each["customer_group"], each["quantity"]))


def _stored(client: TargetClient, tier: dict[str, Any]) -> Entry:
    group = whole_number(tier.get("customer_group_id"))
    name = ALL_GROUPS if group == ALL_GROUPS_ID else client.customer_groups.get(group or 0, str(group))
    return {"customer_group": name, "quantity": json_value(tier.get("qty")), "price": json_value(tier.get("value"))}
