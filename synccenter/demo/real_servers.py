"""The scenario of `./dev demo --real`: a real shop, a simulated search engine, and the real ERP of a vendor."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.models import DropshipAgreement, Membership, Seller, User
from accounts.services import save_agreement
from connectors.models import WebhookEvent
from connectors.services.connections import install_connection
from connectors.services.runs import sync
from hub.kinds import DataType
from hub.models import Run
from orders.models import Order
from synccenter.demo.platforms import Platform, RealServer, free_port
from synccenter.demo.sellers import PASSWORD, DemoSeller, Person
from synccenter.demo.steps import Check, Steps

SHOP, ERP = "vendure", "tryton"
SELLER = "lumen"
SEARCH_TOKENS = {SELLER: secrets.token_hex(8)}
# The brand of the vendor's products in the prepared shop, and the company of the prepared ERP.
VENDOR = "Sandbox GmbH"
# SKU → quantity; the seller ships the first, the vendor the second.
BASKET = {"DESK-S": 1, "LAMP-1": 2}
VENDORS_PART = {"LAMP-1": 2}
# In pence.
PRICE = 4321
TRACKING = "PARCEL-1"
PEOPLE = (
    Person("olivia@synccenter.example", "operator: admin and the dashboards of both"),
    Person("lou@lumen.example", "owner of Lumen Lighting"),
    Person("sam@sandbox.example", "owner of the vendor Sandbox GmbH"),
)


@dataclass(slots=True)
class Prepared:
    """What the connections to the real servers need: the port of the shop, and the credentials."""

    shop_port: int
    shop_key: str
    erp_key: str


def prepare() -> Prepared:
    """Installs both servers and fills their databases, which takes minutes the first time."""
    return Prepared(free_port(3000), RealServer.prepare(SHOP), RealServer.prepare(ERP))


@dataclass(slots=True)
class RealSetup:
    """The sellers and their connections. The shop's connection precedes the shop, whose plugin has to know it."""

    seller: DemoSeller
    vendor: Seller


@transaction.atomic
def create_sellers(prepared: Prepared, *, search_url: str) -> RealSetup:
    """Creates sellers, users and the connections of the shop and the search engine, which start nothing yet."""
    olivia, lou, sam = PEOPLE
    operator = User.objects.create_superuser(olivia.email, PASSWORD, name="Olivia")
    sellers = []
    for slug, name, person in ((SELLER, "Lumen Lighting", lou), ("sandbox", VENDOR, sam)):
        sellers.append(Seller.objects.create(slug=slug, name=name, contact_email=person.email))
        owner = User.objects.create_user(person.email, PASSWORD, name=person.email.split("@")[0].title())
        for user in (owner, operator):
            Membership.objects.create(seller=sellers[-1], user=user, role=Membership.Role.OWNER)
    seller, vendor = sellers
    save_agreement(agreement=DropshipAgreement(seller=seller, vendor=vendor, name_on_lines=VENDOR), by=operator)
    search = install_connection(
        seller=seller,
        platform="elevate",
        name="Search",
        slug="lumen-search",
        base_url=search_url,
        settings={
            "markets": ["uk"],
            "locale": "en-GB",
            "price_list": "lumen-shop-price",
            "size_option": "Size",
            "drain_every": 2,
        },
        credentials={"api_key": SEARCH_TOKENS[SELLER]},
        by=operator,
        start=False,
    )
    shop = install_connection(
        seller=seller,
        platform=SHOP,
        name="Vendure",
        slug="lumen-shop",
        base_url=f"http://127.0.0.1:{prepared.shop_port}",
        credentials={"api_key": prepared.shop_key},
        # The brand of a product is the vendor who ships it, if there is an agreement with it.
        field_map={"orders": {"vendor": "facets.brand"}},
        by=operator,
        start=False,
    )
    return RealSetup(DemoSeller(seller, shop, search), vendor)


class RealScenario(Steps):
    """Runs the steps against real servers."""

    def __init__(
        self, setup: RealSetup, shop: RealServer, erp: RealServer, search: Platform, print_line: Callable[[str], None]
    ) -> None:
        super().__init__([setup.seller], search, print_line)
        self.setup = setup
        self.shop = shop
        self.erp = erp

    def first_sync(self) -> None:
        """Imports all of the shop, and sends its products to the search engine."""
        step, since = self._start_step("First full sync of the real shop")
        for data_type in (DataType.SETTINGS, DataType.PRODUCTS, DataType.CUSTOMERS, DataType.ORDERS):
            sync(connection=self.setup.seller.shop, data_type=data_type, trigger=Run.Trigger.BUTTON)
        self._wait(step, since)
        self._compare_target(step, self.setup.seller)
        step.checks.append(Check("the search engine has the shop's prices", True, self._priced("10.5")))

    def by_plugin(self) -> None:
        """Changes a price in the shop, whose plugin says so at once."""
        step, _ = self._start_step("Price change by the shop's plugin")
        started = time.monotonic()
        price = {"currencyCode": "GBP", "price": PRICE}
        self.shop.control("POST", "update_variant", json={"sku": "WALL-S", "prices": [price]})
        self._wait_for(lambda: self._priced(str(Decimal(PRICE) / 100)), "the new price in the search engine")
        step.seconds = round(time.monotonic() - started, 2)
        self.print_line(f"    Price change reached search in {step.seconds} s")
        done = WebhookEvent.objects.filter(connection=self.setup.seller.shop, state="done")
        step.checks.append(Check("the plugin's event was processed", True, done.exists()))

    def dropship(self, erp_key: str) -> None:
        """A customer orders from both; the vendor's part goes to the real ERP, and its shipment back to the shop."""
        step, _ = self._start_step("Order from the real shop, shipped by the real ERP")
        started = time.monotonic()
        connection = install_connection(
            seller=self.setup.vendor,
            platform=ERP,
            name="Tryton",
            slug="sandbox-erp",
            base_url=self.erp.address,
            credentials={"key": erp_key},
        )
        placed = self.shop.control("POST", "buy", json={"goods": BASKET})
        self.print_line(f"    Order {placed['code']} of {Decimal(placed['totalWithTax']) / 100:.2f} GBP was placed")
        (sale,) = self._found(lambda: self._sales(placed["code"], "processing"), "the vendor's part in the real ERP")
        sold = {line["product"]["code"]: line["quantity"] for line in sale["lines"] if line["product"]}
        self.print_line(f"    Its part of {sale['total_amount']['decimal']} GBP is in the ERP")
        order = Order.objects.get(seller=self.setup.seller.seller, number=placed["code"])
        step.checks += [
            Check("the hub has the shop's total", placed["totalWithTax"], int(order.total * 100)),
            Check("the ERP has the vendor's lines only", VENDORS_PART, sold),
        ]
        self.erp.control("POST", "ship", json={"number": placed["code"], "tracking": TRACKING})
        sync(connection=connection, data_type=DataType.ORDERS, trigger=Run.Trigger.BUTTON)
        shipped = self._found(lambda: self._fulfillments(placed["id"]), "the shipment in the real shop")
        lines = {line["id"]: line["productVariant"]["sku"] for line in placed["lines"]}
        found = [
            (each["trackingCode"], {lines[part["orderLineId"]]: part["quantity"] for part in each["lines"]})
            for each in shipped
        ]
        step.checks.append(Check("the shop has the vendor's shipment", [(TRACKING, VENDORS_PART)], found))
        step.seconds = round(time.monotonic() - started, 1)
        self.print_line(f"    Shipment {TRACKING} is in the shop after {step.seconds} s")

    def _priced(self, amount: str) -> bool:
        return any(amount in str(group) for group in self.search.holds(SELLER, "groups"))

    def _sales(self, number: str, state: str) -> list[Any]:
        found = self.erp.control("POST", "sales", json={"number": number})
        return [sale for sale in found if sale["state"] == state]

    def _fulfillments(self, order_id: str) -> list[Any]:
        found = self.shop.control("POST", "order", json={"order_id": order_id})["fulfillments"]
        return [each for each in found if each["state"] == "Shipped"]

    def _found(self, find: Callable[[], list[Any]], what: str) -> list[Any]:
        """What `find` returns as soon as that is not empty."""
        found: list[Any] = []

        def arrived() -> bool:
            found[:] = find()
            return bool(found)

        self._wait_for(arrived, what)
        return found
