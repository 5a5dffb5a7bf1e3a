"""An item whose details the platform never returns: all runs go on without it, and it is fetched again later (N11)."""

from collections.abc import Callable

import pytest
import requests

from connectors.models import WebhookEvent
from connectors.platforms.bigcommerce import BigCommerce
from connectors.sdk.retry import RetryPolicy
from connectors.services.webhooks import replay_events
from hub.models import Connection, Job, Run
from hub.services import start_run
from orders.models import Order
from sandbox.process import SandboxProcess
from synclog.models import Issue
from tests.engine.worker import skip_delays
from tests.webhooks.conftest import Post
from tests.webhooks.sending import event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def orders(shop: Connection) -> Job:
    """The import of orders, none of which is here yet."""
    return Job.objects.get(connection=shop, direction="import", data_type="orders")


@pytest.fixture
def four_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BigCommerce, "retry", RetryPolicy(max_attempts=4))


def problems_of_order_3() -> list[str]:
    return list(Issue.objects.filter(resolved_at=None, external_id="order:3").values_list("code", flat=True))


def imported() -> set[str]:
    return set(Order.objects.values_list("number", flat=True))


def finish(run: Run, before: Callable[[], object] = lambda: None) -> Run:
    """Work until the run is closed: on a slow machine, the item is tried again between the slices of the run.

    `before`: what happens before each turn.
    """
    for _ in range(20):
        before()
        skip_delays()
        run.refresh_from_db()
        if not run.is_open:
            return run
    raise AssertionError(f"{run} is still {run.state}.")


def test_a_run_goes_on_without_the_item_which_is_fetched_again(orders: Job, shop_platform: SandboxProcess) -> None:
    shop_platform.fault("status", path="/orders/3/products$", status=500)
    run, _ = start_run(job=orders, trigger="button")
    assert finish(run).state == Run.State.DONE_WITH_ERRORS
    assert imported() == {"1", "2", "4", "5", "6"}
    assert problems_of_order_3() == ["details_failed"]
    shop_platform.clear_faults()
    skip_delays()
    assert imported() == {"1", "2", "3", "4", "5", "6"} and problems_of_order_3() == []


def test_other_calls_that_succeed_do_not_keep_the_item_from_being_left_out(
    orders: Job, shop_platform: SandboxProcess, post: Post
) -> None:
    shop_platform.fault("status", path="/orders/3/products$", status=500)
    run, _ = start_run(job=orders, trigger="button")
    assert finish(run, before=lambda: post(orders.connection, event("store/order/updated", 1))).state == (
        Run.State.DONE_WITH_ERRORS
    )


@pytest.mark.usefixtures("four_attempts")
def test_events_that_fail_are_tried_one_by_one(orders: Job, shop_platform: SandboxProcess, post: Post) -> None:
    """Together, neither would be found to fail."""
    shop_platform.fault("status", path="/orders/[34]$", status=500)
    for number in (3, 4):
        post(orders.connection, event("store/order/updated", number))
    for _ in range(40):
        post(orders.connection, event("store/order/updated", 1))
        skip_delays()
        if WebhookEvent.objects.filter(state="held").count() == 2:
            return
    raise AssertionError(list(WebhookEvent.objects.values_list("state", "failures")))


@pytest.mark.usefixtures("four_attempts")
def test_an_item_that_always_fails_holds_up_no_run(orders: Job, shop_platform: SandboxProcess, post: Post) -> None:
    """Its event is tried after everything else, until it is held."""
    shop_platform.fault("status", path="/orders/3$", status=500)
    post(orders.connection, event("store/order/updated", 3))
    skip_delays()
    assert WebhookEvent.objects.get().failures == 1
    for _ in range(3):
        run, _ = start_run(job=orders, trigger="button")
        assert finish(run).state == Run.State.DONE
        assert imported() == {"1", "2", "3", "4", "5", "6"}
    held = WebhookEvent.objects.get()
    assert (held.state, held.reason.partition(":")[0]) == ("held", "Failed 4 times in a row")
    shop_platform.clear_faults()
    replay_events(events=WebhookEvent.objects.all(), by=None)
    skip_delays()
    assert WebhookEvent.objects.get().state == "done"


@pytest.mark.usefixtures("four_attempts")
def test_the_only_item_of_a_page_is_left_out_once_the_platform_answers_otherwise(
    orders: Job, shop_platform: SandboxProcess
) -> None:
    for number in (1, 2, 4, 5, 6):
        archived = f"{shop_platform.url}/stores/shop/v2/orders/{number}"
        requests.delete(archived, headers={"X-Auth-Token": "token"}, timeout=60).raise_for_status()
    shop_platform.fault("status", path="/orders/3/products$", status=500)
    run, _ = start_run(job=orders, trigger="button")
    assert finish(run).state == Run.State.DONE_WITH_ERRORS
    assert problems_of_order_3() == ["details_failed"]
