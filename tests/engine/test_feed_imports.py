"""Consecutive imports of a search feed: what is collected and sent, what leaves the queue, who is notified of
failures."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from catalog.models import Product
from connectors.adapters.factory import open_adapter
from connectors.alerts.notifications import evaluate_and_notify
from connectors.models import FeedImport
from connectors.services.connections import install_connection
from connectors.services.runs import sync
from hub.kinds import DataType, Kind
from hub.models import Alert, AlertChannel, Change, Connection, Job, Lane
from hub.queue import enqueue
from sandbox.process import SandboxProcess
from tests.engine.worker import skip_delays, wait_until, work_until_idle

pytestmark = pytest.mark.django_db(transaction=True)

State = FeedImport.State


@pytest.fixture
def synced_search(search: Connection) -> Connection:
    work_until_idle()
    skip_delays()
    assert FeedImport.objects.get().state == State.SUCCESS
    return search


@pytest.fixture
def some_products(synced_search: Connection) -> list[Product]:
    sold = Product.objects.filter(status="live", variants__sku__gt="", variants__prices__amount__gt=0)
    return list(sold.distinct().order_by("pk")[:3])


def rename(*products: Product, title: str) -> None:
    for product in products:
        product.refresh_from_db()
        product.title, product.revision = title, product.revision + 1
        product.save(update_fields=["title", "revision"])
    enqueue(seller_id=products[0].seller_id, kind=Kind.PRODUCT, item_ids=[product.pk for product in products])


def drain_every(search: Connection, seconds: float) -> None:
    search.settings = search.settings | {"drain_every": seconds}
    search.save(update_fields=["settings"])


def target_title(platform: SandboxProcess, product: Product) -> str:
    held = {row["key"]: row["productGroup"] for row in platform.state("groups")}
    return str(held[f"p{product.pk}"]["products"][f"p{product.pk}"]["defaults"]["title"])


def waiting_item_ids() -> set[int]:
    return set(Change.objects.values_list("item_id", flat=True))


def test_changes_are_collected_for_the_interval_and_sent_together(
    synced_search: Connection, some_products: list[Product], search_platform: SandboxProcess
) -> None:
    """F7"""
    drain_every(synced_search, 300)
    search_platform.clear_calls()
    for product in some_products:
        rename(product, title="Collected")
        work_until_idle()
    assert waiting_item_ids() == {product.pk for product in some_products}
    assert [call for call in search_platform.calls() if call["method"] == "POST"] == []
    [lane] = Lane.objects.filter(connection=synced_search)
    first = FeedImport.objects.get()
    assert lane.wake_at == first.sent_at + timedelta(seconds=300)
    FeedImport.objects.update(sent_at=first.sent_at - timedelta(seconds=300))
    skip_delays()
    assert len([call for call in search_platform.calls() if call["method"] == "POST"]) == 1
    assert FeedImport.objects.latest("pk").items == 3 and not waiting_item_ids()


@pytest.mark.parametrize(("days", "methods"), [(6, []), (8, ["PUT"])])
def test_a_full_sync_sends_everything_once_a_week(
    synced_search: Connection, search_platform: SandboxProcess, days: int, methods: list[str]
) -> None:
    """F3: so that differences at the search engine cannot accumulate. Otherwise unchanged products are not written."""
    FeedImport.objects.update(sent_at=timezone.now() - timedelta(days=days))
    before = list(search_platform.state("groups"))
    search_platform.clear_calls()
    sync(connection=synced_search, data_type="products", trigger="schedule")
    work_until_idle()
    assert [call["method"] for call in search_platform.calls() if call["method"] != "GET"] == methods
    assert list(search_platform.state("groups")) == before and not waiting_item_ids()


def test_five_minutes_are_the_default() -> None:
    connection = Connection(
        platform="elevate", base_url="http://127.0.0.1:9", settings={"markets": ["uk"], "price_list": "x"}
    )
    connection.credentials = {"api_key": "key"}
    adapter = open_adapter(connection)
    target: Any = adapter.target(DataType.PRODUCTS)
    assert adapter.feed(target.feed).drain_seconds == 300


@pytest.fixture
def slow_cluster(shop: Connection, sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    """A cluster whose imports take longer than a call waits: until they are told to finish."""
    return sandbox("elevate", accounts={"cluster": "key"}, market="uk:en-GB", import_ms=600_000)


def test_a_long_import_is_polled_and_dequeues_only_its_items(shop: Connection, slow_cluster: SandboxProcess) -> None:
    """F9, F11: an item that changes while its import is running stays in the queue and is sent with the next import."""
    install_connection(
        seller=shop.seller,
        platform="elevate",
        name="Slow search",
        slug="slow-search",
        base_url=slow_cluster.url,
        settings={"markets": ["uk"], "price_list": "acme-shop-price", "drain_every": 1, "blocking_timeout": 1},
        credentials={"api_key": "key"},
        start=False,
    )
    work_until_idle()
    wait_until(lambda: skip_delays_and_continue() and FeedImport.objects.filter(state=State.POLLING).exists())
    feed = FeedImport.objects.get()
    product = Product.objects.get(pk=feed.feed_items.order_by("pk").values_list("item_id", flat=True)[0])
    rename(product, title="Changed meanwhile")
    slow_cluster.control("POST", "finish-imports")
    wait_until(
        lambda: skip_delays_and_continue() and FeedImport.objects.filter(pk=feed.pk, state=State.SUCCESS).exists()
    )
    assert feed.remote_id
    assert product.pk in waiting_item_ids() or FeedImport.objects.count() > 1
    wait_until(lambda: skip_delays_and_continue() and not waiting_item_ids())
    assert target_title(slow_cluster, product) == "Changed meanwhile"
    assert FeedImport.objects.count() == 2


def skip_delays_and_continue() -> bool:
    skip_delays()
    return True


def test_a_rejected_import_dequeues_nothing_and_is_reported(
    synced_search: Connection, some_products: list[Product], search_platform: SandboxProcess
) -> None:
    """F8, F9, F13: reported once, retried, and resolved once an import succeeds."""
    AlertChannel.objects.create(medium="email", address="operators@example.com", label="operators")
    rejection = {"reason": "The feed cannot be read."}
    search_platform.fault("status", method="POST", status=400, body=rejection, times=1)
    rename(*some_products, title="Rejected at first")
    wait_for_interval()
    assert FeedImport.objects.latest("pk").state == State.REJECTED
    assert waiting_item_ids() == {product.pk for product in some_products}
    for _ in range(2):
        evaluate_and_notify(now=timezone.now())
    [message] = mail.outbox
    assert "was rejected: The feed cannot be read." in message.body
    assert Alert.objects.get(resolved_at=None).job == Job.objects.get(connection=synced_search)
    wait_until(lambda: skip_delays_and_continue() and not waiting_item_ids())
    assert target_title(search_platform, some_products[0]) == "Rejected at first"
    evaluate_and_notify(now=timezone.now())
    assert len(mail.outbox) == 2 and not Alert.objects.filter(resolved_at=None).exists()


def wait_for_interval() -> None:
    """Skip the interval between imports, and nothing else."""
    FeedImport.objects.update(sent_at=timezone.now() - timedelta(minutes=10))
    work_until_idle()
