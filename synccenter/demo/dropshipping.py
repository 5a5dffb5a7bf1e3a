"""Demo step: a vendor receives its part of an order in its ERP, and its shipment gets back to the shop (S1, S9)."""

import secrets
import time
from collections.abc import Callable
from typing import Any

from django.db.models import Count

from accounts.models import DropshipAgreement, Seller
from accounts.services import save_agreement
from connectors.services.connections import install_connection
from connectors.services.runs import sync
from hub.kinds import DataType
from hub.models import Connection, Run
from orders.models import Order, OrderLine, Shipment
from synccenter.demo.platforms import Platform
from synccenter.demo.sellers import DemoSeller
from synccenter.demo.steps import Check, DemoFailed, Step

ACCOUNT = "cascade"
TOKEN = secrets.token_hex(8)
TRACKING = "CASCADE-1"


class DropshippingDemo:
    """Runs the step; `print_line` is called with each line of output."""

    def __init__(
        self, shop: Platform, erp: Platform, seller_setup: DemoSeller, print_line: Callable[[str], None]
    ) -> None:
        self.shop = shop
        self.erp = erp
        self.seller_setup = seller_setup
        self.print_line = print_line
        self.step = Step("Partial shipment by a vendor")

    def run_step(self) -> Step:
        """Runs the step and returns it. The vendor is a brand in an order that has not shipped. Raises DemoFailed."""
        started = time.monotonic()
        self.print_line(f"\n{self.step.name}")
        order, vendor = self._choose()
        wanted = {line.sku: int(line.quantity) for line in order.lines.filter(vendor=vendor)}
        connection = self._connect(vendor)
        sold = self._wait_for(lambda: self._sold(order), f"order {order.number} in the vendor's ERP")
        lines = "1 line" if len(wanted) == 1 else f"{len(wanted)} lines"
        self.print_line(f"    Order {order.number} is in the ERP of {vendor} ({lines})")
        erp_quantities = {line["sku"]: line["quantity"] for line in sold["items"]}
        self.step.checks += [
            Check("the ERP has the vendor's order lines", wanted, erp_quantities),
            Check("the ERP does not have the customer's email address", False, "@" in str(sold)),
        ]
        about = {"account": ACCOUNT, "order": sold["externalId"], "tracking": [TRACKING]}
        self.erp.control("POST", "fulfil", json=about)
        sync(connection=connection, data_type=DataType.ORDERS, trigger=Run.Trigger.BUTTON)
        parcels = Shipment.objects.filter(order=order, tracking_number=TRACKING)
        self._wait_for(parcels.first, "the vendor's shipment in the seller's order")
        created = self._wait_for(self._shipped, "the vendor's shipment in the shop")
        self.print_line(f"    Shipment {TRACKING} is in the order of {self.seller_setup.seller} and in its shop")
        shipped = {line.order_line.sku for line in parcels.get().lines.select_related("order_line")}
        in_shop = sum(item["quantity"] for item in created["items"])
        self.step.checks += [
            Check("the shipment has the vendor's lines", set(wanted), shipped),
            Check("the shop's shipment has the vendor's pieces", sum(wanted.values()), in_shop),
        ]
        self.step.seconds = round(time.monotonic() - started, 1)
        return self.step

    def _choose(self) -> tuple[Order, str]:
        """An unshipped order and a vendor of some of its lines, preferably an order with several vendors."""
        waiting = OrderLine.objects.filter(
            seller=self.seller_setup.seller, order__status=Order.Status.CONFIRMED, order__addresses__use="shipping"
        )
        candidates = waiting.exclude(vendor="").exclude(sku="").values("order", "vendor")
        vendors = Count("order__lines__vendor", distinct=True)
        best = candidates.annotate(vendors=vendors).order_by("-vendors", "order").first()
        if best is None:
            raise DemoFailed("There is no unshipped order.")
        return Order.objects.get(pk=best["order"]), best["vendor"]

    def _connect(self, name: str) -> Connection:
        """Creates the vendor, its agreement with the seller, and the connection to its ERP with the vendor's SKUs."""
        vendor = Seller.objects.create(slug=ACCOUNT, name=name, contact_email=f"owner@{ACCOUNT}.example")
        first = Order.objects.filter(seller=self.seller_setup.seller).earliest("placed_at").placed_at
        agreement = DropshipAgreement(seller=self.seller_setup.seller, vendor=vendor, name_on_lines=name, since=first)
        save_agreement(agreement=agreement, by=None)
        skus = OrderLine.objects.filter(seller=self.seller_setup.seller, vendor=name).exclude(sku="")
        vendor_skus = sorted(set(skus.values_list("sku", flat=True)))
        self.erp.control("POST", "goods", json={"account": ACCOUNT, "skus": vendor_skus})
        return install_connection(
            seller=vendor,
            platform="netsuite",
            name=f"NetSuite of {name}",
            slug=f"{ACCOUNT}-netsuite",
            base_url=f"{self.erp.url}/{ACCOUNT}/services/rest",
            settings={
                "account": ACCOUNT,
                "auth": "tba",
                "client_id": "sandbox-client",
                "token_id": "sandbox-token",
            },
            credentials={"consumer_secret": "sandbox-secret", "token_secret": TOKEN},
        )

    def _sold(self, order: Order) -> Any:
        number = f"sc-order-{order.pk}"
        return next((row for row in self.erp.holds(ACCOUNT, "orders") if row["externalId"] == number), None)

    def _shipped(self) -> Any:
        shipments = self.shop.holds(self.seller_setup.seller.slug, "shipments")
        return next((row for row in shipments if row.get("tracking_number") == TRACKING), None)

    def _wait_for(self, found: Callable[[], Any], what: str, *, seconds: float = 60.0) -> Any:
        deadline = time.monotonic() + seconds
        while not (thing := found()):
            if time.monotonic() > deadline:
                raise DemoFailed(f"Timed out after {seconds:.0f} s waiting for {what}.")
            time.sleep(0.1)  # polling interval
        return thing
