"""The interval of full syncs depends on the size of the catalog, unless a person has set it (F3)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, Seller
from catalog.models import Product
from connectors.engine.size_schedules import update_size_schedules
from connectors.services.connections import install_connection
from hub.models import Job, JobState
from tests.factories import make_seller, make_user

pytestmark = pytest.mark.django_db


def products(seller: Seller, number: int, status: str = "live") -> None:
    Product.objects.bulk_create(Product(seller=seller, title="Lamp", slug="lamp", status=status) for _ in range(number))


def discontinue(seller: Seller, number: int) -> None:
    some = Product.objects.filter(seller=seller, status="live").values("pk")[:number]
    Product.objects.filter(pk__in=some).update(status="discontinued")


def search_of(seller: Seller, slug: str) -> Job:
    connection = install_connection(
        seller=seller,
        platform="elevate",
        name=slug,
        slug=slug,
        base_url="http://127.0.0.1:9",
        settings={"markets": ["uk"], "price_list": "shop-price"},
        credentials={"api_key": "key"},
        start=False,
    )
    return connection.jobs.get()


@pytest.fixture
def small() -> Job:
    seller = make_seller("small")
    products(seller, 9_999)
    products(seller, 500, status="discontinued")
    return search_of(seller, "small-search")


def schedule_after_update(job: Job) -> str:
    update_size_schedules(now=timezone.now())
    job.refresh_from_db()
    return job.full_schedule


def test_the_schedule_of_an_import_depends_on_the_size_as_well() -> None:
    seller = make_seller("shop")
    products(seller, 4_999)
    credentials = {"access_token": "token"}
    url = "http://127.0.0.1:9"
    shop = install_connection(
        seller=seller, platform="magento", name="shop", slug="shop", base_url=url, credentials=credentials, start=False
    )
    job = shop.jobs.get(data_type="products", direction="import")
    assert (job.full_schedule, job.by_size) == ("1h", True)
    products(seller, 1)
    assert schedule_after_update(job) == "1d"


def test_a_new_job_gets_the_schedule_of_its_size(small: Job) -> None:
    assert (small.full_schedule, small.by_size) == ("1h", True)
    large = make_seller("large")
    products(large, 10_000)
    assert search_of(large, "large-search").full_schedule == "1d"


def test_the_schedule_changes_when_the_size_crosses_the_threshold(small: Job) -> None:
    seller = small.connection.seller
    assert schedule_after_update(small) == "1h"
    products(seller, 1)
    assert small.full_schedule == "1h"  # an import does not change the schedule
    now = timezone.now()
    assert update_size_schedules(now=now) == 1
    small.refresh_from_db()
    assert small.full_schedule == "1d"
    assert JobState.objects.get(job=small).next_full_at == now + timedelta(days=1)
    assert AuditEvent.objects.filter(action="job.schedule", detail__products=10_000).exists()
    assert update_size_schedules(now=now) == 0


def test_it_is_small_again_ten_percent_below_the_threshold(small: Job) -> None:
    seller = small.connection.seller
    products(seller, 1)
    assert schedule_after_update(small) == "1d"
    discontinue(seller, 1_000)
    assert schedule_after_update(small) == "1d"
    discontinue(seller, 1)
    assert schedule_after_update(small) == "1h"


def test_the_catalog_of_another_seller_does_not_count(small: Job) -> None:
    products(make_seller("other"), 10_000)
    assert schedule_after_update(small) == "1h"


def test_an_operator_sees_it_and_can_override_it(small: Job, client: Client) -> None:
    client.force_login(make_user("operator@example.com", is_staff=True, is_superuser=True))
    address = f"/admin/hub/job/{small.pk}/change/"
    assert "1h (auto)" in client.get("/admin/hub/job/").content.decode()
    fields = ("enabled", "full_schedule", "partial_schedule", "time_zone", "lookback")
    form = client.get(address).context["adminform"].form
    sent = {name: form[name].value() for name in fields} | {"by_size": "on", "full_schedule": "6h"}
    assert client.post(address, sent).status_code == 302
    small.refresh_from_db()
    assert (small.full_schedule, small.by_size) == ("6h", False)
    products(small.connection.seller, 1)
    assert schedule_after_update(small) == "6h"
    assert client.post(address, sent).status_code == 302  # selected again
    small.refresh_from_db()
    assert (small.full_schedule, small.by_size) == ("1d", True)
