"""A shop, the hub and two targets: orders that are placed in the shop's sandbox arrive in the targets' sandboxes."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from connectors.services.connections import install_connection
from hub.kinds import DataType, Direction, Kind
from hub.models import Connection, Job, Link, RateBudget, Run
from hub.services import start_run
from sandbox.money import places_of
from sandbox.process import SandboxProcess
from synclog.models import Issue
from tests.engine.worker import skip_delays, work_until_idle
from tests.factories import make_seller
from tests.sales import Parts, Sales

CURRENCIES = {"GBP": "1", "EUR": "2", "USD": "3", "JPY": "4", "KWD": "5"}


@dataclass
class Chain:
    """`shop` and `targets` are control interfaces; `source` is the shop's connection."""

    source: Connection
    shop: Sales
    targets: dict[str, tuple[Connection, Sales]]

    def sync(self) -> None:
        """Import what changed, and export it, whatever rate limits would say."""
        RateBudget.objects.all().delete()
        job = Job.objects.get(connection=self.source, data_type=DataType.ORDERS, direction=Direction.IMPORT)
        start_run(job=job, scope=Run.Scope.PARTIAL, trigger=Run.Trigger.SCHEDULE)
        work_until_idle()
        skip_delays()

    def issues(self, number: str) -> list[str]:
        """The messages of the issues of an order."""
        order = Link.objects.get(connection=self.source, kind=Kind.ORDER, external_id=number).item_id
        return list(Issue.objects.filter(kind=Kind.ORDER, item_id=order).values_list("message", flat=True))

    def at_target(self, target: str, number: str) -> Parts | None:
        """What a target computed for an order of the shop; None if the target has no such order."""
        connection, sales = self.targets[target]
        link = Link.objects.filter(connection=self.source, kind=Kind.ORDER, external_id=number).first()
        assert link is not None, f"order {number} was not imported"
        held = Link.objects.filter(connection=connection, kind=Kind.ORDER, item_id=link.item_id).first()
        if held is None:
            return None
        key = f"sc-order-{link.item_id}" if target == "netsuite" else held.external_id
        return sales.view(key)


def install(
    connection: dict[str, Any], shop: Sales, erp: SandboxProcess, front: SandboxProcess | None, **settings: Any
) -> Chain:
    """A seller with this shop, NetSuite with these settings, and the B2B front if there is one."""
    seller = make_seller("acme", currency="GBP")
    source = install_connection(seller=seller, name="Acme shop", slug="acme-shop", start=False, **connection)
    targets = {}
    netsuite = install_connection(
        seller=seller,
        platform="netsuite",
        name="Acme ERP",
        slug="acme-erp",
        base_url=f"{erp.url}/erp/services/rest",
        settings={
            "account": "erp",
            "auth": "tba",
            "client_id": "sandbox-client",
            "token_id": "sandbox-token",
            "guest_customer": "1",
            "currencies": CURRENCIES,
            "send_pending": True,
            **settings,
        },
        credentials={"consumer_secret": "sandbox-secret", "token_secret": "erp-secret"},
        start=False,
    )
    targets["netsuite"] = (netsuite, Sales(erp, "erp"))
    if front is not None:
        sparklayer = install_connection(
            seller=seller,
            platform="sparklayer",
            name="Acme B2B",
            slug="acme-b2b",
            base_url=front.url,
            settings={"site_id": "acme", "client_id": "sandbox-client"},
            credentials={"client_secret": "client-word"},
            start=False,
        )
        targets["sparklayer"] = (sparklayer, Sales(front, "acme"))
    return Chain(source, shop, targets)


def open_by_sku(view: Parts, skus: list[str]) -> dict[str, Decimal]:
    """The open quantities of these SKUs, without those of zero."""
    found: dict[str, Decimal] = {}
    for line in view["lines"]:
        if line["sku"] in skus:
            found[line["sku"]] = found.get(line["sku"], Decimal(0)) + Decimal(line["open"])
    return {sku: quantity for sku, quantity in found.items() if quantity}


def tolerance(view: Parts, order: Parts) -> Decimal:
    """How far a target that works out tax from net amounts may be off: one unit for each line and charge.

    The net amount of a price with tax is off by half a unit already, before its tax is rounded again.
    """
    return Decimal(len(view["lines"]) + len(order["charges"])).scaleb(-places_of(order["currency"]))
