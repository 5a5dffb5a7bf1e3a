"""The simulated Elevate: configuration, export, versions that exclude each other, and lines by the contract."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox.process import SandboxProcess
from tests.sandbox.conftest import Api
from tests.sandbox.test_elevate import GROUP, HEADERS, IMPORT, XML, group, lines, xml

CONFIGURATION = "/api/admin/v4/import/configuration"
EXPORT = "/api/admin/v4/export/catalog"


@pytest.fixture
def cluster(sandbox: Callable[..., SandboxProcess], api: Callable[..., Api]) -> Api:
    process = sandbox("elevate", accounts={"c": "key"}, markets={"uk": ["en-GB"], "se": ["sv-SE"]})
    return api(process, "", HEADERS)


def configure(cluster: Api, body: Any, **query: str) -> requests.Response:
    data = gzip.compress(json.dumps(body).encode())
    return cluster.call("POST", CONFIGURATION, data=data, params=query, headers={"Content-Type": "application/json"})


def markets(cluster: Api) -> dict[str, list[str]]:
    body = cluster.get("/api/admin/v4/export/configuration").json()
    return {name: each["locales"] for name, each in body["replace"]["markets"].items()}


def test_markets_are_added_and_only_removed_on_purpose(cluster: Api) -> None:
    norway = {"locales": ["nb-NO"], "appSettings": {"name": "Norway", "currency": "NOK"}}
    assert configure(cluster, {"edit": {"markets": {"no": norway}}}).status_code == 204
    assert markets(cluster) == {"uk": ["en-GB"], "se": ["sv-SE"], "no": ["nb-NO"]}
    for destructive in (
        {"replace": {"markets": {"uk": {"locales": ["en-GB"]}}}},
        {"remove": {"markets": ["no"]}},
        {"edit": {"markets": {"no": {"locales": ["en-GB"]}}}},
    ):
        assert configure(cluster, destructive).status_code == 400
    assert len(markets(cluster)) == 3
    assert configure(cluster, {"remove": {"markets": ["no"]}}, allowDestructiveImport="true").status_code == 204
    assert markets(cluster) == {"uk": ["en-GB"], "se": ["sv-SE"]}
    rejected: list[Any] = [{}, {"edit": {}}, {"edit": {"markets": {"no": {"locales": []}}}}, {"edit": 1, "remove": 2}]
    for invalid in rejected:
        assert configure(cluster, invalid).status_code == 400
    plain = cluster.call(
        "POST", CONFIGURATION, json={"edit": {"markets": {"no": norway}}}, headers={"Content-Encoding": ""}
    )
    assert plain.status_code == 400
    encoding = cluster.call("GET", "/api/admin/v4/export/configuration", headers={"Accept-Encoding": "identity"})
    assert encoding.status_code == 406


def test_the_catalog_is_exported_as_it_was_imported(cluster: Api) -> None:
    sent = [group(1), group(2), {"replace": {"key": "Material:m1", "translation": {"defaults": {"name": "Oak"}}}}]
    assert cluster.call("PUT", IMPORT, data=lines(*sent)).status_code == 204

    def exported(**query: str) -> list[Any]:
        answer = cluster.get(EXPORT, **query)
        assert answer.headers["content-type"] == "application/jsonlines"
        return [json.loads(line) for line in answer.text.splitlines()]

    assert exported() == sent
    assert exported(types="PRODUCT_GROUPS", limit="1") == sent[:1]
    assert exported(types="TRANSLATIONS") == sent[2:]
    assert exported(types="PRODUCT_GROUPS", productGroupKeys="pg2|pg7") == sent[1:2]
    for query in ({"types": "PRODUCTS"}, {"limit": "all"}, {"productGroupKeys": "|".join(map(str, range(101)))}):
        assert cluster.get(EXPORT, **query).status_code == 400


def test_versions_exclude_each_other(cluster: Api) -> None:
    full = xml("full", f"<add_or_replace>{GROUP.format(key='g', more='')}</add_or_replace>")
    partial = xml("partial", f"<add_or_replace>{GROUP.format(key='h', more='')}</add_or_replace>")

    def v3(document: str, **query: str) -> int:
        path = "/api/admin/v3/import/data"
        headers = XML | {"Content-Encoding": ""}
        return cluster.call("POST", path, data=document.encode(), headers=headers, params=query).status_code

    def v4(method: str) -> int:
        return cluster.call(method, IMPORT, data=lines(group(1)), params={"force": "true"}).status_code

    assert v3(full) == 204
    assert (v4("POST"), cluster.get(EXPORT).status_code) == (405, 405)
    assert v4("PUT") == 204, "the upgrade"
    assert (v4("POST"), cluster.get(EXPORT).status_code) == (204, 200)
    assert (v3(partial), v3(full)) == (405, 405)
    assert v3(partial, downgrade="true") == 400, "only a full import is the way back"
    assert v3(full, downgrade="true", force="true") == 204
    assert (v3(partial), v4("POST")) == (204, 405)


@pytest.mark.parametrize(
    "line",
    [
        {"replace": {"key": "pg1", "productGroup": {"products": {}, "color": "red"}}},
        {"replace": {"key": "pg1", "productGroup": {"products": {"p1": {"image": []}}}}},
        {"replace": {"key": "pg1", "productGroup": {"products": {"p1": {"images": [{"url": "/1.jpg"}]}}}}},
        {"replace": {"key": "pg1", "productGroup": {"products": {"p1": {"defaults": {"colour": "red"}}}}}},
        group(1, storeStock={"240": -1}),
        group(1, sizes=["S"]),
    ],
)
def test_lines_follow_the_contract(cluster: Api, line: Any) -> None:
    rejected = cluster.call("POST", IMPORT, data=lines(line))
    assert rejected.status_code == 400 and "line 1" in rejected.json()["reason"]
