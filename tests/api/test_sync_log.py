"""The sync log API, call by call (D16–D18, D22). test_sync_log_sequences.py tests sequences of calls."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from synclog.models import Issue, SyncLog
from tests.two_sellers import ApiClient, TwoSellers, key_for

LOG = "/api/v1/sync-log/spark/products"
STARTED = "2026-05-04T03:02:01Z"


@pytest.fixture
def client(two_sellers: TwoSellers) -> ApiClient:
    return key_for(two_sellers.north.seller)


def error(ref: str, **fields: Any) -> dict[str, Any]:
    return {"external_id": ref, "message": f"{ref} has no SKU"} | fields


def test_nothing_is_found_before_a_full_sync_is_recorded(client: ApiClient) -> None:
    assert client.get(LOG).status_code == client.get(f"{LOG}/errors").status_code == 404
    assert client.send("PATCH", LOG, {"errors": [error("1")]}).status_code == 200
    assert client.get(LOG).status_code == client.get(f"{LOG}/errors").status_code == 404
    assert client.send("PUT", LOG, {"started_full_sync": STARTED}).status_code == 200
    assert client.get(LOG).json()["started_full_sync"] == STARTED


def test_an_error_is_returned_as_it_was_reported(client: ApiClient) -> None:
    reported = error(
        "variant:5",
        title="Rope",
        code="sku_missing",
        severity="warning",
        how_to_fix="Give it a SKU.",
        link="https://shop.example/5",
    )
    client.send("PUT", LOG, {"started_full_sync": STARTED, "errors": [reported]})
    (returned,) = client.get(f"{LOG}/errors").json()["items"]
    assert reported.items() <= returned.items()


def test_the_fix_is_accepted_and_returned_under_its_deprecated_name(client: ApiClient) -> None:
    client.send("PUT", LOG, {"started_full_sync": STARTED, "errors": [error("1", mend="Add a SKU.")]})
    (returned,) = client.get(f"{LOG}/errors").json()["items"]
    assert returned["how_to_fix"] == returned["mend"] == "Add a SKU."


def test_put_accepts_at_most_5000_errors(client: ApiClient) -> None:
    errors = [error(f"variant:{n}") for n in range(5001)]
    rejected = client.send("PUT", LOG, {"errors": errors})
    assert rejected.status_code == 400
    assert rejected.json()["errors"][0]["property"] == "errors"
    assert not SyncLog.objects.filter(integration="spark").exists()
    answer = client.send("PUT", LOG, {"started_full_sync": STARTED, "errors": errors[:5000]})
    assert answer.json()["error_count"] == 5000


def test_errors_are_paged(client: ApiClient) -> None:
    client.send("PUT", LOG, {"started_full_sync": STARTED, "errors": [error(str(n)) for n in range(7)]})
    first = client.get(f"{LOG}/errors?limit=4").json()
    second = client.get(f"{LOG}/errors?limit=4&before={first['next']}").json()
    refs = [item["external_id"] for item in first["items"] + second["items"]]
    assert sorted(refs) == [str(n) for n in range(7)]
    assert second["next"] is None


INVALID = [
    ({"errors": [error("1"), error("1")]}, "errors: 1 listed more than once"),
    ({"errors": [error("1")], "resolved": ["1"]}, "resolved: "),
    ({"errors": [error("")]}, "errors.0.external_id"),
    ({"errors": [error("1", message="")]}, "errors.0.message"),
    ({"errors": [{"external_id": "1"}]}, "errors.0.message"),
    ({"errors": [error("a\x00b")]}, "errors.0.external_id"),
    ({"errors": [error("1", message="a\x00b")]}, "errors.0.message"),
    ({"errors": [error("\ud800")]}, "errors.0.external_id"),
    ({"errors": [error("1", link="javascript:alert(1)")]}, "errors.0.link"),
    ({"errors": [error("1", severity="fatal")]}, "errors.0.severity"),
    (
        {"errors": [error("1", how_to_fix="Add a SKU.", mend="Add one.")]},
        "errors.0.mend: Deprecated name of how_to_fix. Send only",
    ),
    ({"errors": [error("x" * 201)]}, "errors.0.external_id"),
    ({"last_full_sync": "2026-05-04T03:02:01"}, "last_full_sync"),
    ({"last_full_sync": "yesterday"}, "last_full_sync"),
    ({"last_full_sync": "0001-01-01T00:00:00+14:00"}, "last_full_sync"),
    ({"last_full_sync": (timezone.now() + timedelta(days=400)).isoformat()}, "last_full_sync"),
    ({"last_ful_sync": STARTED}, "last_ful_sync"),
    ([], ""),
]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(("body", "message"), INVALID)
def test_invalid_requests_are_explained_and_change_nothing(
    client: ApiClient, method: str, body: Any, message: str
) -> None:
    client.send("PUT", LOG, {"started_full_sync": STARTED, "errors": [error("kept")]})
    answer = client.send(method, LOG, body)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert message in answer.content.decode()
    assert client.get(LOG).json()["started_full_sync"] == STARTED
    assert [item["external_id"] for item in client.get(f"{LOG}/errors").json()["items"]] == ["kept"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "not JSON in UTF-8: Expecting property name"),
        (b'{"errors": "caf\xe9"}', "not JSON in UTF-8: 'utf-8' codec can't decode byte 0xe9"),
        (b"[" * 100_000, "not JSON in UTF-8: maximum recursion depth"),
        (b'{"errors": NaN}', "errors: Input should be a valid list"),
        (b"", "A JSON body is required."),
    ],
)
def test_invalid_json_is_rejected_with_the_reason(client: ApiClient, body: bytes, reason: str) -> None:
    answer = client.put(LOG, body, content_type="application/json")
    assert answer.status_code == 400 and reason in answer.json()["detail"]


def test_an_id_cannot_be_an_error_and_resolved(client: ApiClient) -> None:
    answer = client.send("PATCH", LOG, {"errors": [error("1")], "resolved": ["1"]})
    assert answer.status_code == 400
    assert not Issue.objects.filter(external_id="1").exists()


def test_a_log_too_large_for_one_request_is_rejected_with_advice(client: ApiClient) -> None:
    errors = [error(str(n), message="x" * 9000) for n in range(300)]
    answer = client.send("PUT", LOG, {"errors": errors})
    assert (answer.status_code, answer["Content-Type"]) == (413, "application/problem+json")
    assert "PATCH" in answer.json()["detail"]


def test_deleting_one_log_leaves_the_others(client: ApiClient) -> None:
    for data_type in ("products", "customers"):
        client.send("PUT", f"/api/v1/sync-log/spark/{data_type}", {"started_full_sync": STARTED})
    for _ in range(2):
        assert client.send("DELETE", LOG).status_code == 204
    assert client.get(LOG).status_code == 404
    assert client.get("/api/v1/sync-log/spark/customers").status_code == 200


def test_deleting_all_logs_leaves_those_of_other_sellers(client: ApiClient, two_sellers: TwoSellers) -> None:
    client.send("PUT", LOG, {"started_full_sync": STARTED, "errors": [error("1")]})
    assert client.send("DELETE", "/api/v1/sync-log").status_code == 204
    assert list(SyncLog.objects.values_list("seller__slug", flat=True)) == ["south"]
    assert list(Issue.objects.values_list("seller__slug", flat=True)) == ["south"]


def test_a_key_for_several_sellers_must_choose_one(two_sellers: TwoSellers) -> None:
    client = key_for()
    unnamed = client.send("PUT", LOG, {"started_full_sync": STARTED})
    assert (unnamed.status_code, unnamed.json()["errors"][0]["property"]) == (400, "seller")
    assert client.send("PUT", f"{LOG}?seller=south", {"started_full_sync": STARTED}).status_code == 200
    assert SyncLog.objects.get(integration="spark").seller == two_sellers.south.seller
    assert client.get(f"{LOG}?seller=north").status_code == 404


def test_a_repeated_error_is_the_same_issue(client: ApiClient) -> None:
    for _ in range(3):
        client.send("PUT", LOG, {"started_full_sync": STARTED, "errors": [error("1")]})
    issue = Issue.objects.get(external_id="1")
    assert issue.occurrences == 3 and issue.resolved_at is None
