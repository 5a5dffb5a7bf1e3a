"""The simulated NetSuite rejects what NetSuite rejects."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from requests_oauthlib import OAuth1

from sandbox.process import SandboxProcess

LINE = {"item": {"id": "1"}, "quantity": 2}
ORDER = {"entity": {"id": "1"}, "item": {"items": [LINE]}}
Ask = Callable[..., requests.Response]


@pytest.fixture
def platform(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("netsuite", accounts={"tba1": "token-secret"}, products=5, latency_ms=150)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as opened:
        opened.trust_env = False
        yield opened


def signer(**changes: Any) -> OAuth1:
    about = {
        "client_key": "sandbox-client",
        "client_secret": "sandbox-secret",
        "resource_owner_key": "sandbox-token",
        "resource_owner_secret": "token-secret",
        "realm": "TBA1",
        "signature_method": "HMAC-SHA256",
    }
    return OAuth1(**(about | changes))


@pytest.fixture
def ask(platform: SandboxProcess, session: requests.Session) -> Ask:
    def call(method: str, path: str, body: Any = None, *, auth: Any = None, **options: Any) -> requests.Response:
        url = f"{platform.url}/tba1/services/rest{path}"
        return session.request(method, url, json=body, auth=auth or signer(), timeout=60, **options)

    return call


def query(ask: Ask, text: str, **params: Any) -> requests.Response:
    return ask("POST", "/query/v1/suiteql", {"q": text}, params=params, headers={"Prefer": "transient"})


def code(answer: requests.Response) -> str:
    return answer.json()["o:errorDetails"][0]["o:errorCode"]


@pytest.mark.parametrize(
    "changes",
    [
        {"client_secret": "no"},
        {"resource_owner_secret": "no"},
        {"realm": "tba1"},
        {"signature_method": "HMAC-SHA1"},
        {"timestamp": "1"},
    ],
)
def test_a_wrong_signature_is_rejected(ask: Ask, changes: dict[str, str]) -> None:
    answer = ask("POST", "/query/v1/suiteql", {"q": "SELECT id FROM item ORDER BY id"}, auth=signer(**changes))
    assert (answer.status_code, code(answer)) == (401, "INVALID_LOGIN")


def test_rows_are_ordered_paged_and_returned_as_text(ask: Ask) -> None:
    answer = query(ask, "SELECT ID, itemid, upccode FROM item WHERE id > 1 ORDER BY id", limit=2).json()
    assert (answer["count"], answer["hasMore"], answer["totalResults"]) == (2, True, 13)
    assert answer["items"][0] == {"links": [], "id": "2", "itemid": "SKU-2"}


@pytest.mark.parametrize(
    ("text", "params"),
    [
        ("SELECT id FROM item", {}),
        ("DELETE FROM item", {}),
        ("SELECT id FROM item ORDER BY id LIMIT 5", {}),
        ("SELECT nothing FROM item ORDER BY id", {}),
        ("SELECT id FROM item WHERE id IN (" + ",".join(map(str, range(1001))) + ") ORDER BY id", {}),  # noqa: S608
        ("SELECT id FROM item ORDER BY id", {"limit": 1001}),
        ("SELECT id FROM item ORDER BY id", {"limit": 1000, "offset": 100_000}),
    ],
)
def test_an_invalid_suiteql_query_is_rejected(ask: Ask, text: str, params: dict[str, int]) -> None:
    answer = query(ask, text, **params)
    assert (answer.status_code, code(answer)) == (400, "INVALID_PARAMETER")


def test_an_upsert_finds_its_record_and_lines_without_a_number_are_added(ask: Ask, platform: SandboxProcess) -> None:
    first = ask("PUT", "/record/v1/salesOrder/eid:X-1", ORDER)
    again = ask("PUT", "/record/v1/salesOrder/eid:X-1", ORDER)
    assert (first.status_code, first.headers["location"]) == (204, again.headers["location"])
    assert [len(row["items"]) for row in platform.state("orders")] == [2]
    ask("PUT", "/record/v1/salesOrder/eid:X-1?replace=item", ORDER)
    assert [len(row["items"]) for row in platform.state("orders")] == [1]


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("salesOrder/5", ORDER, "USER_ERROR"),
        ("salesOrder/eid:a.b", ORDER, "INVALID_ID"),
        ("salesOrder/eid:X", {"entity": {"id": "1"}}, "USER_ERROR"),
        ("salesOrder/eid:X", ORDER | {"entity": {"id": "99"}}, "INVALID_KEY_OR_REF"),
        ("salesOrder/eid:X", {"entity": {"id": "1"}, "item": {"items": [LINE | {"line": 4}]}}, "INVALID_KEY_OR_REF"),
        ("salesOrder/eid:X", {"entity": {"id": "1"}, "item": {"items": [LINE | {"rate": 4}]}}, "USER_ERROR"),
        ("customer/eid:X", {"isPerson": True}, "USER_ERROR"),
    ],
)
def test_an_invalid_record_is_rejected(ask: Ask, path: str, body: Any, expected: str, platform: SandboxProcess) -> None:
    answer = ask("PUT", f"/record/v1/{path}", body)
    assert answer.status_code in (400, 404) and code(answer) == expected
    assert list(platform.state("orders")) == []


def test_an_unknown_field_is_dropped_unless_names_are_validated(ask: Ask, platform: SandboxProcess) -> None:
    strict = {"X-NetSuite-PropertyNameValidation": "Error"}
    wrong = ask("PUT", "/record/v1/salesOrder/eid:X", ORDER | {"surprise": 1}, headers=strict)
    assert (wrong.status_code, code(wrong)) == (400, "INVALID_CONTENT") and list(platform.state("orders")) == []
    assert ask("PUT", "/record/v1/salesOrder/eid:X", ORDER | {"surprise": 1}).status_code == 204


def test_a_fulfilled_line_cannot_be_deleted(ask: Ask, platform: SandboxProcess) -> None:
    ask("PUT", "/record/v1/salesOrder/eid:X-1", ORDER)
    platform.control("POST", "fulfil", json={"account": "tba1", "order": "X-1"})
    answer = ask("PUT", "/record/v1/salesOrder/eid:X-1?replace=item", ORDER)
    assert code(answer) == "USER_ERROR"


def test_more_than_five_concurrent_requests_are_rejected(ask: Ask) -> None:
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: query(ask, "SELECT id FROM item ORDER BY id").status_code, range(12)))
    assert set(answers) == {200, 429}
