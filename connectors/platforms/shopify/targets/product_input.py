"""What `productSet` is given for a payload. It replaces lists, so what the store has of its own is named as well.

Source: https://shopify.dev/docs/api/admin-graphql/2026-07/input-objects/ProductSetInput
"""

from typing import Any

from connectors.platforms.shopify.client import Row
from connectors.platforms.shopify.targets.images import files
from connectors.sdk import issues
from connectors.sdk.errors import SkipRecord

# What Shopify calls the only variant of a product without options, and its option.
_DEFAULT_OPTIONS = [{"name": "Title", "value": "Default Title"}]


def new_input(payload: Row) -> Row:
    """The input for a product that the store does not have."""
    found = payload["product"] | _variants(payload, {}, {}, [])
    if payload["handle"]:
        found["handle"] = payload["handle"]
    return found | {"files": files(payload["images"], [], [])[0]} if payload["images"] else found


def changed_input(payload: Row, previous: Row | None, existing: Row) -> tuple[Row, list[str]]:
    """The input for `existing`, and the URLs of images that the store could not process.

    Variants that were sent before and are gone are left out, and so deleted; those of the store's own are kept.
    SkipRecord if they have other options, or a SKU of ours. TryAgainLater while the store processes images that have to
    be replaced.
    """
    before = {each["id"]: each for each in (previous or {}).get("variants", ())}
    known, others = _match(payload["variants"], before, existing["variants"])
    if others and not _have_same_options(payload, others):
        names = ", ".join(row.get("sku") or row["id"] for row in others[:5])
        raise SkipRecord(issues.OTHER_VARIANTS(names=names))
    found = payload["product"] | _variants(payload, known, before, others)
    wanted = payload["images"]
    sent = (previous or {}).get("images", [])
    has_failed = any(row.get("status") == "FAILED" for row in existing["media"])
    if previous is not None and sent == wanted and not has_failed:
        return found, []
    found["files"], missing = files(wanted, sent, existing["media"])
    return found, [url for url in missing if has_failed and any(each["url"] == url for each in sent)]


def _match(wanted: list[Row], before: dict[int, Row], existing: list[Row]) -> tuple[dict[int, str], list[Row]]:
    """Our ID → the store's variant, by the SKU that was sent last, else by the present one; and the variants of the
    store's own. SkipRecord if a SKU of ours is not unique in the product: neither variant may be taken for the other.
    """
    ids, skus = {each["id"] for each in wanted}, {each["sku"] for each in wanted}
    gone = {each["sku"] for number, each in before.items() if number not in ids}
    ours = skus | {each["sku"] for each in before.values()}
    by_sku: dict[str, str] = {}
    for row in existing:
        if (sku := row.get("sku") or "") in ours:
            if sku in by_sku:
                raise SkipRecord(issues.SKU_REPEATED(sku=sku))
            by_sku[sku] = row["id"]
    known = {each["id"]: by_sku.get(before[each["id"]]["sku"]) for each in wanted if each["id"] in before}
    found = {number: identifier for number, identifier in known.items() if identifier}
    taken = set(found.values())
    for each in wanted:
        identifier = by_sku.get(each["sku"])
        if each["id"] not in found and identifier and identifier not in taken:
            found[each["id"]] = identifier
            taken.add(identifier)
    others = [row for row in existing if row["id"] not in taken and row.get("sku") not in gone]
    if repeated := next((row["sku"] for row in others if row.get("sku") in skus), None):
        raise SkipRecord(issues.SKU_REPEATED(sku=repeated))
    return found, others


def _variants(payload: Row, known: dict[int, str], before: dict[int, Row], others: list[Row]) -> Row:
    """`productOptions` and `variants`. `known`: our ID → the store's variant; `before`: our ID → what was sent last."""
    options: dict[str, dict[str, None]] = {}
    rows = [_variant(each, known.get(each["id"]), before.get(each["id"])) for each in payload["variants"]]
    rows += [{"id": row["id"], "optionValues": _values(row["selectedOptions"])} for row in others]
    for row in rows:
        for value in row["optionValues"]:
            options.setdefault(value["optionName"], {})[value["name"]] = None
    named = [{"name": name, "values": [{"name": each} for each in values]} for name, values in options.items()]
    return {"productOptions": named, "variants": rows}


def _variant(wanted: Row, identifier: str | None, before: Row | None) -> Row:
    item: Row = {"requiresShipping": wanted["is_shipped"]}
    if wanted["is_tracked"] or (before or {}).get("is_tracked"):
        item["tracked"] = wanted["is_tracked"]
    if wanted["weight_in_grams"] is not None:
        item["measurement"] = {"weight": {"value": wanted["weight_in_grams"], "unit": "GRAMS"}}
    row: Row = {
        "optionValues": _values(wanted["options"] or _DEFAULT_OPTIONS),
        "sku": wanted["sku"],
        "price": wanted["price"],
        "compareAtPrice": wanted["compareAtPrice"],
        "inventoryItem": item,
    }
    # An empty barcode keeps the store's, unless it was sent.
    if wanted["barcode"] or (before or {}).get("barcode"):
        row["barcode"] = wanted["barcode"]
    if wanted["is_suspended"]:
        row["inventoryPolicy"] = "DENY"
    return row if identifier is None else {"id": identifier, **row}


def _values(options: Any) -> list[Row]:
    return [{"optionName": each["name"], "name": each["value"]} for each in options]


def _have_same_options(payload: Row, others: list[Row]) -> bool:
    wanted = {each["name"] for each in payload["variants"][0]["options"] or _DEFAULT_OPTIONS}
    return all({each["name"] for each in row["selectedOptions"]} == wanted for row in others)
