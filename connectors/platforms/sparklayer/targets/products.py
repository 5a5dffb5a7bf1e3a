"""Products with their variants, one call each: the vendor has no batch call for them.

A variant that no longer exists is sent as discontinued (D9), and so are all variants of a product that no longer
exists: nothing is deleted, because orders refer to it.
"""

from collections.abc import Sequence
from typing import Any

from catalog.items import ProductItem, VariantItem
from connectors.platforms.sparklayer.client import UNDOCUMENTED_PATHS, SparkLayerClient
from connectors.platforms.sparklayer.rejections import send_each
from connectors.platforms.sparklayer.settings import FieldMap
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation, Outcome, References
from connectors.sdk.responses import RequestRejected
from connectors.sdk.streams import Target
from connectors.sdk.values import SOLD_STATUSES, json_number, variant_label
from hub.kinds import DataType, Kind

Row = dict[str, Any]


class ProductTarget(Target[SparkLayerClient, ProductItem, Row]):
    data_type = DataType.PRODUCTS
    lane = "products"
    shards = 2
    batch_size = 10

    def payload(self, item: ProductItem, refs: References) -> Row | None:
        """`product` is the request body, `variants` maps its variants to ours."""
        if item.status not in SOLD_STATUSES:
            return None
        without_sku = [variant for variant in item.variants if variant.status in SOLD_STATUSES and not variant.sku]
        if without_sku:
            names = ", ".join(variant_label(each) for each in without_sku[:5])
            raise SkipRecord(issues.SKU_MISSING(count=len(without_sku), names=names))
        main_image_url = item.images[0].url if item.images else ""
        variants = [each for each in item.variants if each.sku]
        return {
            "product": {
                "external_id": refs.shop_or_own_id(Kind.PRODUCT, item.id),
                "title": item.title,
                "slug": item.slug.strip("/") or refs.shop_or_own_id(Kind.PRODUCT, item.id),
                "variants": [
                    {
                        "external_id": refs.shop_or_own_id(Kind.VARIANT, variant.id),
                        "sku": variant.sku,
                        "weight_in_grams": json_number(variant.weight_in_grams),
                        "position": variant.position,
                        "cart_image_url": variant.cart_image_url or main_image_url,
                        "options": [{"group": each["name"], "name": each["value"]} for each in variant.options],
                        "status": _status(item, variant),
                        "rrp": _rrp(variant, self.client.settings.price_list),
                        "settings": _settings(variant, self.client.field_map),
                    }
                    for variant in variants
                ],
            },
            "variants": {str(variant.id): refs.shop_or_own_id(Kind.VARIANT, variant.id) for variant in variants},
        }

    def send(self, operations: Sequence[Operation[Row]]) -> list[Outcome]:
        return send_each(operations, self._send)

    def _send(self, operation: Operation[Row]) -> Outcome:
        return self._discontinue(operation) if operation.action is Action.REMOVE else self._put(operation)

    def _put(self, operation: Operation[Row]) -> Outcome:
        """Update the product, or create it if it does not exist: safe to repeat."""
        product = operation.content["product"]
        try:
            answer = self.client.call(
                "PATCH", UNDOCUMENTED_PATHS["product"], operation.external_id or product["external_id"], body=product
            )
        except RequestRejected as error:
            if error.status != 404:
                raise
            answer = self.client.call("POST", UNDOCUMENTED_PATHS["products"], body=product)
        match answer:
            case {"external_id": str(external_id)}:
                links: dict[tuple[str, int], str] = {
                    (Kind.VARIANT, int(pk)): each for pk, each in operation.content["variants"].items()
                }
                return Outcome(external_id=external_id, links=links)
        raise TryAgainLater("SparkLayer did not say which product it saved.")

    def _discontinue(self, operation: Operation[Row]) -> Outcome:
        try:
            existing = self.client.call("GET", UNDOCUMENTED_PATHS["product"], operation.external_id)
        except RequestRejected as error:
            if error.status != 404:
                raise
            return Outcome(external_id=operation.external_id)
        match existing:
            case {"variants": list(variants)}:
                changed = [
                    {"external_id": each["external_id"], "status": "discontinued"}
                    for each in variants
                    if each.get("status") != "discontinued"
                ]
            case _:
                raise TryAgainLater("SparkLayer did not say which variants the product has.")
        if changed:
            self.client.call("PATCH", UNDOCUMENTED_PATHS["product"], operation.external_id, body={"variants": changed})
        return Outcome(external_id=operation.external_id)


def _status(item: ProductItem, variant: VariantItem) -> str:
    if variant.status not in SOLD_STATUSES:
        return "discontinued"
    return "suspended" if "suspended" in (item.status, variant.status) else "live"


def _rrp(variant: VariantItem, price_list: str) -> list[Row]:
    """One per currency; ours is in the currency of the default price."""
    currency = next((each.currency for each in variant.prices if price_list in ("", each.price_list)), "")
    if variant.rrp is None or not currency:
        return []
    return [{"currency_code": currency, "price": json_number(variant.rrp)}]


def _settings(variant: VariantItem, field_map: FieldMap) -> list[Row]:
    """One per customer group; ours apply to all groups."""
    found = {
        external_name: variant.settings[name]
        for name, external_name in field_map.settings.items()
        if name in variant.settings
    }
    return [found] if found else []
