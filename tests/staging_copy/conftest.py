"""Fixtures for copies: live with a seller, customers and orders, an empty staging database, and the settings."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.models import Seller, User
from catalog.models import Product, Variant
from hub.models import Connection, Lane, Share
from orders.models import Address, Customer, Order, OrderAdjustment, OrderLine, Shipment
from staging_copy import services
from staging_copy.copying import swap
from staging_copy.copying.config import live_database
from staging_copy.masking import pools
from staging_copy.postgres import Database
from tests.tiers import TIERS


@pytest.fixture(scope="session")
def pools_file() -> Path:
    """The pools file, shared by all runs because it takes seconds to make."""
    source = sha256(Path(pools.__file__).read_bytes()).hexdigest()[:16]
    return pools.ensure(TIERS["core"].cache / f"pools-{source}")


@pytest.fixture
def check_of_its_own() -> None:
    """For tests of the check: it runs in a process of its own, as in production."""


def check_here(command: list[str], environment: dict[str, str], on_line: Callable[[str], None]) -> int:
    """Runs the check in this process on staging, which saves its start."""
    live = connection.settings_dict["NAME"]
    output = StringIO()
    connection.close()
    connection.settings_dict["NAME"] = urlsplit(environment["DATABASE_URL"]).path[1:]
    try:
        call_command(*command, stdout=output)
    except CommandError as error:
        output.write(f"CommandError: {error}\n")
        return 1
    finally:
        connection.close()
        connection.settings_dict["NAME"] = live
        for line in output.getvalue().splitlines(keepends=True):
            on_line(line)
    return 0


@dataclass
class CopyDatabases:
    """Live is the test database; staging is a copy of its schema, without data."""

    live: Database
    staging: Database

    def query(self, sql: str, *parameters: Any, on: Database | None = None) -> list[tuple[Any, ...]]:
        """The rows of a query on staging or another database."""
        with (on or self.staging).connect() as session, session.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall())

    def execute(self, sql: str, *parameters: Any, on: Database | None = None) -> None:
        with (on or self.staging).connect() as session, session.cursor() as cursor:
            cursor.execute(sql, parameters)
            session.commit()

    def names(self) -> set[str]:
        """The databases on the server that belong to staging."""
        name = self.staging.name
        return {
            found for (found,) in self.query("SELECT datname FROM pg_database", on=self.live) if found.startswith(name)
        }


@pytest.fixture
def copy_databases(
    transactional_db: None,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    pools_file: Path,
    request: pytest.FixtureRequest,
) -> Iterator[CopyDatabases]:
    live = live_database()
    staging = live.named(f"{live.name}_staging")
    settings.BACKUP_DIR = tmp_path / "backups"
    settings.STAGING_COPY_JOURNAL_DIR = tmp_path / "copies"
    settings.STAGING_DATABASE_URL = staging.url
    settings.STAGING_ADMIN_PASSWORD = "known to everybody"
    settings.STAGING_COPY_DOMAIN = "sellercenter.net"
    # Most of these shops do not exist.
    settings.STAGING_COPY_RETRY_DELAY_SECONDS = 0
    monkeypatch.setenv("STAGING_COPY_RETRY_DELAY_SECONDS", "0")
    if "check_of_its_own" not in request.fixturenames:
        monkeypatch.setattr("staging_copy.checking.process.execute", check_here)
    (tmp_path / "copies").mkdir()
    shutil.copy(pools_file, tmp_path / "copies")
    connection.close()
    with live.maintenance.connect(autocommit=True) as session, session.cursor() as cursor:
        # CREATE DATABASE needs a template without connections; a web server or event loop may have left one open.
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [live.name])
        cursor.execute(f'CREATE DATABASE "{staging.name}" TEMPLATE "{live.name}"')
    services.register_staging(by=None)
    copy_databases = CopyDatabases(live, staging)
    yield copy_databases
    for name in copy_databases.names():
        swap.drop(staging, name)


@dataclass
class Live:
    """The content of live in these tests."""

    seller: Seller
    user: User
    shop: Connection
    product: Product
    order: Order


@pytest.fixture
def live(copy_databases: CopyDatabases) -> Live:
    seller = Seller.objects.create(
        slug="acme",
        name="Acme",
        contact_name="Alice Archer",
        contact_email="alice@acme.example",
        phone="+44 20 7946 0000",
        street="1 High Street",
        city="Leeds",
        postcode="LS1 4AP",
        country="GB",
        tax_id="GB123456789",
        bank_account="GB33BUKB20201555555555",
    )
    user = User.objects.create_user(email="Alice@acme.example", name="Alice Archer")
    user.set_password("a real password")
    user.save()
    shop = Connection.objects.create(
        seller=seller,
        slug="acme-shop",
        name="Acme's shop",
        platform="rest",
        role="shop",
        base_url="https://shop.live.example/api",
        credentials={"token": "live-secret"},
        webhook_secret={"secret": "live-webhook"},
        state="active",
    )
    share = Share.objects.create(seller=seller)
    Lane.objects.create(connection=shop, share=share, name="products", due=True)
    product = Product.objects.create(
        seller=seller,
        title="Kettle",
        description="<style>@media print { p { color: red } }</style> Ask alice@acme.example.",
        attributes={"colour": "red", "contact": "Bob@Builders.example"},
    )
    variant = Variant.objects.create(
        seller=seller, product=product, sku="K-1", options=[{"name": "Size", "value": "M"}]
    )
    customer = Customer.objects.create(
        seller=seller,
        email="ALICE@acme.example",
        first_name="Alice",
        last_name="Archer",
        company_name="Archer & Sons",
        phone="+44 20 7946 0001",
        tax_id="GB987654321",
        note="Alice wants to be called after six.",
    )
    order = Order.objects.create(
        seller=seller,
        source=shop,
        number="1001",
        customer=customer,
        currency="GBP",
        total="12.5000",
        placed_at=timezone.now() - timedelta(days=1),
        customer_note="Ring at number 7, alice@acme.example",
        internal_note="VIP",
        ip_address="192.0.2.17",
    )
    Address.objects.create(
        seller=seller,
        order=order,
        use="shipping",
        first_name="Alice",
        last_name="Archer",
        street="1 High Street",
        city="Leeds",
        postcode="LS1 4AP",
        country="GB",
        phone="+44 20 7946 0001",
        email="alice@acme.example",
    )
    OrderLine.objects.create(
        seller=seller, order=order, variant=variant, sku="K-1", title="Kettle", quantity=1, unit_price="12.5000"
    )
    Shipment.objects.create(seller=seller, order=order, tracking_numbers=["JD0001", "JD0002"], tracking_number="JD0001")
    OrderAdjustment.objects.create(seller=seller, order=order, kind="gift_card", code="GIFT-4711", gross="5")
    return Live(seller, user, shop, product, order)


@pytest.fixture
def copy(copy_databases: CopyDatabases) -> Callable[[], Any]:
    """`copy()` backs up live, copies it to staging and returns the Copy."""

    def make() -> Any:
        services.take_backup()
        return services.run_copy(copy=services.start_copy(by=None))

    return make
