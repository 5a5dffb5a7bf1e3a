"""Each source with a driver: whatever happens there, after a partial and a full read the hub has the same.

SOURCE_EXAMPLES=50 tries as many sequences of changes for each.
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

EXAMPLES = int(os.environ.get("SOURCE_EXAMPLES", "1"))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("driver", DRIVERS, ids=lambda each: each.platform)
def test_the_hub_agrees_with_its_source(driver: type[Driver], sandbox: Callable[..., SandboxProcess]) -> None:
    case = CASES[driver.platform]
    SourceMachine.driver = driver(sandbox(case.sandbox, accounts=dict([case.account]), **driver.options))
    chosen = settings(
        max_examples=EXAMPLES,
        stateful_step_count=10,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(SourceMachine, settings=chosen)
