"""Prices of customer groups on their way from a Magento shop through the hub to the customers of a SparkLayer site."""

from collections.abc import Callable
from typing import Any

import pytest

from catalog.models import Variant
from connectors.adapters.factory import open_adapter
from connectors.services.connections import install_connection
from connectors.services.runs import sync
from hub.models import Connection, Job, Link, Run
from sandbox.process import SandboxProcess
from tests.engine.worker import work_until_idle
from tests.factories import make_seller

pytestmark = pytest.mark.django_db(transaction=True)
WHOLESALE, ALL_GROUPS = 2, 32000


def tier(group: int, quantity: int, value: float, percentage: float | None = None) -> dict[str, Any]:
    extension = {"website_id": 0} | ({} if percentage is None else {"percentage_value": percentage})
    return {"customer_group_id": group, "qty": quantity, "value": value, "extension_attributes": extension}


def amend(shop: SandboxProcess, kind: str, number: int, **changes: Any) -> None:
    shop.control("PATCH", "row", json={"account": "alpha", "kind": kind, "id": number, "changes": changes})


def test_a_groups_prices_reach_its_customers(sandbox: Callable[..., SandboxProcess]) -> None:
    shop = sandbox("magento", accounts={"alpha": "alpha-token"}, products=2, customers=4, dirty=False)
    site = sandbox("sparklayer", accounts={"acme": "client-word"})
    product = next(row for row in shop.state("goods") if row["type_id"] == "simple" and row["price"])
    price = product["price"]
    ten, own, five = round(price - 1, 2), round(price - 2, 2), round(price / 2, 2)
    tiers = [tier(ALL_GROUPS, 10, ten), tier(WHOLESALE, 1, own), tier(WHOLESALE, 5, 0, 50)]
    regular = [each for each in product["custom_attributes"] if each["attribute_code"] != "special_price"]
    amend(shop, "products", product["id"], tier_prices=tiers, custom_attributes=regular)
    seller = make_seller("acme", currency="GBP")
    source = install_connection(
        seller=seller,
        platform="magento",
        name="Acme shop",
        slug="acme-shop",
        base_url=shop.url,
        credentials={"access_token": "alpha-token"},
        start=False,
    )
    Job.objects.filter(connection=source, data_type="customers").update(filters={"b2b_groups": ["Wholesale"]})
    install_connection(
        seller=seller,
        platform="sparklayer",
        name="Acme B2B",
        slug="acme-b2b",
        base_url=site.url,
        settings={"site_id": "acme", "client_id": "sandbox-client", "price_lists": "all"},
        credentials={"client_secret": "client-word"},
        start=False,
    )
    # Customers first: they are sent again when their group gets a list.
    read(source, "customers")
    assert {row["external_id"] for row in site.state("customers")} == {
        str(row["id"]) for row in shop.state("customers") if row["group_id"] == WHOLESALE
    }
    read(source, "products")
    prices = {(row["price_list"], row["sku"]): row["pricing"] for row in site.state("prices")}
    assert prices["magento-2-price", product["sku"]] == [
        {"quantity": 1, "price": price},
        {"quantity": 10, "price": ten},
    ]
    assert prices["sc-wholesale", product["sku"]] == [
        {"quantity": 1, "price": own},
        {"quantity": 5, "price": five},
    ]
    assert all(row["price_lists"] == ["sc-wholesale", "magento-2-price"] for row in site.state("customers"))

    amend(shop, "products", product["id"], tier_prices=[])
    read(source, "products")
    prices = {(row["price_list"], row["sku"]): row["pricing"] for row in site.state("prices")}
    assert prices["magento-2-price", product["sku"]] == [{"quantity": 1, "price": price}]
    assert not prices.get(("sc-wholesale", product["sku"]))


def test_a_price_list_of_a_bigcommerce_group_reaches_its_customers(sandbox: Callable[..., SandboxProcess]) -> None:
    store = sandbox("bigcommerce", accounts={"shop": "token"}, products=3, customers=6, dirty=False, quota=100_000)
    site = sandbox("sparklayer", accounts={"acme": "client-word"})
    seller = make_seller("acme", currency="GBP")
    source = install_connection(
        seller=seller,
        platform="bigcommerce",
        name="Acme shop",
        slug="acme-shop",
        base_url=f"{store.url}/stores/shop",
        settings={"price_lists": True},
        credentials={"access_token": "token"},
        start=False,
    )
    adapter = open_adapter(source)
    (trade,) = adapter.client.fetch_all("/pricelists")
    record = adapter.client.list_page_by_cursor(f"/pricelists/{trade['id']}/records")[0][0]
    tiers = [{"quantity_min": 5, "quantity_max": 2**31 - 1, "type": "percent", "amount": 10}]
    changed = {"variant_id": record["variant_id"], "currency": "gbp", "price": 20, "bulk_pricing_tiers": tiers}
    adapter.client.call("PUT", f"/pricelists/{trade['id']}/records", body=[changed])
    adapter.http.close()
    Job.objects.filter(connection=source, data_type="customers").update(filters={"b2b_groups": ["Trade"]})
    install_connection(
        seller=seller,
        platform="sparklayer",
        name="Acme B2B",
        slug="acme-b2b",
        base_url=site.url,
        settings={"site_id": "acme", "client_id": "sandbox-client", "price_lists": "all"},
        credentials={"client_secret": "client-word"},
        start=False,
    )
    read(source, "customers")
    read(source, "products")
    sku = Variant.objects.get(pk=variant_of(source, record["variant_id"])).sku
    prices = {(row["price_list"], row["sku"]): row["pricing"] for row in site.state("prices")}
    assert prices["sc-trade", sku] == [{"quantity": 1, "price": 20}, {"quantity": 5, "price": 18}]
    assert {tuple(row["price_lists"]) for row in site.state("customers")} == {("sc-trade", "bigcommerce-price")}


def variant_of(source: Connection, number: int) -> int:
    return Link.objects.get(connection=source, kind="variant", external_id=str(number)).item_id


def read(source: Connection, data_type: str) -> None:
    sync(connection=source, data_type=data_type, trigger=Run.Trigger.BUTTON)
    work_until_idle()
