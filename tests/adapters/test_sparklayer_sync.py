"""SparkLayer through the engine: a shop's data reaches the B2B storefront that uses the shop."""

from collections.abc import Callable

import pytest
from django.db import transaction
from django.db.models import F, Model
from django.utils import timezone

from catalog.models import Product, Variant
from connectors.engine.applying import apply_page, import_context_for
from connectors.sdk.records import CustomerRecord
from connectors.services import storefront_customers
from connectors.services.connections import install_connection
from connectors.services.runs import sync
from connectors.services.storefront_customers import StorefrontCustomer, receive_customer
from hub.kinds import Kind
from hub.models import Change, Connection, Job, Link, Run
from hub.queue import enqueue
from orders.models import Customer, Order
from sandbox.process import SandboxProcess
from tests.engine.products import change
from tests.engine.worker import work_until_idle
from tests.factories import make_seller

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox(
        "bigcommerce", accounts={"shop": "token"}, products=12, customers=5, orders=6, dirty=False, quota=100_000
    )


@pytest.fixture
def site(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("sparklayer", accounts={"acme": "client-word"})


@pytest.fixture
def storefront(transactional_db: None, store: SandboxProcess, site: SandboxProcess) -> Connection:
    """A storefront for an imported shop, with everything sent to it."""
    seller = make_seller("acme", currency="GBP")
    install_connection(
        seller=seller,
        platform="bigcommerce",
        name="Acme shop",
        slug="acme-shop",
        base_url=f"{store.url}/stores/shop",
        credentials={"access_token": "token"},
    )
    work_until_idle()
    storefront = install_connection(
        seller=seller,
        platform="sparklayer",
        name="Acme B2B",
        slug="acme-b2b",
        base_url=site.url,
        settings={"site_id": "acme", "client_id": "sandbox-client", "stock_locations": {"1": "default"}},
        credentials={"client_secret": "client-word"},
    )
    work_until_idle()
    return storefront


def test_the_storefront_has_the_shops_products_under_the_shops_ids(
    storefront: Connection, store: SandboxProcess, site
) -> None:
    there = {row["external_id"]: row for row in site.state("products")}
    shop = {str(row["id"]): row for row in store.state("products")}
    assert there.keys() == shop.keys()
    assert {key: row["title"] for key, row in there.items()} == {key: row["name"] for key, row in shop.items()}
    skus = {each["sku"] for row in there.values() for each in row["variants"]}
    assert skus == set(Variant.objects.values_list("sku", flat=True))
    ids = set(Link.objects.filter(connection=storefront, kind=Kind.PRODUCT).values_list("external_id", flat=True))
    assert ids == shop.keys()


def test_the_stores_currency_is_sent(storefront: Connection, site: SandboxProcess) -> None:
    assert list(site.state("store")) == [{"currency_code": "GBP"}]


def test_one_list_holds_the_default_price_of_every_product(storefront: Connection, site: SandboxProcess) -> None:
    assert [row["name"] for row in site.state("price_lists")] == ["BigCommerce Price"]
    priced = {row["sku"] for row in site.state("prices")}
    assert priced == set(Variant.objects.values_list("sku", flat=True))


def test_variants_with_tracked_stock_have_stock(storefront: Connection, site: SandboxProcess) -> None:
    counted = set(Variant.objects.filter(stock__isnull=False).values_list("sku", flat=True))
    assert {row["sku"] for row in site.state("stock")} == counted != set()


def test_a_second_full_sync_writes_nothing(storefront: Connection, site: SandboxProcess) -> None:
    site.clear_calls()
    for data_type in ("products", "stock", "prices"):
        sync(connection=storefront, data_type=data_type, trigger=Run.Trigger.BUTTON)
    work_until_idle()
    assert [call for call in site.calls() if not call["path"].endswith("/token")] == []


def test_products_discontinued_in_the_shop_are_discontinued_at_the_storefront(
    storefront: Connection, site: SandboxProcess
) -> None:
    gone, hidden, *_ = Product.objects.order_by("pk")
    change([gone], status="discontinued")
    change([hidden], status="suspended")
    work_until_idle()
    links = dict(
        Link.objects.filter(connection__slug="acme-shop", kind="product").values_list("item_id", "external_id")
    )
    there = {row["external_id"]: {each["status"] for each in row["variants"]} for row in site.state("products")}
    assert there[links[gone.pk]] == {"discontinued"}
    assert there[links[hidden.pk]] == {"suspended"}


def test_an_unknown_shop_needs_attention_before_anything_is_duplicated(
    storefront: Connection, site: SandboxProcess
) -> None:
    before = list(site.state("products"))
    Connection.objects.filter(pk=storefront.pk).update(settings=storefront.settings | {"shop": "acme-shpo"})
    change(list(Product.objects.order_by("pk")[:2]), title="Other")
    work_until_idle()
    job = Job.objects.get(connection=storefront, data_type="products")
    assert job.paused and "acme-shpo" in job.state.attention
    assert list(site.state("products")) == before


def amend(kind: Kind, model: type[Model], pks: list[int], **fields: object) -> None:
    with transaction.atomic():
        model.objects.filter(pk__in=pks).update(**fields, revision=F("revision") + 1)
        seller_id = model.objects.filter(pk__in=pks).values_list("seller_id", flat=True)[0]
        enqueue(seller_id=seller_id, kind=kind, item_ids=pks)
    work_until_idle()


def test_only_customers_and_orders_of_the_storefront_are_sent(storefront: Connection, site: SandboxProcess) -> None:
    assert list(site.state("customers")) == [] and list(site.state("purchases")) == []
    order = Order.objects.exclude(customer=None).order_by("pk").first()
    amend(Kind.CUSTOMER, Customer, [order.customer_id], b2b_enabled=True, group=None)
    amend(Kind.ORDER, Order, [order.pk], placed_through_b2b=True, cart_id="cart-1")
    at_shop = dict(
        Link.objects.filter(connection__slug="acme-shop", kind="customer").values_list("item_id", "external_id")
    )
    (customer,) = site.state("customers")
    (purchase,) = site.state("purchases")
    assert (customer["external_id"], customer["email"]) == (at_shop[order.customer_id], order.customer.email)
    assert purchase["purchase_identifiers"]["sparklayer"] == "cart-1"
    assert purchase["purchase_identifiers"]["visible"] == order.number
    assert purchase["customer_identifiers"] == {"sparklayer": customer["legacy_id"]}
    amend(Kind.CUSTOMER, Customer, [order.customer_id], b2b_enabled=False)
    assert list(site.state("customers")) == []
    assert not Change.objects.exists()


def test_a_customer_created_at_the_storefront_is_matched_in_the_shop(
    storefront: Connection, site: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A customer that the shop has with the same email address, enabled for B2B, is the same customer and gets the
    shop's ID, also if customers cannot be created in the shop and it imports the customer later."""
    monkeypatch.setattr(storefront_customers, "has_accounts", lambda storefront: False)
    link = Link.objects.filter(connection__slug="acme-shop", kind="customer").order_by("pk").first()
    twin = Customer.objects.get(pk=link.item_id)
    email = twin.email
    link.delete()
    twin.delete()
    received = StorefrontCustomer(email=email.upper(), first_name="Ada", last_name="New")
    own = receive_customer(storefront=storefront, customer=received, by=None)
    created = Customer.objects.get(email=email.upper())
    assert own == f"synccenter-{created.pk}"
    sync(connection=storefront, data_type="customers", trigger=Run.Trigger.BUTTON)
    work_until_idle()
    assert [row["external_id"] for row in site.state("customers")] == [own]
    job = Job.objects.get(connection__slug="acme-shop", data_type="customers")
    record = CustomerRecord(
        external_id=link.external_id, email=email, first_name="Ada", last_name="New", b2b_enabled=True
    )
    with transaction.atomic():
        apply_page(import_context_for(job, run_id=None, now=timezone.now()), [record])
    work_until_idle()
    created.refresh_from_db()
    assert Customer.objects.filter(email__iexact=email).count() == 1
    assert [row["external_id"] for row in site.state("customers")] == [link.external_id]
