"""What a target sees of the stock: the locations of its job, less the buffer (C7)."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from catalog.items import StockItem, VariantItem
from connectors.engine import filters

STOCK = {"main": 7, "outlet": 2, "returns": -1}


@pytest.mark.parametrize(
    ("chosen", "seen"),
    [
        ({}, STOCK),
        ({"stock_locations": ["outlet", "main"]}, {"main": 7, "outlet": 2}),
        ({"stock_buffer": 8}, {"main": 0, "outlet": 1, "returns": -1}),
        ({"stock_locations": ["outlet"], "stock_buffer": 5}, {"outlet": 0}),
        # Tracked elsewhere only: none here, not "untracked".
        ({"stock_locations": ["leeds"]}, {"leeds": 0}),
    ],
)
def test_a_target_sees_the_stock_of_its_locations_less_the_buffer(chosen: dict[str, Any], seen: dict[str, int]) -> None:
    stock = [StockItem(location, Decimal(number), None, None) for location, number in STOCK.items()]
    variant = VariantItem(id=1, product_id=1, seller_id=1, stock=stock)
    filters.validate(chosen)
    filters.restrict_stock(chosen, variant)
    assert {each.location: int(each.quantity) for each in variant.stock} == seen


def test_stock_that_is_not_tracked_stays_untracked() -> None:
    variant = VariantItem(id=1, product_id=1, seller_id=1)
    filters.restrict_stock({"stock_locations": ["leeds"], "stock_buffer": 3}, variant)
    assert variant.stock == []


@pytest.mark.parametrize("value", [-1, 1.5, "3", True])
def test_a_buffer_that_is_no_whole_number_is_refused(value: object) -> None:
    with pytest.raises(ValidationError, match="stock_buffer"):
        filters.validate({"stock_buffer": value})
