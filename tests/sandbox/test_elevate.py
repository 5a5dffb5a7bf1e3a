"""The simulated Elevate: formats, validation, atomic imports one at a time, and the harm check."""

import gzip
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox.process import SandboxProcess
from tests.sandbox.conftest import Api

IMPORT = "/api/admin/v4/import/catalog"
HEADERS = {"Api-Key": "key", "Content-Type": "application/jsonlines", "Content-Encoding": "gzip"}


def group(number: int, markets: tuple[str, ...] = ("uk",), **variant: Any) -> dict[str, Any]:
    values = {"stock": 1, "sellingPrice": 9.5, "listPrice": 10.0} | variant
    product = {
        "markets": list(markets),
        "defaults": {"url": f"/p{number}", "title": f"Product {number}"},
        "variants": {f"v{number}": {"defaults": values}},
    }
    return {"replace": {"key": f"pg{number}", "productGroup": {"products": {f"p{number}": product}}}}


def lines(*operations: Any) -> bytes:
    return gzip.compress("\n".join(json.dumps(operation) for operation in operations).encode())


@pytest.fixture
def cluster(sandbox: Callable[..., SandboxProcess], api: Callable[..., Api]) -> Api:
    process = sandbox("elevate", accounts={"c": "key"}, markets={"uk": ["en-GB"], "se": ["sv-SE"]})
    return api(process, "", HEADERS)


def send(cluster: Api, method: str, *operations: Any, **query: str) -> requests.Response:
    return cluster.call(method, IMPORT, data=lines(*operations), params=query)


def keys(cluster: Api) -> list[str]:
    return [each["key"] for each in cluster.process.state("groups")]


def test_the_envelope_is_validated(cluster: Api) -> None:
    good = lines(group(1))
    for headers, body, status in (
        ({"Api-Key": "wrong"}, good, 403),
        ({"Content-Type": "application/json"}, good, 415),
        ({"Content-Encoding": "identity"}, good, 415),
        ({}, b"not gzip", 400),
        ({}, good[:-9], 400),
        ({}, gzip.compress(b"{"), 400),
        ({}, gzip.compress(b""), 400),
        ({}, lines({"upsert": {"key": "pg1"}}), 400),
    ):
        assert cluster.call("PUT", IMPORT, data=body, headers=headers).status_code == status
    for query in ({"blockingTimeout": "PT6M"}, {"blockingTimeout": "60"}, {"force": "yes"}):
        assert cluster.call("PUT", IMPORT, data=good, params=query).status_code == 400
    assert keys(cluster) == []


def test_put_replaces_everything_and_post_adds(cluster: Api) -> None:
    assert send(cluster, "PUT", *[group(n) for n in range(6)]).status_code == 204
    assert send(cluster, "PUT", *[group(n) for n in range(2, 8)]).status_code == 204
    assert keys(cluster) == [f"pg{n}" for n in range(2, 8)]
    edit = {
        "edit": {"key": "pg3", "productGroup": {"products": {"p3": {"variants": {"v3": {"defaults": {"stock": 0}}}}}}}
    }
    assert send(cluster, "POST", group(9), edit, {"remove": {"key": "pg4"}}).status_code == 204
    held = {each["key"]: each["productGroup"] for each in cluster.process.state("groups")}
    assert sorted(held) == ["pg2", "pg3", "pg5", "pg6", "pg7", "pg9"]
    assert held["pg3"]["products"]["p3"]["variants"]["v3"]["defaults"] == {
        "stock": 0,
        "sellingPrice": 9.5,
        "listPrice": 10.0,
    }
    assert send(cluster, "PUT", edit).status_code == 400


def test_one_invalid_item_rejects_the_whole_import_and_is_named(cluster: Api) -> None:
    rejected = send(cluster, "POST", group(1), group(2, ("uk", "no")), group(3, listPrice=None))
    assert rejected.status_code == 400
    details = rejected.json()["errorDetails"]
    assert details["products"] == {"count": 1, "keys": ["p2"]}
    assert details["variants"] == {"count": 1, "keys": ["v3"]}
    assert details["productGroups"]["keys"] == ["pg2", "pg3"]
    assert details["count"] == 4
    assert details["dataErrors"]["variant: Missing mandatory property 'listPrice'"]["exampleKeys"] == ["v3"]
    assert keys(cluster) == []


@pytest.mark.parametrize(
    "operation",
    [
        {"replace": {"key": "g" * 51, "productGroup": group(1)["replace"]["productGroup"]}},
        {"replace": {"key": "pg1", "productGroup": {"products": {}}}},
        {"replace": {"key": "pg1"}},
        group(1, stock=-1),
        group(1, sellingPrice="9.5"),
        {"edit": {"key": "new", "productGroup": {"products": {"p1": {"markets": ["uk"]}}}}},
    ],
)
def test_content_errors(cluster: Api, operation: Any) -> None:
    assert send(cluster, "POST", operation).status_code == 400
    assert keys(cluster) == []


def test_keys_are_unique_in_the_import_and_in_the_catalog(cluster: Api) -> None:
    assert send(cluster, "POST", group(1), group(1)).status_code == 400
    assert send(cluster, "PUT", group(1), group(2)).status_code == 204
    duplicate = group(3)
    duplicate["replace"]["productGroup"]["products"]["p1"] = group(1)["replace"]["productGroup"]["products"]["p1"]
    rejected = send(cluster, "POST", duplicate)
    assert rejected.json()["errorDetails"]["dataErrors"]["product: Duplicate key"]["exampleKeys"] == ["p1"]
    assert send(cluster, "POST", duplicate, {"remove": {"key": "pg1"}}, force="true").status_code == 204


XML = {"Api-Key": "key", "Content-Type": "application/xml"}
GROUP = (
    '<product_group key="{key}"><products><product key="{key}-1"><title>T</title><url>/t</url>{more}'
    '<variants><variant key="{key}-v"><stock_number>1</stock_number><selling_price>9.5</selling_price>'
    "<list_price>10</list_price></variant></variants></product></products></product_group>"
)


def xml(kind: str, inner: str, *, market: str = "uk", locale: str = "en-GB") -> str:
    modify = f'<modify market="{market}" locale="{locale}"><product_groups>{inner}</product_groups></modify>'
    return f'<?xml version="1.0" encoding="UTF-8"?><data_import type="{kind}">{modify}</data_import>'


def named(key: str, identifier: str, name: str) -> str:
    value = f'<value id="{identifier}">{name}</value>'
    more = f'<custom_attributes><attribute name="Material">{value}</attribute></custom_attributes>'
    return GROUP.format(key=key, more=more)


def send_xml(cluster: Api, document: str, **query: str) -> requests.Response:
    return cluster.call("POST", "/api/admin/v3/import/data", data=document.encode(), headers=XML, params=query)


def test_v3_accepts_three_types_of_documents(sandbox: Callable[..., SandboxProcess], api: Callable[..., Api]) -> None:
    cluster = api(sandbox("elevate", accounts={"c": "key"}), "", {})
    three = "".join(GROUP.format(key=f"g{n}", more="") for n in range(5))
    assert send_xml(cluster, xml("full", f"<add_or_replace>{three}</add_or_replace>")).status_code == 204
    price = '<variants><variant key="g1-v"><selling_price>5</selling_price></variant></variants>'
    update = f'<product_group key="g1"><products><product key="g1-1">{price}</product></products></product_group>'
    assert send_xml(cluster, xml("attributes", f"<update>{update}</update>")).status_code == 204
    assert send_xml(cluster, xml("partial", '<remove><product_group key="g2"/></remove>')).status_code == 204
    assert keys(cluster) == ["g0", "g1", "g3", "g4"]
    held = {each["key"]: each["productGroup"] for each in cluster.process.state("groups")}
    assert held["g1"]["products"]["g1-1"]["variants"]["g1-v"]["defaults"]["sellingPrice"] == 5
    few = xml("full", f"<add_or_replace>{GROUP.format(key='g1', more='')}</add_or_replace>")
    assert "harmful" in send_xml(cluster, few).json()["reason"]
    assert send_xml(cluster, few, force="true").status_code == 204 and keys(cluster) == ["g1"]


@pytest.mark.parametrize(
    "document",
    [
        "<data_import",
        xml("everything", ""),
        xml("full", "<update/>"),
        xml("attributes", f"<add_or_replace>{GROUP.format(key='g', more='')}</add_or_replace>"),
        xml("full", f"<add_or_replace>{GROUP.format(key='g', more='')}</add_or_replace>", locale="sv-SE"),
        xml("full", f"<add_or_replace>{GROUP.format(key='g', more='')}</add_or_replace>", market="no"),
        xml("full", f"<add_or_replace>{GROUP.format(key='g', more='<colour/>')}</add_or_replace>"),
        xml("full", f"<add_or_replace>{GROUP.format(key='g' * 51, more='')}</add_or_replace>"),
        xml("full", f"<add_or_replace>{GROUP.format(key='g', more='') * 2}</add_or_replace>"),
        xml("full", f"<add_or_replace>{named('a', 'm1', 'Oak')}{named('b', 'm1', 'Eiche')}</add_or_replace>"),
    ],
    ids=["cut", "type", "verb", "verb of type", "locale", "market", "element", "key", "twice", "two names"],
)
def test_v3_is_strict(sandbox: Callable[..., SandboxProcess], api: Callable[..., Api], document: str) -> None:
    cluster = api(sandbox("elevate", accounts={"c": "key"}), "", {})
    assert send_xml(cluster, document).status_code == 400
    assert keys(cluster) == []


def test_the_latest_name_of_an_id_applies_to_the_catalog(
    sandbox: Callable[..., SandboxProcess], api: Callable[..., Api]
) -> None:
    cluster = api(sandbox("elevate", accounts={"c": "key"}), "", {})
    for key, name in (("a", "Oak"), ("b", "Eiche")):
        document = xml("partial", f"<add_or_replace>{named(key, 'm1', name)}</add_or_replace>")
        assert send_xml(cluster, document).status_code == 204
    assert list(cluster.process.state("names")) == [{"label": "Material", "id": "m1", "name": "Eiche"}]


def test_removing_half_a_market_requires_force(cluster: Api) -> None:
    send(cluster, "PUT", *[group(n) for n in range(4)], group(9, ("se",)))
    rejected = send(cluster, "POST", {"remove": {"key": "pg0"}}, {"remove": {"key": "pg1"}})
    assert rejected.status_code == 400
    assert "harmful" in rejected.json()["reason"]
    assert len(keys(cluster)) == 5
    assert send(cluster, "POST", {"remove": {"key": "pg0"}}).status_code == 204
    assert send(cluster, "PUT", group(1), force="true").status_code == 204
    assert keys(cluster) == ["pg1"]


def test_validation_only_changes_nothing(cluster: Api) -> None:
    assert send(cluster, "PUT", group(1), validationOnly="true").status_code == 204
    assert send(cluster, "PUT", group(1, ("no",)), validationOnly="true").status_code == 400
    assert keys(cluster) == []
    assert list(cluster.process.state("imports")) == []


def status(cluster: Api, number: int) -> Any:
    return cluster.get("/api/admin/v4/import/status", id=number).json()


def wait_for_end(cluster: Api, number: int) -> Any:
    ends = time.monotonic() + 60
    while status(cluster, number)["status"] in ("WAITING", "IN_PROGRESS"):
        assert time.monotonic() < ends
        time.sleep(0.02)
    return status(cluster, number)


def test_a_long_import_is_polled_and_blocks_others(
    sandbox: Callable[..., SandboxProcess], api: Callable[..., Api]
) -> None:
    cluster = api(sandbox("elevate", accounts={"c": "key"}, import_ms=600_000), "", HEADERS)
    accepted = send(cluster, "PUT", group(1), blockingTimeout="PT0S")
    assert accepted.status_code == 202
    number = accepted.json()["id"]
    assert send(cluster, "POST", group(2)).status_code == 409
    cluster.process.control("POST", "finish-imports")
    assert wait_for_end(cluster, number)["status"] == "SUCCESS"
    failing = send(cluster, "POST", group(2, ("no",)), blockingTimeout="PT0S").json()["id"]
    failed = wait_for_end(cluster, failing)
    assert failed["status"] == "FAILURE"
    assert failed["reason"]
    assert status(cluster, 5)["status"] == "NOT_FOUND"
    assert keys(cluster) == ["pg1"]
