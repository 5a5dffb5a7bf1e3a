"""An order that names a customer waits until the target has that customer (M10)."""

from collections.abc import Callable

import pytest

from hub.kinds import DataType, Direction, Kind
from hub.models import Change, Job, Link
from hub.services import start_run
from orders.models import Customer, Order
from sandbox.process import SandboxProcess
from tests.engine.worker import work_until_idle
from tests.factories import make_connection, make_job
from tests.orders.importing import customer, import_records, order


@pytest.fixture
def target(transactional_db: None, orders: Job, sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    """A custom system that takes customers and orders of the seller."""
    system = sandbox("rest", accounts={"erp": "word"})
    connection = make_connection(orders.connection.seller, base_url=system.url, credentials={"token": "word"})
    for data_type in (DataType.CUSTOMERS, DataType.ORDERS):
        make_job(connection, data_type, Direction.EXPORT)
    return system


def test_orders_are_enqueued_when_their_customers_are_created_at_the_target(
    target: SandboxProcess, orders: Job, customers: Job
) -> None:
    import_records(orders, order("5", customer_id="7"), order("6", customer_id="8"), order("8"))
    import_records(customers, customer("7"))
    found = Order.objects.get(number="N-5")
    assert found.customer == Customer.objects.get()
    assert Order.objects.get(number="N-6").customer is None
    # As if the orders had been skipped for want of their customers.
    Change.objects.filter(kind=Kind.ORDER).delete()
    start_run(job=Job.objects.get(data_type=DataType.CUSTOMERS, direction=Direction.EXPORT), trigger="button")
    work_until_idle()
    assert [row["number"] for row in target.state("orders", "erp")] == ["N-5"]
    assert Link.objects.filter(kind=Kind.ORDER, item_id=found.pk, sent_hash__isnull=False).exists()
