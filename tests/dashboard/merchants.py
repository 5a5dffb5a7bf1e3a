"""Sample merchants: sellers, people, connections, products, runs and issues, as the engine would store them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.models import Membership, Seller, User
from catalog.models import (
    Brand,
    Category,
    Image,
    Price,
    PriceList,
    Product,
    ProductCategory,
    Stock,
    StockLocation,
    Variant,
)
from connectors.models import WebhookEvent
from hub.kinds import DataType, Direction, Kind, Role
from hub.models import Change, Connection, Job, JobState, Link, LinkPayload, Run, RunCounter, RunItem, RunLogLine
from hub.services import add_job
from orders.models import Address, Customer, CustomerGroup, Order, OrderLine, Shipment, ShipmentLine
from synclog.models import Issue, ItemEvent, ItemStatus, SyncLog


@dataclass
class Merchant:
    """The objects of one seller. `owner` and `viewer` are its members."""

    seller: Seller
    owner: User
    viewer: User
    shop: Connection
    search: Connection
    products: list[Product]
    customer: Customer
    order: Order
    runs: dict[str, Run]
    issues: list[Issue]

    def job(self, direction: Direction, data_type: DataType) -> Job:
        return Job.objects.get(connection__seller=self.seller, direction=direction, data_type=data_type)


TITLES = (
    ("Oak side table", "OAK-TABLE"),
    ("Wool blanket, grey", "WOOL-GREY"),
    ("Enamel coffee pot", "POT-ENAMEL"),
    ("Linen napkins, set of four", "LINEN-4"),
    ("Brass desk lamp", "LAMP-BRASS"),
    ("Beech chopping board", "BOARD-BEECH"),
)


def person(email: str, seller: Seller, role: Membership.Role) -> User:
    user = User.objects.create_user(email, name=email.partition("@")[0].capitalize())
    Membership.objects.create(user=user, seller=seller, role=role)
    return user


def connection(seller: Seller, name: str, platform: str, role: Role, **fields: object) -> Connection:
    return Connection.objects.create(
        seller=seller,
        slug=f"{seller.slug}-{platform}",
        name=name,
        platform=platform,
        role=role,
        base_url=f"https://{platform}.example/{seller.slug}",
        state=Connection.State.ACTIVE,
        **fields,
    )


def make_merchant(slug: str = "acorn", *, now: datetime | None = None) -> Merchant:
    """A seller with a shop and a search engine, an hour after a full sync that completed with errors."""
    now = now or timezone.now()
    seller = Seller.objects.create(
        slug=slug, name=f"{slug.capitalize()} & Daughters", time_zone="Europe/Copenhagen", currency="EUR"
    )
    owner = person(f"alice@{slug}.example", seller, Membership.Role.OWNER)
    viewer = person(f"victor@{slug}.example", seller, Membership.Role.VIEWER)
    shop = connection(seller, "BigCommerce shop", "bigcommerce", Role.SHOP)
    search = connection(seller, "Elevate search", "elevate", Role.SEARCH)
    for data_type in (DataType.PRODUCTS, DataType.CATEGORIES, DataType.CUSTOMERS, DataType.ORDERS):
        add_job(
            connection=shop,
            direction=Direction.IMPORT,
            data_type=data_type,
            lane="read",
            full_schedule="1d",
            partial_schedule="15m",
        )
    add_job(connection=search, direction=Direction.EXPORT, data_type=DataType.PRODUCTS, lane="feed", full_schedule="1d")
    JobState.objects.filter(job__connection__seller=seller).update(
        last_update_at=now - timedelta(minutes=12), last_full_sync_at=now - timedelta(hours=1)
    )
    products = make_products(seller, shop, now)
    customer, order = make_sales(seller, shop, products[0], now)
    reading = Job.objects.get(connection=shop, data_type=DataType.PRODUCTS)
    sending = Job.objects.get(connection=search)
    runs = make_runs(reading, sending, owner, now)
    issues = make_issues(reading, products, now)
    make_records(reading, sending, products[0], runs["done"], now)
    return Merchant(seller, owner, viewer, shop, search, products, customer, order, runs, issues)


def make_products(seller: Seller, shop: Connection, now: datetime) -> list[Product]:
    brand = Brand.objects.create(seller=seller, name="Skovhus")
    home = Category.objects.create(seller=seller, name="Home", path="Home")
    tables = Category.objects.create(seller=seller, parent=home, name="Tables", path="Home / Tables")
    prices = PriceList.objects.create(
        seller=seller, connection=shop, slug="bigcommerce-price", name="BigCommerce Price", currency="EUR"
    )
    store = StockLocation.objects.create(seller=seller, code="main", name="Aarhus")
    products = Product.objects.bulk_create(
        Product(
            seller=seller,
            title=title,
            slug=sku.lower(),
            brand=brand,
            description=f"<p>{title}, made by hand.</p>",
            attributes={"material": title.split()[0].lower(), "care": ["wipe", "dry"]},
            status="suspended" if index == 3 else "live",
            updated_at=now - timedelta(hours=index),
        )
        for index, (title, sku) in enumerate(TITLES)
    )
    named = list(zip(products, TITLES, strict=True))
    ProductCategory.objects.bulk_create(ProductCategory(product=each, category=tables) for each in products)
    Image.objects.bulk_create(
        Image(seller=seller, product=product, url=f"https://cdn.example/{sku}.jpg", alt=title)
        for product, (title, sku) in named
    )
    variants = Variant.objects.bulk_create(
        Variant(
            seller=seller,
            product=product,
            sku="" if index == 2 and number else f"{sku}-{size}",
            weight_in_grams=Decimal("1250.000") * (number + 1),
            position=number,
            options=[{"name": "Size", "value": size}],
            rrp=Decimal("59.9500"),
        )
        for index, (product, (_, sku)) in enumerate(named)
        for number, size in enumerate(("S", "L"))
    )
    Price.objects.bulk_create(
        Price(
            seller=seller,
            price_list=prices,
            variant=variant,
            amount=Decimal("49.5000"),
            list_amount=Decimal("59.9500"),
        )
        for variant in variants
    )
    Stock.objects.bulk_create(
        Stock(seller=seller, variant=variant, location=store, quantity=Decimal(12 - 5 * variant.position))
        for variant in variants
    )
    return products


def make_sales(seller: Seller, shop: Connection, product: Product, now: datetime) -> tuple[Customer, Order]:
    customer = Customer.objects.create(
        seller=seller,
        email="ida@northwind.example",
        first_name="Ida",
        last_name="Holm",
        company_name="Northwind Interiors",
        group=CustomerGroup.objects.create(seller=seller, name="Trade"),
        discount_percentage=Decimal("12.500"),
        b2b_enabled=True,
    )
    order = Order.objects.create(
        seller=seller,
        source=shop,
        number="100042",
        customer=customer,
        status=Order.Status.PARTLY_SHIPPED,
        source_status="Partially Shipped",
        currency="EUR",
        total=Decimal("148.5000"),
        tax=Decimal("29.7000"),
        placed_at=now - timedelta(hours=5),
        placed_through_b2b=True,
        customer_note="Please ring at the side door.",
    )
    home = {"street": "Strandvejen 12", "postcode": "8000", "city": "Aarhus", "country": "DK"}
    Address.objects.create(seller=seller, customer=customer, use="billing", first_name="Ida", last_name="Holm", **home)
    Address.objects.create(seller=seller, order=order, use="shipping", first_name="Ida", last_name="Holm", **home)
    variant = product.variants.first()
    assert variant is not None
    line = OrderLine.objects.create(
        seller=seller,
        order=order,
        variant=variant,
        sku=variant.sku,
        title=product.title,
        quantity=Decimal(3),
        unit_price=Decimal("49.5000"),
    )
    shipment = Shipment.objects.create(
        seller=seller, order=order, carrier="PostNord", tracking_number="PN123", shipped_at=now - timedelta(hours=2)
    )
    ShipmentLine.objects.create(seller=seller, shipment=shipment, order_line=line, quantity=Decimal(2))
    return customer, order


def make_runs(reading: Job, sending: Job, owner: User, now: datetime) -> dict[str, Run]:
    def finished_run(job: Job, state: str, hours: float, minutes: float, **fields: Any) -> Run:
        started = now - timedelta(hours=hours)
        return Run(
            job=job,
            scope=fields.pop("scope", Run.Scope.FULL),
            trigger=fields.pop("trigger", Run.Trigger.SCHEDULE),
            state=state,
            created_at=started,
            started_at=started,
            finished_at=started + timedelta(minutes=minutes),
            **fields,
        )

    partial = [
        finished_run(reading, Run.State.DONE, hours, 0.2 + hours % 4, scope=Run.Scope.PARTIAL, api_calls=3)
        for hours in range(14, 4, -1)
    ]
    failed = finished_run(
        sending,
        Run.State.FAILED,
        4,
        2,
        reason="The search engine rejected the feed: “color” has two names.\nUse one name, then sync again.",
    )
    canceled = finished_run(
        reading, Run.State.CANCELLED, 3, 1, reason="Canceled by alice@acorn.example.", started_by=owner
    )
    done = finished_run(
        reading,
        Run.State.DONE_WITH_ERRORS,
        1.2,
        9,
        trigger=Run.Trigger.BUTTON,
        started_by=owner,
        total=6,
        remaining=0,
        api_calls=42,
    )
    Run.objects.bulk_create([*partial, failed, canceled, done])
    RunCounter.objects.bulk_create(
        (
            RunCounter(run=done, kind=Kind.PRODUCT, read=6, created=1, updated=2, unchanged=2, skipped=1),
            RunCounter(run=done, kind=Kind.VARIANT, read=12, created=2, updated=3, unchanged=6, failed=1),
            RunCounter(run=done, kind="category@2", read=2, unchanged=2),
        )
    )
    RunLogLine.objects.bulk_create(
        RunLogLine(run=done, at=now - timedelta(minutes=70 - number), level=level, text=text)
        for number, (level, text) in enumerate(
            (
                ("info", "Reading products, 250 a page."),
                ("info", "6 products read in 1 page."),
                ("warning", "Enamel coffee pot: 1 variant has no SKU."),
                ("error", "POT-ENAMEL: failed."),
                ("info", "Run completed with errors."),
            )
        )
    )
    return {"done": done, "failed": failed}


def make_comparison(merchant: Merchant, *, scope: str = Run.Scope.COMPARISON, state: str = "done_with_errors") -> Run:
    """A comparison with the search engine, or a preview, with one product for each verdict."""
    job = merchant.job(Direction.EXPORT, DataType.PRODUCTS)
    now = timezone.now()
    run = Run.objects.create(
        job=job,
        scope=scope,
        trigger="button",
        state=state,
        started_at=now,
        finished_at=now,
        reason="3 differ.",
        total=6,
    )
    RunCounter.objects.create(run=run, kind=Kind.PRODUCT, read=6, unchanged=3)
    verdicts = ("missing", "different", "gone") if scope == Run.Scope.COMPARISON else ("create", "update", "skip")
    for verdict, product in zip(verdicts, merchant.products, strict=False):
        changes = {"title": ["=1+1", product.title]} if verdict in ("different", "update") else {}
        RunItem.objects.create(
            run=run,
            verdict=verdict,
            kind=Kind.PRODUCT,
            item_id=product.pk,
            external_id=f"x{product.pk}",
            changes=changes,
        )
    if scope == Run.Scope.COMPARISON:
        RunItem.objects.create(run=run, verdict="unknown", kind=Kind.PRODUCT, external_id="foreign-1")
    return run


def make_issues(job: Job, products: list[Product], now: datetime) -> list[Issue]:
    log = SyncLog.objects.create(
        seller=products[0].seller,
        connection=job.connection,
        integration=job.connection.slug,
        data_type=DataType.PRODUCTS,
        last_full_sync=now - timedelta(hours=1),
        last_update=now - timedelta(minutes=12),
    )

    def issue(index: int, minutes: int, message: str, fix: str, **fields: Any) -> Issue:
        product = products[index]
        return Issue.objects.create(
            sync_log=log,
            seller=log.seller,
            job=job,
            external_id=f"product:{product.pk}" if not fields.get("resolved_at") else f"product:{product.pk}-before",
            kind=Kind.PRODUCT,
            item_id=product.pk,
            title=product.title,
            message=message,
            fix=fix,
            opened_at=now - timedelta(minutes=minutes + 1),
            seen_at=now - timedelta(minutes=minutes),
            **fields,
        )

    return [
        issue(
            2,
            70,
            "A variant has no SKU (Size L).",
            "Add a SKU in the shop. The next sync reads the product again.",
            code="sku_missing",
            cause="sku_missing",
            link="https://shop.example/manage/products/3/edit",
            occurrences=4,
        ),
        issue(
            3,
            90,
            "The weight is missing.",
            "Add the weight in grams. 0 is allowed.",
            code="weight_missing",
            cause="weight_missing",
            severity=Issue.Severity.WARNING,
        ),
        issue(
            4, 300, "The price is negative.", "Set a price of zero or more.", resolved_at=now - timedelta(minutes=200)
        ),
    ]


def make_records(reading: Job, sending: Job, product: Product, run: Run, now: datetime) -> None:
    seller, variants = product.seller, list(product.variants.all())
    for job, state, message in (
        (reading, ItemStatus.State.SYNCED, ""),
        (sending, ItemStatus.State.FAILED, "The search engine did not respond. Next attempt at 12:40."),
    ):
        ItemStatus.objects.create(
            seller=seller, job=job, kind=Kind.PRODUCT, item_id=product.pk, state=state, message=message, run_id=run.pk
        )
    for variant in variants:
        ItemStatus.objects.create(
            seller=seller, job=reading, kind=Kind.VARIANT, item_id=variant.pk, state=ItemStatus.State.SYNCED
        )
    category = Category.objects.filter(seller=seller).last()
    assert category is not None
    for storefront in ("1", "2"):
        ItemStatus.objects.create(
            seller=seller,
            job=sending,
            kind=Kind.CATEGORY,
            item_id=category.pk,
            storefront=storefront,
            state=ItemStatus.State.HELD if storefront == "2" else ItemStatus.State.SYNCED,
        )
    link = Link.objects.create(
        connection=reading.connection,
        kind=Kind.PRODUCT,
        external_id="111",
        item_id=product.pk,
        fetched_at=now - timedelta(hours=1),
    )
    LinkPayload.objects.create(
        link=link,
        received={"id": 111, "name": product.title, "price": 49.5},
        previous={"id": 111, "name": product.title, "price": 52},
        received_at=now - timedelta(hours=1),
    )
    Change.objects.create(
        job=sending,
        lane_id=sending.lane_ids[0],
        kind=Kind.PRODUCT,
        item_id=product.pk,
        token=1,
        state=Change.State.HELD,
        attempts=8,
        last_error="no answer",
    )
    events: tuple[tuple[str, int, str, dict[str, Any]], ...] = (
        (Kind.PRODUCT, product.pk, "created", {}),
        (Kind.VARIANT, variants[0].pk, "updated", {"price": ["52.00", "49.50"], "stock": [3, 12]}),
        (Kind.PRODUCT, product.pk, "updated", {"title": ["Side table", product.title], "slug": [None, product.slug]}),
    )
    for hours, (kind, item_id, action, changes) in zip((30, 2, 1), events, strict=True):
        ItemEvent.objects.create(
            at=now - timedelta(hours=hours),
            seller=seller,
            job=reading,
            run_id=run.pk,
            kind=kind,
            item_id=item_id,
            direction=Direction.IMPORT,
            action=action,
            changes=changes,
        )


def webhook_event(shop: Connection, **fields: Any) -> WebhookEvent:
    """A webhook event about a product, received two seconds ago and processed now."""
    now = timezone.now()
    about = {"scope": "store/product/updated", "data": {"id": 7, "email": "zoe@buyer.example"}}
    fields = {
        "direction": "import",
        "data_type": "products",
        "state": "done",
        "attempts": 1,
        "delivery_id": f"d{now.timestamp()}",
    } | fields
    return WebhookEvent.objects.create(
        connection=shop,
        day=now.date(),
        received_at=now - timedelta(seconds=2),
        processed_at=now,
        scope=about["scope"],
        payload=about,
        **fields,
    )
