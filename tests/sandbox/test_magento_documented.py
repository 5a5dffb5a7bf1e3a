"""Requests that the vendor's guides print are accepted by the simulated shop: the facts, with other names.

https://developer.adobe.com/commerce/webapi/rest/
"""

import base64
from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox.process import SandboxProcess


@pytest.fixture
def shop(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("magento", accounts={"alpha": "token"}, products=5, customers=1, orders=0, dirty=False)


def call(shop: SandboxProcess, method: str, path: str, body: Any = None) -> requests.Response:
    headers = {"Authorization": "Bearer token"}
    return requests.request(method, f"{shop.url}/rest/{path}", json=body, headers=headers, timeout=60)


def custom(**values: object) -> list[dict[str, object]]:
    return [{"attribute_code": code, "value": value} for code, value in values.items()]


def link(sku: str, position: int, *, default: bool = False) -> dict[str, Any]:
    about = {"qty": 1, "is_default": default, "price": 0, "price_type": 0, "can_change_quantity": 0}
    return {"sku": sku, "position": position} | about


SIMPLE = {
    "sku": "TEE-S",
    "name": "Tee S",
    "attribute_set_id": 4,
    "status": 1,
    "visibility": 1,
    "type_id": "simple",
    "price": 12.5,
    "weight": 0.5,
    "extension_attributes": {
        "category_links": [{"position": 0, "category_id": "3"}],
        "stock_item": {"qty": "10", "is_in_stock": True},
    },
    "custom_attributes": custom(description="Light", tax_class_id="2", color="49"),
}
BUNDLE = {
    "sku": "SET-1",
    "name": "Set",
    "status": 1,
    "price": 0,
    "weight": 0,
    "attribute_set_id": 4,
    "visibility": 4,
    "type_id": "bundle",
    "custom_attributes": custom(price_type="0", shipment_type="1", sku_type="0", weight_type="0", price_view="0"),
    "extension_attributes": {
        "bundle_product_options": [
            {
                "title": "Strap",
                "required": True,
                "type": "select",
                "position": 1,
                "sku": "SET-1",
                "product_links": [link("TEE-S", 1, default=True), link("TEE-M", 2)],
            }
        ]
    },
}
IMAGE = {
    "media_type": "image",
    "label": "Front",
    "position": 10,
    "disabled": False,
    "types": ["image", "small_image", "thumbnail", "swatch_image"],
    "content": {
        "base64_encoded_data": base64.b64encode(b"picture").decode(),
        "type": "image/png",
        "name": "front.png",
    },
}


def test_products_with_stock_bundles_and_images(shop: SandboxProcess) -> None:
    """Guides: configurable product, bundle product, product images. What a product does not mention is kept; an empty
    list of images removes them all."""
    for part in (SIMPLE, SIMPLE | {"sku": "TEE-M", "name": "Tee M"}):
        assert call(shop, "POST", "default/V1/products", {"product": part}).status_code == 200
    assert call(shop, "POST", "all/V1/products", {"product": BUNDLE, "saveOptions": True}).status_code == 200
    with_image = {"product": SIMPLE | {"media_gallery_entries": [IMAGE]}}
    assert len(call(shop, "PUT", "default/V1/products/TEE-S", with_image).json()["media_gallery_entries"]) == 1
    assert isinstance(call(shop, "POST", "default/V1/products/TEE-S/media", {"entry": IMAGE}).json(), int)
    kept = call(shop, "POST", "all/V1/products", {"product": {"sku": "TEE-S", "price": 14}}).json()
    assert (kept["name"], len(kept["media_gallery_entries"])) == ("Tee S", 2)
    none = call(shop, "POST", "all/V1/products", {"product": {"sku": "TEE-S", "media_gallery_entries": []}}).json()
    assert none["media_gallery_entries"] == []


def test_bulks_stock_prices_and_shipments(shop: SandboxProcess) -> None:
    """Guides: bulk endpoints, source items, catalog pricing, create a shipment, source selection."""
    products = [{"product": SIMPLE | {"sku": sku, "name": sku}} for sku in ("TEE-M", "TEE-L")]
    queued = call(shop, "PUT", "all/async/bulk/V1/products/bySku", products)
    assert queued.status_code == 202 and [each["id"] for each in queued.json()["request_items"]] == [0, 1]
    item = {"sku": "TEE-M", "source_code": "default", "quantity": 20, "status": 1}
    assert call(shop, "POST", "default/V1/inventory/source-items", {"sourceItems": [item]}).json() == []
    prices = {"prices": [{"price": 71, "store_id": 0, "sku": "TEE-M"}]}
    assert call(shop, "POST", "all/V1/products/base-prices", prices).json() == []
    request = {"inventoryRequest": {"stockId": 1, "items": [{"sku": "TEE-M", "qty": 5}]}, "algorithmCode": "priority"}
    chosen = call(shop, "POST", "all/V1/inventory/source-selection-algorithm-result", request).json()
    about = {"source_code": "default", "sku": "TEE-M", "qty_to_deduct": 5, "qty_available": 20}
    assert chosen == {"source_selection_items": [about], "shippable": True}
    order = shop.control("POST", "order", json={"account": "alpha", "lines": [[0, 2]]})
    shipment = {
        "items": [{"order_item_id": order["items"][0]["item_id"], "qty": 1}],
        "notify": True,
        "comment": {"comment": "From the warehouse in the north-east"},
        "arguments": {"extension_attributes": {"source_code": "default"}},
    }
    assert isinstance(call(shop, "POST", f"default/V1/order/{order['entity_id']}/ship", shipment).json(), int)


@pytest.mark.breaks_contract
def test_a_wrong_field_fails_both_ways(shop: SandboxProcess) -> None:
    rejected = call(shop, "POST", "all/V1/products", {"product": SIMPLE | {"titel": "Tee"}})
    assert rejected.status_code == 400
    row = shop.state("products")
    number = next(iter(row))["id"]
    shop.control("PATCH", "row", json={"account": "alpha", "kind": "products", "id": number, "changes": {"status": 9}})
    assert call(shop, "GET", "all/V1/products?searchCriteria[pageSize]=1").status_code == 500
    found = [(each["direction"], each["method"]) for each in shop.violations()]
    shop.clear_violations()
    assert found == [("request", "POST"), ("response", "GET")]
