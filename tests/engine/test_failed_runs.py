"""Failed runs show the number of calls that they made (B10)."""

from collections.abc import Callable
from datetime import datetime

import pytest
import requests

from connectors.services.connections import install_connection
from connectors.services.runs import sync
from hub.kinds import DataType
from hub.models import Connection, JobState, Run
from hub.services import start_run
from orders.models import Customer
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


def test_an_optional_collection_that_was_imported_is_not_taken_for_absent(
    rest_shop: Connection, rest_platform: SandboxProcess
) -> None:
    """A proxy says 404 while the system is replaced: what changed until then is read by the next run."""
    job = rest_shop.jobs.get(data_type=DataType.CUSTOMERS)

    def sync_again(scope: str) -> tuple[str, datetime | None]:
        start_run(job=job, scope=scope, trigger=Run.Trigger.BUTTON)
        work_until_idle()
        return last_run(job).state, JobState.objects.get(job=job).cut_at

    def fault() -> None:
        rest_platform.fault("status", status=404, path="/v1/customers", times=1)

    fault()
    assert sync_again(Run.Scope.FULL) == (Run.State.DONE, None)
    requests.put(
        f"{rest_platform.url}/v1/customers",
        json=[{"key": "c1", "email": "ada@holm.example"}],
        headers={"Authorization": "Bearer token"},
        timeout=60,
    ).raise_for_status()
    state, cut = sync_again(Run.Scope.PARTIAL)
    assert (state, Customer.objects.get().email) == (Run.State.DONE, "ada@holm.example") and cut
    for scope in (Run.Scope.PARTIAL, Run.Scope.FULL):
        fault()
        assert sync_again(scope) == (Run.State.FAILED, cut)
    assert sync_again(Run.Scope.PARTIAL)[0] == Run.State.DONE
