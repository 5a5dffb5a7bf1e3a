"""Stock and prices of variants, hundreds a call: SparkLayer keeps both by SKU."""

from collections.abc import Iterable, Sequence
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from catalog.items import StockItem, VariantItem
from connectors.contract import Action, Operation, Outcome, References
from connectors.errors import BatchRefused, NeedsAttention, SkipRecord, TryAgainLater
from connectors.http import Refused
from connectors.platforms.sparklayer.client import (
    UNDOCUMENTED_PATHS,
    SparkLayerClient,
    missing_id_error,
    names_property,
    refusal_error,
)
from connectors.platforms.sparklayer.price_lists import PriceLists, price_list_payload
from connectors.platforms.sparklayer.products import SOLD_STATUSES, number
from hub.kinds import Kind

STOCK = "/api/v1/batch-update-stock"
PRICING = "/api/v1/price-lists/{}/pricing"

Row = dict[str, Any]


def stock_payload(item: VariantItem, refs: References, locations: dict[str, str]) -> Row | None:
    """The levels of one variant, one per location of SparkLayer's; None where nothing is counted."""
    if item.status not in SOLD_STATUSES or not item.stock or not item.sku:
        return None
    by_location: dict[str, list[StockItem]] = {}
    for each in item.stock:
        by_location.setdefault(locations.get(each.location, each.location), []).append(each)
    return {
        "external_id": refs.shop_or_own_id(Kind.VARIANT, item.id),
        "levels": [_level(item.sku, location, there) for location, there in sorted(by_location.items())],
    }


def _level(sku: str, location: str, there: Sequence[StockItem]) -> Row:
    """Pieces that can be promised, so parts of one do not count. What is left out would stay as it was."""
    min_levels = [each.min_level for each in there if each.min_level is not None]
    dates = [each.restock_date for each in there if each.restock_date is not None]
    return {
        "stock_location_external_id": location,
        "sku": sku,
        "stock_level": _floor(sum((each.quantity for each in there), Decimal(0))),
        "restock_date": min(dates).isoformat() if dates else None,
        "min_stock_level": _floor(sum(min_levels, Decimal(0))) if min_levels else None,
    }


def _floor(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_FLOOR))


def price_payload(item: VariantItem, refs: References, wanted: str) -> Row | None:
    """The prices of one variant in the one list (D12). They go by list and variant: other lists are the merchant's."""
    if item.status not in SOLD_STATUSES or not item.sku:
        return None
    price_list = wanted or next((each.price_list for each in item.prices), "")
    own = [each for each in item.prices if each.price_list == price_list]
    if not own:
        return None
    if not own[0].currency:
        raise SkipRecord(
            "The currency of its price is not known.", code="no_currency", fix="Sync the settings of the shop first."
        )
    target = price_list_payload(price_list, own[0].list_name, own[0].currency)
    return {
        "external_id": f"{target['slug']}/{refs.shop_or_own_id(Kind.VARIANT, item.id)}",
        "list": target,
        "sku": item.sku,
        "pricing": [
            {"quantity": each.min_quantity, "price": number(each.amount)}
            for each in sorted(own, key=lambda each: each.min_quantity)
        ],
    }


def send_stock(client: SparkLayerClient, operations: Sequence[Operation]) -> list[Outcome]:
    """Absolute levels in one call, so a repetition changes nothing. What is gone has none left."""
    rows = _BatchRows(operations)
    for position, operation in rows.written:
        rows.add(position, operation.payload["levels"])
    for position, operation in rows.removed:
        levels = (operation.previous or {}).get("levels") or _known_levels(client, operation.external_id)
        rows.add(
            position, [each | {"stock_level": 0, "restock_date": None, "min_stock_level": None} for each in levels]
        )
    if rows.entries:
        try:
            client.call("POST", STOCK, body=rows.entries)
        except Refused as refused:
            if names_property(refused, "stock_location"):
                raise NeedsAttention(
                    str(refusal_error(refused)),
                    fix="Map our locations to external ids of stock locations of the site, in the connection's "
                    "settings, or give SparkLayer's locations these external ids.",
                ) from refused
            raise BatchRefused(str(refusal_error(refused)), code=refused.code) from refused
    return rows.outcomes()


def send_prices(client: SparkLayerClient, price_lists: PriceLists, operations: Sequence[Operation]) -> list[Outcome]:
    """One call for each list. The prices that are sent for an SKU replace those that it has there."""
    rows = _BatchRows(operations)
    lists = {operation.payload["list"]["slug"] for _, operation in rows.written}
    for position, operation in rows.written:
        sent = operation.payload
        price_lists.ensure(sent["list"])
        rows.add(position, [{"sku": sent["sku"], "pricing": sent["pricing"]}], sent["list"]["slug"])
    for position, operation in rows.removed:
        slug, _, variant = operation.external_id.partition("/")
        if sku := (operation.previous or _variant(client, variant)).get("sku"):
            rows.add(position, [{"sku": sku, "pricing": []}], slug)
    for slug, entries in rows.by_target.items():
        try:
            client.call("PATCH", PRICING, slug, body=entries)
        except Refused as refused:
            if refused.status == 404 and slug in lists:
                raise TryAgainLater(f"The price list {slug} has gone; it is made anew.", sent=False) from refused
            if refused.status == 404:
                continue  # and all that was to be taken out of it
            raise BatchRefused(str(refusal_error(refused)), code=refused.code) from refused
    return rows.outcomes()


class _BatchRows:
    """What a batch sends, each SKU once: a second variant with the same SKU is refused here, since SparkLayer would
    refuse the whole batch; a removal gives way to what is written."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = operations
        self.by_target: dict[str, list[Row]] = {}
        self._position_by_sku: dict[str, int] = {}
        self._duplicate_skus: dict[int, str] = {}
        places = list(enumerate(operations))
        self.written = [each for each in places if each[1].action is not Action.REMOVE]
        self.removed = [each for each in places if each[1].action is Action.REMOVE and each[1].external_id]

    @property
    def entries(self) -> list[Row]:
        return [each for rows in self.by_target.values() for each in rows]

    def add(self, position: int, rows: Iterable[Row], target: str = "") -> None:
        for row in rows:
            if self._position_by_sku.setdefault(row["sku"], position) == position:
                self.by_target.setdefault(target, []).append(row)
            else:
                self._duplicate_skus[position] = row["sku"]

    def outcomes(self) -> list[Outcome]:
        return [self._outcome(position, operation) for position, operation in enumerate(self.operations)]

    def _outcome(self, position: int, operation: Operation) -> Outcome:
        if operation.action is Action.REMOVE:
            return Outcome(
                external_id=operation.external_id, error=None if operation.external_id else missing_id_error()
            )
        if sku := self._duplicate_skus.get(position):
            return Outcome(
                error=SkipRecord(
                    f"Another variant has the SKU {sku} too, and SparkLayer knows stock and prices by SKU.",
                    code="sku_twice",
                    fix="Give each variant an SKU of its own in the shop.",
                )
            )
        return Outcome(external_id=operation.payload["external_id"])


def _known_levels(client: SparkLayerClient, variant: str) -> list[Row]:
    """Where SparkLayer has stock of a variant, when it is in doubt what was sent."""
    there = _variant(client, variant)
    return [{"stock_location_id": each["stock_location_id"], "sku": there["sku"]} for each in there.get("stock") or ()]


def _variant(client: SparkLayerClient, external_id: str) -> Row:
    """A variant as SparkLayer has it; empty if it has none of this id."""
    try:
        there = client.call("GET", UNDOCUMENTED_PATHS["variant"], external_id)
    except Refused as refused:
        if refused.status == 404:
            return {}
        raise
    match there:
        case {"sku": str()}:
            return there
    raise TryAgainLater("SparkLayer did not say which SKU the variant has.")
