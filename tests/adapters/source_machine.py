"""Whatever happens at a source, and in whatever order it is heard of, the hub has the same in the end."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from catalog.items import load_products
from connectors.webhooks.requested import request_items
from hub import clock
from hub.kinds import DataType, Direction, Kind
from hub.models import Job, Link, Run
from hub.services import start_run
from tests.adapters.source_drivers import Driver, Goods
from tests.engine.worker import skip_delays, work_until_idle

KEYS = st.sampled_from("abc")
FAULTS: dict[str, dict[str, Any]] = {
    "status": {"status": 503, "times": 1},
    "half_body": {"times": 1},
    "drop": {"times": 1, "when": "after"},
}
SCOPES = (Run.Scope.PARTIAL, Run.Scope.FULL)
# What is read, in this order.
READ = (DataType.PRODUCTS, DataType.STOCK)


class SourceMachine(RuleBasedStateMachine):
    """A platform, changed through its driver, and the hub that reads it. `driver` is set by the test."""

    driver: ClassVar[Driver]
    number = 0

    def __init__(self) -> None:
        super().__init__()
        self.driver.reset()
        type(self).number += 1
        connection = self.driver.connect(f"{self.driver.platform.replace('_', '-')}-{self.number}")
        found = Job.objects.filter(connection=connection, direction=Direction.IMPORT)
        jobs = {DataType(job.data_type): job for job in found}
        self.jobs = {each: jobs[each] for each in READ if each in jobs}
        self.there: dict[str, Goods] = {}

    @rule(
        key=KEYS,
        title=st.sampled_from(["Lamp", "Desk"]),
        live=st.booleans(),
        renamed=st.booleans(),
        price=st.sampled_from([5, 12]),
        quantity=st.sampled_from([None, 0, 5, 12]),
    )
    def save_product(self, key: str, renamed: bool, quantity: int | None, **values: Any) -> None:
        self.driver.process.clear_faults()
        values |= {"title": f"{values['title']} {key}", "sku": f"{key.upper()}{'-NEW' if renamed else ''}"}
        if quantity is None and not self.driver.untracked:
            quantity = 3
        self.there[key] = {**values, "quantity": quantity}
        self.driver.save(key, self.there[key])

    @precondition(lambda self: self.driver.deletes)
    @rule(key=KEYS)
    def delete_product(self, key: str) -> None:
        self.driver.process.clear_faults()
        self.there.pop(key, None)
        self.driver.delete(key)

    @rule(keys=st.lists(KEYS, min_size=1, max_size=3))
    def send_event(self, keys: list[str]) -> None:
        """An event names products that exist, in any order, and perhaps long after they changed."""
        ids = [self.driver.external_id(key) for key in keys if key in self.there]
        if ids:
            request_items(job=self.jobs[DataType.PRODUCTS], external_ids=ids, now=clock.now())

    @rule(name=st.sampled_from(sorted(FAULTS)))
    def break_answers(self, name: str) -> None:
        self.driver.process.fault(name, **FAULTS[name])

    @rule(minutes=st.sampled_from([-90, 3, 600]))
    def move_clock(self, minutes: int) -> None:
        moved = datetime.now(UTC) + timedelta(minutes=minutes)
        self.driver.process.fault("rewrite", headers={"Date": format_datetime(moved, usegmt=True)})

    @rule(scope=st.sampled_from(SCOPES))
    def read_products(self, scope: str) -> None:
        self.read(DataType.PRODUCTS, scope)

    def read(self, data_type: DataType, scope: str) -> None:
        start_run(job=self.jobs[data_type], scope=scope, trigger="button")
        work_until_idle()

    def teardown(self) -> None:
        self.driver.process.clear_faults()
        skip_delays()
        for scope in SCOPES:
            for data_type in self.jobs:
                self.read(data_type, scope)
        expected = {self.driver.external_id(key): self.expected(goods) for key, goods in self.there.items()}
        here = self.here()
        assert here == expected, f"the hub has {here}, the source {expected}"

    @staticmethod
    def expected(goods: Goods) -> tuple[Any, ...]:
        stock = [] if goods["quantity"] is None else [Decimal(goods["quantity"])]
        status = "live" if goods["live"] else "suspended"
        return goods["title"], status, [(goods["sku"], status, [Decimal(goods["price"])], stock)]

    def here(self) -> dict[str, Any]:
        connection = self.jobs[DataType.PRODUCTS].connection
        keys = dict(Link.objects.filter(connection=connection, kind=Kind.PRODUCT).values_list("item_id", "external_id"))
        return {
            keys[item.id]: (
                item.title,
                item.status,
                [
                    (
                        each.sku,
                        each.status,
                        [price.amount for price in each.prices],
                        [row.quantity for row in each.stock],
                    )
                    for each in item.variants
                    if each.status != "discontinued"
                ],
            )
            for item in load_products(list(keys)).values()
            if item.status != "discontinued" and keys[item.id] not in self.driver.others
        }
