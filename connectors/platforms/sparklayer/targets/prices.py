"""Prices of variants in any number of price lists, hundreds per call: SparkLayer stores them by SKU and list.

https://docs.sparklayer.io/developers/api/pricing/update-pricing-for-multiple-price-lists: only the pairs of SKU and
list that are sent change; an unknown list rejects the whole call. That an empty `pricing` removes prices is assumed.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

from catalog.items import PriceItem, VariantItem
from connectors.platforms.sparklayer.client import SparkLayerClient
from connectors.platforms.sparklayer.price_lists import further_price_list, price_list_payload
from connectors.platforms.sparklayer.rejections import batch_rejection
from connectors.platforms.sparklayer.targets.batch_rows import BatchRows
from connectors.platforms.sparklayer.targets.variants import find_variant
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.operations import Operation, Outcome, References
from connectors.sdk.responses import RequestRejected
from connectors.sdk.streams import Target
from connectors.sdk.values import SOLD_STATUSES, json_number, prices_in, refuse_negative
from hub.kinds import DataType, Kind

PRICING = "/api/v1/batch-update-pricing"
# No limit is documented; another client sends as many.
ROWS_PER_CALL = 1000

Row = dict[str, Any]


class PriceTarget(Target[SparkLayerClient, VariantItem, Row]):
    data_type = DataType.PRICES
    lane = "prices"
    batch_size = 500

    def payload(self, item: VariantItem, refs: References) -> Row | None:
        """The prices of one variant by list: the default list (D12), and all others if the settings say so.

        Lists that the merchant made in SparkLayer's dashboard are never touched.
        """
        if item.status not in SOLD_STATUSES or not item.sku:
            return None
        settings = self.client.settings
        default = prices_in(item, settings.price_list)
        refuse_negative(item, item.prices if settings.price_lists == "all" else default)
        lists = [_list_prices(default, price_list_payload)] if default else []
        if settings.price_lists == "all":
            code = default[0].price_list if default else None
            others = sorted((each for each in item.prices if each.price_list != code), key=_code)
            lists += [_list_prices(own, further_price_list) for _, own in groupby(others, _code)]
        if not lists:
            return None
        return {
            "external_id": f"{lists[0]['list']['slug']}/{refs.shop_or_own_id(Kind.VARIANT, item.id)}",
            "sku": item.sku,
            "lists": lists,
        }

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        """The prices sent for a SKU and a list replace the existing ones; lists that a SKU left are emptied for it."""
        rows, lists = BatchRows(operations), self.client.price_lists
        for position, operation in rows.written:
            for each in operation.content["lists"]:
                lists.ensure(each["list"])
            rows.add(position, [*_rows(operation.content), *self._removed_rows(operation, operation.previous)])
        for position, operation in rows.removed:
            previous = operation.previous
            if previous is None:
                slug, _, variant = operation.external_id.partition("/")
                sku = find_variant(self.client, variant).get("sku")
                previous = {"sku": sku, "lists": [{"list": {"slug": slug}}]} if sku else None
            rows.add(position, self._removed_rows(operation, previous))
        for start in range(0, len(rows.entries), ROWS_PER_CALL):
            self._patch(rows.entries[start : start + ROWS_PER_CALL], rows)
        return rows.outcomes()

    def _patch(self, entries: list[Row], rows: BatchRows) -> None:
        try:
            self.client.call("PATCH", PRICING, body=entries)
        except RequestRejected as error:
            if error.status == 404:
                raise TryAgainLater("A price list no longer exists. It is created again.", sent=False) from error
            raise batch_rejection(error, entries, rows.position_by_sku) from error

    def _removed_rows(self, operation: Operation[Row], previous: Row | None) -> list[Row]:
        """Rows that remove what was sent before and is not sent now. Lists that are gone took their prices along."""
        if previous is None:
            return []
        kept = operation.payload
        current = {(kept["sku"], each["list"]["slug"]) for each in kept["lists"]} if kept else set()
        before = [(previous["sku"], each["list"]["slug"]) for each in _sent_lists(previous)]
        return [
            {"sku": sku, "price_list_slug": slug, "pricing": []}
            for sku, slug in before
            if (sku, slug) not in current and self.client.price_lists.exists(slug)
        ]


def _code(price: PriceItem) -> str:
    return price.price_list


def _list_prices(prices: Iterable[PriceItem], make_list: Callable[[str, str, str], Row]) -> Row:
    own = sorted(prices, key=lambda each: each.min_quantity)
    first = own[0]
    if not first.currency:
        raise SkipRecord(issues.CURRENCY_UNKNOWN())
    return {
        "list": make_list(first.price_list, first.list_name, first.currency),
        "pricing": [{"quantity": each.min_quantity, "price": json_number(each.amount)} for each in own],
    }


def _rows(content: Row) -> list[Row]:
    return [
        {"sku": content["sku"], "price_list_slug": each["list"]["slug"], "pricing": each["pricing"]}
        for each in content["lists"]
    ]


def _sent_lists(previous: Row) -> list[Row]:
    """The lists of a payload that was sent; a payload of an earlier release has only one."""
    lists: list[Row] = previous.get("lists", [previous])
    return lists
