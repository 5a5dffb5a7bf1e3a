"""Creates at least one row in every table that the console shows."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import AuditEvent, DropshipAgreement, Invitation
from accounts.roles import write_role_groups
from accounts.services import create_api_key, record_audit_event
from catalog.models import (
    Attribute,
    AttributeSet,
    Brand,
    Category,
    Image,
    Price,
    PriceList,
    Stock,
    StockLocation,
)
from connectors.models import FeedImport, InstallationRequest, WebhookEvent, WebhookRefusal
from hub import runlog, runs
from hub.kinds import DataType, Direction
from hub.models import (
    Alert,
    AlertChannel,
    AlertDelivery,
    Change,
    Job,
    Lane,
    Link,
    LinkPayload,
    Master,
    RateBudget,
    Run,
    RunCounter,
    RunItem,
    Worker,
)
from hub.services import pause_platform
from orders.models import Address, Customer, CustomerGroup, Order, OrderAdjustment, OrderLine, Refund, Shipment
from synclog.models import ItemEvent, ItemStatus, RejectedItem
from tests.factories import make_products
from tests.two_sellers import SECRET, SellerSetup, TwoSellers

NOW = timezone.now()


def fill(two_sellers: TwoSellers) -> None:
    """Sample data of an installation after some days of use, mostly of the seller `north`."""
    seller_setup = two_sellers.north
    _create_engine_rows(seller_setup)
    _create_catalog_rows(seller_setup)
    _create_order_rows(seller_setup)
    DropshipAgreement.objects.create(seller=seller_setup.seller, vendor=two_sellers.south.seller, name_on_lines="South")
    Invitation.objects.create(
        seller=seller_setup.seller, email="new@north.example", role="viewer", sent_at=NOW, expires_at=NOW
    )
    InstallationRequest.objects.create(
        state_digest="0" * 64, platform="paper", seller=seller_setup.seller, user=seller_setup.owner, expires_at=NOW
    )
    create_api_key(name="for the shop", scopes=["sync:read"], seller=seller_setup.seller)
    record_audit_event(
        user=seller_setup.owner, action="connection.pause", target=seller_setup.shop, seller=seller_setup.seller
    )
    pause_platform(platform="paper_front", reason="Scheduled maintenance", by=seller_setup.owner)
    write_role_groups()
    assert AuditEvent.objects.exists()


def make_changes(job: Job, number: int, **fields: Any) -> list[Change]:
    lane = Lane.objects.get(pk=job.lane_ids[0])
    return Change.objects.bulk_create(
        Change(job=job, lane=lane, kind="product", item_id=n, token=n, **fields) for n in range(1, number + 1)
    )


def export_job(seller_setup: SellerSetup) -> Job:
    return Job.objects.get(connection=seller_setup.storefront, direction=Direction.EXPORT, data_type=DataType.PRODUCTS)


def _create_engine_rows(seller_setup: SellerSetup) -> None:
    job = export_job(seller_setup)
    make_changes(job, 3, state=Change.State.HELD, failure_kind=Change.FailureKind.REJECTED, last_error="no weight")
    runlog.write(run_id=seller_setup.run.pk, text="Reading customers.", now=NOW)
    runs.count(run_id=seller_setup.run.pk, kind="customer", now=NOW, outcomes={RunCounter.Outcome.READ: 5})
    link = Link.objects.create(connection=seller_setup.shop, kind="product", external_id="P-77", item_id=1)
    LinkPayload.objects.create(link=link, received={"name": "Rope, 10 m"}, sent={"title": "Rope"})
    Master.objects.create(seller=seller_setup.seller, group=Master.Group.PRICE, connection=seller_setup.shop)
    Worker.objects.create(name="worker-1@host")
    comparison = Run.objects.create(
        job=job, scope=Run.Scope.COMPARISON, trigger=Run.Trigger.BUTTON, state="done_with_errors"
    )
    RunItem.objects.create(run=comparison, verdict="missing", kind="product", item_id=1)
    alert = Alert.objects.create(
        kind=Alert.Kind.FAILING, key="failing:1", job=job, seller=seller_setup.seller, message="It failed"
    )
    channel = AlertChannel.objects.create(medium=AlertChannel.Medium.SLACK, address=SECRET, label="#operators")
    AlertDelivery.objects.create(alert=alert, channel=channel)
    RateBudget.objects.create(key="paper:http://127.0.0.1:9", tokens=3)
    ItemStatus.objects.create(
        seller=seller_setup.seller, job=job, kind="product", item_id=1, state="held", message="no weight"
    )
    ItemEvent.objects.create(
        seller=seller_setup.seller,
        job=job,
        kind="product",
        item_id=1,
        direction="export",
        action="update",
        changes={"title": ["Rope", "Strong rope"]},
    )
    RejectedItem.objects.create(
        seller=seller_setup.seller, job=job, kind="product", external_id="9", title="Rope", payload={"sku": ""}
    )
    FeedImport.objects.create(lane_id=job.lane_ids[0], mode="change", state="refused", answer={"errors": ["bad price"]})
    WebhookEvent.objects.create(
        day=NOW.date(),
        received_at=NOW,
        connection=seller_setup.shop,
        delivery_id="d-1",
        payload={"id": 5},
        scope="product",
    )
    WebhookRefusal.objects.create(
        day=NOW.date(), connection=seller_setup.shop, reason="bad signature", number=2, last_at=NOW
    )


def _create_catalog_rows(seller_setup: SellerSetup) -> None:
    seller = seller_setup.seller
    (product, *_) = make_products(seller, 3, prefix="ROPE")
    variant = product.variants.get()
    AttributeSet.objects.create(seller=seller, name="Ropes")
    Attribute.objects.create(attribute_set=AttributeSet.objects.get(), code="length", name="Length")
    Category.objects.create(seller=seller, name="Climbing", path="Climbing")
    Brand.objects.create(seller=seller, name="Acme")
    Image.objects.create(seller=seller, product=product, url="https://img.example/rope.jpg")
    location = StockLocation.objects.create(seller=seller, code="main")
    Stock.objects.create(seller=seller, variant=variant, location=location, quantity=4)
    # Installing the shop created its price list (D12).
    Price.objects.create(
        seller=seller, price_list=PriceList.objects.get(connection=seller_setup.shop), variant=variant, amount=12
    )


def _create_order_rows(seller_setup: SellerSetup) -> None:
    seller = seller_setup.seller
    group = CustomerGroup.objects.create(seller=seller, name="Wholesale")
    customer = Customer.objects.create(seller=seller, email="Zoe@buyer.example", last_name="Zimmer", group=group)
    order = Order.objects.create(
        seller=seller,
        number="1001",
        currency="EUR",
        total=12,
        customer=customer,
        source=seller_setup.shop,
        placed_at=NOW - timedelta(days=1),
    )
    OrderLine.objects.create(seller=seller, order=order, sku="ROPE-1", quantity=1, unit_price=12)
    OrderAdjustment.objects.create(seller=seller, order=order, kind="shipping", title="Post", gross=2)
    Refund.objects.create(seller=seller, order=order, external_id="r1", gross=3)
    Shipment.objects.create(seller=seller, order=order, tracking_numbers=["JD01"])
    Address.objects.create(seller=seller, order=order, last_name="Zimmer", city="Bern")
