"""What the vendor prints, with other names: five requests that the simulated cluster must take, and five answers that
the adapter must read. Written from the vendor's pages alone (V3)."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from connectors.platforms.elevate import export
from connectors.sdk.adapter import Adapter
from connectors.sdk.feeds import ImportState
from connectors.sdk.operations import Action, Operation
from hub.kinds import DataType
from sandbox.process import SandboxProcess
from tests.adapters.samples import product
from tests.adapters.writing import NOTHING, file_of

Open = Callable[..., Adapter[Any]]
BOOT = {
    "replace": {
        "key": "boots",
        "productGroup": {
            "products": {
                "boots-brown": {
                    "markets": ["uk"],
                    "colorInitial": ["#8B4513"],
                    "defaults": {
                        "dataLocale": "en-GB",
                        "url": "/products/boots-brown",
                        "title": "Anna brown boots",
                        "ontology": "Shoes > Boots",
                        "category": ["c7"],
                        "brand": "Northfold",
                        "sizeType": "Shoes",
                        "description": "Boots for all seasons",
                        "releaseDate": "2026-06-20T00:00:00+02:00",
                        "rating": 4,
                        "styleWith": ["belt-brown"],
                        "customLabels": {"season": ["S1"], "material": ["M4"]},
                    },
                    "variants": {
                        "boots-brown-38": {
                            "defaults": {"stock": 2, "sellingPrice": 129.0, "listPrice": 199.0, "cost": 55.0}
                        }
                    },
                }
            }
        },
    }
}
LINK = {
    "replace": {
        "key": "delivery",
        "content": {"markets": ["uk"], "type": "link", "defaults": {"title": "Delivery", "url": "/delivery"}},
    }
}
PRICE = {"boots-brown": {"variants": {"boots-brown-38": {"defaults": {"sellingPrice": 99.0}}}}}
MARKETS = {"edit": {"markets": {"se": {"locales": ["sv-SE", "en-GB"], "appSettings": {"name": "Sweden"}}}}}


@pytest.fixture
def cluster(platform: Callable[[str], SandboxProcess]) -> SandboxProcess:
    return platform("elevate")


def test_printed_requests_are_taken(cluster: SandboxProcess) -> None:
    def send(method: str, path: str, body: bytes, kind: str, **query: str) -> requests.Response:
        headers = {"Api-Key": "cluster-key", "Content-Encoding": "gzip", "Content-Type": kind}
        url = f"{cluster.url}/api/admin/v4/{path}"
        return requests.request(method, url, data=gzip.compress(body), headers=headers, params=query, timeout=60)

    def lines(*operations: Any) -> bytes:
        return "\n".join(map(json.dumps, operations)).encode()

    kind = "application/jsonlines"
    configured = send("POST", "import/configuration", json.dumps(MARKETS).encode(), "application/json", name="markets")
    assert configured.status_code == 204
    assert send("PUT", "import/catalog", lines(BOOT, LINK), kind, blockingTimeout="PT3M").status_code == 204
    edit = {"edit": {"key": "boots", "productGroup": {"products": PRICE}}}
    assert send("POST", "import/catalog", lines(edit), kind, force="false", name="prices").status_code == 204
    assert send("POST", "import/catalog", lines(BOOT), kind, validationOnly="true").status_code == 204
    exported = requests.get(
        f"{cluster.url}/api/admin/v4/export/catalog",
        params={"types": "PRODUCT_GROUPS,CONTENT", "limit": "5"},
        headers={"Api-Key": "cluster-key", "Accept-Encoding": "gzip"},
        timeout=60,
    )
    group, link = (json.loads(line) for line in exported.text.splitlines())
    assert link == LINK
    variant = group["replace"]["productGroup"]["products"]["boots-brown"]["variants"]["boots-brown-38"]
    assert variant["defaults"]["sellingPrice"] == 99 and cluster.violations() == []


@pytest.mark.parametrize(
    ("status", "body", "state"),
    [
        (202, {"id": 5537431447739019570, "status": "IN_PROGRESS", "reason": None}, ImportState.RUNNING),
        (202, {"id": "5537431447739019570", "status": "WAITING", "reason": ""}, ImportState.RUNNING),
        (409, {"reason": "An import is currently in progress."}, ImportState.BUSY),
        (
            400,
            {
                "reason": "Invalid",
                "errorDetails": {
                    "count": 1,
                    "variants": {"count": 1, "keys": ["SKU-10"]},
                    "dataErrors": {"variant: Missing listPrice": {"count": 1, "exampleKeys": ["SKU-10"]}},
                },
            },
            ImportState.REJECTED,
        ),
        (400, {"reason": "Potentially harmful import: half of the products are removed."}, ImportState.HARMFUL),
    ],
    ids=["number", "text", "busy", "invalid", "harmful"],
)
def test_printed_answers_are_read(
    open_adapter: Open, cluster: SandboxProcess, tmp_path: Path, status: int, body: Any, state: ImportState
) -> None:
    target: Any = open_adapter("elevate").target(DataType.PRODUCTS)
    path = file_of(target, [Operation(Action.CREATE, 1, "", target.payload(product(1), NOTHING))], tmp_path)
    cluster.fault("status", method="POST", status=status, body=body)
    answer = target.feed(target.client).start_import(path, replace_all=False, name="test", force=False)
    assert answer.state is state
    if state is ImportState.REJECTED:
        assert list(answer.item_errors) == ["p1"]
    if state is ImportState.RUNNING:
        assert answer.remote_id == "5537431447739019570"


def test_the_printed_configuration_is_read(open_adapter: Open, cluster: SandboxProcess) -> None:
    """The page shows an operation with all three instructions; a plain object is read too."""
    empty = {"edit": {"markets": {}}, "remove": {"markets": [None]}, "replace": {"markets": {}}}
    for body in (empty | {"replace": MARKETS["edit"]}, empty | MARKETS, MARKETS["edit"]):
        cluster.fault("status", path="configuration$", status=200, body=body)
        assert export.read_markets(open_adapter("elevate").http) == {"se": ["sv-SE", "en-GB"]}
        cluster.clear_faults()
