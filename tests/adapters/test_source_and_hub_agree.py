"""Each source with a driver: whatever happens there, after a partial and a full read the hub has the same.

By default one sequence that has everything in it, and a few of custom shops; SOURCE_EXAMPLES=50 tries as many for each
source.
"""

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from sandbox.process import SandboxProcess
from tests.adapters.cases import CASES
from tests.adapters.source_drivers import DRIVERS, Driver
from tests.adapters.source_machine import SourceMachine

EXAMPLES = int(os.environ.get("SOURCE_EXAMPLES", "0"))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("driver", DRIVERS, ids=lambda each: each.platform)
def test_the_hub_agrees_with_its_source(driver: type[Driver], sandbox: Callable[..., SandboxProcess]) -> None:
    case = CASES[driver.platform]
    SourceMachine.driver = driver(sandbox(case.sandbox, accounts=dict([case.account]), **driver.options))
    if not EXAMPLES:
        _run_one()
    if examples := EXAMPLES or driver.examples:
        chosen = settings(
            max_examples=examples,
            stateful_step_count=12,
            deadline=None,
            derandomize=not EXAMPLES,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        run_state_machine_as_test(SourceMachine, settings=chosen)


def _run_one() -> None:
    machine = SourceMachine()
    size = {"renamed": False, "price": 5, "quantity": 12, "elsewhere": 7}
    lamp = {
        "title": "Lamp",
        "live": True,
        "variants": [size, size | {"quantity": 0}],
        "brand": "a",
        "categories": ["b"],
    }
    for key in "abc":
        machine.save_product(key=key, **lamp)
    machine.break_answers(name="half_body")
    machine.read_products(scope="full")
    machine.move_clock(minutes=600)
    changed = [size | {"renamed": True, "price": 12}, size, size | {"elsewhere": 0}]
    machine.save_product(key="a", **lamp | {"title": "Desk", "live": False, "variants": changed})
    machine.save_product(key="b", **lamp | {"variants": [size | {"quantity": None}]})
    if machine.driver.taxonomy:
        machine.save_brand(key="a", name="Oak")
        machine.save_category(key="b", name="Chairs", parent="c")
    machine.read_products(scope="partial")
    if machine.driver.deletes:
        machine.delete_product(key="c")
    machine.save_product(key="b", **lamp | {"variants": [size | {"quantity": 0, "price": None}]})
    machine.send_event(keys=["b", "a"])
    machine.move_clock(minutes=-90)
    machine.teardown()
