"""NetSuite's sales orders and credit memos: what they come to with each way of working out tax."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
import requests
from requests_oauthlib import OAuth1

from sandbox.process import SandboxProcess
from tests.sales import Sales

ACCOUNT = "tba1"


class Erp:
    """Calls to one account, and its control interface."""

    def __init__(self, process: SandboxProcess) -> None:
        self.process = process
        self.sales = Sales(process, ACCOUNT)
        query = {"q": "SELECT id, itemid FROM item ORDER BY id"}
        rows = self.call("POST", "/query/v1/suiteql", query, Prefer="transient").json()["items"]
        self.items = {row["itemid"]: {"id": row["id"]} for row in rows}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        auth = OAuth1(
            "sandbox-client",
            "sandbox-secret",
            "sandbox-token",
            "token-secret",
            realm="TBA1",
            signature_method="HMAC-SHA256",
        )
        url = f"{self.process.url}/{ACCOUNT}/services/rest{path}"
        return requests.request(method, url, json=body, auth=auth, headers=headers, timeout=60)

    def put(self, kind: str, key: str, **body: Any) -> requests.Response:
        lines = body.pop("lines", None)
        item = {"item": {"items": lines}} if lines else {}
        return self.call("PUT", f"/record/v1/{kind}/eid:{key}", {"entity": {"id": "1"}, **body, **item})

    def line(self, sku: str = "SKU-1", quantity: int = 2, rate: float = 100, **more: Any) -> dict[str, Any]:
        return {"item": self.items[sku], "quantity": quantity, "rate": rate, "price": {"id": "-1"}, **more}

    def tax(self, engine: str, **rates: str) -> None:
        self.process.control("POST", "tax", json={"account": ACCOUNT, "engine": engine, **rates})


@pytest.fixture
def erp(sandbox: Callable[..., SandboxProcess]) -> Erp:
    return Erp(sandbox("netsuite", accounts={ACCOUNT: "token-secret"}, products=3))


def total(erp: Erp, key: str) -> tuple[str, str]:
    found = erp.sales.view(key)
    return found["total"], found["tax"]


def test_legacy_tax_is_worked_out_from_net_amounts(erp: Erp) -> None:
    erp.tax("legacy", rate="25", shipping_rate="25")
    money = {"shippingCost": 20, "discountItem": erp.items["DISCOUNT"], "discountRate": -20}
    assert erp.put("salesOrder", "A", lines=[erp.line()], **money).status_code == 204
    # 200 less 20, freight of 20, and 25% of all that.
    assert total(erp, "A") == ("250", "50")
    shown = erp.call("GET", "/record/v1/salesOrder/eid:A").json()
    assert (shown["subtotal"], shown["discountTotal"], shown["taxTotal"], shown["total"]) == (200, -20, 50, 250)
    query = "SELECT itemtype, foreignamount FROM transactionline JOIN item ON item.id = item WHERE taxline = 'F'"
    rows = erp.call("POST", "/query/v1/suiteql", {"q": f"{query} ORDER BY uniquekey"}, Prefer="transient").json()
    amounts = [(row["itemtype"], Decimal(row["foreignamount"])) for row in rows["items"]]
    assert amounts == [("InvtPart", -200), ("Discount", 20), ("ShipItem", -20)]
    assert erp.put("salesOrder", "A", taxItem={"id": "1"}).status_code == 400
    assert erp.put("salesOrder", "A", lines=[erp.line() | {"taxCode": {"id": "1"}}]).status_code == 400
    assert total(erp, "A") == ("250", "50")


def test_suitetax_takes_the_tax_of_each_line(erp: Erp) -> None:
    erp.tax("suitetax", rate="20")
    lines = [erp.line(taxDetailsReference="1"), erp.line("SKU-2", 1, 9.99, taxDetailsReference="2")]
    assert erp.put("salesOrder", "A", lines=lines).status_code == 204
    assert total(erp, "A") == ("251.99", "42")
    details = [{"taxDetailsReference": "1", "taxAmount": 38.01}, {"taxDetailsReference": "2", "taxAmount": 2.99}]
    assert erp.put("salesOrder", "A", taxDetails={"items": details}).status_code == 400
    override = {"taxDetailsOverride": True, "taxDetails": {"items": details}}
    assert erp.put("salesOrder", "A", **override).status_code == 204
    assert total(erp, "A") == ("250.99", "41")
    details[0]["taxDetailsReference"] = "3"
    assert erp.put("salesOrder", "A", memo="Not kept", **override).status_code == 400
    assert "memo" not in erp.call("GET", "/record/v1/salesOrder/eid:A").json()


def test_discount_lines_and_amounts_count_as_they_are(erp: Erp) -> None:
    discount = {"item": erp.items["DISCOUNT"], "amount": -12.5}
    lines = [erp.line(), discount, {"item": erp.items["GIFT-CARD"], "amount": 30}]
    assert erp.put("salesOrder", "A", lines=lines).status_code == 204
    assert total(erp, "A") == ("217.5", "0")
    # A price without the custom price level does not hold; a total cannot be written.
    assert erp.put("salesOrder", "A", lines=[erp.line() | {"price": {"id": "1"}}]).status_code == 400
    assert erp.put("salesOrder", "A", total=10).status_code == 400
    gifts = [line for line in erp.sales.view("A")["lines"] if line["sku"] == "GIFT-CARD"]
    assert [line["open"] for line in gifts] == ["0"]


def test_amounts_are_rounded_as_the_currency_is(erp: Erp) -> None:
    query = {"q": "SELECT id FROM currency WHERE symbol = 'JPY' ORDER BY id"}
    [yen] = erp.call("POST", "/query/v1/suiteql", query, Prefer="transient").json()["items"]
    erp.tax("legacy", rate="8")
    erp.put("salesOrder", "A", lines=[erp.line(quantity=3, rate=333)], currency={"id": yen["id"]})
    assert total(erp, "A") == ("1079", "80")
    assert erp.sales.view("A")["currency"] == "JPY"


def test_closed_lines_and_shipments_leave_what_is_open(erp: Erp) -> None:
    erp.put("salesOrder", "A", lines=[erp.line(quantity=5), erp.line("SKU-2", 3)])
    erp.process.control("POST", "fulfil", json={"account": ACCOUNT, "order": "A", "quantities": {"SKU-1": 2}})
    first, second = erp.sales.view("A")["lines"]
    assert (first["shipped"], first["open"], second["open"]) == ("2", "3", "3")
    change = [{"line": int(first["id"]), "quantity": 4}, {"line": int(second["id"]), "isClosed": True}]
    assert erp.put("salesOrder", "A", lines=change).status_code == 204
    assert [(line["cancelled"], line["open"]) for line in erp.sales.view("A")["lines"]] == [("0", "2"), ("3", "0")]
    # A closed line stays in the total, as the books keep it.
    assert total(erp, "A")[0] == "700"
    erp.sales.act("ship", "A")
    assert [line["shipped"] for line in erp.sales.view("A")["lines"]] == ["4", "0"]


def test_the_printed_fulfillment_ships_as_it_says(erp: Erp) -> None:
    """Oracle's sample: a part of one line, another one left out. A line that is not named is shipped.

    https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_159795518068.html
    """
    erp.put("salesOrder", "A", lines=[erp.line(quantity=5), erp.line("SKU-2", 3), erp.line("SKU-3", 2)])
    assert erp.call("GET", "/record/v1/salesOrder/eid:A").json()["status"] == {"id": "B"}
    first, second, _ = (int(line["id"]) for line in erp.sales.view("A")["lines"])
    lines = [{"orderLine": first, "location": 1, "quantity": 1}, {"orderLine": second, "itemreceive": False}]
    path = "/record/v1/salesOrder/eid:A/!transform/itemFulfillment"
    made = erp.call("POST", path, {"shipStatus": {"id": "C"}, "item": {"items": lines}})
    assert made.status_code == 204 and "/itemFulfillment/" in made.headers["location"]
    assert [line["shipped"] for line in erp.sales.view("A")["lines"]] == ["1", "0", "2"]
    assert erp.call("GET", "/record/v1/salesOrder/eid:A").json()["status"] == {"id": "D"}
    wrong = erp.call("POST", path, {"item": {"items": [{"orderLine": 999}]}})
    assert wrong.json()["o:errorDetails"][0]["o:errorPath"] == "item.items[0].orderLine"


def test_without_advanced_shipping_a_fulfillment_makes_the_invoice(erp: Erp) -> None:
    """https://docs.oracle.com/en/cloud/saas/netsuite/ns-online-help/section_161425629582.html"""
    query = "SELECT id, foreigntotal FROM transaction WHERE type = 'CustInvc' ORDER BY id"

    def invoices() -> list[str]:
        answer = erp.call("POST", "/query/v1/suiteql", {"q": query}, Prefer="transient").json()
        return [row["foreigntotal"] for row in answer["items"]]

    erp.put("salesOrder", "A", lines=[erp.line()])
    erp.sales.act("ship", "A")
    assert invoices() == [] and erp.sales.view("A")["status"] == "SalesOrd:F"
    erp.process.control("POST", "features", json={"account": ACCOUNT, "advanced_shipping": False})
    erp.put("salesOrder", "B", lines=[erp.line(amount=150)])
    erp.process.control("POST", "fulfil", json={"account": ACCOUNT, "order": "B", "quantities": {"SKU-1": 1}})
    assert invoices() == ["75"] and erp.sales.view("B")["status"] == "SalesOrd:D"
    erp.sales.act("ship", "B")
    assert invoices() == ["75", "75"] and erp.sales.view("B")["status"] == "SalesOrd:G"


def test_a_credit_memo_is_written_once_and_from_a_return(erp: Erp) -> None:
    erp.put("salesOrder", "A", lines=[erp.line()], otherRefNum="1001")
    memo = [erp.line(quantity=1, rate=95)]
    assert erp.put("creditMemo", "R1", lines=memo, otherRefNum="1001").status_code == 204
    assert erp.sales.view("A")["refunded"] == "95"
    made = erp.call("POST", "/record/v1/salesOrder/eid:A/!transform/returnAuthorization", {"externalId": "RMA1"})
    assert made.status_code == 204 and "/returnAuthorization/" in made.headers["location"]
    again = erp.call("POST", "/record/v1/salesOrder/eid:A/!transform/returnAuthorization", {"externalId": "RMA1"})
    assert again.json()["o:errorDetails"][0]["o:errorCode"] == "DUP_RCRD"
    credited = erp.call("POST", "/record/v1/returnAuthorization/eid:RMA1/!transform/creditMemo", {})
    assert credited.status_code == 204
    assert erp.sales.view("A")["refunded"] == "295"
    assert erp.call("POST", "/record/v1/salesOrder/eid:A/!transform/creditMemo", {}).status_code == 400
