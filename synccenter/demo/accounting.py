"""Demo step: an order with coupon, shipping and tax, partly refunded, has the same totals everywhere (M4, M5)."""

import secrets
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import requests

from catalog.models import Status, Variant
from connectors.services.connections import install_connection
from connectors.services.runs import sync
from hub import links
from hub.kinds import DataType, Kind
from hub.models import Connection, Job, Run
from synccenter.demo.platforms import Platform
from synccenter.demo.sellers import DemoSeller
from synccenter.demo.steps import Check, DemoFailed, Step

ACCOUNT = "auroraerp"
TOKEN = secrets.token_hex(8)


class AccountingDemo:
    """Runs the step; `print_line` is called with each line of output."""

    def __init__(
        self,
        shop: Platform,
        erp: Platform,
        storefront: Platform,
        seller_setup: DemoSeller,
        print_line: Callable[[str], None],
    ) -> None:
        self.shop = shop
        self.erp = erp
        self.storefront = storefront
        self.seller_setup = seller_setup
        self.print_line = print_line
        self.account = seller_setup.seller.slug
        self.step = Step("Order with coupon, tax and refund in the accounting system")

    def run_step(self) -> Step:
        """Places an order in the shop, has the ERP ship it, and refunds one piece. Raises DemoFailed."""
        started = time.monotonic()
        self.print_line(f"\n{self.step.name}")
        connection = self._connect()
        placed = self._place()
        self._sync(self.seller_setup.shop)
        key = self._wait_for(lambda: self._key(placed["id"]), f"order {placed['id']} in SyncCenter")
        at_erp = self._wait_for(lambda: self._view(self.erp, ACCOUNT, key), "the order in the ERP")
        wanted = Decimal(placed["total"])
        self.print_line(f"    Total {wanted} {placed['currency']} in the shop, {at_erp['total']} in the ERP")
        self.step.checks.append(Check("the ERP has the shop's total", wanted, Decimal(at_erp["total"])))
        front = self._wait_for(
            lambda: self._view(self.storefront, self.account, placed["id"]), "the order at the front"
        )
        self.step.checks.append(Check("the B2B storefront has the shop's total", wanted, Decimal(front["total"])))

        self.erp.control("POST", "sales/ship", json={"account": ACCOUNT, "id": key})
        self._sync(connection)
        self._wait_for(lambda: self._is_shipped(placed["id"]), "the ERP's shipment in the shop")
        line = placed["lines"][0]["id"]
        about = {"account": self.account, "id": placed["id"], "lines": {line: "1"}}
        refunded = self.shop.control("POST", "sales/refund", json=about)["refunded"]
        self._sync(self.seller_setup.shop)
        self._wait_for(lambda: self._refunded(key), "the credit memo in the ERP")
        self.print_line(f"    Refund of {refunded} in the shop, credit memo of {self._refunded(key):.2f} in the ERP")
        self.step.checks.append(Check("the credit memo is what was refunded", Decimal(refunded), self._refunded(key)))
        self.step.seconds = round(time.monotonic() - started, 1)
        return self.step

    def _connect(self) -> Connection:
        """An ERP with the shop's SKUs and one rate of tax."""
        self.erp.control("POST", "goods", json={"account": ACCOUNT, "skus": self._skus()})
        tax = {"account": ACCOUNT, "engine": "legacy", "rate": "25", "shipping_rate": "25"}
        self.erp.control("POST", "tax", json=tax)
        connection = install_connection(
            seller=self.seller_setup.seller,
            platform="netsuite",
            name=f"{self.seller_setup.seller.name} ERP",
            slug=f"{self.account}-erp",
            base_url=f"{self.erp.url}/{ACCOUNT}/services/rest",
            settings={
                "account": ACCOUNT,
                "auth": "tba",
                "client_id": "sandbox-client",
                "token_id": "sandbox-token",
                "guest_customer": "1",
                "send_pending": True,
                "refunds": "credit_memo",
            },
            credentials={"consumer_secret": "sandbox-secret", "token_secret": TOKEN},
            start=False,
        )
        # The other steps compare the shop's own prices and stock, so those of the ERP are not imported.
        Job.objects.filter(connection=connection, data_type=DataType.PRODUCTS).update(enabled=False)
        return connection

    def _skus(self) -> list[str]:
        found = Variant.objects.filter(seller=self.seller_setup.seller, product__status=Status.LIVE).exclude(sku="")
        return list(found.order_by("pk").values_list("sku", flat=True))

    def _place(self) -> Any:
        first, second = self._skus()[:2]
        order = {
            "lines": [
                {"sku": first, "quantity": 2, "price": "100", "tax_rate": "25"},
                {"sku": second, "quantity": 1, "price": "39.90", "tax_rate": "25"},
            ],
            "charges": [{"kind": "shipping", "amount": "20", "tax_rate": "25"}],
            "coupon": "24",
            "coupon_code": "TEN",
        }
        return self.shop.control("POST", "sales", json={"account": self.account, "order": order})

    def _sync(self, connection: Connection) -> None:
        sync(connection=connection, data_type=DataType.ORDERS, trigger=Run.Trigger.BUTTON)

    def _key(self, number: str) -> str:
        link = links.of_kind(self.seller_setup.shop.pk, Kind.ORDER).filter(external_id=number).first()
        return f"sc-order-{link.item_id}" if link else ""

    def _view(self, platform: Platform, account: str, key: str) -> Any:
        try:
            return platform.control("GET", "sales", params={"account": account, "id": key})
        except requests.HTTPError:
            return None

    def _is_shipped(self, number: str) -> bool:
        lines = self._view(self.shop, self.account, number)["lines"]
        return all(line["shipped"] == line["ordered"] for line in lines)

    def _refunded(self, key: str) -> Decimal:
        return Decimal(self._view(self.erp, ACCOUNT, key)["refunded"])

    def _wait_for(self, found: Callable[[], Any], what: str, *, seconds: float = 60.0) -> Any:
        deadline = time.monotonic() + seconds
        while not (thing := found()):
            if time.monotonic() > deadline:
                raise DemoFailed(f"Timed out after {seconds:.0f} s waiting for {what}.")
            time.sleep(0.1)  # polling interval
        return thing
