"""What Seller Center's shop later reports about queued requests, received over HTTP."""

from collections.abc import Callable
from datetime import timedelta
from functools import reduce
from typing import Any

import pytest
import requests
from django.utils import timezone

from catalog.models import Product, Stock, StockLocation, Variant
from connectors.engine.maintenance import sweep
from connectors.models import WebhookEvent, WebhookRefusal
from connectors.services.connections import install_connection
from hub.kinds import DataType, Kind
from hub.models import Change, Job, Link
from hub.queue import enqueue
from hub.services import start_run
from sandbox.process import SandboxProcess
from synclog.models import Issue, ItemStatus
from synclog.triage import send_again
from tests.engine.worker import work_until_idle
from tests.factories import make_products, make_seller
from tests.webhooks.sending import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

KEY = "callback-key"
DEEP: Any = reduce(lambda inner, _: [inner], range(400), "x")


class Shop:
    """A connected shop whose queue is paused until a test resumes it."""

    def __init__(self, process: SandboxProcess, url: str) -> None:
        self.process = process
        self.url = url
        self.connection = install_connection(
            seller=make_seller("acme"),
            platform=process.platform,
            name="Acme shop",
            slug="acme-shop",
            base_url=process.url,
            credentials={"api_key": process.accounts["SellerCenter"], "callback_key": KEY},
            start=False,
        )
        self.address = f"{url}/webhooks/{self.connection.webhook_token}"
        self.set_callback_url(KEY)
        self.pause_queue()

    def set_callback_url(self, key: str) -> None:
        self.process.control("POST", "callbacks", json={"url": self.address, "key": key})

    def pause_queue(self) -> None:
        self.process.control("POST", "queue", json={"paused": True})

    def resume_queue(self) -> None:
        """Resume the shop's queue until all its callbacks are received."""
        self.process.control("POST", "queue", json={"paused": False})
        self.wait_for_callbacks()

    def replay_callbacks(self) -> None:
        self.process.control("POST", "replay", json={})
        self.wait_for_callbacks()

    def wait_for_callbacks(self) -> None:
        wait_until(lambda: all(each["status"] is not None for each in self.process.state("callbacks")))
        assert {each["status"] for each in self.process.state("callbacks")} <= {200}

    def job(self, data_type: DataType) -> Job:
        return Job.objects.get(connection=self.connection, direction="export", data_type=data_type)

    def push(self, data_type: DataType = DataType.PRODUCTS) -> None:
        start_run(job=self.job(data_type), trigger="button")
        work_until_idle()

    def links(self, kind: str) -> dict[int, str]:
        rows = Link.objects.filter(connection=self.connection, kind=kind, missing=False)
        return dict(rows.values_list("item_id", "external_id"))

    def remote_variants(self) -> dict[str, dict[str, Any]]:
        return {row["seller_sku"]: row for row in self.process.state("variants")}

    def requests_of(self, method: str) -> list[dict[str, Any]]:
        return [each for each in self.process.state("requests") if each["method"] == f"Product.{method}"]

    def reprocess_all(self) -> None:
        """Mark all received callbacks as pending, as if each had been delivered again on another day."""
        WebhookEvent.objects.exclude(direction="").update(state="pending")  # results of images concern no item
        process_events()

    def reject(self, method: str, sku: str, reason: str) -> None:
        """Make the shop reject a product in its last request of this method, and call back."""
        request = self.requests_of(method)[-1]
        result = {"status": "error", "message": reason, "product": {"seller_sku": sku}}
        answer = self.call(
            {"jsonrpc": "2.0", "method": "Callback.process", "params": {"result": [result]}, "id": request["id"]}
        )
        assert answer.json() == [{"jsonrpc": "2.0", "result": {"status": "success"}, "id": request["id"]}]
        process_events()

    def call(self, *calls: Any, key: str = KEY) -> requests.Response:
        auth = {"jsonrpc": "2.0", "method": "auth", "params": {"apiKey": key}}
        return requests.post(self.address, json=[auth, *calls], timeout=60)


@pytest.fixture
def shop(transactional_db: None, sandbox: Callable[..., SandboxProcess], live_server: Any) -> Shop:
    process = sandbox("seller_center_shop", accounts={"SellerCenter": "shop-key"}, products=6, dirty=False)
    return Shop(process, live_server.url)


def process_events() -> None:
    """Process callbacks only: no delayed change is due."""
    assert not Change.objects.filter(state="delayed", not_before__lte=timezone.now()).exists()
    wait_until(all_are_processed)


def all_are_processed() -> bool:
    """Whether no event is left after processing. A lane that is being woken at this moment cannot be claimed."""
    sweep(now=timezone.now())
    work_until_idle()
    return not WebhookEvent.objects.filter(state="pending").exists()


def states() -> set[str]:
    return set(WebhookEvent.objects.values_list("state", flat=True))


def test_created_products_are_linked_and_confirmed_at_once(shop: Shop) -> None:
    products = make_products(shop.connection.seller, 2)
    shop.push()
    shop.push(DataType.STOCK)
    assert shop.links(Kind.PRODUCT) == {} and Change.objects.filter(state="delayed").count() == 2
    shop.resume_queue()
    process_events()
    remote_variants = shop.remote_variants()
    for variant in Variant.objects.all():
        assert shop.links(Kind.VARIANT)[variant.pk] == remote_variants[variant.sku]["id"]
        assert shop.links(Kind.PRODUCT)[variant.product_id] == remote_variants[variant.sku]["config_id"]
    assert not Change.objects.exists() and states() <= {"done", "ignored"}, "images have no SKU"
    assert len(shop.requests_of("createProducts")) == 1
    status = ItemStatus.objects.get(kind=Kind.PRODUCT, item_id=products[0].pk)
    assert status.state == "synced"


def test_the_key_is_stored_nowhere(shop: Shop) -> None:
    make_products(shop.connection.seller, 1)
    shop.push()
    shop.resume_queue()
    events = list(WebhookEvent.objects.all())
    assert events
    for stored in events:
        assert KEY not in str(stored.payload) and stored.scope == "Callback.process"
        assert (stored.direction, stored.data_type) == ("export", "products")


def test_a_duplicate_or_late_callback_changes_nothing(shop: Shop) -> None:
    make_products(shop.connection.seller, 2)
    shop.push()
    shop.resume_queue()
    process_events()
    before = list(Link.objects.order_by("pk").values())
    shop.replay_callbacks()
    process_events()
    shop.reprocess_all()
    assert list(Link.objects.order_by("pk").values()) == before
    assert states() <= {"done", "ignored"} and not Change.objects.exists() and not Issue.objects.exists()


def test_a_rejected_product_waits_with_the_shops_reason_until_it_changes(shop: Shop) -> None:
    good, bad = make_products(shop.connection.seller, 2)
    shop.push()
    shop.reject("createProducts", "SKU-2", "No such category")
    [issue] = Issue.objects.filter(resolved_at=None)
    assert issue.item_id == bad.pk and issue.message.endswith(": SKU-2: No such category") and issue.fix
    assert ItemStatus.objects.get(kind=Kind.PRODUCT, item_id=bad.pk).state == "held"
    assert ItemStatus.objects.get(kind=Kind.PRODUCT, item_id=good.pk).state == "pending"
    Product.objects.filter(pk=bad.pk).update(title="Fixed")
    enqueue(seller_id=bad.seller_id, kind=Kind.PRODUCT, item_ids=[bad.pk])
    work_until_idle()
    titles = [entry["title"] for request in shop.requests_of("createProducts") for entry in request["entries"]]
    assert titles[-1] == "Fixed"
    shop.resume_queue()
    process_events()
    # The shop has created it by the first request after all, so the second one finds its SKU in use.
    assert send_again(issues=Issue.objects.filter(resolved_at=None), seller=shop.connection.seller, by=None)
    work_until_idle()
    assert not Issue.objects.filter(resolved_at=None).exists() and bad.pk in shop.links(Kind.PRODUCT)


def test_a_product_that_was_created_by_hand_meanwhile_is_linked_on_retry(shop: Shop) -> None:
    """Ours is rejected, because its SKU exists by then."""
    [product] = make_products(shop.connection.seller, 1)
    shop.push()
    other = {"seller_sku": "SKU-1", "id_catalog_product": "9", "product_set": "9", "title": "T", "status": "active"}
    shop.process.control("POST", "goods", json={"entries": [other]})
    shop.resume_queue()
    process_events()
    issue = Issue.objects.get(resolved_at=None)
    assert "exists" in issue.message and shop.links(Kind.PRODUCT) == {}
    assert send_again(issues=Issue.objects.filter(pk=issue.pk), seller=issue.seller, by=None)
    work_until_idle()
    shop.wait_for_callbacks()
    process_events()
    assert shop.links(Kind.PRODUCT) == {product.pk: shop.remote_variants()["SKU-1"]["config_id"]}
    assert not Change.objects.exists() and not Issue.objects.filter(resolved_at=None).exists()


def test_failures_without_a_product_reach_people_and_cost_no_success(shop: Shop) -> None:
    """V3: as for updateStock. The others are applied, and the event shows what is left."""
    first, _second = make_products(shop.connection.seller, 2)
    shop.push()
    [request] = shop.requests_of("createProducts")
    good = {"seller_sku": "SKU-1", "sku": "SKU-1-5", "id": "500", "config_id": "900"}
    failure = {"status": "failure", "error": {"message": "No stock is kept", "code": 7}}
    results = [{"status": "success", "product": good}, failure]
    call = {"jsonrpc": "2.0", "method": "Callback.process", "params": {"result": results}, "id": request["id"]}
    assert shop.call(call).status_code == 200
    wait_until(all_are_processed)
    assert shop.links(Kind.PRODUCT) == {first.pk: "900"}
    held = WebhookEvent.objects.get(state="held")
    assert held.reason == "1 failures name no product: No stock is kept (7)"


def test_a_late_rejection_of_a_fixed_item_changes_nothing(shop: Shop) -> None:
    """The same rejection again after the item was resent: the result of the new request is not known yet."""
    [product] = make_products(shop.connection.seller, 1)
    shop.push()
    shop.reject("createProducts", "SKU-1", "No such category")
    assert Issue.objects.get(resolved_at=None).message.endswith(": SKU-1: No such category")
    Change.objects.all().delete()
    enqueue(seller_id=product.seller_id, kind=Kind.PRODUCT, item_ids=[product.pk])
    Change.objects.update(created_at=timezone.now() + timedelta(minutes=1))
    work_until_idle()
    shop.reprocess_all()
    assert Change.objects.get().failure_kind == Change.FailureKind.QUEUED


def test_stock_rejected_later_is_an_issue_and_resent_on_retry(shop: Shop) -> None:
    seller = shop.connection.seller
    [product] = make_products(seller, 1)
    variant = product.variants.get()
    location = StockLocation.objects.create(seller=seller, code="main")
    Stock.objects.create(seller=seller, variant=variant, location=location, quantity=3)
    shop.process.control("POST", "queue", json={"paused": False})
    shop.push()
    shop.push(DataType.STOCK)
    assert not Change.objects.exists() and len(shop.requests_of("updateStock")) == 1
    shop.reject("updateStock", "SKU-1", "The warehouse is closed")
    issue = Issue.objects.get(resolved_at=None)
    assert (issue.kind, issue.item_id) == ("variant", variant.pk)
    assert issue.message.endswith(": SKU-1: The warehouse is closed")
    shop.reprocess_all()
    assert Issue.objects.get(resolved_at=None).occurrences == 1
    assert send_again(issues=Issue.objects.filter(pk=issue.pk), seller=issue.seller, by=None)
    work_until_idle()
    assert len(shop.requests_of("updateStock")) == 2
    assert not Issue.objects.filter(resolved_at=None).exists() and not Change.objects.exists()


def test_an_id_in_use_leaves_the_product_pending_and_names_both(shop: Shop) -> None:
    """L16: the shop's ID sequence was reset below what the hub knows."""
    holder, newcomer = make_products(shop.connection.seller, 2)
    Link.objects.create(connection=shop.connection, kind=Kind.PRODUCT, item_id=holder.pk, external_id="777")
    enqueue(seller_id=newcomer.seller_id, kind=Kind.PRODUCT, item_ids=[newcomer.pk])
    work_until_idle()
    shop.process.control("POST", "sequence", json={"kind": "products", "next": 777})
    shop.resume_queue()
    process_events()
    assert shop.links(Kind.PRODUCT)[holder.pk] == "777" and newcomer.pk not in shop.links(Kind.PRODUCT)
    [issue] = Issue.objects.filter(code="id_in_use", resolved_at=None)
    assert f"product {holder.pk}" in issue.message and f"product {newcomer.pk}" in issue.message
    assert "777" in issue.message and "highest ID" in issue.fix
    assert ItemStatus.objects.get(kind=Kind.PRODUCT, item_id=newcomer.pk).state == "pending"


def test_a_wrong_key_is_rejected_in_the_shops_own_format(shop: Shop) -> None:
    make_products(shop.connection.seller, 1)
    shop.push()
    request_id = list(shop.process.state("requests"))[-1]["id"]
    call = {"jsonrpc": "2.0", "method": "Callback.process", "params": {"result": []}, "id": request_id}
    for answer in (requests.post(shop.address, json=[call], timeout=60), shop.call(call, key="wrong")):
        assert answer.status_code == 401
        error = {"code": -32001, "message": "Could not authorize request"}
        assert answer.json() == [{"jsonrpc": "2.0", "error": error, "id": request_id}]
    assert requests.post(shop.address, json={"scope": "x"}, timeout=60).status_code == 401
    assert not WebhookEvent.objects.exists()
    assert dict(WebhookRefusal.objects.values_list("reason", "number")) == {
        "wrong secret": 1,
        "no known signature": 2,
    }


def test_a_call_without_a_list_has_its_key_in_a_header(shop: Shop) -> None:
    make_products(shop.connection.seller, 1)
    shop.push()
    request_id = list(shop.process.state("requests"))[-1]["id"]
    result = {"status": "success", "product": {"seller_sku": "SKU-1", "id": "902", "config_id": "55"}}
    call = {"jsonrpc": "2.0", "method": "Callback.process", "params": {"result": result}, "id": request_id}
    wrong, right = (
        requests.post(shop.address, json=call, headers={"X-SyncCenter-Secret": key}, timeout=60)
        for key in ("wrong", KEY)
    )
    assert (wrong.status_code, wrong.json()["error"]["code"], wrong.json()["id"]) == (401, -32001, request_id)
    success = {"jsonrpc": "2.0", "result": {"status": "success"}, "id": request_id}
    assert (right.status_code, right.json()) == (200, success)
    assert WebhookEvent.objects.get().payload == call


@pytest.mark.parametrize(
    ("calls", "status", "reason"),
    [
        ([{"method": "Callback.process", "id": "x", "params": {}}], 200, "Unexpected format"),
        ([{"method": "Something.else", "id": "x"}], 200, "Contains nothing that is synced."),
        ([{"method": "Something.else", "id": n} for n in range(101)], 400, "too many calls"),
        ([{"method": "Something.else", "params": DEEP}], 400, "nested too deeply"),
        (["call"], 400, "not a JSON object"),
        ([{"method": "Something.else"}, 5], 400, "not a JSON object"),
    ],
)
def test_malformed_callbacks_are_rejected(shop: Shop, calls: list[Any], status: int, reason: str) -> None:
    assert shop.call(*calls).status_code == status
    if status == 200:
        stored = WebhookEvent.objects.get()
        assert stored.state == "ignored" and reason in stored.reason
    else:
        assert not WebhookEvent.objects.exists()
        assert WebhookRefusal.objects.get().reason == reason
