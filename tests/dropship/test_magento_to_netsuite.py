"""End to end: an order in Magento, two vendors with NetSuite, and both shipments back in Magento (S1, S9)."""

from collections.abc import Callable

import pytest

from accounts.models import Seller
from connectors.services.connections import install_connection
from hub.kinds import DataType, Direction
from hub.models import Change, Connection, Job, Run
from hub.services import start_run
from orders.models import Order, ShipmentLine
from sandbox.process import SandboxProcess
from tests.adapters.magento import place_order
from tests.dropship.conftest import make_agreement
from tests.engine.worker import skip_delays, work_until_idle
from tests.factories import make_seller

pytestmark = pytest.mark.django_db(transaction=True)

# The vendor of each NetSuite item, by the name on Magento's order lines.
VENDORS = {"pines": ("Northwind", "SKU-1"), "quays": ("Sundry", "SKU-2")}


@pytest.fixture
def shop(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    process = sandbox("magento", accounts={"alpha": "alpha-token"}, products=1, customers=1, dirty=False)
    process.control("POST", "goods", json={"account": "alpha", "skus": ["OWN-1"]})
    for name, sku in VENDORS.values():
        process.control("POST", "goods", json={"account": "alpha", "skus": [sku], "vendor": name})
    return process


@pytest.fixture
def erps(sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return sandbox("netsuite", accounts={slug: f"{slug}-secret" for slug in VENDORS}, products=5)


@pytest.fixture
def reading(seller: Seller, shop: SandboxProcess) -> Job:
    connection = install_connection(
        seller=seller,
        platform="magento",
        name="Shop of Acme",
        slug="acme-shop",
        base_url=shop.url,
        credentials={
            "access_token": "alpha",
            "access_token_secret": "alpha-token",
            "consumer_key": "sandbox-client",
            "consumer_secret": "sandbox-secret",
        },
        field_map={"orders": {"vendor": "product.dropship_vendor"}},
        start=False,
    )
    return orders_of(connection, Direction.IMPORT)


@pytest.fixture
def vendors(seller: Seller, erps: SandboxProcess) -> dict[str, Connection]:
    return {slug: connect(seller, erps, slug, name) for slug, (name, _) in VENDORS.items()}


def connect(seller: Seller, erps: SandboxProcess, slug: str, name: str) -> Connection:
    vendor = make_seller(slug)
    make_agreement(seller, vendor, name)
    return install_connection(
        seller=vendor,
        platform="netsuite",
        name=f"NetSuite of {slug}",
        slug=f"{slug}-netsuite",
        base_url=f"{erps.url}/{slug}/services/rest",
        settings={"account": slug, "auth": "tba", "client_id": "sandbox-client", "token_id": "sandbox-token"},
        credentials={"consumer_secret": "sandbox-secret", "token_secret": f"{slug}-secret"},
        start=False,
    )


def orders_of(connection: Connection, direction: Direction) -> Job:
    return Job.objects.get(connection=connection, direction=direction, data_type=DataType.ORDERS)


def run_partial_import(job: Job) -> None:
    """Runs an incremental import, as the schedule does every five minutes."""
    start_run(job=job, scope=Run.Scope.PARTIAL, trigger=Run.Trigger.SCHEDULE)
    work_until_idle()


def ordered(shop: SandboxProcess) -> str:
    """The number of an order with two items of one vendor, three of the other, and one that the seller ships."""
    own = sum(row["type_id"] == "simple" for row in shop.state("goods")) - len(VENDORS) - 1
    row = place_order(shop, (own + 1, 2), (own + 2, 3), (own, 1))
    return row["increment_id"]


def fulfil(erps: SandboxProcess, slug: str, order: Order, **about: object) -> None:
    erps.control("POST", "fulfil", json={"account": slug, "order": f"sc-order-{order.pk}"} | about)


def shipped_there(shop: SandboxProcess) -> dict[str, list[float]]:
    """The quantities of each shipment in Magento by tracking number."""
    return {row["tracks"][0]["track_number"]: [item["qty"] for item in row["items"]] for row in shop.state("shipments")}


def test_an_order_goes_to_both_vendors_and_comes_back_shipped(
    reading: Job, vendors: dict[str, Connection], shop: SandboxProcess, erps: SandboxProcess
) -> None:
    number = ordered(shop)
    run_partial_import(reading)
    order = Order.objects.get(number=number)
    for slug, (_, sku) in VENDORS.items():
        (sold,) = erps.state("orders", slug)
        assert [each["sku"] for each in sold["items"]] == [sku]
    fulfil(erps, "pines", order, tracking=["P-1"])
    fulfil(erps, "quays", order, tracking=["Q-1"], quantities={"SKU-2": 1})
    for connection in vendors.values():
        run_partial_import(orders_of(connection, Direction.IMPORT))
    assert shipped_there(shop) == {"P-1": [2], "Q-1": [1]}
    fulfil(erps, "quays", order, tracking=["Q-2"], quantities={"SKU-2": 2})
    for _ in range(2):
        run_partial_import(orders_of(vendors["quays"], Direction.IMPORT))
        run_partial_import(reading)
    assert shipped_there(shop) == {"P-1": [2], "Q-1": [1], "Q-2": [2]}
    hub = ShipmentLine.objects.values_list("shipment__tracking_number", "quantity")
    assert {number: int(quantity) for number, quantity in hub} == {"P-1": 2, "Q-1": 1, "Q-2": 2}
    assert [line.status for line in order.lines.order_by("position")] == ["shipped", "shipped", "pending"]
    assert not Change.objects.exists()


def test_a_shipment_is_created_once_if_the_response_is_lost(
    reading: Job, vendors: dict[str, Connection], shop: SandboxProcess, erps: SandboxProcess
) -> None:
    number = ordered(shop)
    run_partial_import(reading)
    fulfil(erps, "pines", Order.objects.get(number=number), tracking=["P-1"])
    shop.fault("half_body", when="after", path="/ship$", times=1)
    run_partial_import(orders_of(vendors["pines"], Direction.IMPORT))
    assert Change.objects.exists()
    skip_delays()
    assert shipped_there(shop) == {"P-1": [2]} and not Change.objects.exists()
