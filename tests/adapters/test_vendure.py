"""Vendure: what is specific to its Admin API, on the simulated one. tests/real/test_vendure.py has a real server."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import NeedsAttention, SkipRecord, TryAgainLater
from connectors.sdk.records import ProductRecord, VariantRecord
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.reading import records

Open = Callable[..., Adapter[Any]]


@pytest.fixture
def shop(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("vendure")


def products(adapter: Adapter[Any], since: datetime | None = None) -> dict[str, ProductRecord]:
    found = records(adapter, DataType.PRODUCTS, since=since)
    return {each.external_id: each for each in found if isinstance(each, ProductRecord)}


def variant_of(adapter: Adapter[Any], sku: str, since: datetime | None = None) -> VariantRecord:
    variants = (variant for each in products(adapter, since).values() for variant in each.variants or ())
    return next(each for each in variants if each.sku == sku)


def price_of(variant: VariantRecord) -> Decimal | None:
    assert variant.price is not None and not isinstance(variant.price, list)
    return variant.price.amount


@pytest.fixture
def sku(shop: SandboxProcess) -> str:
    """The SKU of a variant whose product has not changed for long."""
    return str(next(each["sku"] for each in shop.state("variants") if each["sku"]))


@pytest.mark.parametrize("page_size", [2, 7, 1000])
def test_items_of_one_millisecond_are_read_once_whatever_the_page_size(
    page_size: int, shop: SandboxProcess, open_adapter: Open
) -> None:
    """The invalid products were all created at the same time, more of them than fit on a page."""
    read = [each.external_id for each in records(open_adapter("vendure", page_size=page_size), DataType.PRODUCTS)]
    assert sorted(read) == sorted(str(each["id"]) for each in shop.state("products"))


def test_a_new_price_or_stock_is_found_by_the_variants_own_date(
    shop: SandboxProcess, sku: str, open_adapter: Open
) -> None:
    before = datetime.now(UTC)
    assert products(open_adapter("vendure"), since=before) == {}
    shop.control("POST", "price", json={"sku": sku, "price": 1234})
    assert price_of(variant_of(open_adapter("vendure"), sku, since=before)) == Decimal("12.34")
    shop.control("POST", "stock", json={"sku": sku, "pieces": 7, "location": "2"})
    found = variant_of(open_adapter("vendure"), sku, since=before)
    assert {each.location: each.quantity for each in found.stock or ()}["Store"] == 7


def test_prices_without_tax_are_those_that_vendure_computes(shop: SandboxProcess, sku: str, open_adapter: Open) -> None:
    shop.control("POST", "price", json={"sku": sku, "price": 1200})
    assert price_of(variant_of(open_adapter("vendure", prices="without_tax"), sku)) == 10
    assert price_of(variant_of(open_adapter("vendure", prices="with_tax"), sku)) == 12


def test_prices_in_further_currencies_are_lists_of_their_own(
    shop: SandboxProcess, sku: str, open_adapter: Open
) -> None:
    shop.control("POST", "price", json={"sku": sku, "price": 1200})
    shop.control("POST", "price", json={"sku": sku, "price": 1500, "currency": "EUR"})
    prices = variant_of(open_adapter("vendure"), sku).price
    assert isinstance(prices, list)
    assert [(each.price_list and each.price_list.currency, each.amount) for each in prices] == [(None, 12), ("EUR", 15)]


def test_mapped_custom_fields_and_facets_are_read(shop: SandboxProcess, sku: str, open_adapter: Open) -> None:
    """A custom field that the server does not have is not asked for: the whole query would fail."""
    shop.control("POST", "custom_fields", json={"sku": sku, "fields": {"ean": "4006381333931", "weight": 250}})
    mapped = {"products": {"brand": "", "barcode": "customFields.ean", "mpn": "customFields.gone"}}
    found = variant_of(open_adapter("vendure", field_map=mapped, weight_field="customFields.weight"), sku)
    assert (found.barcode, found.weight_in_grams, found.mpn) == ("4006381333931", 250, "")
    mapped = open_adapter("vendure", field_map={"products": {"brand": "", "settings": {"maker": "facets.brand"}}})
    assert variant_of(mapped, sku).settings["maker"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"message": "No.", "path": ["products"], "extensions": {"code": "FORBIDDEN"}}, NeedsAttention),
        ({"message": "No.", "extensions": {"code": "NO_VALID_CHANNEL"}}, NeedsAttention),
        ({"message": "No.", "extensions": {"code": "USER_INPUT_ERROR"}}, SkipRecord),
        ({"message": "null value in column violates …", "extensions": {}}, TryAgainLater),
        ({"message": "Cannot query field", "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}, NeedsAttention),
    ],
)
def test_errors_arrive_with_status_200(
    error: dict[str, Any], expected: type[Exception], shop: SandboxProcess, open_adapter: Open
) -> None:
    """Data beside an error must not be taken for the whole page."""
    shop.fault("status", status=200, body={"errors": [error], "data": {"products": {"items": [], "totalItems": 0}}})
    with pytest.raises(expected) as raised:
        open_adapter("vendure").source(DataType.PRODUCTS).read_page(since=None, cursor=None)
    assert getattr(raised.value, "fix", "None needed")
