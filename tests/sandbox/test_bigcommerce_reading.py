"""Reading a BigCommerce store: authentication, filters, includes, pages, cursors."""

import pytest
import requests

from tests.sandbox.conftest import Api


def test_a_token_opens_only_its_own_store(shop: Api) -> None:
    other = shop.base.replace("alpha", "beta")
    for base, token in (
        (shop.base, "wrong"),
        (shop.base, "wrøng"),
        (other, "alpha-token"),
        (shop.base.replace("alpha", "none"), "alpha-token"),
    ):
        answer = requests.get(base + "/v2/time", headers={"X-Auth-Token": token.encode()}, timeout=60)
        assert answer.status_code == 401
    assert shop.get("/v2/time").status_code == 200


def test_stores_have_their_own_products_under_the_same_ids(shop: Api) -> None:
    beta = Api(shop.process, "/stores/beta", {"X-Auth-Token": "beta-token"})
    ours, other = (store.data("/v3/catalog/products/1") for store in (shop, beta))
    beta.http.close()
    assert ours["id"] == other["id"] == 1
    assert ours["name"] != other["name"]


@pytest.mark.parametrize(
    "path, most",
    [
        ("/v3/catalog/products", 250),
        ("/v3/catalog/variants", 250),
        ("/v3/catalog/brands", 250),
        ("/v3/customers", 250),
        ("/v3/inventory/items", 1000),
    ],
)
def test_a_page_has_its_limit(shop: Api, path: str, most: int) -> None:
    assert shop.get(path, limit=most).status_code == 200
    rejected = shop.get(path, limit=most + 1)
    assert rejected.status_code == 422
    assert "limit" in rejected.json()["errors"]
    assert shop.get(path, limit=0).status_code == 422
    assert shop.get(path, page="two").status_code == 422


def test_pages_contain_each_product_once(shop: Api) -> None:
    seen, page = [], 1
    while True:
        answer = shop.get("/v3/catalog/products", limit=20, page=page).json()
        seen += [product["id"] for product in answer["data"]]
        pagination = answer["meta"]["pagination"]
        assert pagination["count"] == len(answer["data"])
        if "next" not in pagination["links"]:
            break
        page += 1
    assert page == pagination["total_pages"] == 4
    assert seen == list(range(1, pagination["total"] + 1))
    assert shop.data("/v3/catalog/products", limit=20, page=5) == []


def test_keyset_paging_by_id(shop: Api) -> None:
    seen: list[int] = []
    while rows := shop.data("/v3/catalog/products", **{"id:greater": seen[-1] if seen else 0, "limit": 25}):
        seen += [row["id"] for row in rows]
    assert seen == list(range(1, 69))
    assert [row["id"] for row in shop.data("/v3/catalog/products", **{"id:min": 60, "id:less": 62})] == [60, 61]


def test_filters_apply_and_unknown_ones_are_rejected(shop: Api) -> None:
    first, second = shop.data("/v3/catalog/products", limit=2)
    assert [
        row["id"] for row in shop.data("/v3/catalog/products", **{"sku:in": f"{second['sku']},{first['sku']}"})
    ] == [1, 2]
    assert [row["id"] for row in shop.data("/v3/catalog/products", name=second["name"])] == [2]
    assert all(not row["is_visible"] for row in shop.data("/v3/catalog/products", is_visible="false"))
    in_category = shop.data("/v3/catalog/products", **{"categories:in": first["categories"][0]})
    assert 1 in [row["id"] for row in in_category]
    rejected = shop.get("/v3/catalog/products", **{"sku:inn": "x"})
    assert rejected.status_code == 422
    assert "sku:inn" in rejected.json()["title"]
    assert shop.get("/v3/catalog/products", **{"id:in": "1,x"}).status_code == 422
    assert shop.get("/v3/catalog/products", include="everything").status_code == 422


def test_changes_are_found_by_date_in_order(shop: Api) -> None:
    everything = shop.data("/v3/catalog/products", sort="date_modified", limit=250)
    dates = [row["date_modified"] for row in everything]
    assert dates == sorted(dates)
    since = dates[len(dates) // 2]
    newer = shop.data("/v3/catalog/products", **{"date_modified:min": since, "limit": 250})
    assert len(newer) == sum(date >= since for date in dates)
    latest = shop.data("/v3/catalog/products", sort="date_modified", direction="desc", limit=1)
    assert latest[0]["date_modified"] == dates[-1]


def test_sub_resources_are_returned_when_included(shop: Api) -> None:
    bare = shop.data("/v3/catalog/products/1")
    assert not {"variants", "images", "options"} & set(bare)
    full = shop.data("/v3/catalog/products/1", include="variants,images,options,channels")
    assert full["variants"] == shop.data("/v3/catalog/products/1/variants")
    assert full["images"] == shop.data("/v3/catalog/products/1/images")
    assert full["options"] == shop.data("/v3/catalog/products/1/options")
    assert 1 in full["channels"]
    with_options = shop.get("/v3/catalog/products", include="options", limit=50).json()
    assert with_options["meta"]["pagination"]["per_page"] == 10


def test_an_orphaned_variant_shows_only_among_all_variants(shop: Api) -> None:
    (orphan,) = shop.data("/v3/catalog/variants", sku="DIRTY-ORPHAN-VARIANT")
    assert shop.get(f"/v3/catalog/products/{orphan['product_id']}").status_code == 404
    assert shop.data("/v3/inventory/items", **{"sku:in": "DIRTY-ORPHAN-VARIANT"}) == []


def test_categories_go_four_levels_deep_and_each_storefront_has_a_tree(shop: Api) -> None:
    def depth(nodes: list[dict]) -> int:
        return 1 + max(depth(node["children"]) for node in nodes) if nodes else 0

    (outlet,) = shop.data("/v3/catalog/trees", **{"channel_id:in": 2})
    assert depth(shop.data("/v3/catalog/trees/1/categories")) == 4
    assert depth(shop.data(f"/v3/catalog/trees/{outlet['id']}/categories")) == 2
    listed = shop.data("/v3/catalog/trees/categories", **{"tree_id:in": outlet["id"], "limit": 250})
    assert {row["tree_id"] for row in listed} == {outlet["id"]}


@pytest.mark.parametrize("sort", ["date_modified:asc", "last_name:desc", None])
def test_cursors_page_through_all_customers(shop: Api, sort: str | None) -> None:
    seen: list[int] = []
    query = {"limit": 10, "sort": sort}
    while True:
        answer = shop.get("/v3/customers", **query).json()
        seen += [row["id"] for row in answer["data"]]
        cursor = answer["meta"]["cursor_pagination"]
        if "next" not in cursor["links"]:
            break
        query["after"] = cursor["end_cursor"]
    assert sorted(seen) == list(range(1, 26))
    assert shop.get("/v3/customers", after="nonsense").status_code == 422
    assert shop.get("/v3/pricelists/1/records", after=cursor["end_cursor"]).status_code == (
        200 if sort is None else 422
    )


def test_price_records_are_read_by_cursor(shop: Api) -> None:
    first = shop.get("/v3/pricelists/1/records", limit=5, include="sku").json()
    second = shop.get(
        "/v3/pricelists/1/records", limit=5, after=first["meta"]["cursor_pagination"]["end_cursor"]
    ).json()
    assert not {row["variant_id"] for row in first["data"]} & {row["variant_id"] for row in second["data"]}
    assert "sku" in first["data"][0] and "sku" not in second["data"][0]


def test_orders_are_read_through_v2(shop: Api) -> None:
    everything = shop.get("/v2/orders", limit=250, sort="date_modified:asc")
    ids = [order["id"] for order in everything.json()]
    assert 0 not in {order["status_id"] for order in everything.json()}
    assert shop.get("/v2/orders", page=99).status_code == 204
    assert not shop.get("/v2/orders", page=99).content
    since = everything.json()[10]["date_modified"]
    newer = shop.get("/v2/orders", min_date_modified=since, sort="date_modified:asc", limit=250).json()
    assert [order["id"] for order in newer] == ids[10:]
    lines = shop.get(f"/v2/orders/{ids[0]}/products").json()
    assert sum(line["quantity"] for line in lines) == everything.json()[0]["items_total"]
    assert shop.get(f"/v2/orders/{ids[0]}/shipments").status_code == 204
    rejected = shop.get("/v2/orders", modified="yesterday")
    assert rejected.status_code == 400
    assert "modified" in rejected.json()[0]["message"]


def test_missing_resources_are_404(shop: Api) -> None:
    for path in ("/v3/catalog/products/999", "/v3/catalog/brands/999", "/v3/nothing", "/v2/orders/999"):
        assert shop.get(path).status_code == 404
    assert shop.call("PATCH", "/v3/catalog/products").status_code == 405
