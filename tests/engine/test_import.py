"""Imports from a shop: full, by cut date, and discontinuing products that the shop no longer has."""

from collections.abc import Callable
from decimal import Decimal

import pytest
import requests

from accounts.models import Seller, User
from catalog.models import Brand, Category, Price, PriceList, Product, Stock, Variant
from catalog.records import SettingsRecord
from connectors.services.connections import install_connection
from hub.kinds import DataType, Direction, Kind
from hub.models import Change, Connection, Job, Link, Run
from hub.services import add_job, answer_run, start_run
from orders.models import Customer
from sandbox.process import SandboxProcess
from synclog.models import Issue, SyncLog
from tests.engine.worker import last_run, skip_delays, work_until_idle
from tests.factories import make_connection, make_seller
from tests.orders.importing import import_records

pytestmark = pytest.mark.django_db(transaction=True)


def job_of(shop: Connection, data_type: DataType = DataType.PRODUCTS) -> Job:
    return Job.objects.get(connection=shop, direction="import", data_type=data_type)


def sync_again(shop: Connection, scope: str = Run.Scope.FULL) -> Run:
    start_run(job=job_of(shop), scope=scope, trigger="button")
    work_until_idle()
    return last_run(job_of(shop))


def test_a_new_connection_is_imported_in_full(shop: Connection, shop_platform: SandboxProcess) -> None:
    work_until_idle()
    there = {str(product["id"]) for product in shop_platform.state("products")}
    here = set(Link.objects.filter(connection=shop, kind=Kind.PRODUCT).values_list("external_id", flat=True))
    problems = Issue.objects.filter(resolved_at=None, severity="error", kind="product")
    refs = problems.filter(external_id__startswith="product:").values_list("external_id", flat=True)
    rejected = {ref.removeprefix("product:") for ref in refs}
    assert here | rejected == there
    assert Product.objects.count() == len(here) > 55
    assert Variant.objects.count() > 60 and Stock.objects.exists() and Brand.objects.exists()
    assert Category.objects.filter(path__contains=" / ").exists()
    price_list = PriceList.objects.get()
    assert (price_list.name, price_list.currency) == ("BigCommerce Price", "GBP")
    assert Price.objects.filter(price_list=price_list).count() > 60
    assert all(run.state in ("done", "done_with_errors") for run in Run.objects.all())
    log = SyncLog.objects.get(connection=shop, data_type="products")
    assert log.last_full_sync and log.last_full_sync_succeeded and log.last_full_sync > log.started_full_sync


def test_invalid_items_become_issues_that_a_merchant_can_fix(shop: Connection) -> None:
    work_until_idle()
    issues = Issue.objects.filter(resolved_at=None)
    assert issues.filter(external_id__startswith="variant:").exists()
    assert issues.exclude(fix="").count() == issues.count() > 4
    assert issues.filter(link__startswith="http").exists()


def test_reading_the_same_again_changes_nothing(shop: Connection) -> None:
    work_until_idle()
    revisions = dict(Product.objects.values_list("pk", "revision"))
    run = sync_again(shop)
    counter = run.counters.get(kind="product")
    assert (counter.created, counter.updated, counter.removed) == (0, 0, 0)
    assert dict(Product.objects.values_list("pk", "revision")) == revisions


def test_only_changes_since_the_cut_date_are_imported(shop: Connection, shop_platform: SandboxProcess) -> None:
    work_until_idle()
    link = Link.objects.filter(connection=shop, kind=Kind.PRODUCT).order_by("item_id")[5]
    shop_platform.control("PATCH", f"products/shop/{link.external_id}", json={"name": "A new name"})
    Job.objects.filter(pk=job_of(shop).pk).update(lookback="0")
    run = sync_again(shop, Run.Scope.PARTIAL)
    assert Product.objects.get(pk=link.item_id).title == "A new name"
    counter = run.counters.get(kind="product")
    assert counter.updated == 1 and counter.read < 60


def test_a_new_price_updates_the_price_list_of_the_shop(shop: Connection, shop_platform: SandboxProcess) -> None:
    work_until_idle()
    link = Link.objects.filter(connection=shop, kind=Kind.PRODUCT).order_by("item_id")[7]
    own = Price.objects.filter(variant__product_id=link.item_id)
    others = dict(Price.objects.exclude(variant__product_id=link.item_id).values_list("pk", "amount"))
    shop_platform.control("PATCH", f"products/shop/{link.external_id}", json={"price": 321.5, "sale_price": 0})
    sync_again(shop)
    assert Decimal("321.5") in own.values_list("amount", flat=True)
    assert dict(Price.objects.exclude(variant__product_id=link.item_id).values_list("pk", "amount")) == others
    assert PriceList.objects.count() == 1


def test_a_changed_base_currency_is_imported(shop: Connection, shop_platform: SandboxProcess) -> None:
    work_until_idle()
    shop_platform.control("PATCH", "information/shop", json={"currency": "EUR"})
    start_run(job=job_of(shop, DataType.SETTINGS), scope=Run.Scope.FULL, trigger="button")
    work_until_idle()
    assert PriceList.objects.get().currency == "EUR"


def test_customers_deleted_at_the_shop_lose_their_access(
    transactional_db: None, sandbox: Callable[..., SandboxProcess]
) -> None:
    """Also one of whom not everything could be saved, because the parent account is unknown; nobody sends an event."""
    shop_platform = sandbox("bigcommerce", accounts={"shop": "token"}, products=3, customers=5)
    shop = install_connection(
        seller=make_seller("acme"),
        platform="bigcommerce",
        name="Acme shop",
        slug="acme-shop",
        base_url=f"{shop_platform.url}/stores/shop",
        credentials={"access_token": "token"},
    )
    erp = make_connection(shop.seller, role="erp")
    target = add_job(connection=erp, direction=Direction.EXPORT, data_type=DataType.CUSTOMERS, lane="customers")
    work_until_idle()
    first, second = Link.objects.filter(connection=shop, kind=Kind.CUSTOMER).order_by("item_id")[:2]
    Link.objects.filter(pk=second.pk).update(received_hash=None)
    Change.objects.filter(job=target).delete()
    requests.delete(
        f"{shop_platform.url}/stores/shop/v3/customers",
        params={"id:in": f"{first.external_id},{second.external_id}"},
        headers={"X-Auth-Token": "token"},
        timeout=60,
    ).raise_for_status()
    start_run(job=job_of(shop, DataType.CUSTOMERS), scope=Run.Scope.FULL, trigger="button")
    work_until_idle()
    gone = set(Customer.objects.filter(status=Customer.Status.DELETED).values_list("pk", flat=True))
    assert gone == {first.item_id, second.item_id}
    assert gone <= set(Change.objects.filter(job=target).values_list("item_id", flat=True))


def test_excluded_customers_do_not_count_as_missing(
    transactional_db: None, sandbox: Callable[..., SandboxProcess]
) -> None:
    """Those of other storefronts were imported before the connection was limited, and are in no list since."""
    shop_platform = sandbox("bigcommerce", accounts={"shop": "token"}, products=0, customers=40)
    shop = install_connection(
        seller=make_seller("acme"),
        platform="bigcommerce",
        name="Acme shop",
        slug="acme-shop",
        base_url=f"{shop_platform.url}/stores/shop",
        credentials={"access_token": "token"},
        start=False,
    )
    job = job_of(shop, DataType.CUSTOMERS)
    customers = f"{shop_platform.url}/stores/shop/v3/customers"

    def sync_customers() -> Run:
        start_run(job=job, scope=Run.Scope.FULL, trigger="button")
        work_until_idle()
        return last_run(job)

    sync_customers()
    known = list(Link.objects.filter(connection=shop, kind=Kind.CUSTOMER).values_list("external_id", flat=True))
    assert len(known) > 30
    with requests.Session() as session:
        session.headers["X-Auth-Token"] = "token"
        others = [{"id": int(number), "channel_ids": [1]} for number in known[:12]]
        for rows in (others[:10], others[10:]):
            session.put(customers, json=rows, timeout=60).raise_for_status()
        Connection.objects.filter(pk=shop.pk).update(settings=shop.settings | {"channel_ids": [2]})
        for _ in range(2):
            run = sync_customers()
            assert (run.state, sum(each.removed for each in run.counters.all())) == (Run.State.DONE, 0), run.reason
        session.delete(customers, params={"id:in": ",".join(known[12:25])}, timeout=60).raise_for_status()
    run = sync_customers()
    assert run.state == Run.State.NEEDS_APPROVAL and f"13 of {len(known)}" in run.reason
    answer_run(run=run, yes=True, by=User.objects.create_user("op@acme.example"))
    work_until_idle()
    assert last_run(job).counters.get(kind="customer").removed == 13


def test_an_unknown_time_zone_is_an_issue(shop: Connection) -> None:
    settings = SettingsRecord(external_id="1", name="Shop", currency="EUR", time_zone="Mars/Olympus_Mons")
    import_records(job_of(shop, DataType.SETTINGS), settings)
    assert Issue.objects.get(code="time_zone_unknown").severity == Issue.Severity.WARNING
    assert Seller.objects.get().time_zone != settings.time_zone


def test_products_deleted_at_the_shop_are_discontinued(shop: Connection, shop_platform: SandboxProcess) -> None:
    work_until_idle()
    link = Link.objects.filter(connection=shop, kind=Kind.PRODUCT).order_by("item_id")[3]
    shop_platform.control("DELETE", f"products/shop/{link.external_id}")
    run = sync_again(shop)
    product = Product.objects.get(pk=link.item_id)
    assert product.status == "discontinued"
    assert set(product.variants.values_list("status", flat=True)) == {"discontinued"}
    assert run.counters.get(kind="product").removed == 1


def test_discontinuing_many_products_needs_approval(shop: Connection, shop_platform: SandboxProcess) -> None:
    """They are compared with the known products; orders that were imported in the meantime do not count."""
    work_until_idle()
    links = [Link(connection=shop, kind=Kind.ORDER, external_id=f"o{n}", item_id=n, seen_run=10**9) for n in range(500)]
    Link.objects.bulk_create(links)
    for link in Link.objects.filter(connection=shop, kind=Kind.PRODUCT).order_by("item_id")[:20]:
        shop_platform.control("DELETE", f"products/shop/{link.external_id}")
    run = sync_again(shop)
    assert run.state == Run.State.NEEDS_APPROVAL
    assert "20 of" in run.reason
    assert not Product.objects.filter(status="discontinued").exists()


def test_a_failed_page_is_read_again_later(shop: Connection, shop_platform: SandboxProcess) -> None:
    shop_platform.fault("garbage", path="/v3/catalog/products", times=1)
    shop_platform.fault("half_body", path="/v3/catalog/products", times=1)
    work_until_idle()
    skip_delays()
    skip_delays()
    assert last_run(job_of(shop)).state == Run.State.DONE_WITH_ERRORS
    assert Product.objects.count() > 55


def test_the_total_equals_the_number_of_items_read(shop: Connection, shop_platform: SandboxProcess) -> None:
    """The shop counts only products; its list also has a variant whose product no longer exists."""
    work_until_idle()
    runs = Run.objects.filter(job__connection=shop)
    assert runs.filter(job__data_type="products", total__gt=55)
    for run in runs:
        assert run.total == sum(counter.read for counter in run.counters.all()), run
