"""Failed runs show the number of calls that they made (B10)."""

from collections.abc import Callable

import pytest

from connectors.services.connections import install_connection
from connectors.services.runs import sync
from hub.kinds import DataType
from hub.models import Connection, Run
from sandbox.process import SandboxProcess
from tests.engine.worker import last_run, work_until_idle
from tests.factories import make_seller

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rest_platform(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("rest", accounts={"shop": "token"})


@pytest.fixture
def rest_shop(transactional_db: None, rest_platform: SandboxProcess) -> Connection:
    return install_connection(
        seller=make_seller("acme"),
        platform="rest_shop",
        name="Acme shop",
        slug="acme-shop",
        base_url=rest_platform.url,
        credentials={"token": "token"},
        start=False,
    )


@pytest.mark.parametrize(("status", "reason"), [(404, "The system has no"), (401, "credentials")])
def test_a_run_that_needs_attention_counts_the_rejected_call(
    rest_shop: Connection, rest_platform: SandboxProcess, status: int, reason: str
) -> None:
    rest_platform.fault("status", status=status, path="/v1/brands")
    sync(connection=rest_shop, data_type=DataType.BRANDS, trigger=Run.Trigger.BUTTON)
    work_until_idle()
    run = last_run(rest_shop.jobs.get(data_type=DataType.BRANDS))
    assert (run.state, run.api_calls) == (Run.State.FAILED, 1) and reason in run.reason


def test_a_run_that_fails_because_of_a_bug_counts_its_calls(
    rest_shop: Connection, rest_platform: SandboxProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("connectors.engine.fetching.apply_page", fail)
    sync(connection=rest_shop, data_type=DataType.BRANDS, trigger=Run.Trigger.BUTTON)
    work_until_idle()
    run = last_run(rest_shop.jobs.get(data_type=DataType.BRANDS))
    assert (run.state, run.api_calls) == (Run.State.FAILED, 1) and "ZeroDivisionError" in run.reason
    assert len(rest_platform.calls()) == 1
