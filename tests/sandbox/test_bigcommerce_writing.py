"""Writing to a BigCommerce store: validation, batches with an invalid item, fields that are silently ignored."""

from typing import Any

import pytest

from tests.sandbox.conftest import Api

SHIRT = {"name": "Plain shirt", "type": "physical", "weight": 0.2, "price": 20, "categories": []}


def size(label: str) -> list[dict[str, str]]:
    return [{"option_display_name": "Size", "label": label}]


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"name": None}, "name"),
        ({"name": "x" * 251}, "name"),
        ({"name": "torn\0label"}, "name"),
        ({"type": "subscription"}, "type"),
        ({"price": "20"}, "price"),
        ({"price": -1}, "price"),
        ({"weight": None}, "weight"),
        ({"categories": None}, "categories"),
        ({"is_visible": 1}, "is_visible"),
        ({"custom_fields": [{"name": "n"}]}, "value"),
        ({"images": [{"image_url": "https://x/" + "y" * 250}]}, "images.image_url"),
    ],
)
def test_an_invalid_product_is_rejected_by_field_and_changes_nothing(shop: Api, changes: Any, field: str) -> None:
    before = shop.get("/v3/catalog/products").json()["meta"]["pagination"]["total"]
    answer = shop.post("/v3/catalog/products", SHIRT | changes)
    assert answer.status_code == 422
    assert field in answer.json()["errors"]
    assert shop.get("/v3/catalog/products").json()["meta"]["pagination"]["total"] == before


def test_names_and_skus_are_unique_and_references_must_exist(shop: Api) -> None:
    held = shop.data("/v3/catalog/products/1", include="variants")
    for duplicate in (
        {"name": held["name"]},
        {"sku": held["sku"]},
        {"sku": held["variants"][0]["sku"]},
        {"categories": [9999]},
        {"brand_id": 9999},
    ):
        assert shop.post("/v3/catalog/products", SHIRT | duplicate).status_code == 409


def test_a_product_is_created_with_its_variants(shop: Api) -> None:
    body = SHIRT | {"variants": [{"sku": f"SHIRT-{label}", "option_values": size(label)} for label in "SML"]}
    created = shop.post("/v3/catalog/products", body).json()["data"]
    product = shop.data(f"/v3/catalog/products/{created['id']}", include="variants,options")
    assert [variant["sku"] for variant in product["variants"]] == ["SHIRT-S", "SHIRT-M", "SHIRT-L"]
    assert [value["label"] for value in product["options"][0]["option_values"]] == ["S", "M", "L"]
    assert product["base_variant_id"] is None


@pytest.mark.parametrize(
    "second, status",
    [
        ({"sku": "SHIRT-2"}, 422),
        ({"sku": "SHIRT-2", "option_values": [{"label": "M"}]}, 422),
        ({"sku": "SHIRT-2", "option_values": size("S")}, 409),
        ({"sku": "SHIRT-1", "option_values": size("M")}, 409),
    ],
)
def test_one_invalid_variant_prevents_the_creation_of_its_product(shop: Api, second: Any, status: int) -> None:
    first = {"sku": "SHIRT-1", "option_values": size("S")}
    assert shop.post("/v3/catalog/products", SHIRT | {"variants": [first, second]}).status_code == status
    assert shop.data("/v3/catalog/products", name=SHIRT["name"]) == []


def test_the_base_variant_is_replaced_by_real_variants(shop: Api) -> None:
    product = shop.post("/v3/catalog/products", SHIRT | {"sku": "SHIRT", "inventory_level": 5}).json()["data"]
    path = f"/v3/catalog/products/{product['id']}/variants"
    (base,) = shop.data(path)
    assert base["id"] == product["base_variant_id"]
    assert base["sku"] == "SHIRT"
    assert shop.delete(f"{path}/{base['id']}").status_code == 422
    assert shop.post(path, {"sku": "SHIRT-S", "option_values": size("S")}).status_code == 422
    option = {"display_name": "Size", "type": "rectangles", "option_values": [{"label": "S", "sort_order": 0}]}
    size_option = shop.post(path.replace("variants", "options"), option).json()["data"]
    values = [{"option_id": size_option["id"], "id": size_option["option_values"][0]["id"]}]
    assert shop.post(path, {"sku": "SHIRT-S", "option_values": values}).status_code == 200
    assert [variant["sku"] for variant in shop.data(path)] == ["SHIRT-S"]
    assert shop.post(path, {"sku": "SHIRT-S2", "option_values": values}).status_code == 409


def test_option_values_of_a_variant_cannot_be_changed(shop: Api) -> None:
    """The vendor answers 200 and ignores them; here the caller is told."""
    product = shop.post(
        "/v3/catalog/products", SHIRT | {"variants": [{"sku": "SHIRT-S", "option_values": size("S")}]}
    ).json()["data"]
    path = f"/v3/catalog/products/{product['id']}/variants"
    variant = shop.data(path)[0]
    assert shop.put(f"{path}/{variant['id']}", {"option_values": size("Small")}).status_code == 422
    assert shop.process.calls()[-1]["ignored"] == ["option_values"]
    assert shop.data(path)[0]["option_values"] == variant["option_values"]


def test_a_product_batch_is_rejected_as_a_whole_or_partly_applied(shop: Api) -> None:
    path = "/v3/catalog/products"
    assert shop.put(path, [{"id": n, "price": 1} for n in range(1, 12)]).status_code == 413
    assert shop.put(path, [{"id": 1, "price": 1}, {"price": 1}]).status_code == 422
    assert shop.put(path, [{"id": 1, "price": 1}, {"id": 999, "price": 1}]).status_code == 404
    assert shop.put(path, [{"id": 1, "name": "Twin"}, {"id": 2, "name": "Twin"}]).status_code == 409
    assert shop.data(f"{path}/1")["price"] != 1
    partly = shop.put(path, [{"id": 1, "price": 1, "custom_url": {"url": "/größe/"}}, {"id": 2, "price": 1}])
    assert partly.status_code == 207
    assert "custom_url" in partly.json()["errors"]["errors"]
    assert [shop.data(f"{path}/{n}")["price"] for n in (1, 2)] == [1, 1]


def test_a_variant_batch_names_no_positions(shop: Api) -> None:
    path = "/v3/catalog/variants"
    assert shop.put(path, [{"id": n} for n in range(1, 52)]).status_code == 413
    first, second = shop.data(path, limit=2)
    rejected = shop.put(path, [{"id": first["id"], "price": 1.5}, {"id": second["id"], "price": "dear"}])
    assert rejected.status_code == 422
    (error,) = rejected.json()["batch_errors"]
    assert set(error["errors"]) == {"price"}
    assert shop.data(path, id=first["id"])[0]["price"] == first["price"]
    done = shop.put(path, [{"id": first["id"], "price": 1.5}, {"id": second["id"], "inventory_level": 77}])
    assert done.status_code == 200
    product = shop.data(f"/v3/catalog/products/{second['product_id']}", include="variants")
    assert product["inventory_level"] == sum(variant["inventory_level"] for variant in product["variants"])


def test_products_are_deleted_only_by_a_filter(shop: Api) -> None:
    assert shop.delete("/v3/catalog/products").status_code == 422
    assert shop.delete("/v3/catalog/products?id:in=1,2").status_code == 204
    assert shop.get("/v3/catalog/products/1").status_code == 404
    assert shop.data("/v3/catalog/variants", **{"product_id:in": "1,2"}) == []


def test_valid_price_records_are_written_beside_invalid_ones(shop: Api) -> None:
    product = shop.post("/v3/pricelists", {"name": "BigCommerce Price"}).json()["data"]
    assert shop.post("/v3/pricelists", {"name": "BigCommerce Price"}).status_code == 409
    path = f"/v3/pricelists/{product['id']}/records"
    good = {"variant_id": 1, "currency": "GBP", "price": 4.5}
    bad = {"sku": "no such thing", "currency": "GBP", "price": 4.5}
    rejected = shop.put(path, [good, bad])
    assert rejected.status_code == 422
    (error,) = rejected.json()["batch_errors"]
    assert error["data"]["sku"] == "no such thing"
    tiers = [{"quantity_min": at, "type": "fixed", "amount": 4} for at in (10, 50)]
    for wrong in (tiers, [tier | {"quantity_max": 99} for tier in tiers]):
        assert shop.put(path, [good | {"bulk_pricing_tiers": wrong}]).status_code == 422
    assert list(error["field_errors"]) == ["sku"]
    shop.put(path, [good | {"price": 5}])
    assert [(row["variant_id"], row["price"]) for row in shop.data(path)] == [(1, 5)]
    assert shop.put(path, [good] * 1001).status_code == 413


def test_stock_is_adjusted_all_or_nothing(shop: Api) -> None:
    path = "/v3/inventory/adjustments/absolute"
    sku = shop.data("/v3/catalog/variants", limit=1)[0]["sku"]
    good = {"location_id": 1, "sku": sku, "quantity": 41}
    for bad in ({"location_id": 9}, {"quantity": "4"}, {"quantity": -1}, {"sku": "none"}, {"variant_id": 1}):
        rejected = shop.put(path, {"items": [good, good | bad]})
        assert rejected.status_code == 422
        assert all(name.startswith("items[1].") for name in rejected.json()["errors"])
    simple = next(row for row in shop.data("/v3/catalog/products", limit=250) if row["inventory_tracking"] == "product")
    adjusted = {"location_id": 1, "quantity": 5}
    by_variant = shop.put(path, {"items": [adjusted | {"variant_id": simple["base_variant_id"]}]})
    title = (
        f"[Item with variant_id {simple['base_variant_id']} is tracked by product, please update stock by product id]"
    )
    assert (by_variant.status_code, by_variant.json()["title"], by_variant.json()["errors"]) == (422, title, {})
    assert shop.put(path, {"items": [adjusted | {"product_id": simple["id"]}]}).status_code == 200
    assert shop.data("/v3/catalog/variants", sku=simple["sku"]) == []
    assert [row["id"] for row in shop.data("/v3/catalog/products", sku=simple["sku"])] == [simple["id"]]
    assert shop.put(path, {"items": [good] * 2001}).status_code == 413
    done = shop.put(path, {"reason": "count", "items": [good, {"location_id": 2, "variant_id": 1, "quantity": 3}]})
    assert done.json()["transaction_id"]
    (item,) = shop.data("/v3/inventory/items", **{"variant_id:in": 1})
    assert [location["total_inventory_onhand"] for location in item["locations"]] == [41, 3]


def test_customers_are_written_ten_at_a_time_with_unique_emails(shop: Api) -> None:
    person = {"email": "ann@example.com", "first_name": "Ann", "last_name": "Other"}
    assert shop.post("/v3/customers", [person] * 11).status_code == 413
    assert shop.post("/v3/customers", [person, person]).status_code == 422
    product = shop.post("/v3/customers", [person]).json()["data"][0]
    assert shop.post("/v3/customers", [person | {"email": "ANN@example.com"}]).status_code == 422
    assert shop.put("/v3/customers", [{"id": product["id"], "date_created": "2020-01-01"}]).status_code == 422
    assert shop.put("/v3/customers", [{"id": product["id"], "company": "Other & Co"}]).status_code == 200
    assert shop.data("/v3/customers", **{"email:in": "ann@example.com"})[0]["company"] == "Other & Co"


def test_invalid_categories_are_reported_beside_valid_ones(shop: Api) -> None:
    path = "/v3/catalog/trees/categories"
    mixed = shop.post(path, [{"name": "Hats", "tree_id": 1}, {"name": "Clothing", "tree_id": 1}, {"name": "Caps"}])
    assert mixed.status_code == 207
    assert mixed.json()["meta"] == {"total": 3, "success": 1, "failed": 2}
    assert set(mixed.json()["errors"]["errors"]) == {"1.name", "2.tree_id"}
    hats = mixed.json()["data"][0]["category_id"]
    assert shop.put(path, [{"category_id": hats, "parent_id": hats}]).status_code == 422
    assert (
        shop.put("/v3/catalog/products/category-assignments", [{"product_id": 1, "category_id": hats}]).status_code
        == 204
    )
    assert hats in shop.data("/v3/catalog/products/1")["categories"]
    assert shop.delete(f"{path}?category_id:in={hats}").status_code == 202
    assert hats not in shop.data("/v3/catalog/products/1")["categories"]


def test_an_order_reduces_stock_and_never_ships_more_than_ordered(shop: Api) -> None:
    shop.put("/v3/inventory/adjustments/absolute", {"items": [{"location_id": 1, "variant_id": 1, "quantity": 10}]})
    body = {
        "products": [{"product_id": 1, "variant_id": 1, "quantity": 4}],
        "billing_address": {"email": "a@b.example"},
    }
    order = shop.post("/v2/orders", body).json()
    assert shop.data("/v3/catalog/variants", id=1)[0]["inventory_level"] == 6
    (line,) = shop.get(f"/v2/orders/{order['id']}/products").json()

    def ship(quantity: int) -> Any:
        item = {"order_product_id": line["id"], "quantity": quantity}
        return shop.post(
            f"/v2/orders/{order['id']}/shipments", {"order_address_id": line["order_address_id"], "items": [item]}
        )

    assert ship(3).status_code == 201
    assert shop.get(f"/v2/orders/{order['id']}").json()["status"] == "Partially Shipped"
    assert ship(2).status_code == 400
    assert ship(1).status_code == 201
    assert shop.get(f"/v2/orders/{order['id']}").json()["status"] == "Shipped"


def test_a_body_must_be_json(shop: Api) -> None:
    path = "/v3/catalog/products/1"
    assert shop.call("PUT", path, data=b"{", headers={"Content-Type": "application/json"}).status_code == 400
    assert shop.call("PUT", path, data=b"price=3").status_code == 415


def test_brands_are_deleted_by_name_or_one_at_a_time(shop: Api) -> None:
    path = "/v3/catalog/brands"
    (first, *_) = shop.data(path, limit=1)
    assert shop.delete(f"{path}?id:in={first['id']}").status_code == 422
    assert shop.delete(f"{path}?name={first['name']}").status_code == 204
    assert shop.get(f"{path}/{first['id']}").status_code == 404


def test_a_scope_and_destination_have_one_webhook(shop: Api) -> None:
    body = {"scope": "store/order/*", "destination": "https://hub.example.com/hook"}
    assert shop.post("/v3/hooks", body).status_code == 200
    assert shop.post("/v3/hooks", body).status_code == 422
    other = shop.post("/v3/hooks", body | {"scope": "store/product/*"}).json()["data"]
    assert shop.put(f"/v3/hooks/{other['id']}", {"scope": "store/order/*"}).status_code == 422
