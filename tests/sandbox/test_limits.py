"""Rate limits by window, and endpoints with limited concurrency."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import sleep

from sandbox.process import SandboxProcess
from tests.sandbox.conftest import Api


def test_the_quota_of_a_window_is_reported_and_enforced(
    sandbox: Callable[..., SandboxProcess], api: Callable[..., Api]
) -> None:
    process = sandbox("bigcommerce", accounts={"s": "t", "other": "u"}, products=0, quota=3, window_ms=600)
    shop = api(process, "/stores/s", {"X-Auth-Token": "t"})
    answers = [shop.get("/v2/time") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["X-Rate-Limit-Requests-Left"] for answer in answers] == ["2", "1", "0", "0"]
    rejected = answers[-1].headers
    assert rejected["X-Rate-Limit-Requests-Quota"] == "3"
    assert rejected["X-Rate-Limit-Time-Window-Ms"] == "600"
    other = api(process, "/stores/other", {"X-Auth-Token": "u"})
    assert other.get("/v2/time").status_code == 200
    sleep(int(rejected["X-Rate-Limit-Time-Reset-Ms"]) / 1000)  # the time that the platform asks for
    assert shop.get("/v2/time").status_code == 200


def test_concurrent_stock_adjustments_are_rejected(
    sandbox: Callable[..., SandboxProcess], api: Callable[..., Api]
) -> None:
    process = sandbox("bigcommerce", accounts={"s": "t"}, products=3, dirty=False, quota=1000, latency_ms=1000)
    body = {"items": [{"location_id": 1, "product_id": 1, "quantity": 1}]}
    clients = [api(process, "/stores/s", {"X-Auth-Token": "t"}) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda each: each.put("/v3/inventory/adjustments/absolute", body).status_code, clients))
    assert sorted(answers) == [200, 429, 429]
