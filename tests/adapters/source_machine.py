"""Whatever happens at a source, and in whatever order it is heard of, the hub has the same in the end."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from catalog.items import ProductItem, load_products
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
TAXONOMY = (DataType.BRANDS, DataType.CATEGORIES)
READ = (DataType.PRODUCTS, DataType.STOCK)
# A price that is None, and stock that is not tracked, where the platform has that.
VARIANT = st.fixed_dictionaries(
    {
        "renamed": st.booleans(),
        "price": st.sampled_from([None, 5, 12]),
        "quantity": st.sampled_from([None, 0, 5, 12]),
        "elsewhere": st.sampled_from([0, 7]),
    }
)


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
        wanted = (*TAXONOMY, *READ) if self.driver.taxonomy else READ
        self.jobs = {each: jobs[each] for each in wanted if each in jobs}
        self.there: dict[str, Goods] = {}
        self.brands: dict[str, str] = {}
        # Key of a category → its name and the key of its parent.
        self.categories: dict[str, tuple[str, str]] = {}

    @rule(
        key=KEYS,
        title=st.sampled_from(["Lamp", "Desk"]),
        live=st.booleans(),
        variants=st.lists(VARIANT, min_size=1, max_size=3),
        brand=st.sampled_from(["", "a", "b"]),
        categories=st.lists(KEYS, max_size=2, unique=True).map(sorted),
    )
    def save_product(self, key: str, title: str, variants: list[Goods], **values: Any) -> None:
        self.driver.process.clear_faults()
        self.there[key] = {
            "key": key,
            "title": f"{title} {key}",
            "variants": [
                self._possible(each) | {"sku": f"{key.upper()}-{place}{'-NEW' if each['renamed'] else ''}"}
                for place, each in enumerate(variants[: self.driver.variants])
            ],
            **values,
        }
        self.driver.save(key, self.there[key])

    def _possible(self, variant: Goods) -> Goods:
        """The variant with another value instead of one that the platform does not have."""
        price, quantity = variant["price"], variant["quantity"]
        return variant | {
            "price": 8 if price is None and not self.driver.priceless else price,
            "quantity": 3 if quantity is None and not self.driver.untracked else quantity,
        }

    @precondition(lambda self: self.driver.deletes)
    @rule(key=KEYS)
    def delete_product(self, key: str) -> None:
        self.driver.process.clear_faults()
        self.there.pop(key, None)
        self.driver.delete(key)

    @precondition(lambda self: self.driver.taxonomy)
    @rule(key=KEYS, name=st.sampled_from(["Oak", "Elm"]))
    def save_brand(self, key: str, name: str) -> None:
        self.driver.process.clear_faults()
        self.brands[key] = f"{name} {key}"
        self.driver.save_brand(key, self.brands[key])

    @precondition(lambda self: self.driver.taxonomy)
    @rule(key=KEYS, name=st.sampled_from(["Chairs", "Tables"]), parent=KEYS)
    def save_category(self, key: str, name: str, parent: str) -> None:
        self.driver.process.clear_faults()
        # A parent sorts after its children, so that it is on a later page or not there yet.
        self.categories[key] = f"{name} {key}", parent if parent > key else ""
        self.driver.save_category(key, *self.categories[key])

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

    @precondition(lambda self: self.driver.taxonomy)
    @rule(data_type=st.sampled_from(TAXONOMY), scope=st.sampled_from(SCOPES))
    def read_taxonomy(self, data_type: DataType, scope: str) -> None:
        self.read(data_type, scope)

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

    def expected(self, goods: Goods) -> tuple[Any, ...]:
        status = "live" if goods["live"] else "suspended"
        variants = [
            (
                each["sku"],
                status,
                [] if each["price"] is None else [Decimal(each["price"])],
                [Decimal(quantity) for quantity in self.driver.stock(each)],
            )
            for each in goods["variants"]
        ]
        known = {self._path(each) for each in goods["categories"] if each in self.categories}
        return goods["title"], status, variants, *self._taxonomy(goods, self.brands.get(goods["brand"], ""), known)

    def here(self) -> dict[str, Any]:
        connection = self.jobs[DataType.PRODUCTS].connection
        keys = dict(Link.objects.filter(connection=connection, kind=Kind.PRODUCT).values_list("item_id", "external_id"))
        return {
            keys[item.id]: self._product_here(item, keys[item.id])
            for item in load_products(list(keys)).values()
            if item.status != "discontinued" and keys[item.id] not in self.driver.others
        }

    def _product_here(self, item: ProductItem, external_id: str) -> tuple[Any, ...]:
        variants = [
            (
                each.sku,
                each.status,
                [price.amount for price in each.prices],
                sorted(row.quantity for row in each.stock),
            )
            for each in item.variants
            if each.status != "discontinued"
        ]
        goods = next((each for key, each in self.there.items() if self.driver.external_id(key) == external_id), {})
        return item.title, item.status, variants, *self._taxonomy(goods, item.brand, set(item.category_paths))

    def _taxonomy(self, goods: Goods, brand: str, paths: set[str]) -> tuple[Any, ...]:
        """Brand and categories; without those if all that the source names are unknown: then the product keeps its
        own."""
        if not self.driver.taxonomy:
            return ()
        wanted = goods.get("categories", [])
        return brand, None if wanted and not set(wanted) & self.categories.keys() else paths

    def _path(self, key: str) -> str:
        name, parent = self.categories[key]
        return f"{self._path(parent)} / {name}" if parent in self.categories else name
