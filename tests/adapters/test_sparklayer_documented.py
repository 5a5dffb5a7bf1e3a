"""Requests and answers as SparkLayer's pages print them, with other names: written from the pages alone.

The simulated SparkLayer takes the requests, and the adapter takes the answers, as the vendor would.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from connectors.sdk.adapter import Adapter
from connectors.sdk.errors import BatchRejected, SkipRecord, TryAgainLater
from connectors.sdk.operations import Action, Operation
from connectors.sdk.responses import RequestRejected
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.samples import customer, order, variant
from tests.adapters.writing import NOTHING, creations

PENCE = {"number": "21.49", "currency": "GBP"}
CART = "8c1f0d1e-7dec-11d0-a765-00a0c91e6bf6"
# https://docs.sparklayer.io/tech-docs/createupdate-purchase
PURCHASE = {
    "type": "order",
    "purchase_identifiers": {"sparklayer": CART, "visible": "B2B0042"},
    "customer_identifiers": {"sparklayer": "cu_77", "sparklayer_child": "cu_78"},
    "dates": {"created_at": "2026-02-03T00:00:00+02:00", "placed_at": "2026-02-03T00:00:00+02:00"},
    "customer_reference": "PO 12",
    "currency_code": "GBP",
    "billing_address": {"address_line1": "3 Ropewalk", "city": "Hull", "country_code": "GB"},
    "packages": [
        {
            "identifiers": {"sparklayer_package_id": "0a1f0d1e-7dec-11d0-a765-00a0c91e6bf6"},
            "accounting_files": [{"identifiers": {"visible": "INV9"}, "data": {"type": "uri"}, "file_type": "invoice"}],
            "line_items": [
                {
                    "identifiers": {},
                    "name_parent": "Rope",
                    "quantity": 3,
                    "custom_attributes": [{"key": "Length", "value": "9 m"}],
                    "line_total": {"total_net": PENCE, "discount_net": PENCE},
                }
            ],
            "shipping_method": {"name": "Standard", "line_total": {"total_net": PENCE, "discount_net": PENCE}},
            "shipping_address": {"address_line1": "3 Ropewalk", "city": "Hull", "country_code": "GB"},
            "shipments": [{"carrier": "Carrier Ltd", "carrier_id": ""}],
            "type": "incoming",
        }
    ],
    "accounting_files": [{"identifiers": {"visible": "INV9"}, "data": {"type": "uri"}, "file_type": "invoice"}],
    "custom_fields": [{"name": "Delivery Date"}],
    "metadata": [{"name": "Example key", "value": "99"}],
}
REQUESTS: list[tuple[str, str, str, Any, int]] = [
    # https://docs.sparklayer.io/tech-docs/update-product-stock: nine units below zero
    (
        "stock",
        "POST",
        "/api/v1/batch-update-stock",
        [{"sku": "ROPE", "stock_location_external_id": "default", "stock_level": 0, "min_stock_level": -9}],
        204,
    ),
    # https://docs.sparklayer.io/developers/api/pricing/update-pricing-for-multiple-price-lists
    (
        "prices",
        "PATCH",
        "/api/v1/batch-update-pricing",
        [
            {
                "sku": "ROPE",
                "price_list_slug": "retail",
                "pricing": [{"quantity": 1, "price": 18.96, "unit_of_measure": "each"}],
            },
            {"sku": "ROPE", "price_list_slug": "trade", "pricing": [{"quantity": 1, "price": 12, "tax_type": "net"}]},
        ],
        204,
    ),
    # https://docs.sparklayer.io/developers/api/customers/create-or-update-a-customer
    (
        "customers",
        "PUT",
        "/api/v2/customers/email/eve@example.com",
        {"email": "eve@example.com", "first_name": "Eve", "last_name": "Rope", "group": "Trade", "addresses": []},
        201,
    ),
    ("orders", "PUT", f"/api/v1/purchases/sparklayer/{CART}", PURCHASE, 200),
    # https://docs.sparklayer.io/ignite/data-sync
    (
        "sync log",
        "PUT",
        "/api/v1/sync-log/synccenter/products",
        {"started_full_sync": "2026-02-03T04:05:06Z", "last_full_sync": "2026-02-02T04:05:06Z", "errors": []},
        204,
    ),
]


@pytest.fixture
def site(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("sparklayer")


@pytest.fixture
def storefront(open_adapter: Callable[..., Adapter]) -> Adapter:
    return open_adapter("sparklayer")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"), [pytest.param(*each[1:], id=each[0]) for each in REQUESTS]
)
def test_a_documented_request_is_accepted(storefront: Adapter, method: str, path: str, body: Any, status: int) -> None:
    for slug in ("retail", "trade"):
        created = {"slug": slug, "name": slug.title(), "currency_code": "GBP"}
        storefront.client.call("POST", "/api/v1/price-lists", body=created)
    assert storefront.http.request(method, path, body=body).status == status


@pytest.mark.parametrize("error", [{"quantity": 1}, {"sku": "ROPE", "price_list_slug": "none", "pricing": []}])
def test_a_request_that_the_pages_exclude_is_rejected(storefront: Adapter, site: SandboxProcess, error: Any) -> None:
    with pytest.raises(SkipRecord):
        storefront.client.call("PATCH", "/api/v1/batch-update-pricing", body=[error])
    assert {each["direction"] for each in site.violations()} <= {"request"}
    site.clear_violations()


def test_a_body_that_names_another_customer_is_rejected_with_the_printed_code(storefront: Adapter) -> None:
    """https://docs.sparklayer.io/developers/api/customers/create-or-update-a-customer"""
    body = {"external_id": "C-2", "email": "eve@rope.example", "first_name": "Eve", "last_name": "Rope"}
    with pytest.raises(RequestRejected) as raised:
        storefront.client.call("PUT", "/api/v2/customers/{}/{}", "platform", "C-1", body=body)
    assert raised.value.body["errors"][0]["code"] == "idMismatch"


# Answers


def test_prices_are_rejected_with_lines(storefront: Adapter, site: SandboxProcess) -> None:
    operations = creations(storefront, DataType.PRICES, [variant(1), variant(2)])
    storefront.target(DataType.PRICES).send(operations)
    body = [{"line": 2, "field": "price", "message": "SKU-2: must be a number"}]
    site.fault("status", status=400, path="batch-update-pricing", body=body)
    with pytest.raises(BatchRejected, match="SKU-2") as raised:
        storefront.target(DataType.PRICES).send(operations)
    assert list(raised.value.item_errors) == [1]


def test_a_problem_names_properties(storefront: Adapter, site: SandboxProcess) -> None:
    problem = {
        "title": "Bad Request",
        "status": 400,
        "detail": "Validation failed",
        "errors": [{"code": "idMismatch", "message": "Identifiers differ", "property": "external_id"}],
    }
    site.fault("status", status=400, method="PUT", path="/customers/", body=problem)
    (outcome,) = storefront.target(DataType.CUSTOMERS).send(creations(storefront, DataType.CUSTOMERS, [customer(1)]))
    assert isinstance(outcome.error, SkipRecord) and "external_id: Identifiers differ" in str(outcome.error)


def test_an_error_without_a_body_is_an_error(storefront: Adapter, site: SandboxProcess) -> None:
    site.fault("status", status=400, method="PUT", path="/customers/", body="")
    (outcome,) = storefront.target(DataType.CUSTOMERS).send(creations(storefront, DataType.CUSTOMERS, [customer(1)]))
    assert isinstance(outcome.error, SkipRecord)


def test_a_concurrent_update_is_tried_again(storefront: Adapter, site: SandboxProcess) -> None:
    operations = creations(storefront, DataType.PRICES, [variant(1)])
    storefront.target(DataType.PRICES).send(operations)
    site.fault("status", status=409, path="batch-update-pricing", body={"title": "Conflict", "status": 409})
    with pytest.raises(TryAgainLater) as raised:
        storefront.target(DataType.PRICES).send(operations)
    assert not raised.value.sent


def test_a_stored_purchase_tells_its_total(storefront: Adapter, site: SandboxProcess) -> None:
    """https://docs.sparklayer.io/tech-docs/get-purchase"""
    target = storefront.target(DataType.ORDERS)
    payload = target.payload(order(1, customer_id=None, cart_id=CART), NOTHING)
    stored = {
        "type": "order",
        "purchase_identifiers": {"sparklayer": CART, "platform": "123456789", "internal": "", "visible": "B2B0042"},
        "customer_identifiers": {
            "sparklayer": "cu_77",
            "sparklayer_impersonator": "cu_78",
            "sparklayer_child": "cu_79",
        },
        "payment_method": "",
        "dates": {"created_at": "2026-02-03T00:00:00+02:00", "calculated_submitted_at": "2026-02-03T00:00:00+02:00"},
        "calculated_total": {"number": "25.00", "currency": "GBP"},
        "calculated_total_usd": {},
        "calculated_fulfilment_status": "processing",
        "packages": [],
    }
    site.fault("status", status=200, method="PUT", path="/purchases/", body=stored)
    (outcome,) = target.send([Operation(Action.CREATE, 1, "", payload)])
    assert (outcome.error, outcome.external_id) == (None, CART)
    assert outcome.totals is None or outcome.totals.total == Decimal("25.00")
