"""Whatever happens at a source, and in whatever order it is heard of: after a partial and a full read, the hub has the
same as the source, field by field."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from catalog.items import load_products
from connectors.services.connections import install_connection
from connectors.webhooks.requested import request_items
from hub import clock
from hub.kinds import DataType, Kind
from hub.models import Job, Link, Run
from hub.services import start_run
from sandbox.process import SandboxProcess
from tests.engine.worker import skip_delays, work_until_idle
from tests.factories import make_seller

ORDER = (DataType.BRANDS, DataType.CATEGORIES, DataType.PRODUCTS)
KEYS = st.sampled_from("abcd")
NUMBERS = st.sampled_from([None, 0, 5, 12])
FAULTS: dict[str, dict[str, Any]] = {
    "status": {"status": 503, "times": 1},
    "half_body": {"times": 1},
    "drop": {"times": 1, "when": "after"},
}


def _variants(key: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    one = st.fixed_dictionaries({"renamed": st.booleans(), "price": NUMBERS, "quantity": NUMBERS})
    return st.lists(one, min_size=1, max_size=3).map(
        lambda rows: [
            {
                "key": f"{key}-{number}",
                "sku": f"{key.upper()}-{number}{'-NEW' if row['renamed'] else ''}",
                "price": row["price"],
                "quantity": row["quantity"],
            }
            for number, row in enumerate(rows)
        ]
    )


PRODUCTS = KEYS.flatmap(
    lambda key: st.fixed_dictionaries(
        {
            "key": st.just(key),
            "title": st.sampled_from(["Lamp", "Desk"]),
            "brand": st.sampled_from(["", "a", "b"]),
            "categories": st.lists(KEYS, max_size=2, unique=True).map(sorted),
            "status": st.sampled_from(["live", "suspended"]),
            "variants": _variants(key),
        }
    )
)


class Source(RuleBasedStateMachine):
    """A custom shop, and the hub that reads it. `system` is set by the test."""

    system: SandboxProcess
    number = 0

    def __init__(self) -> None:
        super().__init__()
        self.system.reset()
        type(self).number += 1
        name = f"shop-{self.number}"
        connection = install_connection(
            seller=make_seller(name),
            platform="rest_shop",
            name=name,
            slug=name,
            base_url=self.system.url,
            credentials={"token": "token"},
            start=False,
        )
        self.jobs = {DataType(job.data_type): job for job in Job.objects.filter(connection=connection)}
        self.there: dict[DataType, dict[str, dict[str, Any]]] = {each: {} for each in ORDER}

    def write(self, method: str, data_type: DataType, body: list[Any]) -> None:
        headers = {"Authorization": "Bearer token"}
        self.system.clear_faults()
        requests.request(method, f"{self.system.url}/v1/{data_type}", json=body, headers=headers, timeout=60)

    def save(self, data_type: DataType, item: dict[str, Any]) -> None:
        self.there[data_type][item["key"]] = item
        self.write("PUT", data_type, [item])

    @rule(product=PRODUCTS)
    def save_product(self, product: dict[str, Any]) -> None:
        self.save(DataType.PRODUCTS, product)

    @rule(key=KEYS)
    def delete_product(self, key: str) -> None:
        self.there[DataType.PRODUCTS].pop(key, None)
        self.write("DELETE", DataType.PRODUCTS, [key])

    @rule(key=KEYS, name=st.sampled_from(["Oak", "Elm"]))
    def save_brand(self, key: str, name: str) -> None:
        self.save(DataType.BRANDS, {"key": key, "name": f"{name} {key}"})

    @rule(key=KEYS, name=st.sampled_from(["Chairs", "Tables"]), parent=KEYS)
    def save_category(self, key: str, name: str, parent: str) -> None:
        # A parent sorts after its children, so that it is on a later page or not there yet.
        self.save(DataType.CATEGORIES, {"key": key, "name": f"{name} {key}", "parent": parent if parent > key else ""})

    @rule(data_type=st.sampled_from(ORDER), keys=st.lists(KEYS, min_size=1, max_size=3))
    def send_event(self, data_type: DataType, keys: list[str]) -> None:
        request_items(job=self.jobs[data_type], external_ids=keys, now=clock.now())

    @rule(name=st.sampled_from(sorted(FAULTS)))
    def break_answers(self, name: str) -> None:
        self.system.fault(name, **FAULTS[name])

    @rule(minutes=st.sampled_from([-90, 3, 600]))
    def move_clock(self, minutes: int) -> None:
        moved = datetime.now(UTC) + timedelta(minutes=minutes)
        self.system.fault("rewrite", headers={"Date": format_datetime(moved, usegmt=True)})

    @rule(data_type=st.sampled_from(ORDER), scope=st.sampled_from([Run.Scope.PARTIAL, Run.Scope.FULL]))
    def read(self, data_type: DataType, scope: str) -> None:
        start_run(job=self.jobs[data_type], scope=scope, trigger="button")
        work_until_idle()

    def teardown(self) -> None:
        self.system.clear_faults()
        skip_delays()
        for scope in (Run.Scope.PARTIAL, Run.Scope.FULL):
            for data_type in ORDER:
                self.read(data_type, scope)
        assert self.here() == {key: self.expected(each) for key, each in self.there[DataType.PRODUCTS].items()}

    def here(self) -> dict[str, Any]:
        connection = self.jobs[DataType.PRODUCTS].connection
        keys = dict(Link.objects.filter(connection=connection, kind=Kind.PRODUCT).values_list("item_id", "external_id"))
        return {
            keys[item.id]: (
                item.title,
                item.status,
                item.brand,
                self._categories(keys[item.id], set(item.category_paths)),
                [
                    (
                        variant.sku,
                        variant.status,
                        [each.amount for each in variant.prices],
                        [each.quantity for each in variant.stock],
                    )
                    for variant in item.variants
                    if variant.status != "discontinued"
                ],
            )
            for item in load_products(list(keys)).values()
            if item.status != "discontinued"
        }

    def expected(self, product: dict[str, Any]) -> tuple[Any, ...]:
        brand = self.there[DataType.BRANDS].get(product["brand"], {"name": ""})
        known = self.there[DataType.CATEGORIES]
        return (
            product["title"],
            product["status"],
            brand["name"],
            self._categories(product["key"], {self._path(each) for each in product["categories"] if each in known}),
            [
                (
                    row["sku"],
                    "live",
                    [] if row["price"] is None else [Decimal(row["price"])],
                    [] if row["quantity"] is None else [Decimal(row["quantity"])],
                )
                for row in product["variants"]
            ],
        )

    def _categories(self, key: str, paths: set[str]) -> set[str] | None:
        """None if all categories of the product are unknown: then it keeps those that it had."""
        wanted = self.there[DataType.PRODUCTS].get(key, {"categories": []})["categories"]
        return None if wanted and not set(wanted) & self.there[DataType.CATEGORIES].keys() else paths

    def _path(self, key: str) -> str:
        category = self.there[DataType.CATEGORIES][key]
        parent = category["parent"]
        above = f"{self._path(parent)} / " if parent in self.there[DataType.CATEGORIES] else ""
        return f"{above}{category['name']}"


@pytest.mark.django_db(transaction=True)
def test_the_hub_agrees_with_its_source(custom_platform: SandboxProcess, sandbox: Callable[..., Any]) -> None:
    Source.system = custom_platform
    few = settings(
        max_examples=3,
        stateful_step_count=10,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Source, settings=few)
