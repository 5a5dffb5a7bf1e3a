"""The example of docs/adding-a-platform.md works unchanged: in the standard suite, and in the engine."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import Product
from connectors.models import OAuthTokens
from connectors.webhooks.schemes import SECRET_HEADER
from hub.kinds import DataType, Kind
from hub.models import Connection, Job, Link, Run
from hub.services import start_run
from orders.models import Customer
from sandbox.process import SandboxProcess
from tests.adapters import documented_platform
from tests.adapters.documented_fixtures import acme, folder, simulator
from tests.engine.worker import last_run, skip_delays, work_until_idle
from tests.webhooks.conftest import join_waker_threads

__all__ = ["acme", "folder", "join_waker_threads", "simulator"]

MOST_LINES = 150
LAYOUT = {
    *("acme/__init__.py", "acme/settings.py", "acme/client.py", "acme/webhooks.py"),
    *("acme/sources/__init__.py", "acme/sources/products.py"),
    *("acme/targets/__init__.py", "acme/targets/customers.py"),
}


def test_it_is_small_and_has_the_standard_layout() -> None:
    files = documented_platform.files()
    assert files.keys() == LAYOUT
    assert sum(len(content.splitlines()) for content in files.values()) <= MOST_LINES


@pytest.mark.parametrize("name", sorted(LAYOUT))
def test_it_is_formatted_like_the_application(name: str) -> None:
    """Except for the order of imports, because the files are not in their real folder."""
    for command in (["check", "--ignore", "I001"], ["format", "--check"]):
        answer = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", "--stdin-filename", f"connectors/platforms/{name}"],
            input=documented_platform.files()[name],
            cwd=documented_platform.ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr


def test_it_passes_the_standard_suite(folder: Path) -> None:
    """In a separate process, because the suite's tests are parametrized with the adapters that exist at startup."""
    command = [sys.executable, "-m", "pytest", "-p", "tests.adapters.documented_plugin", "-p", "no:cacheprovider"]
    answer = subprocess.run(
        [*command, "-q", "-k", documented_platform.KEY, "tests/adapters/test_contract.py"],
        cwd=documented_platform.ROOT,
        env=os.environ | {"DOCUMENTED_PLATFORMS": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout
    passed = re.search(r"(\d+) passed", answer.stdout)
    assert passed is not None and int(passed[1]) >= 30, answer.stdout
    assert "skipped" not in answer.stdout


def test_it_syncs_with_refresh_tokens_that_can_be_used_once(acme: Connection, simulator: SandboxProcess) -> None:
    customer = Customer.objects.create(seller=acme.seller, email="sam@example.com", first_name="Sam", last_name="Lee")
    start_run(job=Job.objects.get(connection=acme, data_type=DataType.CUSTOMERS), trigger=Run.Trigger.BUTTON)
    work_until_idle()
    assert Product.objects.filter(seller=acme.seller).count() == 25
    assert list(simulator.state("customers")) == [
        {"id": str(customer.pk), "email": "sam@example.com", "name": "Sam Lee"}
    ]
    for data_type in acme.jobs.values_list("data_type", flat=True):
        assert last_run(acme.jobs.get(data_type=data_type)).state == Run.State.DONE

    # The token expires: the next sync refreshes it again, with the refresh token that replaced the first one.
    OAuthTokens.objects.update(expires_at=timezone.now())
    start_run(job=Job.objects.get(connection=acme, data_type=DataType.PRODUCTS), trigger=Run.Trigger.BUTTON)
    work_until_idle()
    assert last_run(acme.jobs.get(data_type=DataType.PRODUCTS)).state == Run.State.DONE
    [tokens] = simulator.state("tokens")
    assert tokens["refreshes"] == 2
    assert tokens["valid"] == [OAuthTokens.objects.get().pair.refresh_token]


def test_an_event_fetches_the_product_that_it_names(
    acme: Connection, client: Client, simulator: SandboxProcess
) -> None:
    work_until_idle()
    product = Product.objects.get(pk=Link.objects.get(connection=acme, kind=Kind.PRODUCT, external_id="007").item_id)
    Product.objects.filter(pk=product.pk).update(title="Old")
    Link.objects.filter(connection=acme, kind=Kind.PRODUCT).update(received_hash=b"")
    simulator.clear_calls()
    address = f"/webhooks/{acme.webhook_token}"
    assert client.post(address, {"product": "007"}, content_type="application/json").status_code == 401
    headers = {SECRET_HEADER: acme.webhook_secret["secret"]}
    answer = client.post(address, {"product": "007"}, content_type="application/json", headers=headers)
    assert answer.status_code == 200
    skip_delays()
    product.refresh_from_db()
    assert product.title == "Lamp 7"
    assert [call["query"] for call in simulator.calls()] == [{"id": "007"}]
