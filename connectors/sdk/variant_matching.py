"""Finds the variants of a product at a target where the SKU of a variant is unique."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

Found = TypeVar("Found")


def match_variants(
    wanted: Sequence[Mapping[str, Any]], previous: Mapping[str, Any] | None, existing: Mapping[str, Found]
) -> dict[int, Found]:
    """Our ID of a variant → what the target has of it: by its SKU, else by the SKU that was sent last, which has
    changed since. Nothing is matched twice, and nothing without a SKU: it may be a variant of the merchant.

    A chain of changes in one edit (A → B, B → C) is not followed: the first variant is matched to the one with SKU B,
    and the second is missing. Targets reject a SKU that another variant still has.

    `wanted` and `previous["variants"]` are variants of payloads with `id` (ours) and `sku`; `existing`: SKU → what the
    target has.
    """
    sent = {each["id"]: each["sku"] for each in (previous or {}).get("variants", ())}
    present = {each["id"]: each["sku"] for each in wanted}
    matched: dict[int, str] = {}
    for skus in (present, sent):
        for number in present:
            sku = skus.get(number, "")
            if sku and number not in matched and sku in existing and sku not in matched.values():
                matched[number] = sku
    return {number: existing[sku] for number, sku in matched.items()}
