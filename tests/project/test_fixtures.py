"""The shared fixtures: real workers, a real web server, resettable sandboxes, a browser, an empty Redis."""

import os
from collections.abc import Callable
from contextlib import closing

import redis
import requests
from playwright.sync_api import Page, expect

from hub.models import Worker
from sandbox.process import SandboxProcess
from synccenter.processes import Processes
from tests.engine.worker import wait_until


def test_workers_are_processes_on_the_test_database(workers: Callable[[int], list[str]], processes: Processes) -> None:
    first, second = workers(2)
    wait_until(lambda: Worker.objects.count() == 2)

    processes.kill(first)
    assert not processes.running(first)
    assert processes.running(second)


def test_the_web_server_serves(web: str) -> None:
    assert requests.get(f"{web}/admin/login/", timeout=60).status_code == 200


def test_a_sandbox_is_new_for_every_test(sandbox: Callable[..., SandboxProcess]) -> None:
    shop = sandbox("bigcommerce", accounts={"store": "token"}, products=2, dirty=False)
    products = f"{shop.url}/stores/store/v3/catalog/products"
    headers = {"X-Auth-Token": "token", "Accept": "application/json"}
    shop.fault("status", status=503)
    assert requests.get(products, headers=headers, timeout=60).status_code == 503
    assert shop.calls()

    shop.reset()
    assert not shop.calls()
    assert requests.get(products, headers=headers, timeout=60).status_code == 200
    assert sandbox("bigcommerce", accounts={"store": "token"}, products=2, dirty=False) is shop


def test_a_browser_page_can_open_the_product(page: Page) -> None:
    page.goto("/admin/login/")
    expect(page.locator("input[name=username]")).to_be_visible()


def test_nothing_waits_in_redis_when_a_test_starts() -> None:
    with closing(redis.Redis.from_url(os.environ["REDIS_URL"])) as client:
        assert client.dbsize() == 0
