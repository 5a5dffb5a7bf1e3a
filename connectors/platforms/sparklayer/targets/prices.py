"""Prices of variants in one price list, hundreds per call: SparkLayer stores them by SKU."""

from collections.abc import Sequence
from typing import Any

from catalog.items import VariantItem
from connectors.platforms.sparklayer.client import SparkLayerClient
from connectors.platforms.sparklayer.price_lists import price_list_payload
from connectors.platforms.sparklayer.rejections import rejection_text
from connectors.platforms.sparklayer.targets.batch_rows import BatchRows
from connectors.platforms.sparklayer.targets.variants import find_variant
from connectors.sdk import issues
from connectors.sdk.errors import BatchRejected, SkipRecord, TryAgainLater
from connectors.sdk.operations import Operation, Outcome, References
from connectors.sdk.responses import RequestRejected
from connectors.sdk.streams import Target
from connectors.sdk.values import SOLD_STATUSES, json_number
from hub.kinds import DataType, Kind

PRICING = "/api/v1/price-lists/{}/pricing"

Row = dict[str, Any]


class PriceTarget(Target[SparkLayerClient, VariantItem, Row]):
    data_type = DataType.PRICES
    lane = "prices"
    batch_size = 500

    def payload(self, item: VariantItem, refs: References) -> Row | None:
        """The prices of one variant in the one list (D12), with list and variant as key.

        Other lists are managed by the merchant.
        """
        if item.status not in SOLD_STATUSES or not item.sku:
            return None
        price_list = self.client.settings.price_list or next((each.price_list for each in item.prices), "")
        own = [each for each in item.prices if each.price_list == price_list]
        if not own:
            return None
        if not own[0].currency:
            raise SkipRecord(issues.CURRENCY_UNKNOWN())
        target = price_list_payload(price_list, own[0].list_name, own[0].currency)
        return {
            "external_id": f"{target['slug']}/{refs.shop_or_own_id(Kind.VARIANT, item.id)}",
            "list": target,
            "sku": item.sku,
            "pricing": [
                {"quantity": each.min_quantity, "price": json_number(each.amount)}
                for each in sorted(own, key=lambda each: each.min_quantity)
            ],
        }

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        """One call per list. The prices sent for a SKU replace its existing ones."""
        rows = BatchRows(operations)
        lists = {operation.content["list"]["slug"] for _, operation in rows.written}
        for position, operation in rows.written:
            sent = operation.content
            self.client.price_lists.ensure(sent["list"])
            rows.add(position, [{"sku": sent["sku"], "pricing": sent["pricing"]}], sent["list"]["slug"])
        for position, operation in rows.removed:
            slug, _, variant = operation.external_id.partition("/")
            if sku := (operation.previous or find_variant(self.client, variant)).get("sku"):
                rows.add(position, [{"sku": sku, "pricing": []}], slug)
        for slug, entries in rows.by_target.items():
            try:
                self.client.call("PATCH", PRICING, slug, body=entries)
            except RequestRejected as error:
                if error.status == 404 and slug in lists:
                    raise TryAgainLater(
                        f"The price list {slug} no longer exists. It is created again.", sent=False
                    ) from error
                if error.status == 404:
                    continue  # the prices to remove are gone with the list
                raise BatchRejected(rejection_text(error)) from error
        return rows.outcomes()
