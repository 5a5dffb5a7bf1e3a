"""Variants are matched by their SKU, or the one that was sent before."""

from connectors.sdk.variant_matching import match_variants


def test_a_variant_without_a_sku_is_not_taken_for_a_new_one() -> None:
    wanted = [{"id": 1, "sku": "NEW"}, {"id": 2, "sku": "ADDED"}, {"id": 3, "sku": "KEPT"}]
    previous = {"variants": [{"id": 1, "sku": "OLD"}, {"id": 3, "sku": "KEPT"}]}
    existing = {"": 10, "OLD": 11, "KEPT": 12}
    assert match_variants(wanted, previous, existing) == {1: 11, 3: 12}
    assert match_variants(wanted, None, {"": 10}) == {}


def test_two_variants_that_swap_their_skus_keep_the_skus() -> None:
    wanted = [{"id": 1, "sku": "B"}, {"id": 2, "sku": "A"}]
    previous = {"variants": [{"id": 1, "sku": "A"}, {"id": 2, "sku": "B"}]}
    assert match_variants(wanted, previous, {"A": 10, "B": 11}) == {1: 11, 2: 10}
