"""Exports: as few writes as possible, retries by type of error, and a target that ends up equal to the hub."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from catalog.models import Product, Variant
from connectors.adapters.factory import open_adapter
from connectors.engine import turn_loop
from connectors.engine.deciding import decide
from connectors.engine.exporting import covered_items, may_differ
from connectors.platforms.rest import RestTarget
from connectors.platforms.rest.targets.base import RestTargetStream
from connectors.platforms.rest.targets.products import ProductTarget
from connectors.sdk.account import Rate
from connectors.sdk.errors import TryAgainLater
from connectors.sdk.operations import Operation, Outcome
from connectors.sdk.retry import RetryPolicy
from connectors.services.connections import install_connection
from hub import lanes
from hub.kinds import DataType
from hub.models import Change, Connection, JobState, Lane, Link, Run
from hub.queue import ChangeSnapshot
from hub.services import (
    pause_connection,
    resume_connection,
    resume_job,
    retry_changes,
    set_read_only,
    start_run,
)
from sandbox.process import SandboxProcess
from synclog.models import Issue, ItemStatus, SyncLog
from synclog.services import IssueDraft, log_for, upsert_issues
from tests.engine.products import calls, change, hub_titles, one_lane, products_job, sent, titles, writes
from tests.engine.worker import last_run, skip_delays, work_until_idle
from tests.factories import make_products

pytestmark = pytest.mark.django_db(transaction=True)

Send = Callable[[ProductTarget, Sequence[Operation[Any]]], list[Outcome]]


@pytest.fixture
def sending(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Send], Send]], None]:
    """`sending(wrap)`: wraps each call to the target."""

    def wrap(wrapper: Callable[[Send], Send]) -> None:
        monkeypatch.setattr(RestTargetStream, "send", wrapper(RestTargetStream.send))

    return wrap


def test_an_imported_item_is_compared_again_while_it_has_an_issue_at_the_target(custom: Connection) -> None:
    """Such as an order whose shipment the shop rejected: left out, its issue would be resolved by the next full run.

    It is never removed by one: it is the platform's own.
    """
    job, [product] = products_job(custom), make_products(custom.seller, 1)
    Link.objects.create(connection=custom, kind="product", external_id="77", item_id=product.pk, received_hash=b"77")
    rows = list(covered_items(job))
    assert may_differ(job, rows, recheck=False) == []
    draft = IssueDraft(f"product:{product.pk}", "?", kind="product", item_id=product.pk)
    upsert_issues(log=log_for(job=job, seller_id=custom.seller_id), job=job, drafts=[draft], now=timezone.now())
    assert may_differ(job, rows, recheck=False) == [product.pk]
    Product.objects.update(status="discontinued")
    of_run = ChangeSnapshot(1, product.pk, 1, Change.Priority.FULL_RUN, 0, 7, None)
    target = open_adapter(custom).target(DataType.PRODUCTS)
    assert decide(target, job, [of_run]).steps == []
    (step,) = decide(target, job, [replace(of_run, run_id=None)]).steps
    assert step.operation.action == "remove"


def test_a_full_sync_writes_each_item_once_and_the_next_one_nothing(
    custom: Connection, custom_platform: SandboxProcess
) -> None:
    one_lane(custom)
    sent(custom, 250)
    assert titles(custom_platform) == hub_titles(custom)
    assert set(writes(custom_platform).values()) == {1}
    assert calls(custom_platform) == [100, 100, 50]
    custom_platform.clear_calls()
    start_run(job=products_job(custom), trigger="button")
    work_until_idle()
    run = last_run(products_job(custom))
    assert (run.state, run.counters.get().unchanged, calls(custom_platform)) == (Run.State.DONE, 250, [])


def test_changes_are_sent_in_full_batches(custom: Connection, custom_platform: SandboxProcess) -> None:
    one_lane(custom)
    products = sent(custom, 260)
    custom_platform.clear_calls()
    change(products[:210], title="Newer")
    work_until_idle()
    assert calls(custom_platform) == [100, 100, 10]
    assert titles(custom_platform) == hub_titles(custom)


def test_a_full_sync_over_several_lanes_makes_no_more_calls_than_one_lane_would(
    custom: Connection, custom_platform: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProductTarget, "batch_size", 10)
    assert len(products_job(custom).lane_ids) == 4
    products = sent(custom, 101)
    assert sorted(calls(custom_platform)) == [1] + [10] * 10
    custom_platform.clear_calls()
    newer = [product.pk for product in products if product.pk % 4 != 2][:43]
    Product.objects.filter(pk__in=newer).update(title="Newer", revision=10**6)
    start_run(job=products_job(custom), trigger="button")
    work_until_idle()
    assert sorted(calls(custom_platform)) == [3, 10, 10, 10, 10]
    assert titles(custom_platform) == hub_titles(custom)


def test_items_leaving_the_filter_are_removed_and_restored_on_return(
    custom: Connection, custom_platform: SandboxProcess
) -> None:
    job = products_job(custom)
    products = sent(custom, 4)
    change(products[:1], status="suspended")
    job.filters = {"statuses": ["live"]}
    job.save()
    start_run(job=job, trigger="button")
    work_until_idle()
    assert titles(custom_platform).keys() == {str(product.pk) for product in products[1:]}
    change(products[:1], status="live")
    work_until_idle()
    assert titles(custom_platform) == hub_titles(custom)


def test_a_change_during_sending_is_sent_too(
    custom: Connection, custom_platform: SandboxProcess, sending: Callable[..., None]
) -> None:
    products = sent(custom, 3)
    late = iter(["Third"])

    def meanwhile(send: Send) -> Send:
        def call(self: ProductTarget, operations: Sequence[Operation[Any]]) -> list[Outcome]:
            for title in late:
                change(products, title=title)
            return send(self, operations)

        return call

    sending(meanwhile)
    change(products, title="Second")
    work_until_idle()
    assert set(titles(custom_platform).values()) == {"Third"}
    assert not Change.objects.exists()


def test_a_call_without_a_response_may_have_been_applied(custom: Connection, custom_platform: SandboxProcess) -> None:
    """The target has the new title without our knowing it, and then the title is changed back."""
    products = sent(custom, 2)
    before = hub_titles(custom)
    custom_platform.fault("drop", method="PUT", when="after", times=1)
    change(products[:1], title="Never confirmed")
    work_until_idle()
    assert titles(custom_platform) != before
    change(products[:1], title=before[str(products[0].pk)])
    skip_delays()
    assert titles(custom_platform) == before


def test_an_item_created_without_a_response_is_removed_when_it_is_deleted(
    custom: Connection, custom_platform: SandboxProcess
) -> None:
    products = make_products(custom.seller, 2)
    custom_platform.fault("drop", method="PUT", when="after", times=1)
    change(products[:1])
    work_until_idle()
    assert titles(custom_platform)
    change(products[:1], status="discontinued")
    skip_delays()
    assert titles(custom_platform) == {}


def test_a_batch_rejected_without_details_is_sent_item_by_item(
    custom: Connection, custom_platform: SandboxProcess
) -> None:
    one_lane(custom)
    products = make_products(custom.seller, 6)
    Product.objects.filter(pk=products[2].pk).update(title="")
    custom_platform.fault("status", method="PUT", status=400, times=1)
    change(products)
    work_until_idle()
    assert calls(custom_platform) == [1] * 6
    assert titles(custom_platform).keys() == {str(p.pk) for p in products if p is not products[2]}
    issue = Issue.objects.get(resolved_at=None)
    assert (issue.item_id, issue.kind, "title" in issue.message) == (products[2].pk, "product", True)
    change(products[2:3], title="With a title")
    work_until_idle()
    assert titles(custom_platform) == hub_titles(custom)
    assert not Issue.objects.filter(resolved_at=None).exists()


def test_items_sent_singly_are_not_resent_when_a_later_one_fails(
    custom: Connection, custom_platform: SandboxProcess
) -> None:
    one_lane(custom)
    products = make_products(custom.seller, 8)
    custom_platform.fault("status", method="PUT", status=400, times=1)
    custom_platform.fault("status", method="PUT", status=503, after=5, times=1)
    change(products)
    work_until_idle()
    assert len(titles(custom_platform)) == 5
    skip_delays()
    skip_delays()
    assert titles(custom_platform) == hub_titles(custom)
    assert set(writes(custom_platform).values()) == {1}


def test_retry_after_is_respected(custom: Connection, custom_platform: SandboxProcess) -> None:
    job = one_lane(custom)
    custom_platform.fault("status", status=503, headers={"Retry-After": "600"}, times=1)
    change(make_products(custom.seller, 2))
    work_until_idle()
    lane = Lane.objects.get(pk=job.lane_ids[0])
    assert lane.rest_until > timezone.now() + timedelta(minutes=9)
    lanes.sweep(now=timezone.now() + timedelta(minutes=5))
    work_until_idle()
    assert calls(custom_platform) == []


def test_after_a_failure_a_single_item_is_tried_and_batches_grow_again(
    custom: Connection, custom_platform: SandboxProcess
) -> None:
    job = one_lane(custom)
    custom_platform.fault("status", status=503, times=2)
    change(make_products(custom.seller, 20))
    work_until_idle()
    assert Lane.objects.get(pk=job.lane_ids[0]).failures == 1
    skip_delays()
    assert Lane.objects.get(pk=job.lane_ids[0]).failures == 2
    skip_delays()
    skip_delays()
    assert calls(custom_platform)[:4] == [1, 2, 4, 8]
    assert titles(custom_platform) == hub_titles(custom)
    assert Lane.objects.get(pk=job.lane_ids[0]).failures == 0


def test_the_breaker_backs_off_up_to_five_minutes() -> None:
    now = timezone.now()
    pauses = [(RetryPolicy().pause_until(failures=n, now=now) - now).total_seconds() for n in range(1, 15)]
    assert all(2 ** (n - 1) / 2 <= pause <= 2 ** (n - 1) for n, pause in enumerate(pauses[:9], 1))
    assert all(150 <= pause <= 300 for pause in pauses[9:])


def test_a_rate_limited_call_waits_as_instructed_and_is_not_in_doubt(
    custom: Connection, custom_platform: SandboxProcess
) -> None:
    one_lane(custom)
    custom_platform.fault("status", status=429, headers={"Retry-After": "30"}, times=1)
    change(make_products(custom.seller, 3))
    work_until_idle()
    lane = Lane.objects.get(pk=products_job(custom).lane_ids[0])
    assert lane.failures == 0 and lane.rest_until > timezone.now() + timedelta(seconds=20)
    assert set(Change.objects.values_list("sent_at", "attempts")) == {(None, 0)}
    skip_delays()
    assert calls(custom_platform) == [3]
    assert titles(custom_platform) == hub_titles(custom)


def test_requests_before_a_rate_limited_one_are_in_doubt(custom: Connection, custom_platform: SandboxProcess) -> None:
    one_lane(custom)
    products = sent(custom, 4)
    custom_platform.fault("status", status=429, path="/v1/products", method="DELETE", times=1)
    with transaction.atomic():
        change(products[:2], title="Newer")
        change(products[2:3], status="discontinued")
    work_until_idle()
    assert Change.objects.filter(sent_at=None).count() == 0
    in_doubt = Link.objects.filter(connection=custom, sent_hash=None).values_list("item_id", flat=True)
    assert set(in_doubt) == {product.pk for product in products[:3]}
    skip_delays()
    assert titles(custom_platform) == hub_titles(custom)


def test_a_long_outage_needs_no_manual_retry(custom: Connection, custom_platform: SandboxProcess) -> None:
    custom_platform.fault("status", status=502, times=RetryPolicy().max_attempts + 4)
    change(make_products(custom.seller, 1))
    work_until_idle()
    for _ in range(RetryPolicy().max_attempts + 3):
        skip_delays()
    assert not Change.objects.filter(state=Change.State.HELD).exists()
    skip_delays()
    assert titles(custom_platform) == hub_titles(custom)


def test_an_item_that_fails_alone_is_finally_held_until_a_person_retries_it(
    custom: Connection, custom_platform: SandboxProcess, sending: Callable[..., None]
) -> None:
    one_lane(custom)
    products = make_products(custom.seller, 12)
    healthy = False

    def fail_on_one(send: Send) -> Send:
        def call(self: ProductTarget, operations: Sequence[Operation[Any]]) -> list[Outcome]:
            if not healthy and any(operation.item_id == products[3].pk for operation in operations):
                raise TryAgainLater("It answered 500.")
            return send(self, operations)

        return call

    sending(fail_on_one)
    change(products)
    work_until_idle()
    for _ in range(3 * RetryPolicy().max_attempts):
        skip_delays()
    held = Change.objects.get()
    assert (held.item_id, held.state) == (products[3].pk, Change.State.HELD)
    assert len(titles(custom_platform)) == 11 and set(writes(custom_platform).values()) == {1}
    assert ItemStatus.objects.get(item_id=products[3].pk).state == ItemStatus.State.HELD
    assert Issue.objects.get(resolved_at=None).code == "not_sent"
    healthy = True
    retry_changes(changes=Change.objects.filter(pk=held.pk), by=None)
    work_until_idle()
    assert titles(custom_platform) == hub_titles(custom)
    assert not Issue.objects.filter(resolved_at=None).exists()


def test_a_bug_with_one_item_holds_only_that_item(
    custom: Connection, custom_platform: SandboxProcess, sending: Callable[..., None]
) -> None:
    products = make_products(custom.seller, 5)

    def crash_on_one(send: Send) -> Send:
        def call(self: ProductTarget, operations: Sequence[Operation[Any]]) -> list[Outcome]:
            if any(operation.item_id == products[0].pk for operation in operations):
                raise KeyError("options")
            return send(self, operations)

        return call

    sending(crash_on_one)
    change(products)
    work_until_idle()
    assert len(titles(custom_platform)) == 4
    held = Change.objects.get()
    assert (held.state, held.failure_kind) == (Change.State.HELD, Change.FailureKind.INTERNAL)


def test_an_item_that_cannot_be_stored_is_found_by_bisecting(
    custom: Connection, custom_platform: SandboxProcess
) -> None:
    """PostgreSQL rejects a payload with a NUL character when the batch is settled: a bug that no adapter handles."""
    job = one_lane(custom)
    products = make_products(custom.seller, 9)
    original = ProductTarget.payload

    def with_nul(self: ProductTarget, item: Any, refs: Any) -> Any:
        created = original(self, item, refs)
        return created | {"note": "\x00"} if item.id == products[4].pk else created

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProductTarget, "payload", with_nul)
        change(products)
        work_until_idle()
        for _ in range(10):
            skip_delays()
        held = Change.objects.get(job=job)
        assert (held.item_id, held.state) == (products[4].pk, Change.State.HELD)
    assert len(titles(custom_platform)) == 9


def test_rejected_credentials_pause_the_job_until_a_person_resumes_it(
    custom: Connection, custom_platform: SandboxProcess
) -> None:
    job = one_lane(custom)
    custom_platform.fault("status", status=401, times=1)
    products = make_products(custom.seller, 3)
    start_run(job=job, trigger="button")
    work_until_idle()
    job.refresh_from_db()
    run = last_run(job)
    assert job.paused and run.state == Run.State.FAILED and "credentials" in run.reason
    assert "credentials" in JobState.objects.get(job=job).attention
    assert not SyncLog.objects.get(connection=custom).last_full_sync
    assert Change.objects.filter(state=Change.State.READY).count() == len(products)
    resume_job(job=job, by=None)
    work_until_idle()
    assert titles(custom_platform) == hub_titles(custom)


def test_a_dry_run_computes_changes_and_sends_nothing(custom: Connection, custom_platform: SandboxProcess) -> None:
    set_read_only(connection=custom, read_only=True, by=None)
    make_products(custom.seller, 3)
    start_run(job=products_job(custom), trigger="button")
    work_until_idle()
    run = last_run(products_job(custom))
    assert (run.state, run.counters.get().created) == (Run.State.DONE, 3)
    assert run.log.filter(text__contains="nothing was sent").exists()
    assert calls(custom_platform) == []
    assert set(ItemStatus.objects.values_list("state", flat=True)) == {ItemStatus.State.PENDING}
    assert SyncLog.objects.get(connection=custom).last_full_sync is None
    assert JobState.objects.get(job=run.job).last_full_sync_at is None
    set_read_only(connection=custom, read_only=False, by=None)
    work_until_idle()
    assert titles(custom_platform) == hub_titles(custom)
    assert SyncLog.objects.get(connection=custom, data_type="products").last_full_sync


def test_a_resend_writes_everything_again(custom: Connection, custom_platform: SandboxProcess) -> None:
    sent(custom, 5)
    start_run(job=products_job(custom), trigger="button", resend=True)
    work_until_idle()
    assert set(writes(custom_platform).values()) == {2}


def test_a_pause_stops_a_running_turn(
    custom: Connection, custom_platform: SandboxProcess, sending: Callable[..., None], settings: Any
) -> None:
    settings.TURN_SECONDS = 0
    one_lane(custom)

    def pause_meanwhile(send: Send) -> Send:
        def call(self: ProductTarget, operations: Sequence[Operation[Any]]) -> list[Outcome]:
            pause_connection(connection=custom, by=None, reason="stocktaking")
            return send(self, operations)

        return call

    sending(pause_meanwhile)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ProductTarget, "batch_size", 2)
        patch.setattr("connectors.engine.turn.CHECK_INTERVAL_SECONDS", 0.0)
        change(make_products(custom.seller, 10))
        work_until_idle()
        assert calls(custom_platform) == [2]
        resume_connection(connection=custom, by=None)
        work_until_idle()
    assert len(calls(custom_platform)) == 2


def test_sigterm_ends_a_turn_at_the_next_batch(
    custom: Connection, custom_platform: SandboxProcess, sending: Callable[..., None]
) -> None:
    one_lane(custom)

    def stop_meanwhile(send: Send) -> Send:
        def call(self: ProductTarget, operations: Sequence[Operation[Any]]) -> list[Outcome]:
            turn_loop.stopping.set()
            return send(self, operations)

        return call

    sending(stop_meanwhile)
    change(make_products(custom.seller, 150))
    try:
        assert not turn_loop.serve(seconds=60)
    finally:
        turn_loop.stopping.clear()
    assert calls(custom_platform) == [100]
    lane = Lane.objects.exclude(epoch=0).get()
    assert lane.due and lane.lease_until is None and lane.batch == []


def test_connections_of_an_account_share_one_rate_budget(
    custom: Connection, custom_platform: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RestTarget, "rate", Rate(4, 3600))
    monkeypatch.setattr(ProductTarget, "batch_size", 1)
    second = install_connection(
        seller=custom.seller,
        platform="rest",
        name="Second",
        slug="second",
        base_url=custom_platform.url,
        credentials={"token": "token"},
        start=False,
    )
    change(make_products(custom.seller, 5))
    work_until_idle()
    assert len(calls(custom_platform)) == 4
    assert Change.objects.filter(job__connection__in=[custom, second]).count() == 10 - 4
    assert not Lane.objects.filter(failures__gt=0).exists()
    assert Lane.objects.filter(rest_until__gt=timezone.now() + timedelta(minutes=4)).exists()


@pytest.mark.parametrize("kind", ["product", "variant"])
def test_two_items_of_a_batch_cannot_get_the_same_id(
    custom: Connection, custom_platform: SandboxProcess, sending: Callable[[Callable[[Send], Send]], None], kind: str
) -> None:
    """L16, with a target that returns one ID for two items: the first is linked, the other is held for a person."""

    def as_one(send: Send) -> Send:
        def wrapped(target: ProductTarget, operations: Sequence[Operation[Any]]) -> list[Outcome]:
            outcomes = send(target, operations)
            for operation, outcome in zip(operations[:2], outcomes, strict=False):
                if kind == "product":
                    outcome.external_id = "one"
                else:
                    [variant] = Variant.objects.filter(product=operation.item_id)
                    outcome.links[kind, variant.pk] = "one"
            return outcomes

        return wrapped

    sending(as_one)
    one_lane(custom)
    products = make_products(custom.seller, 3)
    start_run(job=products_job(custom), trigger="button")
    work_until_idle()
    assert calls(custom_platform) == [3]
    issue = Issue.objects.get(resolved_at=None)
    assert (issue.code, issue.item_id) == ("id_in_use", products[1].pk)
    assert "already uses this ID" in issue.message and "the ID one" in issue.message
    assert Link.objects.get(kind=kind, external_id="one").item_id in (products[0].pk, products[0].variants.get().pk)
    assert ItemStatus.objects.get(kind="product", item_id=products[1].pk).state == ItemStatus.State.PENDING
    assert ItemStatus.objects.get(kind="product", item_id=products[2].pk).state == ItemStatus.State.SYNCED
    assert last_run(products_job(custom)).state == Run.State.DONE_WITH_ERRORS
