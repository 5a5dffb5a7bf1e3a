"""Prices as the records of one price list, a thousand per call."""

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.items import PriceItem, VariantItem
from connectors.platforms.bigcommerce.client import IDS_PER_REQUEST, PAGE_SIZE, Row, join
from connectors.platforms.bigcommerce.error_messages import error_text, rejection_reason
from connectors.platforms.bigcommerce.targets.base import split
from connectors.platforms.bigcommerce.targets.variant_values import VariantValues, variant_outcome
from connectors.platforms.bigcommerce.values import full_and_sale, remote_variant_id
from connectors.sdk import issues
from connectors.sdk.errors import BatchRejected
from connectors.sdk.operations import Operation, Outcome, References
from connectors.sdk.paging import ExistingPage, numbered_page
from connectors.sdk.records import Problem
from connectors.sdk.responses import RequestRejected
from connectors.sdk.values import SOLD_STATUSES, default_price, json_number, refuse_negative
from hub.kinds import DataType

# The vendor prints this as the end of the last range of quantities.
MAX_QUANTITY = 2**31 - 1


class PriceTarget(VariantValues):
    data_type = DataType.PRICES
    batch_size = 1000

    def payload(self, item: VariantItem, refs: References) -> Row | None:
        """A record with a tier for each larger quantity; None if the settings name no price list of the store."""
        settings = self.client.settings
        if not settings.price_list_id or item.status not in SOLD_STATUSES:
            return None
        default = default_price(item, settings.price_list)
        if default is None:
            return None
        full, sale = full_and_sale(default)
        tiers = [each for each in item.prices if each.price_list == default.price_list and each.min_quantity > 1]
        refuse_negative(item, tiers)
        record: Row = {
            "variant_id": remote_variant_id(item, refs),
            "currency": default.currency.lower(),
            "price": json_number(full),
            "bulk_pricing_tiers": _tiers(tiers),
        }
        return record if sale is None else record | {"sale_price": json_number(sale)}

    def read_existing(self, *, cursor: Any) -> ExistingPage[Row]:
        """The records of the price list. Of a variant with records in several currencies, only its presence."""
        if not self.client.settings.price_list_id:
            return ExistingPage({}, None)
        query = {"include": "bulk_pricing_tiers", "limit": PAGE_SIZE}
        path = f"/pricelists/{self.client.settings.price_list_id}/records"
        rows, following = numbered_page(cursor, lambda number: self._slice(path, number, query))
        found: dict[str, Row] = {}
        for row in rows:
            key = str(row["variant_id"])
            found[key] = {"variant_id": row["variant_id"]} if key in found else _content(row)
        return ExistingPage(found, following)

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        """Records of a rejected batch may have been written nevertheless; writing them again does no harm."""
        path = f"/pricelists/{self.client.settings.price_list_id}/records"
        written, removed = split(operations)
        # The vendor does not say whether writing a record clears what it leaves out, so such a record is deleted first.
        ids = [operation.external_id for _, operation in removed]
        ids += [str(each.content["variant_id"]) for _, each in written if _leaves_something_out(each)]
        for start in range(0, len(ids), IDS_PER_REQUEST):
            self.client.call("DELETE", path, params={"variant_id:in": join(ids[start : start + IDS_PER_REQUEST])})
        if written:
            try:
                self.client.call("PUT", path, body=[operation.content for _, operation in written])
            except RequestRejected as error:
                positions = {operation.content["variant_id"]: position for position, operation in written}
                raise BatchRejected(rejection_reason(error), item_errors=_item_errors(error, positions)) from error
        return [variant_outcome(each) for each in operations]


def _content(row: Row) -> Row:
    """A record of the store in the format of a payload. The store returns null for a price that it does not have."""
    fields = ("variant_id", "price", "sale_price", "bulk_pricing_tiers")
    found = {name: row[name] for name in fields if row.get(name) is not None}
    return found | {"currency": row["currency"].lower()}


def _tiers(prices: Sequence[PriceItem]) -> list[Row]:
    """The ranges of quantities, which must not overlap; the last has no end."""
    rising = sorted(prices, key=lambda price: price.min_quantity)
    nexts = [following.min_quantity - 1 for following in rising[1:]] + [MAX_QUANTITY]
    return [
        {
            "quantity_min": each.min_quantity,
            "quantity_max": min(each.max_quantity or end, end),
            "type": "fixed",
            "amount": json_number(each.amount),
        }
        for each, end in zip(rising, nexts, strict=False)
    ]


def _leaves_something_out(operation: Operation[Row]) -> bool:
    previous = operation.previous or operation.content
    return not previous.keys() <= operation.content.keys() or previous["currency"] != operation.content["currency"]


def _item_errors(rejection: RequestRejected, positions: Mapping[int, int]) -> dict[int, Problem]:
    """The errors of the records that the response names by their variant."""
    errors = rejection.body.get("batch_errors") if isinstance(rejection.body, dict) else None
    found = {}
    for error in errors if isinstance(errors, list) else ():
        data = error.get("data") if isinstance(error, dict) else None
        if isinstance(data, dict) and data.get("variant_id") in positions:
            found[positions[data["variant_id"]]] = issues.REJECTED(reason=error_text(error))
    return found
