"""Imports of a search feed, one after another: what waits and goes, what leaves the queue, who hears of trouble."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from catalog.models import Product
from connectors.alerting import look_and_tell
from connectors.models import FeedImport
from connectors.opening import open_adapter
from connectors.services import install_connection, sync
from hub.kinds import Kind
from hub.models import Alert, AlertChannel, Change, Connection, Job, Lane
from hub.queue import enqueue
from sandbox.process import SandboxProcess
from tests.engine.driving import let_time_pass, until, work_until_idle

pytestmark = pytest.mark.django_db(transaction=True)

State = FeedImport.State


@pytest.fixture
def fed(search: Connection) -> Connection:
    work_until_idle()
    let_time_pass()
    assert FeedImport.objects.get().state == State.SUCCESS
    return search


@pytest.fixture
def some(fed: Connection) -> list[Product]:
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


def title_there(platform: SandboxProcess, product: Product) -> str:
    held = {row["key"]: row["productGroup"] for row in platform.state("groups")}
    return str(held[f"p{product.pk}"]["products"][f"p{product.pk}"]["defaults"]["title"])


def waiting() -> set[int]:
    return set(Change.objects.values_list("item_id", flat=True))


def test_changes_collect_for_the_interval_and_go_out_together(
    fed: Connection, some: list[Product], search_platform: SandboxProcess
) -> None:
    """F7"""
    drain_every(fed, 300)
    search_platform.forget_calls()
    for product in some:
        rename(product, title="Collected")
        work_until_idle()
    assert waiting() == {product.pk for product in some}
    assert [call for call in search_platform.calls() if call["method"] == "POST"] == []
    [lane] = Lane.objects.filter(connection=fed)
    first = FeedImport.objects.get()
    assert lane.wake_at == first.sent_at + timedelta(seconds=300)
    FeedImport.objects.update(sent_at=first.sent_at - timedelta(seconds=300))
    let_time_pass()
    assert len([call for call in search_platform.calls() if call["method"] == "POST"]) == 1
    assert FeedImport.objects.first().items == 3 and not waiting()


@pytest.mark.parametrize(("days", "methods"), [(6, []), (8, ["PUT"])])
def test_once_a_week_a_full_sync_sends_everything(
    fed: Connection, search_platform: SandboxProcess, days: int, methods: list[str]
) -> None:
    """F3: lest the search engine drift away; at other times what is unchanged costs no write."""
    FeedImport.objects.update(sent_at=timezone.now() - timedelta(days=days))
    before = list(search_platform.state("groups"))
    search_platform.forget_calls()
    sync(connection=fed, data_type="products", trigger="schedule")
    work_until_idle()
    assert [call["method"] for call in search_platform.calls() if call["method"] != "GET"] == methods
    assert list(search_platform.state("groups")) == before and not waiting()


def test_five_minutes_are_the_default() -> None:
    connection = Connection(
        platform="elevate", base_url="http://127.0.0.1:9", settings={"markets": ["uk"], "price_list": "x"}
    )
    connection.credentials = {"api_key": "key"}
    adapter: Any = open_adapter(connection)
    assert adapter.drain_seconds == 300


@pytest.fixture
def slow(shop: Connection, sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    """A cluster whose imports take longer than one waits for them."""
    return sandbox("elevate", accounts={"cluster": "key"}, market="uk:en-GB", import_ms=1500)


def test_a_long_import_is_followed_and_takes_only_what_it_carried(shop: Connection, slow: SandboxProcess) -> None:
    """F9, F11: an item that changes while its import is under way stays in the queue and goes with the next."""
    install_connection(
        seller=shop.seller,
        platform="elevate",
        name="Slow search",
        slug="slow-search",
        base_url=slow.url,
        settings={"markets": ["uk"], "price_list": "acme-shop-price", "drain_every": 1, "blocking_timeout": 1},
        credentials={"api_key": "key"},
        start=False,
    )
    work_until_idle()
    until(lambda: go_on() and FeedImport.objects.filter(state=State.POLLING).exists())
    feed = FeedImport.objects.get()
    product = Product.objects.get(pk=feed.carried.order_by("pk").values_list("item_id", flat=True)[0])
    rename(product, title="Changed meanwhile")
    until(lambda: go_on() and FeedImport.objects.filter(pk=feed.pk, state=State.SUCCESS).exists())
    assert feed.remote_id
    assert product.pk in waiting() or FeedImport.objects.count() > 1
    until(lambda: go_on() and not waiting())
    assert title_there(slow, product) == "Changed meanwhile"
    assert FeedImport.objects.count() == 2


def go_on() -> bool:
    let_time_pass()
    return True


def test_a_refused_import_takes_nothing_from_the_queue_and_is_told(
    fed: Connection, some: list[Product], search_platform: SandboxProcess
) -> None:
    """F8, F9, F13: told once, tried again, and over once an import has gone through."""
    AlertChannel.objects.create(medium="email", address="operators@example.com", label="operators")
    refusal = {"reason": "The feed cannot be read."}
    search_platform.fault("status", method="POST", status=400, body=refusal, times=1)
    rename(*some, title="Refused at first")
    let_some_pass()
    assert FeedImport.objects.first().state == State.REFUSED
    assert waiting() == {product.pk for product in some}
    for _ in range(2):
        look_and_tell(now=timezone.now())
    [message] = mail.outbox
    assert "was refused: The feed cannot be read." in message.body
    assert Alert.objects.get(resolved_at=None).job == Job.objects.get(connection=fed)
    until(lambda: go_on() and not waiting())
    assert title_there(search_platform, some[0]) == "Refused at first"
    look_and_tell(now=timezone.now())
    assert len(mail.outbox) == 2 and not Alert.objects.filter(resolved_at=None).exists()


def let_some_pass() -> None:
    """The interval between imports, and no more."""
    FeedImport.objects.update(sent_at=timezone.now() - timedelta(minutes=10))
    work_until_idle()
