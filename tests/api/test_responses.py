"""API documentation, rate limits, internal errors and the health check."""

import re

import pytest
import redis
from django.contrib.staticfiles import finders
from django.db import OperationalError, connection
from django.test import Client, RequestFactory, override_settings
from openapi_spec_validator import validate

from common.error_references import error_reference
from synccenter import throttling
from synccenter.api import api
from synccenter.error_pages import server_error
from tests.two_sellers import TwoSellers, key_for


@pytest.mark.django_db
def test_the_documentation_loads_nothing_from_other_hosts() -> None:
    page = Client().get("/api/docs").content.decode()
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert any(address.endswith("swagger-ui-bundle.js") for address in addresses)
    for address in addresses:
        assert address.startswith("/static/"), address
        assert finders.find(address.removeprefix("/static/")), address


@pytest.mark.django_db
def test_the_openapi_document_describes_errors() -> None:
    schema = Client().get("/api/openapi.json").json()
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    assert len(operations) >= 13
    validate(schema)
    for operation in operations:
        assert "application/problem+json" in operation["responses"]["default"]["content"]
        assert operation["security"] == [{"ApiKeyAuth": []}]
        assert operation["description"]
        for status, response in operation["responses"].items():
            assert status < "400" or "application/problem+json" in response["content"], status
    full_feed = schema["paths"]["/api/v1/feeds/{feed}/full"]["get"]["responses"]["200"]
    assert "Feed-Cursor" in full_feed["headers"] and {"application/jsonl", "application/xml"} == set(
        full_feed["content"]
    )
    assert schema["components"]["schemas"]["ProblemDetails"]["properties"]["errors"]["items"]["$ref"].endswith(
        "/FieldError"
    )


def test_requests_per_key_are_rate_limited(two_sellers: TwoSellers, monkeypatch: pytest.MonkeyPatch) -> None:
    # A window so long that it can't end during the test.
    monkeypatch.setattr(throttling, "WINDOW", 10_000_000)
    monkeypatch.setattr(api.throttle, "calls", 3)
    client, other = key_for(two_sellers.north.seller), key_for(two_sellers.south.seller)
    answers = [client.get("/api/v1/issues") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert other.get("/api/v1/issues").status_code == 200


def test_without_redis_there_is_no_rate_limit(two_sellers: TwoSellers, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = redis.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.2)
    monkeypatch.setattr(throttling, "_redis", lambda: nowhere)
    assert key_for(two_sellers.north.seller).get("/api/v1/issues").status_code == 200


def test_an_internal_error_reveals_no_details(
    two_sellers: TwoSellers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr("connectors.api_connections.sync", broken)
    answer = key_for(two_sellers.north.seller).send("POST", "/api/v1/connections/north-shop/sync/products")
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert "swordfish" not in answer.content.decode()
    assert "swordfish" in caplog.text


@pytest.mark.django_db
def test_the_health_check_needs_no_key_and_reveals_no_details(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Client().get("/health")
    assert (answer.status_code, answer.content) == (200, b"ok")
    assert Client().post("/health").status_code == 405

    def down() -> None:
        raise OperationalError("no route to db.internal")

    monkeypatch.setattr(connection, "cursor", down)
    answer = Client().get("/health")
    assert (answer.status_code, answer.content) == (503, b"unavailable")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/api/nowhere", {}, 404),
        ("/api/v1/nowhere/at/all/", {}, 404),
        ("/api/v1/runs?seller=%00", {}, 400),
        ("/api/v1/runs", {"HTTP_HOST": "attacker.example"}, 400),
    ],
)
def test_errors_outside_of_the_operations_are_json_too(path: str, headers: dict[str, str], status: int) -> None:
    response = Client().get(path, **headers)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == status
    assert Client().get("/nowhere/").headers["Content-Type"].startswith("text/html")


@pytest.mark.django_db
def test_a_wrong_method_is_answered_in_json() -> None:
    answer = Client().post("/api/v1/runs")
    assert (answer.status_code, answer["Content-Type"], answer["Allow"]) == (405, "application/problem+json", "GET")
    assert answer.json()["detail"] == "POST is not possible here. Use GET."
    assert Client().post("/health")["Content-Type"].startswith("text/html")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api", "/api/nothing", "/api/v1/nothing", "/api/v2/issues"])
def test_an_unknown_path_is_answered_in_json(path: str) -> None:
    answer = Client().get(path, follow=True)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


@pytest.mark.parametrize(
    ("path", "elsewhere"),
    [
        ("/s/acorn/", ["/s/acorn/issues/", "/s/acorn/runs/"]),
        ("/s/acorn/issues/", ["/s/acorn/", "/s/acorn/runs/"]),
        ("/admin/", ["/admin/hub/alert/"]),
    ],
)
@override_settings(SUPPORT_CONTACT="help@hub.example")
def test_the_page_after_an_error_is_styled_and_leads_elsewhere(path: str, elsewhere: list[str]) -> None:
    try:
        raise KeyError("secret")
    except KeyError as error:
        page, reference = server_error(RequestFactory().get(path)).content.decode(), error_reference(error)
    assert f"reference {reference}." in page and "secret" not in page and "Support: help@hub.example" in page
    assert re.findall(r'<a class="button" href="([^"]+)"', page) == elsewhere
    assert "<style" not in page and 'href="/static/dashboard/base.css"' in page
