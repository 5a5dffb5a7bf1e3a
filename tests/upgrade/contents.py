"""What the database of a released version holds: a seller that syncs, and at least a row in every table that lasts.

The seller's shop was imported and its ERP was sent everything, by the product itself, so that hashes, revisions and
links are those that the version writes. All people and secrets are invented.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import requests
from django.apps import apps
from django.utils import timezone
from django_celery_beat.schedulers import DatabaseScheduler

from accounts.models import ApiKey, DropshipAgreement, Invitation, Membership, Seller, User
from accounts.services import hash_key, record_audit_event, save_agreement
from catalog.models import Attribute, AttributeSet, ScheduledPrice, Variant
from connectors.adapters import registry
from connectors.models import (
    AssumptionResult,
    FeedImport,
    FeedItem,
    FeedName,
    OAuthTokens,
    StorefrontCheckout,
    WebhookEvent,
    WebhookRefusal,
)
from connectors.services.connections import install_connection
from hub.kinds import DataType, Direction, Kind
from hub.models import (
    Alert,
    AlertChannel,
    AlertDelivery,
    Change,
    Connection,
    Job,
    Lane,
    Master,
    PendingReference,
    RateBudget,
    Run,
    RunItem,
    Worker,
)
from hub.queue import enqueue
from hub.services import pause_connection, pause_platform, start_run
from notifications.models import Acknowledgement, ChatAddress, Preference
from orders.models import (
    Order,
    Refund,
    RefundLine,
    Shipment,
    ShipmentLine,
    TargetTotals,
)
from privacy.models import Erasure, PrivacyRequest
from sandbox.process import SandboxProcess
from staging_copy.models import Backup, Copy, CopySchedule, DryRun
from synccenter.celery import app
from synclog.models import CauseState, PendingLogEntry, RejectedItem, RemoteLog, SavedView, SyncLog
from tests.adapters.cases import CASES
from tests.engine.worker import work_until_idle
from tests.factories import make_products

PASSWORD = "correct horse battery staple"
API_KEY = "sc_0a1b2c3d_only-for-tests-of-upgrades"
# Rows of these exist only for as long as a comparison, or the check after a copy, is under way, or they expire.
PASSING = {"hub.SeenExternalId", "staging_copy.Finding", "accounts.CacheEntry", "connectors.InstallationRequest"}
OURS = (
    *("accounts", "hub", "catalog", "orders", "synclog", "connectors", "staging_copy", "notifications", "privacy"),
    "django_celery_beat",
)
# Of django_celery_beat, what the product's schedules use.
UNUSED = {"django_celery_beat.SolarSchedule", "django_celery_beat.ClockedSchedule"}

SHOP: dict[str, list[dict[str, Any]]] = {
    "categories": [{"key": "c1", "name": "Garden"}, {"key": "c2", "name": "Chairs", "parent": "c1"}],
    "brands": [{"key": "b1", "name": "Skovhus", "image_url": "https://images.example/skovhus.png"}],
    "products": [
        {
            "key": f"p{number}",
            "title": f"Oak chair {number}",
            "slug": f"oak-chair-{number}",
            "description": "<p>For the garden.</p>",
            "status": "suspended" if number == 7 else "live",
            "brand": "b1",
            "categories": ["c2"],
            "attributes": {"material": "oak"},
            "images": [{"url": f"https://images.example/chair-{number}.jpg", "alt": "The chair"}],
            "updated_at": f"2026-11-{number:02}T08:00:00+00:00",
            "variants": [
                {
                    "key": f"p{number}-{size}",
                    # One without an SKU, so that there is an issue.
                    "sku": "" if (number, size) == (9, "L") else f"CHAIR-{number}-{size}",
                    "barcode": f"40000000{number:02}",
                    "weight_in_grams": 4200,
                    "options": [{"name": "Size", "value": size}],
                    "price": "49.50",
                    "list_price": "59.00",
                    "rrp": "65",
                    "quantity": number,
                    "restock_date": "2027-01-31",
                }
                for size in ("M", "L")
            ],
        }
        for number in range(1, 13)
    ],
    "customers": [
        {
            "key": f"u{number}",
            "email": f"customer{number}@buyer.example",
            "first_name": "Ida",
            "last_name": f"Holm {number}",
            "company": "Northwind Interiors",
            "phone": "+4530000000",
            "group": "Wholesale",
            "b2b_enabled": True,
            "addresses": [{"use": "billing", "street": "Strandvejen 12", "city": "Aarhus", "country": "DK"}],
        }
        for number in range(1, 5)
    ],
    # The vendor ships two lines of each.
    "orders": [
        {
            "key": f"o{number}",
            "number": f"{1000 + number}",
            "status": "confirmed",
            "currency": "EUR",
            "total": 154.75,
            "tax": 30.95,
            "customer": f"u{number}",
            "placed_at": f"2026-11-{number:02}T12:00:00+00:00",
            "prices_include_tax": True,
            "lines": [
                {
                    "key": f"o{number}-{position}",
                    "variant": f"p{position + 1}-M",
                    "sku": f"CHAIR-{position + 1}-M",
                    "title": "Oak chair",
                    "vendor": "Beech" if position else "",
                    "quantity": 1,
                    "unit_price": 49.5,
                    "tax_rate": 25,
                }
                for position in range(3)
            ],
            "charges": [{"kind": "shipping", "title": "Post", "net": 5, "gross": 6.25}],
            "addresses": [
                {
                    "use": "shipping",
                    "last_name": f"Holm {number}",
                    "street": "Strandvejen 12",
                    "city": "Aarhus",
                    "postcode": "8000",
                    "country": "DK",
                }
            ],
        }
        for number in range(1, 5)
    ],
}


def fill(systems: SandboxProcess) -> None:
    """Fills an empty, migrated database, and the accounts `shop`, `erp` and `vendor` of the custom system."""
    now = timezone.now()
    owner = User.objects.create_user("owner@acorn.example", PASSWORD, name="Olive Owner")
    User.objects.create_superuser("operator@hub.example", PASSWORD)
    seller = Seller.objects.create(slug="acorn", name="Acorn", currency="EUR", time_zone="Europe/Copenhagen")
    Membership.objects.create(user=owner, seller=seller, role=Membership.Role.OWNER)
    vendor = Seller.objects.create(slug="beech", name="Beech")
    ApiKey.objects.create(
        name="for tests", seller=seller, prefix=API_KEY[:11], key_hash=hash_key(API_KEY), scopes=["feeds:read"]
    )
    shop = _sync_shop(systems, seller)
    _ship(seller, shop)
    erp = _connect(systems, seller, "rest", "erp")
    work_until_idle()
    _compare(erp, owner)
    _vendor(systems, seller, vendor, owner)
    _idle_connections(seller, owner)
    _work(seller, shop, erp, now)
    _what_people_decided(seller, owner, now)
    _what_is_remembered(shop, now)
    _what_operators_keep(owner, now)
    # As beat does when it starts.
    DatabaseScheduler(app=app)
    record_audit_event(user=owner, action="connection.pause", target=shop, seller=seller)


def tables_without_a_row() -> list[str]:
    """Models of which `fill` should make a row, and does not."""
    return sorted(
        model._meta.label
        for model in apps.get_models()
        if model._meta.app_label in OURS
        and model._meta.label not in PASSING | UNUSED
        and not model._default_manager.exists()
    )


def put(systems: SandboxProcess, account: str, kind: str, objects: list[Any]) -> None:
    """Writes to a system as its own people would."""
    for start in range(0, len(objects), 100):
        requests.put(
            f"{systems.url}/v1/{kind}",
            json=objects[start : start + 100],
            headers={"Authorization": f"Bearer {systems.accounts[account]}"},
            timeout=60,
        ).raise_for_status()


def _connect(systems: SandboxProcess, seller: Seller, platform: str, account: str) -> Connection:
    return install_connection(
        seller=seller,
        platform=platform,
        name=f"{seller.name} {account}",
        slug=f"{seller.slug}-{account}",
        base_url=systems.url,
        credentials={"token": systems.accounts[account]},
    )


def _sync_shop(systems: SandboxProcess, seller: Seller) -> Connection:
    for kind, objects in SHOP.items():
        put(systems, "shop", kind, objects)
    shop = _connect(systems, seller, "rest_shop", "shop")
    work_until_idle()
    Master.objects.create(seller=seller, group=Master.Group.PRICE, connection=shop)
    attributes = AttributeSet.objects.create(seller=seller, name="Chairs")
    Attribute.objects.create(attribute_set=attributes, code="material", name="Material")
    return shop


def _ship(seller: Seller, shop: Connection) -> None:
    """What the shop tells of its orders only later: a parcel, a refund, and the totals at a target."""
    for order in Order.objects.filter(seller=seller).order_by("id"):
        lines = list(order.lines.order_by("position"))
        shipment = Shipment.objects.create(
            seller=seller, order=order, external_id=f"s{order.pk}", carrier="PostNord", tracking_number=f"JD{order.pk}"
        )
        ShipmentLine.objects.create(seller=seller, shipment=shipment, order_line=lines[0], quantity=1)
        refund = Refund.objects.create(seller=seller, order=order, external_id=f"r{order.pk}", gross="10")
        RefundLine.objects.create(seller=seller, refund=refund, order_line=lines[1], quantity=0, gross="10")
        TargetTotals.objects.create(seller=seller, order=order, connection=shop, expected_total="99", total="99")


def _compare(erp: Connection, owner: User) -> None:
    """A comparison that finds nothing, and a finding of an older one."""
    job = Job.objects.get(connection=erp, direction=Direction.EXPORT, data_type=DataType.PRODUCTS)
    run, _ = start_run(job=job, scope=Run.Scope.COMPARISON, trigger=Run.Trigger.BUTTON, by=owner)
    work_until_idle()
    RunItem.objects.create(run=run, verdict=RunItem.Verdict.UNKNOWN, kind=Kind.PRODUCT, external_id="of-somebody-else")


def _vendor(systems: SandboxProcess, seller: Seller, vendor: Seller, owner: User) -> None:
    """A vendor whose ERP has a product, and is owed another; a third waits for a person."""
    save_agreement(
        agreement=DropshipAgreement(
            seller=seller, vendor=vendor, name_on_lines="Beech", since=datetime(2026, 1, 1, tzinfo=UTC)
        ),
        by=owner,
    )
    make_products(vendor, 1, prefix="SENT")
    erp = _connect(systems, vendor, "rest", "vendor")
    work_until_idle()
    (waiting,) = make_products(vendor, 1, prefix="WAITING")
    enqueue(seller_id=vendor.pk, kind=Kind.PRODUCT, item_ids=[waiting.pk])
    job = Job.objects.get(connection=erp, direction=Direction.EXPORT, data_type=DataType.PRODUCTS)
    (held,) = make_products(vendor, 1, prefix="HELD")
    Change.objects.create(
        job=job,
        lane=Lane.objects.get(pk=job.lane_ids[0]),
        kind=Kind.PRODUCT,
        item_id=held.pk,
        token=1,
        state=Change.State.HELD,
        failure_kind="rejected",
        last_error="no weight",
    )


def _idle_connections(seller: Seller, owner: User) -> None:
    """An account on every other platform, paused, with settings and credentials as that platform wants them."""
    for platform in sorted(registry.adapters().keys() - {"rest", "rest_shop"}):
        case = CASES[platform]
        connection = install_connection(
            seller=seller,
            platform=platform,
            name=f"Idle {platform}",
            slug=f"idle-{platform}".replace("_", "-"),
            base_url=f"http://127.0.0.1:9{case.path}",
            settings=case.settings,
            credentials=case.credentials | {case.credential: case.account[1]},
            start=False,
        )
        pause_connection(connection=connection, by=owner, reason="not in use")
    pause_platform(platform="image_feed", reason="maintenance there", by=owner)


def _work(seller: Seller, shop: Connection, erp: Connection, now: datetime) -> None:
    """What the engine leaves behind besides the syncs: events, alerts, logs, imports of search feeds."""
    job = Job.objects.get(connection=erp, direction=Direction.EXPORT, data_type=DataType.PRODUCTS)
    feed = Job.objects.get(connection__platform="elevate", direction=Direction.EXPORT, data_type=DataType.PRODUCTS)
    done = FeedImport.objects.create(
        lane_id=feed.lane_ids[0], mode="replace", state="success", items=12, finished_at=now
    )
    FeedItem.objects.create(feed_import=done, change_id=1, token=1, item_id=1, external_id="p1", action="update")
    FeedName.objects.create(job=feed, attribute="brand", value="1", name="Skovhus")
    WebhookEvent.objects.create(
        day=now.date(),
        received_at=now,
        connection=shop,
        delivery_id="d-1",
        payload={"kind": "products", "keys": ["p1"]},
        scope="products",
        state=WebhookEvent.State.DONE,
        processed_at=now,
    )
    WebhookRefusal.objects.create(day=now.date(), connection=shop, reason="wrong signature", number=2, last_at=now)
    alert = Alert.objects.create(
        kind=Alert.Kind.FAILING, key=f"failing:{job.pk}", job=job, seller=seller, message="It failed", resolved_at=now
    )
    channel = AlertChannel.objects.create(
        medium=AlertChannel.Medium.EMAIL, address="alerts@acorn.example", label="Acorn", seller=seller
    )
    AlertDelivery.objects.create(alert=alert, channel=channel, sent_at=now)
    log = SyncLog.objects.create(
        seller=seller,
        connection=Connection.objects.get(platform="sparklayer"),
        integration="idle-sparklayer",
        data_type=DataType.PRODUCTS,
    )
    RemoteLog.objects.create(sync_log=log)
    PendingLogEntry.objects.create(sync_log=log, external_id="product:1")
    Erasure.objects.create(seller=seller.slug, customer_ids=[1_000_000], requested_by="shop")
    PrivacyRequest.objects.create(
        action="erase",
        seller=seller.slug,
        account="shop",
        connection_ids=[shop.pk],
        delivery_id="r-1",
        received_at=now,
        due_at=now + timedelta(days=30),
        closed_at=now,
        closed_by="user 1",
    )
    RateBudget.objects.create(key="bigcommerce:127.0.0.1", tokens=3)
    Worker.objects.create(name="worker-1@upgrade")


def _what_people_decided(seller: Seller, owner: User, now: datetime) -> None:
    CauseState.objects.create(seller=seller, cause="variant.no_sku", assigned_to=owner)
    SavedView.objects.create(user=owner, seller=seller, name="Mine", filters={"data_type": "products"})
    Invitation.objects.create(
        seller=seller,
        email="new@acorn.example",
        role=Membership.Role.VIEWER,
        invited_by=owner,
        token_hash="0" * 64,
        sent_at=now,
        expires_at=now + timedelta(days=7),
    )
    Preference.objects.create(
        user=owner, kind=Preference.Kind.ISSUES, when=Preference.When.DAILY, medium=Preference.Medium.EMAIL
    )
    ChatAddress.objects.create(user=owner, url="https://chat.example/hook")
    Acknowledgement.objects.create(alert=Alert.objects.get(kind=Alert.Kind.FAILING), user=owner)


def _what_is_remembered(shop: Connection, now: datetime) -> None:
    """About items that could not be imported in full, and about accounts."""
    job = Job.objects.get(connection=shop, direction=Direction.IMPORT, data_type=DataType.PRODUCTS)
    variant = Variant.objects.filter(seller=shop.seller).order_by("id").first()
    ScheduledPrice.objects.create(
        seller=shop.seller, price_list=shop.price_list, variant=variant, amount="39", ends_at=now + timedelta(days=400)
    )
    PendingReference.objects.create(
        connection=shop, kind=Kind.PRODUCT, item_id=variant.product_id, target_kind=Kind.BRAND, external_id="b9"
    )
    RejectedItem.objects.create(seller=shop.seller, job=job, kind=Kind.PRODUCT, external_id="p99", title="Bench")
    storefront = Connection.objects.get(platform="sparklayer")
    AssumptionResult.objects.create(connection=storefront, key="k", state="confirmed", evidence="seen", tested_at=now)
    StorefrontCheckout.objects.create(storefront=storefront, cart_id=UUID(int=1), shop_cart="c1")
    tokens = {"access_token": "a", "refresh_token": "r"}
    OAuthTokens.objects.create(connection=storefront, tokens=tokens, expires_at=now + timedelta(days=1))


def _what_operators_keep(owner: User, now: datetime) -> None:
    """Backups and copies, as live has them."""
    backup = Backup.objects.create(
        name="nightly-1", origin=Backup.Origin.NIGHTLY, state=Backup.State.GOOD, taken_at=now, rows=100, size=4096
    )
    schedule = CopySchedule.objects.create(name="Sundays", crontab="0 3 * * 0", paused=True, created_by=owner)
    Copy.objects.create(
        backup=backup,
        schedule=schedule,
        requested_by=owner,
        state=Copy.State.DONE,
        started_at=now - timedelta(minutes=5),
        finished_at=now,
        report={"stages": []},
    )
    DryRun.objects.create(backup=backup, requested_by=owner, state=DryRun.State.PASSED, started_at=now, finished_at=now)
