"""Every page shows its data, works without any, and makes a number of queries that does not grow with it."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.crypto import get_random_string

from accounts.models import Membership, Seller, User
from catalog.models import Image, Product, Variant
from dashboard.presentation import Tone, choice_label
from dashboard.summary import item_summary
from hub.kinds import DataType, Direction, Kind
from hub.models import Run, RunCounter
from orders.models import Customer, Order, OrderLine
from synclog.models import Issue, ItemEvent, ItemStatus, SyncLog
from tests.dashboard.merchants import Merchant, person

LISTS = ["", "issues/", "runs/", "checks/", "products/", "customers/", "orders/", "statuses/", "settings/"]
LogIn = Callable[[User], Client]


@pytest.mark.parametrize("path", LISTS)
def test_each_list_works_for_a_seller_without_data(client: Client, db: None, path: str) -> None:
    seller = Seller.objects.create(slug="empty", name="Empty Ltd")
    client.force_login(person("eve@empty.example", seller, Membership.Role.OWNER))
    response = client.get(f"/s/empty/{path}")
    assert response.status_code == 200
    assert "Empty Ltd" in response.content.decode()


def test_a_product_page_shows_all_details(acorn: Merchant, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).get(f"/s/acorn/products/{acorn.products[0].pk}/").content.decode()
    for words in (
        *("Oak side table", "OAK-TABLE-S", "Skovhus", "Home / Tables", "49.50 EUR", "Aarhus"),
        *("The search engine did not respond", "<code>111</code>", f"2 × {Kind.VARIANT.label}"),
        # the timeline of the product and its variants, field by field
        *("<del>52.00</del>", "<ins>49.50</ins>", "<del>(empty)</del>"),
    ):
        assert words in page, words


def test_a_product_shows_its_open_issue_with_the_fix(acorn: Merchant, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).get(f"/s/acorn/products/{acorn.products[2].pk}/").content.decode()
    assert "Add a SKU in the shop" in page


def test_an_item_says_first_whether_it_is_in_sync(acorn: Merchant, logged_in: LogIn) -> None:
    client, product = logged_in(acorn.owner), acorn.products[0]
    address = f"/s/acorn/products/{product.pk}/"
    assert client.get(address).context["item_summary"].text == "Not in sync at Elevate search."
    ItemStatus.objects.filter(kind=Kind.PRODUCT, item_id=product.pk).update(state=ItemStatus.State.SYNCED)
    assert client.get(address).context["item_summary"].text == "In sync at BigCommerce shop, Elevate search."
    blocked = client.get(f"/s/acorn/products/{acorn.products[2].pk}/").context["item_summary"]
    assert blocked.text == "Blocked at BigCommerce shop."
    # A warning blocks nothing at its connection.
    warning = Issue(severity=Issue.Severity.WARNING, sync_log=SyncLog(integration="elevate"))
    assert item_summary([], [acorn.issues[0], warning]).text == "Blocked at BigCommerce shop."
    synced = item_summary(list(ItemStatus.objects.filter(item_id=product.pk)), [warning])
    assert (synced.text, synced.tone) == ("Synced with a warning at elevate.", Tone.WARN)


def test_payloads_are_shown_unchanged(acorn: Merchant, logged_in: LogIn) -> None:
    client = logged_in(acorn.owner)
    page = client.get(f"/s/acorn/products/{acorn.products[0].pk}/").content.decode()
    address = next(part for part in page.split('"') if part.startswith("/s/acorn/payloads/"))
    payload = client.get(address).content.decode()
    assert "49.5" in payload and "&quot;price&quot;: 52" in payload


def test_an_order_shows_lines_and_shipments(acorn: Merchant, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).get(f"/s/acorn/orders/{acorn.order.pk}/").content.decode()
    for words in ("Ida Holm", "148.50 EUR", "OAK-TABLE-S", "PostNord", "2 × OAK-TABLE-S", "Strandvejen 12"):
        assert words in page, words


def test_a_customer_shows_addresses_and_orders(acorn: Merchant, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).get(f"/s/acorn/customers/{acorn.customer.pk}/").content.decode()
    for words in ("Northwind Interiors", "12.5%", "Strandvejen 12", "100042"):
        assert words in page, words


def test_each_storefront_has_its_own_status(acorn: Merchant, logged_in: LogIn) -> None:
    """B12."""
    page = logged_in(acorn.owner).get("/s/acorn/statuses/?kind=category").content.decode()
    assert "storefront 1" in page and "storefront 2" in page
    held = logged_in(acorn.owner).get("/s/acorn/statuses/?kind=category&state=held").content.decode()
    assert "storefront 1" not in held and "storefront 2" in held


def test_external_data_is_escaped(acorn: Merchant, logged_in: LogIn) -> None:
    Product.objects.filter(pk=acorn.products[0].pk).update(title="<script>alert(1)</script>")
    Image.objects.filter(product=acorn.products[0]).update(url="javascript:alert(1)")
    for path in ("products/", f"products/{acorn.products[0].pk}/", "statuses/"):
        page = logged_in(acorn.owner).get(f"/s/acorn/{path}").content.decode()
        assert "<script>alert" not in page and "javascript:" not in page
        assert "&lt;script&gt;" in page


def test_an_invalid_filter_value_shows_an_error(acorn: Merchant, logged_in: LogIn) -> None:
    page = logged_in(acorn.owner).get("/s/acorn/products/?status=nice").content.decode()
    assert "nice is not one of the available choices" in page


@pytest.mark.parametrize("path", ["issues", "runs", "products", "orders", "statuses"])
@pytest.mark.parametrize(
    "marker",
    [
        "x",
        "older~",
        "older~x~1",
        "older~2026-01-01~1",
        "older~99999999999999999999",
        "older~0001-01-01T00:00:00+23:59~1",
    ],
)
def test_a_malformed_page_marker_is_rejected(acorn: Merchant, logged_in: LogIn, path: str, marker: str) -> None:
    response = logged_in(acorn.owner).get(f"/s/acorn/{path}/", {"page": marker, "view": "resolved"})
    assert response.status_code == 400
    assert "start again from the first page" in response.content.decode()


def test_times_are_in_the_sellers_zone(acorn: Merchant, logged_in: LogIn) -> None:
    at = timezone.now().replace(month=7, hour=12, minute=0)
    Order.objects.filter(pk=acorn.order.pk).update(placed_at=at)
    page = logged_in(acorn.owner).get(f"/s/acorn/orders/{acorn.order.pk}/").content.decode()
    assert "14:00" in page and "CEST" in page


def test_an_unknown_time_zone_falls_back_to_utc(acorn: Merchant, logged_in: LogIn) -> None:
    Seller.objects.filter(pk=acorn.seller.pk).update(time_zone="Middle/Earth")
    assert logged_in(acorn.owner).get("/s/acorn/").status_code == 200


@pytest.mark.parametrize("environment", ["live", "staging", "development"])
def test_staging_is_unmistakable(client: Client, db: None, settings: object, environment: str) -> None:
    settings.ENVIRONMENT = environment  # type: ignore[attr-defined]
    page = client.get("/login/").content.decode()
    assert ("Test environment with anonymized data." in page) == (environment == "staging")


def grow(merchant: Merchant, number: int) -> None:
    """Add `number` rows of everything."""
    seller, now, name = merchant.seller, timezone.now(), get_random_string(6)
    reading = merchant.job(Direction.IMPORT, DataType.PRODUCTS)
    products = Product.objects.bulk_create(Product(seller=seller, title=f"Stool {n}") for n in range(number))
    variants = Variant.objects.bulk_create(
        Variant(seller=seller, product=product, sku=f"STOOL-{name}-{n}") for n, product in enumerate(products)
    )
    Variant.objects.bulk_create(
        Variant(seller=seller, product=merchant.products[0], sku=f"TABLE-{name}-{n}") for n in range(number)
    )
    customers = Customer.objects.bulk_create(
        Customer(seller=seller, email=f"c{n}@x.example", last_name=f"Name{n}") for n in range(number)
    )
    Order.objects.bulk_create(
        Order(seller=seller, number=f"{n}", customer=customer, currency="EUR", total=1, placed_at=now)
        for n, customer in enumerate(customers)
    )
    OrderLine.objects.bulk_create(
        OrderLine(seller=seller, order=merchant.order, variant=variant, quantity=1, unit_price=1)
        for variant in variants
    )
    log = merchant.issues[0].sync_log
    Issue.objects.bulk_create(
        Issue(
            sync_log=log,
            seller=seller,
            job=reading,
            external_id=f"variant:{variant.pk}",
            kind=Kind.VARIANT,
            item_id=variant.pk,
            message="?",
        )
        for variant in variants
    )
    about = {"seller": seller, "job": reading, "kind": Kind.PRODUCT}
    ItemStatus.objects.bulk_create(ItemStatus(**about, item_id=product.pk, state="synced") for product in products)
    ItemEvent.objects.bulk_create(
        ItemEvent(**about, item_id=merchant.products[0].pk, direction="import", action="updated", changes={"a": [1, 2]})
        for _ in range(number)
    )
    runs = Run.objects.bulk_create(
        Run(job=reading, scope="full", trigger="schedule", state="done", started_at=now, finished_at=now)
        for _ in range(number)
    )
    RunCounter.objects.bulk_create(RunCounter(run=run, kind="product", read=1) for run in runs)


def test_the_number_of_queries_does_not_grow_with_the_data(acorn: Merchant, logged_in: LogIn) -> None:
    client = logged_in(acorn.owner)
    paths = [
        *LISTS,
        "live/",
        f"products/{acorn.products[0].pk}/",
        f"customers/{acorn.customer.pk}/",
        f"orders/{acorn.order.pk}/",
        f"runs/{acorn.runs['done'].pk}/",
        "products/?search=st",
        "customers/?search=na",
    ]

    def counts() -> dict[str, int]:
        found = {}
        for path in paths:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(f"/s/acorn/{path}").status_code == 200
            found[path] = len(queries)
        return found

    client.get("/s/acorn/")  # stores the chosen seller in the session
    grow(acorn, 3)
    few = counts()
    grow(acorn, 60)
    many = counts()
    assert {path: number for path, number in many.items() if number > few[path]} == {}
    assert max(many.values()) <= 22 and many[""] <= 20


@pytest.mark.parametrize(
    ("kind", "key", "value", "label"),
    [
        (Kind.ORDER, "status", "partly_shipped", "Partially shipped"),
        (Kind.ORDER, "AB-1: status", "shipped", "Shipped"),
        (Kind.PRODUCT, "AB-1: status", "discontinued", "Discontinued"),
        (Kind.ORDER, "customer_note", "shipped", None),
        (Kind.ORDER, "unknown", "shipped", None),
        (Kind.CATEGORY, "name", "live", None),
    ],
)
def test_the_timeline_shows_choices_by_their_labels(kind: Kind, key: str, value: str, label: str | None) -> None:
    assert choice_label(kind, key, value) == label
