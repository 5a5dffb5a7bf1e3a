"""Events make the hub fetch the current data: once however many events there are, and correctly in any order."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.models import Category, Product
from connectors.engine import events
from connectors.models import WebhookEvent
from connectors.platforms.bigcommerce.sources.products import Products
from connectors.platforms.bigcommerce.webhooks import BigCommerceWebhooks
from connectors.sdk.errors import TryAgainLater
from connectors.services.rechecks import check_again
from connectors.services.webhooks import replay_events
from hub import clock
from hub.kinds import Kind
from hub.models import Connection, Job, Lane, Link, Run
from hub.services import pause_job, resume_job, start_run
from orders.models import Order
from sandbox.process import SandboxProcess
from synclog.models import Issue, ItemEvent
from synclog.services import IssueDraft, log_for, upsert_issues
from tests.engine.worker import last_run, skip_delays, work_until_idle
from tests.factories import make_user
from tests.webhooks.conftest import Post
from tests.webhooks.sending import body_of, event, signed

pytestmark = pytest.mark.django_db(transaction=True)


def ids(connection: Connection, kind: Kind = Kind.PRODUCT) -> list[int]:
    links = Link.objects.filter(connection=connection, kind=kind).order_by("item_id")
    return [int(external_id) for external_id in links.values_list("external_id", flat=True)]


def product(connection: Connection, external_id: int) -> Product:
    return Product.objects.get(
        pk=Link.objects.get(connection=connection, kind=Kind.PRODUCT, external_id=external_id).item_id
    )


def import_job(connection: Connection, data_type: str = "products") -> Job:
    return Job.objects.get(connection=connection, direction="import", data_type=data_type)


def rename(platform: SandboxProcess, number: int, name: str) -> None:
    platform.control("PATCH", f"products/shop/{number}", json={"name": name})


def work() -> None:
    """Do what workers do: at once after a wake-up, or at the latest after a sweep."""
    skip_delays()


def states() -> set[str]:
    return set(WebhookEvent.objects.values_list("state", flat=True))


def test_the_same_event_three_times_is_applied_once(
    read_shop: Connection, shop_platform: SandboxProcess, post: Post
) -> None:
    number = ids(read_shop)[0]
    rename(shop_platform, number, "New name")
    before = product(read_shop, number).revision
    body = body_of(event(item=number))
    for headers in (signed(body, message_id="m"), signed(body, message_id="m"), signed(body)):
        post(read_shop, body, headers)
    work()
    assert product(read_shop, number).title == "New name"
    assert ItemEvent.objects.filter(kind="product", action="updated").count() == 1
    after = product(read_shop, number).revision
    assert after != before
    post(read_shop, body, signed(body, message_id="m"))
    post(read_shop, body)
    work()
    assert product(read_shop, number).revision == after
    assert states() == {"done"}


def test_many_events_are_merged_into_one_fetch(
    read_shop: Connection, shop_platform: SandboxProcess, post: Post
) -> None:
    for _ in range(3):
        for number in ids(read_shop):
            post(read_shop, event(item=number))
            post(read_shop, event("store/sku/updated", 1, sku={"product_id": number, "variant_id": 1}))
    shop_platform.clear_calls()
    work()
    listings = [call for call in shop_platform.calls() if call["path"].endswith("/catalog/products")]
    assert len(listings) == 1
    assert states() == {"done"}
    run = last_run(import_job(read_shop))
    assert (run.trigger, run.scope, run.state) == ("event", "partial", "done")
    assert run.counters.get().unchanged == len(ids(read_shop))


def test_orders_and_customers_are_fetched_by_related_events(
    read_shop: Connection, shop_platform: SandboxProcess, post: Post
) -> None:
    """Customers and orders are fetched in lanes of their own, next to the catalog's."""
    Order.objects.all().delete()
    Link.objects.filter(kind=Kind.ORDER).delete()
    for number, scope in enumerate(("store/order/created", "store/order/statusUpdated"), 1):
        post(read_shop, event(scope, number))
    post(read_shop, event("store/shipment/created", 77, orderId=3))
    post(read_shop, event("store/customer/address/updated", 77, address={"customer_id": 2}))
    post(read_shop, event("store/information/updated"))
    work()
    assert states() == {"done"}
    assert sorted(ids(read_shop, Kind.ORDER)) == [1, 2, 3]
    runs = Run.objects.filter(trigger="event").values_list("job__data_type", "counters__read")
    assert set(runs) == {("orders", 3), ("customers", 1), ("settings", 1)}


def test_deleted_products_are_discontinued(read_shop: Connection, shop_platform: SandboxProcess, post: Post) -> None:
    number = ids(read_shop)[0]
    post(read_shop, event("store/product/deleted", number))
    work()
    assert product(read_shop, number).status == "live"  # it still exists, whatever the event says
    shop_platform.control("DELETE", f"products/shop/{number}")
    post(read_shop, event("store/product/updated", number))
    work()
    assert product(read_shop, number).status == "discontinued"
    assert last_run(import_job(read_shop)).counters.get().removed == 1


def test_a_moved_category_gets_its_new_parent(read_shop: Connection, post: Post) -> None:
    category = Category.objects.exclude(parent=None).order_by("pk").first()
    assert category is not None
    link = Link.objects.get(kind__startswith=Kind.CATEGORY, item_id=category.pk)
    Category.objects.filter(pk=category.pk).update(parent=None)
    Link.objects.filter(pk=link.pk).update(received_hash=None)
    post(read_shop, event("store/category/updated", int(link.external_id)))
    work()
    category.refresh_from_db(fields=["parent"])
    assert category.parent_id is not None


steps = st.lists(st.sampled_from(["rename", "hide", "delete", "tell", "tell deleted", "work"]), min_size=3, max_size=7)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scopes=st.permutations(["created", "updated", "inventory/updated", "deleted"]), between=steps)
def test_any_order_of_events_ends_with_what_the_shop_has(
    read_shop: Connection, shop_platform: SandboxProcess, post: Post, scopes: list[str], between: list[str]
) -> None:
    """Changes at the shop, late and early events, and processing in any order; at the end every change was reported."""
    living = [number for number in ids(read_shop) if product(read_shop, number).status != "discontinued"]
    number, there, name = living[0], True, product(read_shop, living[0]).title
    for step in between:
        if step == "work":
            work()
        elif step.startswith("tell"):
            post(read_shop, event(f"store/product/{'deleted' if 'deleted' in step else 'updated'}", number))
        elif there and step == "delete" and len(living) > 5:
            shop_platform.control("DELETE", f"products/shop/{number}")
            there = False
        elif there and step == "rename":
            name += "+"
            rename(shop_platform, number, name)
        elif there and step == "hide":
            shop_platform.control("PATCH", f"products/shop/{number}", json={"is_visible": False})
    for scope in scopes:
        post(read_shop, event(f"store/product/{scope}", number))
    work()
    assert (product(read_shop, number).status != "discontinued") is there
    if there:
        assert product(read_shop, number).title == name
    assert states() == {"done"}


def test_an_event_that_comes_again_during_processing_is_processed_again(
    read_shop: Connection, shop_platform: SandboxProcess, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = ids(read_shop)[0]
    headers = {"X-SyncCenter-Secret": (read_shop.webhook_secret or {})["secret"]}
    post(read_shop, event(item=number), headers)
    fetch = Products.fetch

    def changed_just_afterwards(self: Products, *arguments: Any) -> Any:
        found = fetch(self, *arguments)
        if product(read_shop, number).title != "Later":
            rename(shop_platform, number, "Later")
            assert post(read_shop, event(item=number), headers).status_code == 200
            monkeypatch.setattr(Products, "fetch", fetch)
        return found

    monkeypatch.setattr(Products, "fetch", changed_just_afterwards)
    work()
    assert states() == {"done"}
    assert product(read_shop, number).title == "Later"


def test_a_shop_that_is_down_is_retried_and_nothing_is_lost(
    read_shop: Connection, shop_platform: SandboxProcess, post: Post
) -> None:
    number = ids(read_shop)[0]
    rename(shop_platform, number, "After the outage")
    post(read_shop, event(item=number))
    shop_platform.fault("status", path="/catalog/products", status=503, times=2)
    work()
    assert states() == {"pending"}
    for _ in range(3):
        skip_delays()
    assert product(read_shop, number).title == "After the outage"
    assert states() == {"done"}


def test_an_event_that_raises_is_held_for_a_person_and_the_rest_continues(
    read_shop: Connection, shop_platform: SandboxProcess, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison, *others = ids(read_shop)
    for number in others:
        rename(shop_platform, number, f"Renamed {number}")
    for number in (*others[:3], poison, *others[3:], poison):
        post(read_shop, event(item=number))
    fetch = Products.fetch

    def breaks(self: Products, external_ids: Any) -> Any:
        if str(poison) in external_ids:
            raise ZeroDivisionError
        return fetch(self, external_ids)

    with monkeypatch.context() as patch:
        patch.setattr(Products, "fetch", breaks)
        work()
    assert all(product(read_shop, number).title == f"Renamed {number}" for number in others)
    held = WebhookEvent.objects.filter(state="held")
    assert [stored.payload["data"]["id"] for stored in held] == [poison, poison]
    assert "ZeroDivisionError" in held[0].reason
    assert replay_events(events=held.all(), by=None) == 2
    work()
    assert states() == {"done"} and set(WebhookEvent.objects.values_list("attempts", flat=True)) == {1, 2}


def test_an_event_that_kills_workers_is_isolated_and_held(
    read_shop: Connection, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison, *others = ids(read_shop)
    for number in (*others, poison):
        post(read_shop, event(item=number))
    fetch = Products.fetch

    def kills(self: Products, external_ids: Any) -> Any:
        if str(poison) in external_ids:
            raise events.InterfaceError  # to the lane, the same as a lost worker
        return fetch(self, external_ids)

    monkeypatch.setattr(Products, "fetch", kills)
    for _ in range(20):
        skip_delays()
    by_state = {stored.payload["data"]["id"]: stored.state for stored in WebhookEvent.objects.all()}
    assert by_state == dict.fromkeys(others, "done") | {poison: "held"}


def test_an_event_the_platform_fails_on_is_deferred_and_held(
    read_shop: Connection, shop_platform: SandboxProcess, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure caused by one item looks like an outage until another item succeeds."""
    poison, *others = ids(read_shop)
    for number in (poison, *others[:3]):
        post(read_shop, event(item=number))
    fetch, asked = Products.fetch, []

    def fails(self: Products, external_ids: Any) -> Any:
        asked.append(external_ids)
        if str(poison) in external_ids:
            raise TryAgainLater("The shop answered 500.")
        return fetch(self, external_ids)

    monkeypatch.setattr(Products, "fetch", fails)
    for _ in range(3):
        work()
    pending = WebhookEvent.objects.filter(state="pending")
    assert [stored.payload["data"]["id"] for stored in pending] == [poison]
    for number in others[3:] + others[:3]:
        post(read_shop, event(item=number))
        work()
        assert {stored.payload["data"]["id"] for stored in pending} <= {poison}
    held = WebhookEvent.objects.get(state="held")
    assert held.payload["data"]["id"] == poison and held.reason == "Failed 8 times in a row: The shop answered 500."
    before = len(asked)
    work()
    assert len(asked) == before
    monkeypatch.setattr(Products, "fetch", fetch)
    assert replay_events(events=WebhookEvent.objects.filter(pk=held.pk), by=None) == 1
    work()
    assert states() == {"done"}


def test_an_outage_holds_no_event(
    read_shop: Connection, shop_platform: SandboxProcess, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in ids(read_shop)[:2]:
        post(read_shop, event(item=number))
    shop_platform.fault("status", path="/catalog/products", status=503, times=30)
    for _ in range(30):
        work()
    assert states() == {"pending"}
    for _ in range(3):
        work()
    assert states() == {"done"}


def test_an_event_that_is_no_longer_readable_is_held_alone(
    read_shop: Connection, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison, *others = ids(read_shop)
    for number in (poison, *others):
        post(read_shop, event(item=number))
    read_event = BigCommerceWebhooks.read_event

    def breaks(payload: dict[str, Any]) -> Any:
        if payload["data"]["id"] == poison:
            raise RuntimeError("a bug of ours")
        return read_event(payload)

    monkeypatch.setattr(BigCommerceWebhooks, "read_event", breaks)
    work()
    held = WebhookEvent.objects.get(state="held")
    assert held.payload["data"]["id"] == poison and "no longer" in held.reason
    assert WebhookEvent.objects.filter(state="done").count() == len(others)


def test_unreadable_events_are_read_again_by_the_current_adapter(
    read_shop: Connection, shop_platform: SandboxProcess, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, other = ids(read_shop)[:2]
    rename(shop_platform, number, "Understood at last")
    with monkeypatch.context() as before:
        before.setattr(BigCommerceWebhooks, "read_event", lambda payload: [])
        post(read_shop, event(item=number))
        post(read_shop, event("store/cart/created", other))
    assert set(WebhookEvent.objects.values_list("state", "data_type")) == {("ignored", "")}
    assert replay_events(events=WebhookEvent.objects.all(), by=None) == 1
    work()
    assert product(read_shop, number).title == "Understood at last"
    still = WebhookEvent.objects.get(state="ignored")
    assert still.scope == "store/cart/created" and still.reason == "Contains nothing that is synced."


def test_events_of_a_paused_job_wait(read_shop: Connection, post: Post) -> None:
    pause_job(job=import_job(read_shop), by=None)
    post(read_shop, event(item=ids(read_shop)[0]))
    post(read_shop, event("store/category/updated", 2))
    work()
    assert set(WebhookEvent.objects.values_list("data_type", "state")) == {
        ("products", "pending"),
        ("categories", "done"),
    }
    assert not Lane.objects.filter(due=True).exists()
    resume_job(job=import_job(read_shop), by=None)
    work()
    assert states() == {"done"}


def test_a_requested_sync_is_not_considered_done(read_shop: Connection, post: Post) -> None:
    """Importing by cut date does not replace fetching what events name."""
    post(read_shop, event(item=ids(read_shop)[0]))
    work()
    run, created = start_run(job=import_job(read_shop), scope="partial", trigger="schedule")
    work()
    run.refresh_from_db()
    assert created and run.state == "done" and run.cursor["phase"] == "close"


def test_items_from_events_during_a_full_import_are_not_missing(
    read_shop: Connection, shop_platform: SandboxProcess, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_page = Products.read_page

    def event_behind_the_page(self: Products, *arguments: Any, **options: Any) -> Any:
        page = read_page(self, *arguments, **options)
        for number in ids(read_shop):
            post(read_shop, event(item=number))
        return page

    monkeypatch.setattr(Products, "read_page", event_behind_the_page)
    Connection.objects.update(settings={"page_size": 5})
    monkeypatch.setattr("connectors.engine.importing.SLICE_SECONDS", 0)
    run, _ = start_run(job=import_job(read_shop), trigger="button")
    work()
    run.refresh_from_db()
    assert run.state == "done"
    assert Run.objects.filter(trigger="event", pk__gt=run.pk).exists()
    fetched = [call for call in shop_platform.calls() if "id:in" in call["query"]]
    assert fetched and not run.counters.filter(removed__gt=0).exists()


def test_changes_are_imported_before_a_full_import(read_shop: Connection) -> None:
    full, _ = start_run(job=import_job(read_shop), trigger="button")
    partial, _ = start_run(job=import_job(read_shop), scope="partial", trigger="schedule")
    work_until_idle()
    full.refresh_from_db()
    partial.refresh_from_db()
    assert partial.finished_at < full.started_at


def test_items_are_checked_again_at_the_source(read_shop: Connection, shop_platform: SandboxProcess) -> None:
    """I2: what has no problem any more, and what the source no longer has, leaves the inbox."""
    job, number = import_job(read_shop), ids(read_shop)[0]
    log = log_for(job=job, seller_id=read_shop.seller.pk)
    drafts = [IssueDraft(f"product:{each}", "1 variant has no SKU.", code="sku_missing") for each in (number, 987654)]
    upsert_issues(log=log, job=job, drafts=drafts, now=clock.now())
    mine = Issue.objects.filter(code="sku_missing", external_id__in=[draft.external_id for draft in drafts])
    assert check_again(issues=mine, seller=read_shop.seller, by=make_user()) == 2
    work()
    assert states() == {"done"} and not mine.filter(resolved_at=None).exists()
