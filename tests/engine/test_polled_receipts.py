"""Items that a target has queued are polled, not sent again, until their outcome is known."""

import pytest

from catalog.models import Product
from connectors.adapters import registry
from connectors.sdk.errors import TryAgainLater
from hub.models import Change, Job, Link, Run
from hub.services import start_run
from synclog.models import Issue
from tests.engine.products import change
from tests.engine.queueing_target import QueueingPlatform, Vendor, batch_rejection, rejection
from tests.engine.worker import last_run, skip_delays, work_until_idle
from tests.factories import make_connection, make_job, make_products, make_seller

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Vendor:
    monkeypatch.setattr(QueueingPlatform, "vendor", Vendor())
    there = registry.adapters() | {QueueingPlatform.key: QueueingPlatform}
    monkeypatch.setattr(registry, "adapters", lambda: there)
    return QueueingPlatform.vendor


@pytest.fixture
def job(transactional_db: None, vendor: Vendor) -> Job:
    return make_job(make_connection(make_seller("acme"), platform=QueueingPlatform.key, credentials={}))


def send(job: Job, number: int) -> list[Product]:
    """Send this many products; the platform then has them in its queue."""
    products = make_products(job.connection.seller, number)
    start_run(job=job, trigger=Run.Trigger.BUTTON)
    work_until_idle()
    return products


def test_queued_items_are_polled_and_never_sent_again(job: Job, vendor: Vendor) -> None:
    products = send(job, 3)
    for _ in range(2):
        skip_delays()
    assert len(vendor.sent) == 1 and len(vendor.polled) >= 2
    assert vendor.polled[0] == list(vendor.queue) and Change.objects.count() == 3
    vendor.process()
    skip_delays()
    assert len(vendor.sent) == 1 and not Change.objects.exists()
    assert set(vendor.products) == {str(product.pk) for product in products}
    assert Link.objects.filter(connection=job.connection, sent_hash__isnull=False).count() == 3
    assert last_run(job).state == Run.State.DONE


def test_a_changed_item_is_sent_and_the_others_are_polled(job: Job, vendor: Vendor) -> None:
    products = send(job, 3)
    change(products[:1], title="Newer")
    skip_delays()
    assert vendor.sent[1:] == [["Newer"]]
    vendor.process()
    skip_delays()
    assert len(vendor.sent) == 2 and not Change.objects.exists()
    assert vendor.products[str(products[0].pk)] == "Newer"


def test_a_removal_is_polled_by_its_receipt(job: Job, vendor: Vendor) -> None:
    [product] = send(job, 1)
    vendor.process()
    skip_delays()
    change([product], status="discontinued")
    skip_delays()
    assert vendor.products and vendor.sent[1:] == [[""]]
    [receipt] = vendor.queue
    vendor.process()
    skip_delays()
    assert vendor.polled[-1] == [receipt] and len(vendor.sent) == 2
    assert not vendor.products and not Change.objects.exists()


@pytest.mark.parametrize("number", [1, 3])
def test_a_failed_poll_is_repeated_and_nothing_is_sent_again(job: Job, vendor: Vendor, number: int) -> None:
    """Also for a single item, although an item that fails alone is otherwise sent again."""
    send(job, number)
    vendor.poll_error = TryAgainLater("The connection was cut.")
    skip_delays()
    assert vendor.poll_error is None and len(vendor.sent) == 1
    vendor.process()
    for _ in range(3):
        skip_delays()
    assert len(vendor.sent) == 1 and len(vendor.products) == number and not Change.objects.exists()


def test_a_rejected_poll_names_the_polled_items(job: Job, vendor: Vendor) -> None:
    products = send(job, 3)
    change(products[:1], title="Newer")  # sent in the same batch in which the others are polled
    vendor.poll_error = batch_rejection(1, "too large")
    skip_delays()
    assert Issue.objects.get(resolved_at=None).item_id == products[2].pk


@pytest.mark.parametrize("error", [rejection("too large"), TryAgainLater("Its worker was restarted.")], ids=str)
def test_an_outcome_ends_the_polling(job: Job, vendor: Vendor, error: Exception) -> None:
    """A rejection becomes an issue; an item whose outcome is TryAgainLater is sent again."""
    send(job, 1)
    vendor.answer = error
    vendor.process()
    skip_delays()
    vendor.answer = None
    if isinstance(error, TryAgainLater):
        skip_delays()
        assert len(vendor.sent) == 2
    else:
        assert len(vendor.sent) == 1 and Issue.objects.get(resolved_at=None).message


def test_an_item_waits_for_another_of_the_same_stream(job: Job, vendor: Vendor) -> None:
    bundle, part = make_products(job.connection.seller, 2)
    Product.objects.filter(pk=part.pk).update(title="Part")
    Product.objects.filter(pk=bundle.pk).update(title="Bundle needs Part")
    start_run(job=job, trigger=Run.Trigger.BUTTON)
    work_until_idle()
    assert [operation.item_id for operation in vendor.queue.values()] == [part.pk]
    vendor.process()
    for _ in range(2):
        skip_delays()
    assert [operation.item_id for operation in vendor.queue.values()] == [bundle.pk]
    vendor.process()
    skip_delays()
    assert vendor.products == {str(part.pk): "Part", str(bundle.pk): "Bundle needs Part"}
    assert [title for batch in vendor.sent for title in batch].count("Part") == 1
    assert not Change.objects.exists() and not Issue.objects.filter(resolved_at=None).exists()
