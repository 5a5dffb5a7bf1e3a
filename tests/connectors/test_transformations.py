"""Transformations of a source's fields: steps, their checks, and what a value that cannot be transformed costs (I5)."""

from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from catalog.records import ProductRecord, StockRecord, VariantRecord
from connectors.sdk.field_maps import mapped_values
from connectors.sdk.transformations import SourceFieldMap, transform
from hub.kinds import DataType, Kind
from orders.records import CustomerRecord

KG_TO_G = {"step": "unit", "source": "kg", "target": "g"}


def field_map(**steps: Any) -> SourceFieldMap:
    return SourceFieldMap(transformations={name.replace("__", "."): each for name, each in steps.items()})


def product(**variant: Any) -> ProductRecord:
    return ProductRecord(
        external_id="7",
        title="oak  table ",
        attributes={"Color": "rouge"},
        variants=[VariantRecord(external_id="71", **{"sku": "oak-1", "stock": [StockRecord(quantity=None)]} | variant)],
    )


@pytest.mark.parametrize(
    ("steps", "before", "after"),
    [
        ([{"step": "trim"}, {"step": "case", "to": "words"}], "oak  table ", "Oak Table"),
        ([{"step": "case", "to": "sentence"}], "OAK table", "Oak table"),
        ([{"step": "prefix", "text": "AC-"}, {"step": "suffix", "text": "-X"}], "1", "AC-1-X"),
        ([{"step": "prefix", "text": "AC-"}], "", ""),
        ([{"step": "replace", "find": "-", "replacement": ""}], "a-b-c", "abc"),
        ([{"step": "values", "values": {"rouge": "Red", "": "Plain"}}], "rouge", "Red"),
        ([{"step": "values", "values": {"rouge": "Red", "": "Plain"}}], "", "Plain"),
        ([{"step": "values", "values": {"rouge": "Red"}, "unlisted": "empty"}], "vert", ""),
        ([{"step": "unit", "source": "lb", "target": "g"}], "2", "907.18474"),
        ([{"step": "unit", "source": "cents", "target": "whole"}], "1995", "19.95"),
        ([{"step": "template", "text": "{sku}/{value}"}], "7", "oak-1/7"),
    ],
)
def test_steps_change_a_text(steps: list[dict[str, Any]], before: str, after: str) -> None:
    item = product(mpn=before)
    transform(item, DataType.PRODUCTS, field_map(variant__mpn=steps).transformations)
    assert item.variants and item.variants[0].mpn == after and item.problems == []


def test_every_field_of_an_item_and_its_parts_is_transformed_and_other_kinds_are_not() -> None:
    steps = field_map(
        product__title=[{"step": "trim"}],
        product__attributes__Color=[{"step": "values", "values": {"rouge": "Red"}}],
        variant__rrp=[{"step": "replace", "find": ",", "replacement": "."}],
        stock__restock_date=[{"step": "template", "text": "2027-01-05"}],
        customer__payment_on_account=[{"step": "values", "values": {"Ja": "yes"}}],
        customer__price_lists=[{"step": "case", "to": "upper"}],
    ).transformations
    # A mapped field is transformed as the platform sent it, not after it failed to convert.
    item = product(**mapped_values(Kind.VARIANT, {"rrp": "12,50"}, steps))
    transform(item, DataType.PRODUCTS, steps)
    assert item.title == "oak table" and item.attributes == {"Color": "Red"} and item.variants
    variant = item.variants[0]
    assert variant.rrp == Decimal("12.50") and variant.stock and str(variant.stock[0].restock_date) == "2027-01-05"
    values = mapped_values(Kind.CUSTOMER, {"payment_on_account": "Ja", "price_lists": "gold, silver"}, steps)
    customer = CustomerRecord(external_id="1", **values)
    transform(customer, DataType.CUSTOMERS, steps)
    assert customer.payment_on_account is True and customer.price_lists == ["GOLD", "SILVER"]


@pytest.mark.parametrize(
    ("field", "steps", "reason"),
    [
        ("weight_in_grams", [{"step": "suffix", "text": "kg"}], "“5kg” is not valid for this field"),
        ("mpn", [KG_TO_G], "“oak” is not a number"),
        ("mpn", [{"step": "values", "values": {"ash": "1"}, "unlisted": "report"}], "“oak” is not in the list"),
        ("sku", [{"step": "values", "values": {"ash": "1"}, "unlisted": "empty"}], "“” is not valid"),
        ("mpn", [{"step": "template", "text": "{value}" * 70}] * 4, "the text has more than 20,000 characters"),
        ("mpn", [{"step": "values", "values": {"oak": "9E+999999"}}, KG_TO_G], "“9E+999999” is not a number"),
        ("mpn", [{"step": "values", "values": {"oak": "NaN"}}, KG_TO_G], "“NaN” is not a number"),
    ],
)
def test_a_value_that_cannot_be_transformed_stays_and_is_reported(
    field: str, steps: list[dict[str, Any]], reason: str
) -> None:
    item = product(mpn="oak", weight_in_grams=Decimal(5))
    transform(item, DataType.PRODUCTS, field_map(**{f"variant__{field}": steps}).transformations)
    assert item.variants and (item.variants[0].mpn, item.variants[0].sku, item.variants[0].weight_in_grams) == (
        *("oak", "oak-1"),
        Decimal(5),
    )
    (problem,) = item.problems
    assert problem.code == "transformation_failed" and reason in str(problem.values["reason"])
    assert problem.ref == "variant:71" and not problem.fatal


@pytest.mark.parametrize(
    ("key", "steps"),
    [
        ("variant.price", [{"step": "trim"}]),
        ("order.total", [{"step": "trim"}]),
        ("product.status", [{"step": "trim"}]),
        ("product.attributes", [{"step": "trim"}]),
        ("variant.mpn", [{"step": "code", "text": "import os"}]),
        ("variant.mpn", [{"step": "template", "text": "{nothing}"}]),
        ("variant.mpn", [{"step": "replace", "find": ""}]),
        ("variant.mpn", [{"step": "unit", "source": "kg", "target": "cm"}]),
        ("variant.mpn", [{"step": "trim"}] * 11),
    ],
)
def test_what_cannot_be_applied_is_not_saved(key: str, steps: list[dict[str, Any]]) -> None:
    with pytest.raises(ValidationError):
        SourceFieldMap.model_validate({"transformations": {key: steps}})
