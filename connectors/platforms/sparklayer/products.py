"""Products with their variants, one call each: there is no batch for them.

A variant that is gone is sent as discontinued (D9), and a product that is gone has all of its variants discontinued:
nothing is deleted, so that orders keep what they name.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from catalog.items import ProductItem, VariantItem
from connectors.contract import Action, Operation, Outcome, References
from connectors.errors import SkipRecord, TryAgainLater
from connectors.http import Refused
from connectors.platforms.sparklayer.client import UNDOCUMENTED_PATHS, SparkLayerClient, send_each
from connectors.platforms.sparklayer.settings import FieldMap
from hub.kinds import Kind

SOLD_STATUSES = ("live", "suspended")

Row = dict[str, Any]


def payload(item: ProductItem, refs: References, price_list: str, field_map: FieldMap) -> Row | None:
    """`product` is what is sent, `variants` tells which of its variants is which of ours."""
    if item.status not in SOLD_STATUSES:
        return None
    variants_without_sku = [variant for variant in item.variants if variant.status in SOLD_STATUSES and not variant.sku]
    if variants_without_sku:
        raise SkipRecord(
            f"{len(variants_without_sku)} of its variants have no SKU: "
            f"{', '.join(_variant_label(each) for each in variants_without_sku[:5])}.",
            code="no_sku",
            fix="Give every variant an SKU in the shop: SparkLayer knows prices and stock by it.",
        )
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
                    "weight_in_grams": number(variant.weight_in_grams),
                    "position": variant.position,
                    "cart_image_url": variant.cart_image_url or main_image_url,
                    "options": [{"group": each["name"], "name": each["value"]} for each in variant.options],
                    "status": _status(item, variant),
                    "rrp": _rrp(variant, price_list),
                    "settings": _settings(variant, field_map),
                }
                for variant in variants
            ],
        },
        "variants": {str(variant.id): refs.shop_or_own_id(Kind.VARIANT, variant.id) for variant in variants},
    }


def send(client: SparkLayerClient, operations: Sequence[Operation]) -> list[Outcome]:
    return send_each(
        operations,
        lambda operation: (_discontinue if operation.action is Action.REMOVE else _put)(client, operation),
    )


def _put(client: SparkLayerClient, operation: Operation) -> Outcome:
    """Change it; if it is not there, make it: so it may be sent again."""
    product = operation.payload["product"]
    try:
        answer = client.call(
            "PATCH", UNDOCUMENTED_PATHS["product"], operation.external_id or product["external_id"], body=product
        )
    except Refused as refused:
        if refused.status != 404:
            raise
        answer = client.call("POST", UNDOCUMENTED_PATHS["products"], body=product)
    match answer:
        case {"external_id": str(made)}:
            links: dict[tuple[str, int], str] = {
                (Kind.VARIANT, int(pk)): each for pk, each in operation.payload["variants"].items()
            }
            return Outcome(external_id=made, links=links)
    raise TryAgainLater("SparkLayer did not say which product it saved.")


def _discontinue(client: SparkLayerClient, operation: Operation) -> Outcome:
    try:
        existing = client.call("GET", UNDOCUMENTED_PATHS["product"], operation.external_id)
    except Refused as refused:
        if refused.status != 404:
            raise
        return Outcome(external_id=operation.external_id)
    match existing:
        case {"variants": list(variants)}:
            gone = [
                {"external_id": each["external_id"], "status": "discontinued"}
                for each in variants
                if each.get("status") != "discontinued"
            ]
        case _:
            raise TryAgainLater("SparkLayer did not say which variants the product has.")
    if gone:
        client.call("PATCH", UNDOCUMENTED_PATHS["product"], operation.external_id, body={"variants": gone})
    return Outcome(external_id=operation.external_id)


def _status(item: ProductItem, variant: VariantItem) -> str:
    if variant.status not in SOLD_STATUSES:
        return "discontinued"
    return "suspended" if "suspended" in (item.status, variant.status) else "live"


def _rrp(variant: VariantItem, price_list: str) -> list[Row]:
    """One per currency; ours is in that of the default price."""
    currency = next((each.currency for each in variant.prices if price_list in ("", each.price_list)), "")
    if variant.rrp is None or not currency:
        return []
    return [{"currency_code": currency, "price": number(variant.rrp)}]


def _settings(variant: VariantItem, field_map: FieldMap) -> list[Row]:
    """One per customer group; ours hold for all."""
    found = {theirs: variant.settings[ours] for ours, theirs in field_map.settings.items() if ours in variant.settings}
    return [found] if found else []


def _variant_label(variant: VariantItem) -> str:
    return ", ".join(each["value"] for each in variant.options) or f"number {variant.position + 1}"


def number(value: Decimal | None) -> int | float | None:
    """As JSON has it: whole numbers stay whole."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)
