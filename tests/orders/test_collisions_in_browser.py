"""An ID conflict of an order: the console shows it, and following its instructions resolves it (L16)."""

import re
from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from connectors.services.connections import install_connection
from hub.kinds import DataType
from hub.models import Job
from hub.services import start_run
from orders.models import Order
from sandbox.process import SandboxProcess
from synclog.models import Issue, ItemStatus
from tests.engine.worker import work_until_idle
from tests.factories import make_seller
from tests.two_sellers import make_person

pytestmark = pytest.mark.django_db(transaction=True)
KNOWN = 15


@pytest.fixture
def oms(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("seller_center_oms", accounts={"OMS": "oms-key"}, products=12, customers=10, orders=KNOWN)


@pytest.fixture
def job(transactional_db: None, oms: SandboxProcess) -> Job:
    """The import of the OMS's orders, after its first full sync."""
    connection = install_connection(
        seller=make_seller("acme"),
        platform="seller_center_oms",
        name="Acme's OMS",
        slug="acme-oms",
        base_url=oms.url,
        credentials={"api_key": "oms-key"},
    )
    work_until_idle()
    return Job.objects.get(connection=connection, direction="import", data_type=DataType.ORDERS)


@pytest.fixture
def page(job: Job, page_of: Callable[..., Page]) -> Page:
    page = page_of(make_person("olivia@hub.example", is_staff=True, is_superuser=True))
    page.set_viewport_size({"width": 1440, "height": 1000})
    return page


def delete_at_oms(oms: SandboxProcess, *ids: int) -> None:
    oms.control("POST", "delete", json={"kind": "orders", "ids": [str(each) for each in ids]})


def set_next_id(oms: SandboxProcess, kind: str, following: int) -> None:
    oms.control("POST", "sequence", json={"kind": kind, "next": following})


def highest_id(page: Page, kind: str) -> int:
    row = page.get_by_role("row", name=re.compile(rf"^Acme's OMS \(Acme\) {kind} \d"))
    return int(row.get_by_role("cell").nth(2).inner_text())


def test_conflict_is_resolved_by_following_the_instructions(page: Page, job: Job, oms: SandboxProcess) -> None:
    before = list(Order.objects.order_by("pk").values())
    # The OMS was restored from a backup older than ours, and receives an order.
    delete_at_oms(oms, 14, 15)
    set_next_id(oms, "orders", 14)
    oms.control("POST", "orders", json={"count": 1})
    start_run(job=job, trigger="schedule")
    work_until_idle()
    assert list(Order.objects.order_by("pk").values()) == before

    page.goto("/admin/synclog/issue/")
    expect(page.locator("#result_list")).to_contain_text("Acme's OMS sent order 300000014")
    page.get_by_role("link", name="ID conflicts").last.click()
    holder = Order.objects.get(number="300000014")
    row = page.get_by_role("row", name=re.compile("300000014"))
    today = f"{timezone.now():%Y-%m-%d}"
    expect(row).to_contain_text(f"sent order 300000014 of {today} with the ID 14. SyncCenter already uses this ID for")
    expect(row).to_contain_text(f"(no. {holder.pk})")
    expect(row).to_contain_text("above the highest ID in use")

    assert highest_id(page, "Order") == KNOWN
    set_next_id(oms, "orders", highest_id(page, "Order") + 1)
    set_next_id(oms, "items", highest_id(page, "Order line") + 1)
    delete_at_oms(oms, 14)
    oms.control("POST", "orders", json={"count": 1})

    row.get_by_role("link", name=re.compile("orders")).click()
    page.locator("a[hx-get$='/sync-now/'], a[hx-get$='/sync_now/']").first.click()
    page.locator("#dialog button[type=submit]").click()
    expect(page.locator("#dialog button[type=submit]")).to_have_count(0)
    work_until_idle()
    page.goto("/admin/synclog/issue/ids/")
    expect(page.get_by_text("No open ID conflicts.")).to_be_visible()
    assert highest_id(page, "Order") == KNOWN + 1
    assert Order.objects.filter(number="300000016").count() == 1
    assert Order.objects.filter(pk=holder.pk, number="300000014").exists()
    assert not Issue.objects.filter(resolved_at=None).exists()
    assert set(ItemStatus.objects.filter(kind="order").values_list("state", flat=True)) == {"synced"}
