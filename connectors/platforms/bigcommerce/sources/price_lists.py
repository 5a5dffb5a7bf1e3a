"""Prices beside the default price: records of the store's price lists, and prices for quantities.

A price list applies to the customer groups that it is assigned to, or that name it as their discount, or to all
customers of a storefront. A price for quantities is an amount (`fixed`), an amount off the price (`price`) or a
percentage off it (`percent`).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from connectors.platforms.bigcommerce.client import IDS_PER_REQUEST, PAGE_SIZE, Row, SourceClient, join
from connectors.platforms.bigcommerce.field_reader import FieldReader
from connectors.sdk.field_reader import MalformedField
from connectors.sdk.records import ConditionalPriceRecord, PriceListRecord, PriceRecord

LISTS = "/pricelists"
ASSIGNMENTS = "/pricelists/assignments"
# The vendor ends the last range of quantities there.
MAX_QUANTITY = 2**31 - 1
PLACES = Decimal("0.0001")


class PriceLists:
    """The active price lists of a store that apply to anybody. They are read once."""

    def __init__(self, client: SourceClient) -> None:
        self._client = client

    @cached_property
    def _names(self) -> dict[int, str]:
        rows = self._client.fetch_all(LISTS)
        return {row["id"]: row["name"] for row in rows if row["active"] and row["id"] in self._groups}

    @cached_property
    def _groups(self) -> dict[int, list[str]]:
        """List → the groups that it applies to; none of them if it applies to all customers."""
        rows = self._client.v2_fetch_all("/customer_groups")
        names = {row["id"]: str(row["name"]) for row in rows}
        found: dict[int, set[int]] = defaultdict(set)
        for row in rows:
            for rule in row.get("discount_rules") or ():
                if rule.get("type") == "price_list":
                    found[rule["price_list_id"]].add(row["id"])
        channels = self._client.settings.channel_ids
        for each in self._client.fetch_all(ASSIGNMENTS):
            if not channels or not each.get("channel_id") or each["channel_id"] in channels:
                found[each["price_list_id"]].add(each.get("customer_group_id") or 0)
        return {
            number: [] if 0 in groups else sorted(names[group] for group in groups if group in names)
            for number, groups in found.items()
        }

    def add_records(self, variants: Sequence[Row]) -> None:
        """Add the records of all lists to rows of variants, as `price_records`."""
        for row in variants:
            row["price_records"] = []
        by_id = {row["id"]: row["price_records"] for row in variants}
        ids = list(by_id)
        for number in self._names:
            for start in range(0, len(ids), IDS_PER_REQUEST):
                for record in self._read(number, ids[start : start + IDS_PER_REQUEST]):
                    by_id[record["variant_id"]].append(record)

    def _read(self, number: int, variant_ids: Sequence[int]) -> Iterable[Row]:
        query: dict[str, Any] = {"variant_id:in": join(variant_ids), "include": "bulk_pricing_tiers"}
        after: str | None = None
        while True:
            path, more = f"{LISTS}/{number}/records", {"after": after} if after else {}
            rows, after, _ = self._client.list_page_by_cursor(path, **query, **more, limit=PAGE_SIZE)
            yield from rows
            if not after:
                return

    def prices(self, default: PriceRecord, product: FieldReader, variant: FieldReader) -> list[ConditionalPriceRecord]:
        """All prices of a variant, beginning with the default price."""
        price = default.amount or Decimal(0)
        found = [ConditionalPriceRecord(amount=price, list_amount=default.list_amount)]
        found += _ranges(product.objects("bulk_pricing_rules"), price, None)
        for record in variant.objects("price_records"):
            number, currency = record.integer("price_list_id"), record.text("currency").upper()
            price_list = PriceListRecord(
                external_id=f"{number}:{currency}",
                name=self._names[number],
                currency=currency,
                customer_groups=self._groups[number],
            )
            regular, sale = record.decimal("price"), record.decimal("sale_price")
            regular = price if regular is None else regular
            amount, list_amount = (sale, regular) if sale and 0 < sale < regular else (regular, None)
            found.append(ConditionalPriceRecord(amount=amount, list_amount=list_amount, price_list=price_list))
            found += _ranges(record.objects("bulk_pricing_tiers"), amount, price_list)
        return found


def _ranges(
    rules: Iterable[FieldReader], price: Decimal, price_list: PriceListRecord | None
) -> Iterable[ConditionalPriceRecord]:
    for rule in rules:
        least, most = rule.integer("quantity_min"), rule.integer("quantity_max")
        # The price for a single piece is the price itself.
        if least > 1:
            yield ConditionalPriceRecord(
                amount=_amount(rule, price),
                price_list=price_list,
                min_quantity=least,
                max_quantity=most if least <= most < MAX_QUANTITY else None,
            )


def _amount(rule: FieldReader, price: Decimal) -> Decimal:
    value, kind = rule.decimal("amount"), rule.text("type")
    if value is None or kind not in ("fixed", "price", "percent"):
        raise MalformedField("type" if value is not None else "amount", rule.raw.get("type"), "a kind of discount")
    if kind == "fixed":
        return value
    reduced = price - value if kind == "price" else (price * (100 - value) / 100).quantize(PLACES)
    return max(reduced, Decimal(0))
